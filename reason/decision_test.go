// SPDX-License-Identifier: Apache-2.0

package reason_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/behalf-id/behalf/reason"
)

// TestDecisionReference holds docs/reference/decision.md to the table: every code that the decision
// can give has its place in the order of checks, and nothing that looks like a code there is none.
func TestDecisionReference(t *testing.T) {
	raw, err := os.ReadFile("../docs/reference/decision.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[reason.Code]bool{reason.OK: true}
	for _, m := range regexp.MustCompile("`([a-z]+\\.[a-z_]+)`").FindAllSubmatch(raw, -1) {
		code := reason.Code(m[1])
		if _, ok := reason.Lookup(code); !ok {
			t.Errorf("%s is no reason code", code)
		}
		named[code] = true
	}
	for _, e := range reason.All() {
		if e.Decision && !named[e.Code] {
			t.Errorf("%s has no place in the order of checks", e.Code)
		}
	}
}
