// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/openid/dpop"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// door is a SignIn: who comes to its address is let in as whom they say they are.
type door struct {
	mu    sync.Mutex
	codes map[string]entry
}

type entry struct {
	nonce string
	who   Person
}

func (*door) Begin(_ context.Context, state, nonce string) (string, error) {
	return testProvider + "/authorize?" + url.Values{"state": {state}, "nonce": {nonce}}.Encode(), nil
}

func (d *door) Finish(_ context.Context, callback url.Values, nonce string) (Person, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if callback.Has("error") {
		return Person{}, reason.New(reason.TokenScope, "declined")
	}
	e, found := d.codes[callback.Get("code")]
	delete(d.codes, callback.Get("code"))
	if !found || e.nonce != nonce {
		return Person{}, reason.New(reason.TokenInvalid, "no such code for this nonce")
	}
	return e.who, nil
}

// enter is what a person does at the provider. It returns the query that they come back with.
func (d *door) enter(t testing.TB, address, subject string) url.Values {
	t.Helper()
	asked := must[*url.URL](t)(url.Parse(address)).Query()
	d.mu.Lock()
	defer d.mu.Unlock()
	code := rand.Text()
	d.codes[code] = entry{asked.Get("nonce"), Person{Issuer: testProvider, Subject: subject, Name: "Tom Hargreaves"}}
	return url.Values{"state": {asked.Get("state")}, "code": {code}}
}

// codeWorld is an issuer at which people sign in, served.
type codeWorld struct {
	*world
	door     *door
	provider attest.Provider // of wallets
}

func newCodeWorld(t testing.TB, change ...func(*Config)) *codeWorld {
	t.Helper()
	return codeWorldOver(t, newWorld(t), change...)
}

func codeWorldOver(t testing.TB, w *world, change ...func(*Config)) *codeWorld {
	t.Helper()
	c := &codeWorld{world: w, door: &door{codes: map[string]entry{}}, provider: attest.Provider{By: newHolder(t)}}
	w.cfg.SignIn = c.door
	w.cfg.Wallets = map[string]Wallet{"known": {Name: "The Known Wallet", Redirects: []string{"https://wallet.example.org/cb", "http://127.0.0.1/cb", "org.example.wallet:/cb"}}}
	w.cfg.Providers = must[*attest.List](t)(attest.NewList(attest.ListConfig{DIDs: []did.DID{c.provider.By.Method.DID()}, Resolver: w.resolver}))
	for _, f := range change {
		f(&w.cfg)
	}
	w.Issuer = must[*Issuer](t)(New(w.cfg))
	w.serve()
	return c
}

// haip turns the profile on.
func haip(t testing.TB) func(*Config) {
	k := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	one := func(name string) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: now, NotAfter: now.AddDate(3, 0, 0)}
	}
	leaf := must[[]byte](t)(x509.CreateCertificate(rand.Reader, one("issuer"), one("authority"), k.Public(), k))
	return func(c *Config) {
		c.Profile, c.Certificates, c.Formats = HAIP, [][]byte{leaf}, c.Formats[:1]
		one := c.Profiles["default"]
		one.Formats = one.Formats[:1]
		c.Profiles = map[string]Profile{"default": one}
	}
}

// device is a wallet with its browser.
type device struct {
	*codeWorld
	client   string
	redirect string
	verifier vci.Verifier
	key      did.Signer // of DPoP; none is used if it has no method
	instance did.Signer // that is attested; none is if it has no method
	http     *http.Client
	nonce    string // as the issuer gave it last
	asked    string // path of the question that its browser shows
}

func (c *codeWorld) device() *device {
	c.t.Helper()
	return &device{
		codeWorld: c, client: "some-wallet", redirect: "http://127.0.0.1:4321/cb", verifier: must[vci.Verifier](c.t)(vci.NewVerifier(rand.Reader)),
		http: c.browser(),
	}
}

// bound is a device that proves a key.
func (c *codeWorld) bound() *device {
	d := c.device()
	d.key = newHolder(c.t)
	return d
}

// attestedDevice is one that HAIP takes.
func (c *codeWorld) attestedDevice() *device {
	d := c.bound()
	d.instance, d.client, d.redirect = newHolder(c.t), "attested-wallet", "https://attested.example.org/cb"
	return d
}

