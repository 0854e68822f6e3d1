// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/storetest"
)

// reviewed is the grant edited so that an operator has to approve it.
func reviewed(pairs ...string) []byte {
	return edit(append(pairs, `"grant":{`, `"review":true,"grant":{`)...)
}

// applicant is a wallet that has asked for a reviewed delegation and waits.
type applicant struct {
	*world
	offering Offering
	bearer   string
	holder   did.Signer
	waits    string // transaction_id
}

func newApplicant(t testing.TB) *applicant {
	t.Helper()
	return applyIn(newWorld(t))
}

func applyIn(w *world) *applicant {
	w.t.Helper()
	a := &applicant{world: w, offering: w.grant(reviewed()), holder: newHolder(w.t)}
	a.bearer = w.redeemed(a.offering)
	out := must[*vci.CredentialResponse](w.t)(w.Issue(w.t.Context(), a.bearer, askFor(w.proof(a.holder))))
	if len(out.Credentials) != 0 || out.TransactionID == "" || out.Interval != 5 {
		w.t.Fatalf("%+v", out)
	}
	a.waits = out.TransactionID
	return a
}

func (w *world) comeBack(bearer, transaction string) (*vci.CredentialResponse, error) {
	return w.Deferred(w.t.Context(), Presented{Scheme: "Bearer", Token: bearer}, transaction)
}

// TestDeferred: nothing is signed before an operator approves; then the key that was proved in the
// beginning gets its credential, once.
func TestDeferred(t *testing.T) {
	a := newApplicant(t)
	for range 2 {
		out := must[*vci.CredentialResponse](t)(a.comeBack(a.bearer, a.waits))
		if out.TransactionID != a.waits || out.Interval != 5 || len(out.Credentials) != 0 {
			t.Errorf("%+v", out)
		}
	}
	d := must[*Delegation](t)(a.Delegation(t.Context(), a.offering.ID))
	if d.State != Offered || d.Review != Pending || d.Waiting != 1 || len(d.Copies) != 0 || a.leaves(audit.Defer) != 1 || a.leaves(audit.Issue) != 0 {
		t.Errorf("%+v", d)
	}
	must[*Delegation](t)(a.Approve(t.Context(), a.offering.ID, Change{Reason: "documents-seen"}))
	out := must[*vci.CredentialResponse](t)(a.comeBack(a.bearer, a.waits))
	if c := a.opened(out.Credentials[0].Credential); c.Delegate.ID != a.holder.Method.DID().String() {
		t.Error("issued to another key")
	}
	_, err := a.comeBack(a.bearer, a.waits)
	wants(t, err, reason.DeferredBinding)
	d = must[*Delegation](t)(a.Delegation(t.Context(), a.offering.ID))
	if d.State != Issued || d.Review != Approved || d.Waiting != 0 || len(d.Copies) != 1 || a.leaves(audit.Review) != 1 || a.leaves(audit.Issue) != 1 {
		t.Errorf("%+v", d)
	}
}

// TestApprovedBeforeTheWalletCame: there is nothing to wait for.
func TestApprovedBeforeTheWalletCame(t *testing.T) {
	w := newWorld(t)
	o := w.grant(reviewed())
	must[*Delegation](t)(w.Approve(t.Context(), o.ID, Change{Reason: "known"}))
	w.collect(o, newHolder(t))
}

func TestDeclined(t *testing.T) {
	a := newApplicant(t)
	must[*Delegation](t)(a.Decline(t.Context(), a.offering.ID, Change{Reason: "no-consent"}))
	_, err := a.comeBack(a.bearer, a.waits)
	wants(t, err, reason.TokenScope)
	other := newWorld(t)
	o := other.grant(reviewed())
	bearer := other.redeemed(o)
	must[*Delegation](t)(other.Decline(t.Context(), o.ID, Change{Reason: "no-consent"}))
	_, err = other.Issue(t.Context(), bearer, askFor(other.proof(newHolder(t))))
	wants(t, err, reason.TokenScope)
	if other.leaves(audit.Issue)+a.leaves(audit.Issue) != 0 {
		t.Error("a declined delegation was signed")
	}
}

