// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// What a Due is about.
const (
	DueExpiry     = "expiry"     // the credential ends
	DueReview     = "review"     // its issuer has to look at it again by then
	DueTransition = "transition" // the person who is acted for comes of an age to decide
	DueCollection = "collection" // the issuer has something to collect
)

// Due is a day that a holder should not miss.
type Due struct {
	ID     string    `json:"id"`   // of the credential, or of the Pending
	What   string    `json:"what"` // DueExpiry, DueReview, DueTransition or DueCollection
	At     time.Time `json:"at"`
	Past   bool      `json:"past"`            // At is not after now
	Person string    `json:"person,omitzero"` // who is acted for, as Entry.Person names them; "" where that is not known yet
	Issuer string    `json:"issuer"`
}

// Due returns what falls within a span from now, soonest first: ends, days of review and of transition of what
// is held, and what may be collected by then. What is past is among it, but for credentials that ended
// longer ago than the span: nobody needs to hear of those for ever. It needs no network. A file that cannot be
// read is left out: List names it.
func (w *Wallet) Due(ctx context.Context, within time.Duration) ([]Due, error) {
	all, _, err := w.List(ctx)
	if err != nil {
		return nil, err
	}
	waiting, err := w.Pending(ctx)
	if err != nil {
		return nil, err
	}
	now := w.cfg.Now()
	var out []Due
	groups := map[string]bool{}
	for _, e := range all {
		if e.Group == "" || !groups[e.Group] { // copies of one delegation end on one day
			out = append(out, e.due(now, within)...)
		}
		groups[e.Group] = true
	}
	for _, p := range waiting {
		if !p.After.After(now.Add(within)) {
			out = append(out, Due{ID: p.ID, What: DueCollection, At: p.After, Past: !p.After.After(now), Issuer: p.Issuer})
		}
	}
	slices.SortStableFunc(out, func(a, b Due) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// due returns the days of e that fall within a span from now.
func (e *Entry) due(now time.Time, within time.Duration) (out []Due) {
	if e.ValidUntil.Before(now.Add(-within)) {
		return nil
	}
	c := e.credential
	for _, day := range [...]struct {
		what string
		at   time.Time
	}{{DueExpiry, c.ValidUntil}, {DueReview, c.ReviewBy}, {DueTransition, c.TransitionAt}} {
		if !day.at.IsZero() && !day.at.After(now.Add(within)) {
			out = append(out, Due{e.ID, day.what, day.at, !day.at.After(now), e.Person(), e.Issuer})
		}
	}
	return out
}
