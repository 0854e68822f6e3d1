// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"slices"
	"strconv"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/trustframework"
)

// fault changes one thing about a question that fitted, for the worse or next to it.
type fault func(*gen, *question)

// faults are all of them, each as likely as another.
var faults = slices.Concat(requestFaults, presentationFaults, linkFaults, frameworkFaults, childFaults, worldFaults)

func (g *gen) link(q *question) *delegation.Link {
	if len(q.Presentation.Chain) == 0 {
		return &delegation.Link{Credential: &credential.Credential{}}
	}
	return &q.Presentation.Chain[g.IntN(len(q.Presentation.Chain))]
}

func (g *gen) rootLink(q *question) *credential.Credential {
	if len(q.Presentation.Chain) == 0 {
		return &credential.Credential{}
	}
	return q.Presentation.Chain[0].Credential
}

// onLink is a fault of one link's credential.
func onLink(change func(*gen, *credential.Credential)) fault {
	return func(g *gen, q *question) { change(g, g.link(q).Credential) }
}

// onRoot is a fault of the root's credential.
func onRoot(change func(*gen, *credential.Credential)) fault {
	return func(g *gen, q *question) { change(g, g.rootLink(q)) }
}

// onChild is a fault of a link below the root, where there is one.
func onChild(change func(g *gen, a, c *credential.Credential)) fault {
	return func(g *gen, q *question) {
		if n := len(q.Presentation.Chain); n > 1 {
			i := 1 + g.IntN(n-1)
			change(g, q.Presentation.Chain[i-1].Credential, q.Presentation.Chain[i].Credential)
		}
	}
}

var requestFaults = []fault{
	func(g *gen, q *question) { q.Request.Principal = pick(g, []string{"", "arthur"}) },
	func(g *gen, q *question) {
		q.Request.Resource = pick(g, append(slices.Clone(paths), "", "c", "a-c", "a/"))
	},
	func(g *gen, q *question) { q.Request.Action = pick(g, append(slices.Clone(actions), "", "decide")) },
	func(g *gen, q *question) { q.Request.Purpose = pick(g, []string{"", "family", "marketing"}) },
	func(g *gen, q *question) { q.Request.Controller = pick(g, []string{"", "ctrl-2", "ctrl-9"}) },
	func(g *gen, q *question) {
		q.Request.Controller = "ctrl-2"
		q.World.Framework.Controllers["ctrl-2"] = g.policy()
	},
	func(g *gen, q *question) { q.Request.Jurisdiction = pick(g, []string{"", "GB-SCT", "GB-WLS"}) },
	func(g *gen, q *question) {
		q.Request.Categories = pick(g, [][]string{nil, {}, {"c1"}, {"c2", "c3"}, {"c9"}})
	},
	func(g *gen, q *question) {
		q.Request.Window = pick(g, []*delegation.Window{nil, {}, {From: "2020-01-01"}, {To: "2020-01-01"}, {From: "2021-01-01", To: "2020-01-01"},
			{From: "2020-1-1", To: "2021-01-01"}, {From: "2020-01-01", To: "2021-02-29"}, {From: "2000-01-01", To: "2030-01-01"}, {From: "2024-01-01", To: "9999-12-31"},
			{From: "2010-01-01", To: "2010-01-01"}, {From: "2029-01-01", To: "2029-01-02"}, {From: "2024-02-29", To: "2024-02-29"}})
	},
	func(g *gen, q *question) {
		q.Request.Assurance = pick(g, []string{"", "low", "substantial", "very-high", "High"})
	},
	func(g *gen, q *question) {
		q.Request.Satisfied = pick(g, [][]string{nil, {"confirm"}, {"step-up:high"}, {"notify:principal"}})
	},
	func(g *gen, q *question) {
		q.Request.UsesSoFar = pick(g, []int{-1, 1, 2, 3, 4, 5, 999_999_999})
	},
	func(g *gen, q *question) {
		q.Request.SupportedObligations = pick(g, [][]string{nil, {}, {"notify"}, {""}, {"filter:", "notify:principal"}})
	},
	func(g *gen, q *question) { q.Request.Fault = "request.malformed" },
}

