// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// fixture is a small world in which alice lets bob book appointments, and a request of bob's that
// is permitted. A test changes one thing.
type fixture struct {
	w World
	p Presentation
	r Request
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func one() *fixture {
	f := &fixture{
		w: World{
			Now:       at("2026-11-22T10:00:00Z"),
			Framework: exampleFramework(),
			Status:    map[string]Status{},
		},
		r: Request{
			Principal: "alice", Resource: "appointments", Action: "book", Purpose: "family",
			Controller: "gp", Jurisdiction: "GB-ENG", Categories: []string{}, Assurance: "high",
		},
	}
	f.p.Proof = Proof{Passed, Passed, Passed, Passed, Passed}
	f.push(exampleRoot())
	return f
}

// two adds carol, to whom bob passes the appointments on.
func two() *fixture {
	f := one()
	f.push(narrower(f.root(), "carol"))
	return f
}

// chainOf is a chain of n links, each passing on what the first grants.
func chainOf(n int) *fixture {
	f := one()
	f.w.Framework.Limits.MaxChainLinks = n
	rel := f.w.Framework.Relationships["adult"]
	rel.MaxRedelegation = n
	f.w.Framework.Relationships["adult"] = rel
	f.root().Redelegation.MaxDepth = n - 1
	for i := 1; i < n; i++ {
		f.push(narrower(f.leafCredential(), fmt.Sprintf("delegate%d", i)))
	}
	return f
}

func (f *fixture) root() *credential.Credential { return f.p.Chain[0].Credential }

func (f *fixture) leafCredential() *credential.Credential {
	return f.p.Chain[len(f.p.Chain)-1].Credential
}

// push adds a link and makes its delegate the presenter.
func (f *fixture) push(c *credential.Credential) {
	c.ID = fmt.Sprintf("link%d", len(f.p.Chain))
	l := Link{Name: c.ID, Credential: c, Signature: Passed}
	if n := len(f.p.Chain); n > 0 {
		l.Parent = NamedByDigest
		c.Parent = &credential.Parent{ID: f.p.Chain[n-1].Name, Digest: "sha-256:x"}
	}
	f.p.Chain = append(f.p.Chain, l)
	f.w.Status[c.ID] = Status{State: "valid", Age: time.Minute}
	f.p.Presenter = c.Delegate.ID
}

// support adds a supporting credential of the issuer for subject.
func (f *fixture) support(typ, subject, group string) *credential.Credential {
	name := fmt.Sprintf("support%d", len(f.p.Supporting))
	c := &credential.Credential{
		ID: name, Type: typ, Issuer: "proxy", ValidFrom: at("2026-01-01T00:00:00Z"),
		ValidUntil: at("2027-01-01T00:00:00Z"),
		Delegate:   credential.Delegate{ID: subject}, Workgroup: group,
	}
	f.p.Supporting = append(f.p.Supporting, Supporting{Name: name, Credential: c, Signature: Passed})
	f.w.Status[name] = Status{State: "valid", Age: time.Minute}
	return c
}

// selfIssued makes alice the issuer of the root, with her identity binding.
func (f *fixture) selfIssued() *fixture {
	f.root().Issuer = "alice"
	f.support(credential.TypeIdentityBinding, "alice", "")
	return f
}

// team makes the leaf's delegate a workgroup and bob a member of it.
func (f *fixture) team() *fixture {
	f.leafCredential().Delegate = credential.Delegate{ID: "ward7", Kind: "workgroup"}
	f.support(credential.TypeWorkgroupMembership, "bob", "ward7")
	f.p.Presenter = "bob"
	return f
}

func (f *fixture) decide() Decision { return Decide(f.w, f.p, f.r) }

// relationship changes the rules of the fixture's relationship.
func (f *fixture) relationship(change func(*trustframework.Relationship)) {
	rel := f.w.Framework.Relationships["adult"]
	change(&rel)
	f.w.Framework.Relationships["adult"] = rel
}

// policy changes the controller's policy.
func (f *fixture) policy(change func(*trustframework.ControllerPolicy)) {
	p := f.w.Framework.Controllers["gp"]
	change(&p)
	f.w.Framework.Controllers["gp"] = p
}

// class changes what the controller asks for at one class of risk.
func (f *fixture) class(risk string, change func(*trustframework.RiskPolicy)) {
	f.policy(func(p *trustframework.ControllerPolicy) {
		c := p.ByRisk[risk]
		change(&c)
		p.ByRisk[risk] = c
	})
}

func (f *fixture) accreditation(i int) *trustframework.Accreditation {
	return &f.w.Framework.Accreditations[i]
}

// permission is the first permission of the leaf.
func (f *fixture) permission() *credential.Permission { return &f.leafCredential().Permissions[0] }

// want fails t unless the decision has this outcome and reason.
func (f *fixture) want(t *testing.T, outcome Outcome, code reason.Code, obligations ...string) Decision {
	t.Helper()
	d := f.decide()
	if d.Outcome != outcome || d.Reason != code || !slices.Equal(d.Obligations, obligations) {
		t.Errorf("got %v %s %q, want %v %s %q", d.Outcome, d.Reason, d.Obligations, outcome, code, obligations)
	}
	return d
}

func exampleRoot() *credential.Credential {
	return &credential.Credential{
		Type: credential.TypeDelegation, Issuer: "proxy", GrantedBy: "alice",
		ValidFrom: at("2026-06-01T00:00:00Z"), ValidUntil: at("2027-06-01T00:00:00Z"),
		OnBehalfOf:   credential.Principal{ID: "alice"},
		Delegate:     credential.Delegate{ID: "bob", Kind: "person"},
		Relationship: "adult", LegalBasis: "consent",
		Assurance:    &credential.Assurance{Principal: "high", Delegate: "high"},
		Jurisdiction: []string{"GB-ENG"}, Purposes: []string{"family"}, Controllers: []string{"gp"},
		Redelegation: credential.Redelegation{MaxDepth: 1, Kinds: []string{"person", "agent", "workgroup"}},
		Prohibitions: []credential.Prohibition{},
		Permissions: []credential.Permission{
			{ID: "p1", Resource: "appointments", Actions: []string{"view", "book"}, Risk: "routine"},
			{ID: "p2", Resource: "record/tests", Actions: []string{"view"}, Risk: "sensitive", Constraint: credential.Constraint{
				DateFrom: "2024-01-01", Exclude: []string{"private"}, Requires: []string{"notify:principal"},
			}},
		},
	}
}

// narrower is c passed on by its delegate, as it is but for who and how deep.
func narrower(c *credential.Credential, to string) *credential.Credential {
	n := clone(c)
	n.Issuer, n.GrantedBy = c.Delegate.ID, c.Delegate.ID
	n.Delegate = credential.Delegate{ID: to, Kind: "person"}
	n.Redelegation.MaxDepth = max(0, c.Redelegation.MaxDepth-1)
	return n
}

// clone copies what tests change.
func clone(c *credential.Credential) *credential.Credential {
	n := *c
	n.Jurisdiction, n.Purposes, n.Controllers = slices.Clone(c.Jurisdiction), slices.Clone(c.Purposes), slices.Clone(c.Controllers)
	n.Redelegation.Kinds = slices.Clone(c.Redelegation.Kinds)
	n.Prohibitions, n.Permissions = slices.Clone(c.Prohibitions), slices.Clone(c.Permissions)
	for i := range n.Permissions {
		p := &n.Permissions[i]
		p.Actions = slices.Clone(p.Actions)
		k := &p.Constraint
		k.Exclude, k.Include, k.Requires = slices.Clone(k.Exclude), slices.Clone(k.Include), slices.Clone(k.Requires)
	}
	return &n
}

// clone copies all that a property changes.
func (f *fixture) clone() *fixture {
	n := *f
	n.w.Status = maps.Clone(f.w.Status)
	n.w.Restrictions = slices.Clone(f.w.Restrictions)
	fw := *f.w.Framework
	fw.Accreditations = slices.Clone(fw.Accreditations)
	fw.Relationships, fw.Controllers = maps.Clone(fw.Relationships), maps.Clone(fw.Controllers)
	n.w.Framework = &fw
	n.p.Chain = slices.Clone(f.p.Chain)
	for i := range n.p.Chain {
		n.p.Chain[i].Credential = clone(n.p.Chain[i].Credential)
	}
	n.p.Supporting = slices.Clone(f.p.Supporting)
	n.p.Disclosed = maps.Clone(f.p.Disclosed)
	return &n
}

func exampleFramework() *trustframework.Framework {
	return &trustframework.Framework{
		ID: "tf:example", Version: 7, AsOf: at("2026-11-22T09:55:00Z"), MaxAgeSeconds: 3600,
		Anchors: []string{"anchor"},
		Limits:  trustframework.Limits{MaxChainLinks: 3, MaxAccreditationPath: 4},
		Relationships: map[string]trustframework.Relationship{
			"adult": {LegalBases: []string{"consent"}, MaxRedelegation: 1, MaxValidityDays: 730, SelfIssue: true},
		},
		Accreditations: []trustframework.Accreditation{
			{
				ID: "national", Issuer: "national", AccreditedBy: "anchor", Status: trustframework.Active,
				From: at("2025-01-01T00:00:00Z"), Until: at("2030-01-01T00:00:00Z"), Types: []string{"Accreditation"},
			},
			{
				ID: "proxy", Issuer: "proxy", AccreditedBy: "national", Status: trustframework.Active,
				From: at("2025-06-01T00:00:00Z"), Until: at("2028-06-01T00:00:00Z"),
				Types:         []string{"DelegationCredential", "IdentityBindingCredential", "WorkgroupMembershipCredential"},
				Relationships: []string{"adult"}, LegalBases: []string{"*"}, Jurisdictions: []string{"GB-ENG"},
				Controllers: []string{"gp"}, Purposes: []string{"family"},
				Resources: []string{"appointments", "record"}, Actions: []string{"view", "book"}, MinAssurance: "high",
				Mediates: true,
			},
		},
		Controllers: map[string]trustframework.ControllerPolicy{"gp": examplePolicy()},
	}
}

func examplePolicy() trustframework.ControllerPolicy {
	return trustframework.ControllerPolicy{
		Proxyable: []string{"appointments", "record"}, NotProxyable: []string{"record/safeguarding"},
		Requestable: []string{"record"},
		Risk:        map[string]string{"record/tests": "sensitive"},
		ByRisk: map[string]trustframework.RiskPolicy{
			"routine":   {StatusMaxAge: 86400},
			"sensitive": {StatusMaxAge: 3600, Requires: []string{"audit:enhanced"}},
			"high":      {StatusMaxAge: 300, MinAssurance: "high"},
		},
		Agent: trustframework.AgentPolicy{Requires: []string{"audit:enhanced"}},
	}
}
