// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// applied is what the model knows of a delegation under review, and of the wallet that collects it with
// tokens that are bound to a key.
type applied struct {
	review  Review
	key     key.Signer
	token   string
	refresh string
	waits   string          // transaction_id
	answers []string        // notification ids of answers that hold one credential each
	gone    []publisher.Ref // of credentials that the wallet deleted
}

func (m *machine) OfferUnderReview(*rapid.T) {
	o := m.w.grant(reviewed())
	m.model[o.ID] = &modelled{offering: o, state: Offered, applied: applied{review: Pending}}
	m.order = append(m.order, o.ID)
}

// wallet returns the wallet of want in the world as it is now.
func (m *machine) wallet(want *modelled) *boundWallet {
	return &boundWallet{world: m.w, key: want.key, token: want.token, refresh: want.refresh}
}

func (m *machine) reviewed(t *rapid.T) (string, *modelled) {
	id, want := m.pick(t)
	if want.review == "" {
		t.Skip("no review")
	}
	return id, want
}

// Apply collects an offer, which is answered at once or later.
func (m *machine) Apply(t *rapid.T) {
	_, want := m.reviewed(t)
	if want.key != nil || want.state != Offered || want.review == Declined {
		t.Skip("there is nothing to collect")
	}
	b := m.w.bind(want.offering)
	want.key = b.key
	m.asks(t, want, b)
}

// Again collects with a refreshed token.
func (m *machine) Again(t *rapid.T) {
	_, want := m.reviewed(t)
	if want.key == nil {
		t.Skip("no wallet")
	}
	b := m.wallet(want)
	if want.state != Issued || len(want.answers) > 6 {
		t.Skip("a refused refresh is tested elsewhere")
	}
	b.renew()
	m.asks(t, want, b)
}

func (m *machine) asks(t *rapid.T, want *modelled, b *boundWallet) {
	want.token, want.refresh = b.token, b.refresh
	out, err := b.asks(m.w.proof(m.who))
	wantsCode(t, err, "")
	m.answered(t, want, out)
}

func (m *machine) answered(t *rapid.T, want *modelled, out *vci.CredentialResponse) {
	if want.review == Pending {
		if want.waits = out.TransactionID; want.waits == "" || len(out.Credentials) != 0 {
			t.Fatal("issued before the review")
		}
		return
	}
	if len(out.Credentials) != 1 {
		t.Fatal("nothing was issued")
	}
	want.state, want.waits, want.issued = Issued, "", want.issued+1
	want.answers = append(want.answers, out.NotificationID)
}

// ComeBack asks for what was to come later.
func (m *machine) ComeBack(t *rapid.T) {
	_, want := m.reviewed(t)
	if want.waits == "" {
		t.Skip("nothing is waited for")
	}
	out, err := m.wallet(want).comes(want.waits)
	if want.state != Offered && want.state != Issued || want.review == Declined {
		wantsCode(t, err, reason.TokenScope)
		return
	}
	wantsCode(t, err, "")
	m.answered(t, want, out)
}

func (m *machine) Approve(t *rapid.T) { m.judge(t, m.w.Approve, Approved) }
func (m *machine) Decline(t *rapid.T) { m.judge(t, m.w.Decline, Declined) }

func (m *machine) judge(t *rapid.T, do func(context.Context, string, Change) (*Delegation, error), to Review) {
	id, want := m.reviewed(t)
	_, err := do(context.Background(), id, Change{Reason: "model"})
	if want.review != to && (want.review != Pending || want.state == Revoked) {
		wantsCode(t, err, reason.RevokeIrreversible)
		return
	}
	wantsCode(t, err, "")
	want.review = to
}

// Forget deletes the credential of the last answer from the wallet, and says so.
func (m *machine) Forget(t *rapid.T) {
	id, want := m.reviewed(t)
	if len(want.answers) == 0 {
		t.Skip("nothing to delete")
	}
	last := want.answers[len(want.answers)-1]
	d, err := m.w.Delegation(context.Background(), id)
	wantsCode(t, err, "")
	at := d.answered(last)
	b := m.wallet(want)
	wantsCode(t, m.w.Notify(context.Background(), b.at("/notification", b.token), vci.Notification{ID: last, Event: vci.Deleted}), "")
	if want.state != Revoked {
		want.gone = append(want.gone, d.Copies[at[0]].Ref)
		want.issued--
	}
	want.answers = want.answers[:len(want.answers)-1]
}

// ended checks that what a wallet deleted stays revoked, whatever becomes of the delegation.
func (m *machine) ended(t *rapid.T, want *modelled) {
	for _, ref := range want.gone {
		if s, err := m.w.cfg.Book.State(context.Background(), ref); err != nil || s != status.Revoked {
			t.Fatalf("a deleted credential is %s (%v)", s, err)
		}
	}
}
