// SPDX-License-Identifier: Apache-2.0

// An issuer by @openid4vc/openid4vci and @openid4vc/oauth2, as a wallet of ours meets it.

import {Oauth2AuthorizationServer, Oauth2ResourceServer, calculateJwkThumbprint} from '@openid4vc/oauth2';
import {CompactEncrypt, compactDecrypt, exportJWK, generateKeyPair, importJWK} from 'jose';
import {Openid4vciIssuer} from '@openid4vc/openid4vci';
import {randomBytes} from 'node:crypto';
import {callbacks} from './callbacks.mjs';
import {create} from './tokenlist.mjs';
import {issue} from './sdjwt.mjs';

export const didOf = origin => `did:web:${new URL(origin).host.replace(':', '%3A')}`;

const random = () => randomBytes(24).toString('base64url');

// state is what one issuer knows. fault, if it is set, is the one thing that it does wrong.
const state = {offers: new Map(), pushed: new Map(), codes: new Map(), nonces: new Set(), proofs: new Set(), transactions: new Map(), told: []};

// set says what is issued and how. claims are those of the credential but for its holder, frame what is
// hidden in it; wrong is a private JWK of somebody else.
export async function set(options) {
  const {privateKey, publicKey} = await generateKeyPair('ECDH-ES', {crv: 'P-256'});
  state.decryption = {key: privateKey, jwk: {...await exportJWK(publicKey), kid: 'requests', alg: 'ECDH-ES', use: 'enc'}};
  Object.assign(state, {fault: '', deferring: false, encrypting: false, ...options});
  return {};
}

// told returns the notifications that came in, and forgets them.
export function told() {
  return state.told.splice(0);
}

// offer makes one, with a pre-authorized code or for a person who signs in.
export async function offer({txCode, signIn, reference}) {
  const id = random();
  const grants = signIn ? {authorization_code: {issuer_state: id}} : {
    'urn:ietf:params:oauth:grant-type:pre-authorized_code': {
      'pre-authorized_code': id, ...txCode && {tx_code: {input_mode: 'numeric', length: txCode.length}}
    }
  };
  const {credentialOffer, credentialOfferObject} = await state.library.createCredentialOffer({
    issuerMetadata: metadata(), credentialConfigurationIds: ['delegation'], grants,
    credentialOfferUri: reference && `${state.origin}/offers/${id}`
  });
  state.offers.set(id, {object: credentialOfferObject, txCode});
  return {uri: credentialOffer};
}

// metadata is what the issuer says of itself; named is the issuer that it says it is.
function metadata(named = state.origin) {
  const credentialIssuer = state.library.createCredentialIssuerMetadata({
    credential_issuer: named,
    credential_endpoint: `${state.origin}/credential`, nonce_endpoint: `${state.origin}/nonce`,
    deferred_credential_endpoint: `${state.origin}/deferred`, notification_endpoint: `${state.origin}/notification`,
    batch_credential_issuance: {batch_size: 10},
    ...state.encrypting && {
      credential_response_encryption: {alg_values_supported: state.fault === 'no key' ? ['RSA-OAEP'] : ['ECDH-ES'], enc_values_supported: ['A128GCM', 'A256GCM'], encryption_required: true},
      credential_request_encryption: {jwks: {keys: [state.decryption.jwk]}, enc_values_supported: ['A256GCM'], encryption_required: true}
    },
    display: [{name: 'Their surgery', locale: 'en'}],
    credential_configurations_supported: {
      delegation: {
        format: 'dc+sd-jwt', vct: state.claims.vct, scope: 'delegation',
        cryptographic_binding_methods_supported: ['did:key', 'jwk'], credential_signing_alg_values_supported: ['ES256'],
        proof_types_supported: {jwt: {proof_signing_alg_values_supported: ['ES256']}}
      }
    }
  });
  return {originalDraftVersion: 'V1', credentialIssuer, authorizationServers: [server()], knownCredentialConfigurations: credentialIssuer.credential_configurations_supported};
}

function server() {
  return state.authorization.createAuthorizationServerMetadata({
    issuer: state.origin, token_endpoint: `${state.origin}/token`, authorization_endpoint: `${state.origin}/authorize`,
    pushed_authorization_request_endpoint: `${state.origin}/par`, require_pushed_authorization_requests: true,
    response_types_supported: ['code'], code_challenge_methods_supported: ['S256'], dpop_signing_alg_values_supported: ['ES256'],
    grant_types_supported: ['authorization_code', 'urn:ietf:params:oauth:grant-type:pre-authorized_code'],
    authorization_response_iss_parameter_supported: true, 'pre-authorized_grant_anonymous_access_supported': true
  });
}

