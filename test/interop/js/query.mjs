// SPDX-License-Identifier: Apache-2.0

// DCQL by the package dcql.

import {DcqlQuery} from 'dcql';

// match runs a DCQL query over credentials of format dc+sd-jwt, each {vct, claims}, and returns
// whether it can be satisfied and which credentials match which credential query.
export function match({query, credentials}) {
  const parsed = DcqlQuery.parse(query);
  DcqlQuery.validate(parsed);
  const result = DcqlQuery.query(parsed, credentials.map(c => ({
    credential_format: 'dc+sd-jwt', vct: c.vct, claims: c.claims, cryptographic_holder_binding: true
  })));
  const matches = {};
  for(const [id, found] of Object.entries(result.credential_matches)) {
    matches[id] = (found.valid_credentials ?? []).map(c => c.input_credential_index);
  }
  return {satisfied: result.can_be_satisfied, matches};
}
