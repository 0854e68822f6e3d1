// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// redelegation is S6: whole-link conditions on members that can never be hidden.
func (e *evaluation) redelegation() {
	root := &e.chain[0]
	of := e.about(root)
	rootPassesOn(&of, &e.relationship, root.Credential)
	e.join(&of)
	parties := make([]string, 0, 1+len(e.chain))
	parties = append(parties, root.Credential.OnBehalfOf.ID, root.Credential.Delegate.ID)
	for i := 1; i < len(e.chain); i++ {
		a, c := e.chain[i-1].Credential, &e.chain[i]
		f := e.about(c)
		grantFaults(&f, a, c.Credential)
		e.signer(&f, c)
		widenings(&f, a, c.Credential)
		f.when("S6.17", slices.Contains(parties, c.Credential.Delegate.ID), reason.ChainCycle)
		parties = append(parties, c.Credential.Delegate.ID)
		e.join(&f)
	}
}

// rootPassesOn is S6.1 and S6.2.
func rootPassesOn(f *findings, rel *trustframework.Relationship, root *credential.Credential) {
	f.when("S6.1", root.Delegate.ID == root.OnBehalfOf.ID, reason.ChainCycle)
	f.when("S6.2", root.Redelegation.MaxDepth > rel.MaxRedelegation, reason.TrustRedelegationForbidden)
}

// grantFaults is S6.3 to S6.5: same principal, same basis, granted by whom the parent named.
func grantFaults(f *findings, a, c *credential.Credential) {
	f.when("S6.3", c.OnBehalfOf.ID != a.OnBehalfOf.ID, reason.ChainPrincipalChanged)
	f.when("S6.4", c.Relationship != a.Relationship || c.LegalBasis != a.LegalBasis, reason.ChainBasisChanged)
	f.when("S6.5", c.GrantedBy != a.Delegate.ID, reason.ChainGrantorNotDelegate)
}

// signer is S6.6 and S6.7: the grantor signs, or a mediator within its own accreditation.
func (e *evaluation) signer(f *findings, c *link) {
	if c.Credential.Issuer == c.Credential.GrantedBy {
		f.when("S6.6", false, "")
		return
	}
	acc, code := e.mediation(c.Credential, e.trace)
	c.mediator = e.relyOn(acc)
	if code == reason.ChainIssuerNotDelegate {
		f.when("S6.6", true, code)
		return
	}
	f.when("S6.7", code != "", code)
}

// mediation is the accreditation of c's issuer as a mediator for c.
func (g registry) mediation(c *credential.Credential, t *trace) (*ceiling, reason.Code) {
	acc, code := g.accreditation(c, mediates, t)
	if code == reason.TrustIssuerUnknown {
		return nil, reason.ChainIssuerNotDelegate
	}
	return acc, code
}

// widenings is S6.8 to S6.16: what c has beyond a.
func widenings(f *findings, a, c *credential.Credential) {
	kinds := passOn(a.Redelegation.Kinds)
	f.when("S6.8", a.Redelegation.MaxDepth < 1, reason.ChainRedelegationForbidden)
	f.when("S6.9", c.Redelegation.MaxDepth > a.Redelegation.MaxDepth-1, reason.ChainDepthWidened)
	f.when("S6.10", !slices.Contains(kinds, c.Delegate.Kind), reason.ChainDelegateKind)
	f.when("S6.11", !subset(passOn(c.Redelegation.Kinds), kinds), reason.ChainDelegateKind)
	f.when("S6.12", c.ValidFrom.Before(a.ValidFrom) || c.ValidUntil.After(a.ValidUntil), reason.ChainValidityWidened)
	f.when("S6.13", !subset(c.Purposes, a.Purposes), reason.ChainPurposeWidened)
	f.when("S6.14", !subset(c.Controllers, a.Controllers), reason.ChainControllerWidened)
	f.when("S6.15", !subset(c.Jurisdiction, a.Jurisdiction), reason.ChainJurisdictionWidened)
	f.when("S6.16", prohibitionDropped(a, c), reason.ChainProhibitionDropped)
}

// passOn returns the kinds that may be passed on to: persons alone where none are given.
func passOn(kinds []string) []string {
	if kinds == nil {
		return []string{person}
	}
	return kinds
}

// prohibitionDropped compares (resource, action) pairs literally (S6.16).
func prohibitionDropped(a, c *credential.Credential) bool {
	for _, p := range a.Prohibitions {
		for _, action := range p.Actions {
			if !prohibitsLiterally(c, p.Resource, action) {
				return true
			}
		}
	}
	return false
}

func prohibitsLiterally(c *credential.Credential, resource, action string) bool {
	return slices.ContainsFunc(c.Prohibitions, func(p credential.Prohibition) bool {
		return p.Resource == resource && slices.Contains(p.Actions, action)
	})
}
