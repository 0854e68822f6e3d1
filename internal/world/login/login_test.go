// SPDX-License-Identifier: Apache-2.0

package login_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/signin"
	"github.com/behalf-id/behalf/internal/world/login"
	"github.com/behalf-id/behalf/reason"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const redirect = "https://issuer.example.org/authorize/callback"

// pair is a provider that answers, and the server that signs people in at it.
type pair struct {
	*login.Provider
	client  *signin.Provider
	browser *http.Client
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// certificate returns one that is good for localhost, with itself as its authority.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	k := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, k.Public(), k))
	pool := x509.NewCertPool()
	pool.AddCert(must[*x509.Certificate](t)(x509.ParseCertificate(der)))
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: k}}, MinVersion: tls.VersionTLS12}, pool
}

func open(t *testing.T, change ...func(*signin.Config)) *pair {
	t.Helper()
	certs, pool := certificate(t)
	listener := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	p := must[*login.Provider](t)(login.Open(login.Config{
		Listener: listener, TLS: certs, Redirect: redirect, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	}))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	fetch := must[*safehttp.Client](t)(safehttp.New(safehttp.Config{Private: []string{p.Host()}, Roots: pool, Dial: home(listener), Now: time.Now}))
	t.Cleanup(fetch.Close)
	cfg := signin.Config{
		Issuer: p.Issuer(), ClientID: login.ClientID, Secret: p.ClientSecret(), Redirect: redirect, Fetch: fetch, Now: time.Now, Random: rand.Reader,
	}
	for _, f := range change {
		f(&cfg)
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		DialContext:     home(listener),
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &pair{p, must[*signin.Provider](t)(signin.New(cfg)), &http.Client{
		Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// home dials the listener, whatever address localhost has.
func home(l net.Listener) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, l.Addr().String())
	}
}

// walk does what a browser and its person do, from the address that Begin gave to the callback.
func (p *pair) walk(t *testing.T, address, username, password string) url.Values {
	t.Helper()
	form := p.get(t, address, http.StatusFound).Header.Get("Location")
	if strings.HasPrefix(form, redirect) {
		return query(t, form)
	}
	page := p.get(t, p.Issuer()+form, http.StatusOK)
	if !strings.Contains(page.Header.Get("Content-Security-Policy"), "default-src 'none'") || page.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the page has no guard: %v", page.Header)
	}
	entered := p.post(t, "/login", url.Values{"id": {query(t, form).Get("id")}, "username": {username}, "password": {password}})
	if entered.StatusCode == http.StatusForbidden {
		return nil
	}
	back := p.get(t, p.Issuer()+entered.Header.Get("Location"), http.StatusFound).Header.Get("Location")
	if !strings.HasPrefix(back, redirect+"?") {
		t.Fatalf("sent to %s", back)
	}
	return query(t, back)
}

func query(t *testing.T, address string) url.Values {
	t.Helper()
	return must[*url.URL](t)(url.Parse(address)).Query()
}

func (p *pair) get(t *testing.T, address string, status int) *http.Response {
	t.Helper()
	return p.do(t, must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)), status)
}

func (p *pair) post(t *testing.T, path string, form url.Values) *http.Response {
	t.Helper()
	r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodPost, p.Issuer()+path, strings.NewReader(form.Encode())))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.do(t, r, 0)
}

func (p *pair) do(t *testing.T, r *http.Request, status int) *http.Response {
	t.Helper()
	answer := must[*http.Response](t)(p.browser.Do(r))
	defer func() { _ = answer.Body.Close() }()
	body := must[[]byte](t)(io.ReadAll(answer.Body))
	if status != 0 && answer.StatusCode != status {
		t.Fatalf("%s %s: %d %s", r.Method, r.URL.Path, answer.StatusCode, body)
	}
	return answer
}

// TestSignIn: each person signs in and is known by their account; the code is good once.
func TestSignIn(t *testing.T) {
	p := open(t)
	for _, u := range login.Users() {
		back := p.walk(t, must[string](t)(p.client.Begin(t.Context(), "state-1", "nonce-1")), u.Username, u.Password)
		if back.Get("state") != "state-1" {
			t.Fatalf("state: %v", back)
		}
		got := must[signin.Account](t)(p.client.Finish(t.Context(), back, "nonce-1"))
		if want := (signin.Account{Issuer: p.Issuer(), Subject: u.Subject, Name: u.Name}); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
		if _, err := p.client.Finish(t.Context(), back, "nonce-1"); reason.Of(err) != reason.TokenInvalid {
			t.Errorf("the code a second time: %v", err)
		}
	}
}

