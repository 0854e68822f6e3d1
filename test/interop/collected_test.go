// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/test/interop/page"
	"github.com/behalf-id/behalf/wallet"
)

// wallet makes a fresh wallet of ours in the world.
func (o *online) wallet(t *testing.T) *wire.OpenedWallet {
	t.Helper()
	return o.walletBy(t, time.Now)
}

// walletBy is wallet with another clock.
func (o *online) walletBy(t *testing.T, clock func() time.Time) *wire.OpenedWallet {
	t.Helper()
	ca, err := os.ReadFile(o.CA())
	check(t, err)
	vault, err := wallet.Create(t.Context(), filepath.Join(t.TempDir(), "wallet"), []byte("a passphrase"), wallet.Settings{Registry: o.Registry, Trusted: []string{o.RegistryKey}, CA: string(ca)}, rand.Reader)
	check(t, err)
	w, err := wire.ConnectedWallet(t.Context(), vault, "", wire.Deps{Now: clock, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	check(t, err)
	t.Cleanup(func() {
		w.Close()
		check(t, vault.Close())
	})
	return w
}

// theirClaims are those of a delegation that their issuer may give, but for the holder.
func (o *online) theirClaims(t *testing.T) json.RawMessage {
	t.Helper()
	k, err := o.key.Private(rand.Reader)
	check(t, err)
	method, err := did.ParseURL(o.did + "#k1")
	check(t, err)
	c := delegation(cast{holder: newParty(t, key.ES256), issuer: newParty(t, key.ES256)})
	c.Issuer, c.Framework = o.did, world.FrameworkID
	c.Controllers, c.Purposes, c.Jurisdiction, c.Prohibitions = []string{world.Controller}, []string{world.Purpose}, []string{world.Jurisdiction}, nil
	c.ValidFrom, c.ValidUntil, c.ReviewBy = time.Now().Truncate(time.Second), now().AddDate(0, 6, 0), now().AddDate(0, 3, 0)
	c.Status = []credential.StatusRef{{Kind: credential.TokenStatusList, List: o.origin + "/status/1", Index: index}}
	c.Permissions[2].Constraint = credential.Constraint{}
	c.Permissions[1].Constraint = credential.Constraint{}
	f, err := sdjwt.New(sdjwt.Config{Random: rand.Reader, Now: time.Now, Holders: didkey.New()})
	check(t, err)
	raw, err := f.Seal(t.Context(), c, did.Signer{Signer: k, Method: method})
	check(t, err)
	claims, err := sdjwt.Claims(raw)
	check(t, err)
	return claims
}

// issues sets how their issuer does it.
func (o *online) issues(t *testing.T, more request) {
	t.Helper()
	claims := o.theirClaims(t)
	r := request{"claims": claims, "frame": frame(t, claims), "wrong": o.other}
	for name, value := range more {
		r[name] = value
	}
	o.must(t, "issuer.set", r, nil)
}

// theirOffer has their issuer make one.
func (o *online) theirOffer(t *testing.T, r request) string {
	t.Helper()
	var offer struct{ URI string }
	o.must(t, "issuer.offer", r, &offer)
	return offer.URI
}

// accepts answers that the offer is taken, with a transaction code.
func accepts(code string) func(wallet.OfferView) (string, error) {
	return func(wallet.OfferView) (string, error) { return code, nil }
}

const txCode = "493617"

// collected has a wallet of ours collect from their issuer.
func (o *online) collected(t *testing.T) {
	for name, r := range map[string]request{"plain": {}, "transaction code": {"txCode": txCode}, "by reference": {"reference": true}} {
		t.Run(name, func(t *testing.T) {
			o.issues(t, nil)
			code, _ := r["txCode"].(string)
			w := o.wallet(t)
			got, err := w.Receive(t.Context(), o.theirOffer(t, r), wallet.Collector{Accept: accepts(code)})
			check(t, err)
			o.stored(t, w, got, 1)
			o.tally.Accepted(vciPre, page.Inward)
			o.notified(t)
		})
	}
	t.Run("batch", func(t *testing.T) {
		o.issues(t, nil)
		w := o.wallet(t)
		got, err := w.Receive(t.Context(), o.theirOffer(t, request{}), wallet.Collector{Accept: accepts(""), Copies: 4})
		check(t, err)
		o.stored(t, w, got, 4)
		for _, e := range got.Entries {
			if e.Group == "" || e.Group != got.Entries[0].Group {
				t.Errorf("the copies are not one group: %+v", e)
			}
			o.tally.Accepted(vciBatch, page.Inward)
		}
	})
	t.Run("deferred", func(t *testing.T) { o.collectedLater(t) })
	t.Run("encrypted", func(t *testing.T) {
		o.issues(t, request{"encrypting": true})
		w := o.wallet(t)
		got, err := w.Receive(t.Context(), o.theirOffer(t, request{}), wallet.Collector{Accept: accepts("")})
		check(t, err)
		o.stored(t, w, got, 1)
		o.tally.Accepted(vciEncrypt, page.Inward)
	})
	t.Run("refusals", func(t *testing.T) { o.collectedRefuses(t) })
}

// stored checks that a wallet holds what it collected.
func (o *online) stored(t *testing.T, w *wire.OpenedWallet, got wallet.Collected, want int) {
	t.Helper()
	all, damaged, err := w.List(t.Context())
	check(t, err)
	if len(got.Entries) != want || len(all) != want || len(damaged) != 0 || all[0].Issuer != "Their surgery" {
		t.Fatalf("%d collected, %d stored: %+v", len(got.Entries), len(all), all)
	}
}

// notified checks that their issuer was told.
func (o *online) notified(t *testing.T) {
	t.Helper()
	var told []struct{ Event string }
	o.must(t, "issuer.told", request{}, &told)
	if len(told) == 0 || told[len(told)-1].Event != "credential_accepted" {
		t.Errorf("%+v", told)
	}
	o.tally.Accepted(vciNotify, page.Inward)
}

func (o *online) collectedLater(t *testing.T) {
	o.issues(t, request{"deferring": true})
	var waited time.Duration
	w := o.walletBy(t, func() time.Time { return time.Now().Add(waited) })
	got, err := w.Receive(t.Context(), o.theirOffer(t, request{}), wallet.Collector{Accept: accepts("")})
	check(t, err)
	if len(got.Entries) != 0 || len(got.Pending) != 1 {
		t.Fatalf("%+v", got)
	}
	o.issues(t, nil)
	waiting := got.Pending[0]
	waited = time.Until(waiting.After) // the second that they ask for
	o.issues(t, request{"fault": "signature"})
	_, err = w.Collect(t.Context(), waiting.ID)
	o.turnedAway(t, w, vciDeferred, reason.CredentialSignatureInvalid, err)
	o.issues(t, request{"deferring": true})
	if got, err = w.Receive(t.Context(), o.theirOffer(t, request{}), wallet.Collector{Accept: accepts("")}); err != nil {
		t.Fatal(err)
	}
	o.issues(t, nil)
	waited = time.Until(got.Pending[0].After)
	got, err = w.Collect(t.Context(), got.Pending[0].ID)
	check(t, err)
	o.stored(t, w, got, 1)
	o.tally.Accepted(vciDeferred, page.Inward)
}

// collectedRefuses has their issuer do one thing wrong; nothing is stored.
func (o *online) collectedRefuses(t *testing.T) {
	w := o.wallet(t)
	for name, c := range map[string]struct {
		set   request
		row   string
		offer request
		code  string
		want  reason.Code
	}{
		"a batch of another's":      {request{"fault": "holder", "copies": 3}, vciBatch, request{}, "", reason.CredentialUnexpected},
		"a batch with a bad one":    {request{"fault": "signature", "copies": 3}, vciBatch, request{}, "", reason.CredentialSignatureInvalid},
		"another issuer's metadata": {request{"fault": "metadata"}, vciPre, request{}, "", reason.IssuerMetadataInvalid},
		"a wrong code":              {nil, vciPre, request{"txCode": txCode}, wrongCode(txCode), reason.GrantInvalid},
		"a bearer token":            {request{"fault": "bearer"}, vciPre, request{}, "", reason.TokenInvalid},
		"another key":               {request{"fault": "holder"}, vciPre, request{}, "", reason.CredentialUnexpected},
		"another type":              {request{"fault": "type"}, vciPre, request{}, "", reason.CredentialTypeUnknown},
		"another signature":         {request{"fault": "signature"}, vciPre, request{}, "", reason.CredentialSignatureInvalid},
		"a changed one":             {request{"fault": "tampered"}, vciPre, request{}, "", reason.CredentialSignatureInvalid},
		"an answer in the clear":    {request{"fault": "plain", "encrypting": true}, vciEncrypt, request{}, "", reason.ResponseEncryptionRequired},
		"no request for encryption": {request{"fault": "no key", "encrypting": true}, vciEncrypt, request{}, "", reason.ResponseEnc},
	} {
		t.Run(name, func(t *testing.T) {
			o.issues(t, c.set)
			copies, _ := c.set["copies"].(int)
			_, err := w.Receive(t.Context(), o.theirOffer(t, c.offer), wallet.Collector{Accept: accepts(c.code), Copies: copies})
			o.turnedAway(t, w, c.row, c.want, err)
		})
	}
}

// turnedAway wants a refusal of our wallet, and nothing in it.
func (o *online) turnedAway(t *testing.T, w *wire.OpenedWallet, row string, want reason.Code, err error) {
	t.Helper()
	all, _, listed := w.List(t.Context())
	check(t, listed)
	if reason.Of(err) != want || len(all) != 0 {
		t.Errorf("%d stored: %v, want %s", len(all), err, want)
		return
	}
	o.tally.Refused(row, page.Inward)
}

// door is the way through their sign-in, which lets everybody in at once.
type door struct {
	client *http.Client
}

func (door) Redirect() string { return "http://127.0.0.1:50123/back" }

func (d door) Authorize(ctx context.Context, address string) (url.Values, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	answer, err := d.client.Do(r)
	if err != nil {
		return nil, err
	}
	if err := answer.Body.Close(); err != nil {
		return nil, err
	}
	to, err := answer.Location()
	if err != nil {
		return nil, err
	}
	return to.Query(), nil
}

func (o *online) door(t *testing.T) door {
	t.Helper()
	ca, err := os.ReadFile(o.CA())
	check(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return door{&http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// signedIn has a wallet of ours collect from their issuer for somebody who signs in there.
func (o *online) signedIn(t *testing.T) {
	for name, c := range map[string]struct {
		fault string
		want  reason.Code
	}{
		"good": {"", ""}, "another state": {"state", reason.SessionUnknown}, "mix-up": {"iss", reason.IssuerMetadataInvalid}, "denied": {"denied", reason.GrantInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			o.issues(t, request{"fault": c.fault})
			w := o.wallet(t)
			got, err := w.Receive(t.Context(), o.theirOffer(t, request{"signIn": true}), wallet.Collector{Accept: accepts(""), SignIn: o.door(t)})
			if c.want != "" {
				o.turnedAway(t, w, vciCode, c.want, err)
				return
			}
			check(t, err)
			o.stored(t, w, got, 1)
			o.tally.Accepted(vciCode, page.Inward)
		})
	}
}
