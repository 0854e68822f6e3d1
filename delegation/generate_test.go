// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"fmt"
	"math/bits"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/trustframework"
)

// The vocabulary is small on purpose: what is drawn twice should often be related.
func someResources() []string { return []string{"a", "a/b", "a/b/c", "a/d", "e"} }
func someActions() []string   { return []string{"view", "book", "cancel"} }
func someClasses() []string   { return []string{"routine", "sensitive", "high"} }
func someLevels() []string    { return []string{"low", "substantial", "high"} }
func someDates() []string {
	return []string{"2023-01-01", "2024-01-01", "2025-01-01", "2026-01-01"}
}
func someCategories() []string { return []string{"c1", "c2", "c3"} }
func someRequires() []string {
	return []string{"notify:principal", "audit:enhanced", "warn:x", "confirm", "human-approval", "step-up:substantial", "step-up:high", "dance"}
}

// uniform draws from 0 to n-1, all alike: the integers of rapid prefer small values, which would
// make rare what should be common. It shrinks to 0.
func uniform(t *rapid.T, n int) int {
	return rapid.Custom(func(t *rapid.T) int {
		v := 0
		for range bits.Len(uint(n-1)) + 3 {
			v <<= 1
			if rapid.Bool().Draw(t, "bit") {
				v++
			}
		}
		return v % n
	}).Draw(t, "choice")
}

// chance is true with the percentage, and shrinks to false.
func chance(t *rapid.T, percent int) bool { return uniform(t, 100) >= 100-percent }

func oneOf[T any](t *rapid.T, of []T) T { return of[uniform(t, len(of))] }

// some draws a subset in the order of of; each entry is in it with the percentage.
func some(t *rapid.T, of []string, percent int) []string {
	kept := []string{}
	for _, s := range of {
		if chance(t, percent) {
			kept = append(kept, s)
		}
	}
	return kept
}

func someOrNil(t *rapid.T, of []string, percent int) []string {
	if s := some(t, of, percent); len(s) > 0 {
		return s
	}
	return nil
}

// drawCase draws a world in which a chain of one to three links is asked about: the root free,
// each child a narrowing of its parent, and then at most a few relaxations of one dimension.
func drawCase(t *rapid.T) *fixture { return drawChain(t, 30) }

// drawChain is drawCase with the percentage of chains that have a relaxation.
func drawChain(t *rapid.T, relaxed int) *fixture {
	n := 1 + uniform(t, 3)
	f := one()
	drawFramework(t, f)
	root := f.root()
	root.Permissions = nil
	for i := range 1 + uniform(t, 4) {
		root.Permissions = append(root.Permissions, drawPermission(t, fmt.Sprintf("p%d", i)))
	}
	drawLink(t, f, root)
	for i := 1; i < n; i++ {
		c := narrowed(t, f.leafCredential(), fmt.Sprintf("delegate%d", i))
		drawLink(t, f, c)
		f.push(c)
	}
	if n > 1 && chance(t, relaxed) {
		relax(t, f)
	}
	drawWorld(t, f)
	drawRequest(t, f)
	return f
}

func drawFramework(t *rapid.T, f *fixture) {
	f.w.Framework.Limits.MaxChainLinks = 2 + uniform(t, 3)
	if chance(t, 70) {
		f.w.Framework.Limits.MaxChainLinks = 4
	}
	f.relationship(func(r *trustframework.Relationship) {
		r.MaxRedelegation = 3
		r.MandatoryRequires = someOrNil(t, someRequires()[:3], 10)
		if chance(t, 10) {
			r.MaxRisk = oneOf(t, someClasses())
		}
	})
	for i := range f.w.Framework.Accreditations {
		a := f.accreditation(i)
		a.Resources, a.Actions, a.MinAssurance = nil, nil, ""
		if chance(t, 15) {
			a.Resources = some(t, someResources(), 85)
		}
		if chance(t, 20) {
			a.Actions = some(t, someActions(), 90)
		}
		if chance(t, 15) {
			a.MaxRisk = oneOf(t, someClasses())
		}
	}
	f.policy(func(p *trustframework.ControllerPolicy) {
		p.Proxyable, p.NotProxyable, p.Requestable = []string{"*"}, nil, someOrNil(t, someResources(), 30)
		if chance(t, 10) {
			p.Proxyable, p.NotProxyable = someResources()[:4], []string{"a/d"}
		}
		p.Risk = map[string]string{}
		for _, r := range some(t, someResources(), 15) {
			p.Risk[r] = oneOf(t, someClasses())
		}
		p.ByRisk = map[string]trustframework.RiskPolicy{}
		var required []string // by a class all that the classes below it require, or risk would relax
		for i, c := range someClasses() {
			required = append(slices.Clone(required), some(t, someRequires()[:4], 8)...)
			p.ByRisk[c] = trustframework.RiskPolicy{StatusMaxAge: int64(3600 >> i), Requires: required}
		}
		p.Agent = trustframework.AgentPolicy{MaxRisk: oneOf(t, someClasses()), Requires: someOrNil(t, someRequires()[:3], 15)}
	})
}

