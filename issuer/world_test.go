// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didjwk"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/page"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/bolt"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/store/storetest"
	"github.com/behalf-id/behalf/trustframework"
)

const (
	testOrigin = "https://issuer.example.org"
	testID     = "did:web:issuer.example.org"
	testToken  = "admin-token-of-a-test"
)

// world is an issuer on real parts: store, audit log, status lists, formats.
type world struct {
	*Issuer
	t         testing.TB
	clock     *storetest.Clock
	faults    *storetest.Faults // the store as the issuer and the audit log see it
	log       *audit.Log
	logged    *lockedBuffer
	resolver  *documents
	framework *trustframework.Framework
	signer    did.Signer
	cfg       Config
	server    *httptest.Server
}

// lockedBuffer takes a log.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// documents resolves the issuer from what it publishes, and holders from their DIDs.
type documents struct {
	id     did.DID
	raw    []byte
	others did.Resolver
	now    func() time.Time
}

func (d *documents) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	if id != d.id {
		return d.others.Resolve(ctx, id)
	}
	return did.ReadDocument(d.raw, id, d.now())
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

// newWorld returns a world over a store in memory.
func newWorld(t testing.TB) *world {
	t.Helper()
	clock := storetest.NewClock(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	return openWorld(t, clock, must[*memory.Store](t)(memory.New(memory.Config{Now: clock.Now})), nil)
}

// boltStore opens a store on disk.
func boltStore(t testing.TB, clock *storetest.Clock, path string) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(bolt.Config{Path: path, Now: clock.Now, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newBoltWorld(t testing.TB) *world {
	t.Helper()
	clock := storetest.NewClock(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	return openWorld(t, clock, boltStore(t, clock, filepath.Join(t.TempDir(), "issuer.db")), nil)
}

// openWorld returns a world over s, with the key of an earlier world on the same store, if there was one.
func openWorld(t testing.TB, clock *storetest.Clock, s store.Store, earlier *world) *world {
	t.Helper()
	w := &world{t: t, clock: clock, faults: storetest.NewFaults(s), logged: new(lockedBuffer), framework: testFramework(clock.Now())}
	id := must[did.DID](t)(did.Parse(testID))
	if earlier != nil {
		w.signer, w.framework = earlier.signer, earlier.framework
	} else {
		w.signer = did.Signer{Signer: must[*key.Private](t)(key.Generate(key.ES256, rand.Reader)), Method: must[did.URL](t)(id.WithFragment("k1"))}
	}
	w.resolver = &documents{id: id, raw: documentOf(t, w.signer), others: holders(t, clock.Now), now: clock.Now}
	ac := audit.Config{Store: w.faults, Now: clock.Now, Rand: rand.Reader, Prefix: "audit/", Timeout: 10 * time.Second}
	w.log = must[*audit.Log](t)(audit.Open(t.Context(), ac))
	t.Cleanup(func() { _ = w.log.Close() })
	w.cfg = Config{
		ID: id, Name: "Larkhill Road Surgery", Origin: testOrigin,
		Signer:   func() (did.Signer, error) { return w.signer, nil },
		Document: func() ([]byte, error) { return w.resolver.raw, nil },
		Store:    w.faults, Audit: w.log, Tags: must[*audit.Tagger](t)(audit.OpenTagger(t.Context(), ac)),
		Framework: func() *trustframework.Framework { return w.framework }, Resolver: w.resolver,
		Profiles: map[string]Profile{"default": {
			Formats: []string{sdjwt.Name, vcjwt.Name}, Relationships: []string{"adult-to-adult", "best-interest"}, MaxValidity: 400 * 24 * time.Hour,
		}},
		Now: clock.Now, Random: rand.Reader, Logger: slog.New(slog.NewJSONHandler(w.logged, nil)),
		Pages: must[*page.Pages](t)(page.New(page.Config{Name: "Larkhill Road Surgery", Origin: testOrigin})),
	}
	w.lists(s)
	w.formats()
	w.Issuer = must[*Issuer](t)(New(w.cfg))
	return w
}

func (w *world) lists(s store.Store) {
	w.t.Helper()
	w.cfg.Book = must[*publisher.Book](w.t)(publisher.NewBook(w.faults))
	w.cfg.Allocator = must[*publisher.Allocator](w.t)(publisher.NewAllocator(publisher.AllocatorConfig{Store: s, Rand: rand.Reader, Epoch: 1}))
	w.cfg.Publisher = must[*publisher.Publisher](w.t)(publisher.New(publisher.Config{
		Book: w.cfg.Book, Store: w.faults, Signer: w.cfg.Signer, Base: testOrigin + "/status", Now: w.clock.Now,
	}))
}

func (w *world) formats() {
	w.t.Helper()
	w.cfg.Formats = credential.Formats{
		must[*sdjwt.Format](w.t)(sdjwt.New(sdjwt.Config{Random: rand.Reader, Now: w.clock.Now, Holders: w.resolver})),
		must[*vcjwt.Format](w.t)(vcjwt.New(vcjwt.Config{})),
	}
}

func holders(t testing.TB, now func() time.Time) did.Resolver {
	t.Helper()
	mux := must[*did.Mux](t)(did.NewMux(map[string]did.Resolver{"key": didkey.New(), "jwk": didjwk.New()}))
	return must[*did.Cache](t)(did.NewCache(did.CacheConfig{Resolver: mux, Now: now}))
}

func documentOf(t testing.TB, by did.Signer) []byte {
	t.Helper()
	return must[[]byte](t)(did.WriteDocument(by.Method.DID(), []did.Publication{{
		Fragment: by.Method.Fragment(), Key: by.Public(), Relationships: []did.Relationship{did.AssertionMethod},
	}}))
}

// testFramework accredits the issuer for adult-to-adult, at one controller, for appointments.
func testFramework(now time.Time) *trustframework.Framework {
	anchor := "did:key:anchor"
	return &trustframework.Framework{
		ID: "urn:behalf:framework:test", Version: 3, AsOf: now, MaxAgeSeconds: 3600, Anchors: []string{anchor},
		Limits: trustframework.Limits{MaxChainLinks: 3, MaxAccreditationPath: 4},
		Relationships: map[string]trustframework.Relationship{
			"adult-to-adult": {LegalBases: []string{"consent"}, MaxRedelegation: 2, MaxValidityDays: 730},
			"best-interest":  {LegalBases: []string{"best-interest"}, ReviewRequired: true},
		},
		Accreditations: []trustframework.Accreditation{{
			ID: "acc-1", Issuer: testID, AccreditedBy: anchor, Status: trustframework.Active,
			From: now.AddDate(-1, 0, 0), Until: now.AddDate(3, 0, 0), Types: []string{credential.TypeDelegation},
			Relationships: []string{"adult-to-adult"}, Resources: []string{"appointments"},
		}},
		Parties: map[string]trustframework.Party{testID: {Name: "Larkhill Road Surgery"}},
	}
}

// grantJSON is a request that is granted, on which edits are made by replacing text.
const grantJSON = `{"profile":"default","formats":["dc+sd-jwt"],"grant":{
 "delegate":{"kind":"person"},
 "onBehalfOf":{"id":"urn:uuid:5f3c1a52-0000-4000-8000-000000000077","identifier":{"system":"https://records.example.org/id","value":"9990000077"}},
 "delegation":{"relationship":"adult-to-adult","legalBasis":"consent","grantedBy":"urn:uuid:5f3c1a52-0000-4000-8000-000000000077",
  "jurisdiction":["GB-ENG"],"purpose":["family-requested"],"dataController":["https://larkhill.example.org"],
  "redelegation":{"maxDepth":2,"kinds":["person"]},"prohibition":[],
  "identityAssurance":{"principal":"high","delegate":"high"},
  "permission":[{"resource":"appointments","action":["view","book"],"risk":"routine","constraint":{}}]},
 "validFrom":"2026-11-22T09:00:00Z","validUntil":"2027-11-22T09:00:00Z"}}`

func edit(pairs ...string) []byte {
	out := strings.NewReplacer(pairs...).Replace(grantJSON)
	if out == grantJSON && len(pairs) > 0 {
		panic("an edit of the grant changes nothing: " + pairs[0])
	}
	return []byte(out)
}

// both is the grant in both formats.
func both() []byte { return edit(`["dc+sd-jwt"]`, `["dc+sd-jwt","vc+jwt"]`) }

// grant reads and offers body under a key of its own.
func (w *world) grant(body []byte) Offering {
	w.t.Helper()
	o, err := w.offer(body, must[string](w.t)(w.secret()))
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

func (w *world) offer(body []byte, idempotencyKey string) (Offering, error) {
	r, err := ReadGrant(body)
	if err != nil {
		return Offering{}, err
	}
	return w.Offer(context.Background(), r, body, idempotencyKey)
}

// codeOf returns the pre-authorized code of an offer.
func (w *world) codeOf(o Offering) string {
	w.t.Helper()
	l := must[vci.OfferLink](w.t)(vci.ParseOfferLink(o.Offer.URI))
	return l.Offer.Grants.PreAuthorized.Code
}

func (w *world) tokenRequest(o Offering) vci.TokenRequest {
	return vci.TokenRequest{Code: w.codeOf(o), TxCode: o.Offer.TxCode}
}

// Issue is a credential request over the bearer token of a pre-authorized code.
func (w *world) Issue(ctx context.Context, bearer string, r *vci.CredentialRequest) (*vci.CredentialResponse, error) {
	return w.Issuer.Issue(ctx, Presented{Scheme: "Bearer", Token: bearer}, r)
}

// redeemed returns an access token for o.
func (w *world) redeemed(o Offering) string {
	w.t.Helper()
	return must[vci.TokenResponse](w.t)(w.Token(w.t.Context(), w.tokenRequest(o), Presented{})).AccessToken
}

func newHolder(t testing.TB) did.Signer {
	t.Helper()
	return must[did.Signer](t)(didkey.Signer(must[*key.Private](t)(key.Generate(key.ES256, rand.Reader))))
}

// proof makes a key proof with a fresh nonce.
func (w *world) proof(by did.Signer) string {
	w.t.Helper()
	return w.proofOver(by, must[string](w.t)(w.Nonce()))
}

func (w *world) proofOver(by did.Signer, nonce string) string {
	w.t.Helper()
	return string(must[[]byte](w.t)(vci.Proof{Issuer: testOrigin, Nonce: nonce, At: w.clock.Now()}.Sign(w.t.Context(), by)))
}

func ask(configuration string, proofs ...string) *vci.CredentialRequest {
	return &vci.CredentialRequest{Configuration: configuration, Proofs: &vci.Proofs{JWT: proofs}}
}

// collect does all that a wallet does for o in one format and returns the credential.
func (w *world) collect(o Offering, by did.Signer) *credential.Credential {
	w.t.Helper()
	out := must[*vci.CredentialResponse](w.t)(w.Issue(w.t.Context(), w.redeemed(o), ask(ConfigurationSDJWT, w.proof(by))))
	return w.opened(out.Credentials[0].Credential)
}

// opened checks a credential as a stranger would.
func (w *world) opened(raw string) *credential.Credential {
	w.t.Helper()
	f := w.cfg.Formats.Recognise([]byte(raw))
	v := must[credential.Verified](w.t)(credential.Open(w.t.Context(), f, []byte(raw), credential.Keys{Resolver: w.resolver, At: w.clock.Now()}))
	return v.Credential()
}

// leaves returns how many leaves of a type the audit log has, after verifying it whole.
func (w *world) leaves(of audit.Type) int {
	w.t.Helper()
	must[audit.Report](w.t)(audit.Verify(w.t.Context(), w.faults, "audit/"))
	n := 0
	for l, err := range w.log.Leaves(w.t.Context(), 1, audit.MaxPage) {
		if err != nil {
			w.t.Fatal(err)
		}
		if l.Type == of {
			n++
		}
	}
	return n
}

// wants fails the test unless err is a refusal with this code.
func wants(t testing.TB, err error, code reason.Code) {
	t.Helper()
	if reason.Of(err) != code || err == nil {
		t.Fatalf("got %v, want %s", err, code)
	}
}

// serve puts the issuer behind TLS, with the limits that every server has.
func (w *world) serve() *world {
	w.t.Helper()
	token := must[web.Secret](w.t)(web.NewSecret(testToken))
	server := must[*web.Server](w.t)(web.New(web.Config{
		Name: "issuer", Handler: w.Handler(token), Logger: w.cfg.Logger, Now: w.clock.Now,
		Ready: func(context.Context) error { return nil }, OpenAPI: OpenAPI(),
	}))
	w.server = httptest.NewUnstartedServer(server.Handler())
	w.server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	w.server.StartTLS()
	w.t.Cleanup(w.server.Close)
	return w
}

// answer is what came over HTTP.
type answer struct {
	status int
	header http.Header
	body   []byte
	told   refusal
}

func (w *world) do(method, path, mediaType string, body []byte, header ...string) answer {
	w.t.Helper()
	r := must[*http.Request](w.t)(http.NewRequestWithContext(w.t.Context(), method, w.server.URL+path, bytes.NewReader(body)))
	if mediaType != "" {
		r.Header.Set("Content-Type", mediaType)
	}
	for k := 0; k < len(header); k += 2 {
		r.Header.Set(header[k], header[k+1])
	}
	res := must[*http.Response](w.t)(w.server.Client().Do(r))
	defer func() { _ = res.Body.Close() }()
	out := answer{status: res.StatusCode, header: res.Header, body: must[[]byte](w.t)(io.ReadAll(res.Body))}
	_ = strictjson.Unmarshal(out.body, &out.told)
	return out
}

func (w *world) admin(method, path string, body []byte, header ...string) answer {
	w.t.Helper()
	mediaType := ""
	if body != nil {
		mediaType = "application/json"
	}
	return w.do(method, path, mediaType, body, append([]string{"Authorization", "Bearer " + testToken}, header...)...)
}

func (w *world) postForm(path string, form url.Values) answer {
	w.t.Helper()
	return w.do("POST", path, "application/x-www-form-urlencoded", []byte(form.Encode()))
}

func (w *world) postJSON(path, bearer string, v any) answer {
	w.t.Helper()
	return w.do("POST", path, "application/json", must[[]byte](w.t)(strictjson.Marshal(v)), "Authorization", "Bearer "+bearer)
}

// signed makes a hosted-status request.
func (w *world) signed(by did.Signer, kind string, claims map[string]any) []byte {
	w.t.Helper()
	all := map[string]any{"aud": testOrigin, "iat": w.clock.Now().Unix(), "nonce": must[string](w.t)(w.Nonce())}
	for name, v := range claims {
		all[name] = v
	}
	payload := must[[]byte](w.t)(strictjson.Marshal(all))
	return must[[]byte](w.t)(jose.Sign(w.t.Context(), jose.Header{Type: kind, KeyID: by.Method.String()}, payload, by))
}

// reopen is a restart: the same store and key, everything else new.
func (w *world) reopen(s store.Store) *world {
	w.t.Helper()
	if err := w.log.Close(); err != nil {
		w.t.Fatal(err)
	}
	return openWorld(w.t, w.clock, s, w)
}

type trustFramework = trustframework.Framework

// bareProof is a key proof whose header holds the key itself. Claims are added or replaced.
func (w *world) bareProof(by did.Signer, claims map[string]any) string {
	w.t.Helper()
	all := map[string]any{"aud": testOrigin, "iat": w.clock.Now().Unix(), "nonce": must[string](w.t)(w.Nonce())}
	for name, v := range claims {
		all[name] = v
	}
	payload := must[[]byte](w.t)(strictjson.Marshal(all))
	jwk := by.Public().JWK()
	return string(must[[]byte](w.t)(jose.Sign(w.t.Context(), jose.Header{Type: vci.TypeProof, Key: &jwk}, payload, by)))
}

func decoded(t testing.TB, part string) []byte {
	t.Helper()
	return must[[]byte](t)(base64.RawURLEncoding.DecodeString(part))
}
