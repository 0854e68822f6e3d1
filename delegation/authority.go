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
	e.when("S8.1", r.Principal != root.Credential.OnBehalfOf.ID, reason.AuthorityPrincipalMismatch, root)
	e.when("S8.2", !slices.Contains(leaf.Credential.Controllers, r.Controller), reason.AuthorityControllerNotGranted, leaf)
	e.when("S8.3", !slices.Contains(leaf.Credential.Purposes, r.Purpose), reason.AuthorityPurposeNotGranted, leaf)
	e.when("S8.4", e.restricted(), reason.ControllerRestriction, nil)
	e.when("S8.5", e.notProxyable(), reason.ControllerNotProxyable, nil)
	for i := range e.chain {
		e.when("S8.6", e.prohibited(&e.chain[i]), reason.AuthorityProhibited, &e.chain[i])
	}
}

// notProxyable is S8.5.
func (e *evaluation) notProxyable() bool {
	return !anyCovers(e.policy.Proxyable, e.asked.Resource) || anyCovers(e.policy.NotProxyable, e.asked.Resource)
}

// prohibited is S8.6 for one link.
func (e *evaluation) prohibited(l *link) bool {
	hit := false
	for _, p := range l.Credential.Prohibitions {
		if slices.Contains(p.Actions, e.asked.Action) && related(p.Resource, e.asked.Resource) {
			hit = true // and go on: the time taken must not tell
		}
	}
	return hit
}

// sweeps is S8.8: a request whose resource lies above one that is not proxyable is never granted
// whole. It offers what lies below the request and clear of all that is not proxyable.
func (e *evaluation) sweeps(eff []entry) (Decision, bool) {
	above := func(n string) bool { return Covers(e.asked.Resource, n) }
	if !slices.ContainsFunc(e.policy.NotProxyable, above) {
		e.trace.check("S8.8", nil, false, "")
		return Decision{}, false
	}
	below := slices.DeleteFunc(e.below(eff), func(r string) bool {
		return slices.ContainsFunc(e.policy.NotProxyable, func(n string) bool { return related(r, n) })
	})
	d := e.deny(reason.ControllerNotProxyable)
	if len(below) > 0 {
		d = e.deny(reason.AuthorityRequestTooBroad)
		d.NarrowTo = below
	}
	e.trace.check("S8.8", nil, true, d.Reason)
	e.trace.unreached()
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
