// SPDX-License-Identifier: Apache-2.0

// dc+sd-jwt as somebody checks it who reaches its issuer.

import {verify} from './sdjwt.mjs';

// checked is verify now, with the status list that the credential names, signed by the same key.
export async function checked({sdjwt, key, audience, nonce}) {
  const {status} = JSON.parse(Buffer.from(sdjwt.split('.')[1], 'base64url'));
  const list = status && await fetch(status.status_list.uri, {headers: {Accept: 'application/statuslist+jwt'}});
  return verify({sdjwt, key, now: new Date().toISOString(), audience, nonce, statusList: list && await list.text(), statusKey: key});
}
