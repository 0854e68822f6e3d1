// SPDX-License-Identifier: Apache-2.0

package dcql_test

import (
	"fmt"
	"testing"

	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/reason"
)

// longSets asks n times by as many and as long claim sets as there may be, of which none can be met, and for each
// candidate with a step or two.
func longSets(t testing.TB, n int) (*dcql.Query, []dcql.Candidate) {
	t.Helper()
	c := dcql.Credential{Format: "dc+sd-jwt", Meta: dcql.Meta{VCTValues: []string{"v"}}}
	var set []string
	for i := range dcql.MaxClaims {
		id := fmt.Sprintf("c%02d", i)
		c.Claims = append(c.Claims, dcql.Claim{ID: id, Path: dcql.Path{dcql.Member("absent")}})
		set = append(set, id)
	}
	for range dcql.MaxClaims {
		c.ClaimSets = append(c.ClaimSets, set)
	}
	var q dcql.Query
	for i := range n {
		c.ID = fmt.Sprintf("q%d", i)
		q.Credentials = append(q.Credentials, c)
	}
	checked, err := dcql.New(q)
	if err != nil {
		t.Fatal(err)
	}
	have := make([]dcql.Candidate, 1000)
	for i := range have {
		have[i] = dcql.Candidate{Format: "dc+sd-jwt", Types: []string{"v"}, Bound: true, Claims: map[string]any{}}
	}
	return checked, have
}

// TestLongClaimSets shows that claim sets are put together once, not for each credential of a wallet: else a query within
// all bounds costs seconds and gigabytes.
func TestLongClaimSets(t *testing.T) {
	for n, want := range map[int]reason.Code{2: "", 8: reason.LimitQuery} {
		q, have := longSets(t, n)
		var err error
		allocated := testing.AllocsPerRun(1, func() { _, err = dcql.Answer(q, have) })
		if reason.Of(err) != want || allocated > 100_000 {
			t.Errorf("%d queries: %.0f allocations, %v", n, allocated, err)
		}
	}
}

func BenchmarkLongClaimSets(b *testing.B) {
	q, have := longSets(b, 8)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dcql.Answer(q, have); reason.Of(err) != reason.LimitQuery {
			b.Fatal(err)
		}
	}
}
