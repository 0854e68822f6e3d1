// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// TestEveryClient answers a service under each client identifier that the framework lists for it.
func TestEveryClient(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	w.receive(held)
	for name, set := range map[string]func(a *service){
		"DID": func(*service) {},
		"host name": func(a *service) {
			root := a.certify()
			a.clientID = vp.PrefixX509DNS + "localhost"
			w.registers(func(v *trustframework.Verifier) {
				v.Clients, v.Anchors = []string{a.clientID}, []string{base64.StdEncoding.EncodeToString(root.Raw)}
			})
		},
		"certificate": func(a *service) {
			a.certify()
			a.clientID = vp.ClientX509Hash(a.chain[0])
			w.registers(func(v *trustframework.Verifier) { v.Clients, v.Anchors = []string{a.clientID}, nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.service()
			set(a)
			by := map[string]string{"reference": a.link(""), "address": w.gateway.origin + "/ask", "value": vp.Link{ClientID: a.clientID, Object: string(a.object(""))}.String()}
			for how, link := range by {
				p, err := held.Prepare(t.Context(), link, "")
				if err != nil {
					t.Fatalf("%s: %v", how, err)
				}
				if p.Consent.Verifier != "Larkhill Online" || p.Consent.VerifierID != w.gateway.id.String() {
					t.Errorf("%s: %+v", how, p.Consent)
				}
				_, err = p.Send(t.Context(), Agree)
				check(t, err)
				if got := a.presented(); got.Holder() != held.DID() {
					t.Errorf("%s: presented by %v", how, got.Holder())
				}
			}
		})
	}
}

// TestClientRefused has services whose identifier, certificate and place in the framework do not fit together.
func TestClientRefused(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(w *town, a *service, root *x509.Certificate)
		want reason.Code
	}{
		"host name that is not listed": {func(w *town, a *service, root *x509.Certificate) {
			w.registers(func(v *trustframework.Verifier) { v.Clients = nil })
		}, reason.VerifierNotEntitled},
		"authority that is not listed": {func(w *town, a *service, _ *x509.Certificate) {
			other := w.service()
			root := other.certify()
			w.service() // takes the paths back
			w.registers(func(v *trustframework.Verifier) { v.Anchors = []string{base64.StdEncoding.EncodeToString(root.Raw)} })
		}, reason.X509UntrustedRoot},
		"another certificate of the same name": {func(w *town, a *service, _ *x509.Certificate) { a.chain = nil }, reason.RequestUnsigned},
		"certificate of another": {func(w *town, a *service, _ *x509.Certificate) {
			a.clientID = vp.ClientX509Hash([]byte("another"))
			w.registers(func(v *trustframework.Verifier) { v.Clients, v.Anchors = []string{a.clientID}, nil })
		}, reason.RequestClientID},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			held := w.wallet()
			w.receive(held)
			a := w.service()
			root := a.certify()
			a.clientID = vp.PrefixX509DNS + "localhost"
			w.registers(func(v *trustframework.Verifier) {
				v.Clients, v.Anchors = []string{a.clientID}, []string{base64.StdEncoding.EncodeToString(root.Raw)}
			})
			c.set(w, a, root)
			w.gateway.serve(map[string]http.HandlerFunc{"GET /ask": a.getRequest})
			_, err := held.Prepare(t.Context(), a.link(""), "")
			want(t, err, c.want)
			if a.left() != 0 {
				t.Error("something left")
			}
		})
	}
	w := newTown(t)
	held := w.wallet()
	a := w.service()
	a.clientID, a.key = vp.ClientID(w.stranger.id), w.stranger.signer
	_, err := held.Prepare(t.Context(), w.gateway.origin+"/ask", "")
	want(t, err, reason.RequestClientID)
}

