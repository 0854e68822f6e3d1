// SPDX-License-Identifier: Apache-2.0

// Token Status Lists by the package @sd-jwt/jwt-status-list, signed and verified by jose.

import {StatusList, createHeaderAndPayload, getListFromStatusListJWT} from '@sd-jwt/jwt-status-list';
import * as jwt from './jwt.mjs';

// create makes a list of length values of bits each: those that values maps, else 0.
export async function create({length, bits, values, claims, kid, key}) {
  const all = new Array(length).fill(0);
  for(const [index, value] of Object.entries(values)) {
    all[index] = value;
  }
  const {header, payload} = createHeaderAndPayload(
    new StatusList(all, bits), claims, {alg: jwt.algorithmOf(key), typ: 'statuslist+jwt', kid});
  return jwt.sign({header, payload, key});
}

// read verifies a list and returns its claims, and the values at the indices.
export async function read({jwt: token, key, now, indices}) {
  const {payload} = await jwt.verify({jwt: token, key, typ: 'statuslist+jwt', now});
  const list = getListFromStatusListJWT(token);
  return {sub: payload.sub, bits: list.getBitsPerStatus(), length: list.statusList.length, values: indices.map(i => list.getStatus(i))};
}
