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
	if code := e.usable(); code != "" {
		e.fail(code, nil)
		return
	}
	e.until(e.framework.AsOf.Add(seconds(e.framework.MaxAgeSeconds)))
	rel, ok := e.framework.Relationships[root.Credential.Relationship]
	if !ok {
		e.fail(reason.TrustRelationshipUnknown, root)
		return
	}
	e.relationship = rel
	e.when(!slices.Contains(rel.LegalBases, root.Credential.LegalBasis), reason.TrustLegalBasisMismatch, root)
	e.standing(root)
	for _, code := range rootRules(&rel, root.Credential) {
		e.fail(code, root)
	}
	e.place()
}

func selfIssued(root *credential.Credential) bool { return root.Issuer == root.OnBehalfOf.ID }

// standing is S4.5 to S4.7: why the issuer may speak for the principal.
func (e *evaluation) standing(root *link) {
	if !selfIssued(root.Credential) {
		acc, code := e.accreditation(root.Credential, ownEntry)
		e.when(code != "", code, root)
		e.rootCeiling = e.relyOn(acc)
		return
	}
	e.when(!e.relationship.SelfIssue, reason.TrustSelfIssuedForbidden, root)
	e.when(!e.supported(credential.TypeIdentityBinding, root.Credential.Issuer, ""), reason.TrustPrincipalUnbound, root)
	e.rootCeiling = selfCeiling(&e.relationship)
}

// selfCeiling is the accreditation of a self-issued root.
func selfCeiling(rel *trustframework.Relationship) *ceiling {
	return &ceiling{maxRisk: ceilingRank(rel.MaxRisk, high)}
}

// relyOn notes how long the path of c can be relied on.
func (e *evaluation) relyOn(c *ceiling) *ceiling {
	if c != nil {
		e.untilPath(c.path)
	}
	return c
}

func (e *evaluation) untilPath(path []*trustframework.Accreditation) {
	for _, a := range path {
		if a.Status == trustframework.Active {
			e.until(a.Until)
		}
	}
}

// rootRules is S4.8 to S4.12: what the relationship asks of a root.
func rootRules(rel *trustframework.Relationship, root *credential.Credential) []reason.Code {
	var broken []reason.Code
	if validTooLong(rel, root) {
		broken = append(broken, reason.TrustValidityTooLong)
	}
	if len(rel.DelegateKinds) > 0 && !slices.Contains(rel.DelegateKinds, root.Delegate.Kind) {
		broken = append(broken, reason.TrustDelegateKind)
	}
	if rel.TransitionRequired && (root.TransitionAt.IsZero() || root.ValidUntil.After(root.TransitionAt)) {
		broken = append(broken, reason.TrustRelationshipRule)
	}
	if rel.SeparationOfDuties && root.GrantedBy == root.Delegate.ID {
		broken = append(broken, reason.TrustSeparationOfDuties)
	}
	if rel.ReviewRequired && root.ReviewBy.IsZero() {
		broken = append(broken, reason.TrustRelationshipRule)
	}
	return broken
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
		e.when(!slices.Contains(l.Credential.Jurisdiction, e.asked.Jurisdiction), reason.TrustJurisdiction, l)
	}
}
