// SPDX-License-Identifier: Apache-2.0

// The counterpart: one JSON request a line on standard input, one JSON answer a line on standard
// output. It uses what others wrote, as they document it, and reaches no network.
//
// A request is {"op": NAME, ...}; an answer is {"ok": true, "result": ...} or {"ok": false, "error": TEXT}.

import {createInterface} from 'node:readline';
import {readFileSync} from 'node:fs';
import * as bitstring from './bitstring.mjs';
import * as integrity from './integrity.mjs';
import * as identifiers from './identifiers.mjs';
import * as jwt from './jwt.mjs';
import * as query from './query.mjs';
import * as sdjwt from './sdjwt.mjs';
import * as tokenlist from './tokenlist.mjs';

// Nothing here fetches: a library that tries is an error, which the test sees.
globalThis.fetch = async () => {
  throw new Error('the counterpart reaches no network');
};

// versions returns what package.json pins, as it is installed.
function versions() {
  const own = JSON.parse(readFileSync(new URL('../package.json', import.meta.url)));
  const out = {};
  for(const name of Object.keys(own.dependencies)) {
    const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
    out[name] = JSON.parse(readFileSync(file)).version;
  }
  return {node: process.versions.node, packages: out};
}

const operations = {
  versions,
  'jwt.sign': jwt.sign, 'jwt.verify': jwt.verify,
  'sdjwt.issue': sdjwt.issue, 'sdjwt.present': sdjwt.present, 'sdjwt.verify': sdjwt.verify,
  'tokenlist.create': tokenlist.create, 'tokenlist.read': tokenlist.read,
  'bitstring.create': bitstring.create, 'bitstring.read': bitstring.read, 'bitstring.check': bitstring.check,
  'did.document': identifiers.document, 'did.fromKey': identifiers.fromKey,
  'dcql.match': query.match,
  'integrity.sign': integrity.sign, 'integrity.verify': integrity.verify, 'integrity.derive': integrity.derive,
  'integrity.keyPair': integrity.keyPair, 'integrity.present': integrity.present
};

async function answer(line) {
  try {
    const request = JSON.parse(line);
    const operation = operations[request.op];
    if(!operation) {
      throw new Error(`no operation ${request.op}`);
    }
    return {ok: true, result: await operation(request)};
  } catch(error) {
    return {ok: false, error: text(error)};
  }
}

// text returns the messages of an error and of those within it.
function text(error) {
  const inner = error.errors ?? (error.cause ? [error.cause] : []);
  return [error.message ?? String(error), ...inner.map(text)].join(' | ');
}

for await (const line of createInterface({input: process.stdin, crlfDelay: Infinity})) {
  process.stdout.write(JSON.stringify(await answer(line)) + '\n');
}
