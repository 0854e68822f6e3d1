// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"testing"
	"time"

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

// TestAttackRenewedForAnother: an issuer that answers a renewal with a delegation for another person does not
// make the wallet forget the one it has, at once or later.
func TestAttackRenewedForAnother(t *testing.T) {
	for _, later := range []int{0, 1} {
		w := newTown(t)
		o := w.office()
		o.refreshing = true
		held := w.wallet()
		got, err := held.Receive(t.Context(), o.codeOffer(), o.taker(0))
		check(t, err)
		o.later = later
		o.change = func(_ int, c *credential.Credential) {
			c.OnBehalfOf.ID = "urn:uuid:11111111-1111-4111-8111-111111111111"
		}
		fresh, err := held.Renew(t.Context(), got.Entries[0].ID, Collector{})
		if later > 0 {
			check(t, err)
			w.wait(time.Hour)
			_, err = held.Collect(t.Context(), fresh.Pending[0].ID)
		}
		want(t, err, reason.CredentialUnexpected)
		if all, _, _ := held.List(t.Context()); len(all) != 1 || all[0].ID != got.Entries[0].ID {
			t.Errorf("%d held", len(all))
		}
	}
}

// TestAttackBackupNamesFiles: a backup that somebody else made names files elsewhere neither as its items nor in
// them: what an item names is removed along with it.
func TestAttackBackupNamesFiles(t *testing.T) {
	v := newVault(t)
	const good = "aaaaaaaaaaaaaaaa"
	for name, part := range map[string]backupPart{
		"grant of a credential": {Credentials: []*held{{ID: good, Format: "dc+sd-jwt", Raw: "raw", Grant: "/../../../x"}}},
		"grant that is awaited": {Waiting: []*waiting{{ID: good, Grant: "/../../../x"}}},
		"replaced":              {Waiting: []*waiting{{ID: good, Grant: good, Replaces: []string{good, "/../../../x"}}}},
		"grant without a name":  {Waiting: []*waiting{{ID: good}}},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := sealPart(v, part)
			check(t, err)
			_, err = Import(t.Context(), filepath.Join(t.TempDir(), "new"), raw, []byte("b"), []byte("n"), rand.Reader)
			want(t, err, reason.CLIPath)
		})
	}
}
