// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"

	"github.com/behalf-id/behalf/reason"
)

// limits is S8.1 to S8.6. All of it runs whatever fails, so that a restriction takes as long as
// a resource that is not proxyable (§15).
func (e *evaluation) limits() {
	root, leaf, r := &e.chain[0], e.leaf(), e.asked
	e.when(r.Principal != root.Credential.OnBehalfOf.ID, reason.AuthorityPrincipalMismatch, root)
	e.when(!slices.Contains(leaf.Credential.Controllers, r.Controller), reason.AuthorityControllerNotGranted, leaf)
	e.when(!slices.Contains(leaf.Credential.Purposes, r.Purpose), reason.AuthorityPurposeNotGranted, leaf)
	e.when(e.restricted(), reason.ControllerRestriction, nil)
	e.when(e.notProxyable(), reason.ControllerNotProxyable, nil)
	e.prohibitions()
}

// notProxyable is S8.5.
func (e *evaluation) notProxyable() bool {
	return !anyCovers(e.policy.Proxyable, e.asked.Resource) || anyCovers(e.policy.NotProxyable, e.asked.Resource)
}

// prohibitions is S8.6, over every link.
func (e *evaluation) prohibitions() {
	for i := range e.chain {
		l := &e.chain[i]
		for _, p := range l.Credential.Prohibitions {
			hit := slices.Contains(p.Actions, e.asked.Action) && related(p.Resource, e.asked.Resource)
			e.when(hit, reason.AuthorityProhibited, l)
		}
	}
}

// sweeps is S8.8: a request whose resource lies above one that is not proxyable is never granted
// whole. It offers what lies below the request and clear of all that is not proxyable.
func (e *evaluation) sweeps(eff []entry) (Decision, bool) {
	hit := func(n string) bool { return Covers(e.asked.Resource, n) }
	if !slices.ContainsFunc(e.policy.NotProxyable, hit) {
		return Decision{}, false
	}
	below := slices.DeleteFunc(e.below(eff), func(r string) bool {
		return slices.ContainsFunc(e.policy.NotProxyable, func(n string) bool { return related(r, n) })
	})
	if len(below) == 0 {
		return e.deny(reason.ControllerNotProxyable), true
	}
	d := e.deny(reason.AuthorityRequestTooBroad)
	d.NarrowTo = below
	return d, true
}

// below returns the resources at or below the request's that some effective permission grants the
// action on: sorted, without duplicates.
func (e *evaluation) below(eff []entry) []string {
	var found []string
	for i := range eff {
		p := eff[i].permission
		if Covers(e.asked.Resource, p.Resource) && slices.Contains(p.Actions, e.asked.Action) {
			found = append(found, p.Resource)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
