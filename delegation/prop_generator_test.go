// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"maps"
	"slices"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/trustframework"
)

// measured is what was counted over many drawn cases.
type measured struct {
	outcomes  map[Outcome]int
	reasons   map[string]int
	permitted map[string]int // with the feature, and permitted
	relaxed   map[string]int // drawn
	caught    map[string]int // refused, for the reason of the relaxation
	deep      [5]int         // permitted, by the number of links
}

func measure(n int) measured {
	m := measured{map[Outcome]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, [5]int{}}
	r := &roll{}
	for seed := range n {
		r.seeded(uint64(seed), 1000)
		c := drawCase(r)
		d := c.decide()
		m.outcomes[d.Outcome]++
		m.reasons[string(d.Reason)]++
		if c.relaxed != nil {
			m.relaxed[c.relaxed.name]++
			if d.Reason == c.relaxed.code {
				m.caught[c.relaxed.name]++
			}
		}
		if rank(d) == 2 {
			m.deep[len(c.p.Chain)]++
			for _, name := range features(c) {
				m.permitted[name]++
			}
		}
	}
	return m
}

// features are the things in a case that a permit must be seen with.
func features(c drawnCase) []string {
	var all []string
	has := func(name string, there bool) {
		if there {
			all = append(all, name)
		}
	}
	for i, l := range c.p.Chain {
		cr := l.Credential
		has("agent", cr.Delegate.Kind == agent)
		has("workgroup", cr.Delegate.Kind == workgroup)
		has("mediator", i > 0 && cr.Issuer == "proxy")
		has("review due", !cr.ReviewBy.IsZero())
		has("prohibition", len(cr.Prohibitions) > 0)
	}
	leaf := c.leafCredential()
	for _, p := range leaf.Permissions {
		k := p.Constraint
		has("uses", k.MaxUses > 0 && c.r.UsesSoFar > 0)
		has("include", k.Include != nil)
		has("requires", len(k.Requires) > 0)
		has("void", k.Void)
	}
	has("self-issued", c.root().Issuer == "alice")
	has("two bindings", c.root().Issuer == "alice" && len(c.p.Supporting) > 1)
	has("hidden permission", c.p.Disclosed != nil)
	has("restriction elsewhere", len(c.w.Restrictions) > 0)
	has("controller's class", c.w.Framework.Controllers["gp"].Risk != nil)
	national := c.accreditation(0)
	has("several entries", len(c.w.Framework.Accreditations) > 2)
	has("retired accreditor", national.Status == trustframework.Retired)
	has("stopped accreditor, other way", national.Status != trustframework.Active && national.Status != trustframework.Retired && c.root().Issuer != "alice")
	has("longer path", c.accreditation(1).AccreditedBy == "regional")
	has("relaxation elsewhere", c.relaxed != nil)
	return all
}

// TestGenerator measures that the cases are worth drawing: the numbers are of 10,000 fixed seeds and
// change only with the generator or the decision.
func TestGenerator(t *testing.T) {
	m := measure(10_000)
	t.Logf("outcomes %v", m.outcomes)
	t.Logf("permitted by links %v", m.deep[1:])
	t.Logf("reasons %v", m.reasons)
	t.Logf("permitted with %v", m.permitted)
	t.Logf("relaxed %v", m.relaxed)
	t.Logf("refused for the relaxation %v", m.caught)
	for o, least := range map[Outcome]int{Deny: 2500, RequestPermission: 200, StepUp: 300, PermitWithObligations: 1500, Permit: 500} {
		if m.outcomes[o] < least {
			t.Errorf("%v: %d", o, m.outcomes[o])
		}
	}
	for links, least := range map[int]int{1: 1000, 2: 500, 3: 300, 4: 15} {
		if m.deep[links] < least {
			t.Errorf("%d links: %d permitted", links, m.deep[links])
		}
	}
	if len(m.reasons) < 35 {
		t.Errorf("%d reasons: %v", len(m.reasons), slices.Sorted(maps.Keys(m.reasons)))
	}
	for _, r := range relaxations() {
		if m.relaxed[r.name] < 80 || m.caught[r.name] < 30 {
			t.Errorf("%s: relaxed %d times, refused for it %d times", r.name, m.relaxed[r.name], m.caught[r.name])
		}
	}
	for _, name := range []string{
		"agent", "workgroup", "mediator", "review due", "prohibition", "uses", "include", "requires", "void",
		"self-issued", "two bindings", "hidden permission", "restriction elsewhere", "controller's class",
		"several entries", "retired accreditor", "stopped accreditor, other way", "longer path", "relaxation elsewhere",
	} {
		if m.permitted[name] < 20 {
			t.Errorf("%s: %d permitted", name, m.permitted[name])
		}
	}
}

// TestRelaxationsRelax shows that each relaxation is one: the child is broader than its parent in
// what the relaxation names, and was not before.
func TestRelaxationsRelax(t *testing.T) {
	for _, r := range relaxations() {
		f := one()
		a := f.root()
		a.Permissions = []credential.Permission{{ID: "p", Resource: "a/b", Actions: []string{"view", "book"}, Risk: routine}}
		if r.limit != nil {
			r.limit(a, &a.Permissions[0])
		}
		c := narrower(a, "carol")
		c.ID = "link1"
		if codes := CheckChild(a, c); len(codes) > 0 {
			t.Errorf("%s: before it %v", r.name, codes)
		}
		r.relax(c, a, &c.Permissions[0])
		if codes := CheckChild(a, c); !slices.Contains(codes, r.code) {
			t.Errorf("%s: %v, want %s", r.name, codes, r.code)
		}
	}
}
