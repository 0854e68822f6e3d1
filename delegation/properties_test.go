// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// rank is the access rank of §16.
func rank(d Decision) int {
	switch d.Outcome {
	case Permit, PermitWithObligations:
		return 2
	case StepUp:
		return 1
	}
	return 0
}

// rounds of rapid's own number of cases (a hundred, unless a flag says otherwise) per property: it
// takes several hundred cases until each relaxation was drawn where it makes a difference.
const rounds = 10

// property checks p over drawn cases.
func property(t *testing.T, p func(t *rapid.T, f *fixture)) {
	t.Helper()
	for range rounds {
		rapid.Check(t, func(rt *rapid.T) { p(rt, drawCase(rt)) })
	}
}

// neverRaises checks that change, which is done to a copy, never raises the access rank.
func neverRaises(t *testing.T, change func(t *rapid.T, f *fixture)) {
	t.Helper()
	property(t, func(t *rapid.T, f *fixture) {
		before, changed := f.decide(), f.clone()
		change(t, changed)
		if after := changed.decide(); rank(after) > rank(before) {
			t.Fatalf("%v %s became %v %s", before.Outcome, before.Reason, after.Outcome, after.Reason)
		}
	})
}

func drawIndex(t *rapid.T, n int) int { return uniform(t, n) }

func drawCredential(t *rapid.T, f *fixture) *credential.Credential {
	return f.p.Chain[drawIndex(t, len(f.p.Chain))].Credential
}

// TestGenerator measures that the cases are worth drawing.
func TestGenerator(t *testing.T) {
	const n = 600
	outcomes, codes, deep := map[Outcome]int{}, map[string]int{}, 0
	cases := rapid.Custom(drawCase)
	for seed := range n {
		f := cases.Example(seed)
		d := f.decide()
		outcomes[d.Outcome]++
		codes[string(d.Reason)]++
		if len(f.p.Chain) > 1 && rank(d) == 2 {
			deep++
		}
	}
	t.Logf("%v\n%v\npermitted below the root: %d", outcomes, codes, deep)
	for o, least := range map[Outcome]int{Deny: 120, StepUp: 12, Permit: 15, PermitWithObligations: 60} {
		if outcomes[o] < least {
			t.Errorf("%v: %d of %d", o, outcomes[o], n)
		}
	}
	if deep < 60 || len(codes) < 20 {
		t.Errorf("%d permitted below the root, %d reasons", deep, len(codes))
	}
}

// raises reports whether a link more raised the answer. M11 to M13 stand before M15, so that a
// link that adds a condition can turn condition.obligation_unsupported into a step-up; once it is
// met, the refusal is the same. No other refusal may turn into anything.
func raises(prefix, whole Decision) bool {
	if whole.Outcome == StepUp && slices.Contains(prefix.Reasons, reason.ConditionObligationUnsupported) {
		return false
	}
	return rank(whole) > rank(prefix)
}

func TestP1P2PrefixesAllowAtLeastAsMuch(t *testing.T) {
	property(t, func(t *rapid.T, f *fixture) {
		whole := f.decide()
		for n := 1; n < len(f.p.Chain); n++ {
			prefix := f.clone()
			prefix.p.Chain = prefix.p.Chain[:n]
			prefix.p.Presenter = prefix.leafCredential().Delegate.ID
			if d := prefix.decide(); raises(d, whole) {
				t.Fatalf("the chain: %v; its first %d: %v %s", whole.Outcome, n, d.Outcome, d.Reason)
			}
		}
	})
}

func TestP3LessGrantedNeverRaises(t *testing.T) {
	neverRaises(t, func(t *rapid.T, f *fixture) {
		i := drawIndex(t, len(f.p.Chain))
		c := f.p.Chain[i].Credential
		p := &c.Permissions[drawIndex(t, len(c.Permissions))]
		resource, action, category := oneOf(t, someResources()), oneOf(t, someActions()), oneOf(t, someCategories())
		if i > 0 && repairs(f.p.Chain[i-1].Credential, resource, action, category) {
			return
		}
		oneOf(t, []func(){
			func() { prohibit(c, resource, action) },
			func() { p.Constraint.Exclude = append(p.Constraint.Exclude, category) },
			func() {
				c.Permissions = slices.DeleteFunc(c.Permissions, func(q credential.Permission) bool { return q.ID == p.ID })
			},
			func() { c.Purposes = c.Purposes[1:] },
		})()
	})
}

// repairs reports whether a child that took over the prohibition or the exclusion from parent
// would only then be no broader than it.
func repairs(parent *credential.Credential, resource, action, category string) bool {
	return prohibitsLiterally(parent, resource, action) ||
		slices.ContainsFunc(parent.Permissions, func(p credential.Permission) bool {
			return slices.Contains(p.Constraint.Exclude, category)
		})
}

