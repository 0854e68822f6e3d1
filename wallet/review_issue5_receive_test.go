// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/reason"
)

// otherKey says of every holder that their key is another's.
type otherKey struct{ did.DID }

func (o otherKey) Resolve(ctx context.Context, _ did.DID) (*did.Document, error) {
	return didkey.New().Resolve(ctx, o.DID)
}

// lies makes the town seal dc+sd-jwt whose sub is whom they are for, and whose cnf holds the stranger's key.
func (w *town) lies() {
	stranger := w.wallet().DID()
	f, err := sdjwt.New(sdjwt.Config{Random: rand.Reader, Now: w.now, Holders: otherKey{stranger}})
	check(w.t, err)
	w.formats = credential.Formats{f}
}

// TestAttackOtherKeyInConfirmation: what an issuer binds to another key than that of its subject can never be
// presented. It is refused when it comes, by every way that it can come.
func TestAttackOtherKeyInConfirmation(t *testing.T) {
	t.Run("by an offer", func(t *testing.T) {
		w := newTown(t)
		held := w.wallet()
		w.lies()
		_, err := held.Receive(t.Context(), w.offer(), w.taker())
		want(t, err, reason.CredentialUnexpected)
		if names, _ := held.cfg.Vault.names(""); len(names) != 0 {
			t.Errorf("stored: %v", names)
		}
	})
	t.Run("in copies", func(t *testing.T) {
		w := newTown(t)
		o := w.office()
		o.batch = 3
		held := w.wallet()
		w.lies()
		_, err := held.Receive(t.Context(), o.codeOffer(), o.taker(3))
		want(t, err, reason.CredentialUnexpected)
	})
	t.Run("passed on", func(t *testing.T) {
		w := newTown(t)
		tom, june := w.wallet(), w.wallet()
		e := w.receive(tom)
		w.lies()
		tom.cfg.Formats = w.formats
		file, _ := passOn(t, tom, e, june, Permitted{"appointments/gp", []string{"view"}})
		_, err := june.Accept(t.Context(), file)
		want(t, err, reason.CredentialUnexpected)
	})
}
