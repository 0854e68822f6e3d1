// SPDX-License-Identifier: Apache-2.0

// A wallet by @openid4vc/openid4vp, as it meets a verifier of ours.

import {Openid4vpClient} from '@openid4vc/openid4vp';
import {callbacks, network} from './callbacks.mjs';
import {match} from './query.mjs';

const sessions = new Map();

// open reads a request, which is fetched and whose signature is checked. query says whether the
// credentials, each {vct, claims}, meet it.
export async function open({link, credentials}) {
  const net = network();
  const library = new Openid4vpClient({callbacks: callbacks({keys: [], fetch: net.fetch})});
  const {params} = library.parseOpenid4vpAuthorizationRequest({authorizationRequest: link});
  const resolved = await library.resolveOpenId4vpAuthorizationRequest({authorizationRequestPayload: params});
  const id = String(sessions.size + 1);
  sessions.set(id, {library, net, resolved});
  const r = resolved.authorizationRequestPayload;
  return {
    session: id, client: r.client_id, nonce: r.nonce, mode: r.response_mode, prefix: resolved.client.prefix, state: r.state,
    query: resolved.dcql.query, match: match({query: resolved.dcql.query, credentials})
  };
}

// answer sends presentations by the ids of their credential queries. plain leaves the encryption out, and
// mode, if it is given, takes the place of the one asked for.
export async function answer({session, presentations, plain, state}) {
  const s = sessions.get(session);
  const request = {...s.resolved.authorizationRequestPayload, ...plain && {response_mode: 'direct_post'}, ...state && {state}};
  const jarm = request.response_mode === 'direct_post.jwt' && {
    encryption: {nonce: 'a nonce of the wallet'},
    serverMetadata: {authorization_encryption_alg_values_supported: ['ECDH-ES'], authorization_encryption_enc_values_supported: ['A256GCM', 'A128GCM']}
  };
  const made = await s.library.createOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: request, authorizationResponsePayload: {vp_token: presentations}, ...jarm && {jarm}
  });
  const sent = await s.library.submitOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: request, authorizationResponsePayload: made.authorizationResponsePayload, jarm: made.jarm
  });
  s.url = request.response_uri;
  return told(sent.response);
}

async function told(response) {
  const text = await response.text();
  if(!response.ok) {
    throw new Error(`refused: ${text}`);
  }
  return JSON.parse(text);
}

// again sends the last answer once more; change turns one octet of it into another.
export async function again({session, change}) {
  const s = sessions.get(session);
  const {url, init} = s.net.sent.get(new URL(s.url).pathname);
  const at = Math.floor(init.body.length / 2);
  const body = change ? init.body.slice(0, at) + (init.body[at] === 'A' ? 'B' : 'A') + init.body.slice(at + 1) : init.body;
  return told(await fetch(url, {...init, body}));
}
