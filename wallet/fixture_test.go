// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/credential/ldpvc"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/credential/status/snapshot"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/did/didweb"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/trustframework"
)

// What the world of these tests is about.
const (
	principal  = "urn:uuid:5f0c2f0e-7d43-4a7e-9a53-0d5b6c1f7a77"
	nhsNumber  = "9990000077"
	numbers    = "https://fhir.nhs.uk/Id/nhs-number"
	controller = "https://directory.example.org/Organization/ZZ9001"
	purpose    = "family-requested"
	england    = "GB-ENG"
	anchor     = "did:web:anchor.example.org"
	passphrase = "correct horse battery"
)

// town is a framework with an issuer, a gateway, and a stranger whom nobody accredited: three https
// servers on loopback. The issuer and the gateway speak the protocols with the real parts, and
// can be made to lie.
type town struct {
	t         testing.TB
	mu        sync.Mutex
	at        time.Time
	roots     *x509.CertPool
	issuer    *site
	gateway   *site
	stranger  *site
	framework *trustframework.Framework
	fetch     *safehttp.Client
	keys      did.Resolver
	formats   credential.Formats
	lists     status.Source
	book      *publisher.Book
	indices   *publisher.Allocator
	publisher *publisher.Publisher

	// What the issuer does. Zero values are honest.
	txCode    string
	format    string                       // of what is issued
	grant     func(*credential.Credential) // changes what is signed
	sealer    *site                        // signs instead of the issuer
	extra     int                          // further credentials in an answer
	redeemed  int
	hosted    map[string]publisher.Ref // by credential id
	hostedFor map[string]string        // whom the issuer was told that a link is for
	takenBack []string

	// What the gateway does.
	ask      func(*vp.Request)
	asker    *site // signs the request instead
	answers  []vp.Response
	accesses vp.Access
	reply    string
	request  *vp.Request
}

// site is one https server with a did:web and a key.
type site struct {
	origin, host string
	id           did.DID
	signer       did.Signer
	server       *httptest.Server
	mu           sync.Mutex
	handlers     map[string]http.HandlerFunc // by method and path
	hits         map[string]int
}

func newTown(t testing.TB) *town {
	t.Helper()
	w := &town{
		t: t, at: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), format: sdjwt.Name, hosted: map[string]publisher.Ref{}, hostedFor: map[string]string{},
		accesses: vp.Access{Principal: principal, Resource: "appointments", Action: "book", Purpose: purpose, Controller: controller, Jurisdiction: england},
	}
	ca := newAuthority(t, w.at)
	w.roots = ca.pool
	w.issuer, w.gateway, w.stranger = w.site(ca), w.site(ca), w.site(ca)
	w.framework = w.newFramework()
	w.wire()
	w.issuer.serve(w.issuerHandlers())
	w.gateway.serve(map[string]http.HandlerFunc{
		"GET /vp/request/1": w.getRequest, "POST /vp/response/1": w.postResponse,
	})
	return w
}

func (w *town) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *town) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
	w.framework.AsOf = w.at
}

// authority signs the certificates of the town.
type authority struct {
	pool *x509.CertPool
	leaf tls.Certificate
}

func newAuthority(t testing.TB, now time.Time) authority {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "town"}, DNSNames: []string{"localhost"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(1000 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	raw, err := x509.CreateCertificate(rand.Reader, cert, cert, k.Public(), k)
	check(t, err)
	parsed, err := x509.ParseCertificate(raw)
	check(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return authority{pool, tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: k}}
}

func (w *town) site(ca authority) *site {
	s := &site{handlers: map[string]http.HandlerFunc{}, hits: map[string]int{}}
	server := httptest.NewUnstartedServer(s)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{ca.leaf}}
	server.StartTLS()
	w.t.Cleanup(server.Close)
	s.server = server
	u, err := url.Parse(server.URL)
	check(w.t, err)
	s.host = "localhost:" + u.Port()
	s.origin = "https://" + s.host
	s.id, err = did.Parse("did:web:localhost%3A" + u.Port())
	check(w.t, err)
	k, err := key.Generate(key.ES256, rand.Reader)
	check(w.t, err)
	method, err := s.id.WithFragment("k1")
	check(w.t, err)
	s.signer = did.Signer{Signer: k, Method: method}
	document, err := did.WriteDocument(s.id, []did.Publication{{
		Fragment: "k1", Key: k.Public(), Relationships: []did.Relationship{did.AssertionMethod, did.Authentication},
	}})
	check(w.t, err)
	s.handlers["GET /.well-known/did.json"] = func(rw http.ResponseWriter, _ *http.Request) { write200(rw, "application/did+json", document) }
	return s
}