func (c *codeWorld) browser() *http.Client {
	c.t.Helper()
	return &http.Client{
		Transport: c.server.Client().Transport, Jar: must[*cookiejar.Jar](c.t)(cookiejar.New(nil)),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// proof makes a DPoP proof for a request, with changes.
func (d *device) proof(url, token string, change ...func(*dpop.Proof)) string {
	d.t.Helper()
	p := dpop.Proof{Method: "POST", URL: url, AccessToken: token, Nonce: d.nonce, At: d.clock.Now()}
	for _, f := range change {
		f(&p)
	}
	return must[string](d.t)(p.Sign(d.t.Context(), d.key, rand.Reader))
}

// attestation makes the two headers of an attested wallet.
func (d *device) attestation(change ...func(*attest.PoP)) []string {
	d.t.Helper()
	now := d.clock.Now()
	first := must[string](d.t)(d.provider.SignClient(d.t.Context(), d.client, d.instance.Public(), now, now.Add(time.Hour)))
	p := attest.PoP{ClientID: d.client, Audience: testOrigin, Challenge: must[string](d.t)(d.Challenge()), At: now}
	for _, f := range change {
		f(&p)
	}
	return []string{attest.HeaderClient, first, attest.HeaderPoP, must[string](d.t)(p.Sign(d.t.Context(), d.instance, rand.Reader))}
}

// proves returns the headers that d proves itself with at the authorization server.
func (d *device) proves(path string) []string {
	d.t.Helper()
	var out []string
	if d.key.Signer != nil {
		out = append(out, "DPoP", d.proof(testOrigin+path, ""))
	}
	if d.instance.Signer != nil {
		out = append(out, d.attestation()...)
	}
	return out
}

// send posts a form, once more if the issuer wants another DPoP nonce.
func (d *device) send(path string, form url.Values) answer {
	d.t.Helper()
	for range 2 {
		a := d.do("POST", path, "application/x-www-form-urlencoded", []byte(form.Encode()), d.proves(path)...)
		d.nonce = a.header.Get("DPoP-Nonce")
		if a.told.Error != "use_dpop_nonce" {
			return a
		}
	}
	d.t.Fatal("the nonce that was given is not taken")
	return answer{}
}

// request is what d asks for.
func (d *device) request(change ...func(*vci.AuthorizationRequest)) vci.AuthorizationRequest {
	a := vci.AuthorizationRequest{
		ClientID: d.client, RedirectURI: d.redirect, Scope: ConfigurationSDJWT, State: "state-of-wallet", Challenge: d.verifier.Challenge(),
	}
	for _, f := range change {
		f(&a)
	}
	return a
}

// push pushes a request and returns the path of the authorization endpoint for it.
func (d *device) push(change ...func(*vci.AuthorizationRequest)) string {
	d.t.Helper()
	a := d.send("/par", d.request(change...).Form())
	if a.status != http.StatusCreated || a.header.Get("Cache-Control") != "no-store" {
		d.t.Fatalf("par: %d %s", a.status, a.body)
	}
	p := must[vci.Pushed](d.t)(vci.ParsePushed(a.body))
	return must[string](d.t)(vci.AuthorizeURL("/authorize", d.client, p))
}

// plain returns the path of the authorization endpoint for a request that is not pushed.
func (d *device) plain(change ...func(*vci.AuthorizationRequest)) string {
	return "/authorize?" + d.request(change...).Form().Encode()
}

// get is the browser of d.
func (d *device) get(path string) answer { return d.browse("GET", path, "") }

func (d *device) browse(method, path, form string, header ...string) answer {
	d.t.Helper()
	r := must[*http.Request](d.t)(http.NewRequestWithContext(d.t.Context(), method, d.server.URL+path, strings.NewReader(form)))
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", testOrigin)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for k := 0; k < len(header); k += 2 {
		r.Header.Set(header[k], header[k+1])
	}
	res := must[*http.Response](d.t)(d.http.Do(r))
	defer func() { _ = res.Body.Close() }()
	return answer{status: res.StatusCode, header: res.Header, body: must[[]byte](d.t)(io.ReadAll(res.Body))}
}

// signedIn walks from the authorization endpoint to the question for consent, and returns the page.
func (d *device) signedIn(authorize, subject string) answer {
	d.t.Helper()
	a := d.get(authorize)
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), testProvider) {
		d.t.Fatalf("authorize: %d %v %s", a.status, a.header, a.body)
	}
	back := d.get("/authorize/callback?" + d.door.enter(d.t, a.header.Get("Location"), subject).Encode())
	to, found := strings.CutPrefix(back.header.Get("Location"), testOrigin+"/authorize/consent/")
	if !found {
		return back
	}
	d.asked = "/authorize/consent/" + to
	return d.get(d.asked)
}