// routes are the addresses of an issuer at origin that signs with key.
export function routes(origin, key) {
  const {d, ...publicJwk} = key;
  const calls = callbacks({keys: [key], fetch, clientAuthentication: () => {}});
  Object.assign(state, {
    origin, key, calls, library: new Openid4vciIssuer({callbacks: calls}), authorization: new Oauth2AuthorizationServer({callbacks: calls}),
    resource: new Oauth2ResourceServer({callbacks: calls}), signer: {method: 'jwk', alg: 'ES256', publicJwk}
  });
  return [
    ['GET /.well-known/openid-credential-issuer', () => ({json: metadata(state.fault === 'metadata' ? 'https://other.example' : state.origin).credentialIssuer})],
    ['GET /.well-known/oauth-authorization-server', () => ({json: {...server(), jwks_uri: `${origin}/jwks`}})],
    ['GET /jwks', () => ({json: {keys: [publicJwk]}})],
    ['GET /status/1', statusList],
    ['GET /offers/:id', ({id}) => ({json: state.offers.get(id).object})],
    ['POST /par', push], ['GET /authorize', authorize], ['POST /token', token],
    ['POST /nonce', () => ({json: state.library.createNonceResponse({cNonce: fresh(state.nonces)})})],
    ['POST /credential', credential], ['POST /deferred', deferred], ['POST /notification', notification]
  ];
}

// statusList has every credential of theirs as valid.
async function statusList() {
  const now = Math.floor(Date.now() / 1000);
  const claims = {sub: `${state.origin}/status/1`, iat: now, exp: now + 300, ttl: 60};
  return {text: await create({length: 1 << 17, bits: 1, values: {}, claims, kid: `${didOf(state.origin)}#k1`, key: state.key}), type: 'application/statuslist+jwt'};
}

function fresh(nonces) {
  const nonce = random();
  nonces.add(nonce);
  return nonce;
}

async function push({form, like}) {
  const {authorizationRequest, dpop} = await state.authorization.parsePushedAuthorizationRequest({authorizationRequest: form(), request: like});
  await state.authorization.verifyPushedAuthorizationRequest({
    authorizationRequest, request: like, authorizationServerMetadata: server(), dpop: {...dpop, required: true, allowedSigningAlgs: ['ES256']}
  });
  if(!state.offers.has(authorizationRequest.issuer_state)) {
    throw new Error('another issuer_state');
  }
  const uri = `urn:ietf:params:oauth:request_uri:${random()}`;
  state.pushed.set(uri, {...authorizationRequest, dpop});
  return {status: 201, json: {request_uri: uri, expires_in: 60}};
}

// authorize lets everybody in: whoever comes here has signed in and said yes.
function authorize({url}) {
  const request = state.pushed.get(url.searchParams.get('request_uri'));
  state.pushed.delete(url.searchParams.get('request_uri'));
  if(!request || request.client_id !== url.searchParams.get('client_id')) {
    throw new Error('an unknown request_uri');
  }
  const code = random();
  state.codes.set(code, request);
  const to = new URL(request.redirect_uri);
  to.searchParams.set('code', code);
  to.searchParams.set('state', state.fault === 'state' ? 'another' : request.state);
  to.searchParams.set('iss', state.fault === 'iss' ? 'https://other.example' : state.origin);
  if(state.fault === 'denied') {
    to.searchParams.delete('code');
    to.searchParams.set('error', 'access_denied');
  }
  return {status: 302, headers: {Location: to.href}};
}

async function token({form, like}) {
  const {grant, dpop, pkceCodeVerifier} = state.authorization.parseAccessTokenRequest({accessTokenRequest: form(), request: like});
  const options = {accessTokenRequest: form(), grant, request: like, authorizationServerMetadata: server(), dpop: {...dpop, required: true, allowedSigningAlgs: ['ES256']}};
  let checked;
  if(grant.code) {
    const asked = state.codes.get(grant.code);
    state.codes.delete(grant.code);
    if(form().redirect_uri !== asked?.redirect_uri) {
      throw new Error('another redirect_uri');
    }
    checked = await state.authorization.verifyAuthorizationCodeAccessTokenRequest({
      ...options, expectedCode: grant.code, pkce: {codeVerifier: pkceCodeVerifier, codeChallenge: asked.code_challenge, codeChallengeMethod: asked.code_challenge_method}
    });
  } else {
    const {txCode} = state.offers.get(grant.preAuthorizedCode) ?? {};
    checked = await state.authorization.verifyPreAuthorizedCodeAccessTokenRequest({...options, expectedPreAuthorizedCode: grant.preAuthorizedCode, expectedTxCode: txCode});
  }
  once(dpop.jwt);
  const answer = await state.authorization.createAccessTokenResponse({
    audience: state.origin, authorizationServer: state.origin, signer: state.signer, expiresInSeconds: 300, subject: 'somebody',
    ...state.fault !== 'bearer' && {dpop: {jwk: checked.dpop.jwk}},
    additionalAccessTokenResponsePayload: grant.code && {authorization_details: [
      {type: 'openid_credential', credential_configuration_id: 'delegation', credential_identifiers: ['the-delegation']}
    ]}
  });
  return {json: answer};
}

