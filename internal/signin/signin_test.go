// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/signin"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

const (
	clientID = "issuer-of-a-test"
	redirect = "https://issuer.example.org/authorize/callback"
)

// idp is a provider that says what a test wants it to say.
type idp struct {
	*httptest.Server
	t        testing.TB
	clock    *storetest.Clock
	key      *key.Private
	metadata map[string]any
	header   map[string]any // of the ID token, in place of a good one
	claims   map[string]any // of the ID token
	idToken  string         // in place of one that is signed
	answer   func(w http.ResponseWriter, r *http.Request) bool
	asked    url.Values // of the last token request
	basic    string     // user name of its Basic authentication
	fetched  atomic.Int64
}

func newIDP(t testing.TB) *idp {
	t.Helper()
	p := &idp{t: t, key: must[*key.Private](t)(key.Generate(key.ES256, rand.Reader)), clock: storetest.NewClock(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) { p.fetched.Add(1); p.json(w, p.metadata) })
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		jwk := p.key.Public().JWK()
		p.json(w, map[string]any{"keys": []any{map[string]any{"kty": jwk.Kty, "crv": jwk.Crv, "x": jwk.X, "y": jwk.Y, "kid": "k", "use": "sig"}}})
	})
	mux.HandleFunc("POST /token", p.token)
	p.Server = httptest.NewUnstartedServer(mux)
	p.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.StartTLS()
	t.Cleanup(p.Close)
	p.metadata = map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize?ui=1", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"ES256", "none", "HS256", "RS256"}, "response_types_supported": []string{"code"},
	}
	now := p.clock.Now().Unix()
	p.claims = map[string]any{"iss": p.URL, "sub": "tom", "aud": clientID, "exp": now + 300, "iat": now, "nonce": "n", "name": "Tom"}
	return p
}

func (p *idp) json(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (p *idp) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	p.asked = r.PostForm
	p.basic, _, _ = r.BasicAuth()
	if p.answer != nil && p.answer(w, r) {
		return
	}
	p.json(w, map[string]any{"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": p.signed()})
}

func (p *idp) signed() string {
	if p.idToken != "" {
		return p.idToken
	}
	head := map[string]any{"alg": "ES256", "kid": "k", "typ": "JWT"}
	for name, v := range p.header {
		head[name] = v
	}
	rawHead, _ := json.Marshal(head)
	rawClaims, _ := json.Marshal(p.claims)
	return p.sign(string(rawHead), string(rawClaims))
}

func (p *idp) sign(head, claims string) string {
	input := jose.AppendEncode(append(jose.AppendEncode(nil, []byte(head)), '.'), []byte(claims))
	sig, err := p.key.Sign(context.Background(), input)
	if err != nil {
		p.t.Error(err)
	}
	return string(jose.AppendEncode(append(input, '.'), sig))
}

func (p *idp) provider(change ...func(*signin.Config)) *signin.Provider {
	p.t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(p.Certificate())
	fetch := must[*safehttp.Client](p.t)(safehttp.New(safehttp.Config{
		Private: []string{strings.TrimPrefix(p.URL, "https://")}, Roots: roots, Now: p.clock.Now,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, p.Listener.Addr().String())
		},
	}))
	p.t.Cleanup(fetch.Close)
	cfg := signin.Config{Issuer: p.URL, ClientID: clientID, Secret: "secret", Redirect: redirect, Fetch: fetch, Now: p.clock.Now, Random: rand.Reader}
	for _, f := range change {
		f(&cfg)
	}
	return must[*signin.Provider](p.t)(signin.New(cfg))
}

func good() url.Values { return url.Values{"code": {"c"}, "state": {"s"}} }

