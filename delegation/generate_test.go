// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"
	"strconv"
	"time"

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

// member is who presents for a workgroup.
const member = "member"

// drawnCase is a fixture with what is known of how it was made.
type drawnCase struct {
	*fixture
	relaxed *relaxation // nil: no link is broader than the one above it by design
	refused bool        // the relaxation leaves nothing that could be granted
}

// drawCase draws a world in which a chain of one to four links is asked about: the root free,
// each child a narrowing of its parent, and at most one dimension of one child relaxed.
func drawCase(t dice) drawnCase { return drawRelaxed(t, 45) }

// drawChain is drawCase with the percentage of chains that have a relaxation.
func drawChain(t dice, relaxed int) *fixture { return drawRelaxed(t, relaxed).fixture }

func drawRelaxed(t dice, percent int) drawnCase {
	n := 1 + uniform(t, 3)
	if chance(t, 6) {
		n = 4
	}
	c := drawnCase{fixture: one()}
	if n > 1 && chance(t, percent) {
		all := relaxations()
		c.relaxed = &all[uniform(t, len(all))]
	}
	drawFramework(t, c.fixture)
	drawRoot(t, c.fixture, n)
	c.limitRoot()
	at := 0
	if c.relaxed != nil {
		at = 1 + uniform(t, n-1)
	}
	for i := 1; i < n; i++ {
		child := narrowed(t, c.leafCredential(), "delegate"+strconv.Itoa(i))
		drawLink(t, c.fixture, child)
		if i == at {
			c.relax(t, child)
		}
		c.push(child)
	}
	drawWorld(t, c.fixture)
	drawRequest(t, c.fixture)
	if c.relaxed != nil && c.relaxed.exploit != nil && chance(t, 60) {
		c.relaxed.exploit(&c.r)
	}
	return c
}

func (c *drawnCase) limitRoot() {
	if c.relaxed == nil || c.relaxed.limit == nil {
		return
	}
	root := c.root()
	for i := range root.Permissions {
		c.relaxed.limit(root, &root.Permissions[i])
	}
}

// relax widens child. Where it is left with the one permission, nothing of it can be granted,
// because all permissions of the root have the limit.
func (c *drawnCase) relax(t dice, child *credential.Credential) {
	a := c.leafCredential()
	c.relaxed.relax(child, a, &child.Permissions[0])
	wholeLink := c.relaxed.limit == nil || len(a.Prohibitions) > len(child.Prohibitions)
	if !wholeLink && chance(t, 60) {
		child.Permissions = child.Permissions[:1]
	}
	c.refused = wholeLink || len(child.Permissions) == 1
}

func drawFramework(t dice, f *fixture) {
	limits := &f.w.Framework.Limits
	limits.MaxChainLinks = 4
	if chance(t, 8) {
		limits.MaxChainLinks = 2 + uniform(t, 2)
	}
	f.relationship(func(r *trustframework.Relationship) {
		r.MaxRedelegation = 3
		r.MandatoryRequires = someOrNil(t, someRequires()[:3], 8)
		if chance(t, 8) {
			r.MaxRisk = oneOf(t, someClasses())
		}
	})
	for i := range f.w.Framework.Accreditations {
		drawAccreditation(t, f.accreditation(i))
	}
	drawPaths(t, f)
	drawPolicy(t, f)
}

func drawAccreditation(t dice, a *trustframework.Accreditation) {
	a.Resources, a.Actions, a.Purposes, a.MinAssurance = nil, nil, nil, ""
	if chance(t, 12) {
		a.Resources = some(t, someResources(), 85)
	}
	if chance(t, 10) {
		a.Actions = some(t, someActions(), 90)
	}
	if chance(t, 6) {
		a.MaxRisk = oneOf(t, someClasses())
	}
	if chance(t, 8) {
		a.MinAssurance = oneOf(t, someLevels())
	}
}

