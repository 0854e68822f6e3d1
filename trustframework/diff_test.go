// SPDX-License-Identifier: Apache-2.0

package trustframework_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/internal/sample"
)

func TestDiff(t *testing.T) {
	f := sample.Framework()
	f.Accreditations[0].Status = trustframework.Suspended
	f.Accreditations[0].Actions = []string{}
	f.Verifiers = nil
	f.Parties[sample.Issuer] = trustframework.Party{Name: "Proxy\u202e", DIDHosts: []string{"proxy.example.org"}, StatusHosts: []string{"https://proxy.example.org"}}
	want := []string{
		`+ accreditations["acc-proxy"].actions: []`,
		`~ accreditations["acc-proxy"].status: "active" → "suspended"`,
		`~ parties["did:web:proxy.example.org"].name: "Proxy Service" → "Proxy\u202e"`,
		`~ parties["did:web:proxy.example.org"].statusHosts: ["https://proxy.example.org", "https://status.example.org:8443"] → ["https://proxy.example.org"]`,
		`- verifiers (order): "did:web:gateway.example.org"`,
		`- verifiers["did:web:gateway.example.org"].controllers: ["https://directory.example.org/organisation/a81"]`,
		`- verifiers["did:web:gateway.example.org"].id: "did:web:gateway.example.org"`,
		`- verifiers["did:web:gateway.example.org"].name: "Patient App"`,
		`- verifiers["did:web:gateway.example.org"].purposes: ["family-requested"]`,
		`- verifiers["did:web:gateway.example.org"].resources: ["appointments"]`,
	}
	if d := cmp.Diff(want, trustframework.Diff(sample.Framework(), f)); d != "" {
		t.Fatal(d)
	}
	if got := trustframework.Diff(nil, f); len(got) == 0 || slices.ContainsFunc(got, func(l string) bool { return l[0] != '+' }) {
		t.Fatalf("from nothing: %v", got)
	}
}

// The order of accreditations decides which is used first (delegation.md §8.4): it is a change.
func TestDiffSeesOrder(t *testing.T) {
	a, b := sample.Framework(), sample.Framework()
	second := a.Accreditations[0]
	second.ID = "acc-second"
	a.Accreditations = append(a.Accreditations, second)
	b.Accreditations = append([]trustframework.Accreditation{second}, b.Accreditations...)
	want := []string{`~ accreditations (order): "acc-proxy", "acc-second" → "acc-second", "acc-proxy"`}
	if d := cmp.Diff(want, trustframework.Diff(a, b)); d != "" {
		t.Fatal(d)
	}
}

// Diff is empty exactly if the digests agree, and names as many changes one way as the other.
func TestDiffProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := frameworks().Draw(t, "a"), frameworks().Draw(t, "b")
		if same := trustframework.Diff(a, a); len(same) != 0 {
			t.Fatalf("a framework differs from itself: %v", same)
		}
		da, err := a.Digest()
		if err != nil {
			t.Fatal(err)
		}
		db, err := b.Digest()
		if err != nil {
			t.Fatal(err)
		}
		there, back := trustframework.Diff(a, b), trustframework.Diff(b, a)
		if (da == db) != (len(there) == 0) || len(there) != len(back) {
			t.Fatalf("digests equal: %v; there %v; back %v", da == db, there, back)
		}
	})
}

// frameworks draws variants of the sample, few enough for two to be equal now and then.
func frameworks() *rapid.Generator[*trustframework.Framework] {
	return rapid.Custom(func(t *rapid.T) *trustframework.Framework {
		f := sample.Framework()
		a := &f.Accreditations[0]
		a.Resources = rapid.SampledFrom([][]string{nil, {}, {"*"}, {"a", "b"}}).Draw(t, "resources")
		a.Status = rapid.SampledFrom([]string{"active", "revoked"}).Draw(t, "status")
		f.Version = rapid.IntRange(0, 3).Draw(t, "version")
		f.AsOf = time.Unix(rapid.Int64Range(0, 1<<32).Draw(t, "asOf"), 0)
		if rapid.Bool().Draw(t, "no verifiers") {
			f.Verifiers = nil
		}
		return f
	})
}
