// SPDX-License-Identifier: Apache-2.0

// A wallet by @openid4vc/openid4vci, as it meets an issuer of ours.

import {Oauth2Client, clientAuthenticationAnonymous, clientAuthenticationClientAttestationJwt, clientAuthenticationNone, resourceRequest} from '@openid4vc/oauth2';
import {CompactEncrypt, compactDecrypt, importJWK} from 'jose';
import {Openid4vciClient, verifyKeyAttestationJwt} from '@openid4vc/openid4vci';
import {callbacks, keyOf, network} from './callbacks.mjs';
import {checked} from './held.mjs';
import {didOf} from './issuer.mjs';

const sessions = new Map();

const publicOf = ({d, ...jwk}) => jwk;

// begin reads an offer and what the issuer says of itself. key is the holder's private JWK; didUrl its
// name, without which the bare key is proven; dpop a private JWK that tokens are bound to.
export async function begin({offer, key, others = [], didUrl, dpop, client, attestation, instance, audience, challenge, signed}) {
  const keys = [key, ...others, dpop, instance].filter(Boolean);
  const net = network();
  const authenticate = attestation ? attested({attestation, keys, client, audience, challenge}) :
    client ? clientAuthenticationNone({clientId: client}) : clientAuthenticationAnonymous();
  const calls = callbacks({keys, fetch: signed ? signedOnly(net.fetch, signed) : net.fetch, clientAuthentication: authenticate});
  const library = new Openid4vciClient({callbacks: calls});
  const credentialOffer = await library.resolveCredentialOffer(offer);
  const issuerMetadata = await library.resolveIssuerMetadata(credentialOffer.credential_issuer);
  const id = String(sessions.size + 1);
  sessions.set(id, {library, calls, net, credentialOffer, issuerMetadata, keys, key, didUrl, client,
    dpop: dpop && {signer: {method: 'jwk', alg: 'ES256', publicJwk: publicOf(dpop)}}});
  return {session: id, offer: credentialOffer, issuer: issuerMetadata.credentialIssuer, signed: Boolean(issuerMetadata.signedCredentialIssuer)};
}

// signedOnly is a fetch that asks for signed issuer metadata alone; how is "changed" to have an octet of it
// changed on the way.
function signedOnly(reach, how) {
  return async (url, init = {}) => {
    if(!new URL(url).pathname.startsWith('/.well-known/openid-credential-issuer')) {
      return reach(url, init);
    }
    const response = await reach(url, {...init, headers: {Accept: 'application/jwt'}});
    if(how !== 'changed') {
      return response;
    }
    const text = await response.text();
    const at = text.length - 20;
    return new Response(text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1), {headers: {'Content-Type': 'application/jwt'}});
  };
}

// attested authenticates by an attestation, whose proof of possession is the library's. What it leaves out, the
// challenge of the server, is put in before it is signed. audience and challenge, if they are given, are others
// than they should be.
function attested({attestation, keys, client, audience, challenge}) {
  return async options => {
    const server = options.authorizationServerMetadata;
    const given = server.challenge_endpoint && (await (await fetch(server.challenge_endpoint, {method: 'POST'})).json()).attestation_challenge;
    const calls = callbacks({keys});
    const sign = (signer, {header, payload}) => calls.signJwt(signer, {header, payload: {...payload, challenge: challenge ?? given, aud: audience ?? payload.aud}});
    await clientAuthenticationClientAttestationJwt({clientAttestationJwt: attestation, callbacks: {...calls, signJwt: sign}})(options);
    options.body.client_id = client;
  };
}

// token redeems the pre-authorized code of the offer.
export async function token({session, txCode}) {
  const s = sessions.get(session);
  const got = await s.library.retrievePreAuthorizedCodeAccessTokenFromOffer({
    credentialOffer: s.credentialOffer, issuerMetadata: s.issuerMetadata, txCode, dpop: s.dpop
  });
  return keep(s, got);
}

function keep(s, got) {
  s.token = got.accessTokenResponse;
  s.dpop = got.dpop && s.dpop && {...got.dpop, signer: s.dpop.signer};
  return s.token;
}