// drawPaths gives the issuer further ways to an anchor, and bad ones. An entry that stands later is
// never broader than one before it that it could take the place of: with a broader one, E3 (the
// first that passes is taken) lets a narrower first entry raise the answer, and P6 asks for one
// entry per issuer and type.
func drawPaths(t dice, f *fixture) {
	fw := f.w.Framework
	national, proxy := fw.Accreditations[0], fw.Accreditations[1]
	stopped := oneOf(t, []string{trustframework.Suspended, trustframework.Revoked})
	switch uniform(t, 14) {
	case 13: // a way that is cut, before the good one
		proxy.Status = stopped
		fw.Accreditations = []trustframework.Accreditation{national, proxy, fw.Accreditations[1]}
	case 12: // retired before or after the root was issued, before the good one
		proxy.Status, proxy.RetiredAt = trustframework.Retired, at(oneOf(t, []string{"2026-05-01T00:00:00Z", "2026-08-01T00:00:00Z"}))
		fw.Accreditations = []trustframework.Accreditation{national, proxy, fw.Accreditations[1]}
	case 11: // a second one, narrower
		proxy.Resources, proxy.Actions = some(t, someResources(), 70), some(t, someActions(), 70)
		if main := &fw.Accreditations[1]; main.Resources != nil || main.Actions != nil {
			proxy.Resources, proxy.Actions = main.Resources, main.Actions
		}
		fw.Accreditations = append(fw.Accreditations, proxy)
	case 10: // the accreditor is stopped, and has a second entry
		fw.Accreditations[0].Status = stopped
		fw.Accreditations = append(fw.Accreditations, national)
	case 9: // the accreditor was retired after or before it accredited
		fw.Accreditations[0].Status = trustframework.Retired
		fw.Accreditations[0].RetiredAt = at(oneOf(t, []string{"2025-09-01T00:00:00Z", "2025-09-01T00:00:00Z", "2025-03-01T00:00:00Z"}))
	case 8: // one more between the two
		regional := national
		regional.Issuer, regional.AccreditedBy = "regional", "national"
		fw.Accreditations[1].AccreditedBy = "regional"
		fw.Accreditations = append(fw.Accreditations, regional)
		fw.Limits.MaxAccreditationPath = oneOf(t, []int{4, 4, 3, 2})
	case 7:
		if chance(t, 40) {
			fw.Accreditations[uniform(t, 2)].Status = stopped
		}
	}
}

// drawPolicy draws a policy that asks for more at a higher risk. P1, P2 and P17 need that: a link can
// raise the risk, and a class of risk that asked for less would be reached by passing on.
func drawPolicy(t dice, f *fixture) {
	f.policy(func(p *trustframework.ControllerPolicy) {
		p.Proxyable, p.NotProxyable, p.Requestable = []string{"*"}, nil, someOrNil(t, someResources(), 30)
		if chance(t, 10) {
			p.Proxyable, p.NotProxyable = someResources()[:4], []string{"a/d"}
		}
		p.Risk = nil
		if chance(t, 35) {
			p.Risk = map[string]string{oneOf(t, someResources()): oneOf(t, someClasses())}
		}
		p.ByRisk = make(map[string]trustframework.RiskPolicy, 3)
		var required []string // by a class all that the classes below it require
		floor := 0
		for i, c := range someClasses() {
			required = slices.Concat(required, someOrNil(t, someRequires()[:4], 6))
			if chance(t, 6) {
				floor = max(floor, uniform(t, 3))
			}
			p.ByRisk[c] = trustframework.RiskPolicy{StatusMaxAge: int64(3600 >> i), Requires: required, MinAssurance: assuranceName(floor)}
		}
		p.Agent = trustframework.AgentPolicy{MaxRisk: oneOf(t, someClasses()), Requires: someOrNil(t, someRequires()[:3], 15)}
	})
	f.w.Framework.Controllers["other"] = f.w.Framework.Controllers["gp"]
}

