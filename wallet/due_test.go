// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/reason"
)

// TestDue looks ahead from different days at one credential with all the days that it can have.
func TestDue(t *testing.T) {
	w := newTown(t)
	issued := w.now()
	w.grant = func(c *credential.Credential) {
		c.ReviewBy, c.TransitionAt = issued.AddDate(0, 1, 0), issued.AddDate(0, 3, 0)
		c.ValidUntil = issued.AddDate(0, 2, 0)
	}
	held := w.wallet()
	e := w.receive(held)
	names := func(within time.Duration) (out []string) {
		all, err := held.Due(t.Context(), within)
		check(t, err)
		for _, d := range all {
			if d.ID != e.ID || d.Person != nhsNumber || d.Issuer != e.Issuer || d.At.IsZero() {
				t.Errorf("%+v", d)
			}
			out = append(out, map[bool]string{true: "past "}[d.Past]+d.What)
		}
		return out
	}
	const day = 24 * time.Hour
	for _, c := range []struct {
		wait   time.Duration // since the step before
		within time.Duration
		want   []string
	}{
		{0, 7 * day, nil},
		{0, 31 * day, []string{DueReview}},
		{0, 100 * day, []string{DueReview, DueExpiry, DueTransition}},
		{31 * day, 7 * day, []string{"past " + DueReview}},
		{30 * day, 7 * day, []string{"past " + DueReview, "past " + DueExpiry}},
		{8 * day, 7 * day, nil},
	} {
		w.wait(c.wait)
		if diff := cmp.Diff(c.want, names(c.within)); diff != "" {
			t.Errorf("after %v, within %v: %s", w.now().Sub(issued), c.within, diff)
		}
	}
}

// TestDueCollection reminds of what an issuer may have decided, from the time on at which it may be asked.
func TestDueCollection(t *testing.T) {
	w := newTown(t)
	o := w.office()
	o.later = 1
	held := w.wallet()
	got, err := held.Receive(t.Context(), o.codeOffer(), o.taker(0))
	check(t, err)
	p := got.Pending[0]
	all, err := held.Due(t.Context(), 59*time.Second)
	check(t, err)
	if len(all) != 0 {
		t.Errorf("%+v", all)
	}
	all, err = held.Due(t.Context(), time.Minute)
	check(t, err)
	if len(all) != 1 || all[0].Past || all[0].What != DueCollection || all[0].ID != p.ID || all[0].Issuer != p.Issuer || !all[0].At.Equal(p.After) {
		t.Errorf("%+v", all)
	}
}

// nowhere is a source of status lists that cannot be reached.
type nowhere struct{}

func (nowhere) State(context.Context, string, credential.StatusRef) (status.State, time.Time, error) {
	return status.Unknown, time.Time{}, reason.New(reason.StatusUnavailable, "")
}

// TestLastKnown remembers what was told, also across a new opening, and forgets what is not held any more.
func TestLastKnown(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	e, other := w.receive(held), w.receive(held)
	if known, err := held.LastKnown(t.Context()); err != nil || len(known) != 0 {
		t.Errorf("%v, %v", known, err)
	}
	told, err := held.Refresh(t.Context(), []*Entry{e, other})
	check(t, err)
	if len(told) != 2 || told[0].State != status.Valid.String() {
		t.Errorf("%+v", told)
	}
	known, err := held.LastKnown(t.Context())
	check(t, err)
	if len(known) != 2 || known[e.ID].State != status.Valid.String() || !known[e.ID].AsOf.Equal(told[0].AsOf) {
		t.Errorf("%+v", known)
	}

	check(t, held.Remove(t.Context(), other.ID))
	held.cfg.Status = nowhere{}
	told, err = held.Refresh(t.Context(), []*Entry{e})
	check(t, err)
	if told[0].State != status.Unknown.String() || told[0].Why == "" {
		t.Errorf("%+v", told)
	}
	if known, err = held.LastKnown(t.Context()); err != nil || len(known) != 1 || known[e.ID].State != status.Valid.String() {
		t.Errorf("what was known is %+v, %v", known, err)
	}

	v := held.cfg.Vault
	check(t, v.writePlain(standingFile, []byte(`{"x":1}`)))
	_, err = held.LastKnown(t.Context())
	want(t, err, reason.StoreTampered)
	_, err = held.Refresh(t.Context(), []*Entry{e})
	check(t, err)
	if known, err = held.LastKnown(t.Context()); err != nil || len(known) != 0 {
		t.Errorf("a damaged file was not replaced: %v, %v", known, err)
	}
}
