// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

func TestStates(t *testing.T) {
	w := newWorld(t)
	o := w.grant(both())
	ctx, why := t.Context(), Change{Reason: "asked-by-principal", Note: "by telephone"}
	_, err := w.Suspend(ctx, o.ID, why)
	wants(t, err, reason.RevokeNotAuthorised)
	_, err = w.Resume(ctx, o.ID, why)
	wants(t, err, reason.RevokeNotAuthorised)
	w.collect(o, newHolder(t))
	for k, s := range []struct {
		do   func(context.Context, string, Change) (*Delegation, error)
		want State
		list status.State
	}{
		{w.Resume, Issued, status.Valid}, {w.Suspend, Suspended, status.Suspended}, {w.Suspend, Suspended, status.Suspended},
		{w.Resume, Issued, status.Valid}, {w.Suspend, Suspended, status.Suspended}, {w.Revoke, Revoked, status.Revoked}, {w.Revoke, Revoked, status.Revoked},
	} {
		d := must[*Delegation](t)(s.do(ctx, o.ID, why))
		kept := must[*Delegation](t)(w.Delegation(ctx, o.ID))
		got := must[status.State](t)(w.cfg.Book.State(ctx, d.Copies[0].Ref))
		if d.State != s.want || kept.State != s.want || got != s.list {
			t.Errorf("step %d: %s, kept %s, listed %s", k, d.State, kept.State, got)
		}
	}
	for _, do := range []func(context.Context, string, Change) (*Delegation, error){w.Suspend, w.Resume} {
		_, err := do(ctx, o.ID, why)
		wants(t, err, reason.RevokeIrreversible)
	}
	if n := w.leaves(audit.Suspend) + 10*w.leaves(audit.Resume) + 100*w.leaves(audit.Revoke); n != 112 {
		t.Errorf("leaves: %d", n)
	}
}

func TestChangeRefusals(t *testing.T) {
	w := newWorld(t)
	o := w.grant(edit())
	for _, c := range []struct {
		id     string
		change Change
		want   reason.Code
	}{
		{o.ID, Change{}, reason.JSONMemberMissing},
		{o.ID, Change{Reason: strings.Repeat("x", MaxReason+1)}, reason.JSONMemberMissing},
		{o.ID, Change{Reason: "x", Note: strings.Repeat("x", MaxNote+1)}, reason.JSONMemberMissing},
		{o.ID, Change{Reason: "Mrs Hargreaves"}, reason.JSONType},
		{"dg-none", Change{Reason: "x"}, reason.ObjectUnknown},
		{strings.Repeat("x", 600), Change{Reason: "x"}, reason.ObjectUnknown},
	} {
		_, err := w.Revoke(t.Context(), c.id, c.change)
		wants(t, err, c.want)
	}
}

// TestRevokeAtOnce: 20 revocations and suspensions at once end in one revocation.
func TestRevokeAtOnce(t *testing.T) {
	w := newBoltWorld(t)
	o := w.grant(edit())
	w.collect(o, newHolder(t))
	parallel(20, func(k int) {
		do := w.Revoke
		if k%2 == 0 {
			do = w.Suspend
		}
		if _, err := do(context.Background(), o.ID, Change{Reason: "x"}); err != nil && reason.Of(err) != reason.RevokeIrreversible {
			t.Error(err)
		}
	})
	d := must[*Delegation](t)(w.Delegation(t.Context(), o.ID))
	if s := must[status.State](t)(w.cfg.Book.State(t.Context(), d.Copies[0].Ref)); d.State != Revoked || s != status.Revoked || w.leaves(audit.Revoke) != 1 {
		t.Errorf("%s, listed %s", d.State, s)
	}
}

func TestListPages(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for range 7 {
		ids = append(ids, w.grant(edit()).ID)
		w.clock.Advance(1e6)
	}
	var got []string
	for after := ""; ; {
		page := must[[]*Delegation](t)(w.List(t.Context(), after, 3))
		for _, d := range page {
			got = append(got, d.ID)
		}
		if len(page) < 3 {
			break
		}
		after = got[len(got)-1]
	}
	if strings.Join(got, " ") != strings.Join(ids, " ") {
		t.Errorf("listed %v, made %v", got, ids)
	}
	for _, limit := range []int{0, -1, MaxPage + 1} {
		_, err := w.List(t.Context(), "", limit)
		wants(t, err, reason.HTTPInvalid)
	}
}