// TestSignInRefused: what does not fit the sign-in that was begun signs nobody in.
func TestSignInRefused(t *testing.T) {
	p, tom := open(t), login.Users()[0]
	begin := func(nonce string) string { return must[string](t)(p.client.Begin(t.Context(), "s", nonce)) }
	if back := p.walk(t, begin("n"), tom.Username, "wrong"); back != nil {
		t.Errorf("a wrong password: %v", back)
	}
	if back := p.walk(t, begin("n"), "nobody", tom.Password); back != nil {
		t.Errorf("no such person: %v", back)
	}
	// Another nonce gives another PKCE verifier, so that the provider itself refuses the code.
	if _, err := p.client.Finish(t.Context(), p.walk(t, begin("n"), tom.Username, tom.Password), "other"); reason.Of(err) != reason.TokenInvalid {
		t.Errorf("another nonce: %v", err)
	}
	// A nonce that was changed on the way to the provider comes back in an ID token that is otherwise good.
	changed := strings.Replace(begin("n"), "nonce=n", "nonce=m", 1)
	if _, err := p.client.Finish(t.Context(), p.walk(t, changed, tom.Username, tom.Password), "n"); reason.Of(err) != reason.TokenInvalid {
		t.Errorf("a changed nonce: %v", err)
	}
	for name, back := range map[string]url.Values{
		"no code": {}, "two codes": {"code": {"a", "b"}}, "a forged code": {"code": {"x"}}, "a long code": {"code": {strings.Repeat("x", signin.MaxCode+1)}},
		"another provider": {"code": {"x"}, "iss": {"https://other.example.org"}},
	} {
		if _, err := p.client.Finish(t.Context(), back, "n"); reason.Of(err) != reason.TokenInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.client.Finish(t.Context(), url.Values{"error": {"access_denied"}}, "n"); reason.Of(err) != reason.TokenScope {
		t.Errorf("declined: %v", err)
	}
	if _, err := p.client.Finish(t.Context(), url.Values{"code": {"x"}}, ""); err == nil {
		t.Error("no nonce")
	}
}

// TestClientIsAuthenticated: the provider gives tokens to nobody but the issuer, and sends people
// nowhere else.
func TestClientIsAuthenticated(t *testing.T) {
	tom := login.Users()[0]
	p := open(t, func(c *signin.Config) { c.Secret = "wrong" })
	back := p.walk(t, must[string](t)(p.client.Begin(t.Context(), "s", "n")), tom.Username, tom.Password)
	if _, err := p.client.Finish(t.Context(), back, "n"); reason.Of(err) != reason.TokenInvalid {
		t.Errorf("a wrong secret: %v", err)
	}
	elsewhere := open(t, func(c *signin.Config) { c.Redirect = "https://evil.example.org/" })
	address := must[string](t)(elsewhere.client.Begin(t.Context(), "s", "n"))
	if a := elsewhere.get(t, address, 0); a.StatusCode < 400 {
		t.Errorf("another redirect: %d", a.StatusCode)
	}
	// Its key signs with ES256: who wants another algorithm believes no ID token of it.
	other := open(t, func(c *signin.Config) { c.Algorithms = []string{"RS256"} })
	back = other.walk(t, must[string](t)(other.client.Begin(t.Context(), "s", "n")), tom.Username, tom.Password)
	if _, err := other.client.Finish(t.Context(), back, "n"); reason.Of(err) != reason.TokenInvalid {
		t.Errorf("another algorithm: %v", err)
	}
}

// TestOpenRefuses: a provider is made of all its parts, and for this machine alone.
func TestOpenRefuses(t *testing.T) {
	certs, _ := certificate(t)
	listener := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	defer func() { _ = listener.Close() }()
	good := login.Config{Listener: listener, TLS: certs, Redirect: redirect, Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
	for name, change := range map[string]func(*login.Config){
		"listener": func(c *login.Config) { c.Listener = nil }, "tls": func(c *login.Config) { c.TLS = nil }, "now": func(c *login.Config) { c.Now = nil },
		"logger": func(c *login.Config) { c.Logger = nil }, "redirect": func(c *login.Config) { c.Redirect = "http://x.example" },
	} {
		cfg := good
		change(&cfg)
		if _, err := login.Open(cfg); err == nil {
			t.Errorf("without %s", name)
		}
	}
}
