// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/trustframework"
)

// sabotage is a decision with one check broken: the case is changed so that the check sees nothing to
// refuse, or the answer is changed. Each must be caught by the property named. That every single
// condition of the code is caught is for the mutation check; this is the quick proof that the
// generator draws what the properties need.
type sabotage struct {
	name   string
	caught string // the property that must catch it
	decide decider
}

// TestSabotage breaks one check at a time and sees each caught within the cases of a build.
func TestSabotage(t *testing.T) {
	const enough = 10_000
	all := map[string]property{}
	streams := map[string]uint64{}
	for i, p := range properties(t) {
		all[p.name], streams[p.name] = p, uint64(i)
	}
	for _, s := range slices.Concat(orderSabotages(), linkSabotages(), worldSabotages(), answerSabotages()) {
		t.Run(s.name, func(t *testing.T) {
			p, ok := all[s.caught]
			if !ok {
				t.Fatalf("no property %s", s.caught)
			}
			f := search(p, s.decide, streams[s.caught], 0, enough)
			if f == nil {
				t.Fatalf("%s does not catch it in %d cases", s.caught, enough)
			}
			t.Logf("%s catches it in case %d: %.120s", s.caught, f.tried, f.says)
		})
	}
}

// with decides a copy of the case that change was made to.
func with(change func(*fixture)) decider {
	return func(f *fixture) Decision {
		c := f.clone()
		change(c)
		return c.decide()
	}
}

// aboveLeaf decides without something in the links above the leaf, so that the comparison of a child with
// its parent finds nothing missing there.
func aboveLeaf(change func(c *credential.Credential)) decider {
	return with(func(f *fixture) {
		for _, l := range f.p.Chain[:len(f.p.Chain)-1] {
			change(l.Credential)
		}
	})
}

func parents(change func(p *credential.Permission)) decider {
	return aboveLeaf(func(c *credential.Credential) {
		for i := range c.Permissions {
			change(&c.Permissions[i])
		}
	})
}

// orderSabotages leave out one condition of §6.1 each.
func orderSabotages() []sabotage {
	type perm = credential.Permission
	var all []sabotage
	for _, s := range []struct {
		name   string
		change func(*perm)
	}{
		{"dateFrom", func(p *perm) { p.Constraint.DateFrom = "" }},
		{"dateTo", func(p *perm) { p.Constraint.DateTo = "" }},
		{"exclude", func(p *perm) { p.Constraint.Exclude = nil }},
		{"include", func(p *perm) { p.Constraint.Include = nil }},
		{"minAssurance", func(p *perm) { p.Constraint.MinAssurance = "" }},
		{"requires", func(p *perm) { p.Constraint.Requires = nil }},
		{"maxUses", func(p *perm) { p.Constraint.MaxUses = 0 }},
		{"actions", func(p *perm) { p.Actions = someActions() }},
		{"resource", func(p *perm) { p.Resource = p.Resource[:1] }},
	} {
		for _, by := range []string{"P1", "P17", "relaxations"} {
			all = append(all, sabotage{"order without " + s.name + " by " + by, by, parents(s.change)})
		}
	}
	return all
}

// linkSabotages leave out one condition of S3, S6 or S8 each.
func linkSabotages() []sabotage {
	type link = credential.Credential
	far := func(c *link) { c.ValidFrom, c.ValidUntil = at("2026-01-01T00:00:00Z"), at("2027-12-01T00:00:00Z") }
	likeRoot := func(change func(root, c *link)) decider {
		return with(func(f *fixture) {
			for _, l := range f.p.Chain {
				change(f.root(), l.Credential)
			}
		})
	}
	kinds := []string{person, organisation, workgroup, agent}
	return []sabotage{
		{"purposes of a child", "relaxations", aboveLeaf(func(c *link) { c.Purposes = append(c.Purposes, "research") })},
		{"purposes of a child, by what is asked", "P1", aboveLeaf(func(c *link) { c.Purposes = append(c.Purposes, "research") })},
		{"controllers of a child", "relaxations", with(func(f *fixture) {
			for _, l := range f.p.Chain {
				l.Credential.Controllers = []string{f.r.Controller}
			}
		})},
		{"jurisdiction of a child", "relaxations", likeRoot(func(root, c *link) { c.Jurisdiction = root.Jurisdiction })},
		{"validity of a child", "relaxations", with(func(f *fixture) {
			f.relationship(func(r *trustframework.Relationship) { r.MaxValidityDays = 0 })
			far(f.root())
			for _, l := range f.p.Chain[1:] {
				l.Credential.ValidFrom, l.Credential.ValidUntil = f.root().ValidFrom, f.root().ValidUntil
			}
		})},
		{"expiry", "P9", with(func(f *fixture) {
			for _, l := range f.p.Chain {
				far(l.Credential)
			}
		})},
		{"end of validity off by one", "P9", with(func(f *fixture) { f.w.Now = f.w.Now.Add(-time.Second) })},
		{"kinds", "relaxations", likeRoot(func(_, c *link) { c.Redelegation.Kinds = kinds })},
		{"depth", "P15", with(func(f *fixture) {
			for i, l := range f.p.Chain {
				l.Credential.Redelegation.MaxDepth = min(3, len(f.p.Chain)) - i
			}
		})},
		{"depth of a child", "relaxations", with(func(f *fixture) {
			for i, l := range f.p.Chain {
				l.Credential.Redelegation.MaxDepth = max(0, 3-i)
			}
		})},
		{"number of links", "P15", with(func(f *fixture) { f.w.Framework.Limits.MaxChainLinks = 9 })},
		{"prohibitions", "P3", likeRoot(func(_, c *link) { c.Prohibitions = []credential.Prohibition{} })},
		{"prohibitions dropped on the way", "P1", aboveLeaf(func(c *link) { c.Prohibitions = []credential.Prohibition{} })},
		{"principal of a child", "P14", likeRoot(func(root, c *link) { c.OnBehalfOf = root.OnBehalfOf })},
		{"principal of the request", "P14", with(func(f *fixture) { f.r.Principal = f.root().OnBehalfOf.ID })},
		{"basis", "relaxations", likeRoot(func(root, c *link) { c.LegalBasis = root.LegalBasis })},
		{"unknown constraints", "P11", likeRoot(func(_, c *link) {
			for i := range c.Permissions {
				c.Permissions[i].Constraint.Void = false
			}
		})},
	}
}

