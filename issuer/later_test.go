// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/dpop"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// boundWallet is a wallet whose tokens are bound to a key.
type boundWallet struct {
	*world
	key     key.Signer
	token   string
	refresh string
}

// at presents the wallet's token, "" at the token endpoint, with a proof by its key.
func (b *boundWallet) at(path, token string) Presented {
	b.t.Helper()
	url := testOrigin + path
	proof := dpop.Proof{Method: "POST", URL: url, AccessToken: token, Nonce: must[string](b.t)(b.newNonce(forDPoP)), At: b.clock.Now()}
	p := Presented{Proof: must[string](b.t)(proof.Sign(b.t.Context(), b.key, rand.Reader)), Method: "POST", URL: url}
	if token != "" {
		p.Scheme, p.Token = "DPoP", token
	}
	return p
}

// bind redeems o for tokens that are bound to a new key.
func (w *world) bind(o Offering) *boundWallet {
	w.t.Helper()
	b := &boundWallet{world: w, key: must[*key.Private](w.t)(key.Generate(key.ES256, rand.Reader))}
	b.take(w.tokenRequest(o))
	return b
}

func (b *boundWallet) take(r vci.TokenRequest) {
	b.t.Helper()
	out := must[vci.TokenResponse](b.t)(b.Token(b.t.Context(), r, b.at("/token", "")))
	b.token, b.refresh = out.AccessToken, out.RefreshToken
}

func (b *boundWallet) renew() {
	b.t.Helper()
	b.take(vci.TokenRequest{Grant: vci.GrantRefreshToken, RefreshToken: b.refresh})
}

func (b *boundWallet) asks(proofs ...string) (*vci.CredentialResponse, error) {
	return b.Issuer.Issue(b.t.Context(), b.at("/credential", b.token), askFor(proofs...))
}

func (b *boundWallet) comes(transaction string) (*vci.CredentialResponse, error) {
	return b.Deferred(b.t.Context(), b.at("/deferred_credential", b.token), transaction)
}

// TestReviewOfDays: a wallet with a key comes back after days with a refreshed token.
func TestReviewOfDays(t *testing.T) {
	w := newWorld(t)
	o := w.grant(reviewed())
	b := w.bind(o)
	later := must[*vci.CredentialResponse](t)(b.asks(w.proof(newHolder(t))))
	w.clock.Advance(20 * 24 * time.Hour)
	w.framework.AsOf = w.clock.Now()
	must[*Delegation](t)(w.Approve(t.Context(), o.ID, Change{Reason: "x"}))
	_, err := b.comes(later.TransactionID)
	wants(t, err, reason.TokenInvalid)
	b.renew()
	if out := must[*vci.CredentialResponse](t)(b.comes(later.TransactionID)); len(out.Credentials) != 1 {
		t.Errorf("%+v", out)
	}
}

// TestReissue: a refreshed token collects again, to the same key or to new ones, beside what is there.
// All copies go together, and there are no more of them than can.
func TestReissue(t *testing.T) {
	w := newWorld(t)
	o := w.grant(edit(`"constraint":{}`, `"constraint":{"maxUses":3}`))
	b, tom := w.bind(o), newHolder(t)
	uses := map[string]bool{}
	for range 3 {
		out := must[*vci.CredentialResponse](t)(b.asks(w.proof(tom), w.proof(newHolder(t))))
		for _, c := range out.Credentials {
			uses[w.opened(c.Credential).Permissions[0].ID] = true
		}
		_, err := b.asks(w.proof(tom))
		wants(t, err, reason.TokenScope)
		b.renew()
	}
	if len(uses) != 1 {
		t.Errorf("copies do not share their uses: %d permissions", len(uses))
	}
	d := must[*Delegation](t)(w.Delegation(t.Context(), o.ID))
	if len(d.Copies) != 6 || d.Given != 6 {
		t.Errorf("%d copies of %d", len(d.Copies), d.Given)
	}
	must[*Delegation](t)(w.Revoke(t.Context(), o.ID, Change{Reason: "x"}))
	for _, c := range d.Copies {
		if s := must[status.State](t)(w.cfg.Book.State(t.Context(), c.Ref)); s != status.Revoked {
			t.Errorf("a copy is %s", s)
		}
	}
	_, err := b.asks(w.proof(tom))
	wants(t, err, reason.TokenScope)
}