func drawRoot(t dice, f *fixture, links int) {
	c := f.root()
	c.Permissions = make([]credential.Permission, 0, 4)
	for i := range 1 + uniform(t, 4) {
		c.Permissions = append(c.Permissions, drawPermission(t, "p"+strconv.Itoa(i)))
	}
	c.Redelegation.MaxDepth = uniform(t, 4)
	if c.Redelegation.MaxDepth < links-1 && chance(t, 92) {
		c.Redelegation.MaxDepth = links - 1
	}
	c.Purposes = []string{"family", "care"}
	if chance(t, 8) {
		c.Assurance = oneOf(t, []*credential.Assurance{nil, {Principal: "high", Delegate: "substantial"}, {Principal: "low", Delegate: "high"}})
	}
	drawLink(t, f, c)
	if chance(t, 15) {
		c.Issuer = "alice"
		for range 1 + uniform(t, 2) {
			f.support(credential.TypeIdentityBinding, "alice", "")
			f.w.Status[f.p.Supporting[len(f.p.Supporting)-1].Name] = Status{State: "valid", Age: drawAge(t)}
		}
	}
}

func drawPermission(t dice, id string) credential.Permission {
	p := credential.Permission{ID: id, Resource: oneOf(t, someResources()), Actions: some(t, someActions(), 75)}
	p.Risk = oneOf(t, []string{"routine", "routine", "routine", "sensitive", "high"})
	c := &p.Constraint
	if chance(t, 25) {
		c.DateFrom = oneOf(t, someDates()[:2])
	}
	if chance(t, 25) {
		c.DateTo = oneOf(t, someDates()[2:])
	}
	if chance(t, 30) {
		c.Exclude = someOrNil(t, someCategories(), 50)
	}
	if chance(t, 15) {
		c.Include = append(some(t, someCategories()[1:], 50), "c1")
	}
	if chance(t, 20) {
		c.MinAssurance = oneOf(t, someLevels())
	}
	if chance(t, 35) {
		c.Requires = someOrNil(t, someRequires(), 20)
	}
	if chance(t, 15) {
		c.MaxUses = 1 + uniform(t, 3)
	}
	c.Void = chance(t, 3)
	return p
}