var presentationFaults = []fault{
	func(g *gen, q *question) { q.Presentation.Proof.Nonce = delegation.Failed },
	func(g *gen, q *question) { q.Presentation.Proof.Audience = delegation.Failed },
	func(g *gen, q *question) { q.Presentation.Proof.Unused = delegation.Failed },
	func(g *gen, q *question) { q.Presentation.Proof.Fresh = delegation.Failed },
	func(g *gen, q *question) { q.Presentation.Proof.Holder = delegation.Failed },
	func(g *gen, q *question) { q.Presentation.Chain = nil },
	func(g *gen, q *question) { q.Presentation.Incomplete = true },
	func(g *gen, q *question) {
		q.Presentation.Presenter = pick(g, []string{"", "alice", "bob", "carol", "walter", "zoe"})
	},
	func(g *gen, q *question) { q.Presentation.Disclosed = map[string][]string{g.link(q).Name: {}} },
	func(g *gen, q *question) {
		q.Presentation.Disclosed = map[string][]string{g.link(q).Name: {"p0", "p3", "p7", "other"}}
	},
	func(g *gen, q *question) { q.Presentation.Supporting = nil },
	func(g *gen, q *question) { g.supporting(q) },
	func(g *gen, q *question) {
		for i := range q.Presentation.Supporting {
			s := &q.Presentation.Supporting[i]
			switch c := s.Credential; g.IntN(7) {
			case 0:
				s.Signature = delegation.Failed
			case 1:
				c.ValidFrom = now.Add(pick(g, []time.Duration{0, time.Second}))
			case 2:
				c.ValidUntil = now.Add(pick(g, []time.Duration{0, time.Second}))
			case 3:
				c.Type = pick(g, []string{credential.TypeIdentityBinding, credential.TypeWorkgroupMembership, credential.TypeDelegation})
			case 4:
				c.Delegate.ID = pick(g, []string{"bob", "alice", "walter"})
			case 5:
				c.Workgroup = pick(g, parties)
			case 6:
				c.Issuer = pick(g, []string{"issuer", "teams", "binder", "auth", "nobody"})
			}
			if s.Credential.Type != credential.TypeWorkgroupMembership {
				s.Credential.Workgroup = ""
			}
		}
	},
	func(g *gen, q *question) { g.link(q).Signature = delegation.Failed },
	func(g *gen, q *question) { g.link(q).Fault = "credential.schema_invalid" },
	func(g *gen, q *question) { g.link(q).Parent = delegation.NotNamed },
	func(g *gen, q *question) { g.link(q).Parent = delegation.NamedByID },
	func(g *gen, q *question) { g.rootLink(q).Parent = &credential.Parent{ID: "above", Digest: "sha-256:y"} },
}

