// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"
	"strings"

	"github.com/behalf-id/behalf/reason"
)

// choose is §10.
func (e *evaluation) choose(eff []entry, drop []dropped) Decision {
	answers := make([]answer, 0, len(eff))
	best := -1
	for i := range eff {
		a, ok := e.match(&eff[i])
		if !ok {
			continue
		}
		answers = append(answers, a)
		if last := len(answers) - 1; best < 0 || e.preferred(&answers[last], &answers[best]) {
			best = last
		}
	}
	drop = slices.DeleteFunc(drop, func(d dropped) bool { return !e.wouldMatch(&d) })
	if best >= 0 {
		e.trace.conclude("C1", &answers[best])
	}
	switch {
	case best >= 0 && answers[best].outcome != Deny:
		e.trace.check("C2", nil, false, "")
		return e.give(&answers[best], answers, drop)
	case len(drop) > 0:
		e.trace.voided(&drop[0])
		d := e.give(&answer{code: drop[0].code, permission: drop[0].permission}, answers, drop)
		d.Link = drop[0].link.Name
		return d
	case best >= 0:
		e.trace.conclude("C4", &answers[best])
		return e.give(&answers[best], answers, drop)
	}
	return e.unmatched(eff)
}

// preferred reports whether C1 prefers a to b.
func (e *evaluation) preferred(a, b *answer) bool {
	won, by := better(a, b)
	if won {
		e.trace.best(a, b, by)
	} else {
		e.trace.best(b, a, by)
	}
	return won
}

// better is the order of C1, and which of its rules decided. Fewer obligations win: a holder can
// hide any permission, so that preferring more would let hiding the stricter one help. Of equals
// the earliest, b, stays.
func better(a, b *answer) (won bool, by string) {
	if a.outcome != b.outcome {
		return a.outcome > b.outcome, "the higher outcome"
	}
	if len(a.obligations) != len(b.obligations) {
		return len(a.obligations) < len(b.obligations), "fewer obligations"
	}
	if c := slices.Compare(a.obligations, b.obligations); c != 0 {
		return c < 0, "the smaller list of obligations"
	}
	if c := strings.Compare(a.permission.ID, b.permission.ID); c != 0 {
		return c > 0, "the greater permission id"
	}
	return false, "the earlier entry"
}

// wouldMatch is C3: whether a dropped permission would have answered the request.
func (e *evaluation) wouldMatch(d *dropped) bool {
	p := d.permission
	return Covers(p.Resource, e.asked.Resource) && slices.Contains(p.Actions, e.asked.Action)
}

// give makes a the decision. What the others say follows as further reasons, but not beside a permit.
func (e *evaluation) give(a *answer, answers []answer, drop []dropped) Decision {
	d := e.deny(a.code)
	d.Outcome, d.Obligations = a.outcome, a.obligations
	d.Permission, d.Link = a.permission.ID, e.leaf().Name
	if a.root != nil {
		d.RootPermission = a.root.ID
	}
	if a.outcome != Deny {
		e.until(e.now.Add(a.maxAge-e.oldest), freshStatus, "")
		d.Expires = e.expires
	}
	if a.code == reason.OK {
		return d
	}
	for i := range drop {
		d.Reasons = addReason(d.Reasons, drop[i].code)
	}
	for i := range answers {
		if answers[i].code != reason.OK {
			d.Reasons = addReason(d.Reasons, answers[i].code)
		}
	}
	return d
}

// unmatched is C5 and C6.
func (e *evaluation) unmatched(eff []entry) Decision {
	if below := e.below(eff); len(below) > 0 {
		d := e.deny(reason.AuthorityRequestTooBroad)
		d.NarrowTo = below
		e.trace.check("C5", nil, true, d.Reason)
		return d
	}
	d := e.deny(e.notGranted(eff))
	e.trace.check("C6", nil, true, d.Reason)
	if anyCovers(e.policy.Requestable, e.asked.Resource) && e.leaf().Credential.Delegate.Kind != agent {
		e.trace.say("C6", "there is a journey on which the delegate can ask for it")
		d.Outcome, d.Expires = RequestPermission, e.expires
	}
	return d
}

func (e *evaluation) notGranted(eff []entry) reason.Code {
	for i := range eff {
		if Covers(eff[i].permission.Resource, e.asked.Resource) {
			return reason.AuthorityActionNotGranted
		}
	}
	return reason.AuthorityResourceNotGranted
}