// narrowed is a link below c that Decide accepts: c passed on, with less of some of it. The first
// permission of c always has a successor, which is the first of the link.
func narrowed(t dice, c *credential.Credential, to string) *credential.Credential {
	n := narrower(c, to)
	kept := make([]credential.Permission, 0, 8)
	for i, p := range n.Permissions {
		copies := uniform(t, 3)
		if i == 0 {
			copies = max(1, copies)
		}
		for range copies {
			q := narrowPermission(t, p)
			q.ID = to + "-" + strconv.Itoa(len(kept))
			kept = append(kept, q)
		}
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

func narrowPermission(t dice, p credential.Permission) credential.Permission {
	p.Actions = slices.Clone(p.Actions)
	c := &p.Constraint
	if chance(t, 12) {
		p.Resource += "/b"
	}
	if len(p.Actions) > 1 && chance(t, 12) {
		p.Actions = p.Actions[:1]
	}
	if chance(t, 10) {
		c.DateFrom = max(c.DateFrom, "2024-01-01")
	}
	if chance(t, 10) && !slices.Contains(c.Exclude, "c3") {
		c.Exclude = slices.Concat(c.Exclude, []string{"c3"})
	}
	if len(c.Include) > 1 && chance(t, 10) {
		c.Include = c.Include[len(c.Include)-1:]
	}
	if chance(t, 10) {
		c.Requires = slices.Concat(c.Requires, []string{oneOf(t, someRequires()[:4])})
	}
	if chance(t, 10) {
		c.MaxUses = 1
	}
	if chance(t, 20) {
		p.Risk = oneOf(t, someClasses())
	}
	return p
}

// drawLink draws what a link has beside its permissions.
func drawLink(t dice, f *fixture, c *credential.Credential) {
	child := c != f.root()
	switch uniform(t, 100) {
	case 99, 98, 97, 96, 95, 94, 93, 92:
		c.Delegate.Kind = agent
	case 91, 90, 89, 88:
		c.Delegate.Kind = workgroup
	case 87, 86, 85, 84, 83, 82, 81, 80:
		if child {
			c.Issuer = "proxy" // signs as mediator
		}
	}
	if child && chance(t, 5) {
		c.Redelegation.Kinds = []string{person, agent}
	}
	if chance(t, 5) {
		prohibit(c, oneOf(t, someResources()), oneOf(t, someActions()))
	}
	switch uniform(t, 12) {
	case 11:
		c.ReviewBy = f.w.Now.Add(-time.Hour)
	case 10:
		c.ReviewBy = f.w.Now.Add(time.Hour)
	}
}

// presenterFor is who presents a chain that ends in c.
func presenterFor(c *credential.Credential) string {
	if c.Delegate.Kind == workgroup {
		return member
	}
	return c.Delegate.ID
}

func drawWorld(t dice, f *fixture) {
	leaf := f.leafCredential()
	if leaf.Delegate.Kind == person && chance(t, 8) {
		leaf.Delegate.Kind = workgroup
	}
	for i := range f.p.Chain {
		if c := f.p.Chain[i].Credential; c.Delegate.Kind == workgroup {
			f.support(credential.TypeWorkgroupMembership, member, c.Delegate.ID)
		}
	}
	// Two memberships of the leaf's group, of different age; those of a group above it stay fresh,
	// as P1 speaks of a delegate who can present.
	f.p.Presenter = presenterFor(leaf)
	for i := range f.p.Chain {
		f.w.Status[f.p.Chain[i].Name] = Status{State: "valid", Age: drawAge(t)}
	}
	if leaf.Delegate.Kind == workgroup && chance(t, 50) {
		last := f.p.Supporting[len(f.p.Supporting)-1].Name
		f.w.Status[last] = Status{State: "valid", Age: drawAge(t)}
		if chance(t, 50) {
			f.support(credential.TypeWorkgroupMembership, member, leaf.Delegate.ID)
		}
	}
	if chance(t, 5) {
		l := f.p.Chain[uniform(t, len(f.p.Chain))]
		f.w.Status[l.Name] = Status{State: oneOf(t, []string{"", "revoked", "suspended", "unavailable"})}
	}
	if chance(t, 15) {
		l := f.p.Chain[uniform(t, len(f.p.Chain))]
		f.p.Disclosed = map[string][]string{l.Name: some(t, ids(l.Credential), 70)}
	}
	if chance(t, 4) {
		f.w.Restrictions = []Restriction{{Principal: "alice", Delegate: oneOf(t, []string{"", "*", "bob", "eve"}), Resource: oneOf(t, []string{"", "a", "e"})}}
	}
}

func drawAge(t dice) time.Duration {
	return time.Duration(5*uniform(t, 200)) * time.Second
}

func ids(c *credential.Credential) []string {
	all := make([]string, 0, len(c.Permissions))
	for i := range c.Permissions {
		all = append(all, c.Permissions[i].ID)
	}
	return all
}

// drawRequest asks about a permission of the leaf, or nearly.
func drawRequest(t dice, f *fixture) {
	leaf := f.leafCredential().Permissions
	p := &leaf[0]
	if chance(t, 40) {
		p = &leaf[uniform(t, len(leaf))]
	}
	r := &f.r
	r.Resource, r.Purpose = p.Resource, oneOf(t, []string{"family", "family", "care"})
	switch uniform(t, 8) {
	case 7:
		r.Resource += "/x"
	case 6:
		r.Resource = above(r.Resource)
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
	r.Assurance = oneOf(t, []string{"high", "high", "high", "substantial", "low"})
	r.Satisfied = some(t, []string{"confirm", "human-approval"}, 70)
	r.UsesSoFar = oneOf(t, []int{0, 0, 0, 1, 2, 3})
	if chance(t, 60) {
		r.SupportedObligations = append(DefaultObligations(), "dance")
	}
	if chance(t, 10) {
		r.Jurisdiction = ""
	}
}

// above cuts the last segment of a resource, if there are two.
func above(r string) string {
	for i := len(r) - 1; i > 0; i-- {
		if r[i] == '/' {
			return r[:i]
		}
	}
	return r
}