func drawPermission(t *rapid.T, id string) credential.Permission {
	p := credential.Permission{ID: id, Resource: oneOf(t, someResources()), Actions: some(t, someActions(), 75), Risk: oneOf(t, append(someClasses(), "routine", "routine"))}
	c := &p.Constraint
	if chance(t, 25) {
		c.DateFrom = oneOf(t, someDates()[:2])
	}
	if chance(t, 25) {
		c.DateTo = oneOf(t, someDates()[2:])
	}
	c.Exclude = someOrNil(t, someCategories(), 15)
	if chance(t, 15) {
		c.Include = append(some(t, someCategories()[1:], 50), "c1")
	}
	if chance(t, 20) {
		c.MinAssurance = oneOf(t, someLevels())
	}
	c.Requires = someOrNil(t, someRequires(), 8)
	if chance(t, 15) {
		c.MaxUses = 1 + uniform(t, 3)
	}
	c.Void = chance(t, 4)
	return p
}

// narrowed is a link below c that Decide accepts: c passed on, with less of some of it.
func narrowed(t *rapid.T, c *credential.Credential, to string) *credential.Credential {
	n := narrower(c, to)
	var kept []credential.Permission
	for _, p := range n.Permissions {
		for range uniform(t, 3) {
			q := narrowPermission(t, p)
			q.ID = fmt.Sprintf("%s-%d", to, len(kept))
			kept = append(kept, q)
		}
	}
	if len(kept) == 0 {
		kept = []credential.Permission{n.Permissions[0]}
	}
	if chance(t, 10) {
		kept = append(kept, drawPermission(t, to+"-free"))
	}
	n.Permissions = kept
	if chance(t, 20) {
		n.ValidFrom, n.ValidUntil = n.ValidFrom.Add(time.Hour), n.ValidUntil.Add(-time.Hour)
	}
	return n
}

func narrowPermission(t *rapid.T, p credential.Permission) credential.Permission {
	q := clone(&credential.Credential{Permissions: []credential.Permission{p}}).Permissions[0]
	c := &q.Constraint
	if chance(t, 15) {
		q.Resource += "/b"
	}
	if chance(t, 15) && len(q.Actions) > 1 {
		q.Actions = q.Actions[:1]
	}
	if chance(t, 10) {
		c.DateFrom = later(c.DateFrom, "2024-01-01")
	}
	if chance(t, 10) && !slices.Contains(c.Exclude, "c3") {
		c.Exclude = append(c.Exclude, "c3")
	}
	if chance(t, 10) && len(c.Include) > 1 {
		c.Include = c.Include[:1]
	}
	if chance(t, 10) {
		c.Requires = append(c.Requires, oneOf(t, someRequires()[:3]))
	}
	if chance(t, 10) && c.MaxUses != 1 {
		c.MaxUses = 1
	}
	q.Risk = oneOf(t, someClasses())
	return q
}

func later(a, b string) string { return max(a, b) }

// drawLink draws what a link has beside its permissions.
func drawLink(t *rapid.T, f *fixture, c *credential.Credential) {
	if len(f.p.Chain) == 1 && c == f.root() {
		c.Redelegation.MaxDepth = uniform(t, 4)
		if c.Redelegation.MaxDepth < 2 && chance(t, 90) {
			c.Redelegation.MaxDepth = 2
		}
		c.Purposes = []string{"family", "care"}
		f.accreditation(1).Purposes = nil
	}
	if chance(t, 10) {
		c.Delegate.Kind = "agent"
	}
	if chance(t, 6) {
		prohibit(c, oneOf(t, someResources()), oneOf(t, someActions()))
	}
	switch uniform(t, 10) {
	case 0:
		c.ReviewBy = f.w.Now.Add(-time.Hour)
	case 1:
		c.ReviewBy = f.w.Now.Add(time.Hour)
	}
}

