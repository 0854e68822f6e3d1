// SPDX-License-Identifier: Apache-2.0

// did:key and did:jwk by @digitalbazaar/did-method-key and @digitalbazaar/did-method-jwk.

import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as Bls12381Multikey from '@digitalbazaar/bls12-381-multikey';
import * as didJwk from '@digitalbazaar/did-method-jwk';
import * as didKey from '@digitalbazaar/did-method-key';

// driver returns a driver of did:key that knows every kind of key that is used here.
export function driver() {
  const out = didKey.driver();
  out.use({multibaseMultikeyHeader: 'z6Mk', fromMultibase: Ed25519Multikey.from});
  out.use({multibaseMultikeyHeader: 'zDna', fromMultibase: EcdsaMultikey.from});
  out.use({multibaseMultikeyHeader: 'z82L', fromMultibase: EcdsaMultikey.from});
  out.use({multibaseMultikeyHeader: 'zUC7', fromMultibase: key => Bls12381Multikey.from(key)});
  return out;
}

const jwk = didJwk.driver();

// document resolves a DID and returns its document, and every Multikey in it as a JWK too.
export async function document({did}) {
  const doc = did.startsWith('did:jwk:') ? await jwk.get({did}) : await driver().get({did});
  const keys = {};
  for(const method of doc.verificationMethod ?? []) {
    keys[method.id] = method.publicKeyJwk ?? await multikeyToJwk(method);
  }
  return {document: doc, keys};
}

async function multikeyToJwk(method) {
  const library = method.publicKeyMultibase.startsWith('z6Mk') ? Ed25519Multikey : EcdsaMultikey;
  return library.toJwk({keyPair: await library.from(method)});
}

// fromKey returns the DIDs of a public JWK.
export async function fromKey({key}) {
  const {didDocument} = await jwk.fromJwk({jwk: key});
  const library = key.crv === 'Ed25519' ? Ed25519Multikey : EcdsaMultikey;
  const pair = await library.fromJwk({jwk: key});
  const {publicKeyMultibase} = await pair.export({publicKey: true});
  return {jwk: didDocument.id, key: `did:key:${publicKeyMultibase}`};
}
