// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/snapshot"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/config"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/registry"
)

const gatewayTestToken = "gateway-client-token"

// gatewaySite is a folder with all that a gateway needs, and a registry.
type gatewaySite struct {
	testing.TB
	cfg      GatewayConfig
	registry *httptest.Server
}

func newGatewaySite(t testing.TB) *gatewaySite {
	t.Helper()
	return newGatewaySiteIn(t, func(*trustframework.Framework) {})
}

// newGatewaySiteIn is newGatewaySite in a framework that change changes.
func newGatewaySiteIn(t testing.TB, change func(*trustframework.Framework)) *gatewaySite {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "gateway")
	s := &gatewaySite{TB: t}
	s.must(sealed.MakeDir(dir))
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{"passphrase": "a-passphrase-of-a-test", "client-token": gatewayTestToken, "restrictions.json": "[]"} {
		s.must(os.WriteFile(in(name), []byte(text), 0o600))
	}
	pinned := s.startRegistry(change)
	s.must(os.WriteFile(in("ca.pem"), []byte(pemOf(s.registry.Certificate())), 0o600))
	s.cfg = DefaultGateway()
	s.cfg.Listen, s.cfg.Origin, s.cfg.Name = "127.0.0.1:0", "https://gateway.example.org", "Larkhill Road Surgery"
	s.cfg.Store, s.cfg.ClientToken, s.cfg.Restrictions = in("gateway.db"), in("client-token"), in("restrictions.json")
	s.cfg.Keys = KeysConfig{Dir: in("keys"), Passphrase: in("passphrase")}
	s.cfg.Registry = RegistrySettings{URL: s.registry.URL, Keys: []string{pinned}}
	s.cfg.Outbound = Outbound{Private: []string{strings.TrimPrefix(s.registry.URL, "https://")}, CA: in("ca.pem")}
	keys, err := OpenKeys(context.Background(), s.cfg.Keys, time.Now, rand.Reader)
	s.must(err)
	s.must(ensure(keys))
	return s
}

func ensure(k *Keys) error {
	ring, err := k.Ring()
	if err != nil || len(ring.Keys()) > 0 {
		return err
	}
	now := time.Now()
	return ring.Generate(context.Background(), key.ES256, "k1", now, now)
}

func (s *gatewaySite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *gatewaySite) startRegistry(change func(*trustframework.Framework)) (pinned string) {
	s.Helper()
	private, err := key.Generate(key.ES256, rand.Reader)
	s.must(err)
	by, err := didkey.Signer(private)
	s.must(err)
	records, err := memory.New(memory.Config{Now: time.Now})
	s.must(err)
	r, err := registry.New(registry.Config{Store: records, Signer: by, Now: time.Now})
	s.must(err)
	f := issuerFramework(by.Method.DID().String(), time.Now())
	f.Controllers = map[string]trustframework.ControllerPolicy{"https://larkhill.example.org": {
		Proxyable: []string{"appointments"}, ByRisk: map[string]trustframework.RiskPolicy{"routine": {StatusMaxAge: 300}, "sensitive": {StatusMaxAge: 300}, "high": {StatusMaxAge: 60}},
	}}
	f.Verifiers = []trustframework.Verifier{{
		ID: "did:web:gateway.example.org", Name: "Larkhill Road Surgery", Controllers: []string{"https://larkhill.example.org"},
		Purposes: []string{"family-requested"}, Resources: []string{"*"},
	}}
	change(f)
	_, err = r.Apply(context.Background(), f)
	s.must(err)
	token, err := web.NewSecret("unused")
	s.must(err)
	handler, err := registry.Handler(r, registry.HTTPConfig{AdminToken: token})
	s.must(err)
	s.registry = httptest.NewTLSServer(handler)
	s.Cleanup(s.registry.Close)
	return by.Method.DID().String()
}

func (s *gatewaySite) deps() Deps {
	return Deps{Now: time.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)}
}

// serve runs the gateway until stop.
func (s *gatewaySite) serve() (base string, stop func()) {
	s.Helper()
	server, err := Gateway(context.Background(), s.cfg, s.deps())
	s.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	return "http://" + server.Address(), func() {
		s.Helper()
		cancel()
		s.must(<-ended)
	}
}

// call makes a request and returns status and body. It tries again while the server is not ready.
func (s *gatewaySite) call(method, url, body string) (int, string) {
	s.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	s.must(err)
	r.Header.Set("Authorization", "Bearer "+gatewayTestToken)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{}}}
	response, err := client.Do(r)
	s.must(err)
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	s.must(err)
	return response.StatusCode, string(raw)
}

func (s *gatewaySite) untilReady(base string) {
	s.Helper()
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); {
		if status, _ := s.call("GET", base+"/readyz", ""); status == http.StatusOK {
			return
		}
	}
	s.Fatal("the gateway does not become ready")
}

