// SPDX-License-Identifier: Apache-2.0

// Data Integrity by @digitalbazaar/data-integrity, jsonld-signatures and their cryptosuites.

import * as bbs from '@digitalbazaar/bbs-2023-cryptosuite';
import * as Bls12381Multikey from '@digitalbazaar/bls12-381-multikey';
import * as dataIntegrityContexts from '@digitalbazaar/data-integrity-context';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as ecdsaSd from '@digitalbazaar/ecdsa-sd-2023-cryptosuite';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import * as vc from '@digitalbazaar/vc';
import {cryptosuite as ecdsaRdfc} from '@digitalbazaar/ecdsa-rdfc-2019-cryptosuite';
import {cryptosuite as eddsaRdfc} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {contexts as credentialContexts} from '@digitalbazaar/credentials-context';
import {driver} from './identifiers.mjs';
import {suite as jcs} from './jcs.mjs';
import jsigs from 'jsonld-signatures';

const resolver = driver();

// loader returns a document loader over the contexts of the packages, those given, and did:key.
export function loader(contexts = {}) {
  return async url => {
    const known = contexts[url] ?? credentialContexts.get(url) ?? dataIntegrityContexts.contexts.get(url);
    if(known) {
      return {contextUrl: null, document: known, documentUrl: url};
    }
    if(url.startsWith('did:key:')) {
      return {contextUrl: null, document: await resolver.get({url}), documentUrl: url};
    }
    throw new Error(`not found: ${url}`);
  };
}

// keyPair makes a fresh key pair for bbs-2023 and returns its did:key.
export async function keyPair() {
  const pair = await Bls12381Multikey.generateBbsKeyPair({algorithm: 'BBS-BLS12-381-SHA-256'});
  const {publicKeyMultibase, secretKeyMultibase} = await pair.export({publicKey: true, secretKey: true});
  return {publicKeyMultibase, secretKeyMultibase, did: `did:key:${publicKeyMultibase}`};
}

// imported returns key, a JWK or the export of a Multikey, as a pair named by its did:key.
async function imported(key) {
  const library = key.publicKeyMultibase ? Bls12381Multikey : key.crv === 'Ed25519' ? Ed25519Multikey : EcdsaMultikey;
  const pair = key.publicKeyMultibase ?
    await library.from({type: 'Multikey', '@context': 'https://w3id.org/security/multikey/v1', ...key}) :
    await library.fromJwk({jwk: key, secretKey: true});
  const {publicKeyMultibase} = await pair.export({publicKey: true});
  pair.controller = `did:key:${publicKeyMultibase}`;
  pair.id = `${pair.controller}#${publicKeyMultibase}`;
  return pair;
}

// signing returns the cryptosuite called name for making proofs.
function signing(name, {mandatoryPointers, proof}) {
  switch(name) {
    case 'ecdsa-sd-2023': return ecdsaSd.createSignCryptosuite({mandatoryPointers});
    case 'bbs-2023': return bbs.createSignCryptosuite({mandatoryPointers});
    default: return whole(name, proof);
  }
}

function whole(name, proof) {
  switch(name) {
    case 'eddsa-rdfc-2022': return eddsaRdfc;
    case 'ecdsa-rdfc-2019': return ecdsaRdfc;
    case 'eddsa-jcs-2022': case 'ecdsa-jcs-2019': return jcs(name, proof);
    default: throw new Error(`no cryptosuite ${name}`);
  }
}

// verifying returns the suite called name for checking proofs.
export function verifying(name) {
  const cryptosuite = name === 'ecdsa-sd-2023' ? ecdsaSd.createVerifyCryptosuite() :
    name === 'bbs-2023' ? bbs.createVerifyCryptosuite() : whole(name);
  return new DataIntegrityProof({cryptosuite});
}

function purposeOf({purpose, challenge, domain}) {
  if(purpose === 'authentication') {
    return new jsigs.purposes.AuthenticationProofPurpose({challenge, domain});
  }
  return new jsigs.purposes.AssertionProofPurpose();
}

// sign adds a proof to document by the private key.
export async function sign({document, suite: name, key, contexts, now, mandatoryPointers = []}) {
  const suite = new DataIntegrityProof({
    signer: (await imported(key)).signer(), date: now,
    cryptosuite: signing(name, {mandatoryPointers, proof: {'@context': document['@context']}})
  });
  const documentLoader = loader(contexts);
  return jsigs.sign(document, {suite, purpose: purposeOf({}), documentLoader});
}

// present puts a proof for authentication on a presentation.
export async function present({presentation, suite: name, key, contexts, now, challenge, domain}) {
  const suite = new DataIntegrityProof({
    signer: (await imported(key)).signer(), date: now,
    cryptosuite: signing(name, {proof: {'@context': presentation['@context']}})
  });
  return vc.signPresentation({presentation, suite, challenge, domain, documentLoader: loader(contexts), now});
}

// verify checks the proof of document, and as a credential where it is one.
export async function verify({document, suite: name, contexts, now, challenge, domain, purpose}) {
  const suite = verifying(name), documentLoader = loader(contexts);
  const good = async () => ({verified: true}); // status is looked at elsewhere
  const result = purpose === 'authentication' ?
    await vc.verify({
      presentation: document, suite: [suite, ...['eddsa-rdfc-2022', 'ecdsa-rdfc-2019'].map(verifying)],
      challenge, domain, documentLoader, now, checkStatus: good
    }) :
    await vc.verifyCredential({credential: document, suite, documentLoader, now, checkStatus: good});
  if(!result.verified) {
    const inner = (result.credentialResults ?? []).map(r => r.error);
    throw new AggregateError([result.error, ...inner].filter(Boolean), 'not verified');
  }
  return {verified: true};
}

// derive discloses the parts of a credential with a base proof that the pointers select.
export async function derive({document, suite: name, selectivePointers, contexts}) {
  const cryptosuite = (name === 'bbs-2023' ? bbs : ecdsaSd).createDiscloseCryptosuite({selectivePointers});
  return vc.derive({
    verifiableCredential: document, suite: new DataIntegrityProof({cryptosuite}), documentLoader: loader(contexts)
  });
}
