// SPDX-License-Identifier: Apache-2.0

// The counterpart: it answers requests as lines.mjs says. It uses what others wrote, as they document it,
// and reaches no network.

import * as bitstring from './bitstring.mjs';
import * as integrity from './integrity.mjs';
import * as identifiers from './identifiers.mjs';
import * as jwt from './jwt.mjs';
import * as query from './query.mjs';
import * as sdjwt from './sdjwt.mjs';
import * as tokenlist from './tokenlist.mjs';
import {run, versions} from './lines.mjs';

// Nothing here fetches: a library that tries is an error, which the test sees.
globalThis.fetch = async () => {
  throw new Error('the counterpart reaches no network');
};

await run({
  versions,
  'jwt.sign': jwt.sign, 'jwt.verify': jwt.verify,
  'sdjwt.issue': sdjwt.issue, 'sdjwt.present': sdjwt.present, 'sdjwt.verify': sdjwt.verify,
  'tokenlist.create': tokenlist.create, 'tokenlist.read': tokenlist.read,
  'bitstring.create': bitstring.create, 'bitstring.read': bitstring.read, 'bitstring.check': bitstring.check,
  'did.document': identifiers.document, 'did.fromKey': identifiers.fromKey,
  'dcql.match': query.match,
  'integrity.sign': integrity.sign, 'integrity.verify': integrity.verify, 'integrity.derive': integrity.derive,
  'integrity.keyPair': integrity.keyPair, 'integrity.present': integrity.present
});
