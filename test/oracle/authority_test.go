// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"maps"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/reason"
)

// entry is an effective permission: its history from the root down to itself.
type entry []*permission

func (e entry) leaf() *permission { return e[len(e)-1] }

// dropped is a permission that was voided, and why.
type dropped struct {
	*permission
	why reason.Code
}

func grants(p *permission, resource, action string) bool {
	return covers(p.Resource, resource) && slices.Contains(p.Actions, action)
}

// authority is S8.
func (o *opinion) authority() *answer {
	r, root, leaf := o.r, o.links[0], o.links[len(o.links)-1]
	switch {
	case r.Principal != root.OnBehalfOf.ID:
		return deny("authority.principal_mismatch") // S8.1
	case !slices.Contains(leaf.Controllers, r.Controller):
		return deny("authority.controller_not_granted") // S8.2
	case !slices.Contains(leaf.Purposes, r.Purpose):
		return deny("authority.purpose_not_granted") // S8.3
	case slices.ContainsFunc(o.w.Restrictions, o.hits):
		return deny("controller.restriction") // S8.4
	case !anyCovers(o.policy.Proxyable, r.Resource) || anyCovers(o.policy.NotProxyable, r.Resource):
		return deny("controller.not_proxyable") // S8.5
	case slices.ContainsFunc(o.links, func(l *link) bool { return slices.ContainsFunc(l.Prohibitions, o.prohibits) }):
		return deny("authority.prohibited") // S8.6
	}
	eff, drop := o.effective() // S8.7
	if slices.ContainsFunc(o.policy.NotProxyable, func(n string) bool { return covers(r.Resource, n) }) {
		return o.sweeping(eff) // S8.8
	}
	return o.choose(eff, drop) // S8.9
}

// related says that one of two paths stands above the other.
func related(a, b string) bool { return covers(a, b) || covers(b, a) }

func (o *opinion) hits(x delegation.Restriction) bool {
	everyone := x.Delegate == "" || x.Delegate == "*"
	party := x.Delegate == o.p.Presenter || slices.ContainsFunc(o.links, func(l *link) bool { return l.Delegate.ID == x.Delegate })
	return x.Principal == o.r.Principal && (everyone || party) && (x.Resource == "" || related(x.Resource, o.r.Resource))
}

func (o *opinion) prohibits(x credential.Prohibition) bool {
	return slices.Contains(x.Actions, o.r.Action) && related(x.Resource, o.r.Resource)
}

// effective is S8.7.
func (o *opinion) effective() (eff []entry, drop []dropped) {
	for _, p := range o.links[0].permissions {
		if p.void {
			drop = append(drop, dropped{p, "credential.unknown_constraint"})
		} else if why := o.acc.allows(p); why != "" {
			drop = append(drop, dropped{p, why})
		} else {
			eff = append(eff, entry{p})
		}
	}
	for i := 1; i < len(o.links); i++ {
		var next []entry
		for _, p := range o.links[i].permissions {
			fitting, why := o.fit(p, i, eff)
			next = append(next, fitting...)
			if why != "" {
				drop = append(drop, dropped{p, why})
			}
		}
		eff = next
	}
	return eff, drop
}

// fit returns one entry for each effective parent that p of link i is no broader than, or why
// there is none: the last parent that fails beyond scope names the reason.
func (o *opinion) fit(p *permission, i int, eff []entry) (fitting []entry, why reason.Code) {
	if p.void {
		return nil, "credential.unknown_constraint"
	}
	if m := o.macc[i]; m != nil {
		if why := m.allows(p); why != "" {
			return nil, why
		}
	}
	why = "chain.scope_widened"
	for _, e := range eff {
		switch r := broader(p.allowed, e.leaf().allowed); r {
		case "":
			fitting = append(fitting, append(slices.Clone(e), p))
		case "chain.scope_widened":
		default:
			why = r
		}
	}
	if len(fitting) > 0 {
		return fitting, ""
	}
	return nil, why
}

// broader is §6.1: in each dimension the child's set must lie within the parent's.
func broader(p, q accesses) reason.Code {
	switch {
	case !p.resources.within(q.resources) || !p.actions.within(q.actions):
		return "chain.scope_widened" // a
	case !p.dates.within(q.dates):
		return "chain.constraint_relaxed" // b
	case !p.notExcluded.within(q.notExcluded):
		return "chain.constraint_relaxed" // c
	case !p.included.within(q.included):
		return "chain.constraint_relaxed" // d
	case !p.levels.within(q.levels):
		return "chain.constraint_relaxed" // e
	case !p.undone.within(q.undone):
		return "chain.condition_dropped" // f
	case !p.uses.within(q.uses):
		return "chain.constraint_relaxed" // g
	}
	return ""
}

// below collects, sorted and once each, the resources of effective entries with the action that
// lie below the request and that also hold for the condition.
func (o *opinion) below(eff []entry, also func(resource string) bool) []string {
	found := map[string]bool{}
	for _, e := range eff {
		p := e.leaf()
		if slices.Contains(p.Actions, o.r.Action) && covers(o.r.Resource, p.Resource) && also(p.Resource) {
			found[p.Resource] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// sweeping is S8.8: a request that would sweep in something not proxyable.
func (o *opinion) sweeping(eff []entry) *answer {
	clear := func(r string) bool {
		return !slices.ContainsFunc(o.policy.NotProxyable, func(n string) bool { return related(r, n) })
	}
	if n := o.below(eff, clear); len(n) > 0 {
		return &answer{Outcome: "deny", Reason: "authority.request_too_broad", NarrowTo: n}
	}
	return deny("controller.not_proxyable")
}

// outcomes in the order of §10.
var outcomes = []string{"deny", "request_permission", "step_up", "permit_with_obligations", "permit"}

// choose is §10.
func (o *opinion) choose(eff []entry, drop []dropped) *answer {
	best := o.best(eff) // C1
	if best != nil && best.Outcome != "deny" {
		return best // C2
	}
	for _, d := range drop {
		if grants(d.permission, o.r.Resource, o.r.Action) {
			return &answer{Outcome: "deny", Reason: d.why, Permission: d.ID} // C3
		}
	}
	if best != nil {
		return best // C4
	}
	if n := o.below(eff, func(string) bool { return true }); len(n) > 0 {
		return &answer{Outcome: "deny", Reason: "authority.request_too_broad", NarrowTo: n} // C5
	}
	last := deny("authority.resource_not_granted") // C6
	if slices.ContainsFunc(eff, func(e entry) bool { return covers(e.leaf().Resource, o.r.Resource) }) {
		last.Reason = "authority.action_not_granted"
	}
	if anyCovers(o.policy.Requestable, o.r.Resource) && o.links[len(o.links)-1].Delegate.Kind != "agent" {
		last.Outcome = "request_permission"
	}
	return last
}

// best is C1: match every entry, sort, take the first.
func (o *opinion) best(eff []entry) *answer {
	var results []*answer
	for _, e := range eff {
		if a := o.match(e); a != nil {
			results = append(results, a)
		}
	}
	slices.SortStableFunc(results, func(a, b *answer) int {
		if c := slices.Index(outcomes, b.Outcome) - slices.Index(outcomes, a.Outcome); c != 0 {
			return c // highest outcome
		}
		if c := len(a.Obligations) - len(b.Obligations); c != 0 {
			return c // fewest obligations
		}
		if c := slices.Compare(a.Obligations, b.Obligations); c != 0 {
			return c // smallest list
		}
		return strings.Compare(b.Permission, a.Permission) // greatest id; then the earliest
	})
	if len(results) == 0 {
		return nil
	}
	return results[0]
}
