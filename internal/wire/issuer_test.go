// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/config"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/issuer"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/key/file"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/bolt"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/store/storetest"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/registry"
)

const issuerTestToken = "issuer-admin-token"

// issuerSite is a folder with all that an issuer needs, a registry that accredits it, and a clock.
type issuerSite struct {
	t     *testing.T
	dir   string
	clock *storetest.Clock
	cfg   IssuerConfig
	sink  *issuerSink
}

// issuerSink takes a log.
type issuerSink struct {
	mu sync.Mutex
	strings.Builder
}

func (s *issuerSink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Builder.Write(p)
}

func newIssuerSite(t *testing.T, change ...func(*trustframework.Framework)) *issuerSite {
	t.Helper()
	s := &issuerSite{t: t, dir: filepath.Join(t.TempDir(), "issuer"), clock: storetest.NewClock(time.Now().UTC().Truncate(time.Second)), sink: new(issuerSink)}
	s.check(sealed.MakeDir(s.dir))
	s.write("passphrase", "a-passphrase-of-a-test")
	s.write("admin-token", issuerTestToken)
	registryURL, pinned := s.registry(change)
	s.cfg = DefaultIssuer()
	s.cfg.Origin, s.cfg.Name, s.cfg.Listen = "https://issuer.example.com", "Larkhill Road Surgery", "127.0.0.1:0"
	s.cfg.Store = filepath.Join(s.dir, "issuer.db")
	s.cfg.Keys = KeysConfig{Dir: filepath.Join(s.dir, "keys"), Passphrase: filepath.Join(s.dir, "passphrase")}
	s.cfg.AdminToken = filepath.Join(s.dir, "admin-token")
	s.cfg.Registry = RegistrySettings{URL: registryURL, Keys: []string{pinned}}
	s.cfg.Outbound = Outbound{Private: []string{strings.TrimPrefix(registryURL, "https://")}, CA: filepath.Join(s.dir, "ca.pem")}
	s.cfg.Profiles = map[string]IssuerProfile{"default": {Relationships: []string{"adult-to-adult"}, MaxDays: 366}}
	ring := s.ring()
	now := s.clock.Now()
	s.check(ring.Generate(t.Context(), key.ES256, "k1", now, now))
	return s
}

func (s *issuerSite) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *issuerSite) write(name, text string) {
	s.t.Helper()
	s.check(os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600))
}

func (s *issuerSite) ring() *file.Ring {
	s.t.Helper()
	ring, err := file.Open(s.t.Context(), s.cfg.Keys.Dir, []byte("a-passphrase-of-a-test"), rand.Reader)
	s.check(err)
	return ring
}

// rotate replaces the key, as an operator does, and returns the new one's id and when it signs.
func (s *issuerSite) rotate() (string, time.Time) {
	s.t.Helper()
	keys, err := OpenKeys(s.t.Context(), s.cfg.Keys, s.clock.Now, rand.Reader)
	s.check(err)
	made, err := keys.Rotate(s.t.Context(), s.cfg.Rotation())
	s.check(err)
	at, err := time.Parse(time.RFC3339, made.Activates)
	s.check(err)
	return made.ID, at
}

// registry serves a framework that accredits the issuer, and returns address and key.
func (s *issuerSite) registry(change []func(*trustframework.Framework)) (string, string) {
	private, err := key.Generate(key.ES256, rand.Reader)
	s.check(err)
	by, err := didkey.Signer(private)
	s.check(err)
	st, err := memory.New(memory.Config{Now: s.clock.Now})
	s.check(err)
	r, err := registry.New(registry.Config{Store: st, Signer: by, Now: s.clock.Now})
	s.check(err)
	f := issuerFramework(by.Method.DID().String(), s.clock.Now())
	for _, c := range change {
		c(f)
	}
	_, err = r.Apply(s.t.Context(), f)
	s.check(err)
	token, err := web.NewSecret("unused")
	s.check(err)
	handler, err := registry.Handler(r, registry.HTTPConfig{AdminToken: token})
	s.check(err)
	server := httptest.NewTLSServer(handler)
	s.t.Cleanup(server.Close)
	s.write("ca.pem", pemOf(server.Certificate()))
	return server.URL, by.Method.DID().String()
}