// TestDeclinedOffer: what is declined before anybody came is offered no more.
func TestDeclinedOffer(t *testing.T) {
	w := newWorld(t).serve()
	o := w.grant(reviewed())
	path := strings.TrimPrefix(o.Offer.Page, testOrigin)
	if a := w.do("GET", path, "", nil); a.status != 200 {
		t.Errorf("%d", a.status)
	}
	must[*Delegation](t)(w.Decline(t.Context(), o.ID, Change{Reason: "no-consent"}))
	if a := w.do("GET", path, "", nil); a.status != 404 {
		t.Errorf("%d after it was declined", a.status)
	}
	_, err := w.Token(t.Context(), w.tokenRequest(o), Presented{})
	wants(t, err, reason.GrantInvalid)
}

// TestWaitingIsBounded: one application does not fill the store with requests.
func TestWaitingIsBounded(t *testing.T) {
	w := newWorld(t)
	o := w.grant(reviewed())
	b := w.bind(o)
	for range MaxWaiting {
		must[*vci.CredentialResponse](t)(b.asks(w.proof(newHolder(t))))
		b.renew()
	}
	_, err := b.asks(w.proof(newHolder(t)))
	wants(t, err, reason.LimitRate)
	if d := must[*Delegation](t)(w.Delegation(t.Context(), o.ID)); d.Waiting != MaxWaiting {
		t.Errorf("%d wait", d.Waiting)
	}
}

func TestReviewRefusals(t *testing.T) {
	w := newWorld(t)
	why, open, o := Change{Reason: "x"}, w.grant(edit()), w.grant(reviewed())
	judge := func(id string, c Change) error { _, err := w.Approve(t.Context(), id, c); return err }
	wants(t, judge(open.ID, why), reason.ObjectUnknown)
	wants(t, judge("dg-none", why), reason.ObjectUnknown)
	wants(t, judge(o.ID, Change{}), reason.JSONMemberMissing)
	before := w.faults.Commits()
	for range 3 {
		must[*Delegation](t)(w.Decline(t.Context(), o.ID, why))
	}
	if w.faults.Commits()-before != 1 || w.leaves(audit.Review) != 1 {
		t.Error("declining again writes")
	}
	wants(t, judge(o.ID, why), reason.RevokeIrreversible)
	revoked := w.grant(reviewed())
	must[*Delegation](t)(w.Revoke(t.Context(), revoked.ID, why))
	wants(t, judge(revoked.ID, why), reason.RevokeIrreversible)
	late := w.grant(reviewed())
	w.clock.Advance(OfferLife)
	wants(t, judge(late.ID, why), reason.RevokeIrreversible)
}

// TestReviewOutlivesTheOffer: an application that was made in time waits for its review, which takes
// as long as it takes.
func TestReviewOutlivesTheOffer(t *testing.T) {
	a := newApplicant(t)
	a.clock.Advance(ReviewLife - 1)
	if d := must[*Delegation](t)(a.Delegation(t.Context(), a.offering.ID)); d.At(a.clock.Now()) != Offered {
		t.Errorf("%s while it waits", d.At(a.clock.Now()))
	}
	must[*Delegation](t)(a.Approve(t.Context(), a.offering.ID, Change{Reason: "late"}))
	a.clock.Advance(1)
	if d := must[*Delegation](t)(a.Delegation(t.Context(), a.offering.ID)); d.At(a.clock.Now()) != Expired {
		t.Errorf("%s after its time", d.At(a.clock.Now()))
	}
}

