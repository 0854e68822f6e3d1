// SPDX-License-Identifier: Apache-2.0

// eddsa-jcs-2022 and ecdsa-jcs-2019: no kept package has them. They are put together here out of the
// RFC 8785 package canonicalize, Node's hashes and the multikey packages of Digital Bazaar, so that
// canonical form, hash and signature are others' work and the order of the steps is ours.

import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import canonicalize from 'canonicalize';
import {createHash} from 'node:crypto';

// suite returns the cryptosuite called name. members are what a proof that is made carries beside
// its options: the @context of the document (VC-DI-EDDSA 1.0 §3.3.1, VC-DI-ECDSA 1.0 §3.3.1).
export function suite(name, members) {
  const library = name === 'eddsa-jcs-2022' ? Ed25519Multikey : EcdsaMultikey;
  return {
    name,
    requiredAlgorithm: name === 'eddsa-jcs-2022' ? 'Ed25519' : ['P-256', 'P-384'],
    createVerifier: async ({verificationMethod}) => (await library.from(verificationMethod)).verifier(),
    createVerifyData: async ({document, proof, dataIntegrityProof, verificationMethod}) => {
      if(members) {
        Object.assign(proof, members);
      }
      const {proofValue, ...options} = proof;
      checkContext(document, options);
      const algorithm = verificationMethod ?
        (await library.from(verificationMethod)).verifier().algorithm : dataIntegrityProof.signer.algorithm;
      const hash = value => createHash(algorithm === 'P-384' ? 'sha384' : 'sha256').update(canonicalize(value)).digest();
      const context = options['@context'] === undefined ? {} : {'@context': options['@context']};
      const {proof: _, ...unsecured} = {...document, ...context};
      return new Uint8Array(Buffer.concat([hash(options), hash(unsecured)]));
    }
  };
}

// checkContext wants the document's context to begin with the proof's (§3.3.2).
function checkContext(document, options) {
  if(options['@context'] === undefined) {
    return;
  }
  const list = value => [value].flat().map(c => canonicalize(c));
  const all = list(document['@context']);
  if(!list(options['@context']).every((c, i) => c === all[i])) {
    throw new Error('the context of the document does not begin with that of the proof');
  }
}
