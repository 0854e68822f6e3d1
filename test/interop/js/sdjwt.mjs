// SPDX-License-Identifier: Apache-2.0

// dc+sd-jwt by the package @sd-jwt/sd-jwt-vc, its signatures by jose.

import {CompactSign, base64url, compactVerify, importJWK} from 'jose';
import {createHash, randomBytes} from 'node:crypto';
import {SDJwtVcInstance} from '@sd-jwt/sd-jwt-vc';
import {algorithmOf} from './jwt.mjs';

const hasher = (data, alg) => {
  const name = {'sha-256': 'sha256', 'sha-384': 'sha384', 'sha-512': 'sha512'}[alg];
  return new Uint8Array(createHash(name).update(typeof data === 'string' ? data : Buffer.from(data)).digest());
};

// signer signs "header.payload" and returns the signature alone, as the package wants it.
async function signer(jwk) {
  const key = await importJWK(jwk, algorithmOf(jwk));
  return async data => {
    const [header, payload] = data.split('.');
    const jws = await new CompactSign(base64url.decode(payload))
      .setProtectedHeader(JSON.parse(new TextDecoder().decode(base64url.decode(header)))).sign(key);
    const [sameHeader, samePayload, signature] = jws.split('.');
    if(sameHeader !== header || samePayload !== payload) {
      throw new Error('jose wrote the header in another way');
    }
    return signature;
  };
}

async function verifier(jwk) {
  const alg = algorithmOf(jwk);
  const key = await importJWK(jwk, alg);
  return async (data, signature) => {
    await compactVerify(`${data}.${signature}`, key, {algorithms: [alg]});
    return true;
  };
}

// issue makes an SD-JWT VC of payload, whose members in frame are disclosures with digests of hash.
export async function issue({payload, frame, header, key, hash = 'sha-256'}) {
  const instance = new SDJwtVcInstance({
    signer: await signer(key), signAlg: algorithmOf(key),
    hasher, hashAlg: hash, saltGenerator: length => randomBytes(length).toString('base64url')
  });
  return instance.issue(payload, frame, {header});
}

// present discloses what frame says and adds a key binding by the holder's private JWK key.
export async function present({sdjwt, frame, key, iat, audience, nonce}) {
  const instance = new SDJwtVcInstance({
    hasher, hashAlg: 'sha-256', kbSigner: await signer(key), kbSignAlg: algorithmOf(key)
  });
  return instance.present(sdjwt, frame, {kb: {payload: {iat, aud: audience, nonce}}});
}

// verify checks an SD-JWT VC by the issuer's public JWK key. Where nonce is given it checks the key
// binding by the key in cnf, and audience, which the package leaves to its caller. statusList is
// the status list token that the credential names, statusKey the JWK that signed it.
export async function verify({sdjwt, key, now, audience, nonce, statusList, statusKey}) {
  const instance = new SDJwtVcInstance({
    hasher, hashAlg: 'sha-256', verifier: await verifier(key),
    kbVerifier: async (data, signature, payload) => (await verifier(payload.cnf.jwk))(data, signature),
    statusListFetcher: async () => statusList,
    statusVerifier: statusKey && await verifier(statusKey)
  });
  const {payload, header, kb} = await instance.verify(sdjwt, {
    currentDate: Math.floor(Date.parse(now) / 1000), keyBindingNonce: nonce
  });
  if(kb && kb.payload.aud !== audience) {
    throw new Error('aud of the key binding differs');
  }
  return {payload, header, kb: kb?.payload};
}