// TestExchange: what goes to the browser and to the provider is what the specifications say.
func TestExchange(t *testing.T) {
	p := newIDP(t)
	at := p.provider()
	begun := must[*url.URL](t)(url.Parse(must[string](t)(at.Begin(t.Context(), "s", "n"))))
	q := begun.Query()
	for name, want := range map[string]string{
		"ui": "1", "response_type": "code", "client_id": clientID, "redirect_uri": redirect, "state": "s", "nonce": "n", "code_challenge_method": "S256", "scope": "openid profile",
	} {
		if q.Get(name) != want {
			t.Errorf("%s: %q", name, q.Get(name))
		}
	}
	got := must[signin.Account](t)(at.Finish(t.Context(), good(), "n"))
	if got != (signin.Account{Issuer: p.URL, Subject: "tom", Name: "Tom"}) {
		t.Errorf("%+v", got)
	}
	sum := sha256.Sum256([]byte(p.asked.Get("code_verifier")))
	if base64.RawURLEncoding.EncodeToString(sum[:]) != q.Get("code_challenge") || p.asked.Get("redirect_uri") != redirect || p.basic != clientID || p.asked.Has("client_secret") {
		t.Errorf("token request: %v, Basic %q", p.asked, p.basic)
	}
	if strings.Contains(begun.String(), p.asked.Get("code_verifier")) {
		t.Error("the browser sees the verifier")
	}
	other := must[*url.URL](t)(url.Parse(must[string](t)(at.Begin(t.Context(), "s", "m"))))
	if other.Query().Get("code_challenge") == q.Get("code_challenge") {
		t.Error("two sign-ins have one verifier")
	}
	p.metadata["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"}
	must[signin.Account](t)(p.provider().Finish(t.Context(), good(), "n"))
	if p.basic != "" || p.asked.Get("client_secret") != "secret" {
		t.Errorf("by post: %v", p.asked)
	}
	must[signin.Account](t)(p.provider(func(c *signin.Config) { c.Secret = "" }).Finish(t.Context(), good(), "n"))
	if p.basic != "" || p.asked.Get("client_secret") != "" || p.asked.Get("client_id") != clientID {
		t.Errorf("public: %v", p.asked)
	}
}

