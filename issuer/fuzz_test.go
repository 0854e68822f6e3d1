// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"strings"
	"testing"

	"github.com/behalf-id/behalf/reason"
)

// FuzzReadGrant: whatever is read is refused with a reason, or states every limit.
func FuzzReadGrant(f *testing.F) {
	f.Add(edit())
	f.Add(both())
	f.Add(edit(`"prohibition":[]`, `"prohibition":[{"resource":"messages","actions":["view"]}]`))
	f.Add([]byte(`{"grant":null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := ReadGrant(raw)
		if err != nil {
			if reason.Of(err) == "" {
				t.Errorf("refused without a reason: %v", err)
			}
			return
		}
		d := r.Grant.Delegation
		if d.Jurisdiction == nil || d.Purpose == nil || d.Controller == nil || d.Prohibition == nil || d.Redelegation.Kinds == nil {
			t.Error("a limit that is not stated was read as one")
		}
	})
}

// FuzzAccept: whatever an Accept field says, signed metadata is sent only to who names it.
func FuzzAccept(f *testing.F) {
	for _, s := range []string{"", "application/jwt", "application/jwt;q=0.1, application/json;q=0", "*/*", "a;b;c=d;q=;q=2,application/jwt;q=-1", ",,;;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		if prefersSigned(accept) && !strings.Contains(strings.ToLower(accept), "application/jwt") {
			t.Errorf("%q", accept)
		}
	})
}