func issuerFramework(operator string, now time.Time) *trustframework.Framework {
	const id = "did:web:issuer.example.com"
	return &trustframework.Framework{
		ID: "https://framework.example.org", MaxAgeSeconds: 3600, Anchors: []string{operator},
		Limits:        trustframework.Limits{MaxChainLinks: 3, MaxAccreditationPath: 4},
		Relationships: map[string]trustframework.Relationship{"adult-to-adult": {LegalBases: []string{"consent"}, MaxRedelegation: 1, MaxValidityDays: 730}},
		Accreditations: []trustframework.Accreditation{{
			ID: "acc-1", Issuer: id, AccreditedBy: operator, Status: trustframework.Active,
			From: now.Add(-time.Hour), Until: now.AddDate(3, 0, 0), Types: []string{credential.TypeDelegation}, Resources: []string{"appointments"},
		}},
		Parties: map[string]trustframework.Party{id: {Name: "Larkhill Road Surgery", DIDHosts: []string{"issuer.example.com"}, StatusHosts: []string{"https://issuer.example.com"}}},
	}
}

// started is an issuer that answers.
type started struct {
	*issuerSite
	server *Server
	base   string
	client *http.Client
	stop   func() error
}

func (s *issuerSite) start() *started {
	s.t.Helper()
	server, err := Issuer(s.t.Context(), s.cfg, Deps{Now: s.clock.Now, Random: rand.Reader, Logger: slog.New(slog.NewJSONHandler(s.sink, nil))})
	s.check(err)
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	transport := &http.Transport{}
	out := &started{issuerSite: s, server: server, base: "http://" + server.Address(), client: &http.Client{Transport: transport}}
	var once sync.Once
	var last error
	out.stop = func() error {
		once.Do(func() { transport.CloseIdleConnections(); cancel(); last = <-ended })
		return last
	}
	s.t.Cleanup(func() { _ = out.stop() })
	out.await("/readyz")
	return out
}

// await asks until path answers with 200.
func (s *started) await(path string) {
	s.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		if status, _ := s.get(path); status == http.StatusOK {
			return
		}
		<-tick.C
	}
	s.t.Fatalf("%s does not answer; log:\n%s", path, s.sink.String())
}

func (s *started) get(path string) (int, []byte) {
	res, err := s.client.Get(s.base + path)
	if err != nil {
		return 0, nil
	}
	return s.read(res)
}

func (s *started) read(res *http.Response) (int, []byte) {
	s.t.Helper()
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	s.check(err)
	return res.StatusCode, raw
}

func (s *started) post(path, mediaType, body, token string, into any) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), "POST", s.base+path, strings.NewReader(body))
	s.check(err)
	r.Header.Set("Content-Type", mediaType)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Idempotency-Key", body)
	if len(body) > 256 {
		r.Header.Set("Idempotency-Key", rand.Text())
	}
	res, err := s.client.Do(r)
	s.check(err)
	status, raw := s.read(res)
	if status >= 300 {
		s.t.Fatalf("%s: %d %s", path, status, raw)
	}
	s.check(strictjson.Unmarshal(raw, into))
}