// authorize returns where the person's browser goes. The client for credentials leaves state out, so that this
// is the one for OAuth.
export async function authorize({session, redirect, scope, details}) {
  const s = sessions.get(session);
  const got = await new Oauth2Client({callbacks: s.calls}).initiateAuthorization({
    authorizationServerMetadata: s.issuerMetadata.authorizationServers[0], clientId: s.client, redirectUri: redirect, scope, dpop: s.dpop,
    resource: s.issuerMetadata.credentialIssuer.credential_issuer, state: `state-of-${session}`,
    additionalRequestPayload: {
      issuer_state: s.credentialOffer.grants.authorization_code.issuer_state, ...details && {authorization_details: JSON.stringify(details)}
    }
  });
  s.redirect = redirect;
  s.pkce = got.pkce;
  s.dpop = got.dpop ?? s.dpop;
  return {url: got.authorizationRequestUrl, method: got.pkce?.codeChallengeMethod};
}

// code redeems the code that the browser came back with. verifier, if it is given, takes the place of the
// one that the challenge was made of.
export async function code({session, url, verifier}) {
  const s = sessions.get(session);
  const server = s.issuerMetadata.authorizationServers[0];
  const answer = s.library.parseAndVerifyAuthorizationResponseRedirectUrl({url, authorizationServerMetadata: server});
  if(answer.error) {
    throw new Error(`refused: ${answer.error}`);
  }
  if(answer.state !== `state-of-${session}`) {
    throw new Error('another state');
  }
  const got = await s.library.retrieveAuthorizationCodeAccessTokenFromOffer({
    credentialOffer: s.credentialOffer, issuerMetadata: s.issuerMetadata, authorizationCode: answer.code, dpop: s.dpop,
    redirectUri: s.redirect, pkceCodeVerifier: verifier ?? s.pkce?.codeVerifier,
    additionalRequestPayload: {client_id: s.client}
  });
  return keep(s, got);
}

// refresh gets a fresh access token by the refresh token of the last answer, or by another one.
export async function refresh({session, refreshToken}) {
  const s = sessions.get(session);
  s.refreshToken = refreshToken ?? s.token.refresh_token;
  const got = await new Oauth2Client({callbacks: s.calls}).retrieveRefreshTokenAccessToken({
    authorizationServerMetadata: s.issuerMetadata.authorizationServers[0], refreshToken: s.refreshToken, dpop: s.dpop,
    additionalRequestPayload: {client_id: s.client}
  });
  return {...keep(s, got), used: s.refreshToken};
}

// attestedKeys reads a key attestation and returns its keys.
export async function attestedKeys({attestation, nonce}) {
  const {payload} = await verifyKeyAttestationJwt({callbacks: callbacks({keys: []}), keyAttestationJwt: attestation, use: 'proof_type.jwt', expectedNonce: nonce});
  return payload.attested_keys;
}

// nonce asks the nonce endpoint.
export async function nonce({session}) {
  const s = sessions.get(session);
  return (await s.library.requestNonce({issuerMetadata: s.issuerMetadata})).c_nonce;
}

// proof makes a key proof. audience and nonce, if they are given, are others than they should be.
export async function proof({session, configuration, nonce, audience, key, client, attestation}) {
  const s = sessions.get(session);
  const metadata = audience ? {...s.issuerMetadata, credentialIssuer: {...s.issuerMetadata.credentialIssuer, credential_issuer: audience}} : s.issuerMetadata;
  const jwk = publicOf(key ?? s.key);
  const signer = s.didUrl && !key ? {method: 'did', alg: 'ES256', didUrl: s.didUrl} : {method: 'jwk', alg: 'ES256', publicJwk: jwk};
  return (await s.library.createCredentialRequestJwtProof({
    issuerMetadata: metadata, credentialConfigurationId: configuration, signer, nonce, clientId: client, issuedAt: new Date(),
    keyAttestationJwt: attestation
  })).jwt;
}