// worldSabotages leave out what the gateway looks up, or what is shown beside the chain.
func worldSabotages() []sabotage {
	everyStatus := func(change func(name string, s Status) Status) decider {
		return with(func(f *fixture) {
			for _, l := range f.p.Chain {
				f.w.Status[l.Name] = change(l.Name, f.w.Status[l.Name])
			}
		})
	}
	return []sabotage{
		{"status", "P4", everyStatus(func(string, Status) Status { return Status{State: "valid"} })},
		{"suspension", "P4", everyStatus(func(_ string, s Status) Status {
			if s.State == "suspended" {
				s.State = "valid"
			}
			return s
		})},
		{"status that is missing", "P5", everyStatus(func(_ string, s Status) Status {
			if s.State == "" {
				s.State = "valid"
			}
			return s
		})},
		{"status above the leaf", "P5", with(func(f *fixture) {
			for _, l := range f.p.Chain[:len(f.p.Chain)-1] {
				f.w.Status[l.Name] = Status{State: "valid"}
			}
		})},
		{"restrictions", "P4", with(func(f *fixture) { f.w.Restrictions = nil })},
		{"restrictions on one resource", "P4", with(func(f *fixture) {
			f.w.Restrictions = slices.DeleteFunc(f.w.Restrictions, func(r Restriction) bool { return r.Resource != "" })
		})},
		{"accreditor", "P6", with(func(f *fixture) { f.w.Framework.Anchors = []string{"anchor", "national", "regional", "nobody"} })},
		{"scope of the accreditation", "P6", with(func(f *fixture) {
			for i := range f.w.Framework.Accreditations {
				f.accreditation(i).Resources = nil
			}
		})},
		{"stopped accreditations", "P6", with(func(f *fixture) {
			for i := range f.w.Framework.Accreditations {
				f.accreditation(i).Status = trustframework.Active
			}
		})},
		{"disclosure", "P7", with(func(f *fixture) { f.p.Disclosed = nil })},
		{"binding and membership", "P7", with(func(f *fixture) {
			f.support(credential.TypeIdentityBinding, "alice", "")
			f.support(credential.TypeWorkgroupMembership, f.p.Presenter, f.leafCredential().Delegate.ID)
		})},
		{"whom a binding is for", "P16", with(func(f *fixture) {
			for i := range f.p.Supporting {
				if c := *f.p.Supporting[i].Credential; c.Type == credential.TypeIdentityBinding {
					c.Delegate.ID = "alice"
					f.p.Supporting[i].Credential = &c
				}
			}
		})},
		{"expiry of what supports", "P16", with(func(f *fixture) {
			for i := range f.p.Supporting {
				c := *f.p.Supporting[i].Credential
				c.ValidUntil = f.w.Now.Add(time.Hour)
				f.p.Supporting[i].Credential = &c
			}
		})},
	}
}

// answerSabotages change the answer.
func answerSabotages() []sabotage {
	calls := 0
	return []sabotage{
		{"obligations", "P12", func(f *fixture) Decision {
			d := f.decide()
			d.Obligations = nil
			return d
		}},
		{"one obligation", "P12", func(f *fixture) Decision {
			d := f.decide()
			d.Obligations = slices.DeleteFunc(slices.Clone(d.Obligations), func(o string) bool { return o == "audit:enhanced" })
			return d
		}},
		{"permissions after the first", "P8", with(func(f *fixture) {
			for _, l := range f.p.Chain {
				l.Credential.Permissions = l.Credential.Permissions[:1]
			}
		})},
		{"memory", "P10", func(f *fixture) Decision {
			d := f.decide()
			calls++
			d.StatusAge += time.Duration(calls % 2)
			return d
		}},
		{"more for longer chains", "P2", func(f *fixture) Decision {
			d := f.decide()
			if len(f.p.Chain) > 2 && d.Outcome == RequestPermission {
				d.Outcome = StepUp
			}
			return d
		}},
		{"a lost constraint", "P13", with(func(f *fixture) {
			for _, l := range f.p.Chain {
				for i := range l.Credential.Permissions {
					l.Credential.Permissions[i].Constraint.Include = nil
				}
			}
		})},
		{"a reason that stays", "P18", func(f *fixture) Decision {
			d := f.decide()
			if f.r.Assurance != "low" && d.Reason == "authority.uses_exhausted" || d.Outcome == Permit && f.r.UsesSoFar == 0 && f.w.Framework.Limits.MaxChainLinks < 4 {
				d.Outcome, d.Reason = Deny, "authority.uses_exhausted"
			}
			return d
		}},
	}
}