const gatewayAccess = `{"principal":"urn:uuid:1","resource":"appointments","action":"book","purpose":"family-requested","controller":"https://larkhill.example.org"}`

// TestGatewayServes runs a gateway as an operator wires it: it answers at once, gets ready, asks a wallet, and a
// restart needs no registry.
func TestGatewayServes(t *testing.T) {
	s := newGatewaySite(t)
	base, stop := s.serve()
	if status, _ := s.call("GET", base+"/healthz", ""); status != http.StatusOK {
		t.Fatalf("healthz: %d", status)
	}
	s.untilReady(base)
	status, document := s.call("GET", base+"/.well-known/did.json", "")
	if status != http.StatusOK || !strings.Contains(document, `"did:web:gateway.example.org#k1"`) {
		t.Fatalf("did.json: %d %s", status, document)
	}
	status, body := s.call("POST", base+"/v1/requests", gatewayAccess)
	var asked struct {
		RequestURI string `json:"request_uri"`
	}
	s.must(json.Unmarshal([]byte(body), &asked))
	if status != http.StatusCreated || !strings.HasPrefix(asked.RequestURI, "https://gateway.example.org/vp/request/") {
		t.Fatalf("requests: %d %s", status, body)
	}
	status, object := s.call("GET", base+strings.TrimPrefix(asked.RequestURI, "https://gateway.example.org"), "")
	id, err := did.Parse("did:web:gateway.example.org")
	s.must(err)
	doc, err := did.ReadDocument([]byte(document), id, time.Now())
	s.must(err)
	if _, err := vp.OpenRequest(t.Context(), []byte(object), vp.ClientID(id), credential.Keys{Resolver: fixed{doc}, At: time.Now()}); status != http.StatusOK || err != nil {
		t.Errorf("the request object: %d %v", status, err)
	}
	stop()

	s.registry.Close()
	base, stop = s.serve()
	s.untilReady(base)
	if status, body := s.call("POST", base+"/v1/requests", gatewayAccess); status != http.StatusCreated {
		t.Errorf("after a restart without registry: %d %s", status, body)
	}
	stop()
}

// fixed resolves to one document.
type fixed struct{ doc *did.Document }

func (f fixed) Resolve(context.Context, did.DID) (*did.Document, error) { return f.doc, nil }

// TestGatewayRefusesSettings has one mistake in each case; each is a line that names it.
func TestGatewayRefusesSettings(t *testing.T) {
	s := newGatewaySite(t)
	for name, spoil := range map[string]func(*GatewayConfig){
		"origin is":          func(c *GatewayConfig) { c.Origin = "" },
		"origin":             func(c *GatewayConfig) { c.Origin = "http://gateway.example.org" },
		"name":               func(c *GatewayConfig) { c.Name = "" },
		"store":              func(c *GatewayConfig) { c.Store = "" },
		"client-token-file":  func(c *GatewayConfig) { c.ClientToken = "" },
		"registry.url":       func(c *GatewayConfig) { c.Registry.URL = "" },
		"registry.keys":      func(c *GatewayConfig) { c.Registry.Keys = []string{"x"} },
		"restrictions":       func(c *GatewayConfig) { c.Restrictions = "" },
		"formats":            func(c *GatewayConfig) { c.Formats = []string{"mso_mdoc"} },
		"keys.dir":           func(c *GatewayConfig) { c.Keys.Dir = "" },
		"keys.algorithm":     func(c *GatewayConfig) { c.Keys.Algorithm = "RS256" },
		"absent":             func(c *GatewayConfig) { c.Keys.Passphrase = "absent" },
		"24 h":               func(c *GatewayConfig) { c.StatusMaxAge = 48 * time.Hour },
		"problems":           func(c *GatewayConfig) { c.Problems = "http://x" },
		"cannot be listened": func(c *GatewayConfig) { c.Listen = "256.0.0.1:1" },
	} {
		cfg := s.cfg
		spoil(&cfg)
		server, err := Gateway(t.Context(), cfg, s.deps())
		if err == nil {
			s.must(server.Close())
		}
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(name)) && name != "problems" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Gateway(t.Context(), s.cfg, Deps{}); err == nil {
		t.Error("a gateway without clock")
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	defer func() { _ = taken.Close() }()
	cfg := s.cfg
	cfg.Listen = taken.Addr().String()
	if _, err := Gateway(t.Context(), cfg, s.deps()); err == nil || !strings.Contains(err.Error(), "is in use") {
		t.Errorf("an occupied port: %v", err)
	}
	server, err := Gateway(t.Context(), s.cfg, s.deps()) // the failures above have let the store go
	s.must(err)
	if _, err := Gateway(t.Context(), s.cfg, s.deps()); reason.Of(err) != reason.StorageUnavailable || !strings.Contains(err.Error(), "another gateway") {
		t.Errorf("a second gateway on one store: %v", err)
	}
	s.must(server.Close())
}

// TestGatewaySettings reads the settings as an operator writes them; what is misspelt is named.
func TestGatewaySettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.yaml")
	text := "origin: https://g.example\nkeys: {dir: k, passphrase-file: p}\nregistry: {url: https://r.example, keys: [\"did:key:z\"]}\noutbound: {private-hosts: [\"a:1\"]}\nstatus-max-age: 1m\n"
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(path, []byte(text), 0o600))
	cfg := DefaultGateway()
	must(config.LoadFrom(path, "gateway", []string{"BEHALF_GATEWAY_NAME=Surgery", "BEHALF_GATEWAY_TLS_CERT=c.pem"}, &cfg))
	if cfg.Listen != "127.0.0.1:8443" || cfg.Name != "Surgery" || cfg.TLS.Cert != "c.pem" || cfg.StatusMaxAge != time.Minute || cfg.Outbound.Private[0] != "a:1" {
		t.Errorf("%+v", cfg)
	}
	must(os.WriteFile(path, []byte(text+"skip-checks: true\n"), 0o600))
	if err := config.LoadFrom(path, "gateway", nil, &cfg); err == nil || !strings.Contains(err.Error(), "skip-checks") {
		t.Errorf("an unknown key: %v", err)
	}
}