// TestCredentialIdentifiers: a wallet that was told identifiers names one of them, once each, and
// nothing else (OpenID4VCI 1.0 §8.2).
func TestCredentialIdentifiers(t *testing.T) {
	w := newWorld(t)
	o := w.grant(both())
	r := w.tokenRequest(o)
	r.Details = []vci.Detail{{Type: vci.DetailType, Configuration: ConfigurationSDJWT}, {Type: vci.DetailType, Configuration: ConfigurationVCJWT}}
	token := must[vci.TokenResponse](t)(w.Token(t.Context(), r, Presented{}))
	if len(token.Details) != 2 || len(token.Details[0].Identifiers) != 1 {
		t.Fatalf("%+v", token)
	}
	request := func(identifier, configuration string) error {
		_, err := w.Issue(t.Context(), token.AccessToken, &vci.CredentialRequest{Identifier: identifier, Configuration: configuration, Proofs: askFor(w.proof(newHolder(t))).Proofs})
		return err
	}
	other := w.grant(both())
	wants(t, request("", ConfigurationSDJWT), reason.TokenScope)
	for _, id := range []string{"x", o.ID, o.ID + ".", credentialIdentifier(o.ID, "other"), credentialIdentifier(other.ID, ConfigurationSDJWT), strings.Repeat("x", 5000)} {
		wants(t, request(id, ""), reason.TokenScope)
	}
	for _, d := range token.Details {
		if err := request(d.Identifiers[0], ""); err != nil {
			t.Errorf("%s: %v", d.Configuration, err)
		}
		wants(t, request(d.Identifiers[0], ""), reason.TokenScope)
	}
	if d := must[*Delegation](t)(w.Delegation(t.Context(), o.ID)); len(d.Copies) != 2 || d.Copies[0].Format == d.Copies[1].Format {
		t.Errorf("%+v", d.Copies)
	}
}

// TestCopiesAreBounded: a delegation has no more copies than one change of state flips, and deleting
// does not let it burn indices without end.
func TestCopiesAreBounded(t *testing.T) {
	w := newWorld(t)
	w.cfg.BatchSize = vci.MaxProofs
	w.Issuer = must[*Issuer](t)(New(w.cfg))
	o := w.grant(edit())
	b := w.bind(o)
	batch := func(n int) (*vci.CredentialResponse, error) {
		var proofs []string
		nonce := must[string](t)(w.Nonce())
		for range n {
			proofs = append(proofs, w.proofOver(newHolder(t), nonce))
		}
		return b.asks(proofs...)
	}
	var last *vci.CredentialResponse
	for range MaxCopies / vci.MaxProofs {
		last = must[*vci.CredentialResponse](t)(batch(vci.MaxProofs))
		b.renew()
	}
	_, err := batch(MaxCopies%vci.MaxProofs + 1)
	wants(t, err, reason.LimitRate)
	must[*vci.CredentialResponse](t)(batch(MaxCopies % vci.MaxProofs))
	must[*Delegation](t)(w.Suspend(t.Context(), o.ID, Change{Reason: "x"}))
	must[*Delegation](t)(w.Resume(t.Context(), o.ID, Change{Reason: "x"}))
	if err := w.Notify(t.Context(), b.at("/notification", b.token), vci.Notification{ID: last.NotificationID, Event: vci.Deleted}); err != nil {
		t.Fatal(err)
	}
	b.renew()
	must[*vci.CredentialResponse](t)(batch(vci.MaxProofs))
	d := must[*Delegation](t)(w.Delegation(t.Context(), o.ID))
	if len(d.Copies) != MaxCopies || d.Given != MaxCopies+vci.MaxProofs {
		t.Errorf("%d copies of %d", len(d.Copies), d.Given)
	}
	d.Given = MaxGiven
	d.Copies = nil
	var steps changes
	steps.add(d.change())
	if err := w.commit(t.Context(), steps); err != nil {
		t.Fatal(err)
	}
	b.renew()
	_, err = batch(1)
	wants(t, err, reason.LimitRate)
}