// formToken returns the anti-forgery token of a page.
func formToken(t testing.TB, page answer) string {
	t.Helper()
	_, rest, found := bytes.Cut(page.body, []byte(`name="token" value="`))
	token, _, closed := bytes.Cut(rest, []byte(`"`))
	if page.status != 200 || !found || !closed {
		t.Fatalf("no question: %d %s", page.status, page.body)
	}
	return string(token)
}

// says answers the question on page, and returns what the wallet gets.
func (d *device) says(page answer, yes string) url.Values {
	d.t.Helper()
	a := d.browse("POST", d.asked, url.Values{"token": {formToken(d.t, page)}, "answer": {yes}}.Encode())
	return d.toWallet(a)
}

// toWallet reads a redirect to d's wallet.
func (d *device) toWallet(a answer) url.Values {
	d.t.Helper()
	to := a.header.Get("Location")
	if a.status != http.StatusSeeOther || !strings.HasPrefix(to, d.redirect+"?") {
		d.t.Fatalf("no redirect to the wallet: %d %v %s", a.status, a.header, a.body)
	}
	out := must[*url.URL](d.t)(url.Parse(to)).Query()
	if out.Get("iss") != testOrigin || out.Get("state") != "state-of-wallet" || a.header.Get("Cache-Control") != "no-store" || a.header.Get("Referrer-Policy") != "no-referrer" {
		d.t.Fatalf("the redirect lacks iss or state, or may be kept: %v %v", out, a.header)
	}
	return out
}

// code walks the whole way to an authorization code.
func (d *device) code(authorize, subject string) string {
	d.t.Helper()
	got := d.says(d.signedIn(authorize, subject), "yes")
	if got.Get("code") == "" {
		d.t.Fatalf("no code: %v", got)
	}
	return got.Get("code")
}

func (d *device) codeForm(code string) url.Values {
	return vci.TokenRequest{Grant: vci.GrantAuthorizationCode, Code: code, RedirectURI: d.redirect, Verifier: d.verifier, ClientID: d.client}.Form()
}

// tokens redeems a form.
func (d *device) tokens(form url.Values) vci.TokenResponse {
	d.t.Helper()
	a := d.send("/token", form)
	if a.status != 200 || a.header.Get("Cache-Control") != "no-store" {
		d.t.Fatalf("token: %d %s", a.status, a.body)
	}
	return must[vci.TokenResponse](d.t)(vci.ParseTokenResponse(a.body))
}

func (d *device) refreshForm(refresh string) url.Values {
	return vci.TokenRequest{Grant: vci.GrantRefreshToken, RefreshToken: refresh, ClientID: d.client}.Form()
}

// collect asks for the credential called identifier with a token that is bound to d's key.
func (d *device) collect(t vci.TokenResponse, identifier string, header ...string) answer {
	d.t.Helper()
	body := must[[]byte](d.t)(strictjson.Marshal(&vci.CredentialRequest{Identifier: identifier, Proofs: &vci.Proofs{JWT: []string{d.world.proof(newHolder(d.t))}}}))
	if header == nil && d.key.Signer != nil {
		header = []string{"Authorization", "DPoP " + t.AccessToken, "DPoP", d.proof(testOrigin+"/credential", t.AccessToken)}
	} else if header == nil {
		header = []string{"Authorization", "Bearer " + t.AccessToken}
	}
	a := d.do("POST", "/credential", "application/json", body, header...)
	if given := a.header.Get("DPoP-Nonce"); given != "" {
		d.nonce = given
	}
	return a
}

// state returns the issuer_state of an offer.
func (c *codeWorld) state(o Offering) string {
	c.t.Helper()
	return must[vci.OfferLink](c.t)(vci.ParseOfferLink(o.Offer.URI)).Offer.Grants.AuthorizationCode.IssuerState
}

// withState asks for what an offer has.
func withState(state string) func(*vci.AuthorizationRequest) {
	return func(a *vci.AuthorizationRequest) { a.IssuerState = state }
}
