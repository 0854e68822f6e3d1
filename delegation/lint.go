// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// CheckRoot returns why a gateway that holds framework f would refuse root c at now, so that an
// issuer need not sign it: S3.3 to S3.5, S3.7, S4, S6.1, S6.2, and whether each permission stays
// within the accreditation (S8.7). Empty is good. It cannot know the identity binding of a
// self-issued root (S4.6), the status, or what will be asked.
func CheckRoot(f *trustframework.Framework, c *credential.Credential, now time.Time) []reason.Code {
	var found findings
	if !wellFormed(&found, c, now) {
		return found.codes
	}
	e := evaluation{
		registry: registry{framework: f, now: now},
		world:    &World{}, shown: &Presentation{}, asked: &Request{},
		chain: []link{{Link: &Link{Credential: c}}},
		found: found,
	}
	e.assembly()
	e.trust()
	if e.rootCeiling != nil {
		e.redelegation()
		permissionsExceed(&e.found, e.rootCeiling, c)
	}
	return slices.DeleteFunc(e.found.codes, func(code reason.Code) bool {
		return code == reason.TrustPrincipalUnbound
	})
}

// CheckChild returns why child is not a delegation onward within parent, so that wallet and issuer
// need not sign one: S3.3 to S3.5 for the child, S6.3 to S6.17, and each permission against those
// of the parent (§6.1). Empty is good. Permissions that are void in the parent grant nothing. The
// grantor must sign; for a mediator see CheckMediated. It does not know the links above parent,
// so a cycle through them stays for the gateway to find.
func CheckChild(parent, child *credential.Credential) []reason.Code {
	var found findings
	if !childWithin(&found, parent, child, func() {
		found.when("S6.6", child.Issuer != child.GrantedBy, reason.ChainIssuerNotDelegate)
	}) {
		return found.codes
	}
	permissionsWiden(&found, parent, child)
	return found.codes
}

// CheckMediated is CheckChild for a child that a mediator signs for the parent's delegate: S6.7
// and the limits of the mediator's own accreditation in framework f at now stand in for S6.6.
func CheckMediated(f *trustframework.Framework, parent, child *credential.Credential, now time.Time) []reason.Code {
	var found findings
	g := registry{framework: f, now: now}
	if code := g.usable(); code != "" {
		return []reason.Code{code}
	}
	var limit *ceiling
	if !childWithin(&found, parent, child, func() {
		var code reason.Code
		limit, code = g.mediation(child, nil)
		found.when("S6.7", code != "", code)
	}) {
		return found.codes
	}
	permissionsExceed(&found, limit, child)
	permissionsWiden(&found, parent, child)
	return found.codes
}

// childWithin notes S6.3 to S6.17 with signer in the place of S6.6 and S6.7. It is false where
// there is nothing that could be compared.
func childWithin(found *findings, parent, child *credential.Credential, signer func()) bool {
	if parent == nil {
		found.when("S3b", true, reason.ChainParentMissing)
		return false
	}
	if child == nil || formMalformed(child) || permissionsMalformed(child.Permissions) ||
		!child.ValidFrom.Before(child.ValidUntil) {
		found.when("S3.3", true, reason.CredentialSchemaInvalid)
		return false
	}
	grantFaults(found, parent, child)
	signer()
	widenings(found, parent, child)
	found.when("S6.17", child.Delegate.ID == parent.Delegate.ID || child.Delegate.ID == parent.OnBehalfOf.ID, reason.ChainCycle)
	found.when("S3b", child.ID != "" && child.ID == parent.ID, reason.ChainCycle)
	return true
}

func wellFormed(found *findings, c *credential.Credential, now time.Time) bool {
	switch {
	case c == nil:
		found.when("S3.3", true, reason.CredentialSchemaInvalid)
		return false
	case c.Type != credential.TypeDelegation:
		found.when("S3.2", true, reason.CredentialTypeUnknown)
		return false
	}
	malformed := formMalformed(c) || permissionsMalformed(c.Permissions) || !c.ValidFrom.Before(c.ValidUntil)
	found.when("S3.3", malformed, reason.CredentialSchemaInvalid)
	found.when("S3.7", !malformed && !now.Before(c.ValidUntil), reason.CredentialExpired)
	return !malformed
}

// permissionsExceed notes what S8.7 would void in the link that the holder of limit signs.
func permissionsExceed(found *findings, limit *ceiling, c *credential.Credential) {
	for i := range c.Permissions {
		p := &c.Permissions[i]
		found.when("S8.7", void(&p.Constraint), reason.CredentialUnknownConstraint)
		if limit != nil {
			code := limit.exceeded(p)
			found.when("S8.7", code != "", code)
		}
	}
}

// permissionsWiden notes, for each permission of child, why none of parent's is at least as broad.
func permissionsWiden(found *findings, parent, child *credential.Credential) {
	eff := make([]entry, 0, len(parent.Permissions))
	for i := range parent.Permissions {
		if p := &parent.Permissions[i]; !void(&p.Constraint) {
			eff = append(eff, entry{permission: p})
		}
	}
	for i := range child.Permissions {
		p := &child.Permissions[i]
		found.when("S8.7", void(&p.Constraint), reason.CredentialUnknownConstraint)
		_, code := descend(nil, p, eff, nil)
		found.when("S8.7", code != "", code)
	}
}