func (s *site) serve(handlers map[string]http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(s.handlers, handlers)
}

func (s *site) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	name := r.Method + " " + r.URL.Path
	s.mu.Lock()
	s.hits[name]++
	h := s.handlers[name]
	s.mu.Unlock()
	if h == nil {
		http.NotFound(rw, r)
		return
	}
	h(rw, r)
}

func (s *site) hit(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[name]
}

func (w *town) newFramework() *trustframework.Framework {
	issuer, gateway := w.issuer.id.String(), w.gateway.id.String()
	return &trustframework.Framework{
		ID: "tf:town", Version: 1, AsOf: w.at, MaxAgeSeconds: 3600, Anchors: []string{anchor},
		Limits:        trustframework.Limits{MaxChainLinks: 3, MaxAccreditationPath: 4},
		Relationships: map[string]trustframework.Relationship{"adult-to-adult": {LegalBases: []string{"consent"}, MaxRedelegation: 2, MaxValidityDays: 730}},
		Accreditations: []trustframework.Accreditation{{
			ID: "a1", Issuer: issuer, AccreditedBy: anchor, Status: trustframework.Active, From: w.at.Add(-time.Hour), Until: w.at.AddDate(1, 0, 0),
			Types: []string{credential.TypeDelegation}, Resources: []string{"appointments", "gp-record", "prescriptions"},
		}},
		Parties: map[string]trustframework.Party{
			issuer:  {Name: "Larkhill Road Surgery", DIDHosts: []string{w.issuer.host}, StatusHosts: []string{w.issuer.origin}},
			gateway: {Name: "Larkhill Online", DIDHosts: []string{w.gateway.host}},
		},
		Verifiers: []trustframework.Verifier{{
			ID: gateway, Name: "Larkhill Online", Controllers: []string{controller}, Purposes: []string{purpose}, Resources: []string{"appointments", "gp-record"},
		}},
	}
}

// wire makes the parts that a wallet is given, all of them real.
func (w *town) wire() {
	t := w.t
	framework := func() *trustframework.Framework { w.mu.Lock(); defer w.mu.Unlock(); return w.framework }
	var err error
	w.fetch, err = safehttp.New(safehttp.Config{Private: []string{w.issuer.host, w.gateway.host}, Roots: w.roots, Now: w.now})
	check(t, err)
	t.Cleanup(w.fetch.Close)
	w.keys = w.resolver()
	sd, err := sdjwt.New(sdjwt.Config{Random: rand.Reader, Now: w.now, Holders: w.keys})
	check(t, err)
	vc, err := vcjwt.New(vcjwt.Config{})
	check(t, err)
	w.formats = credential.Formats{sd, vc}
	for _, suite := range []string{dataintegrity.ECDSARDFC, dataintegrity.EdDSARDFC, dataintegrity.ECDSAJCS, dataintegrity.EdDSAJCS, ecdsasd.Name} {
		f, err := ldpvc.New(ldpvc.Config{Suite: suite, Now: w.now, Random: rand.Reader})
		check(t, err)
		w.formats = append(w.formats, f)
	}
	marks, err := memory.New(memory.Config{Now: w.now})
	check(t, err)
	w.lists, err = snapshot.New(snapshot.Config{
		Fetcher: w.fetch, Resolver: w.keys, Marks: marks, Now: w.now,
		Signer: func(issuer, list string) (did.DID, bool) {
			id, err := did.Parse(issuer)
			return id, err == nil && framework().StatusHostAllowed(issuer, list)
		},
	})
	check(t, err)
	w.statusLists()
}

// resolver returns one that remembers nothing yet, as that of a command which just began.
func (w *town) resolver() did.Resolver {
	w.t.Helper()
	allowed := func(host string) bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.framework.DIDHostAllowed(host)
	}
	web, err := didweb.New(didweb.Config{Fetch: w.fetch, Now: w.now, Allowed: allowed})
	check(w.t, err)
	mux, err := did.NewMux(map[string]did.Resolver{"key": didkey.New(), "web": web})
	check(w.t, err)
	cache, err := did.NewCache(did.CacheConfig{Resolver: mux, Now: w.now})
	check(w.t, err)
	return cache
}

