// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// ceiling is what an accreditation lets an issuer grant: no more than any entry of its path does.
// Asking every entry of the path in turn is the cut of §8.5 without computing it: a resource lies
// below the meet of two lists of subtrees exactly if it lies below some path of each.
type ceiling struct {
	path    []*trustframework.Accreditation
	maxRisk int
}

// exceeded returns why p is more than the accreditation allows, "" if it is not (S8.7).
func (c *ceiling) exceeded(p *credential.Permission) reason.Code {
	for _, x := range c.path {
		if x.Resources != nil && !anyCovers(x.Resources, p.Resource) {
			return reason.TrustScopeNotAccredited
		}
		if !allows(x.Actions, p.Actions...) {
			return reason.TrustScopeNotAccredited
		}
	}
	if riskRank(p.Risk) > c.maxRisk {
		return reason.TrustRiskExceeded
	}
	return ""
}

// allows reports whether a list of an accreditation holds all of names: nil and "*" hold any.
func allows(list []string, names ...string) bool {
	return list == nil || slices.Contains(list, everything) || subset(names, list)
}

// ownEntry and mediates choose the entries that §8.4 calls mine.
func ownEntry(*trustframework.Accreditation) bool { return true }

func mediates(a *trustframework.Accreditation) bool { return a.Mediates }

// accreditation is §8.4: the first entry of c's issuer that passes, or why the last one did not.
// T takes down which were tried.
func (g registry) accreditation(c *credential.Credential, mine func(*trustframework.Accreditation) bool, t *trace) (*ceiling, reason.Code) {
	why := reason.TrustIssuerUnknown
	for i := range g.framework.Accreditations {
		a := &g.framework.Accreditations[i]
		if a.Issuer != c.Issuer || !mine(a) {
			continue
		}
		if !slices.Contains(a.Types, credential.TypeDelegation) {
			if why == reason.TrustIssuerUnknown {
				why = reason.TrustTypeNotAccredited
			}
			t.accreditation(a, reason.TrustTypeNotAccredited)
			continue
		}
		found, code := g.entryCovers(a, c)
		t.accreditation(a, code)
		if code == "" {
			return found, ""
		}
		why = code
	}
	return nil, why
}

func (g registry) entryCovers(a *trustframework.Accreditation, c *credential.Credential) (*ceiling, reason.Code) {
	path, code := g.pathOf(a, c.ValidFrom)
	if code != "" {
		return nil, code
	}
	if c.ValidFrom.Before(a.From) {
		return nil, reason.TrustIssuerOutsideValidity
	}
	found := &ceiling{path: path, maxRisk: topRank}
	for _, x := range path {
		if code := notCovered(x, c); code != "" {
			return nil, code
		}
		found.maxRisk = min(found.maxRisk, ceilingRank(x.MaxRisk, high))
	}
	return found, ""
}

// notCovered returns the first limit of entry x that c passes.
func notCovered(x *trustframework.Accreditation, c *credential.Credential) reason.Code {
	switch {
	case !allows(x.Relationships, c.Relationship):
		return reason.TrustRelationshipNotAccredited
	case !allows(x.LegalBases, c.LegalBasis):
		return reason.TrustLegalBasisNotAccredited
	case !allows(x.Jurisdictions, c.Jurisdiction...):
		return reason.TrustJurisdiction
	case !allows(x.Controllers, c.Controllers...):
		return reason.TrustControllerNotAccredited
	case !allows(x.Purposes, c.Purposes...):
		return reason.TrustPurposeNotAccredited
	case assuranceAtIssue(c.Assurance) < floorRank(x.MinAssurance):
		return reason.TrustAssuranceTooLow
	}
	return ""
}

// assuranceAtIssue is the lower of the two levels; what is withheld or unknown counts as low.
func assuranceAtIssue(a *credential.Assurance) int {
	if a == nil {
		return 0
	}
	return max(0, min(assuranceRank(a.Principal), assuranceRank(a.Delegate)))
}
