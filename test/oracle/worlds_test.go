// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/trustframework"
)

// question is one generated case.
type question struct {
	World        delegation.World
	Presentation delegation.Presentation
	Request      delegation.Request
}

// The vocabularies, small so that things meet. a-b looks like a child of a and is none.
var (
	paths         = []string{"a", "a/x", "a/x/1", "a/y", "a-b", "a-b/x", "b", "b/z"}
	actions       = []string{"view", "book", "request"}
	dates         = []string{"2020-01-01", "2022-06-15", "2024-02-29", "2026-01-01"}
	categories    = []string{"c1", "c2", "c3"}
	requirements  = []string{"notify:principal", "warn:x", "audit:enhanced", "own:thing", "confirm", "human-approval", "step-up:low", "step-up:substantial", "step-up:high"}
	risks         = []string{"routine", "sensitive", "high"}
	purposes      = []string{"care", "family", "research"}
	controllers   = []string{"ctrl-1", "ctrl-2"}
	jurisdictions = []string{"GB-ENG", "GB-SCT"}
	relationships = []string{"adult", "child", "best", "staff", "mandate"}
	bases         = []string{"consent", "parental-responsibility", "best-interest", "direct-care"}
	parties       = []string{"bob", "carol", "dave", "erin"}
	ages          = []time.Duration{0, 0, 0, time.Minute, 300 * time.Second, 301 * time.Second, time.Hour, time.Hour + time.Second, 24 * time.Hour, 24*time.Hour + time.Second}
	now           = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

const day = 24 * time.Hour

// gen makes questions out of one source of chance.
type gen struct {
	*rand.Rand
	constraints map[string]credential.Constraint // what was parsed before, by its JSON
}

func (g *gen) chance(percent int) bool { return g.IntN(100) < percent }

func pick[E any](g *gen, from []E) E { return from[g.IntN(len(from))] }

// some returns each item with the given chance, in order; never nil.
func some[E any](g *gen, from []E, percent int) []E {
	out := make([]E, 0, len(from))
	for _, e := range from {
		if g.chance(percent) {
			out = append(out, e)
		}
	}
	return out
}

// with returns a random superset of needed.
func with(g *gen, from []string, needed ...string) []string {
	return add(slices.Clone(needed), some(g, from, 40)...)
}

// question makes one case: a world and a chain that fit, then in most cases one or more faults.
func (g *gen) question() *question {
	q := &question{}
	q.World = delegation.World{Now: now, Status: map[string]delegation.Status{}}
	rel := pick(g, relationships)
	q.Request = delegation.Request{Principal: "alice", Purpose: "care", Controller: "ctrl-1"}
	g.framework(q, rel)
	g.chain(q, rel)
	g.request(q)
	g.supporting(q)
	g.statuses(q)
	g.restrictions(q)
	for g.chance(45) {
		pick(g, faults)(g, q)
	}
	g.unreadable(q)
	return q
}

// unreadable makes a link one of which nothing could be read.
func (g *gen) unreadable(q *question) {
	if len(q.Presentation.Chain) > 0 && g.chance(1) {
		l := g.link(q)
		l.Credential, l.Fault = nil, "credential.schema_invalid"
	}
}

func (g *gen) framework(q *question, rel string) {
	f := &trustframework.Framework{
		ID: "tf:oracle", AsOf: now.Add(-time.Duration(g.IntN(600)) * time.Second), MaxAgeSeconds: 600,
		Anchors: []string{"anchor"}, Limits: trustframework.Limits{MaxChainLinks: 4, MaxAccreditationPath: 4},
		Relationships: map[string]trustframework.Relationship{
			"adult":   {LegalBases: []string{"consent"}, MaxRedelegation: 3, MaxValidityDays: 730, SelfIssue: true},
			"child":   {LegalBases: []string{"parental-responsibility", "consent"}, MaxRedelegation: 2, MaxValidityDays: 4018, TransitionRequired: true},
			"best":    {LegalBases: []string{"best-interest"}, MaxRedelegation: 1, MaxValidityDays: 366, ReviewRequired: true},
			"staff":   {LegalBases: []string{"direct-care"}, MaxRedelegation: 2, DelegateKinds: []string{"workgroup", "person", "organisation"}, SeparationOfDuties: true},
			"mandate": {LegalBases: []string{"consent"}, MaxRedelegation: 1, MaxValidityDays: 1, SelfIssue: true, DelegateKinds: []string{"agent"}, MaxRisk: "sensitive"},
		},
		Controllers: map[string]trustframework.ControllerPolicy{"ctrl-1": g.policy()},
	}
	if g.chance(15) {
		r := f.Relationships[rel]
		r.MandatoryRequires = some(g, requirements, 15)
		if g.chance(30) {
			r.MaxRisk = pick(g, risks)
		}
		f.Relationships[rel] = r
	}
	q.World.Framework = f
	g.accreditations(f)
}

func (g *gen) policy() trustframework.ControllerPolicy {
	p := trustframework.ControllerPolicy{
		Proxyable: []string{"*"}, Requestable: some(g, paths, 25), Risk: map[string]string{},
		ByRisk: map[string]trustframework.RiskPolicy{"routine": {StatusMaxAge: 86400}, "sensitive": {StatusMaxAge: 3600}, "high": {StatusMaxAge: 300}},
	}
	if g.chance(30) {
		p.Proxyable = []string{"a", "b", "a-b"}
	}
	if g.chance(15) {
		p.NotProxyable = some(g, paths, 15)
	}
	if g.chance(25) {
		p.Risk[pick(g, paths)] = pick(g, risks)
	}
	if g.chance(20) {
		class := pick(g, risks)
		r := p.ByRisk[class]
		r.Requires = some(g, requirements, 12)
		if g.chance(40) {
			r.MinAssurance = pick(g, levels[:])
		}
		p.ByRisk[class] = r
	}
	if g.chance(50) {
		p.Agent.MaxRisk = pick(g, risks)
	}
	if g.chance(20) {
		p.Agent.Requires = some(g, requirements, 15)
	}
	return p
}

// accreditations makes paths of one to three entries to the anchor, and now and then an entry
// besides that is wrong in some way, before or after the right one.
func (g *gen) accreditations(f *trustframework.Framework) {
	entry := func(issuer, by string, types ...string) trustframework.Accreditation {
		a := trustframework.Accreditation{ID: issuer, Issuer: issuer, AccreditedBy: by, Status: "active",
			From: now.Add(-3000 * day), Until: now.Add(3000 * day), Types: types}
		g.limit(&a, 3)
		return a
	}
	above := []string{"anchor", "auth", "sub"}
	mediator := entry("mediator", pick(g, above), "DelegationCredential")
	mediator.Mediates = true
	f.Accreditations = []trustframework.Accreditation{
		entry("auth", "anchor", "Accreditation"),
		entry("sub", "auth", "Accreditation"),
		entry("issuer", pick(g, above), "DelegationCredential"),
		entry("binder", pick(g, above), "IdentityBindingCredential"),
		entry("teams", pick(g, above), "WorkgroupMembershipCredential"),
		mediator,
	}
	for g.chance(25) {
		g.decoy(f)
	}
}

// limit gives an entry limits that mostly allow what the chains of this file ask.
func (g *gen) limit(a *trustframework.Accreditation, percent int) {
	for _, l := range []struct {
		list *[]string
		of   []string
	}{{&a.Relationships, relationships}, {&a.LegalBases, bases}, {&a.Jurisdictions, jurisdictions}, {&a.Controllers, controllers},
		{&a.Purposes, purposes}, {&a.Resources, paths}, {&a.Actions, actions}} {
		switch {
		case g.chance(percent):
			*l.list = some(g, l.of, 75)
		case g.chance(20):
			*l.list = slices.Clone(l.of)
		case g.chance(10):
			*l.list = []string{"*"}
		}
	}
	if g.chance(percent) {
		a.MaxRisk = pick(g, risks)
	}
	if g.chance(percent) {
		a.MinAssurance = pick(g, levels[:])
	}
}

func (g *gen) decoy(f *trustframework.Framework) {
	a := pick(g, f.Accreditations)
	a.ID += "'"
	g.limit(&a, 20)
	g.spoil(&a)
	f.Accreditations = slices.Insert(f.Accreditations, g.IntN(len(f.Accreditations)+1), a)
}

// spoil changes one thing about an entry.
func (g *gen) spoil(a *trustframework.Accreditation) {
	switch g.IntN(11) {
	case 0:
		a.Status = "revoked"
	case 1:
		a.Status = "suspended"
	case 2, 3:
		a.Status, a.RetiredAt = "retired", now.Add(time.Duration(g.IntN(4)-2)*200*day)
		if g.chance(40) {
			a.Until = now.Add(-day) // which is ignored
		}
	case 4:
		a.From = now.Add(pick(g, []time.Duration{-time.Second, 0, time.Second, -50 * day}))
	case 5:
		a.Until = now.Add(pick(g, []time.Duration{-time.Second, 0, time.Second}))
	case 6:
		a.AccreditedBy = pick(g, []string{"auth", "sub", "issuer", "nobody", "anchor"})
	case 7:
		a.Types = some(g, []string{"Accreditation", "DelegationCredential", "IdentityBindingCredential", "WorkgroupMembershipCredential"}, 40)
	case 8:
		a.Mediates = !a.Mediates
	case 9:
		a.MinAssurance = pick(g, levels[:])
	case 10:
		g.limit(a, 40)
	}
}

func (g *gen) request(q *question) {
	r := &q.Request
	l := q.Presentation.Chain[len(q.Presentation.Chain)-1].Credential
	r.Resource, r.Action = pick(g, paths), pick(g, actions)
	if len(l.Permissions) > 0 && g.chance(92) {
		p := pick(g, l.Permissions)
		r.Resource = p.Resource
		if len(p.Actions) > 0 && g.chance(96) {
			r.Action = pick(g, p.Actions)
		}
		switch {
		case g.chance(15):
			r.Resource += "/1"
		case g.chance(8):
			r.Resource, _, _ = cutLast(p.Resource)
		}
	}
	if g.chance(85) {
		r.Jurisdiction = "GB-ENG"
	}
	if g.chance(40) {
		r.Categories = some(g, append(slices.Clone(categories), "c9"), 15)
	}
	if g.chance(40) {
		from := g.IntN(len(dates))
		r.Window = &delegation.Window{From: dates[from], To: dates[from+g.IntN(len(dates)-from)]}
	}
	r.Assurance = pick(g, []string{"high", "high", "high", "substantial", "low", ""})
	r.Satisfied = some(g, []string{"confirm", "human-approval"}, 60)
	r.UsesSoFar = pick(g, []int{0, 0, 0, 1, 2, 3})
	if g.chance(20) {
		r.SupportedObligations = some(g, []string{"filter:", "filter:date", "notify:", "warn:", "audit:", "own:"}, 75)
	}
}

func (g *gen) supporting(q *question) {
	chain := q.Presentation.Chain
	if len(chain) == 0 {
		return
	}
	leaf, principal := chain[len(chain)-1].Credential.Delegate, "alice"
	if leaf.Kind == "workgroup" {
		q.Presentation.Presenter = "walter"
		g.support(q, credential.TypeWorkgroupMembership, "teams", "walter", leaf.ID)
	}
	if chain[0].Credential.Issuer == principal {
		g.support(q, credential.TypeIdentityBinding, "binder", principal, "")
	}
	for g.chance(15) {
		kind, group := credential.TypeIdentityBinding, ""
		if g.chance(50) {
			kind, group = credential.TypeWorkgroupMembership, pick(g, []string{"", "bob", "team"})
		}
		g.support(q, kind, pick(g, []string{"binder", "teams", "issuer"}), pick(g, []string{principal, "walter", "bob"}), group)
	}
}

func (g *gen) support(q *question, kind, issuer, subject, group string) {
	name := "s" + string(rune('0'+len(q.Presentation.Supporting)))
	c := &credential.Credential{ID: name, Type: kind, Issuer: issuer, Delegate: credential.Delegate{ID: subject}, Workgroup: group,
		ValidFrom: now.Add(-100 * day), ValidUntil: now.Add(100 * day)}
	q.Presentation.Supporting = append(q.Presentation.Supporting, delegation.Supporting{Name: name, Credential: c, Signature: delegation.Passed})
}

func (g *gen) statuses(q *question) {
	age := func() time.Duration {
		if g.chance(85) {
			return 0
		}
		return pick(g, ages)
	}
	for _, l := range q.Presentation.Chain {
		q.World.Status[l.Name] = delegation.Status{State: "valid", Age: age()}
	}
	for _, s := range q.Presentation.Supporting {
		q.World.Status[s.Name] = delegation.Status{State: "valid", Age: age()}
	}
}

func (g *gen) restrictions(q *question) {
	for g.chance(10) {
		r := delegation.Restriction{Principal: pick(g, []string{"alice", "arthur"}), Delegate: pick(g, []string{"", "*", "bob", "carol", "walter", "zoe"}), Kind: "safeguarding"}
		if g.chance(70) {
			r.Resource = pick(g, append(slices.Clone(paths), "*"))
		}
		q.World.Restrictions = append(q.World.Restrictions, r)
	}
}