// TestSubscriptions shows that lists in use are remembered, and only so many.
func TestSubscriptions(t *testing.T) {
	records, err := memory.New(memory.Config{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]int{}
	source := func() *subscribed {
		s, err := snapshot.New(snapshot.Config{
			Fetcher: unreachable(asked), Resolver: fixed{}, Marks: records, Now: time.Now,
			Signer: func(issuer, _ string) (did.DID, bool) { id, err := did.Parse(issuer); return id, err == nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		return newSubscribed(s, records)
	}
	first := source()
	for i := range MaxSubscriptions + 5 {
		first.note(subscription{"did:web:issuer.example", "https://issuer.example/" + string(rune('A'+i%26)) + strings.Repeat("x", i/26), credential.TokenStatusList})
	}
	first.save(t.Context())
	if len(first.known) != MaxSubscriptions || first.saved != MaxSubscriptions {
		t.Errorf("%d lists are remembered, %d saved", len(first.known), first.saved)
	}
	if state, _, err := first.State(t.Context(), "did:web:issuer.example", credential.StatusRef{Kind: credential.TokenStatusList, List: "https://issuer.example/other"}); state != status.Unknown || err == nil {
		t.Errorf("%v %v", state, err)
	}
	clear(asked)
	ready := 0
	source().restore(t.Context(), func() bool { ready++; return ready > 2 })
	if len(asked) != MaxSubscriptions || ready < 3 {
		t.Errorf("%d lists are fetched after a restart", len(asked))
	}
}

// unreachable counts what is asked for and has none of it.
type unreachable map[string]int

func (u unreachable) Get(_ context.Context, url string, _ safehttp.Want) (safehttp.Response, error) {
	u[url]++
	return safehttp.Response{}, safehttp.ErrUnreachable
}

// BenchmarkGatewayFirstRequest is a start of a gateway whose folder is there, until its first answer.
func BenchmarkGatewayFirstRequest(b *testing.B) {
	s := newGatewaySite(b)
	base, stop := s.serve()
	s.untilReady(base)
	stop()
	for b.Loop() {
		base, stop := s.serve()
		if status, _ := s.call("GET", base+"/healthz", ""); status != http.StatusOK {
			b.Fatal(status)
		}
		b.StopTimer()
		s.untilReady(base) // a ring that still opens would slow the next start
		stop()
		b.StartTimer()
	}
}

// TestGatewayResolves shows that services can resolve DIDs at the gateway: computed ones, and of the
// others only those at hosts of the framework (attack DID-21).
func TestGatewayResolves(t *testing.T) {
	s := newGatewaySite(t)
	base, stop := s.serve()
	defer stop()
	const known = "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"
	if status, body := s.call("GET", base+"/1.0/identifiers/"+known, ""); status != 200 || !strings.Contains(body, known+"#zDnaer") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := s.call("GET", base+"/1.0/identifiers/did:web:elsewhere.example", ""); status != 403 || strings.Contains(body, "elsewhere") {
		t.Errorf("%d %s", status, body)
	}
	response, err := (&http.Client{Timeout: 5 * time.Second}).Get(base + "/1.0/identifiers/" + known)
	s.must(err)
	s.must(response.Body.Close())
	if response.StatusCode != 401 {
		t.Errorf("without a token: %d", response.StatusCode)
	}
}
