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
	for _, code := range rootPassesOn(&e.relationship, root.Credential) {
		e.fail(code, root)
	}
	parties := make([]string, 0, 1+len(e.chain))
	parties = append(parties, root.Credential.OnBehalfOf.ID, root.Credential.Delegate.ID)
	for i := 1; i < len(e.chain); i++ {
		a, c := e.chain[i-1].Credential, &e.chain[i]
		f := findings{}
		grantFaults(&f, a, c.Credential)
		e.signer(&f, c)
		widenings(&f, a, c.Credential)
		f.when(slices.Contains(parties, c.Credential.Delegate.ID), reason.ChainCycle)
		parties = append(parties, c.Credential.Delegate.ID)
		for _, code := range f.codes {
			e.fail(code, c)
		}
	}
}

// rootPassesOn is S6.1 and S6.2.
func rootPassesOn(rel *trustframework.Relationship, root *credential.Credential) []reason.Code {
	var f findings
	f.when(root.Delegate.ID == root.OnBehalfOf.ID, reason.ChainCycle)
	f.when(root.Redelegation.MaxDepth > rel.MaxRedelegation, reason.TrustRedelegationForbidden)
	return f.codes
}

// grantFaults is S6.3 to S6.5: same principal, same basis, granted by whom the parent named.
func grantFaults(f *findings, a, c *credential.Credential) {
	f.when(c.OnBehalfOf.ID != a.OnBehalfOf.ID, reason.ChainPrincipalChanged)
	f.when(c.Relationship != a.Relationship || c.LegalBasis != a.LegalBasis, reason.ChainBasisChanged)
	f.when(c.GrantedBy != a.Delegate.ID, reason.ChainGrantorNotDelegate)
}

// signer is S6.6 and S6.7: the grantor signs, or a mediator within its own accreditation.
func (e *evaluation) signer(f *findings, c *link) {
	if c.Credential.Issuer == c.Credential.GrantedBy {
		return
	}
	acc, code := e.mediation(c.Credential)
	f.when(code != "", code)
	c.mediator = e.relyOn(acc)
}

// mediation is the accreditation of c's issuer as a mediator for c.
func (g registry) mediation(c *credential.Credential) (*ceiling, reason.Code) {
	acc, code := g.accreditation(c, mediates)
	if code == reason.TrustIssuerUnknown {
		return nil, reason.ChainIssuerNotDelegate
	}
	return acc, code
}

// widenings is S6.8 to S6.16: what c has beyond a.
func widenings(f *findings, a, c *credential.Credential) {
	kinds := passOn(a.Redelegation.Kinds)
	f.when(a.Redelegation.MaxDepth < 1, reason.ChainRedelegationForbidden)
	f.when(c.Redelegation.MaxDepth > a.Redelegation.MaxDepth-1, reason.ChainDepthWidened)
	f.when(!slices.Contains(kinds, c.Delegate.Kind), reason.ChainDelegateKind)
	f.when(!subset(passOn(c.Redelegation.Kinds), kinds), reason.ChainDelegateKind)
	f.when(c.ValidFrom.Before(a.ValidFrom) || c.ValidUntil.After(a.ValidUntil), reason.ChainValidityWidened)
	f.when(!subset(c.Purposes, a.Purposes), reason.ChainPurposeWidened)
	f.when(!subset(c.Controllers, a.Controllers), reason.ChainControllerWidened)
	f.when(!subset(c.Jurisdiction, a.Jurisdiction), reason.ChainJurisdictionWidened)
	f.when(prohibitionDropped(a, c), reason.ChainProhibitionDropped)
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