// TestDeferredFaults: at every commit of the way, a fault leaves either what was there or what was
// asked for, and asking again comes to the same end. An index is never given twice.
func TestDeferredFaults(t *testing.T) {
	for _, fault := range []storetest.Fault{storetest.Lost, storetest.Full, storetest.Persisted} {
		w := newWorld(t)
		w.collect(w.grant(edit()), newHolder(t)) // leases a block of indices
		o := w.grant(reviewed())
		bearer, proof := w.redeemed(o), w.proof(newHolder(t))
		w.faults.Next(fault)
		if _, err := w.Issue(t.Context(), bearer, askFor(proof)); err == nil {
			t.Fatal("a transaction that is not durable")
		}
		d := must[*Delegation](t)(w.Delegation(t.Context(), o.ID))
		if (d.Waiting == 1) != (fault == storetest.Persisted) || (w.leaves(audit.Defer) == 1) != (fault == storetest.Persisted) {
			t.Errorf("fault %d at the request: %d wait", fault, d.Waiting)
		}

		a := applyIn(w)
		w.faults.Next(fault)
		if _, err := w.Approve(t.Context(), a.offering.ID, Change{Reason: "x"}); err == nil {
			t.Fatal("an approval that is not durable")
		}
		must[*Delegation](t)(w.Approve(t.Context(), a.offering.ID, Change{Reason: "x"}))
		if n := w.leaves(audit.Review); n != 1 {
			t.Errorf("fault %d at the review: %d leaves", fault, n)
		}
		w.faults.Next(fault)
		if _, err := a.comeBack(a.bearer, a.waits); err == nil {
			t.Fatal("issued without a record")
		}
		out, err := a.comeBack(a.bearer, a.waits)
		if fault == storetest.Persisted { // recorded, not signed: burnt, as everywhere
			wants(t, err, reason.DeferredBinding)
			continue
		}
		if err != nil || len(out.Credentials) != 1 {
			t.Errorf("fault %d: %v", fault, err)
		}
	}
}

// TestDeferredOverRestart: transaction, holder and outcome outlive the process.
func TestDeferredOverRestart(t *testing.T) {
	a := applyIn(newBoltWorld(t))
	w := a.reopen(a.faults)
	must[*Delegation](t)(w.Approve(t.Context(), a.offering.ID, Change{Reason: "x"}))
	w = w.reopen(w.faults)
	out := must[*vci.CredentialResponse](t)(w.comeBack(a.bearer, a.waits))
	if c := w.opened(out.Credentials[0].Credential); c.Delegate.ID != a.holder.Method.DID().String() {
		t.Error("issued to another key")
	}
}

// TestOneDeliveryOfATransaction: of 20 who come at once with one transaction, one is answered.
func TestOneDeliveryOfATransaction(t *testing.T) {
	a := applyIn(newBoltWorld(t))
	must[*Delegation](t)(a.Approve(t.Context(), a.offering.ID, Change{Reason: "x"}))
	answers := make([]error, 20)
	parallel(len(answers), func(k int) {
		_, answers[k] = a.Deferred(context.Background(), Presented{Scheme: "Bearer", Token: a.bearer}, a.waits)
	})
	if count(answers, "") != 1 || count(answers, reason.DeferredBinding) != 19 {
		t.Errorf("%v", answers)
	}
	if d := must[*Delegation](t)(a.Delegation(t.Context(), a.offering.ID)); len(d.Copies) != 1 || d.Waiting != 0 {
		t.Errorf("%d copies, %d wait", len(d.Copies), d.Waiting)
	}
}

