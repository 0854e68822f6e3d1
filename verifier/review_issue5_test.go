// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/verifier"
)

// TestEncryptedReplayVP01 posts an encrypted answer twice: the second is a replay, as it is in the clear, though the key of
// the session is gone.
func TestEncryptedReplayVP01(t *testing.T) {
	w := newWorld(t).encrypting(jwe.A256GCM)
	s := w.ask(booking())
	parts := w.sealed(s)
	w.expect(w.sendSealed(s, nil, slices.Clone(parts)), reason.OK)
	w.expect(w.sendSealed(s, nil, slices.Clone(parts)), reason.PresentationReplayed)
	plain := newWorld(t)
	q := plain.ask(booking())
	plain.expect(plain.sendSealed(q, nil, parts), reason.ResponseKeyUnknown)
}

// TestPageOpenedTooLate opens the page of a request for the first time while its answer is decided, and afterwards: a
// preview of the link, or whoever saw the QR code, can neither undo the decision nor use up the tries of the code.
func TestPageOpenedTooLate(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(w)
	s := w.askFor(verifier.Request{Access: booking(), Flow: verifier.CrossDevice, RedirectURI: otherReturn})
	opened := 0
	gone := func() {
		opened++
		if got := b.get(strings.TrimPrefix(s.Page, origin)); got.Code == http.StatusOK || len(b.cookies) != 0 {
			t.Errorf("the page: %d, %v", got.Code, b.cookies)
		}
	}
	w.restrictions.hook = func(context.Context) ([]delegation.Restriction, error) {
		gone()
		return nil, nil
	}
	got := w.present(s)
	w.expect(got, reason.OK)
	gone()
	if opened < 2 {
		t.Error("the page was not opened meanwhile")
	}
	var codes handed
	must(t, json.Unmarshal([]byte(got.body), &codes))
	for range verifier.MaxTries {
		b.confirm(s, "00000000")
	}
	w.reads(s, "confirmation_code="+codes.Confirmation, verifier.CrossDevice)
}

// between opens the page of a session once, in front of the step of another.
type between struct {
	store.Store
	open func()
}

func (b *between) Commit(ctx context.Context, changes ...store.Change) error {
	if open := b.open; open != nil {
		b.open = nil
		open()
	}
	return b.Store.Commit(ctx, changes...)
}

// TestPageOpenedBetween opens the page between the reading and the writing of a step of the wallet's: neither the
// request nor the right to answer it is lost.
func TestPageOpenedBetween(t *testing.T) {
	w := newWorld(t)
	steps := &between{Store: w.cfg.Store}
	w.cfg.Store = steps
	w.start(w.cfg)
	for name, when := range map[string]func() session{
		"fetch": func() session {
			asked, err := w.Ask(t.Context(), verifier.Request{Access: booking(), Flow: verifier.CrossDevice, RedirectURI: otherReturn})
			must(t, err)
			s := session{Asked: asked}
			steps.open = func() { newBrowser(w).open(s) }
			return w.fetch(s)
		},
		"answer": func() session {
			s := w.askFor(verifier.Request{Access: booking(), Flow: verifier.CrossDevice, RedirectURI: otherReturn})
			steps.open = func() { newBrowser(w).open(s) }
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.TB = t
			s := when()
			w.expect(w.present(s), reason.OK)
			if steps.open != nil {
				t.Error("the page was never opened")
			}
		})
	}
}

// TestActionIsAName refuses a sentence in the place of an action: people read it on the page of the gateway, and wallets
// refuse to show it.
func TestActionIsAName(t *testing.T) {
	w := newWorld(t)
	for _, action := range []string{"book an appointment and call 0900 1234", "book\n", "book\u202e", "", "<b>"} {
		a := booking()
		a.Action = action
		if _, err := w.Ask(t.Context(), verifier.Request{Access: a}); reason.Of(err) != reason.RequestMalformed {
			t.Errorf("%q: %v", action, err)
		}
	}
}
