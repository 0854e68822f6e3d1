// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"fmt"
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
)

// Glance is a credential at one glance, in the words of a language. Its texts may come from outside.
type Glance struct {
	Head  string   // for whom one may act: the same for all credentials of one person
	Holds string   // until when, for what, and who stands behind it
	May   []string // what is allowed, one thing each
	Marks []string // why it cannot be used now, or not for long any more
}

// Glance returns e at a glance on a day. Dates within a span from now are marked. last is what Refresh was told
// last, the zero Standing where it was told nothing.
func (e *Entry) Glance(now time.Time, within time.Duration, last Standing, language string) Glance {
	t := tongueOf(language)
	c := e.credential
	g := Glance{Head: fmt.Sprintf(t.head, e.Person()), Marks: e.marks(t, now, within, last)}
	switch c.Type {
	case credential.TypeWorkgroupMembership:
		g.Head, g.Holds = fmt.Sprintf(t.member, c.Workgroup), fmt.Sprintf(t.brief, t.Day(c.ValidUntil), e.Issuer)
		return g
	case credential.TypeIdentityBinding:
		g.Head, g.Holds = fmt.Sprintf(t.identity, c.Delegate.ID), fmt.Sprintf(t.brief, t.Day(c.ValidUntil), e.Issuer)
		return g
	}
	from := e.Issuer
	if e.From != "" {
		from += ", " + fmt.Sprintf(t.through, e.From)
	}
	g.Holds = fmt.Sprintf(t.holds, t.Day(c.ValidUntil), t.List(t.Purposes, c.Purposes), from)
	for _, p := range c.Permissions {
		g.May = append(g.May, t.brieflyMay(p))
	}
	return g
}

// brieflyMay is what p allows; that it is held back is said, how is not.
func (t *tongue) brieflyMay(p credential.Permission) string {
	text := t.Act(p.Resource, p.Actions...)
	if p.Constraint.Void || len(t.limits(p.Constraint)) > 0 {
		text += " " + t.limited
	}
	return text
}

func (e *Entry) marks(t *tongue, now time.Time, within time.Duration, last Standing) (out []string) {
	c := e.credential
	switch last.State {
	case status.Revoked.String():
		out = append(out, fmt.Sprintf(t.revoked, t.Day(last.AsOf)))
	case status.Suspended.String():
		out = append(out, fmt.Sprintf(t.suspended, t.Day(last.AsOf)))
	}
	switch {
	case !now.Before(c.ValidUntil):
		return append(out, fmt.Sprintf(t.ended, t.Day(c.ValidUntil)))
	case now.Before(c.ValidFrom):
		out = append(out, fmt.Sprintf(t.notYet, t.Day(c.ValidFrom)))
	}
	for _, d := range e.due(now, within) {
		form := map[string]string{DueExpiry: t.endsSoon, DueReview: t.reviewSoon, DueTransition: t.changeSoon}[d.What]
		out = append(out, fmt.Sprintf(form, t.Day(d.At)))
	}
	return out
}

// Says tells what is due in one sentence of a language.
func (d Due) Says(language string) string {
	t := tongueOf(language)
	form := map[string]string{DueExpiry: t.dueExpiry, DueReview: t.dueReview, DueTransition: t.dueTransition, DueCollection: t.dueCollection}[d.What]
	if d.What == DueCollection {
		return fmt.Sprintf(form, d.Issuer)
	}
	return fmt.Sprintf(form, d.Person, t.Day(d.At), d.Issuer)
}

// Secured returns the credential as it is secured, after the links above it, root first. Whoever has its text can read
// all that it says, and cannot present it without the wallet's key.
func (e *Entry) Secured() []string { return append(slices.Clone(e.held.Parents), e.held.Raw) }
