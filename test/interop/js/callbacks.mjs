// SPDX-License-Identifier: Apache-2.0

// What @openid4vc wants from its caller: hashes, random bytes, signatures and encryption by Node and the
// package jose, keys of DIDs by the drivers in identifiers.mjs, did:web by fetching.

import {CompactEncrypt, compactDecrypt, compactVerify, decodeProtectedHeader, importJWK, SignJWT} from 'jose';
import {createHash, randomBytes, X509Certificate} from 'node:crypto';
import {document} from './identifiers.mjs';
import {algorithmOf} from './jwt.mjs';

const hashes = {'sha-256': 'sha256', 'sha-384': 'sha384', 'sha-512': 'sha512'};

const publicOf = ({d, ...jwk}) => jwk;

const same = (a, b) => a.kty === b.kty && a.crv === b.crv && a.x === b.x && a.y === b.y;

// keyOf returns the public JWK that a verification method has.
export async function keyOf(didUrl) {
  const [did] = didUrl.split('#');
  if(!did.startsWith('did:web:')) {
    const key = (await document({did})).keys[didUrl];
    if(!key) {
      throw new Error(`no key ${didUrl}`);
    }
    return key;
  }
  const host = decodeURIComponent(did.slice('did:web:'.length));
  const doc = await (await fetch(`https://${host}/.well-known/did.json`)).json();
  const method = (doc.verificationMethod ?? []).find(m => m.id === didUrl || did + m.id === didUrl);
  if(doc.id !== did || !method?.publicKeyJwk) {
    throw new Error(`no key ${didUrl}`);
  }
  return method.publicKeyJwk;
}

// verified returns the public JWK of a signer as @openid4vc names it.
async function keyOfSigner(signer) {
  switch(signer.method) {
    case 'jwk': return signer.publicJwk;
    case 'did': return keyOf(signer.didUrl);
    case 'x5c': return new X509Certificate(Buffer.from(signer.x5c[0], 'base64')).publicKey.export({format: 'jwk'});
    default: throw new Error(`no keys of ${signer.method}`);
  }
}

// callbacks returns them for somebody who has the private JWKs keys. fetch is their network.
export function callbacks({keys, fetch, clientAuthentication}) {
  const find = jwk => {
    const found = keys.find(k => same(k, jwk));
    if(!found) {
      throw new Error('a key that is not ours');
    }
    return found;
  };
  return {
    fetch, clientAuthentication,
    hash: (data, alg) => new Uint8Array(createHash(hashes[alg]).update(data).digest()),
    generateRandom: length => new Uint8Array(randomBytes(length)),
    signJwt: async (signer, {header, payload}) => {
      const jwk = find(await keyOfSigner(signer));
      const jwt = await new SignJWT(payload).setProtectedHeader({...header, alg: algorithmOf(jwk)})
        .sign(await importJWK(jwk, algorithmOf(jwk)));
      return {jwt, signerJwk: publicOf(jwk)};
    },
    verifyJwt: async (signer, {compact}) => {
      const jwk = await keyOfSigner(signer);
      const alg = algorithmOf(jwk);
      try {
        await compactVerify(compact, await importJWK(jwk, alg), {algorithms: [alg]});
        return {verified: true, signerJwk: jwk};
      } catch{
        return {verified: false};
      }
    },
    encryptJwe: async (to, data) => {
      const header = {alg: to.alg, enc: to.enc, kid: to.publicJwk.kid, apu: to.apu, apv: to.apv};
      const jwe = new CompactEncrypt(new TextEncoder().encode(data)).setProtectedHeader({alg: header.alg, enc: header.enc, kid: header.kid});
      const party = name => header[name] && new Uint8Array(Buffer.from(header[name], 'base64url'));
      jwe.setKeyManagementParameters({apu: party('apu'), apv: party('apv')});
      return {encryptionJwk: to.publicJwk, jwe: await jwe.encrypt(await importJWK(to.publicJwk, to.alg))};
    },
    decryptJwe: async jwe => {
      const {kid} = decodeProtectedHeader(jwe);
      const jwk = keys.find(k => k.kid === kid);
      if(!jwk) {
        return {decrypted: false};
      }
      try {
        const {plaintext} = await compactDecrypt(jwe, await importJWK(jwk, 'ECDH-ES'), {keyManagementAlgorithms: ['ECDH-ES'], contentEncryptionAlgorithms: ['A128GCM', 'A256GCM']});
        return {decrypted: true, decryptionJwk: publicOf(jwk), payload: new TextDecoder().decode(plaintext)};
      } catch{
        return {decrypted: false};
      }
    },
    getX509CertificateMetadata: certificate => {
      const names = (new X509Certificate(Buffer.from(certificate, 'base64')).subjectAltName ?? '').split(', ');
      const of = prefix => names.filter(n => n.startsWith(prefix)).map(n => n.slice(prefix.length));
      return {sanDnsNames: of('DNS:'), sanUriNames: of('URI:')};
    }
  };
}

// network returns a fetch that follows no redirect and remembers the last request to each address.
export function network() {
  const sent = new Map();
  const get = (url, init = {}) => {
    const headers = Object.fromEntries(new Headers(init.headers));
    sent.set(new URL(url).pathname, {url: String(url), init: {method: init.method ?? 'GET', body: init.body?.toString(), headers}});
    return fetch(url, {...init, redirect: 'manual'});
  };
  return {fetch: get, sent};
}
