// SPDX-License-Identifier: Apache-2.0

// One JSON request a line on standard input, one JSON answer a line on standard output.
//
// A request is {"op": NAME, ...}; an answer is {"ok": true, "result": ...} or {"ok": false, "error": TEXT}.

import {createInterface} from 'node:readline';
import {readFileSync} from 'node:fs';

// versions returns what package.json pins, as it is installed.
export function versions() {
  const own = JSON.parse(readFileSync(new URL('../package.json', import.meta.url)));
  const out = {};
  for(const name of Object.keys(own.dependencies)) {
    const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
    out[name] = JSON.parse(readFileSync(file)).version;
  }
  return {node: process.versions.node, packages: out};
}

async function answer(operations, line) {
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
export function text(error) {
  const inner = error.errors ?? (error.cause ? [error.cause] : []);
  return [error.message ?? String(error), ...inner.map(text)].join(' | ');
}

// run answers until standard input ends.
export async function run(operations) {
  for await (const line of createInterface({input: process.stdin, crlfDelay: Infinity})) {
    process.stdout.write(JSON.stringify(await answer(operations, line)) + '\n');
  }
}
