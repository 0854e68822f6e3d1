// SPDX-License-Identifier: Apache-2.0

package vcapi_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/internal/vcapi"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/memory"
)

// TestIdentifiers is the resolution of DIDs, requirements 91 to 95 as far as they concern the server.
func TestIdentifiers(t *testing.T) {
	s := start(t)
	get := func(did, accept string) answer {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.origin+"/1.0/identifiers/"+did, nil)
		if err != nil {
			t.Fatal(err)
		}
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		return s.do(r)
	}
	for name, id := range s.dids {
		for _, text := range []string{id, url.QueryEscape(id)} {
			a := get(text, "application/did-resolution")
			if a.status != http.StatusOK || a.member(t, "didDocument", "id") != id || !strings.HasPrefix(a.header.Get("Content-Type"), "application/did-resolution") {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		if a := get(id, "application/did"); a.status != http.StatusOK || a.member(t, "id") != id {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	for text, want := range map[string]int{
		"not-a-did": http.StatusBadRequest, "did:example": http.StatusBadRequest, "did:key:z6Mk": http.StatusBadRequest,
		"did:example:x": http.StatusNotImplemented, "did:web:elsewhere.example": http.StatusNotImplemented,
	} {
		if a := get(text, "application/did-resolution"); a.status != want {
			t.Errorf("%s: %d, want %d: %s", text, a.status, want, a.body)
		}
	}
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, text := range []string{"did:example:a//b", s.dids["eddsa-jcs-2022"] + "/../x", "did:example:a/./b", "//a"} {
		if a := get(text, "application/did-resolution"); a.status < 400 || a.status == http.StatusNotFound { // a redirect would lead to another DID
			t.Errorf("%s: %d %v", text, a.status, a.header)
		}
	}
	if a := s.send(http.MethodPost, "/1.0/identifiers/did:example:a", "", nil); a.status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", a.status)
	}
	if a := s.send(http.MethodGet, "/1.0/elsewhere", "", nil); a.status != http.StatusNotFound {
		t.Errorf("elsewhere: %d", a.status)
	}
	if a := get(s.dids["eddsa-jcs-2022"], "image/png"); a.status != http.StatusNotAcceptable {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// served runs a server of cfg and returns it with a client that trusts it.
func served(t *testing.T, cfg vcapi.ServerConfig) (*vcapi.Server, *http.Client) {
	t.Helper()
	cfg.Seen = must(memory.New(memory.Config{Now: time.Now}))
	cfg.Now, cfg.Random, cfg.Logger = time.Now, rand.Reader, slog.New(slog.DiscardHandler)
	server, err := vcapi.NewServer(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	pem, err := os.ReadFile(server.Certificate())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return server, &http.Client{Transport: transport}
}

// TestServer shows the server as the command runs it, and that a did:web is had from the hosts that
// are listed alone.
func TestServer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	server, client := served(t, vcapi.ServerConfig{Dir: dir, Listen: "localhost:0"})
	if !strings.HasPrefix(server.Origin(), "https://localhost:") || len(server.DIDs()) != 8 {
		t.Errorf("%s %v", server.Origin(), server.DIDs())
	}
	raw, err := os.ReadFile(filepath.Join(dir, "issuers.json"))
	var kept map[string]string
	if err != nil || json.Unmarshal(raw, &kept) != nil || cmp.Diff(server.DIDs(), kept) != "" {
		t.Errorf("%v %s", err, raw)
	}
	res, err := client.Get(server.Origin() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	listed, err := vcapi.DIDs(t.Context(), dir, rand.Reader)
	if err != nil || cmp.Diff(kept, listed) != "" {
		t.Errorf("listed while it runs: %v", err)
	}
	soon, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if _, err := vcapi.NewServer(soon, vcapi.ServerConfig{
		Dir: dir, Listen: "127.0.0.1:0", Now: time.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler),
		Seen: must(memory.New(memory.Config{Now: time.Now})),
	}); err == nil {
		t.Error("two servers in one folder")
	}
}

func TestDIDHosts(t *testing.T) {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	host := "localhost:" + strings.TrimPrefix(l.Addr().String(), "127.0.0.1:")
	id := "did:web:" + strings.Replace(host, ":", "%3A", 1)
	dir := filepath.Join(t.TempDir(), "tls")
	if err := vcapi.MakeDir(dir); err != nil {
		t.Fatal(err)
	}
	cert, private, err := vcapi.Certificate(dir, "localhost", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	document := `{"@context":["https://www.w3.org/ns/did/v1"],"id":"` + id + `"}`
	web := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/did+json")
		_, _ = io.WriteString(w, document)
	})}
	go func() { _ = web.ServeTLS(l, cert, private) }()
	t.Cleanup(func() { _ = web.Close() })
	pem, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	for want, hosts := range map[int][]string{http.StatusOK: {host}, http.StatusForbidden: {"other.example"}} {
		server, client := served(t, vcapi.ServerConfig{Dir: filepath.Join(t.TempDir(), "api"), Listen: "127.0.0.1:0", Hosts: hosts, Roots: pool})
		res, err := client.Get(server.Origin() + "/1.0/identifiers/" + url.QueryEscape(id))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != want {
			t.Errorf("%v: %d %s %v", hosts, res.StatusCode, body, err)
		}
	}
}

// TestConfig shows that nothing is left out.
func TestConfig(t *testing.T) {
	good := vcapi.Config{Dir: t.TempDir(), Origin: "https://a.example", Resolver: resolver(t), Now: time.Now, Random: rand.Reader}
	for name, change := range map[string]func(*vcapi.Config){
		"dir": func(c *vcapi.Config) { c.Dir = "" }, "resolver": func(c *vcapi.Config) { c.Resolver = nil },
		"now": func(c *vcapi.Config) { c.Now = nil }, "random": func(c *vcapi.Config) { c.Random = nil },
		"http": func(c *vcapi.Config) { c.Origin = "http://a.example" }, "slash": func(c *vcapi.Config) { c.Origin = "https://a.example/" },
	} {
		c := good
		change(&c)
		if _, err := vcapi.Open(t.Context(), c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	server := vcapi.ServerConfig{Dir: t.TempDir(), Listen: "127.0.0.1:0"}
	if _, err := vcapi.NewServer(t.Context(), server); err == nil {
		t.Error("a server without clock, randomness and log")
	}
}

// TestStatusSurvives shows that what was given out and revoked is so after a restart, and that a
// damaged file is not taken for an empty one.
func TestStatusSurvives(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vcapi")
	if err := vcapi.MakeDir(dir); err != nil {
		t.Fatal(err)
	}
	first := open(t, dir, "https://a.example")
	s := &server{t: t, api: first, dids: first.DIDs()}
	raw, err := first.Issue(t.Context(), "eddsa-rdfc-2022", must(json.Marshal(s.degree("eddsa-rdfc-2022"))), nil)
	if err != nil {
		t.Fatal(err)
	}
	var vc struct {
		Status struct {
			Index uint64 `json:"statusListIndex,string"`
			List  string `json:"statusListCredential"`
		} `json:"credentialStatus"`
	}
	if err := json.Unmarshal(raw, &vc); err != nil {
		t.Fatal(err)
	}
	if err := first.Revoke(vc.Status.List, vc.Status.Index); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(t, dir, "https://a.example")
	if _, err := second.VerifyCredential(t.Context(), raw, vcapi.AllChecks); reason.Of(err) != reason.StatusRevoked {
		t.Error(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{`{"lists":[{"given":"","revoked":"","count":0}]}`, `{`, `{"list":[]}`} {
		if err := os.WriteFile(filepath.Join(dir, "status.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := vcapi.Open(t.Context(), vcapi.Config{
			Dir: dir, Origin: "https://a.example", Resolver: resolver(t), Now: time.Now, Random: rand.Reader,
		}); err == nil {
			t.Errorf("%s: taken", text)
		}
	}
}