// credential asks for credentials with proofs, by the identifier that the token came with or, where there
// is none, by configuration. encryption is a private JWK for the answer, and plain leaves the request as it is.
export async function credential({session, configuration, proofs, identifier, encryption, plain}) {
  const s = sessions.get(session);
  if(identifier || encryption) {
    const more = encryption && {credential_response_encryption: {jwk: publicOf(encryption), enc: 'A256GCM'}};
    const body = {...identifier ? {credential_identifier: identifier} : {credential_configuration_id: configuration}, proofs: {jwt: proofs}, ...more};
    return raw(s, s.issuerMetadata.credentialIssuer.credential_endpoint, body, encryption, plain);
  }
  const got = await s.library.retrieveCredentials({
    accessToken: s.token.access_token, dpop: s.dpop, issuerMetadata: s.issuerMetadata, credentialConfigurationId: configuration, proofs: {jwt: proofs}
  });
  s.dpop = got.dpop && s.dpop ? {...got.dpop, signer: s.dpop.signer} : s.dpop;
  return got.credentialResponse;
}

// raw posts what the library has no request for: a credential identifier, and encryption both ways. The
// proof of the request's key is the library's.
async function raw(s, url, body, encryption, plain) {
  const sealed = encryption && !plain;
  const text = sealed ? await seal(s, JSON.stringify(body)) : JSON.stringify(body);
  const got = await resourceRequest({
    url, accessToken: s.token.access_token, dpop: s.dpop, callbacks: s.calls,
    requestOptions: {method: 'POST', headers: {'Content-Type': sealed ? 'application/jwt' : 'application/json'}, body: text}
  });
  s.dpop = got.dpop && s.dpop ? {...got.dpop, signer: s.dpop.signer} : s.dpop;
  const answer = await got.response.text();
  if(!got.ok) {
    throw new Error(`refused: ${answer}`);
  }
  if(!encryption) {
    return JSON.parse(answer);
  }
  if(!got.response.headers.get('content-type').startsWith('application/jwt')) {
    throw new Error('the answer is not encrypted');
  }
  const {plaintext} = await compactDecrypt(answer, await importJWK(encryption, 'ECDH-ES'));
  return JSON.parse(new TextDecoder().decode(plaintext));
}

// seal encrypts a request to the issuer.
async function seal(s, text) {
  const {jwks} = s.issuerMetadata.credentialIssuer.credential_request_encryption;
  const [jwk] = jwks.keys;
  return new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader({alg: jwk.alg, enc: 'A256GCM', kid: jwk.kid}).encrypt(await importJWK(jwk, jwk.alg));
}

// deferred asks for what was not ready. The library takes no answer that holds credentials and a
// notification_id (docs/interop.md), so that such a one is read here.
export async function deferred({session, transaction}) {
  const s = sessions.get(session);
  let got;
  try {
    got = await s.library.retrieveDeferredCredentials({issuerMetadata: s.issuerMetadata, transactionId: transaction, accessToken: s.token.access_token, dpop: s.dpop});
  } catch(error) {
    if(error.response?.response?.status === 200) {
      return error.response.response.clone().json();
    }
    throw error;
  }
  s.dpop = got.dpop && s.dpop ? {...got.dpop, signer: s.dpop.signer} : s.dpop;
  return got.deferredCredentialResponse;
}

// notify tells what became of the credentials.
export async function notify({session, id, event}) {
  const s = sessions.get(session);
  try {
    await s.library.sendNotification({issuerMetadata: s.issuerMetadata, notification: {notificationId: id, event}, accessToken: s.token.access_token, dpop: s.dpop});
  } catch(error) {
    throw new Error(`refused: ${await error.response?.response.clone().text()}`, {cause: error});
  }
  return {};
}

// again sends the last request to a path once more, octet by octet, and fails as the library does.
export async function again({session, path}) {
  const s = sessions.get(session);
  const {url, init} = s.net.sent.get(path);
  const answer = await fetch(url, {...init, redirect: 'manual'});
  const text = await answer.text();
  if(!answer.ok) {
    throw new Error(`refused: ${answer.headers.get('www-authenticate') ?? ''} ${text}`);
  }
  return text;
}

// held checks a credential of an issuer at origin by its keys and its status list, as they are there now.
export async function held({sdjwt, origin}) {
  return checked({sdjwt, key: await key({origin})});
}

// key returns the public key of the party at origin.
export async function key({origin}) {
  return keyOf(`${didOf(origin)}#k1`);
}