var linkFaults = []fault{
	onLink(func(g *gen, c *credential.Credential) {
		c.Type = pick(g, []string{credential.TypeIdentityBinding, "VerifiableCredential", ""})
	}),
	onLink(func(g *gen, c *credential.Credential) {
		*pick(g, []*string{&c.Issuer, &c.GrantedBy, &c.OnBehalfOf.ID, &c.Relationship, &c.LegalBasis, &c.Delegate.ID, &c.Delegate.Kind}) = ""
	}),
	onLink(func(g *gen, c *credential.Credential) {
		*pick(g, []*[]string{&c.Jurisdiction, &c.Purposes, &c.Controllers}) = nil
	}),
	onLink(func(g *gen, c *credential.Credential) {
		*pick(g, []*[]string{&c.Jurisdiction, &c.Purposes, &c.Controllers}) = []string{}
	}),
	onLink(func(g *gen, c *credential.Credential) {
		*pick(g, []*time.Time{&c.ValidFrom, &c.ValidUntil}) = time.Time{}
	}),
	onLink(func(g *gen, c *credential.Credential) { c.Prohibitions = nil }),
	onLink(func(g *gen, c *credential.Credential) { c.Permissions = nil }),
	onLink(func(g *gen, c *credential.Credential) { c.Permissions = []credential.Permission{} }),
	onLink(func(g *gen, c *credential.Credential) {
		c.Delegate.Kind = pick(g, []string{"robot", "agent", "workgroup", "Person", "organisation"})
	}),
	onLink(func(g *gen, c *credential.Credential) { c.Redelegation.MaxDepth = g.IntN(6) - 1 }),
	onLink(func(g *gen, c *credential.Credential) {
		c.Prohibitions = append(slices.Clone(c.Prohibitions), credential.Prohibition{Resource: pick(g, []string{"", "/", "*", "a/*", "c", "a"}), Actions: pick(g, [][]string{nil, {}, {"view"}})})
	}),
	onLink(func(g *gen, c *credential.Credential) {
		c.Permissions = slices.Clone(c.Permissions)
		if len(c.Permissions) == 0 {
			return
		}
		switch p := &c.Permissions[g.IntN(len(c.Permissions))]; g.IntN(8) {
		case 0:
			p.ID = ""
		case 1:
			p.Resource = pick(g, []string{"", "*", "/", "a/*", "a*", "c"})
		case 2:
			p.Actions = pick(g, [][]string{nil, {}, {"decide"}, {"*"}})
		case 3:
			p.Risk = pick(g, []string{"", "low", "critical", "high"})
		case 4, 5:
			p.ID = c.Permissions[0].ID
		default:
			p.Constraint = g.constraint(terms{odd: pick(g, oddities)})
		}
	}),
	onLink(func(g *gen, c *credential.Credential) {
		c.ValidFrom = pick(g, []time.Time{now, now.Add(time.Second), now.Add(-time.Nanosecond), c.ValidUntil, c.ValidUntil.Add(-time.Second)})
	}),
	onLink(func(g *gen, c *credential.Credential) {
		c.ValidUntil = pick(g, []time.Time{now, now.Add(time.Second), now.Add(time.Nanosecond), c.ValidFrom, c.ValidFrom.Add(730 * day)})
	}),
	onLink(func(g *gen, c *credential.Credential) {
		c.ReviewBy = now.Add(pick(g, []time.Duration{-time.Second, 0, time.Second}))
	}),
	onLink(func(g *gen, c *credential.Credential) {
		c.Issuer = pick(g, []string{"alice", "bob", "issuer", "mediator", "binder", "nobody"})
	}),
	onLink(func(g *gen, c *credential.Credential) {
		c.Assurance = pick(g, []*credential.Assurance{nil, {Principal: "low", Delegate: "high"}, {Principal: "high", Delegate: "substantial"}, {Principal: "high", Delegate: "odd"}, {}})
	}),
	onRoot(func(g *gen, c *credential.Credential) { c.LegalBasis = pick(g, bases) }),
	onRoot(func(g *gen, c *credential.Credential) { c.Issuer = "alice" }),
	onRoot(func(g *gen, c *credential.Credential) { c.Issuer = "issuer" }),
	onRoot(func(g *gen, c *credential.Credential) { c.GrantedBy = c.Delegate.ID }),
	onRoot(func(g *gen, c *credential.Credential) { c.ReviewBy = time.Time{} }),
	onRoot(func(g *gen, c *credential.Credential) {
		c.TransitionAt = pick(g, []time.Time{{}, c.ValidUntil, c.ValidUntil.Add(-time.Nanosecond), c.ValidUntil.Add(day)})
	}),
	onRoot(func(g *gen, c *credential.Credential) { c.Delegate.ID = "alice" }),
	onRoot(func(g *gen, c *credential.Credential) {
		c.ValidFrom = now.Add(-12 * time.Hour)
		c.ValidUntil = c.ValidFrom.Add(pick(g, []time.Duration{day, day + time.Nanosecond, 366 * day, 366*day + time.Second, 730 * day, 731 * day}))
	}),
	func(g *gen, q *question) { // the whole chain speaks of another
		for _, l := range q.Presentation.Chain {
			l.Credential.Relationship = pick(g, append(slices.Clone(relationships), "friend"))
		}
	},
	func(g *gen, q *question) { // one more link, by copying the last
		if n := len(q.Presentation.Chain); n > 0 {
			l, c := q.Presentation.Chain[n-1], *q.Presentation.Chain[n-1].Credential
			c.ID, c.GrantedBy, c.Issuer, c.Delegate.ID = "l"+strconv.Itoa(n), c.Delegate.ID, c.Delegate.ID, pick(g, []string{"zoe", "bob", "alice"})
			l.Name, l.Credential, l.Parent = c.ID, &c, delegation.NamedByDigest
			c.Parent = &credential.Parent{ID: "l", Digest: "sha-256:x"}
			q.Presentation.Chain = append(slices.Clone(q.Presentation.Chain), l)
			q.World.Status[l.Name] = delegation.Status{State: "valid"}
		}
	},
}

