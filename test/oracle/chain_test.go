// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// chain is S6: whole-link conditions on members that can never be hidden.
func (o *opinion) chain() *answer {
	root := o.links[0]
	if root.Delegate.ID == root.OnBehalfOf.ID {
		return deny("chain.cycle") // S6.1
	}
	if root.Redelegation.MaxDepth > o.rel.MaxRedelegation {
		return deny("trust.redelegation_forbidden") // S6.2
	}
	parties := []string{root.OnBehalfOf.ID, root.Delegate.ID}
	for i := 1; i < len(o.links); i++ {
		a, c := o.links[i-1], o.links[i]
		if why := o.grantor(a, c, i); why != "" {
			return deny(why) // S6.3 to S6.7
		}
		if why := widened(a, c); why != "" {
			return deny(why) // S6.8 to S6.16
		}
		if slices.Contains(parties, c.Delegate.ID) {
			return deny("chain.cycle") // S6.17
		}
		parties = append(parties, c.Delegate.ID)
	}
	return nil
}

// grantor is S6.3 to S6.7: the same authority, passed on by the one who has it.
func (o *opinion) grantor(a, c *link, i int) (why reason.Code) {
	mediates := slices.ContainsFunc(o.fw.Accreditations, func(e trustframework.Accreditation) bool {
		return e.Issuer == c.Issuer && e.Mediates
	})
	switch {
	case c.OnBehalfOf.ID != a.OnBehalfOf.ID:
		return "chain.principal_changed" // S6.3
	case c.Relationship != a.Relationship || c.LegalBasis != a.LegalBasis:
		return "chain.basis_changed" // S6.4
	case c.GrantedBy != a.Delegate.ID:
		return "chain.grantor_not_delegate" // S6.5
	case c.Issuer != c.GrantedBy && !mediates:
		return "chain.issuer_not_delegate" // S6.6
	case c.Issuer != c.GrantedBy:
		o.macc[i], why = o.accreditationFor(c, true) // S6.7
	}
	return why
}

// widened is S6.8 to S6.16: nothing may be wider than in the parent.
func widened(a, c *link) reason.Code {
	switch {
	case a.Redelegation.MaxDepth < 1:
		return "chain.redelegation_forbidden" // S6.8
	case c.Redelegation.MaxDepth > a.Redelegation.MaxDepth-1:
		return "chain.depth_widened" // S6.9
	case !slices.Contains(kinds(a), c.Delegate.Kind):
		return "chain.delegate_kind" // S6.10
	case !all(kinds(c), kinds(a)):
		return "chain.delegate_kind" // S6.11
	case c.ValidFrom.Before(a.ValidFrom) || c.ValidUntil.After(a.ValidUntil):
		return "chain.validity_widened" // S6.12
	case !all(c.Purposes, a.Purposes):
		return "chain.purpose_widened" // S6.13
	case !all(c.Controllers, a.Controllers):
		return "chain.controller_widened" // S6.14
	case !all(c.Jurisdiction, a.Jurisdiction):
		return "chain.jurisdiction_widened" // S6.15
	case !all(pairs(a.Prohibitions), pairs(c.Prohibitions)):
		return "chain.prohibition_dropped" // S6.16
	}
	return ""
}

// kinds are the kinds that l may pass on to; absent means persons.
func kinds(l *link) []string {
	if l.Redelegation.Kinds == nil {
		return []string{"person"}
	}
	return l.Redelegation.Kinds
}

func all[E comparable](these, in []E) bool {
	return !slices.ContainsFunc(these, func(e E) bool { return !slices.Contains(in, e) })
}

// pairs are the literal (resource, action) pairs of a list of prohibitions.
func pairs(list []credential.Prohibition) (out [][2]string) {
	for _, p := range list {
		for _, a := range p.Actions {
			out = append(out, [2]string{p.Resource, a})
		}
	}
	return out
}

// accreditation is what an issuer may write into permissions.
type accreditation struct {
	selfIssued bool // any resource and any action
	path       []trustframework.Accreditation
	maxRisk    string
}

// allows says why p is beyond the accreditation. The cut of §8.5 keeps what every entry of the
// path covers, so it is enough to ask each entry.
func (a *accreditation) allows(p *permission) reason.Code {
	for _, x := range a.path {
		if x.Resources != nil && !anyCovers(x.Resources, p.Resource) {
			return "trust.scope_not_accredited"
		}
		if !lists(x.Actions, p.Actions...) {
			return "trust.scope_not_accredited"
		}
	}
	if rank(p.Risk) > rank(a.maxRisk) {
		return "trust.risk_exceeded"
	}
	return ""
}

