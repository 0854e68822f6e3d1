// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"slices"
	"testing"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/storetest"
)

// tell notifies with a bearer token.
func (w *world) tell(bearer, id string, event vci.Event) error {
	return w.Notify(w.t.Context(), Presented{Scheme: "Bearer", Token: bearer}, vci.Notification{ID: id, Event: event})
}

func TestNotify(t *testing.T) {
	w := newWorld(t)
	o := w.grant(edit())
	bearer := w.redeemed(o)
	out := must[*vci.CredentialResponse](t)(w.Issue(t.Context(), bearer, askFor(w.proof(newHolder(t)), w.proof(newHolder(t)))))
	before := w.faults.Commits()
	for range 3 {
		if err := w.tell(bearer, out.NotificationID, "credential_accepted"); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.faults.Commits() - before; n != 1 {
		t.Errorf("%d commits of one notification", n)
	}
	for _, c := range must[*Delegation](t)(w.Delegation(t.Context(), o.ID)).Copies {
		if c.Notified != "credential_accepted" {
			t.Errorf("kept %q", c.Notified)
		}
	}
	wants(t, w.tell(bearer, "urn:uuid:none", "credential_accepted"), reason.NotificationUnknown)
	wants(t, w.tell("x", out.NotificationID, "credential_accepted"), reason.TokenInvalid)
	other := w.redeemed(w.grant(edit()))
	wants(t, w.tell(other, out.NotificationID, "credential_accepted"), reason.NotificationUnknown)
}

// TestDeletedCopies: what a wallet deleted is revoked, with one leaf, and nothing else is; the
// delegation stands and what is left of it can be suspended and resumed.
func TestDeletedCopies(t *testing.T) {
	w := newWorld(t)
	o := w.grant(both())
	bearer := w.redeemed(o)
	gone := must[*vci.CredentialResponse](t)(w.Issue(t.Context(), bearer, askFor(w.proof(newHolder(t)), w.proof(newHolder(t)))))
	must[*vci.CredentialResponse](t)(w.Issue(t.Context(), bearer, ask(ConfigurationVCJWT, w.proof(newHolder(t)))))
	all := must[*Delegation](t)(w.Delegation(t.Context(), o.ID)).Copies
	for _, fault := range []storetest.Fault{storetest.Lost, storetest.Full} {
		w.faults.Next(fault)
		if w.tell(bearer, gone.NotificationID, vci.Deleted) == nil {
			t.Fatal("acknowledged what is not durable")
		}
	}
	before := w.faults.Commits()
	for range 5 {
		if err := w.tell(bearer, gone.NotificationID, vci.Deleted); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.faults.Commits() - before; n != 1 || w.leaves(audit.Revoke) != 1 {
		t.Errorf("%d commits, %d leaves", n, w.leaves(audit.Revoke))
	}
	for k, want := range []status.State{status.Revoked, status.Revoked, status.Valid} {
		if s := must[status.State](t)(w.cfg.Book.State(t.Context(), all[k].Ref)); s != want {
			t.Errorf("copy %d is %s", k, s)
		}
	}
	d := must[*Delegation](t)(w.Delegation(t.Context(), o.ID))
	if d.State != Issued || len(d.Copies) != 1 || d.Given != 3 {
		t.Errorf("%s with %d copies of %d", d.State, len(d.Copies), d.Given)
	}
	must[*Delegation](t)(w.Suspend(t.Context(), o.ID, Change{Reason: "x"}))
	must[*Delegation](t)(w.Resume(t.Context(), o.ID, Change{Reason: "x"}))
}

// TestDeletedAfterRevoked: there is nothing left to take back, and the operator still sees whose it was.
func TestDeletedAfterRevoked(t *testing.T) {
	w := newWorld(t)
	o := w.grant(edit())
	bearer := w.redeemed(o)
	out := must[*vci.CredentialResponse](t)(w.Issue(t.Context(), bearer, askFor(w.proof(newHolder(t)))))
	must[*Delegation](t)(w.Revoke(t.Context(), o.ID, Change{Reason: "x"}))
	if err := w.tell(bearer, out.NotificationID, vci.Deleted); err != nil {
		t.Fatal(err)
	}
	if d := must[*Delegation](t)(w.Delegation(t.Context(), o.ID)); len(d.Copies) != 1 || d.Copies[0].Notified != vci.Deleted || w.leaves(audit.Revoke) != 1 {
		t.Errorf("%+v", d.Copies)
	}
}

// TestDeletedAfterPassedOn: a copy below which somebody stands is not taken from under them.
func TestDeletedAfterPassedOn(t *testing.T) {
	f := newFamily(t)
	must[HostedStatus](t)(f.Host(t.Context(), f.signed(f.tom, TypeHostedStatus, map[string]any{"parent": f.root, "credential": "urn:uuid:c"})))
	d := must[*Delegation](t)(f.Delegation(t.Context(), f.delegation))
	k := slices.IndexFunc(d.Copies, func(c Copy) bool { return c.Credential == f.root })
	if err := f.forget(t.Context(), d, []int{k}); err != nil {
		t.Fatal(err)
	}
	if s := must[status.State](t)(f.cfg.Book.State(t.Context(), d.Copies[k].Ref)); s != status.Valid {
		t.Errorf("the copy is %s", s)
	}
	if d := must[*Delegation](t)(f.Delegation(t.Context(), f.delegation)); len(d.Copies) != 1 {
		t.Errorf("%d copies", len(d.Copies))
	}
}