// issue grants a delegation and collects it, and returns the credential.
func (s *started) issue() string {
	s.t.Helper()
	from := s.clock.Now()
	grant := `{"profile":"default","formats":["dc+sd-jwt"],"grant":{"delegate":{"kind":"person"},"onBehalfOf":{"id":"urn:uuid:5f3c1a52-0000-4000-8000-000000000077"},
 "delegation":{"relationship":"adult-to-adult","legalBasis":"consent","grantedBy":"urn:uuid:5f3c1a52-0000-4000-8000-000000000077",
 "jurisdiction":["GB-ENG"],"purpose":["family-requested"],"dataController":["https://larkhill.example.org"],"redelegation":{"maxDepth":0,"kinds":[]},"prohibition":[],
 "permission":[{"resource":"appointments","action":["view"],"risk":"routine","constraint":{}}]},
 "validFrom":"` + from.Format(time.RFC3339) + `","validUntil":"` + from.Add(24*time.Hour).Format(time.RFC3339) + `"}}`
	var o issuer.Offering
	s.post("/admin/v1/delegations", "application/json", grant, issuerTestToken, &o)
	link, err := vci.ParseOfferLink(o.Offer.URI)
	s.check(err)
	var token vci.TokenResponse
	form := vci.TokenRequest{Code: link.Offer.Grants.PreAuthorized.Code, TxCode: o.Offer.TxCode}.Form().Encode()
	s.post("/token", "application/x-www-form-urlencoded", form, "", &token)
	var nonce vci.Nonce
	s.post("/nonce", "application/json", "", "", &nonce)
	private, err := key.Generate(key.ES256, rand.Reader)
	s.check(err)
	by, err := didkey.Signer(private)
	s.check(err)
	proof, err := vci.Proof{Issuer: s.cfg.Origin, Nonce: nonce.Nonce, At: s.clock.Now()}.Sign(s.t.Context(), by)
	s.check(err)
	request, err := strictjson.Marshal(vci.CredentialRequest{Configuration: link.Offer.Configurations[0], Proofs: &vci.Proofs{JWT: []string{string(proof)}}})
	s.check(err)
	var out vci.CredentialResponse
	s.post("/credential", "application/json", string(request), token.AccessToken, &out)
	return out.Credentials[0].Credential
}

// document returns what the issuer publishes.
func (s *started) document() *did.Document {
	s.t.Helper()
	id, err := s.cfg.DID()
	s.check(err)
	_, raw := s.get("/.well-known/did.json")
	doc, err := did.ReadDocument(raw, id, s.clock.Now())
	s.check(err)
	return doc
}

// published resolves the issuer from the document that a stranger fetched.
type published struct {
	doc    *did.Document
	others did.Resolver
}

func (p published) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	if id == p.doc.ID {
		return p.doc, nil
	}
	return p.others.Resolve(ctx, id)
}

// opens checks a credential against the document as it is published now.
func (s *started) opens(raw string) error {
	s.t.Helper()
	f, err := sdjwt.New(sdjwt.Config{Random: rand.Reader, Now: s.clock.Now, Holders: didkey.New()})
	s.check(err)
	_, err = credential.Open(s.t.Context(), f, []byte(raw), credential.Keys{Resolver: published{s.document(), didkey.New()}, At: s.clock.Now()})
	return err
}

// signedBy returns the id of the key that signed.
func signedBy(t *testing.T, raw string) string {
	t.Helper()
	head, _, _ := strings.Cut(raw, ".")
	var h struct {
		Kid string `json:"kid"`
	}
	text, err := jose64(head)
	if err != nil || strictjson.Unmarshal(text, &h) != nil {
		t.Fatal("no header")
	}
	_, id, _ := strings.Cut(h.Kid, "#")
	return id
}

// TestIssuerKeyRotation: a new key is published at once and signs after key-lead; what was signed
// before and after verifies against one document; and the log tells of each key once.
func TestIssuerKeyRotation(t *testing.T) {
	s := newIssuerSite(t)
	before := s.start()
	first := before.issue()
	id, at := s.rotate()
	if at.Sub(s.clock.Now()) < 2*did.MaxAge {
		t.Errorf("signs %s from now", at.Sub(s.clock.Now()))
	}
	s.check(before.stop())
	during := s.start()
	if n := len(during.document().Methods); n != 2 {
		t.Errorf("%d keys are published", n)
	}
	second := during.issue()
	s.clock.Advance(2 * did.MaxAge)
	third := during.issue()
	if signedBy(t, first) != "k1" || signedBy(t, second) != "k1" || signedBy(t, third) != id {
		t.Errorf("signed by %s, %s, %s; the new key is %s", signedBy(t, first), signedBy(t, second), signedBy(t, third), id)
	}
	for k, raw := range []string{first, second, third} {
		if err := during.opens(raw); err != nil {
			t.Errorf("credential %d: %v", k+1, err)
		}
	}
	s.check(during.stop())
	if n := s.rotations(); n != 2 {
		t.Errorf("%d leaves of keys, want 2", n)
	}
}

