// SPDX-License-Identifier: Apache-2.0

package issuer

import (
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
