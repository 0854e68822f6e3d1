// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/trustframework"
)

// differential is P17: it compares with an evaluator that meets permissions where Decide compares
// them. What Decide grants, the meet must grant.
func differential(t dice, decide decider) {
	f := drawCase(t)
	strict, met := decide(f.fixture), decideByMeet(f.fixture)
	if rank(strict) > rank(met) {
		t.Fatalf("strict %v %s, by meet %v %s", strict.Outcome, strict.Reason, met.Outcome, met.Reason)
	}
	if rank(met) < 2 {
		return
	}
	for n := 1; n < len(f.p.Chain); n++ {
		if d := decideByMeet(f.prefix(n)); rank(d) < 2 {
			t.Fatalf("by meet the chain: %v; its first %d: %v", met.Outcome, n, d.Outcome)
		}
	}
}

// decideByMeet gives each link the meets of its permissions with those that are effective above it,
// and lets Decide do all else. As a meet is no broader than either side (TestLemmas), the
// comparison of S8.7 has nothing left to refuse. What is void, and what goes beyond the
// accreditation of a mediator, must not be met away: the one is left out, the other Decide
// refuses by the risk, which stays the permission's own, and by the scope, which is kept below.
func decideByMeet(f *fixture) Decision {
	m := *f
	m.p.Chain = slices.Clone(f.p.Chain)
	m.p.Disclosed = nil
	var eff []credential.Permission
	for i := range m.p.Chain {
		l := &m.p.Chain[i]
		c := *l.Credential
		c.Permissions = effectiveByMeet(f, i, eff)
		l.Credential, eff = &c, c.Permissions
	}
	return m.decide()
}

func effectiveByMeet(f *fixture, i int, above []credential.Permission) []credential.Permission {
	next := []credential.Permission{}
	shown := disclosed(&f.p.Chain[i], f.p.Disclosed)
	for j := range shown {
		p := &shown[j]
		if void(&p.Constraint) || beyondSigner(f, i, p) {
			continue
		}
		if i == 0 {
			next = append(next, *p)
		}
		for k := range above {
			if m := meet(p, &above[k]); m != nil {
				m.ID, m.Risk = p.ID+"~"+strconv.Itoa(k), p.Risk
				next = append(next, *m)
			}
		}
	}
	return next
}

// beyondSigner reports whether permission p of link i is more than whoever signed the link may grant,
// if that is someone accredited.
func beyondSigner(f *fixture, i int, p *credential.Permission) bool {
	c := f.p.Chain[i].Credential
	if i == 0 || c.Issuer == c.GrantedBy {
		return false
	}
	limit, _ := registry{f.w.Framework, f.w.Now}.mediation(c, nil)
	return limit != nil && limit.exceeded(p) != ""
}

// meet is §6.2; nil is its bottom.
func meet(p, q *credential.Permission) *credential.Permission {
	m, a, b := *p, &p.Constraint, &q.Constraint
	switch {
	case Covers(q.Resource, p.Resource):
	case Covers(p.Resource, q.Resource):
		m.Resource = q.Resource
	default:
		return nil
	}
	m.Actions = both(p.Actions, q.Actions)
	if len(m.Actions) == 0 {
		return nil
	}
	m.Constraint = credential.Constraint{
		DateFrom: max(a.DateFrom, b.DateFrom), DateTo: earlierEnd(a.DateTo, b.DateTo),
		Exclude:      either(a.Exclude, b.Exclude),
		Include:      a.Include,
		MinAssurance: assuranceName(max(floorRank(a.MinAssurance), floorRank(b.MinAssurance))),
		Requires:     either(a.Requires, b.Requires),
	}
	if n := min(maxUses(a), maxUses(b)); n != unlimited {
		m.Constraint.MaxUses = n
	}
	if a.Include == nil {
		m.Constraint.Include = b.Include
	} else if b.Include != nil {
		m.Constraint.Include = both(a.Include, b.Include)
	}
	if dateFrom(&m.Constraint) > dateTo(&m.Constraint) {
		return nil
	}
	m.Risk = riskName(max(riskRank(p.Risk), riskRank(q.Risk)))
	return &m
}

func earlierEnd(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

func both(a, b []string) []string {
	kept := []string{}
	for _, s := range a {
		if slices.Contains(b, s) {
			kept = append(kept, s)
		}
	}
	return kept
}

func either(a, b []string) []string {
	all := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// TestLemmas holds the lemmas of §16 on the order and the meet.
func TestLemmas(t *testing.T) {
	lemmas := property{name: "lemmas", check: func(t dice, _ decider) { lemmasOfMeet(t) }}
	if f := search(lemmas, actual, 0, firstSeed(t), cases(t)); f != nil {
		t.Fatalf("seed %d: %s", f.seed, f.says)
	}
	rapid.Check(t, func(rt *rapid.T) { lemmasOfMeet(rt) })
}

func lemmasOfMeet(t dice) {
	q, p := drawPermission(t, "q"), drawPermission(t, "p")
	if chance(t, 60) {
		p = narrowPermission(t, q)
	}
	m := meet(&p, &q)
	if m != nil && (noBroader(m, &p) != "" || noBroader(m, &q) != "") {
		t.Fatalf("the meet of %+v and %+v is broader: %+v", p, q, m)
	}
	if noBroader(&p, &q) == "" && len(p.Actions) > 0 && !datesMalformed(p.Constraint.DateFrom, p.Constraint.DateTo) {
		if m == nil || m.Resource != p.Resource || !slices.Equal(m.Actions, p.Actions) {
			t.Fatalf("%+v is no broader than %+v, and their meet is %+v", p, q, m)
		}
	}
}

// TestCutIsTheLiteralCut compares the ceiling with §8.5 word for word.
func TestCutIsTheLiteralCut(t *testing.T) {
	cut := property{name: "cut", check: func(t dice, _ decider) { literally(t) }}
	if f := search(cut, actual, 0, firstSeed(t), cases(t)); f != nil {
		t.Fatalf("seed %d: %s", f.seed, f.says)
	}
	rapid.Check(t, func(rt *rapid.T) { literally(rt) })
}

func literally(t dice) {
	c := &ceiling{maxRisk: topRank}
	for range 1 + uniform(t, 4) {
		a := &trustframework.Accreditation{Resources: some(t, append(someResources(), "a/d/x"), 50)}
		if chance(t, 20) {
			a.Resources = nil
		} else if chance(t, 10) {
			a.Resources = append(a.Resources, "*")
		}
		c.path = append(c.path, a)
	}
	p := &credential.Permission{Resource: oneOf(t, append(someResources(), "a/d/x/y", "a/b/c/z", "f")), Risk: "high"}
	want := anyCovers(literalCut(c.path), p.Resource)
	if got := c.exceeded(p) == ""; got != want {
		t.Fatalf("%s under %v: %v, by the literal cut %v", p.Resource, literalCut(c.path), got, want)
	}
}

func literalCut(path []*trustframework.Accreditation) []string {
	out := []string{"*"}
	for _, x := range path {
		switch {
		case x.Resources == nil || slices.Contains(x.Resources, "*"):
		case slices.Contains(out, "*"):
			out = x.Resources
		default:
			next := []string{}
			for _, r := range x.Resources {
				if anyCovers(out, r) {
					next = append(next, r)
				}
			}
			for _, o := range out {
				if anyCovers(x.Resources, o) {
					next = append(next, o)
				}
			}
			out = next
		}
	}
	return out
}