// rotations counts the leaves of keys, after verifying the audit log whole.
func (s *issuerSite) rotations() (n int) {
	s.t.Helper()
	st, err := bolt.Open(bolt.Config{Path: s.cfg.Store, Now: s.clock.Now})
	s.check(err)
	defer func() { s.check(st.Close()) }()
	_, err = audit.Verify(s.t.Context(), st, AuditPrefix)
	s.check(err)
	log, err := audit.Open(s.t.Context(), audit.Config{Store: st, Now: s.clock.Now, Rand: rand.Reader, Prefix: AuditPrefix})
	s.check(err)
	defer func() { s.check(log.Close()) }()
	for l, err := range log.Leaves(s.t.Context(), 1, audit.MaxPage) {
		s.check(err)
		if l.Type == audit.Rotate {
			n++
		}
	}
	return n
}

// TestIssuerOverlap: the old key stays published as long as anything it signed may be valid.
func TestIssuerOverlap(t *testing.T) {
	s := newIssuerSite(t)
	_, at := s.rotate()
	old := s.ring().Keys()[0]
	if end := at.Add(366 * 24 * time.Hour); !old.Published(end) || old.Retires.IsZero() {
		t.Errorf("retires %s, before %s", old.Retires, end)
	}
}

// TestIssuerReady: without the framework the issuer is up and not ready.
func TestIssuerReady(t *testing.T) {
	s := newIssuerSite(t)
	s.cfg.Registry.URL = "https://127.0.0.1:1"
	server, err := Issuer(t.Context(), s.cfg, Deps{Now: s.clock.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	s.check(err)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/.well-known/did.json": 200} {
		w := httptest.NewRecorder()
		server.web.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != want {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	s.check(server.Close())
	// Closed, everything can be opened again.
	again, err := Issuer(t.Context(), s.cfg, Deps{Now: s.clock.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	s.check(err)
	s.check(again.Close())
}

// TestIssuerConfig: what is missing or wrong is named, and nothing is left open.
func TestIssuerConfig(t *testing.T) {
	s := newIssuerSite(t)
	deps := Deps{Now: s.clock.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)}
	for want, change := range map[string]func(c *IssuerConfig){
		"origin is not":    func(c *IssuerConfig) { c.Origin = "https://issuer.example.com/path" },
		"name is not set":  func(c *IssuerConfig) { c.Name = "" },
		"store is not set": func(c *IssuerConfig) { c.Store = "" },
		"keys.dir is not":  func(c *IssuerConfig) { c.Keys.Dir = "" },
		"keys.algorithm":   func(c *IssuerConfig) { c.Keys.Algorithm = "RS256" },
		"registry.url or":  func(c *IssuerConfig) { c.Registry.URL = "" },
		"registry.keys":    func(c *IssuerConfig) { c.Registry.Keys = []string{"did:web:registry.example.org"} },
		"profiles is":      func(c *IssuerConfig) { c.Profiles = nil },
		"max-days":         func(c *IssuerConfig) { c.Profiles = map[string]IssuerProfile{"p": {Relationships: []string{"x"}}} },
		"relationships":    func(c *IssuerConfig) { c.Profiles = map[string]IssuerProfile{"p": {MaxDays: 1}} },
		"formats":          func(c *IssuerConfig) { c.Formats = []string{"ldp_vc"} },
		"key-lead":         func(c *IssuerConfig) { c.KeyLead = time.Second },
		"status.epoch":     func(c *IssuerConfig) { c.Status.Epoch = 0 },
		"status.ttl":       func(c *IssuerConfig) { c.Status.TTL = time.Millisecond },
		"admin-none":       func(c *IssuerConfig) { c.AdminToken = filepath.Join(s.dir, "admin-none") },
		"ca-none":          func(c *IssuerConfig) { c.Outbound.CA = filepath.Join(s.dir, "ca-none") },
		"BatchSize":        func(c *IssuerConfig) { c.BatchSize = 101 },
		"Profile":          func(c *IssuerConfig) { c.Profile = "haip2" },
		"HAIP needs":       func(c *IssuerConfig) { c.Profile = "haip" },
		"KeyAttestations":  func(c *IssuerConfig) { c.KeyAttestations = &RequiredKeys{} },
		"Display":          func(c *IssuerConfig) { c.Display = map[string]IssuerTexts{"cy_GB": {}} },
		"none.pem":         func(c *IssuerConfig) { c.Certificates = filepath.Join(s.dir, "none.pem") },
		"tls-none":         func(c *IssuerConfig) { c.TLS = TLSFiles{Cert: "tls-none", Key: filepath.Join(s.dir, "tls-none")} },
	} {
		cfg := s.cfg
		change(&cfg)
		server, err := Issuer(t.Context(), cfg, deps)
		if err == nil || reason.Of(err) != reason.CLIConfig || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		if server != nil {
			s.check(server.Close())
		}
	}
	busy, err := web.Listen("127.0.0.1:0")
	s.check(err)
	defer func() { _ = busy.Close() }()
	cfg := s.cfg
	cfg.Listen = busy.Addr().String()
	_, err = Issuer(t.Context(), cfg, deps)
	if _, occupied := errors.AsType[*web.ListenError](err); !occupied {
		t.Errorf("an occupied port: %v", err)
	}
	if _, err := Issuer(t.Context(), s.cfg, Deps{}); err == nil {
		t.Error("an issuer without a clock")
	}
	// After all these failures the store is free.
	good, err := Issuer(t.Context(), s.cfg, deps)
	s.check(err)
	s.check(good.Close())
}

// TestIssuerConfigFields: every setting can be written in YAML and set by the environment.
func TestIssuerConfigFields(t *testing.T) {
	path := filepath.Join(t.TempDir(), "issuer.yaml")
	text := "origin: https://issuer.example.com\nprofiles:\n  default:\n    relationships: [adult-to-adult]\n    max-days: 366\n" +
		"display:\n  cy-GB:\n    credential: Caniatâd\n    claims: {permission: Hawliau}\nkey-attestations: {key-storage: [iso_18045_high]}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := DefaultIssuer()
	err := config.LoadFrom(path, "issuer", []string{
		"BEHALF_ISSUER_KEY_LEAD=20m", "BEHALF_ISSUER_STATUS_EPOCH=4", "BEHALF_ISSUER_TLS_CERT=x", "BEHALF_ISSUER_OUTBOUND_PRIVATE_HOSTS=a:1,b:2",
		"BEHALF_ISSUER_BATCH_SIZE=100", "BEHALF_ISSUER_PROFILE=haip", "BEHALF_ISSUER_CERTIFICATES_FILE=c",
		"BEHALF_ISSUER_KEYS_PASSPHRASE_FILE=p", "BEHALF_ISSUER_REGISTRY_KEYS=did:key:z1",
	}, &cfg)
	if err != nil || cfg.KeyLead != 20*time.Minute || cfg.Status.Epoch != 4 || cfg.TLS.Cert != "x" || len(cfg.Outbound.Private) != 2 ||
		cfg.BatchSize != 100 || cfg.Profile != "haip" || cfg.Certificates != "c" || cfg.texts()["cy-GB"].Claims["permission"] != "Hawliau" ||
		cfg.attestations().Storage[0] != "iso_18045_high" || cfg.LongestValidity() != 366*24*time.Hour || cfg.Listen != issuerListen {
		t.Errorf("%+v %v", cfg, err)
	}
}

func pemOf(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

func jose64(text string) ([]byte, error) { return jose.AppendDecode(nil, []byte(text)) }
