// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// repairing changes a case so that the check behind one reason passes, and as little else as that
// check reads. It is a copy: the case that was denied stays as it is.
type repairing struct {
	*fixture
	denied Decision
}

// repaired is P18 over drawn cases: the reason of a denial is gone once what it names is put right.
// TestRepairs does the same for the scenario files.
func repaired(t dice, decide decider) {
	f := drawCase(t)
	d := decide(f.fixture)
	if d.Reason == reason.OK {
		return
	}
	if !f.repair(d) {
		t.Fatalf("nobody knows how to repair %s", d.Reason)
	}
	if after := decide(f.fixture); after.Reason == d.Reason {
		t.Fatalf("%s is still there: %v", d.Reason, after.Reasons)
	}
}

// Repaired returns the case with what d names put right, and false where no repair is known. It is
// for the external tests of this package.
func Repaired(w World, p Presentation, r Request, d Decision) (World, Presentation, Request, bool) {
	f := &fixture{w: w, p: p, r: r}
	ok := f.repair(d)
	return f.w, f.p, f.r, ok
}

func (f *fixture) repair(d Decision) bool {
	*f = *f.clone()
	mend := repairs()[d.Reason]
	if mend != nil {
		mend(&repairing{f, d})
	}
	return mend != nil
}

// repairs has the minimal repair for every reason but ok.
func repairs() map[reason.Code]func(*repairing) {
	all := map[reason.Code]func(*repairing){}
	for _, some := range []map[reason.Code]func(*repairing){
		requestRepairs(), linkRepairs(), registryRepairs(), rootRepairs(), chainRepairs(), authorityRepairs(), conditionRepairs(),
	} {
		for code, mend := range some {
			all[code] = mend
		}
	}
	return all
}

func requestRepairs() map[reason.Code]func(*repairing) {
	return map[reason.Code]func(*repairing){
		reason.RequestMalformed: func(f *repairing) {
			r := &f.r
			r.Fault, r.Window, r.UsesSoFar, r.Assurance = "", nil, max(0, r.UsesSoFar), "high"
			r.Principal, r.Action = orElse(r.Principal, f.root().OnBehalfOf.ID), orElse(r.Action, f.permission().Actions[0])
			r.Resource = orElse(r.Resource, f.permission().Resource)
		},
		reason.RequestPurposeMissing:    func(f *repairing) { f.r.Purpose = f.leafCredential().Purposes[0] },
		reason.RequestControllerMissing: func(f *repairing) { f.r.Controller = f.leafCredential().Controllers[0] },
		reason.ControllerUnknown:        func(f *repairing) { f.r.Controller = f.leafCredential().Controllers[0] },

		reason.PresentationNonceMismatch:    func(f *repairing) { f.p.Proof.Nonce = Passed },
		reason.PresentationAudienceMismatch: func(f *repairing) { f.p.Proof.Audience = Passed },
		reason.PresentationReplayed:         func(f *repairing) { f.p.Proof.Unused = Passed },
		reason.PresentationStale:            func(f *repairing) { f.p.Proof.Fresh = Passed },
		reason.PresentationHolderBindingFailed: func(f *repairing) {
			f.p.Proof.Holder, f.p.Presenter = Passed, f.leafCredential().Delegate.ID
		},
		reason.PresentationNotAMember: func(f *repairing) {
			f.accredit("vouching", credential.TypeWorkgroupMembership)
			f.vouch(credential.TypeWorkgroupMembership, f.p.Presenter, f.leafCredential().Delegate.ID)
		},
		reason.PresentationNoDelegation: func(f *repairing) { f.push(exampleRoot()) },
		reason.ChainTooLong:             func(f *repairing) { f.w.Framework.Limits.MaxChainLinks = len(f.p.Chain) },
		reason.ChainParentMissing: func(f *repairing) {
			f.p.Incomplete, f.root().Parent = false, nil
			f.below(0, func(a, c *Link) {
				c.Parent, c.Credential.Parent = NamedByDigest, &credential.Parent{ID: a.Name, Digest: "sha-256:x"}
			})
		},
		reason.ChainDigestMismatch: func(f *repairing) { f.below(0, func(_, c *Link) { c.Parent = NamedByDigest }) },
	}
}

