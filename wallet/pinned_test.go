// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"crypto/rand"
	"net/http"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

const didDocument = "GET /.well-known/did.json"

// requests returns how many requests of any kind the site got.
func (s *site) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, hits := range s.hits {
		n += hits
	}
	return n
}

// publish makes the site's DID document anew.
func (s *site) publish(t *testing.T, keys ...did.Publication) []byte {
	t.Helper()
	document, err := did.WriteDocument(s.id, keys)
	check(t, err)
	s.serve(map[string]http.HandlerFunc{didDocument: func(rw http.ResponseWriter, _ *http.Request) {
		write200(rw, "application/did+json", document)
	}})
	return document
}

// published is the key of s as the site publishes it.
func (s *site) published() did.Publication {
	return did.Publication{Fragment: "k1", Key: s.signer.Public(), Relationships: []did.Relationship{did.AssertionMethod, did.Authentication}}
}

// again returns a wallet over the same vault that knows no more than what lies in the vault, as
// the next command does.
func (w *town) again(held *Wallet) *Wallet {
	w.t.Helper()
	w.keys = w.resolver()
	return w.over(held.cfg.Vault)
}

// TestNoPhoneHome covers the threat of this name (security.md §3): the issuer hears nothing of a
// presentation, of the credential that it gave as little as of one passed on below it.
func TestNoPhoneHome(t *testing.T) {
	for _, format := range []string{sdjwt.Name, vcjwt.Name, dataintegrity.ECDSARDFC, dataintegrity.ECDSAJCS} {
		t.Run(format, func(t *testing.T) {
			w := newTown(t)
			w.format = format
			tom, june := w.wallet(), w.wallet()
			e := w.receive(tom)
			file, _ := passOn(t, tom, e, june, Permitted{"appointments", []string{"view", "book"}})
			_, err := june.Accept(t.Context(), file)
			check(t, err)
			for links, held := range []*Wallet{tom, june} {
				held = w.again(held)
				before, asked := w.issuer.requests(), w.gateway.hit(didDocument)
				w.present(held)
				if n := w.issuer.requests() - before; n != 0 {
					t.Errorf("%d links above: the issuer got %d requests", links, n)
				}
				if w.gateway.hit(didDocument) == asked {
					t.Error("the wallet was not a fresh one: it did not look up who asks")
				}
				if _, above := w.presented(); len(above) != links {
					t.Errorf("%d links above were presented, want %d", len(above), links)
				}
			}
			w.delegatesUnasked(w.again(tom))
		})
	}
}

// delegatesUnasked passes on, for which the issuer gives a status entry: that is all it is asked for.
func (w *town) delegatesUnasked(tom *Wallet) {
	t := w.t.(*testing.T)
	t.Helper()
	all, _, err := tom.List(t.Context())
	check(t, err)
	before := w.issuer.hit(didDocument)
	passOn(t, tom, all[0], w.wallet(), Permitted{"appointments", []string{"view"}})
	if n := w.issuer.hit(didDocument) - before; n != 0 {
		t.Errorf("the issuer's document was fetched %d times to pass on", n)
	}
}

// present prepares an answer and sends it.
func (w *town) present(held *Wallet) {
	w.t.Helper()
	p, err := held.Prepare(w.t.Context(), w.link(), "")
	check(w.t, err)
	told, err := p.Send(w.t.Context(), Agree)
	check(w.t, err)
	if !told.Permitted() {
		w.t.Errorf("told: %+v", told)
	}
}

func TestPresentWithoutIssuer(t *testing.T) {
	w := newTown(t)
	tom, june := w.wallet(), w.wallet()
	e := w.receive(tom)
	file, _ := passOn(t, tom, e, june, Permitted{"appointments", []string{"view", "book"}})
	_, err := june.Accept(t.Context(), file)
	check(t, err)
	w.issuer.server.Close()
	w.present(w.again(tom))
	w.present(w.again(june))
	if len(w.answers) != 2 {
		t.Errorf("%d answers", len(w.answers))
	}
}

// TestPresentAfterKeys has an issuer whose key ends, and is replaced: what it signed before opens as
// it did when it came, and what the services say to it is theirs. A new credential by a key that
// has ended is not taken.
func TestPresentAfterKeys(t *testing.T) {
	w := newTown(t)
	ends := w.issuer.published()
	ends.Expires = w.now().Add(90 * time.Second)
	w.issuer.publish(t, ends)
	held := w.wallet()
	w.receive(held)
	w.wait(time.Hour)
	w.present(w.again(held))
	if _, err := w.again(held).Receive(t.Context(), w.offer(), w.taker()); err == nil {
		t.Error("a credential by a key that has ended was taken")
	}
	w.issuer.publish(t, w.gateway.published())
	w.present(w.again(held))
}