// TestWalletNonce fetches a request with a POST, and refuses the object that was made for another wallet.
func TestWalletNonce(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	w.receive(held)
	a := w.service()
	for range 2 {
		_, err := held.Prepare(t.Context(), a.link(vp.MethodPost), "")
		check(t, err)
	}
	first, second := a.posted[0], a.posted[1]
	if first.Get("wallet_nonce") == second.Get("wallet_nonce") || len(first.Get("wallet_nonce")) < 22 || w.gateway.hit("GET /ask") != 0 {
		t.Errorf("posted: %v %v", first, second)
	}
	var m vp.WalletMetadata
	check(t, strictjson.Unmarshal([]byte(first.Get("wallet_metadata")), &m))
	if _, ok := m.Formats[vp.FormatSDJWT]; !ok || !slices.Contains(m.Prefixes, "x509_hash") || slices.Contains(m.Prefixes, "redirect_uri") {
		t.Errorf("metadata: %+v", m)
	}
	a.claims = map[string]any{"wallet_nonce": "another"}
	_, err := held.Prepare(t.Context(), a.link(vp.MethodPost), "")
	want(t, err, reason.RequestInvalid)
	a.claims = map[string]any{"wallet_nonce": nil}
	_, err = held.Prepare(t.Context(), a.link(vp.MethodPost), "")
	want(t, err, reason.RequestInvalid)
	_, err = held.Prepare(t.Context(), a.link(vp.MethodGet), "")
	check(t, err)
}

// TestEncryptedAnswer seals what leaves; a service whose keys cannot be used gets nothing.
func TestEncryptedAnswer(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	w.receive(held)
	a := w.service()
	var err error
	a.with, err = jwe.Generate(rand.Reader, "answers")
	check(t, err)
	p, err := held.Prepare(t.Context(), a.link(""), "")
	check(t, err)
	_, err = p.Send(t.Context(), Agree)
	check(t, err)
	if got := a.presented(); got.Holder() != held.DID() || len(a.raw[0]) != 1 || !a.raw[0].Has("response") {
		t.Errorf("the form: %v", a.raw[0])
	}
	p, err = held.Prepare(t.Context(), a.link(""), "")
	check(t, err)
	_, err = p.Send(t.Context(), Decline)
	check(t, err)
	if got := a.answers[1]; got.Error != vp.ErrorAccessDenied || got.Token != nil {
		t.Errorf("declined: %+v", got)
	}
	a.change = func(r *vp.Request) {
		r.Metadata.Keys.Keys = []strictjson.Value{strictjson.Value(`{"kty":"RSA","kid":"x","alg":"RSA-OAEP"}`)}
	}
	p, err = held.Prepare(t.Context(), a.link(""), "")
	check(t, err)
	_, err = p.Send(t.Context(), Agree)
	want(t, err, reason.RequestInvalid)
	if len(a.raw) != 2 {
		t.Error("the presentation left all the same")
	}
}

// agreement is transaction data for an access.
func agreement(t *testing.T, access vp.Access, ids ...string) string {
	t.Helper()
	text, err := vp.Transaction{Type: vp.TransactionAccess, Credentials: ids, Access: &access}.Encode()
	check(t, err)
	return text
}