func linkRepairs() map[reason.Code]func(*repairing) {
	return map[reason.Code]func(*repairing){
		reason.CredentialSignatureInvalid: func(f *repairing) { f.each(func(l *Link) { l.Signature = Passed }) },
		reason.CredentialTypeUnknown: func(f *repairing) {
			f.each(func(l *Link) { l.Credential.Type = credential.TypeDelegation })
		},
		reason.CredentialSchemaInvalid: func(f *repairing) { f.each(wellFormedAgain) },
		reason.CredentialNotYetValid: func(f *repairing) {
			f.each(func(l *Link) { l.Credential.ValidFrom = earlier(l.Credential.ValidFrom, f.w.Now) })
		},
		reason.CredentialExpired: func(f *repairing) {
			f.each(func(l *Link) {
				if c := l.Credential; !c.ValidUntil.After(f.w.Now) {
					c.ValidUntil = f.w.Now.Add(time.Hour)
				}
			})
		},
		reason.CredentialUnknownConstraint: func(f *repairing) {
			f.each(func(l *Link) {
				for i := range l.Credential.Permissions {
					if c := &l.Credential.Permissions[i].Constraint; void(c) {
						*c = credential.Constraint{}
					}
				}
			})
		},
		reason.StatusRevoked:     func(f *repairing) { f.validNow() },
		reason.StatusSuspended:   func(f *repairing) { f.validNow() },
		reason.StatusUnavailable: func(f *repairing) { f.validNow() },
		reason.StatusStale: func(f *repairing) {
			f.validNow()
			for i := range f.p.Supporting {
				f.w.Status[f.p.Supporting[i].Name] = Status{State: stateValid}
			}
			f.everyClass(func(c *trustframework.RiskPolicy) { c.StatusMaxAge = max(0, c.StatusMaxAge) })
		},
	}
}

