// SPDX-License-Identifier: Apache-2.0

package trustframework

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The closed lists of delegation.md §2.1, §2.4 and §4.1.
func statuses() []string { return []string{Active, Suspended, Revoked, Retired} }
func risks() []string    { return []string{"routine", "sensitive", "high"} }
func levels() []string   { return []string{"low", "substantial", "high"} }
func kinds() []string    { return []string{"person", "organisation", "workgroup", "agent"} }
func types() []string {
	return []string{"Accreditation", "DelegationCredential", "IdentityBindingCredential", "WorkgroupMembershipCredential"}
}

// relationship checks one entry of delegation.md §2.5.
func (c *checker) relationship(path, name string, r Relationship) {
	c.text(path, name)
	c.distinct("relationship", path, name)
	c.required(path+".legalBases", r.LegalBases)
	c.list(path+".legalBases", r.LegalBases, c.text)
	c.list(path+".delegateKinds", r.DelegateKinds, c.oneOf(kinds()))
	c.list(path+".mandatoryRequires", r.MandatoryRequires, c.requirement)
	c.within(path+".maxRedelegation", int64(r.MaxRedelegation), 0, MaxChainLinks)
	c.within(path+".maxValidityDays", int64(r.MaxValidityDays), 0, 36525)
	c.optional(path+".maxRisk", r.MaxRisk, risks())
}

// accreditation checks one entry of delegation.md §4.1. A party may have several entries, which
// is why issuers may come again while ids may not.
func (c *checker) accreditation(path string, a *Accreditation) {
	c.text(path+".id", a.ID)
	c.distinct("accreditation", path+".id", a.ID)
	c.once("accreditation", path+".id", a.ID)
	c.issuer(path+".issuer", a.Issuer)
	if _, known := c.known[a.Issuer]; strings.HasPrefix(a.Issuer, httpsIssuerPrefix) && !known {
		c.bad(path+".issuer", "is an https address, and no party")
	}
	c.organisation(path+".accreditedBy", a.AccreditedBy)
	c.member(path+".status", a.Status, statuses())
	c.interval(path, a)
	c.required(path+".types", a.Types)
	c.list(path+".types", a.Types, c.oneOf(types()))
	c.list(path+".relationships", a.Relationships, c.orStar(c.text))
	c.list(path+".legalBases", a.LegalBases, c.orStar(c.text))
	c.list(path+".jurisdictions", a.Jurisdictions, c.orStar(c.text))
	c.list(path+".controllers", a.Controllers, c.orStar(c.controllerID))
	c.list(path+".purposes", a.Purposes, c.orStar(c.text))
	c.list(path+".resources", a.Resources, c.orStar(c.path))
	c.list(path+".actions", a.Actions, c.orStar(c.text))
	c.optional(path+".maxRisk", a.MaxRisk, risks())
	c.optional(path+".minAssurance", a.MinAssurance, levels())
}

func (c *checker) interval(path string, a *Accreditation) {
	switch {
	case a.From.IsZero():
		c.missing(path + ".from")
	case a.Until.IsZero():
		c.missing(path + ".until")
	case !a.From.Before(a.Until):
		c.bad(path+".until", "is not after from")
	}
	switch {
	case a.Status == Retired && a.RetiredAt.IsZero():
		c.missing(path + ".retiredAt")
	case a.Status != Retired && !a.RetiredAt.IsZero():
		c.bad(path+".retiredAt", "is given and the status is not retired")
	case a.Status == Retired && a.RetiredAt.Before(a.From):
		c.bad(path+".retiredAt", "is before from")
	}
}

// controller checks one entry of delegation.md §4.2. All three classes of risk must be there:
// what a controller asks for at a class is never guessed.
func (c *checker) controller(path, id string, p ControllerPolicy) {
	c.controllerID(path, id)
	if p.Proxyable == nil {
		c.missing(path + ".proxyable")
	}
	c.list(path+".proxyable", p.Proxyable, c.orStar(c.path))
	c.list(path+".notProxyable", p.NotProxyable, c.orStar(c.path))
	c.list(path+".requestable", p.Requestable, c.orStar(c.path))
	c.each2(path+".risk", p.Risk, func(at, key, class string) {
		c.path(at, key)
		c.member(at, class, risks())
	})
	for _, class := range risks() {
		if _, ok := p.ByRisk[class]; !ok {
			c.missing(path + ".byRisk." + class)
		}
	}
	for _, class := range slices.Sorted(maps.Keys(p.ByRisk)) {
		c.riskPolicy(fmt.Sprintf("%s.byRisk[%q]", path, clip(class)), class, p.ByRisk[class])
	}
	c.optional(path+".agent.maxRisk", p.Agent.MaxRisk, risks())
	c.list(path+".agent.requires", p.Agent.Requires, c.requirement)
}

// MaxStatusAge is the ceiling of byRisk.statusMaxAge in seconds: a day.
const MaxStatusAge = 24 * 60 * 60

func (c *checker) riskPolicy(path, class string, p RiskPolicy) {
	c.member(path, class, risks())
	c.within(path+".statusMaxAge", p.StatusMaxAge, 1, MaxStatusAge)
	c.list(path+".requires", p.Requires, c.requirement)
	c.optional(path+".minAssurance", p.MinAssurance, levels())
}

func (c *checker) parties(all map[string]Party) {
	ids := slices.Sorted(maps.Keys(all))
	c.count("parties", len(ids))
	for i, id := range ids[:min(len(ids), MaxEntries)] {
		path := fmt.Sprintf("parties[%d]", i)
		c.issuer(path, id)
		c.issuerKeys(path+".issuerKeys", id, all[id].IssuerKeys)
		c.name(path+".name", all[id].Name)
		c.list(path+".didHosts", all[id].DIDHosts, c.host)
		c.list(path+".statusHosts", all[id].StatusHosts, c.origin)
	}
}
