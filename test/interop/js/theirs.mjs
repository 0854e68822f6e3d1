// SPDX-License-Identifier: Apache-2.0

// The HTTPS server of an issuer and a verifier by @openid4vc, at one origin with one did:web.

import {createServer} from 'node:https';
import {didOf, routes as issuing} from './issuer.mjs';
import {routes as asking} from './verifier.mjs';

// longest is the number of bytes of a request that is read.
const longest = 1 << 20;

// serve listens on loopback with a certificate and a private key in PEM, and returns the origin. key
// is the private JWK that credentials and requests are signed with.
export function serve({certificate, privateKey, key}) {
  let all;
  const server = createServer({cert: certificate, key: privateKey}, async (request, response) => {
    try {
      const url = new URL(request.url, all.origin);
      const handle = all.handlers.get(`${request.method} ${url.pathname}`) ?? all.handlers.get(`${request.method} ${url.pathname.replace(/[^/]+$/, ':id')}`);
      const answer = handle ? await handle(await read(request, url)) : {status: 404, json: {error: 'not_found'}};
      write(response, answer);
    } catch(error) {
      write(response, refusal(error));
    }
  });
  server.unref();
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => {
    const origin = `https://localhost:${server.address().port}`;
    const {d, ...publicJwk} = key;
    const document = {
      '@context': ['https://www.w3.org/ns/did/v1'], id: didOf(origin), assertionMethod: [`${didOf(origin)}#k1`], authentication: [`${didOf(origin)}#k1`],
      verificationMethod: [{id: `${didOf(origin)}#k1`, type: 'JsonWebKey', controller: didOf(origin), publicKeyJwk: publicJwk}]
    };
    const handlers = new Map([
      ['GET /.well-known/did.json', () => ({json: document, type: 'application/did+json'})],
      ...issuing(origin, key), ...asking(origin, key)
    ]);
    all = {origin, handlers};
    resolve({origin, did: didOf(origin)});
  }));
}

async function read(request, url) {
  const parts = [];
  let length = 0;
  for await (const part of request) {
    parts.push(part);
    if((length += part.length) > longest) {
      throw new Error('too long');
    }
  }
  const text = Buffer.concat(parts).toString();
  const headers = new Headers();
  for(const [name, value] of Object.entries(request.headers)) {
    headers.set(name, String(value));
  }
  const type = headers.get('content-type') ?? '';
  return {
    url, headers, text, type, id: url.pathname.split('/').pop(),
    form: () => Object.fromEntries(new URLSearchParams(text)),
    like: {headers, method: request.method, url: url.origin + url.pathname}
  };
}

function write(response, {status = 200, json, text, type, headers = {}}) {
  const body = text ?? (json === undefined ? '' : JSON.stringify(json));
  response.writeHead(status, {'Cache-Control': 'no-store', ...body && {'Content-Type': type ?? 'application/json'}, ...headers});
  response.end(body);
}

// refusal is what the library says of an error.
function refusal(error) {
  if(error.errorResponse) {
    return {status: error.status ?? 400, json: error.errorResponse};
  }
  if(error.wwwAuthenticateHeaders) {
    const error2 = error.wwwAuthenticateHeaders[0]?.error ?? 'invalid_token';
    return {status: 401, json: {error: error2}, headers: {'WWW-Authenticate': `${error.wwwAuthenticateHeaders[0]?.scheme ?? 'DPoP'} error="${error2}"`}};
  }
  return {status: 400, json: {error: 'invalid_request', error_description: error.message}};
}
