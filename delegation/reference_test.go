// SPDX-License-Identifier: Apache-2.0

package delegation_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/behalf-id/behalf/delegation"
)

// TestReference holds docs/reference/decision.md to the rules: each has its place there, and no
// other is named.
func TestReference(t *testing.T) {
	raw, err := os.ReadFile("../docs/reference/decision.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile(`\b(S\d+b?(?:\.\d+)?|[MC]\d+)\b`).FindAllString(string(raw), -1) {
		named[m] = true
	}
	steps := map[string]bool{"S1": true, "S2": true, "S2.9": true, "S3": true, "S4": true, "S6": true, "S8": true}
	for _, r := range delegation.Rules() {
		if !named[r.Number] {
			t.Errorf("%s, %s, is not in the reference", r.Number, r.Holds)
		}
		delete(named, r.Number)
	}
	for number := range named {
		if !steps[number] {
			t.Errorf("%s is in the reference and is no rule", number)
		}
	}
}
