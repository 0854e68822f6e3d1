// SPDX-License-Identifier: Apache-2.0

// Bitstring Status Lists by the package @digitalbazaar/vc-bitstring-status-list: as vc+jwt, signed
// by jose, and with Data Integrity.

import {checkStatus, createCredential, createList, decodeList} from '@digitalbazaar/vc-bitstring-status-list';
import * as integrity from './integrity.mjs';
import * as jwt from './jwt.mjs';

// create makes a list of length bits, with those of set set, as a vc+jwt; as a Data Integrity
// credential if suite names one.
export async function create({id, length, set, purpose, members, kid, key, suite, contexts}) {
  const list = await createList({length});
  set.forEach(i => list.setStatus(i, true));
  const credential = {...await createCredential({id, list, statusPurpose: purpose}), ...members};
  if(suite) {
    return JSON.stringify(await integrity.sign({document: credential, suite, key, contexts, now: members.validFrom}));
  }
  return jwt.sign({header: {typ: 'vc+jwt', cty: 'vc', kid}, payload: credential, key});
}

// read verifies a list and returns the bits at the indices.
export async function read({jwt: token, key, now, indices}) {
  const {payload} = await jwt.verify({jwt: token, key, typ: 'vc+jwt', now});
  const {encodedList, statusPurpose} = payload.credentialSubject;
  const list = await decodeList({encodedList});
  return {id: payload.id, purpose: statusPurpose, length: list.length, set: indices.map(i => list.getStatus(i))};
}

// check runs the package's whole check of the status of credential, whose list is a Data Integrity
// credential.
export async function check({credential, list, suite, contexts}) {
  const documentLoader = integrity.loader({...contexts, [list.id]: list});
  const result = await checkStatus({credential, documentLoader, suite: integrity.verifying(suite)});
  if(!result.verified) {
    throw result.error ?? new Error('status is not good');
  }
  return {results: result.results.map(r => r.status)};
}
