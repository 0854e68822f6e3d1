// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"crypto/rand"
	"testing"
)

// TestCopiesShareLimitedPermissions: copies of one delegation share the ids by which uses are
// counted, so that more copies are not more uses; all other ids are each copy's own.
func TestCopiesShareLimitedPermissions(t *testing.T) {
	var g Grant
	g.Delegation.Permission = []GrantedPermission{
		{Resource: "appointments", Constraint: []byte(`{"maxUses":1}`)},
		{Resource: "prescriptions", Constraint: []byte(`{}`)},
	}
	ids := func(delegation string) [2]string {
		c, err := g.credential("did:web:issuer.test", "did:key:holder", "tf", delegation, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return [2]string{c.Permissions[0].ID, c.Permissions[1].ID}
	}
	a, b, other := ids("dg-1"), ids("dg-1"), ids("dg-2")
	if a[0] != b[0] || a[0] == other[0] {
		t.Errorf("limited: %s and %s of one delegation, %s of another", a[0], b[0], other[0])
	}
	if a[1] == b[1] {
		t.Error("an unlimited permission links two copies")
	}
}
