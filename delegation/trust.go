// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// trust is S4.
func (e *evaluation) trust() {
	root := &e.chain[0]
	if !e.snapshot() {
		return
	}
	rel, ok := e.framework.Relationships[root.Credential.Relationship]
	e.when("S4.3", !ok, reason.TrustRelationshipUnknown, root)
	if !ok {
		return
	}
	e.relationship = rel
	e.when("S4.4", !slices.Contains(rel.LegalBases, root.Credential.LegalBasis), reason.TrustLegalBasisMismatch, root)
	e.standing(root)
	f := e.about(root)
	rootRules(&f, &rel, root.Credential)
	e.join(&f)
	e.place()
}

// snapshot is S4.1 and S4.2: whether there is a framework that can be relied on.
func (e *evaluation) snapshot() bool {
	code := e.usable()
	e.when("S4.1", code != "" && code != reason.TrustRegistryStale, code, nil)
	if code != "" && code != reason.TrustRegistryStale {
		return false
	}
	e.relied(FrameworkSnapshot, e.framework.ID, e.now.Sub(e.framework.AsOf))
	e.when("S4.2", code != "", code, nil)
	e.until(e.framework.AsOf.Add(seconds(e.framework.MaxAgeSeconds)), endOfSnapshot, e.framework.ID)
	return code == ""
}

func selfIssued(root *credential.Credential) bool { return root.Issuer == root.OnBehalfOf.ID }

// standing is S4.5 to S4.7: why the issuer may speak for the principal.
func (e *evaluation) standing(root *link) {
	if !selfIssued(root.Credential) {
		acc, code := e.accreditation(root.Credential, ownEntry, e.trace)
		e.rootCeiling = e.relyOn(acc)
		e.when("S4.7", code != "", code, root)
		return
	}
	e.when("S4.5", !e.relationship.SelfIssue, reason.TrustSelfIssuedForbidden, root)
	bound := e.supported(credential.TypeIdentityBinding, root.Credential.Issuer, "")
	e.when("S4.6", !bound, reason.TrustPrincipalUnbound, root)
	e.rootCeiling = selfCeiling(&e.relationship)
}

// selfCeiling is the accreditation of a self-issued root.
func selfCeiling(rel *trustframework.Relationship) *ceiling {
	return &ceiling{maxRisk: ceilingRank(rel.MaxRisk, high)}
}

// relyOn notes how long the path of c can be relied on.
func (e *evaluation) relyOn(c *ceiling) *ceiling {
	if c != nil {
		e.trace.path(c)
		e.untilPath(c.path)
	}
	return c
}

func (e *evaluation) untilPath(path []*trustframework.Accreditation) {
	for _, a := range path {
		if a.Status == trustframework.Active {
			e.until(a.Until, endOfAccreditation, a.ID)
		}
	}
}

// rootRules is S4.8 to S4.12: what the relationship asks of a root.
func rootRules(f *findings, rel *trustframework.Relationship, root *credential.Credential) {
	kinds := rel.DelegateKinds
	f.when("S4.8", validTooLong(rel, root), reason.TrustValidityTooLong)
	f.when("S4.9", len(kinds) > 0 && !slices.Contains(kinds, root.Delegate.Kind), reason.TrustDelegateKind)
	f.when("S4.10", rel.TransitionRequired && outlivesTransition(root), reason.TrustRelationshipRule)
	f.when("S4.11", rel.SeparationOfDuties && root.GrantedBy == root.Delegate.ID, reason.TrustSeparationOfDuties)
	f.when("S4.12", rel.ReviewRequired && root.ReviewBy.IsZero(), reason.TrustRelationshipRule)
}

func outlivesTransition(root *credential.Credential) bool {
	return root.TransitionAt.IsZero() || root.ValidUntil.After(root.TransitionAt)
}

// validTooLong is S4.8. Days of UTC have exactly 24 hours, and no duration can overflow here.
func validTooLong(rel *trustframework.Relationship, root *credential.Credential) bool {
	return rel.MaxValidityDays != 0 &&
		root.ValidUntil.After(root.ValidFrom.UTC().AddDate(0, 0, rel.MaxValidityDays))
}

// place is S4.13.
func (e *evaluation) place() {
	if e.asked.Jurisdiction == "" {
		return
	}
	for i := range e.chain {
		l := &e.chain[i]
		e.when("S4.13", !slices.Contains(l.Credential.Jurisdiction, e.asked.Jurisdiction), reason.TrustJurisdiction, l)
	}
}