func TestP4BadStatusAndRestrictions(t *testing.T) {
	property(t, func(t *rapid.T, f *fixture) {
		bad := f.clone()
		link := bad.p.Chain[drawIndex(t, len(bad.p.Chain))].Name
		bad.w.Status[link] = Status{State: oneOf(t, []string{"revoked", "suspended", "unavailable", "", "VALID"})}
		if d := bad.decide(); rank(d) != 0 { // P5 as well: whichever link it is
			t.Fatalf("%s is bad and the answer is %v", link, d.Outcome)
		}
	})
	neverRaises(t, func(t *rapid.T, f *fixture) {
		f.w.Restrictions = append(f.w.Restrictions, Restriction{
			Principal: "alice", Delegate: oneOf(t, []string{"", "*", "bob", "member", "delegate1"}),
			Resource: oneOf(t, append(someResources(), "")),
		})
	})
}

func TestP6NarrowerAccreditationNeverRaises(t *testing.T) {
	neverRaises(t, func(t *rapid.T, f *fixture) {
		a := f.accreditation(drawIndex(t, len(f.w.Framework.Accreditations)))
		oneOf(t, []func(){
			func() { a.Resources = lessOf(t, a.Resources, someResources()) },
			func() { a.Actions = lessOf(t, a.Actions, someActions()) },
			func() { a.Controllers = lessOf(t, a.Controllers, []string{"gp"}) },
			func() { a.Purposes = lessOf(t, a.Purposes, []string{"family", "care"}) },
			func() { a.Relationships = lessOf(t, a.Relationships, []string{"adult"}) },
			func() { a.Jurisdictions = lessOf(t, a.Jurisdictions, []string{"GB-ENG"}) },
			func() { a.MaxRisk = riskName(max(0, ceilingRank(a.MaxRisk, "high")-1)) },
			func() { a.MinAssurance = "high" },
			func() { a.Types = a.Types[1:] },
			func() { a.Status = oneOf(t, []string{trustframework.Suspended, trustframework.Revoked}) },
			func() { a.Status, a.RetiredAt = trustframework.Retired, a.From },
			func() { a.Until = f.w.Now },
			func() { a.From = f.w.Now },
			func() { a.Mediates = false },
		})()
	})
}

func lessOf(t *rapid.T, list, all []string) []string {
	if list == nil || slices.Contains(list, "*") {
		list = all
	}
	return some(t, list, 60)
}

func TestP7HidingNeverHelps(t *testing.T) {
	neverRaises(t, func(t *rapid.T, f *fixture) {
		hide(t, f, &f.p.Chain[drawIndex(t, len(f.p.Chain))])
		if n := len(f.p.Supporting); n > 0 && chance(t, 40) {
			i := drawIndex(t, n)
			f.p.Supporting = slices.Delete(f.p.Supporting, i, i+1)
		}
	})
}

// hide shows less of l than before.
func hide(t *rapid.T, f *fixture, l *Link) {
	shown, limited := f.p.Disclosed[l.Name]
	if !limited {
		shown = ids(l.Credential)
	}
	f.p.Disclosed = maps.Clone(f.p.Disclosed)
	if f.p.Disclosed == nil {
		f.p.Disclosed = map[string][]string{}
	}
	f.p.Disclosed[l.Name] = some(t, shown, 60)
}

func TestP8OrderDoesNotMatter(t *testing.T) {
	property(t, func(t *rapid.T, f *fixture) {
		shuffled := f.clone()
		for i := range shuffled.p.Chain {
			c := shuffled.p.Chain[i].Credential
			c.Permissions = rapid.Permutation(c.Permissions).Draw(t, "permissions")
			for j := range c.Permissions {
				if len(c.Permissions[j].Actions) == 0 {
					continue
				}
				c.Permissions[j].Actions = rapid.Permutation(c.Permissions[j].Actions).Draw(t, "actions")
			}
		}
		a, b := f.decide(), shuffled.decide()
		if a.Outcome != b.Outcome || !slices.Equal(a.Obligations, b.Obligations) || !slices.Equal(a.NarrowTo, b.NarrowTo) {
			t.Fatalf("%v %q %q became %v %q %q", a.Outcome, a.Obligations, a.NarrowTo, b.Outcome, b.Obligations, b.NarrowTo)
		}
	})
}

