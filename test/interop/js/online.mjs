// SPDX-License-Identifier: Apache-2.0

// The counterpart that meets servers and wallets: it answers requests as lines.mjs says, and is a wallet,
// an issuer and a verifier by the packages of @openid4vc. It reaches loopback alone.

import * as issuer from './issuer.mjs';
import * as jwt from './jwt.mjs';
import * as sdjwt from './sdjwt.mjs';
import * as theirs from './theirs.mjs';
import * as vci from './walletvci.mjs';
import * as verifier from './verifier.mjs';
import * as vp from './walletvp.mjs';
import {run, versions} from './lines.mjs';

const reach = globalThis.fetch;
globalThis.fetch = async (url, init) => {
  if(new URL(url).hostname !== 'localhost') {
    throw new Error(`the counterpart does not reach ${url}`);
  }
  return reach(url, init);
};

await run({
  versions,
  'sdjwt.present': sdjwt.present, 'jwt.sign': jwt.sign, 'jwt.verify': jwt.verify,
  'vci.begin': vci.begin, 'vci.token': vci.token, 'vci.authorize': vci.authorize, 'vci.code': vci.code, 'vci.refresh': vci.refresh, 'vci.attestedKeys': vci.attestedKeys, 'vci.nonce': vci.nonce, 'vci.proof': vci.proof,
  'vci.credential': vci.credential, 'vci.deferred': vci.deferred, 'vci.notify': vci.notify, 'vci.again': vci.again, 'vci.held': vci.held, 'vci.key': vci.key,
  'vp.open': vp.open, 'vp.answer': vp.answer, 'vp.again': vp.again,
  'theirs.serve': theirs.serve, 'issuer.set': issuer.set, 'issuer.offer': issuer.offer, 'issuer.told': issuer.told,
  'verifier.ask': verifier.ask, 'verifier.result': verifier.result, 'verifier.trust': verifier.trust
});
