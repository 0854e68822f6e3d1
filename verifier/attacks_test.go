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
	for _, some := range []map[string]func(*testing.T){joseRows(), parserRows(), sdRows(), vpRows(), delegationRows(), diRows(), pinnedRows(), flowRows(), protocolRows()} {
		maps.Copy(all, some)
	}
	return all
}

// elsewhere lists the rows of these categories that are not made here, and why.
func elsewhere() map[string]string {
	return map[string]string{
		"JSN-15": "the surface is the wallet",
		"SDJ-24": "the surface is the issuer; shown in credential/sdjwt (TestAttacks, TestSaltsOverAMillion)",
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