// attackDeferred is VCI-17: who comes for a transaction is who began it, and gets credentials for the
// keys that were proved then.
func attackDeferred(t *testing.T, r row) {
	w := newWorld(t).serve()
	o := w.grant(reviewed())
	bearer := w.redeemed(o)
	tom, eve := newHolder(t), newHolder(t)
	later := must[*vci.CredentialResponse](t)(vci.ParseCredentialResponse(w.postJSON("/credential", bearer, askFor(w.proof(tom))).body))
	must[*Delegation](t)(w.Approve(t.Context(), o.ID, Change{Reason: "x"}))
	body := map[string]any{"transaction_id": later.TransactionID}
	other := w.redeemed(w.grant(reviewed()))
	r.refused(t, "another token", w.postJSON("/deferred_credential", other, body))
	r.refused(t, "made up", w.postJSON("/deferred_credential", bearer, map[string]any{"transaction_id": "x"}))
	body["proofs"] = map[string]any{"jwt": []string{w.proof(eve)}}
	r.refused(t, "another holder key", w.postJSON("/deferred_credential", bearer, body))
	delete(body, "proofs")
	got := must[*vci.CredentialResponse](t)(vci.ParseCredentialResponse(w.postJSON("/deferred_credential", bearer, body).body))
	if c := w.opened(got.Credentials[0].Credential); len(got.Credentials) != 1 || c.Delegate.ID != tom.Method.DID().String() {
		t.Error("issued to another key than the one that was proved")
	}
	r.refused(t, "a second time", w.postJSON("/deferred_credential", bearer, body))

	bound := w.grant(reviewed())
	b := w.bind(bound)
	begun := must[*vci.CredentialResponse](t)(b.asks(w.proof(tom)))
	must[*Delegation](t)(w.Approve(t.Context(), bound.ID, Change{Reason: "x"}))
	thief := &boundWallet{world: w, key: must[*key.Private](t)(key.Generate(key.ES256, rand.Reader)), token: b.token}
	_, err := thief.comes(begun.TransactionID)
	wants(t, err, reason.DPoPKeyMismatch)
	if out := must[*vci.CredentialResponse](t)(b.comes(begun.TransactionID)); len(out.Credentials) != 1 {
		t.Errorf("%+v", out)
	}
}

// secretly posts v encrypted to the issuer's key.
func (w *world) secretly(path, bearer string, v any) answer {
	w.t.Helper()
	raw := must[[]byte](w.t)(json.Marshal(v))
	token := must[[]byte](w.t)(jwe.Encrypt(raw, w.requestKey.Public(), jwe.A256GCM, jwe.Header{}))
	return w.do("POST", path, "application/jwt", token, "Authorization", "Bearer "+bearer)
}

