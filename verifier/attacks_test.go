// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/behalf-id/behalf/internal/shared"
)

// rows are the attacks of attacks.json that are made here, on a running gateway.
func rows() map[string]func(*testing.T) {
	all := map[string]func(*testing.T){}
	for _, some := range []map[string]func(*testing.T){joseRows(), parserRows(), sdRows(), vpRows(), delegationRows(), diRows(), pinnedRows(), flowRows()} {
		maps.Copy(all, some)
	}
	return all
}

// elsewhere lists the rows of these categories that are not made here, and why.
func elsewhere() map[string]string {
	const (
		encrypted = "direct_post.jwt is not offered: a field response is refused unread (TestEncryptedResponse)"
	)
	return map[string]string{
		"JOS-24": encrypted, "JOS-26": encrypted, "JOS-27": encrypted, "JOS-28": encrypted, "VP-13": encrypted,
		"JSN-14": "a query of the gateway names paths and actions alone, which are ASCII; the check of any query's values is shown in openid/dcql (TestCheck)",
		"JSN-15": "the surface is the wallet",
		"SDJ-24": "the surface is the issuer; shown in credential/sdjwt (TestAttacks, TestSaltsOverAMillion)",
		"VP-11":  "no identity credential is asked for with a holder proof: a binding speaks for its own subject as principal and for nobody else (TestBindingOfAnother); any other bound credential is query.unrequested (VP-08)",
		"VP-28":  "figures of time are kept in benchmarks: state and token are hashed and compared with crypto/subtle, nonces are compared by their proof",
		"VP-17":  "transaction_data is not asked for; hashes that come all the same are refused (SDJ-08 in credential/sdjwt)",
	}
}

func TestAttacks(t *testing.T) {
	all := rows()
	for _, id := range slices.Sorted(maps.Keys(all)) {
		t.Run(id, all[id])
	}
}

// TestNoRowIsForgotten compares what is made here, and what is written off, with the catalogue.
func TestNoRowIsForgotten(t *testing.T) {
	var catalogue struct {
		Attacks []struct{ ID, Category, Surface string }
	}
	if err := json.Unmarshal(shared.Open(t, "data/attacks.json"), &catalogue); err != nil {
		t.Fatal(err)
	}
	made, why, seen := rows(), elsewhere(), 0
	for _, row := range catalogue.Attacks {
		if !slices.Contains([]string{"jose", "parser", "sd-jwt", "openid4vp", "delegation", "data-integrity"}, row.Category) {
			continue
		}
		seen++
		_, here := made[row.ID]
		_, off := why[row.ID]
		if here == off {
			t.Errorf("%s (%s): made here %t, written off %t", row.ID, row.Surface, here, off)
		}
	}
	if seen != len(made)+len(why) || seen < 118 {
		t.Errorf("the catalogue has %d rows, made here are %d, written off %d", seen, len(made), len(why))
	}
	t.Logf("%d rows are made on the gateway, %d are written off with a reason", len(made), len(why))
}
