// SPDX-License-Identifier: Apache-2.0

package tidy_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/internal/shared"
)

// TestAttacksAreNamed shows that each row of the attack catalogue, in the categories of what is built,
// is named by some test, as the name of a subtest or the reason why there is none.
func TestAttacksAreNamed(t *testing.T) {
	built := []string{
		"jose", "parser", "sd-jwt", "openid4vp", "openid4vci", "delegation", "wallet", "wallet-store", "cli",
		"data-integrity", "did", "did:web", "did:webvh", "did:key", "did:jwk", "status",
	}
	var catalogue struct {
		Attacks []struct{ ID, Category, Title string }
	}
	if err := json.Unmarshal(shared.Open(t, "data/attacks.json"), &catalogue); err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, f := range read(t) {
		if f.Test() {
			tests.WriteString(f.Text)
		}
	}
	seen := 0
	for _, row := range catalogue.Attacks {
		if !slices.Contains(built, row.Category) {
			continue
		}
		seen++
		if !strings.Contains(tests.String(), row.ID) {
			t.Errorf("%s (%s: %s) is named by no test", row.ID, row.Category, row.Title)
		}
	}
	if seen < 170 {
		t.Errorf("only %d rows were looked for", seen)
	}
}