var childFaults = []fault{
	onChild(func(g *gen, a, c *credential.Credential) { c.OnBehalfOf.ID = "arthur" }),
	onChild(func(g *gen, a, c *credential.Credential) { c.Relationship = pick(g, relationships) }),
	onChild(func(g *gen, a, c *credential.Credential) { c.LegalBasis = pick(g, bases) }),
	onChild(func(g *gen, a, c *credential.Credential) { c.GrantedBy = pick(g, []string{"alice", "zoe"}) }),
	onChild(func(g *gen, a, c *credential.Credential) {
		c.Issuer = pick(g, []string{"alice", "issuer", "mediator", "zoe"})
	}),
	onChild(func(g *gen, a, c *credential.Credential) { c.Issuer = "mediator" }),
	onChild(func(g *gen, a, c *credential.Credential) { a.Redelegation.MaxDepth = 0 }),
	onChild(func(g *gen, a, c *credential.Credential) { c.Redelegation.MaxDepth = a.Redelegation.MaxDepth }),
	onChild(func(g *gen, a, c *credential.Credential) {
		a.Redelegation.Kinds = some(g, []string{"person", "organisation", "workgroup", "agent"}, 40)
	}),
	onChild(func(g *gen, a, c *credential.Credential) { a.Redelegation.Kinds = nil }),
	onChild(func(g *gen, a, c *credential.Credential) {
		c.Redelegation.Kinds = pick(g, [][]string{nil, {}, {"person"}, {"agent"}, {"person", "robot"}})
	}),
	onChild(func(g *gen, a, c *credential.Credential) { c.ValidFrom = a.ValidFrom.Add(-time.Nanosecond) }),
	onChild(func(g *gen, a, c *credential.Credential) { c.ValidUntil = a.ValidUntil.Add(time.Nanosecond) }),
	onChild(func(g *gen, a, c *credential.Credential) { c.Purposes = with(g, purposes, "care", "other") }),
	onChild(func(g *gen, a, c *credential.Credential) { c.Purposes = []string{"family"} }),
	onChild(func(g *gen, a, c *credential.Credential) { c.Controllers = with(g, controllers, "ctrl-3") }),
	onChild(func(g *gen, a, c *credential.Credential) { c.Controllers = []string{"ctrl-2"} }),
	onChild(func(g *gen, a, c *credential.Credential) { c.Jurisdiction = with(g, jurisdictions, "GB-WLS") }),
	onChild(func(g *gen, a, c *credential.Credential) {
		a.Prohibitions = append(slices.Clone(a.Prohibitions), credential.Prohibition{Resource: pick(g, paths), Actions: []string{"view"}})
	}),
	onChild(func(g *gen, a, c *credential.Credential) { // the same pairs, said otherwise
		a.Prohibitions = []credential.Prohibition{{Resource: "c", Actions: []string{"view", "book"}}}
		c.Prohibitions = []credential.Prohibition{{Resource: "c", Actions: []string{"book"}}, {Resource: pick(g, []string{"c", "c/d"}), Actions: []string{"view"}}}
	}),
	onChild(func(g *gen, a, c *credential.Credential) {
		c.Delegate.ID = pick(g, []string{"alice", "bob", a.Delegate.ID})
	}),
}

var frameworkFaults = []fault{
	func(g *gen, q *question) { q.World.Framework.Unavailable = true },
	func(g *gen, q *question) {
		q.World.Framework.AsOf = now.Add(-pick(g, []time.Duration{600 * time.Second, 601 * time.Second, 600*time.Second + 1, day}))
	},
	func(g *gen, q *question) { q.World.Framework.Limits.MaxChainLinks = g.IntN(5) },
	func(g *gen, q *question) { q.World.Framework.Limits.MaxAccreditationPath = g.IntN(4) },
	func(g *gen, q *question) {
		q.World.Framework.Anchors = pick(g, [][]string{nil, {"auth"}, {"sub", "other"}})
	},
	func(g *gen, q *question) { delete(q.World.Framework.Relationships, g.rootLink(q).Relationship) },
	func(g *gen, q *question) {
		rel := g.rootLink(q).Relationship
		r := q.World.Framework.Relationships[rel]
		switch g.IntN(9) {
		case 0:
			r.LegalBases = some(g, bases, 50)
		case 1:
			r.MaxRedelegation = g.IntN(3)
		case 2:
			r.MaxValidityDays = pick(g, []int{0, 1, 359, 360, 361})
		case 3:
			r.SelfIssue = !r.SelfIssue
		case 4:
			r.DelegateKinds = some(g, []string{"person", "organisation", "workgroup", "agent"}, 50)
		case 5:
			r.TransitionRequired = !r.TransitionRequired
		case 6:
			r.ReviewRequired = !r.ReviewRequired
		case 7:
			r.MandatoryRequires = []string{pick(g, append(slices.Clone(requirements), "confirm-x", "step-up:odd"))}
		case 8:
			r.MaxRisk = pick(g, risks)
		}
		q.World.Framework.Relationships[rel] = r
	},
	entryFault(func(g *gen, a *trustframework.Accreditation) { g.spoil(a) }),
	entryFault(func(g *gen, a *trustframework.Accreditation) { g.spoil(a) }),
	entryFault(func(g *gen, a *trustframework.Accreditation) { g.limit(a, 50) }),
	entryFault(func(g *gen, a *trustframework.Accreditation) { a.Relationships = some(g, relationships, 50) }),
	entryFault(func(g *gen, a *trustframework.Accreditation) { a.LegalBases = some(g, bases, 50) }),
	entryFault(func(g *gen, a *trustframework.Accreditation) { a.Purposes = some(g, purposes, 50) }),
	entryFault(func(g *gen, a *trustframework.Accreditation) { a.Controllers = some(g, controllers, 50) }),
	entryFault(func(g *gen, a *trustframework.Accreditation) { a.Resources = some(g, paths, 30) }),
	entryFault(func(g *gen, a *trustframework.Accreditation) { a.MaxRisk = "routine" }),
	func(g *gen, q *question) {
		f := q.World.Framework
		i := g.IntN(len(f.Accreditations))
		f.Accreditations = slices.Delete(f.Accreditations, i, i+1)
	},
	func(g *gen, q *question) { g.decoy(q.World.Framework) },
	func(g *gen, q *question) { // a loop: the two that stand below the anchor accredit each other
		for i := range q.World.Framework.Accreditations {
			if a := &q.World.Framework.Accreditations[i]; a.Issuer == "auth" {
				a.AccreditedBy = "sub"
			}
		}
	},
}

