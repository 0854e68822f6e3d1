// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/reason"
)

// TestAttacks holds the row of category status that is about what a wallet holds. The other rows are in
// bitstring and tokenlist (forms of an entry), snapshot (lists) and publisher (the issuer's side).
func TestAttacks(t *testing.T) {
	t.Run("STS-16", func(t *testing.T) {
		ref := func(list string) credential.StatusRef {
			return credential.StatusRef{Kind: credential.TokenStatusList, List: "https://issuer.test/status/" + list}
		}
		one := func(lists ...string) (refs []credential.StatusRef) {
			for _, l := range lists {
				refs = append(refs, ref(l))
			}
			return refs
		}
		for name, c := range map[string]struct {
			held [][]credential.StatusRef
			code reason.Code
		}{
			"a list for each of three":     {[][]credential.StatusRef{one("a"), one("b"), one("c")}, reason.PrivacyUniqueList},
			"a list for each of two":       {[][]credential.StatusRef{one("a"), one("b")}, reason.PrivacyUniqueList},
			"two lists for each of two":    {[][]credential.StatusRef{one("a-r", "a-s"), one("b-r", "b-s")}, reason.PrivacyUniqueList},
			"one list named twice by each": {[][]credential.StatusRef{one("a", "a"), one("b", "b")}, reason.PrivacyUniqueList},
			"one without status among two": {[][]credential.StatusRef{one("a"), nil, one("b")}, reason.PrivacyUniqueList},
			"one list for all":             {[][]credential.StatusRef{one("a"), one("a"), one("a")}, ""},
			"two of three share":           {[][]credential.StatusRef{one("a"), one("b"), one("a")}, ""},
			"a shared list beside own":     {[][]credential.StatusRef{one("a", "x"), one("b", "x")}, ""},
			"one credential":               {[][]credential.StatusRef{one("a", "b")}, ""},
			"one with status":              {[][]credential.StatusRef{one("a"), nil, nil}, ""},
			"none":                         {nil, ""},
		} {
			if err := status.Unique(c.held); reason.Of(err) != c.code {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
		}
	})
}
