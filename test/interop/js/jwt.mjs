// SPDX-License-Identifier: Apache-2.0

// vc+jwt and vp+jwt by the package jose.

import {importJWK, jwtVerify, SignJWT} from 'jose';

const algorithms = {'P-256': 'ES256', 'P-384': 'ES384', Ed25519: 'EdDSA'};

// algorithmOf returns the JOSE algorithm of a JWK.
export function algorithmOf(jwk) {
  const alg = algorithms[jwk.crv];
  if(!alg) {
    throw new Error('no algorithm for this key');
  }
  return alg;
}

// sign signs payload with the private JWK key.
export async function sign({header, payload, key}) {
  const alg = algorithmOf(key);
  return new SignJWT(payload).setProtectedHeader({...header, alg}).sign(await importJWK(key, alg));
}

// verify checks the signature by the public JWK key, typ, and at the instant now exp and nbf; where
// they are given also audience and nonce. It returns header and payload.
export async function verify({jwt, key, typ, now, audience, nonce}) {
  const alg = algorithmOf(key);
  const {payload, protectedHeader} = await jwtVerify(jwt, await importJWK(key, alg), {
    algorithms: [alg], typ, currentDate: new Date(now), audience
  });
  if(nonce !== undefined && payload.nonce !== nonce) {
    throw new Error('nonce differs');
  }
  return {header: protectedHeader, payload};
}