// TestTransactionData signs for the access that the person saw, and nothing else.
func TestTransactionData(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	w.receive(held)
	w.format = vcjwt.Name
	other := w.receive(held)
	a := w.service()
	text := agreement(t, w.accesses, "leaf", "leaf_jwt")
	a.change = func(r *vp.Request) { r.Access, r.TransactionData = nil, []string{text} }
	p, err := held.Prepare(t.Context(), a.link(""), "")
	check(t, err)
	if !p.Consent.Agreement || p.Consent.Access != w.accesses {
		t.Errorf("consent: %+v", p.Consent)
	}
	if len(p.Consent.Also) != 0 {
		t.Error("a format without a place for what is agreed to would do")
	}
	want(t, p.Use(t.Context(), other.ID), reason.QueryUnsatisfied)
	_, err = p.Send(t.Context(), Agree)
	check(t, err)
	a.presented(text)

	for name, c := range map[string]struct {
		data []string
		want reason.Code
	}{
		"unknown type":        {[]string{base64.RawURLEncoding.EncodeToString([]byte(`{"type":"payment","credential_ids":["leaf"]}`))}, reason.RequestInvalid},
		"unknown credential":  {[]string{agreement(t, w.accesses, "leaf", "other")}, reason.RequestInvalid},
		"for what is not its": {[]string{agreement(t, w.accesses, "leaf_jwt")}, reason.QueryUnsatisfied},
	} {
		a.change = func(r *vp.Request) { r.TransactionData = c.data }
		if _, err := held.Prepare(t.Context(), a.link(""), ""); reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	a.change = func(r *vp.Request) {
		wider := w.accesses
		wider.Resource = "prescriptions"
		r.Access, r.TransactionData = nil, []string{agreement(t, wider, "leaf")}
	}
	_, err = held.Prepare(t.Context(), a.link(""), "")
	want(t, err, reason.VerifierNotEntitled)
}

// TestAttestation checks what a service shows as attested by the registry; others' statements are passed over.
func TestAttestation(t *testing.T) {
	w := newTown(t)
	v := newVault(t)
	held := w.over(v)
	w.receive(held)
	operator := func() did.Signer {
		k, err := key.Generate(key.ES256, rand.Reader)
		check(t, err)
		s, err := didkey.Signer(k)
		check(t, err)
		return s
	}
	trusted, impostor := operator(), operator()
	v.home.Settings.Trusted = []string{trusted.Method.DID().String()}
	attest := func(id did.DID, by did.Signer) string {
		token, err := trustframework.Attest(t.Context(), w.framework, id.String(), by)
		check(t, err)
		return string(token)
	}
	good := attest(w.gateway.id, trusted)
	foreign, err := jose.Sign(t.Context(), jose.Header{Type: "other+jwt", KeyID: impostor.Method.String()}, []byte(`{}`), impostor)
	check(t, err)
	w.registers(func(*trustframework.Verifier) {})
	w.framework.Verifiers = append(w.framework.Verifiers, trustframework.Verifier{ID: w.stranger.id.String(), Name: "Stranger", Controllers: []string{controller}, Purposes: []string{purpose}, Resources: []string{"*"}})
	a := w.service()
	for name, c := range map[string]struct {
		token string
		want  reason.Code
	}{
		"good": {good, ""}, "another's statement": {string(foreign), ""}, "forged": {attest(w.gateway.id, impostor), reason.RegistrySignature},
		"another service's": {attest(w.stranger.id, trusted), reason.VerifierNotEntitled}, "garbage": {"x", reason.RegistrySignature},
	} {
		info, err := vp.InfoJWT(c.token)
		check(t, err)
		a.change = func(r *vp.Request) {
			r.VerifierInfo = []vp.VerifierInfo{{Format: "other", Data: strictjson.Value(`{}`)}, info}
		}
		if _, err := held.Prepare(t.Context(), a.link(""), ""); reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestTooMuch names what a service asks for and may not, and lets through what it is registered for.
func TestTooMuch(t *testing.T) {
	w := newTown(t)
	w.grant = func(c *credential.Credential) {
		c.Evidence = []credential.Evidence{{ID: "urn:uuid:11111111-1111-4111-8111-111111111111", Type: "SignedForm"}}
	}
	held := w.wallet()
	w.receive(held)
	a := w.service()
	m := dcql.Member
	claims := func(paths ...dcql.Path) func(*vp.Request) {
		return func(r *vp.Request) {
			c := &r.Query.Credentials[0]
			c.ClaimSets = nil
			for _, p := range paths {
				c.Claims = append(c.Claims, dcql.Claim{Path: p})
			}
		}
	}
	number, record := dcql.Path{m("on_behalf_of"), m("identifier"), m("value")}, dcql.Path{m("delegation"), m("evidence"), dcql.Every(), m("id")}
	for name, c := range map[string]struct {
		facts  []string // registered
		change func(*vp.Request)
		want   []string
	}{
		"number and record":   {nil, claims(number, record), []string{"identifier", "evidence"}},
		"record":              {[]string{trustframework.FactIdentifier}, claims(number, record), []string{"evidence"}},
		"purpose, controller": {nil, func(r *vp.Request) { r.Access.Purpose, r.Access.Controller = "marketing", "bank" }, []string{"controller", "purpose"}},
		"resource":            {nil, func(r *vp.Request) { r.Access.Resource = "prescriptions" }, []string{"resource"}},
		"every permission": {nil, func(r *vp.Request) {
			claims(vp.DelegationPath(vp.FormatSDJWT, "permission", dcql.Every()))(r)
			r.Query.Credentials[0].Claims = r.Query.Credentials[0].Claims[3:]
		}, []string{"permission prescriptions/repeat", "permission gp-record/test-results"}},
		"in a set that is not the first": {nil, func(r *vp.Request) {
			c := &r.Query.Credentials[0]
			c.Claims = append(c.Claims, dcql.Claim{ID: "number", Path: number})
			c.ClaimSets = append(c.ClaimSets, []string{"here", "action", "number"})
		}, []string{"identifier"}},
		"both registered": {[]string{trustframework.FactIdentifier, trustframework.FactEvidence}, claims(number, record), nil},
		"who it is":       {nil, claims(dcql.Path{m("on_behalf_of"), m("id")}), nil},
	} {
		t.Run(name, func(t *testing.T) {
			w.registers(func(v *trustframework.Verifier) { v.Facts = map[string][]string{purpose: c.facts} })
			a.change = c.change
			p, err := held.Prepare(t.Context(), a.link(""), "")
			if c.want == nil {
				check(t, err)
				wanted := len(c.facts) > 0
				if got := len(factsNamed(p.Consent.Facts, "their number")) + len(factsNamed(p.Consent.Facts, "record behind it")); (got == 2) != wanted {
					t.Errorf("%d of both would leave", got)
				}
				return
			}
			want(t, err, reason.VerifierNotEntitled)
			refusal, ok := errors.AsType[*OverAsked](err)
			if !ok || !slices.Equal(refusal.TooMuch, c.want) {
				t.Fatalf("%T %v", err, err)
			}
			if !strings.HasPrefix(c.want[0], "permission") && !strings.Contains(err.Error(), strings.Join(c.want, ", ")) {
				t.Errorf("the person does not read what is too much: %v", err)
			}
		})
	}
	if a.left() != 0 {
		t.Error("something left")
	}
}

// TestAccessOfOthers answers a service that says nothing of an access: it has to have one purpose and one
// controller, and gets what it is registered for of the person chosen.
func TestAccessOfOthers(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	a := w.service()
	a.change = func(r *vp.Request) {
		r.Access = nil
		r.Query = dcql.Query{Credentials: []dcql.Credential{{ID: "any", Format: vp.FormatSDJWT, Meta: dcql.Meta{VCTValues: []string{credential.VCTDelegation}},
			Claims: []dcql.Claim{{Path: vp.DelegationPath(vp.FormatSDJWT, "permission", dcql.Every(), dcql.Member("resource")), Values: dcql.Strings("appointments", "gp-record/test-results")}}}}}
	}
	alice := w.receive(held)
	p, err := held.Prepare(t.Context(), a.link(""), "")
	check(t, err)
	if got := p.Consent.Access; got.Principal != principal || got.Purpose != purpose || got.Controller != controller || got.Resource != "" || len(p.Consent.Principals) != 1 {
		t.Errorf("consent: %+v", p.Consent)
	}
	_, err = p.Send(t.Context(), Agree)
	check(t, err)
	if got := a.presented().Verified().Credential(); len(got.Permissions) != 2 {
		t.Errorf("presented: %+v", got.Permissions)
	}

	const dave = "urn:uuid:22222222-2222-4222-8222-222222222222"
	w.grant = func(c *credential.Credential) { c.OnBehalfOf.ID, c.GrantedBy = dave, dave }
	w.receive(held)
	p, err = held.Prepare(t.Context(), a.link(""), "")
	check(t, err)
	if len(p.Consent.Principals) != 2 {
		t.Fatalf("for whom: %v", p.Consent.Principals)
	}
	_, err = p.Send(t.Context(), Agree)
	want(t, err, reason.QueryUnsatisfied)
	if len(a.answers) != 1 {
		t.Error("the wallet chose a person by itself")
	}
	want(t, p.For(t.Context(), "urn:uuid:33333333-3333-4333-8333-333333333333"), reason.QueryUnsatisfied)
	check(t, p.For(t.Context(), dave))
	_, err = p.Send(t.Context(), Agree)
	check(t, err)
	if got := a.presented().Verified().Credential(); got.OnBehalfOf.ID != dave || p.Consent.Access.Principal != dave {
		t.Errorf("presented: %+v", got.OnBehalfOf)
	}
	p, err = held.Prepare(t.Context(), a.link(""), alice.ID)
	check(t, err)
	_, err = p.Send(t.Context(), Agree)
	check(t, err)
	if got := a.presented().Verified().Credential(); got.OnBehalfOf.ID != principal {
		t.Errorf("presented: %+v", got.OnBehalfOf)
	}

	ask := a.change
	a.change = func(r *vp.Request) {
		ask(r)
		r.Query.Credentials[0].Claims[0].Values = append(r.Query.Credentials[0].Claims[0].Values, dcql.String("prescriptions/repeat"))
	}
	_, err = held.Prepare(t.Context(), a.link(""), "")
	want(t, err, reason.VerifierNotEntitled)
	a.change = ask
	for _, two := range []func(v *trustframework.Verifier){
		func(v *trustframework.Verifier) { v.Purposes = append([]string{"other"}, v.Purposes...) },
		func(v *trustframework.Verifier) { v.Controllers = append([]string{"other"}, v.Controllers...) },
	} {
		before := w.framework
		w.registers(two)
		_, err = held.Prepare(t.Context(), a.link(""), "")
		want(t, err, reason.VerifierNotEntitled)
		w.framework = before
	}
}

// TestOldKey presents what was issued to a key that is not in use any more, with that key.
func TestOldKey(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	e := w.receive(held)
	_, err := held.RotateKey(t.Context())
	check(t, err)
	a := w.service()
	p, err := held.Prepare(t.Context(), a.link(""), "")
	check(t, err)
	_, err = p.Send(t.Context(), Agree)
	check(t, err)
	if got := a.presented(); got.Holder().String() != e.credential.Delegate.ID || got.Holder() == held.DID() {
		t.Errorf("presented by %v", got.Holder())
	}
}

// TestGoesOn returns where a person goes on, and what they enter there; the wallet itself goes nowhere.
func TestGoesOn(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	w.receive(held)
	a := w.service()
	next := w.stranger.origin + "/back#response_code=abc"
	for reply, c := range map[string]struct {
		told Told
		want reason.Code
	}{
		`{"redirect_uri":"` + next + `"}`:                                    {Told{RedirectURI: next}, ""},
		`{"confirmation_code":"ABCD-1234"}`:                                  {Told{Confirmation: "ABCD-1234"}, ""},
		`{}`:                                                                 {Told{}, ""},
		`{"redirect_uri":"javascript:alert(1)"}`:                             {want: reason.FetchLimit},
		`{"redirect_uri":"http://a.example"}`:                                {want: reason.FetchLimit},
		`{"redirect_uri":"//a.example"}`:                                     {want: reason.FetchLimit},
		`{"redirect_uri":"https://u@a.example"}`:                             {want: reason.FetchLimit},
		`{"redirect_uri":"https://a/` + strings.Repeat("a", 3000) + `"}`:     {want: reason.FetchLimit},
		`{"confirmation_code":"` + strings.Repeat("1", maxToldCode+1) + `"}`: {want: reason.FetchLimit},
	} {
		a.reply = reply
		p, err := held.Prepare(t.Context(), a.link(""), "")
		check(t, err)
		told, err := p.Send(t.Context(), Agree)
		if reason.Of(err) != c.want || err == nil && (told.RedirectURI != c.told.RedirectURI || told.Confirmation != c.told.Confirmation) {
			t.Errorf("%.60s: %+v %v", reply, told, err)
		}
	}
	if w.stranger.hit("GET /back") != 0 {
		t.Error("the wallet followed a redirect_uri")
	}
}

// TestTrustedAuthorities shows only credentials behind which an authority stands that the service lists.
func TestTrustedAuthorities(t *testing.T) {
	w := newTown(t)
	plain := w.wallet()
	w.receive(plain)
	authority := w.certified()
	held := w.pinning(newVault(t))
	w.receive(held)
	a := w.service()
	for name, c := range map[string]struct {
		authority dcql.Authority
		want      reason.Code
	}{
		"listed":        {dcql.Authority{Type: dcql.AuthorityKey, Values: []string{"AAAA", authority}}, ""},
		"another":       {dcql.Authority{Type: dcql.AuthorityKey, Values: []string{"AAAA"}}, reason.QueryUnsatisfied},
		"of other kind": {dcql.Authority{Type: "openid_federation", Values: []string{authority}}, reason.QueryUnsatisfied},
	} {
		a.change = func(r *vp.Request) {
			for i := range r.Query.Credentials {
				r.Query.Credentials[i].Authorities = []dcql.Authority{c.authority}
			}
		}
		_, err := held.Prepare(t.Context(), a.link(""), "")
		if reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		_, err = plain.Prepare(t.Context(), a.link(""), "")
		want(t, err, reason.QueryUnsatisfied)
	}
}

// TestTellsTheService refuses requests, and tells the service why where it is the service's own fault; and nobody else.
func TestTellsTheService(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	w.receive(held)
	a := w.service()
	for name, c := range map[string]struct {
		change func(r *vp.Request)
		claims map[string]any
		want   string
	}{
		"unknown transaction": {func(r *vp.Request) { r.TransactionData = []string{"e30"} }, nil, vp.ErrorTransactionData},
		"no nonce":            {nil, map[string]any{"nonce": nil}, vp.ErrorInvalidRequest},
		"empty query":         {func(r *vp.Request) { r.Query.Credentials = nil }, nil, vp.ErrorInvalidRequest},
		"expired":             {nil, map[string]any{"exp": w.now().Unix()}, vp.ErrorInvalidRequest},
		"asks too much":       {func(r *vp.Request) { r.Access.Resource = "prescriptions" }, nil, vp.ErrorAccessDenied},
		"answer to another":   {func(r *vp.Request) { r.ResponseURI = w.stranger.origin + "/answer" }, map[string]any{"nonce": nil}, ""},
		"as another client":   {func(r *vp.Request) { r.ClientID = vp.ClientID(w.stranger.id) }, nil, ""},
		"no such person":      {func(r *vp.Request) { r.Access.Principal = "urn:uuid:99999999-9999-4999-8999-999999999999" }, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a.change, a.claims, a.raw = c.change, c.claims, nil
			if _, err := held.Prepare(t.Context(), a.link(""), ""); err == nil {
				t.Fatal("answered")
			}
			switch {
			case c.want == "" && len(a.raw)+w.stranger.hit("POST /answer") != 0:
				t.Errorf("told: %v", a.raw)
			case c.want != "" && (len(a.raw) != 1 || a.raw[0].Get("error") != c.want || a.raw[0].Get("state") != "state-of-the-asker" || len(a.raw[0]) != 2):
				t.Errorf("told: %v, want %s", a.raw, c.want)
			}
		})
	}
	a.change, a.claims, a.raw, a.key = nil, map[string]any{"nonce": nil}, nil, w.stranger.signer
	_, err := held.Prepare(t.Context(), a.link(""), "")
	want(t, err, reason.CredentialSignatureInvalid)
	if len(a.raw) != 0 {
		t.Error("a request that the service did not sign is answered")
	}
}