// TestEncrypted: requests and answers go encrypted both ways, with 200 and with 202.
func TestEncrypted(t *testing.T) {
	w := newWorld(t).serve()
	to := must[*jwe.Private](t)(jwe.Generate(rand.Reader, "k"))
	for _, enc := range []jwe.Encryption{jwe.A128GCM, jwe.A256GCM} {
		o := w.grant(reviewed())
		bearer := w.redeemed(o)
		request := askFor(w.proof(newHolder(t)))
		request.Encryption = vci.NewResponseEncryption(to.Public(), enc)
		waits := w.opensTo(t, w.secretly("/credential", bearer, request), 202, to, enc)
		must[*Delegation](t)(w.Approve(t.Context(), o.ID, Change{Reason: "x"}))
		got := w.opensTo(t, w.secretly("/deferred_credential", bearer, vci.DeferredRequest{TransactionID: waits.TransactionID, Encryption: request.Encryption}), 200, to, enc)
		w.opened(got.Credentials[0].Credential)
	}
	bearer := w.redeemed(w.grant(edit()))
	plain := w.secretly("/credential", bearer, askFor(w.proof(newHolder(t))))
	if plain.status != 200 || plain.header.Get("Content-Type") != "application/json" {
		t.Errorf("an answer in the clear was asked for: %d %s", plain.status, plain.body)
	}
	if a := w.do("POST", "/credential", "application/jwt", []byte("a.b.c.d.e"), "Authorization", "Bearer "+bearer); a.status != 400 || a.told.Error != "invalid_encryption_parameters" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func (w *world) opensTo(t *testing.T, a answer, status int, with *jwe.Private, enc jwe.Encryption) *vci.CredentialResponse {
	t.Helper()
	if a.status != status || a.header.Get("Content-Type") != "application/jwt" || a.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v %s", a.status, a.header, a.body)
	}
	return must[*vci.CredentialResponse](t)(vci.ParseCredentialResponse(must[[]byte](t)(jwe.Decrypt(a.body, with, enc))))
}

// attackEncryption is VCI-22: no answer goes to a key or by an algorithm that is not fit, and asking
// for one costs nothing: the token can still collect.
func attackEncryption(t *testing.T, r row) {
	w, o := attacked(t)
	bearer := w.redeemed(o)
	good := must[*jwe.Private](t)(jwe.Generate(rand.Reader, "k"))
	var jwk map[string]any
	if err := strictjson.Unmarshal(good.Public().JWK(), &jwk); err != nil {
		t.Fatal(err)
	}
	with := func(name string, value any) map[string]any {
		out := map[string]any{}
		for k, v := range jwk {
			out[k] = v
		}
		if out[name] = value; value == nil {
			delete(out, name)
		}
		return out
	}
	body := func(e any) map[string]any {
		return map[string]any{
			"credential_configuration_id": ConfigurationSDJWT, "proofs": map[string]any{"jwt": []string{w.proof(newHolder(t))}},
			"credential_response_encryption": e,
		}
	}
	rsa := map[string]any{"kty": "RSA", "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbI", "e": "AQAB", "alg": "RSA-OAEP", "kid": "k"}
	for name, e := range map[string]any{
		"invalid curve": map[string]any{"jwk": with("y", jwk["x"]), "enc": "A128GCM"}, "private": map[string]any{"jwk": with("d", jwk["x"]), "enc": "A128GCM"},
		"RSA 1024": map[string]any{"jwk": rsa, "enc": "A128GCM"}, "P-384": map[string]any{"jwk": with("crv", "P-384"), "enc": "A128GCM"},
		"another alg": map[string]any{"jwk": with("alg", "ECDH-ES+A128KW"), "enc": "A128GCM"}, "no alg": map[string]any{"jwk": with("alg", nil), "enc": "A128GCM"},
		"dir": map[string]any{"jwk": with("alg", "dir"), "enc": "A128GCM"}, "another enc": map[string]any{"jwk": jwk, "enc": "A128CBC-HS256"}, "no enc": map[string]any{"jwk": jwk},
		"zip": map[string]any{"jwk": jwk, "enc": "A128GCM", "zip": "DEF"}, "no key": map[string]any{"enc": "A128GCM"},
	} {
		r.refused(t, name, w.secretly("/credential", bearer, body(e)))
	}
	// In the clear, whoever stands between could have put their own key in.
	r.refused(t, "key in the clear", w.postJSON("/credential", bearer, body(map[string]any{"jwk": jwk, "enc": "A128GCM"})))
	if d := must[*Delegation](t)(w.Delegation(t.Context(), o.ID)); len(d.Copies) != 0 {
		t.Error("signed all the same")
	}
	if a := w.secretly("/credential", bearer, body(map[string]any{"jwk": jwk, "enc": "A128GCM"})); a.status != 200 {
		t.Errorf("a good one: %d %s", a.status, a.body)
	}
}
