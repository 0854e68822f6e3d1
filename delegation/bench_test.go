// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"fmt"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/trustframework"
)

func BenchmarkDecideOneLink(b *testing.B) { benchmark(b, one()) }

// BenchmarkDecideThreeLinks decides a chain of three links with ten permissions each.
func BenchmarkDecideThreeLinks(b *testing.B) { benchmark(b, tenPermissions(3)) }

// BenchmarkNarrow is what one more link costs: the comparison of a child with its parent, ten
// permissions each (performance.md §5, "Narrowing"). whole is every rule of a link, as a wallet or
// an issuer asks before it signs; permissions is §6.1 alone, each against the one it narrows;
// every is each against every other.
func BenchmarkNarrow(b *testing.B) {
	f := tenPermissions(2)
	parent, child := f.root(), f.leafCredential()
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if codes := CheckChild(parent, child); len(codes) > 0 {
				b.Fatal(codes)
			}
		}
	})
	b.Run("permissions", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for i := range child.Permissions {
				if code := NoBroader(child.Permissions[i], parent.Permissions[i]); code != "" {
					b.Fatal(code)
				}
			}
		}
	})
	b.Run("every", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			fit := 0
			for i := range child.Permissions {
				for j := range parent.Permissions {
					if NoBroader(child.Permissions[i], parent.Permissions[j]) == "" {
						fit++
					}
				}
			}
			if fit != len(child.Permissions) {
				b.Fatal(fit)
			}
		}
	})
}

// TestAllocations holds the bounds on what a decision allocates; the times are in the benchmarks.
func TestAllocations(t *testing.T) {
	parent, child := tenPermissions(2).root(), tenPermissions(2).leafCredential()
	one, three := one(), tenPermissions(3)
	for name, c := range map[string]struct {
		do   func()
		most float64
	}{
		"one link":                          {func() { one.decide() }, 60},
		"three links, ten permissions":      {func() { three.decide() }, 100},
		"ten permissions no broader":        {func() { narrowAll(parent, child) }, 0},
		"a child of ten permissions, whole": {func() { CheckChild(parent, child) }, 40},
	} {
		if got := testing.AllocsPerRun(100, c.do); got > c.most {
			t.Errorf("%s: %v allocations, want %v at most", name, got, c.most)
		} else {
			t.Logf("%s: %v allocations", name, got)
		}
	}
}

func narrowAll(parent, child *credential.Credential) {
	for i := range child.Permissions {
		NoBroader(child.Permissions[i], parent.Permissions[i])
	}
}

// tenPermissions is a chain of n links with ten permissions each, every one narrowed by each link.
func tenPermissions(n int) *fixture {
	f := one()
	f.root().Redelegation.MaxDepth = n - 1
	f.root().Permissions = nil
	for i := range 10 {
		f.root().Permissions = append(f.root().Permissions, credential.Permission{
			ID: fmt.Sprintf("p%d", i), Resource: fmt.Sprintf("record/part%d", i), Actions: []string{"view", "book"}, Risk: "routine",
			Constraint: credential.Constraint{DateFrom: "2024-01-01", Exclude: []string{"private"}, Requires: []string{"notify:principal"}},
		})
	}
	f.relationship(func(r *trustframework.Relationship) { r.MaxRedelegation = n - 1 })
	for i := 1; i < n; i++ {
		f.push(narrower(f.leafCredential(), fmt.Sprintf("delegate%d", i)))
	}
	f.r.Resource, f.r.Action = "record/part7", "view"
	return f
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