// entryFault is a fault of one accreditation, the root issuer's own half of the time.
func entryFault(change func(*gen, *trustframework.Accreditation)) fault {
	return func(g *gen, q *question) {
		f := q.World.Framework
		if len(f.Accreditations) == 0 {
			return
		}
		i := g.IntN(len(f.Accreditations))
		if own := slices.IndexFunc(f.Accreditations, func(a trustframework.Accreditation) bool { return a.Issuer == "issuer" }); own >= 0 && g.chance(50) {
			i = own
		}
		change(g, &f.Accreditations[i])
	}
}

var worldFaults = []fault{
	func(g *gen, q *question) {
		s := q.World.Status[g.link(q).Name]
		s.State = pick(g, []string{"revoked", "suspended", "unavailable", "", "odd"})
		q.World.Status[g.link(q).Name] = s
	},
	func(g *gen, q *question) { delete(q.World.Status, g.link(q).Name) },
	func(g *gen, q *question) {
		q.World.Status[g.link(q).Name] = delegation.Status{State: "valid", Age: pick(g, ages)}
	},
	func(g *gen, q *question) {
		name := pick(g, []string{"s0", "s1"})
		q.World.Status[name] = delegation.Status{State: pick(g, []string{"valid", "suspended", "revoked", ""}), Age: pick(g, ages)}
	},
	func(g *gen, q *question) {
		q.World.Restrictions = append(q.World.Restrictions, delegation.Restriction{Principal: "alice", Delegate: pick(g, []string{"", "bob", "walter"}), Resource: pick(g, append(slices.Clone(paths), "", "*"))})
	},
	policyFault(func(g *gen, p *trustframework.ControllerPolicy) { p.NotProxyable = some(g, paths, 25) }),
	policyFault(func(g *gen, p *trustframework.ControllerPolicy) { p.Proxyable = some(g, paths, 50) }),
	policyFault(func(g *gen, p *trustframework.ControllerPolicy) {
		p.Requestable = []string{pick(g, append(slices.Clone(paths), "*"))}
	}),
	policyFault(func(g *gen, p *trustframework.ControllerPolicy) {
		p.Risk = map[string]string{pick(g, paths): pick(g, risks), pick(g, paths): pick(g, risks), "*": "high"}
	}),
	policyFault(func(g *gen, p *trustframework.ControllerPolicy) {
		for _, class := range risks {
			r := p.ByRisk[class]
			r.Requires = []string{pick(g, append(slices.Clone(requirements), "human-approval:2", "step-up"))}
			p.ByRisk[class] = r
		}
	}),
	policyFault(func(g *gen, p *trustframework.ControllerPolicy) {
		p.Agent = trustframework.AgentPolicy{Requires: []string{pick(g, requirements)}}
	}),
}

// policyFault is a fault of the policy of the controller that is asked.
func policyFault(change func(*gen, *trustframework.ControllerPolicy)) fault {
	return func(g *gen, q *question) {
		p, some := q.World.Framework.Controllers[q.Request.Controller]
		if some {
			change(g, &p)
			q.World.Framework.Controllers[q.Request.Controller] = p
		}
	}
}