// machine drives an issuer and a model of it through any order of events, restarts included.
type machine struct {
	w     *world
	store store.Store
	who   did.Signer
	model map[string]*modelled
	order []string
}

type modelled struct {
	offering Offering
	state    State
	issued   int // credentials that a wallet holds
	applied      // of one that is reviewed
}

func (m *machine) pick(t *rapid.T) (string, *modelled) {
	if len(m.order) == 0 {
		t.Skip("nothing was granted")
	}
	id := rapid.SampledFrom(m.order).Draw(t, "delegation")
	return id, m.model[id]
}

func (m *machine) Offer(t *rapid.T) {
	o := m.w.grant(edit())
	m.model[o.ID] = &modelled{offering: o, state: Offered}
	m.order = append(m.order, o.ID)
}

func (m *machine) Collect(t *rapid.T) {
	_, want := m.pick(t)
	switch {
	case want.review != "": // see Apply
	case want.issued > 0:
		_, err := m.w.Token(context.Background(), m.w.tokenRequest(want.offering), Presented{})
		wantsCode(t, err, reason.GrantConsumed)
	case want.state == Revoked:
		_, err := m.w.Token(context.Background(), m.w.tokenRequest(want.offering), Presented{})
		wantsCode(t, err, reason.GrantInvalid)
	default:
		m.w.collect(want.offering, m.who)
		want.state, want.issued = Issued, 1
	}
}

func (m *machine) Suspend(t *rapid.T) { m.change(t, m.w.Suspend, Suspended) }
func (m *machine) Resume(t *rapid.T)  { m.change(t, m.w.Resume, Issued) }
func (m *machine) Revoke(t *rapid.T)  { m.change(t, m.w.Revoke, Revoked) }

func (m *machine) change(t *rapid.T, do func(context.Context, string, Change) (*Delegation, error), to State) {
	id, want := m.pick(t)
	_, err := do(context.Background(), id, Change{Reason: "model"})
	switch {
	case want.state == to:
		wantsCode(t, err, "")
	case want.state == Revoked:
		wantsCode(t, err, reason.RevokeIrreversible)
	case want.state == Offered && to != Revoked:
		wantsCode(t, err, reason.RevokeNotAuthorised)
	default:
		wantsCode(t, err, "")
		want.state = to
	}
}

func (m *machine) Restart(*rapid.T) { m.w = m.w.reopen(m.store) }

// Check compares everything with the model after each step.
func (m *machine) Check(t *rapid.T) {
	all, err := m.w.List(context.Background(), "", MaxPage)
	if err != nil || len(all) != len(m.order) {
		t.Fatalf("%d delegations, want %d (%v)", len(all), len(m.order), err)
	}
	seen := map[any]bool{}
	for _, d := range all {
		want := m.model[d.ID]
		if d.At(m.w.clock.Now()) != want.state || len(d.Copies) != want.issued {
			t.Fatalf("%s with %d copies, want %s with %d", d.State, len(d.Copies), want.state, want.issued)
		}
		for _, c := range d.Copies {
			if seen[c.Ref] {
				t.Fatal("an index was given twice")
			}
			seen[c.Ref] = true
			m.listed(t, d, c)
		}
		m.ended(t, want)
	}
}

func (m *machine) listed(t *rapid.T, d *Delegation, c Copy) {
	s, err := m.w.cfg.Book.State(context.Background(), c.Ref)
	want := map[State]status.State{Issued: status.Valid, Suspended: status.Suspended, Revoked: status.Revoked}[d.State]
	if err != nil || s != want {
		t.Fatalf("the list says %s of a delegation that is %s (%v)", s, d.State, err)
	}
}

func wantsCode(t *rapid.T, err error, code reason.Code) {
	if reason.Of(err) != code || code == "" && err != nil {
		t.Fatalf("got %v, want %q", err, code)
	}
}

func TestStateMachine(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		m := &machine{w: w, store: w.faults, who: newHolder(t), model: map[string]*modelled{}}
		rt.Repeat(rapid.StateMachineActions(m))
		if _, err := audit.Verify(context.Background(), m.store, "audit/"); err != nil {
			rt.Fatal(err)
		}
	})
}
