// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"fmt"
	"testing"

	"github.com/behalf-id/behalf/credential"
)

func BenchmarkDecideOneLink(b *testing.B) { benchmark(b, one()) }

// BenchmarkDecideThreeLinks decides a chain of three links with ten permissions each.
func BenchmarkDecideThreeLinks(b *testing.B) {
	f := one()
	f.root().Redelegation.MaxDepth = 2
	f.root().Permissions = nil
	for i := range 10 {
		f.root().Permissions = append(f.root().Permissions, credential.Permission{
			ID: fmt.Sprintf("p%d", i), Resource: fmt.Sprintf("record/part%d", i), Actions: []string{"view", "book"}, Risk: "routine",
			Constraint: credential.Constraint{DateFrom: "2024-01-01", Exclude: []string{"private"}, Requires: []string{"notify:principal"}},
		})
	}
	rel := f.w.Framework.Relationships["adult"]
	rel.MaxRedelegation = 2
	f.w.Framework.Relationships["adult"] = rel
	f.push(narrower(f.leafCredential(), "carol"))
	f.push(narrower(f.leafCredential(), "dave"))
	f.r.Resource, f.r.Action = "record/part7", "view"
	benchmark(b, f)
}

// BenchmarkDecideHostile is the worst that a chain within the bounds of a credential can ask:
// every permission of three links fits every other.
func BenchmarkDecideHostile(b *testing.B) {
	f := chainOf(3)
	f.root().Permissions = nil
	for i := range credential.MaxPermissions {
		f.root().Permissions = append(f.root().Permissions, credential.Permission{
			ID: fmt.Sprintf("p%d", i), Resource: "appointments", Actions: []string{"view", "book"},
			Risk: riskName(i % 3),
		})
	}
	for i := range f.p.Chain {
		f.p.Chain[i].Credential.Permissions = f.root().Permissions
	}
	benchmark(b, f)
}

func benchmark(b *testing.B, f *fixture) {
	if d := f.decide(); d.Outcome < PermitWithObligations {
		b.Fatalf("the case is not permitted: %s", d.Reason)
	}
	b.ReportAllocs()
	for b.Loop() {
		f.decide()
	}
}