// TestDeferredHTTP: 202 while it waits, 200 when it is there, and the codes of the specification.
func TestDeferredHTTP(t *testing.T) {
	w := newWorld(t).serve()
	o := w.grant(reviewed())
	bearer := w.redeemed(o)
	asked := w.postJSON("/credential", bearer, askFor(w.proof(newHolder(t))))
	later := must[*vci.CredentialResponse](t)(vci.ParseCredentialResponse(asked.body))
	if asked.status != 202 || later.TransactionID == "" || strings.Contains(string(asked.body), "credentials") || asked.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s", asked.status, asked.body)
	}
	come := func() answer {
		return w.postJSON("/deferred_credential", bearer, vci.DeferredRequest{TransactionID: later.TransactionID})
	}
	if a := come(); a.status != 202 || string(a.body) != string(asked.body) {
		t.Errorf("%d %s", a.status, a.body)
	}
	path := "/admin/v1/delegations/" + o.ID
	var s Shown
	if a := w.admin("GET", path, nil); strictjson.Unmarshal(a.body, &s) != nil || s.Review != Pending || s.Waiting != 1 || s.State != Offered {
		t.Errorf("%s", a.body)
	}
	if a := w.admin("POST", path+"/approve", []byte(`{"reason":"seen"}`)); a.status != 200 || !strings.Contains(string(a.body), `"review":"approved"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := w.admin("POST", path+"/decline", []byte(`{"reason":"oops"}`)); a.status != 409 || a.told.Reason != reason.RevokeIrreversible {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := come(); a.status != 200 || len(must[*vci.CredentialResponse](t)(vci.ParseCredentialResponse(a.body)).Credentials) != 1 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := come(); a.status != 400 || a.told.Error != "invalid_transaction_id" {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, body := range []string{`{}`, `{"transaction_id":""}`, `{"transaction_id":"x"}`} {
		if a := w.do("POST", "/deferred_credential", "application/json", []byte(body), "Authorization", "Bearer "+bearer); a.status != 400 || a.told.Error != "invalid_transaction_id" {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	if a := w.do("POST", "/deferred_credential", "application/json", []byte(`{"transaction_id":"x"}`)); a.status != 401 || a.told.Error != "invalid_token" {
		t.Errorf("%d %s", a.status, a.body)
	}
	declined := w.grant(reviewed())
	bearer = w.redeemed(declined)
	later = must[*vci.CredentialResponse](t)(vci.ParseCredentialResponse(w.postJSON("/credential", bearer, askFor(w.proof(newHolder(t)))).body))
	w.admin("POST", "/admin/v1/delegations/"+declined.ID+"/decline", []byte(`{"reason":"no-consent"}`))
	if a := come(); a.status != 403 || a.told.Error != "credential_request_denied" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestDeferredCrash: what was recorded and not signed is burnt; a wallet with a key collects again.
func TestDeferredCrash(t *testing.T) {
	w := newBoltWorld(t)
	o := w.grant(reviewed())
	b, proof := w.bind(o), w.proof(newHolder(t))
	later := must[*vci.CredentialResponse](t)(b.asks(proof))
	must[*Delegation](t)(w.Approve(t.Context(), o.ID, Change{Reason: "x"}))
	w.Issuer.cfg.Signer = func() (did.Signer, error) { return did.Signer{}, errors.New("killed") }
	if _, err := b.comes(later.TransactionID); err == nil {
		t.Fatal("issued without a key")
	}
	burnt := must[*Delegation](t)(w.Delegation(t.Context(), o.ID)).Copies[0].Ref
	b.world = w.reopen(w.faults)
	_, err := b.comes(later.TransactionID)
	wants(t, err, reason.DeferredBinding)
	b.renew()
	out := must[*vci.CredentialResponse](t)(b.asks(b.proof(newHolder(t))))
	ref := b.cfg.Publisher.TokenRef(burnt)
	if got := b.opened(out.Credentials[0].Credential).Status[0]; got.List == ref.List && got.Index == ref.Index {
		t.Error("a burnt index was given again")
	}
	if d := must[*Delegation](t)(b.Delegation(t.Context(), o.ID)); len(d.Copies) != 2 || d.Waiting != 0 || b.leaves(audit.Issue) != 2 {
		t.Errorf("%d copies, %d wait", len(d.Copies), d.Waiting)
	}
}