// TestWhatAPermitMeans holds P9, P12, P14 and P15.
func TestWhatAPermitMeans(t *testing.T) {
	property(t, func(t *rapid.T, f *fixture) {
		f.w.Now = oneOf(t, []time.Time{f.w.Now, f.w.Now, f.root().ValidFrom, f.root().ValidUntil, f.root().ValidUntil.Add(-90 * time.Minute)})
		f.w.Framework.AsOf = f.w.Now
		d := f.decide()
		if rank(d) < 2 {
			return
		}
		for _, l := range f.p.Chain {
			c := l.Credential
			if f.w.Now.Before(c.ValidFrom) || !f.w.Now.Before(c.ValidUntil) {
				t.Fatalf("P9: permitted at %v, %s is valid from %v until %v", f.w.Now, l.Name, c.ValidFrom, c.ValidUntil)
			}
			if c.OnBehalfOf.ID != f.r.Principal {
				t.Fatalf("P14: %s is for %q", l.Name, c.OnBehalfOf.ID)
			}
		}
		if n := len(f.p.Chain); n > 1+f.root().Redelegation.MaxDepth || n > f.w.Framework.Limits.MaxChainLinks {
			t.Fatalf("P15: %d links", n)
		}
		if !d.Expires.After(f.w.Now) && d.StatusAge == 0 {
			t.Fatalf("permitted until %v", d.Expires)
		}
		for _, p := range f.leafCredential().Permissions {
			for _, q := range p.Constraint.Requires {
				if p.ID == d.Permission && !blocking(q) && !slices.Contains(d.Obligations, q) {
					t.Fatalf("P12: %q is required and not among %q", q, d.Obligations)
				}
			}
		}
	})
}

func TestP10Deterministic(t *testing.T) {
	property(t, func(t *rapid.T, f *fixture) {
		if diff := cmp.Diff(f.decide(), f.clone().decide()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestP11UnknownConstraintNeverRaises(t *testing.T) {
	neverRaises(t, func(t *rapid.T, f *fixture) {
		c := drawCredential(t, f)
		c.Permissions[drawIndex(t, len(c.Permissions))].Constraint.Void = true
	})
}

func TestP16UnrelatedCredentialsChangeNothing(t *testing.T) {
	property(t, func(t *rapid.T, f *fixture) {
		more := f.clone()
		more.support(credential.TypeIdentityBinding, "zed", "")
		more.support(credential.TypeWorkgroupMembership, "zed", f.leafCredential().Delegate.ID)
		more.support(credential.TypeWorkgroupMembership, f.p.Presenter, "another group")
		if diff := cmp.Diff(f.decide(), more.decide()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestP17Differential compares with an evaluator that meets permissions where Decide compares
// them: what Decide grants, the meet must grant.
func TestP17Differential(t *testing.T) {
	property(t, func(t *rapid.T, f *fixture) {
		strict, met := f.decide(), decideByMeet(f)
		if rank(strict) > rank(met) {
			t.Fatalf("strict %v %s, by meet %v %s", strict.Outcome, strict.Reason, met.Outcome, met.Reason)
		}
		for n := 1; n < len(f.p.Chain); n++ {
			prefix := f.clone()
			prefix.p.Chain = prefix.p.Chain[:n]
			prefix.p.Presenter = prefix.leafCredential().Delegate.ID
			if d := decideByMeet(prefix); raises(d, met) {
				t.Fatalf("by meet the chain: %v; its first %d: %v", met.Outcome, n, d.Outcome)
			}
		}
	})
}

func decideByMeet(f *fixture) Decision {
	e := evaluation{registry: registry{f.w.Framework, f.w.Now}, world: &f.w, shown: &f.p, asked: &f.r}
	for _, step := range steps() {
		if step(&e); len(e.found.codes) > 0 {
			return e.denial()
		}
	}
	e.gather()
	var eff []entry
	for i := range e.chain {
		var next []entry
		for j := range e.chain[i].permissions {
			p := &e.chain[i].permissions[j]
			if e.personallyVoid(i, p) != "" {
				continue
			}
			if i == 0 {
				next = append(next, entry{permission: p, risk: riskRank(p.Risk)})
			}
			for k := range eff {
				if m := meet(p, eff[k].permission); m != nil {
					next = append(next, entry{m, &eff[k], max(eff[k].risk, riskRank(p.Risk))})
				}
			}
		}
		eff = next
	}
	if d, hit := e.sweeps(eff); hit {
		return d
	}
	return e.choose(eff, nil)
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
	rapid.Check(t, func(t *rapid.T) {
		q := drawPermission(t, "q")
		p := drawPermission(t, "p")
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
	})
}

// TestCutIsTheLiteralCut compares the ceiling with §8.5 word for word.
func TestCutIsTheLiteralCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
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
			t.Fatalf("%s under %v: %v, by the literal cut %v", p.Resource, fmt.Sprint(literalCut(c.path)), got, want)
		}
	})
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