func (w *town) statusLists() {
	t := w.t
	store, err := memory.New(memory.Config{Now: w.now})
	check(t, err)
	w.indices, err = publisher.NewAllocator(publisher.AllocatorConfig{Store: store, Rand: rand.Reader, Epoch: 1})
	check(t, err)
	w.book, err = publisher.NewBook(store)
	check(t, err)
	w.publisher, err = publisher.New(publisher.Config{
		Book: w.book, Store: store, Base: w.issuer.origin + "/status", Now: w.now,
		Signer: func() (did.Signer, error) { return w.issuer.signer, nil },
	})
	check(t, err)
	w.issuer.serve(map[string]http.HandlerFunc{
		"GET /status/token/1-1": func(rw http.ResponseWriter, r *http.Request) {
			doc, err := w.publisher.Token(r.Context(), publisher.ListID{Epoch: 1, Serial: 1})
			writeList(rw, doc, err)
		},
		"GET /status/bitstring/1-1-revocation": w.bitstring(publisher.Revocation),
		"GET /status/bitstring/1-1-suspension": w.bitstring(publisher.Suspension),
	})
}

func (w *town) bitstring(p publisher.Purpose) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		doc, err := w.publisher.Bitstring(r.Context(), publisher.ListID{Epoch: 1, Serial: 1}, p)
		writeList(rw, doc, err)
	}
}

func writeList(rw http.ResponseWriter, doc *publisher.Document, err error) {
	if err != nil {
		http.Error(rw, "no list", http.StatusNotFound)
		return
	}
	write200(rw, doc.MediaType, doc.Body)
}

// refs allocates a status entry for a credential in format.
func (w *town) refs(format string) (publisher.Ref, []credential.StatusRef) {
	ref, err := w.indices.Allocate(context.Background())
	check(w.t, err)
	if format == sdjwt.Name {
		return ref, []credential.StatusRef{w.publisher.TokenRef(ref)}
	}
	return ref, w.publisher.BitstringRefs(ref)
}

func write200(rw http.ResponseWriter, mediaType string, body []byte) {
	rw.Header().Set("Content-Type", mediaType)
	_, _ = rw.Write(body)
}