// lists says whether the list of an entry has every item; absent and "*" mean unrestricted.
func lists(list []string, items ...string) bool {
	return list == nil || slices.Contains(list, "*") || all(items, list)
}

// accreditationFor is §8.4: the first entry that passes is used, and if none does, the reason is
// that of the last entry tried that has the type.
func (o *opinion) accreditationFor(l *link, mediator bool) (*accreditation, reason.Code) {
	var mine []trustframework.Accreditation
	for _, a := range o.fw.Accreditations {
		if a.Issuer == l.Issuer && (a.Mediates || !mediator) {
			mine = append(mine, a)
		}
	}
	if len(mine) == 0 {
		return nil, "trust.issuer_unknown"
	}
	why := reason.Code("trust.type_not_accredited")
	for _, a := range mine {
		if !slices.Contains(a.Types, "DelegationCredential") {
			continue
		}
		var path []trustframework.Accreditation
		if path, why = o.path(a, l.ValidFrom, 0); why != "" {
			continue
		}
		if l.ValidFrom.Before(a.From) {
			why = "trust.issuer_outside_validity"
			continue
		}
		if why = firstLine(path, l); why == "" {
			return &accreditation{path: path, maxRisk: lowestRisk(path)}, ""
		}
	}
	return nil, why
}

// firstLine is the first failing line of §8.4, the issuer's own entry first, then upward.
func firstLine(path []trustframework.Accreditation, l *link) reason.Code {
	for _, x := range path {
		switch {
		case !lists(x.Relationships, l.Relationship):
			return "trust.relationship_not_accredited"
		case !lists(x.LegalBases, l.LegalBasis):
			return "trust.legal_basis_not_accredited"
		case !lists(x.Jurisdictions, l.Jurisdiction...):
			return "trust.jurisdiction"
		case !lists(x.Controllers, l.Controllers...):
			return "trust.controller_not_accredited"
		case !lists(x.Purposes, l.Purposes...):
			return "trust.purpose_not_accredited"
		case x.MinAssurance != "" && assured(l.Assurance) < rank(x.MinAssurance):
			return "trust.assurance_too_low"
		}
	}
	return ""
}

// assured is the lower of the two levels at issue; withheld or unknown is low.
func assured(a *credential.Assurance) int {
	if a == nil {
		return rank("low")
	}
	lowest := rank("high")
	for _, level := range []string{a.Principal, a.Delegate} {
		if !slices.Contains(levels[:], level) {
			level = "low"
		}
		lowest = min(lowest, rank(level))
	}
	return lowest
}

func lowestRisk(path []trustframework.Accreditation) string {
	lowest := "high"
	for _, x := range path {
		if x.MaxRisk != "" && rank(x.MaxRisk) < rank(lowest) {
			lowest = x.MaxRisk
		}
	}
	return lowest
}

// path is §8.1, word for word.
func (o *opinion) path(a trustframework.Accreditation, issued time.Time, depth int) ([]trustframework.Accreditation, reason.Code) {
	now := o.w.Now
	switch {
	case depth >= o.fw.Limits.MaxAccreditationPath:
		return nil, "trust.path_too_long"
	case a.Status == "revoked":
		return nil, "trust.issuer_revoked"
	case a.Status == "suspended":
		return nil, "trust.issuer_suspended"
	case now.Before(a.From):
		return nil, "trust.issuer_outside_validity"
	case a.Status != "retired" && !now.Before(a.Until):
		return nil, "trust.issuer_outside_validity"
	case a.Status == "retired" && !issued.Before(a.RetiredAt):
		return nil, "trust.issuer_outside_validity"
	case slices.Contains(o.fw.Anchors, a.AccreditedBy):
		return []trustframework.Accreditation{a}, ""
	}
	err := reason.Code("trust.path_broken")
	for _, b := range o.fw.Accreditations {
		if b.Issuer == a.AccreditedBy && slices.Contains(b.Types, "Accreditation") {
			up, why := o.path(b, a.From, depth+1)
			if why == "" {
				return append([]trustframework.Accreditation{a}, up...), ""
			}
			err = why
		}
	}
	return nil, err
}

// accredited is §8.3, for supporting credentials.
func (o *opinion) accredited(issuer, kind string, issued time.Time) bool {
	return slices.ContainsFunc(o.fw.Accreditations, func(e trustframework.Accreditation) bool {
		if e.Issuer != issuer || !slices.Contains(e.Types, kind) || issued.Before(e.From) {
			return false
		}
		_, why := o.path(e, issued, 0)
		return why == ""
	})
}