// relax widens one dimension of one child.
func relax(t *rapid.T, f *fixture) {
	c := f.p.Chain[1+uniform(t, len(f.p.Chain)-1)].Credential
	p := &c.Permissions[uniform(t, len(c.Permissions))]
	k := &p.Constraint
	oneOf(t, []func(){
		func() { p.Actions = someActions() },
		func() { p.Resource, _, _ = cutLast(p.Resource) },
		func() { k.DateFrom = "" },
		func() { k.DateTo = "" },
		func() { k.Exclude = nil },
		func() { k.Include = nil },
		func() { k.MinAssurance = "" },
		func() { k.Requires = nil },
		func() { k.MaxUses = 0 },
		func() { c.Purposes = append(c.Purposes, "research") },
		func() { c.Controllers = append(c.Controllers, "other") },
		func() { c.Jurisdiction = append(c.Jurisdiction, "GB-WLS") },
		func() { c.ValidUntil = c.ValidUntil.Add(2 * time.Hour) },
		func() { c.Redelegation.Kinds = append(c.Redelegation.Kinds, "organisation") },
		func() { c.Redelegation.MaxDepth = 3 },
		func() { c.Prohibitions = []credential.Prohibition{} },
		func() { c.OnBehalfOf.ID = "dave" },
	})()
}

// cutLast cuts the last segment of a resource, if there are two.
func cutLast(r string) (above, last string, ok bool) {
	for i := len(r) - 1; i > 0; i-- {
		if r[i] == '/' {
			return r[:i], r[i+1:], true
		}
	}
	return r, "", false
}

func drawWorld(t *rapid.T, f *fixture) {
	if chance(t, 15) {
		f.root().Issuer = "alice"
		f.support(credential.TypeIdentityBinding, "alice", "")
	}
	if chance(t, 10) {
		f.leafCredential().Delegate.Kind = "workgroup"
		f.support(credential.TypeWorkgroupMembership, "member", f.leafCredential().Delegate.ID)
		if chance(t, 50) {
			f.support(credential.TypeWorkgroupMembership, "member", f.leafCredential().Delegate.ID)
		}
		f.p.Presenter = "member"
	}
	for name := range f.w.Status {
		f.w.Status[name] = Status{State: "valid", Age: time.Duration(uniform(t, 1000)) * time.Second}
	}
	if chance(t, 5) {
		f.w.Status["link0"] = Status{State: oneOf(t, []string{"", "revoked", "suspended", "unavailable"})}
	}
	if chance(t, 15) {
		l := f.p.Chain[uniform(t, len(f.p.Chain))]
		f.p.Disclosed = map[string][]string{l.Name: some(t, ids(l.Credential), 70)}
	}
	if chance(t, 4) {
		f.w.Restrictions = []Restriction{{Principal: "alice", Delegate: oneOf(t, []string{"", "*", "bob", "eve"}), Resource: oneOf(t, []string{"", "a", "e"})}}
	}
}

func ids(c *credential.Credential) []string {
	var all []string
	for i := range c.Permissions {
		all = append(all, c.Permissions[i].ID)
	}
	return all
}

// drawRequest asks about a permission of the leaf, or nearly.
func drawRequest(t *rapid.T, f *fixture) {
	p := oneOf(t, f.leafCredential().Permissions)
	r := &f.r
	r.Resource, r.Purpose = p.Resource, oneOf(t, []string{"family", "family", "care"})
	switch uniform(t, 6) {
	case 4:
		r.Resource += "/x"
	case 5:
		r.Resource, _, _ = cutLast(r.Resource)
	}
	r.Action = oneOf(t, append(slices.Clone(p.Actions), "view"))
	r.Categories = nil
	if chance(t, 60) {
		r.Categories = some(t, someCategories(), 20)
	}
	if chance(t, 25) {
		from := uniform(t, 4)
		r.Window = &Window{someDates()[from], someDates()[from+uniform(t, 4-from)]}
	}
	r.Assurance = oneOf(t, append(someLevels(), "high", "high"))
	r.Satisfied = some(t, []string{"confirm", "human-approval"}, 60)
	r.UsesSoFar = oneOf(t, []int{0, 0, 0, 1, 2, 3})
	if chance(t, 50) {
		r.SupportedObligations = append(DefaultObligations(), "dance")
	}
}