// TestPinned shows what is kept: keys for credentials that were good when it came, and none else.
func TestPinned(t *testing.T) {
	w := newTown(t)
	other, err := key.Generate(key.EdDSA, rand.Reader)
	check(t, err)
	ended := did.Publication{Fragment: "ended", Key: other.Public(), Relationships: []did.Relationship{did.AssertionMethod}, Expires: w.now()}
	login := did.Publication{Fragment: "login", Key: other.Public(), Relationships: []did.Relationship{did.Authentication}}
	w.issuer.publish(t, ended, w.issuer.published(), login)
	e := w.receive(w.wallet())
	if len(e.held.Signers) != 1 || e.held.Signers[0].DID != w.issuer.id.String() {
		t.Fatalf("pinned: %+v", e.held.Signers)
	}
	d, err := did.ReadDocument(e.held.Signers[0].Document, w.issuer.id, w.now())
	check(t, err)
	if len(d.Methods) != 1 || d.Methods[0].ID != w.issuer.signer.Method || !d.Methods[0].Key.Equal(w.issuer.signer.Public()) ||
		len(d.Purposes) != 1 || len(d.Purposes[did.AssertionMethod]) != 1 {
		t.Errorf("pinned: %+v", d)
	}
}

// TestPinnedAreTheIssuers puts other keys and forged credentials into files of a wallet, which takes
// its passphrase: none opens with a key that is not the issuer's own.
func TestPinnedAreTheIssuers(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	e := w.receive(held)
	genuine := e.held.Signers[0].Document
	stranger := w.stranger.publish(t, w.stranger.published())
	forgery, said := w.forged(held)
	issuer := w.issuer.id.String()
	for name, c := range map[string]struct {
		raw     string
		signers []pin
		want    reason.Code
	}{
		"as it came":                     {e.held.Raw, []pin{{DID: issuer, Document: genuine}}, ""},
		"no key":                         {e.held.Raw, nil, reason.StoreTampered},
		"a stranger's document":          {e.held.Raw, []pin{{DID: w.stranger.id.String(), Document: stranger}}, reason.StoreTampered},
		"a stranger's as the issuer's":   {e.held.Raw, []pin{{DID: issuer, Document: stranger}}, reason.DIDDocumentMismatch},
		"no document":                    {e.held.Raw, []pin{{DID: issuer, Document: []byte(`{}`)}}, reason.DIDDocumentMismatch},
		"forged":                         {forgery, []pin{{DID: issuer, Document: genuine}}, reason.CredentialSignatureInvalid},
		"forged, the forger's beside":    {forgery, []pin{{DID: issuer, Document: genuine}, {DID: w.stranger.id.String(), Document: stranger}}, reason.CredentialSignatureInvalid},
		"forged, the forger's as issuer": {forgery, []pin{{DID: issuer, Document: stranger}}, reason.DIDDocumentMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			h := *e.held
			h.Raw, h.Signers = c.raw, c.signers
			if c.raw == forgery {
				h.Statement = statementOf(said)
			}
			check(t, held.cfg.Vault.write(heldMark+h.ID+itemEnd, &h))
			_, err := w.again(held).Prepare(t.Context(), w.link(), "")
			want(t, err, c.want)
		})
	}
}

// forged is a credential of the issuer for held that a stranger signed in its name.
func (w *town) forged(held *Wallet) (string, *credential.Credential) {
	w.t.Helper()
	c := w.delegation(held.DID().String(), w.issuer.id.String())
	_, c.Status = w.refs(w.format)
	raw, err := w.formats.Named(w.format).Seal(w.t.Context(), c, did.Signer{Signer: w.stranger.signer.Signer, Method: w.issuer.signer.Method})
	check(w.t, err)
	return string(raw), c
}

// TestTakingKeepsOne shows that all links by one signer are opened with the same document, which
// is the one that is kept, however often it changes meanwhile.
func TestTakingKeepsOne(t *testing.T) {
	w := newTown(t)
	w.keys = changing{w}
	keys, kept := w.wallet().taking()
	first, err := keys.Resolver.Resolve(t.Context(), w.issuer.id)
	check(t, err)
	second, err := keys.Resolver.Resolve(t.Context(), w.issuer.id)
	check(t, err)
	pins, err := kept.pins()
	check(t, err)
	if first != second || len(pins) != 1 {
		t.Errorf("%p, %p, %d kept", first, second, len(pins))
	}
}

// changing gives another document each time.
type changing struct{ w *town }

func (c changing) Resolve(_ context.Context, id did.DID) (*did.Document, error) {
	k, err := key.Generate(key.ES256, rand.Reader)
	check(c.w.t, err)
	raw, err := did.WriteDocument(id, []did.Publication{{Fragment: "k1", Key: k.Public(), Relationships: []did.Relationship{did.AssertionMethod}}})
	check(c.w.t, err)
	return did.ReadDocument(raw, id, c.w.now())
}