// TestIDToken: one claim or header that does not fit, and nobody signed in.
func TestIDToken(t *testing.T) {
	for name, change := range map[string]func(*idp){
		"another issuer":     func(p *idp) { p.claims["iss"] = "https://other.example.org" },
		"another client":     func(p *idp) { p.claims["aud"] = "other" },
		"no client":          func(p *idp) { delete(p.claims, "aud") },
		"two clients":        func(p *idp) { p.claims["aud"] = []string{clientID, "other"} },
		"another party":      func(p *idp) { p.claims["azp"] = "other" },
		"expired":            func(p *idp) { p.claims["exp"] = p.clock.Now().Unix() - 1 },
		"no end":             func(p *idp) { delete(p.claims, "exp") },
		"not yet":            func(p *idp) { p.claims["nbf"] = p.clock.Now().Unix() + 3600 },
		"old":                func(p *idp) { p.claims["iat"] = p.clock.Now().Add(-signin.MaxIssueAge - time.Second).Unix() },
		"of the future":      func(p *idp) { p.claims["iat"] = p.clock.Now().Unix() + 61 },
		"no time":            func(p *idp) { delete(p.claims, "iat") },
		"another nonce":      func(p *idp) { p.claims["nonce"] = "m" },
		"no nonce":           func(p *idp) { delete(p.claims, "nonce") },
		"no subject":         func(p *idp) { delete(p.claims, "sub") },
		"long subject":       func(p *idp) { p.claims["sub"] = strings.Repeat("s", signin.MaxSubject+1) },
		"name of wrong type": func(p *idp) { p.claims["name"] = 7 },
		"alg none":           func(p *idp) { p.idToken = unsigned(p) },
		"alg HS256":          func(p *idp) { p.header = map[string]any{"alg": "HS256"} },
		"alg RS256":          func(p *idp) { p.header = map[string]any{"alg": "RS256"} },
		"another key":        func(p *idp) { p.idToken = newIDP(p.t).signed() },
		"a claim twice":      func(p *idp) { p.idToken = p.sign(`{"alg":"ES256","kid":"k"}`, twice(p)) },
		"too long":           func(p *idp) { p.claims["x"] = strings.Repeat("x", signin.MaxIDToken) },
		"no token":           func(p *idp) { p.idToken = " " },
	} {
		p := newIDP(t)
		change(p)
		if got, err := p.provider().Finish(t.Context(), good(), "n"); reason.Of(err) != reason.TokenInvalid || got != (signin.Account{}) {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	p := newIDP(t)
	p.claims["aud"], p.claims["azp"] = []string{clientID, "other"}, clientID
	delete(p.claims, "name")
	p.claims["preferred_username"] = strings.Repeat("ü", signin.MaxName)
	got := must[signin.Account](t)(p.provider().Finish(t.Context(), good(), "n"))
	if len(got.Name) > signin.MaxName || !strings.HasPrefix(got.Name, "üü") {
		t.Errorf("%q", got.Name)
	}
}

func unsigned(p *idp) string {
	claims, _ := json.Marshal(p.claims)
	return string(jose.AppendEncode(append(jose.AppendEncode(nil, []byte(`{"alg":"none"}`)), '.'), claims)) + "."
}

func twice(p *idp) string {
	claims, _ := json.Marshal(p.claims)
	return strings.TrimSuffix(string(claims), "}") + `,"nonce":"n"}`
}

// TestMetadata: a provider that names another, or sends codes in the clear, is not used; what is known
// is asked again after a while.
func TestMetadata(t *testing.T) {
	for name, change := range map[string]func(m map[string]any){
		"another issuer": func(m map[string]any) { m["issuer"] = "https://other.example.org" },
		"http authorize": func(m map[string]any) { m["authorization_endpoint"] = "http://x.example/a" },
		"http token":     func(m map[string]any) { m["token_endpoint"] = "http://x.example/t" },
		"no token":       func(m map[string]any) { delete(m, "token_endpoint") },
		"no keys":        func(m map[string]any) { delete(m, "jwks_uri") },
		"odd type":       func(m map[string]any) { m["token_endpoint_auth_methods_supported"] = 1 },
	} {
		p := newIDP(t)
		change(p.metadata)
		if _, err := p.provider().Begin(t.Context(), "s", "n"); reason.Of(err) != reason.TokenInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := newIDP(t)
	at := p.provider()
	for range 3 {
		must[string](t)(at.Begin(t.Context(), "s", "n"))
	}
	if n := p.fetched.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
	p.clock.Advance(signin.MetadataLife)
	must[string](t)(at.Begin(t.Context(), "s", "n"))
	if n := p.fetched.Load(); n != 2 {
		t.Errorf("fetched %d times", n)
	}
	p.metadata["authorization_response_iss_parameter_supported"] = true
	if _, err := p.provider().Finish(t.Context(), good(), "n"); reason.Of(err) != reason.TokenInvalid {
		t.Errorf("an answer without iss (RFC 9207): %v", err)
	}
	with := good()
	with.Set("iss", p.URL)
	p.claims["iat"], p.claims["exp"] = p.clock.Now().Unix(), p.clock.Now().Unix()+60
	must[signin.Account](t)(p.provider().Finish(t.Context(), with, "n"))
}

// TestProviderFails: a provider that answers as none is a failure with its own code, never a person.
func TestProviderFails(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request) bool
		code   reason.Code
	}{
		"refusal": {func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(400)
			return true
		}, reason.TokenInvalid},
		"redirect": {func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "https://x.example/", http.StatusTemporaryRedirect)
			return true
		}, reason.FetchRedirect},
		"page": {func(w http.ResponseWriter, _ *http.Request) bool { _, _ = io.WriteString(w, "<html>"); return true }, reason.FetchLimit},
		"large": {func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, strings.Repeat(" ", signin.MaxAnswer+1))
			return true
		}, reason.FetchLimit},
	} {
		p := newIDP(t)
		p.answer = c.answer
		if _, err := p.provider().Finish(t.Context(), good(), "n"); reason.Of(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := newIDP(t)
	at := p.provider()
	p.Close()
	if _, err := at.Begin(t.Context(), "s", "n"); reason.Of(err) != reason.InternalIndeterminate || strings.Contains(err.Error(), "127.0.0.1") && errors.Unwrap(err) == nil {
		t.Errorf("down: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	p := newIDP(t)
	fetch := must[*safehttp.Client](t)(safehttp.New(safehttp.Config{Now: p.clock.Now}))
	for name, change := range map[string]func(*signin.Config){
		"issuer": func(c *signin.Config) { c.Issuer = "http://login.example.org" }, "query": func(c *signin.Config) { c.Issuer = "https://login.example.org?x" },
		"redirect": func(c *signin.Config) { c.Redirect = "" }, "client": func(c *signin.Config) { c.ClientID = "" }, "fetch": func(c *signin.Config) { c.Fetch = nil },
		"clock": func(c *signin.Config) { c.Now = nil }, "random": func(c *signin.Config) { c.Random = nil },
		"none": func(c *signin.Config) { c.Algorithms = []string{"none"} }, "HS256": func(c *signin.Config) { c.Algorithms = []string{"HS256"} },
	} {
		cfg := signin.Config{Issuer: "https://login.example.org", ClientID: "x", Redirect: redirect, Fetch: fetch, Now: p.clock.Now, Random: rand.Reader}
		change(&cfg)
		if _, err := signin.New(cfg); err == nil {
			t.Errorf("without a good %s", name)
		}
	}
	if _, err := p.provider().Begin(t.Context(), "", "n"); err == nil {
		t.Error("no state")
	}
}

// ExampleProvider shows the two steps of a sign-in.
func ExampleProvider() {
	fetch, err := safehttp.New(safehttp.Config{Now: time.Now})
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := signin.New(signin.Config{
		Issuer: "https://login.example.org", ClientID: "issuer", Redirect: redirect, Fetch: fetch, Now: time.Now, Random: rand.Reader,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = p.Finish(context.Background(), url.Values{}, "")
	fmt.Println(err)
	// Output: internal.indeterminate: signin: no nonce
}