func writeAny(rw http.ResponseWriter, code int, v any) {
	body, err := strictjson.Marshal(v)
	if err != nil {
		panic(err)
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(code)
	_, _ = rw.Write(body)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, err error, code reason.Code) {
	t.Helper()
	if reason.Of(err) != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	if strings.Contains(fmt.Sprint(err), "\n") {
		t.Errorf("the error is not one line: %q", err)
	}
}

// cheapKey is derived once, at the least cost that is allowed: it opens like any other.
var cheapKey = sync.OnceValues(func() (*sealed.Key, error) {
	return sealed.DeriveKey([]byte(passphrase), []byte("0123456789abcdef"), sealed.Params{Time: sealed.MinTime, MemoryKiB: sealed.MinMemoryKiB, Threads: 1})
})

// newVault makes a vault in a fresh folder.
func newVault(t testing.TB) *Vault {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "wallet")
	check(t, sealed.MakeDir(dir))
	unlock, err := sealed.Lock(t.Context(), dir)
	check(t, err)
	k, err := cheapKey()
	check(t, err)
	v := &Vault{dir: dir, key: k, random: rand.Reader, unlock: unlock, disk: realDisk()}
	check(t, v.create(Settings{Registry: "https://registry.example.org", Trusted: []string{"did:key:z"}}))
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// wallet returns a fresh wallet of the town.
func (w *town) wallet() *Wallet { return w.over(newVault(w.t)) }

func (w *town) over(v *Vault) *Wallet {
	w.t.Helper()
	held, err := New(Config{
		Vault: v, Remote: w.fetch, Formats: w.formats, Resolver: w.keys, Status: w.lists, Now: w.now, Random: rand.Reader,
		Framework: func() *trustframework.Framework { w.mu.Lock(); defer w.mu.Unlock(); return w.framework },
	})
	check(w.t, err)
	return held
}

// receive lets a wallet collect what the town grants.
func (w *town) receive(held *Wallet) *Entry {
	w.t.Helper()
	got, err := held.Receive(w.t.Context(), w.offer(), w.taker())
	check(w.t, err)
	return got.Entries[0]
}

// taker agrees to everything.
func (w *town) taker() Collector { return Collector{Accept: w.agree} }

func (w *town) agree(OfferView) (string, error) { return w.txCode, nil }

// offer returns the link of an offer.
func (w *town) offer() string {
	o := &vci.Offer{Issuer: w.issuer.origin, Configurations: []string{"delegation"}}
	o.Grants.PreAuthorized = &vci.PreAuthorized{Code: "code-1"}
	if w.txCode != "" {
		o.Grants.PreAuthorized.TxCode = &vci.TxCode{InputMode: "numeric", Length: 6}
	}
	return vci.OfferLink{Offer: o}.String()
}

// delegation is what the surgery grants to holder: three permissions for one principal.
func (w *town) delegation(holder, issuer string) *credential.Credential {
	id := func() string { s, err := credential.NewID(rand.Reader); check(w.t, err); return s }
	p := func(resource, risk, constraint string, actions ...string) credential.Permission {
		return credential.Permission{ID: id(), Resource: resource, Actions: actions, Risk: risk, Constraint: credential.ParseConstraint([]byte(constraint))}
	}
	return &credential.Credential{
		ID: id(), Type: credential.TypeDelegation, Issuer: issuer, ValidFrom: w.now().Add(-time.Hour).Truncate(time.Second), ValidUntil: w.now().AddDate(0, 6, 0).Truncate(time.Second),
		Delegate: credential.Delegate{ID: holder, Kind: "person"}, OnBehalfOf: credential.Principal{ID: principal, Identifier: &credential.Identifier{System: numbers, Value: nhsNumber}},
		Relationship: "adult-to-adult", LegalBasis: "consent", GrantedBy: principal, Jurisdiction: []string{england}, Purposes: []string{purpose},
		Controllers: []string{controller}, Redelegation: credential.Redelegation{MaxDepth: 2, Kinds: []string{"person"}}, Prohibitions: []credential.Prohibition{},
		Assurance: &credential.Assurance{Principal: "high", Delegate: "high"},
		Permissions: []credential.Permission{
			p("appointments", "routine", `{}`, "view", "book", "cancel"),
			p("prescriptions/repeat", "routine", `{}`, "view", "request"),
			p("gp-record/test-results", "sensitive", `{"dateFrom":"2024-01-01","excludeCategories":["sexual-health"]}`, "view"),
		},
	}
}

// query asks for what the access needs, as the gateway of this project does.
func query(a vp.Access, below ...string) dcql.Query {
	no := false
	q := dcql.Query{Sets: []dcql.Set{{Options: [][]string{{"leaf"}, {"leaf_jwt"}, {"leaf_ldp"}}}, {Options: [][]string{{"above"}, {"above_jwt"}, {"above_ldp"}}, Required: &no}}}
	for i, format := range []string{vp.FormatSDJWT, vp.FormatVCJWT, vp.FormatLDP} {
		suffix := []string{"", "_jwt", "_ldp"}[i]
		c := dcql.Credential{ID: "leaf" + suffix, Format: format, Meta: dcql.Meta{VCTValues: []string{credential.VCTDelegation}}}
		if vp.W3C(format) {
			c.Meta = dcql.Meta{TypeValues: [][]string{{"VerifiableCredential", credential.TypeDelegation}}}
		}
		each := func(steps ...dcql.Step) dcql.Path {
			return vp.DelegationPath(format, "permission", append([]dcql.Step{dcql.Every()}, steps...)...)
		}
		c.Claims = []dcql.Claim{
			{ID: "here", Path: each(dcql.Member("resource")), Values: dcql.Strings(upwards(a.Resource)...)},
			{ID: "action", Path: each(dcql.Member("action"), dcql.Every()), Values: dcql.Strings(a.Action)},
			{ID: "assurance", Path: vp.DelegationPath(format, "identityAssurance")},
		}
		c.ClaimSets = [][]string{{"here", "action", "assurance"}, {"here", "action"}}
		if len(below) > 0 {
			c.Claims = append(c.Claims, dcql.Claim{ID: "below", Path: each(dcql.Member("resource")), Values: dcql.Strings(below...)})
			c.ClaimSets = append(c.ClaimSets, []string{"below", "action"})
		}
		above := c
		above.ID, above.Multiple, above.Binding = strings.Replace(c.ID, "leaf", "above", 1), true, &no
		q.Credentials = append(q.Credentials, c, above)
	}
	return q
}

func upwards(path string) []string {
	out := []string{path}
	for i := strings.LastIndexByte(path, '/'); i > 0; i = strings.LastIndexByte(path[:i], '/') {
		out = append(out, path[:i])
	}
	return out
}

func factsNamed(facts []Fact, name string) []string {
	var out []string
	for _, f := range facts {
		if f.Name == name {
			out = append(out, f.Value)
		}
	}
	slices.Sort(out)
	return out
}

// canceled returns a context that is over.
func canceled(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