// once refuses a proof that was seen.
function once(proof) {
  if(state.proofs.has(proof)) {
    throw new Error('a proof of a key twice');
  }
  state.proofs.add(proof);
}

async function admitted({like, headers}) {
  once(headers.get('dpop'));
  await state.resource.verifyResourceRequest({request: like, resourceServer: state.origin, authorizationServers: [{...server(), jwks_uri: `${state.origin}/jwks`}], allowedAuthenticationSchemes: ['DPoP']});
}

// opened returns the body of a request, which is encrypted where that was asked for.
async function opened({type, text}) {
  if(!state.encrypting) {
    return JSON.parse(text);
  }
  if(!type.startsWith('application/jwt')) {
    throw new Error('the request is not encrypted');
  }
  const {plaintext} = await compactDecrypt(text, state.decryption.key, {keyManagementAlgorithms: ['ECDH-ES'], contentEncryptionAlgorithms: ['A256GCM']});
  return JSON.parse(new TextDecoder().decode(plaintext));
}

async function credential(request) {
  await admitted(request);
  const body = await opened(request);
  // The library wants alg beside jwk there, as drafts had it (docs/interop.md): that member is read by answered.
  const {proofs, credentialIdentifier, credentialConfigurationId} = state.library.parseCredentialRequest({
    issuerMetadata: metadata(), credentialRequest: {...body, credential_response_encryption: undefined}
  });
  if(credentialIdentifier !== 'the-delegation' && credentialConfigurationId !== 'delegation') {
    throw new Error('another credential');
  }
  const holders = [];
  for(const jwt of proofs.jwt) {
    const {nonce} = JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'));
    if(!state.nonces.has(nonce)) {
      return {status: 400, json: {error: 'invalid_nonce'}};
    }
    const {header, signer} = await state.library.verifyCredentialRequestJwtProof({issuerMetadata: metadata(), jwt, expectedNonce: nonce});
    holders.push({sub: header.kid.split('#')[0], jwk: signer.publicJwk});
  }
  const keys = new Set(await Promise.all(holders.map(h => calculateJwkThumbprint({hashAlgorithm: 'sha-256', hashCallback: state.calls.hash, jwk: h.jwk}))));
  if(keys.size !== holders.length) {
    throw new Error('a key twice');
  }
  state.nonces.clear();
  if(state.deferring) {
    const id = random();
    state.transactions.set(id, holders);
    return {status: 202, json: state.library.createCredentialResponse({credentialRequest: {}, transactionId: id, interval: 1})};
  }
  return answered(body, state.library.createCredentialResponse({credentialRequest: {}, credentials: await made(holders), notificationId: random()}));
}

async function deferred(request) {
  await admitted(request);
  const body = await opened(request);
  const {deferredCredentialRequest} = state.library.parseDeferredCredentialRequest({deferredCredentialRequest: body});
  const id = deferredCredentialRequest.transaction_id;
  const holders = state.transactions.get(id);
  if(!holders) {
    return {status: 400, json: {error: 'invalid_transaction_id'}};
  }
  if(state.deferring) {
    return {status: 202, json: {transaction_id: id, interval: 1}};
  }
  state.transactions.delete(id);
  return answered(body, state.library.createDeferredCredentialResponse({credentials: await made(holders)}));
}

async function answered(body, json) {
  const to = body.credential_response_encryption;
  if(state.encrypting && !to) {
    return {status: 400, json: {error: 'invalid_encryption_parameters'}};
  }
  if(!to || state.fault === 'plain') {
    return {json};
  }
  const text = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(json)))
    .setProtectedHeader({alg: to.jwk.alg, enc: to.enc, kid: to.jwk.kid}).encrypt(await importJWK(to.jwk, to.jwk.alg));
  return {text, type: 'application/jwt'};
}

// made issues one credential to each holder.
async function made(holders) {
  return Promise.all(holders.map(async holder => {
    const {kty, crv, x, y} = state.fault === 'holder' ? state.wrong : holder.jwk;
    const jwk = {kty, crv, x, y};
    const sub = state.fault === 'holder' ? `did:jwk:${Buffer.from(JSON.stringify(jwk)).toString('base64url')}` : holder.sub;
    const payload = {...structuredClone(state.claims), sub, cnf: {jwk}};
    if(state.fault === 'type') {
      payload.vct = 'https://example.org/vct/another';
    }
    const signed = await issue({payload, frame: state.frame, header: {kid: `${didOf(state.origin)}#k1`}, key: state.fault === 'signature' ? state.wrong : state.key});
    const at = signed.indexOf('~') - 40; // within the signature
    return {credential: state.fault === 'tampered' ? signed.slice(0, at) + (signed[at] === 'A' ? 'B' : 'A') + signed.slice(at + 1) : signed};
  }));
}

async function notification(request) {
  await admitted(request);
  state.told.push(JSON.parse(request.text));
  return {status: 204};
}
