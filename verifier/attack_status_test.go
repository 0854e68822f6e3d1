// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"encoding/json"
	"testing"

	"github.com/behalf-id/behalf/reason"
)

// TestAttackIndexForms is attack STS-04 on the running gateway: an index has one form in each kind of
// list, and every other is refused before a list is fetched.
func TestAttackIndexForms(t *testing.T) {
	const index, schema = reason.StatusIndex, reason.CredentialSchemaInvalid
	var all []attack
	for value, want := range map[string]struct{ token, bitstring reason.Code }{
		`-1`: {index, schema}, `"-1"`: {schema, index}, `1e3`: {index, schema}, `"1e3"`: {schema, index}, `" 5"`: {schema, index},
		`"05"`: {schema, index}, `5.0`: {index, schema}, `"٥"`: {schema, index}, `""`: {schema, index},
		`null`: {schema, schema}, `1.5`: {schema, schema}, `true`: {schema, schema}, `"5"`: {schema, ""}, `5`: {"", schema},
	} {
		raw := json.RawMessage(value)
		if want.token != "" {
			all = append(all, attack{"token list " + value, sd, func(g *forge) { g.at("status", "status_list")["idx"] = raw }, want.token})
		}
		if want.bitstring != "" {
			all = append(all, attack{"bitstring " + value, vc, func(g *forge) {
				g.claims["credentialStatus"].([]any)[0].(object)["statusListIndex"] = raw
			}, want.bitstring})
		}
	}
	try(t, all...)
}
