// SPDX-License-Identifier: Apache-2.0

// A verifier by @openid4vc/openid4vp, as a wallet of ours meets it.

import {Openid4vpVerifier} from '@openid4vc/openid4vp';
import {exportJWK, generateKeyPair} from 'jose';
import {createHash, randomBytes} from 'node:crypto';
import {callbacks} from './callbacks.mjs';
import {checked} from './held.mjs';
import {didOf} from './issuer.mjs';
import {match} from './query.mjs';

const random = () => randomBytes(24).toString('base64url');

const asked = new Map();
const state = {};

// ask makes a request for query and returns its link. encrypted asks for an encrypted answer, by is how it
// signs: did, x509_hash or x509_san_dns, with the chain x5c. fault is the one thing that is wrong with it.
export async function ask({query, encrypted, by = 'did', x5c, certified, fault}) {
  const id = random();
  const {privateKey} = await generateKeyPair('ECDH-ES', {crv: 'P-256', extractable: true});
  const decryption = {...await exportJWK(privateKey), kid: id.slice(0, 8), alg: 'ECDH-ES', use: 'enc'};
  const {d, ...encryption} = decryption;
  const calls = callbacks({keys: [state.key, decryption, ...certified ? [certified] : []], fetch});
  const library = new Openid4vpVerifier({callbacks: calls});
  const leaf = x5c && Buffer.from(x5c[0], 'base64');
  const client = {
    did: () => `decentralized_identifier:${didOf(state.origin)}`,
    x509_hash: () => `x509_hash:${createHash('sha256').update(leaf).digest('base64url')}`,
    x509_san_dns: () => 'x509_san_dns:localhost'
  }[by]();
  const request = {
    response_type: 'vp_token', response_mode: encrypted ? 'direct_post.jwt' : 'direct_post', client_id: client, nonce: random(), state: random(),
    response_uri: `${fault === 'response_uri' ? 'https://other.example' : state.origin}/response/${id}`, dcql_query: query,
    client_metadata: {
      vp_formats_supported: {'dc+sd-jwt': {'sd-jwt_alg_values': ['ES256'], 'kb-jwt_alg_values': ['ES256']}},
      ...encrypted && {jwks: {keys: [{kty: 'RSA', n: 'AQAB', e: 'AQAB', kid: 'not-for-us', alg: 'RSA-OAEP'}, encryption]}, encrypted_response_enc_values_supported: ['A256GCM']}
    }
  };
  const signer = x5c ? {method: 'x5c', alg: 'ES256', x5c} : {method: 'did', alg: 'ES256', didUrl: `${didOf(state.origin)}#k1`};
  const made = await library.createOpenId4vpAuthorizationRequest({
    authorizationRequestPayload: request,
    jar: {jwtSigner: signer, requestUri: `${state.origin}/request/${id}`, expiresInSeconds: 60, additionalJwtPayload: {aud: fault === 'aud' ? 'https://other.example' : 'https://self-issued.me/v2'}}
  });
  let object = made.jar.authorizationRequestJwt;
  if(fault === 'signature') {
    object = object.slice(0, -8) + (object.at(-8) === 'A' ? 'B' : 'A') + object.slice(-7);
  }
  asked.set(id, {request, library, object});
  const link = fault === 'client_id' ? made.authorizationRequest.replace(encodeURIComponent(didOf(state.origin)), encodeURIComponent('did:web:other.example')) : made.authorizationRequest;
  return {id, link};
}

// result returns what came of a request: an error, or what was shown.
export function result({id}) {
  return asked.get(id).result ?? {};
}

// routes are the addresses of a verifier at origin that signs with key.
export function routes(origin, key) {
  Object.assign(state, {origin, key});
  return [
    ['GET /request/:id', ({id}) => ({text: asked.get(id).object, type: 'application/oauth-authz-req+jwt'})],
    ['POST /response/:id', answer]
  ];
}

async function answer({id, form}) {
  const one = asked.get(id);
  try {
    if(one.result) {
      throw new Error('answered before');
    }
    one.result = await judged(one, form());
  } catch(error) {
    one.result ??= {error: error.message};
    throw error;
  }
  return {json: {}};
}

// judged checks an answer: its form and encryption by the library, its presentations by @sd-jwt, and that
// they meet the query by dcql.
async function judged({request, library}, form) {
  if(form.error) {
    return {refused: form.error};
  }
  const parsed = await library.parseOpenid4vpAuthorizationResponse({authorizationResponse: form, authorizationRequestPayload: request, callbacks: library.options.callbacks});
  if(parsed.authorizationResponsePayload.state !== request.state) {
    throw new Error('another state');
  }
  const shown = {};
  for(const [id, presentations] of Object.entries(parsed.dcql.presentations)) {
    for(const sdjwt of presentations) {
      const {payload, kb} = await checked({sdjwt, key: state.issuer, audience: request.client_id, nonce: request.nonce});
      if(!kb) {
        throw new Error('no key binding');
      }
      shown[id] = payload;
      if(!match({query: request.dcql_query, credentials: [{vct: payload.vct, claims: payload}]}).satisfied) {
        throw new Error('the query is not met');
      }
    }
  }
  return {shown, encrypted: Boolean(parsed.jarm)};
}

// trust tells whose credentials are believed: a public JWK.
export function trust({key}) {
  state.issuer = key;
  return {};
}