// wellFormedAgain fills in what is missing and takes out what is malformed.
func wellFormedAgain(l *Link) {
	c, good := l.Credential, exampleRoot()
	l.Fault = ""
	c.Issuer, c.GrantedBy = orElse(c.Issuer, good.Issuer), orElse(c.GrantedBy, good.GrantedBy)
	c.OnBehalfOf.ID, c.Delegate.ID = orElse(c.OnBehalfOf.ID, good.OnBehalfOf.ID), orElse(c.Delegate.ID, good.Delegate.ID)
	c.Relationship, c.LegalBasis = orElse(c.Relationship, good.Relationship), orElse(c.LegalBasis, good.LegalBasis)
	if !knownKind(c.Delegate.Kind) {
		c.Delegate.Kind = good.Delegate.Kind
	}
	if c.ValidFrom.IsZero() || c.ValidUntil.IsZero() || !c.ValidFrom.Before(c.ValidUntil) {
		c.ValidFrom, c.ValidUntil = good.ValidFrom, good.ValidUntil
	}
	c.Jurisdiction, c.Purposes = notNil(c.Jurisdiction), notNil(c.Purposes)
	c.Controllers, c.Permissions = notNil(c.Controllers), notNil(c.Permissions)
	c.Redelegation.MaxDepth = max(0, c.Redelegation.MaxDepth)
	c.Prohibitions = slices.DeleteFunc(notNil(c.Prohibitions), prohibitionMalformed)
	seen := map[string]bool{}
	c.Permissions = slices.DeleteFunc(c.Permissions, func(p credential.Permission) bool {
		malformed := seen[p.ID] || permissionsMalformed([]credential.Permission{p})
		seen[p.ID] = true
		return malformed
	})
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func registryRepairs() map[reason.Code]func(*repairing) {
	unlimited := func(change func(*trustframework.Accreditation)) func(*repairing) {
		return func(f *repairing) { f.everyEntry(change) }
	}
	inForce := func(f *repairing) { f.everyEntry(func(a *trustframework.Accreditation) { f.inForceAgain(a) }) }
	return map[reason.Code]func(*repairing){
		reason.TrustRegistryUnavailable:       func(f *repairing) { f.w.Framework.Unavailable = false },
		reason.TrustRegistryStale:             func(f *repairing) { f.w.Framework.AsOf = f.w.Now },
		reason.TrustIssuerUnknown:             func(f *repairing) { f.accredit(f.decider().Issuer, credential.TypeDelegation) },
		reason.TrustTypeNotAccredited:         func(f *repairing) { f.accredit(f.decider().Issuer, credential.TypeDelegation) },
		reason.TrustPathBroken:                func(f *repairing) { f.accredit(f.decider().Issuer, credential.TypeDelegation) },
		reason.TrustPathTooLong:               func(f *repairing) { f.accredit(f.decider().Issuer, credential.TypeDelegation) },
		reason.TrustIssuerRevoked:             inForce,
		reason.TrustIssuerSuspended:           inForce,
		reason.TrustIssuerOutsideValidity:     inForce,
		reason.TrustRelationshipNotAccredited: unlimited(func(a *trustframework.Accreditation) { a.Relationships = nil }),
		reason.TrustLegalBasisNotAccredited:   unlimited(func(a *trustframework.Accreditation) { a.LegalBases = nil }),
		reason.TrustControllerNotAccredited:   unlimited(func(a *trustframework.Accreditation) { a.Controllers = nil }),
		reason.TrustPurposeNotAccredited:      unlimited(func(a *trustframework.Accreditation) { a.Purposes = nil }),
		reason.TrustAssuranceTooLow:           unlimited(func(a *trustframework.Accreditation) { a.MinAssurance = "" }),
		reason.TrustScopeNotAccredited: unlimited(func(a *trustframework.Accreditation) {
			a.Resources, a.Actions = nil, nil
		}),
		reason.TrustRiskExceeded: func(f *repairing) {
			f.everyEntry(func(a *trustframework.Accreditation) { a.MaxRisk = "" })
			f.rule(func(r *trustframework.Relationship) { r.MaxRisk = "" })
		},
		reason.TrustJurisdiction: func(f *repairing) {
			f.everyEntry(func(a *trustframework.Accreditation) { a.Jurisdictions = nil })
			f.each(func(l *Link) {
				if c := l.Credential; !slices.Contains(c.Jurisdiction, f.r.Jurisdiction) {
					c.Jurisdiction = append(c.Jurisdiction, f.r.Jurisdiction)
				}
			})
		},
	}
}

func rootRepairs() map[reason.Code]func(*repairing) {
	rule := func(change func(*trustframework.Relationship)) func(*repairing) {
		return func(f *repairing) { f.rule(change) }
	}
	return map[reason.Code]func(*repairing){
		reason.TrustRelationshipUnknown: func(f *repairing) {
			f.rule(func(r *trustframework.Relationship) { r.LegalBases = []string{f.root().LegalBasis} })
		},
		reason.TrustLegalBasisMismatch: func(f *repairing) {
			f.rule(func(r *trustframework.Relationship) {
				r.LegalBases = append(slices.Clone(r.LegalBases), f.root().LegalBasis)
			})
		},
		reason.TrustSelfIssuedForbidden: rule(func(r *trustframework.Relationship) { r.SelfIssue = true }),
		reason.TrustPrincipalUnbound: func(f *repairing) {
			f.accredit("vouching", credential.TypeIdentityBinding)
			f.vouch(credential.TypeIdentityBinding, f.root().Issuer, "")
		},
		reason.TrustValidityTooLong: rule(func(r *trustframework.Relationship) { r.MaxValidityDays = 0 }),
		reason.TrustDelegateKind:    rule(func(r *trustframework.Relationship) { r.DelegateKinds = nil }),
		reason.TrustRelationshipRule: func(f *repairing) {
			c := f.root()
			if c.TransitionAt = c.ValidUntil; c.ReviewBy.IsZero() {
				c.ReviewBy = c.ValidUntil
			}
		},
		reason.TrustSeparationOfDuties: func(f *repairing) { f.root().GrantedBy = "somebody else" },
		reason.TrustRedelegationForbidden: func(f *repairing) {
			f.rule(func(r *trustframework.Relationship) { r.MaxRedelegation = f.root().Redelegation.MaxDepth })
		},
	}
}

func chainRepairs() map[reason.Code]func(*repairing) {
	child := func(change func(a, c *credential.Credential)) func(*repairing) {
		return func(f *repairing) { f.below(0, func(a, c *Link) { change(a.Credential, c.Credential) }) }
	}
	type link = credential.Credential
	repeat := child(func(a, c *link) { c.Permissions = clone(a).Permissions })
	again := func(f *repairing) { f.p.Disclosed = nil; repeat(f) }
	return map[reason.Code]func(*repairing){
		reason.ChainCycle:              func(f *repairing) { f.newParties() },
		reason.ChainPrincipalChanged:   child(func(a, c *link) { c.OnBehalfOf.ID = a.OnBehalfOf.ID }),
		reason.ChainBasisChanged:       child(func(a, c *link) { c.Relationship, c.LegalBasis = a.Relationship, a.LegalBasis }),
		reason.ChainGrantorNotDelegate: child(func(a, c *link) { c.GrantedBy = a.Delegate.ID }),
		reason.ChainIssuerNotDelegate:  child(func(_, c *link) { c.Issuer = c.GrantedBy }),
		reason.ChainRedelegationForbidden: func(f *repairing) {
			for i := len(f.p.Chain) - 2; i >= 0; i-- {
				d := &f.p.Chain[i].Credential.Redelegation
				d.MaxDepth = max(d.MaxDepth, 1, f.p.Chain[i+1].Credential.Redelegation.MaxDepth+1)
			}
		},
		reason.ChainDepthWidened: child(func(a, c *link) {
			c.Redelegation.MaxDepth = min(c.Redelegation.MaxDepth, a.Redelegation.MaxDepth-1)
		}),
		reason.ChainDelegateKind: func(f *repairing) {
			f.each(func(l *Link) { l.Credential.Redelegation.Kinds = []string{person, organisation, workgroup, agent} })
		},
		reason.ChainValidityWidened: child(func(a, c *link) { c.ValidFrom, c.ValidUntil = a.ValidFrom, a.ValidUntil }),
		reason.ChainPurposeWidened:  child(func(a, c *link) { c.Purposes = a.Purposes }),
		reason.ChainControllerWidened: child(func(a, c *link) {
			c.Controllers = a.Controllers
		}),
		reason.ChainJurisdictionWidened: child(func(a, c *link) { c.Jurisdiction = a.Jurisdiction }),
		reason.ChainProhibitionDropped: child(func(a, c *link) {
			c.Prohibitions = slices.Concat(c.Prohibitions, a.Prohibitions)
		}),
		reason.ChainScopeWidened:      again,
		reason.ChainConstraintRelaxed: again,
		reason.ChainConditionDropped:  again,
	}
}

func authorityRepairs() map[reason.Code]func(*repairing) {
	return map[reason.Code]func(*repairing){
		reason.AuthorityPrincipalMismatch: func(f *repairing) { f.r.Principal = f.root().OnBehalfOf.ID },
		reason.AuthorityControllerNotGranted: func(f *repairing) {
			f.each(func(l *Link) { l.Credential.Controllers = append(l.Credential.Controllers, f.r.Controller) })
		},
		reason.AuthorityPurposeNotGranted: func(f *repairing) {
			f.each(func(l *Link) { l.Credential.Purposes = append(l.Credential.Purposes, f.r.Purpose) })
		},
		reason.AuthorityProhibited: func(f *repairing) {
			f.each(func(l *Link) { l.Credential.Prohibitions = []credential.Prohibition{} })
		},
		reason.AuthorityActionNotGranted:   func(f *repairing) { f.grant() },
		reason.AuthorityResourceNotGranted: func(f *repairing) { f.grant() },
		reason.AuthorityRequestTooBroad:    func(f *repairing) { f.r.Resource = f.denied.NarrowTo[0] },
		reason.AuthorityCategoryExcluded:   func(f *repairing) { f.r.Categories = nil },
		reason.AuthorityDateOutsideWindow:  func(f *repairing) { f.r.Window = nil },
		reason.AuthorityUsesExhausted:      func(f *repairing) { f.r.UsesSoFar = 0 },
		reason.ControllerRestriction:       func(f *repairing) { f.w.Restrictions = nil },
		reason.ControllerNotProxyable: func(f *repairing) {
			f.rules(func(p *trustframework.ControllerPolicy) { p.Proxyable, p.NotProxyable = []string{everything}, nil })
		},
	}
}

func conditionRepairs() map[reason.Code]func(*repairing) {
	return map[reason.Code]func(*repairing){
		reason.ControllerAgentRisk: func(f *repairing) {
			f.rules(func(p *trustframework.ControllerPolicy) { p.Agent.MaxRisk = high })
		},
		reason.ConditionObligationUnsupported: func(f *repairing) { f.r.SupportedObligations = []string{""} },
		reason.ConditionReviewOverdue: func(f *repairing) {
			f.each(func(l *Link) { l.Credential.ReviewBy = later(l.Credential.ReviewBy, f.w.Now) })
		},
		reason.ConditionStepUpRequired:        func(f *repairing) { f.r.Assurance = high },
		reason.ConditionConfirmationRequired:  func(f *repairing) { f.r.Satisfied = append(f.r.Satisfied, confirm) },
		reason.ConditionHumanApprovalRequired: func(f *repairing) { f.r.Satisfied = append(f.r.Satisfied, humanApproval) },
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) && !a.IsZero() {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// each does something to every link, below to every child and its parent from link i on.
func (f *repairing) each(do func(*Link)) {
	for i := range f.p.Chain {
		do(&f.p.Chain[i])
	}
}

func (f *repairing) below(i int, do func(a, c *Link)) {
	for i++; i < len(f.p.Chain); i++ {
		do(&f.p.Chain[i-1], &f.p.Chain[i])
	}
}

// decider is the link that was at fault.
func (f *repairing) decider() *credential.Credential {
	for i := range f.p.Chain {
		if f.p.Chain[i].Name == f.denied.Link {
			return f.p.Chain[i].Credential
		}
	}
	return f.root()
}

func (f *repairing) validNow() {
	f.each(func(l *Link) { f.w.Status[l.Name] = Status{State: stateValid} })
}

func (f *repairing) everyEntry(change func(*trustframework.Accreditation)) {
	for i := range f.w.Framework.Accreditations {
		change(f.accreditation(i))
	}
}

// inForceAgain makes a support whatever the case holds.
func (f *repairing) inForceAgain(a *trustframework.Accreditation) {
	a.Status, a.Until = trustframework.Active, f.w.Now.Add(time.Hour)
	a.From = earlier(a.From, f.w.Now)
	f.each(func(l *Link) { a.From = earlier(a.From, l.Credential.ValidFrom) })
}

// accredit gives issuer an entry of its own, right below an anchor and before all others.
func (f *repairing) accredit(issuer, typ string) {
	a := trustframework.Accreditation{ID: "repair", Issuer: issuer, AccreditedBy: f.w.Framework.Anchors[0], Types: []string{typ}, Mediates: true}
	f.inForceAgain(&a)
	f.w.Framework.Accreditations = slices.Insert(f.w.Framework.Accreditations, 0, a)
}

// vouch adds a supporting credential by the issuer that accredit was called for.
func (f *repairing) vouch(typ, subject, group string) {
	c := f.support(typ, subject, group)
	c.Issuer, c.ValidFrom, c.ValidUntil = "vouching", f.w.Now, f.w.Now.Add(time.Hour)
}

func (f *repairing) rule(change func(*trustframework.Relationship)) {
	name := f.root().Relationship
	r := f.w.Framework.Relationships[name]
	change(&r)
	f.w.Framework.Relationships[name] = r
}

func (f *repairing) rules(change func(*trustframework.ControllerPolicy)) {
	p := f.w.Framework.Controllers[f.r.Controller]
	change(&p)
	f.w.Framework.Controllers[f.r.Controller] = p
}

func (f *repairing) everyClass(change func(*trustframework.RiskPolicy)) {
	f.rules(func(p *trustframework.ControllerPolicy) {
		all := map[string]trustframework.RiskPolicy{}
		for _, class := range []string{routine, sensitive, high} {
			c := p.ByRisk[class]
			change(&c)
			all[class] = c
		}
		p.ByRisk = all
	})
}

// grant gives every link a permission for what is asked.
func (f *repairing) grant() {
	f.p.Disclosed = nil
	f.each(func(l *Link) {
		l.Credential.Permissions = append(l.Credential.Permissions, credential.Permission{
			ID: "repair", Resource: f.r.Resource, Actions: []string{f.r.Action}, Risk: routine,
		})
	})
}

// newParties gives every delegate and every link a name of its own.
func (f *repairing) newParties() {
	whole := f.p.Presenter == f.leafCredential().Delegate.ID
	f.each(func(l *Link) {
		l.Credential.Delegate.ID += " of " + l.Name
	})
	f.below(0, func(a, c *Link) {
		signs := c.Credential.Issuer == c.Credential.GrantedBy
		c.Credential.GrantedBy = a.Credential.Delegate.ID
		if signs {
			c.Credential.Issuer = c.Credential.GrantedBy
		}
	})
	if whole {
		f.p.Presenter = f.leafCredential().Delegate.ID
	}
}

// TestEveryReasonHasARepair holds the table to the reasons that a decision can have.
func TestEveryReasonHasARepair(t *testing.T) {
	all := repairs()
	for _, e := range reason.All() {
		if _, ok := all[e.Code]; ok != (e.Decision && e.Code != reason.OK) {
			t.Errorf("%s: repair %v, reason of a decision %v", e.Code, ok, e.Decision)
		}
	}
}
