// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
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
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/credential/status/snapshot"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/page"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/bolt"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/verifier"
)

// The parties and names of the base case (attacks.json, conventions): the defaults of the scenario file.
const (
	issuerID   = "did:web:hospital.test"
	attackerID = "did:web:attacker.test"
	gatewayID  = "did:web:gateway.test"
	origin     = "https://gateway.test"
	statusHost = "https://hospital.test"
	principal  = "urn:uuid:0d1f8a52-5a3c-4c39-9a51-6f8f1d0c7a11"
	controller = "https://directory.test/organisation/a81"
	clientText = "client-token-for-tests"
	sd, vc     = sdjwt.Name, vcjwt.Name
)

var began = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// clock is a hand that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world is an issuer with real status lists, the people, a framework, and a gateway with
// everything that it uses: real but for the network, which is a map.
type world struct {
	testing.TB
	clock     *clock
	docs      *documents
	issuer    did.Signer
	attacker  did.Signer
	gateway   did.Signer
	bob       did.Signer // the delegate
	carol     did.Signer // a second delegate
	framework *trustframework.Framework

	publisher   *publisher.Publisher
	allocator   *publisher.Allocator
	book        *publisher.Book
	offline     bool // the issuer cannot be reached
	attestation string
	anchors     []*x509.Certificate // that vouch for the gateway's host name
	fetches     map[string]int
	net         sync.Mutex // guards offline and fetches

	formats      credential.Formats
	pages        pages // metadata of issuers
	source       status.Source
	restrictions *restrictions
	records      store.Store
	log          *audit.Log
	logged       *bytes.Buffer // what the gateway logged
	figures      *figures
	cfg          verifier.Config
	*verifier.Gateway
	handler http.Handler
}

// restrictions is a list that tests change. fail makes it unreadable.
type restrictions struct {
	list []delegation.Restriction
	hook func(context.Context) ([]delegation.Restriction, error)
}

func (r *restrictions) InForce(ctx context.Context, who string) ([]delegation.Restriction, error) {
	if r.hook != nil {
		return r.hook(ctx)
	}
	var out []delegation.Restriction
	for _, one := range r.list {
		if one.Principal == who {
			out = append(out, one)
		}
	}
	return out, nil
}

// figures remembers the true reason of the last refusal by HTTP.
type figures struct {
	mu   sync.Mutex
	last reason.Code
}

func (*figures) ServeHTTP(http.ResponseWriter, *http.Request) {}
func (*figures) Begin()                                       {}
func (f *figures) Observe(o web.Observation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = o.Reason
}

// documents resolves the DIDs of the world, and did:key by itself.
type documents struct {
	mu   sync.Mutex
	docs map[string]*did.Document
	keys did.Resolver
	hook func(did.DID) (*did.Document, error, bool)
}

func (d *documents) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.hook != nil {
		if doc, err, mine := d.hook(id); mine {
			return doc, err
		}
	}
	if doc := d.docs[id.String()]; doc != nil {
		return doc, nil
	}
	if id.Method() != "key" {
		return nil, reason.New(reason.FetchNotAllowed, "nobody's host")
	}
	return d.keys.Resolve(ctx, id)
}

// put publishes keys for id, as k1, k2 and so on, under every relationship that signs.
func (d *documents) put(t testing.TB, id string, keys ...key.Signer) did.Signer {
	t.Helper()
	name := parseDID(t, id)
	doc := &did.Document{ID: name, Purposes: map[did.Relationship][]string{}}
	for i, k := range keys {
		fragment := "k" + string(rune('1'+i))
		u, err := name.WithFragment(fragment)
		must(t, err)
		doc.Methods = append(doc.Methods, did.Method{ID: u, Key: k.Public()})
		for _, r := range []did.Relationship{did.AssertionMethod, did.Authentication} {
			doc.Purposes[r] = append(doc.Purposes[r], fragment)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.docs[id] = doc
	return did.Signer{Signer: keys[0], Method: doc.Methods[0].ID}
}

func newKey(t testing.TB, alg key.Algorithm) *key.Private {
	t.Helper()
	k, err := key.Generate(alg, rand.Reader)
	must(t, err)
	return k
}

func parseDID(t testing.TB, s string) did.DID {
	t.Helper()
	id, err := did.Parse(s)
	must(t, err)
	return id
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newWorld returns a world over a store in memory.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, clock: &clock{at: began}}
	records, err := memory.New(memory.Config{Now: w.clock.now})
	must(t, err)
	return w.build(records)
}

// newBoltWorld returns a world over a store on disk.
func newBoltWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, clock: &clock{at: began}}
	records, err := bolt.Open(bolt.Config{Path: filepath.Join(t.TempDir(), "gateway.db"), Now: w.clock.now})
	must(t, err)
	t.Cleanup(func() { _ = records.Close() })
	return w.build(records)
}

func (w *world) build(records store.Store) *world {
	w.Helper()
	w.docs = &documents{docs: map[string]*did.Document{}, keys: didkey.New()}
	w.issuer = w.docs.put(w, issuerID, newKey(w, key.ES256))
	w.attacker = w.docs.put(w, attackerID, newKey(w, key.ES256))
	w.gateway = w.docs.put(w, gatewayID, newKey(w, key.ES256))
	w.bob, w.carol = w.holder(key.ES256), w.holder(key.ES256)
	w.framework = newFramework()
	w.fetches, w.restrictions, w.records = map[string]int{}, &restrictions{}, records
	w.logged, w.figures = &bytes.Buffer{}, &figures{}
	sdFormat, err := sdjwt.New(sdjwt.Config{Random: rand.Reader, Now: w.clock.now, Holders: w.docs})
	must(w, err)
	vcFormat, err := vcjwt.New(vcjwt.Config{})
	must(w, err)
	w.formats = credential.Formats{sdFormat, vcFormat}
	w.buildStatus()
	w.start(w.config("audit/"))
	return w
}

func (w *world) holder(alg key.Algorithm) did.Signer {
	w.Helper()
	s, err := didkey.Signer(newKey(w, alg))
	must(w, err)
	return s
}

// buildStatus makes the issuer's publisher and the gateway's view of it.
func (w *world) buildStatus() {
	w.Helper()
	records, err := memory.New(memory.Config{Now: w.clock.now})
	must(w, err)
	w.allocator, err = publisher.NewAllocator(publisher.AllocatorConfig{Store: records, Rand: rand.Reader, Epoch: 1})
	must(w, err)
	w.book, err = publisher.NewBook(records)
	must(w, err)
	w.publisher, err = publisher.New(publisher.Config{
		Book: w.book, Store: records, Base: statusHost + "/status", Now: w.clock.now,
		Signer: func() (did.Signer, error) { return w.issuer, nil },
	})
	must(w, err)
	w.buildSource()
}

// buildSource makes the gateway's view of status lists, which has seen none yet.
func (w *world) buildSource() {
	w.Helper()
	marks, err := memory.New(memory.Config{Now: w.clock.now})
	must(w, err)
	w.source, err = snapshot.New(snapshot.Config{
		Fetcher: w, Resolver: w.docs, Marks: marks, Now: w.clock.now,
		Signer: func(issuer, url string) (did.DID, bool) {
			if !w.framework.StatusHostAllowed(issuer, url) {
				return did.DID{}, false
			}
			return parseDID(w, issuer), true
		},
	})
	must(w, err)
}

// Get is the network: the issuer's status lists and nothing else.
func (w *world) Get(ctx context.Context, address string, want safehttp.Want) (safehttp.Response, error) {
	w.net.Lock()
	w.fetches[address]++
	offline := w.offline
	w.net.Unlock()
	kind, name, _ := strings.Cut(strings.TrimPrefix(address, statusHost+"/status/"), "/")
	var doc *publisher.Document
	var err error
	switch {
	case offline:
		return safehttp.Response{}, safehttp.ErrUnreachable
	case kind == "token":
		id, parseErr := publisher.ParseListID(name)
		must(w, parseErr)
		doc, err = w.publisher.Token(ctx, id)
	case kind == "bitstring":
		id, purpose, parseErr := publisher.ParseBitstringName(name)
		must(w, parseErr)
		doc, err = w.publisher.Bitstring(ctx, id, purpose)
	default:
		return safehttp.Response{}, safehttp.ErrUnreachable
	}
	if err != nil {
		return safehttp.Response{}, err
	}
	return safehttp.Response{Status: 200, Body: doc.Body, MediaType: doc.MediaType, ETag: doc.ETag}, nil
}

func (w *world) connections() int {
	w.net.Lock()
	defer w.net.Unlock()
	n := 0
	for _, c := range w.fetches {
		n += c
	}
	return n
}

// newFramework returns the framework and policy of the scenario file's defaults, as far as the base case needs them.
func newFramework() *trustframework.Framework {
	return &trustframework.Framework{
		ID: "tf:example-proxy", Version: 7, AsOf: began.Add(-5 * time.Minute), MaxAgeSeconds: 24 * 3600,
		Anchors: []string{"trust-root"}, Limits: trustframework.Limits{MaxChainLinks: 3, MaxAccreditationPath: 4},
		Relationships: map[string]trustframework.Relationship{
			"adult-to-adult": {LegalBases: []string{"consent"}, MaxRedelegation: 1, MaxValidityDays: 730},
		},
		Accreditations: []trustframework.Accreditation{{
			ID: "acc-proxy", Issuer: issuerID, AccreditedBy: "trust-root", Status: trustframework.Active,
			From: began.AddDate(-1, 0, 0), Until: began.AddDate(2, 0, 0),
			Types: []string{credential.TypeDelegation}, Relationships: []string{"adult-to-adult"}, LegalBases: []string{"*"},
			Jurisdictions: []string{"GB-ENG"}, Controllers: []string{controller}, Purposes: []string{"family-requested"},
			Resources: []string{"appointments", "prescriptions", "gp-record", "gp-record/test-results"},
			Actions:   []string{"view", "book", "cancel", "request"}, MaxRisk: "high", MinAssurance: "high",
		}},
		Controllers: map[string]trustframework.ControllerPolicy{controller: {
			Proxyable:    []string{"appointments", "prescriptions", "gp-record"},
			NotProxyable: []string{"gp-record/safeguarding"},
			Risk:         map[string]string{"gp-record/test-results": "sensitive"},
			ByRisk: map[string]trustframework.RiskPolicy{
				"routine":   {StatusMaxAge: 300},
				"sensitive": {StatusMaxAge: 300, Requires: []string{"audit:enhanced"}},
				"high":      {StatusMaxAge: 60, Requires: []string{"confirm"}, MinAssurance: "high"},
			},
		}},
		Parties: map[string]trustframework.Party{
			issuerID:   {Name: "Hospital", DIDHosts: []string{"hospital.test"}, StatusHosts: []string{statusHost}},
			attackerID: {Name: "Attacker", DIDHosts: []string{"attacker.test"}, StatusHosts: []string{"https://attacker.test"}},
		},
		Verifiers: []trustframework.Verifier{{
			ID: gatewayID, Name: "Larkhill", Controllers: []string{controller},
			Purposes: []string{"family-requested", "treatment"}, Resources: []string{"*"},
		}},
	}
}

// config returns what a gateway with its audit log at prefix is made of.
func (w *world) config(prefix string) verifier.Config {
	w.Helper()
	ctx := context.Background()
	logs := audit.Config{Store: w.records, Now: w.clock.now, Rand: rand.Reader, Prefix: prefix}
	log, err := audit.Open(ctx, logs)
	must(w, err)
	w.Cleanup(func() { _ = log.Close() })
	tags, err := audit.OpenTagger(ctx, logs)
	must(w, err)
	w.log = log
	return verifier.Config{
		ID: parseDID(w, gatewayID), Name: "Larkhill Road Surgery", Origin: origin,
		Signer:   func() (did.Signer, error) { return w.gateway, nil },
		Document: func() ([]byte, error) { return []byte(`{"id":"` + gatewayID + `"}`), nil },
		Store:    w.records, Audit: log, Tags: tags, Status: statusFunc(func(ctx context.Context, issuer string, ref credential.StatusRef) (status.State, time.Time, error) {
			return w.source.State(ctx, issuer, ref)
		}),
		Framework: func() *trustframework.Framework { return w.framework }, Restrictions: w.restrictions,
		Formats: w.formats, Resolver: w.docs, Issuers: w.issuers(), Now: w.clock.now, Random: rand.Reader,
		Logger: slog.New(slog.NewJSONHandler(&lockedWriter{to: w.logged}, nil)), Attestation: func() string { return w.attestation },
		Pages: pagesOf(w), Redirects: []string{returnTo, otherReturn},
	}
}

func pagesOf(t testing.TB) *page.Pages {
	t.Helper()
	p, err := page.New(page.Config{Name: "Larkhill Road Surgery", Origin: origin})
	must(t, err)
	return p
}

type statusFunc func(context.Context, string, credential.StatusRef) (status.State, time.Time, error)

func (f statusFunc) State(ctx context.Context, issuer string, ref credential.StatusRef) (status.State, time.Time, error) {
	return f(ctx, issuer, ref)
}

type lockedWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(p)
}

// start makes the gateway of cfg and what answers for it.
func (w *world) start(cfg verifier.Config) {
	w.Helper()
	g, err := verifier.New(cfg)
	must(w, err)
	w.cfg, w.Gateway, w.handler = cfg, g, w.serve(g)
}

// serve returns g behind the limits of every server.
func (w *world) serve(g *verifier.Gateway) http.Handler {
	w.Helper()
	client, err := web.NewSecret(clientText)
	must(w, err)
	server, err := web.New(web.Config{
		Name: "gateway", Handler: g.Handler(verifier.HTTPConfig{ClientToken: client}), Logger: slog.New(slog.DiscardHandler),
		Now: w.clock.now, Ready: func(context.Context) error { return nil }, OpenAPI: verifier.OpenAPI(), Metrics: w.figures,
	})
	must(w, err)
	return server.Handler()
}

// root returns the credential of the base case, with status entries of its own.
func (w *world) root(format string) *credential.Credential {
	w.Helper()
	ref, err := w.allocator.Allocate(context.Background())
	must(w, err)
	return &credential.Credential{
		ID: "urn:uuid:6f3c3f0a-1f0e-4f5c-8b53-2f4f8d3f4f01", Type: credential.TypeDelegation, Issuer: issuerID,
		ValidFrom: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), ValidUntil: time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC),
		Delegate:   credential.Delegate{ID: w.bob.Method.DID().String(), Kind: "person"},
		OnBehalfOf: credential.Principal{ID: principal}, Relationship: "adult-to-adult", LegalBasis: "consent", GrantedBy: principal,
		Jurisdiction: []string{"GB-ENG"}, Purposes: []string{"family-requested"}, Controllers: []string{controller},
		ReviewBy: time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC), Redelegation: credential.Redelegation{MaxDepth: 1, Kinds: []string{"person"}},
		Prohibitions: []credential.Prohibition{},
		Permissions: []credential.Permission{
			permission("p1", "appointments", "view", "book", "cancel"),
			permission("p2", "prescriptions/repeat", "view", "request"),
			permission("p3", "gp-record/test-results", "view"),
		},
		Assurance: &credential.Assurance{Principal: "high", Delegate: "high"},
		Framework: "tf:example-proxy", Status: w.statusOf(format, ref),
	}
}

func (w *world) statusOf(format string, ref publisher.Ref) []credential.StatusRef {
	if format == sd {
		return []credential.StatusRef{w.publisher.TokenRef(ref)}
	}
	return w.publisher.BitstringRefs(ref)
}

// refOf returns the index that c points to.
func (w *world) refOf(c *credential.Credential) publisher.Ref {
	w.Helper()
	list := c.Status[0].List
	name := list[strings.LastIndexByte(list, '/')+1:]
	id, err := publisher.ParseListID(name)
	if err != nil {
		id, _, err = publisher.ParseBitstringName(name)
	}
	must(w, err)
	return publisher.Ref{List: id, Index: c.Status[0].Index}
}

func permission(id, resource string, actions ...string) credential.Permission {
	return credential.Permission{ID: "urn:uuid:00000000-0000-4000-8000-0000000000" + id[len(id)-1:] + "0", Resource: resource, Actions: actions, Risk: "routine", Constraint: credential.ParseConstraint([]byte("{}"))}
}

func (w *world) seal(format string, c *credential.Credential, by did.Signer) []byte {
	w.Helper()
	raw, err := w.formats.Named(format).Seal(context.Background(), c, by)
	must(w, err)
	return raw
}

// booking is the access of the base case.
func booking() verifier.Access {
	return verifier.Access{
		Principal: principal, Resource: "appointments", Action: "book", Purpose: "family-requested", Controller: controller,
		Jurisdiction: "GB-ENG", Categories: []string{}, Assurance: "high",
	}
}

// session is one request to a wallet, as wallet and service know it.
type session struct {
	verifier.Asked
	request *vp.Request
}

// ask asks for a and fetches the request object, over HTTP.
func (w *world) ask(a verifier.Access) session {
	w.Helper()
	return w.askFor(verifier.Request{Access: a})
}

// askFor asks by a flow.
func (w *world) askFor(r verifier.Request) session {
	w.Helper()
	raw, err := json.Marshal(r)
	must(w, err)
	got := w.call("POST", "/v1/requests", "application/json", string(raw))
	if got.Code != http.StatusCreated {
		w.Fatalf("POST /v1/requests: %d %s", got.Code, got.Body)
	}
	var s session
	must(w, json.Unmarshal(got.Body.Bytes(), &s.Asked))
	return w.fetch(s)
}

func (w *world) fetch(s session) session {
	w.Helper()
	link, err := vp.ParseLink(s.DeepLink)
	must(w, err)
	if link.Unsigned != "" {
		query, err := url.ParseQuery(link.Unsigned)
		must(w, err)
		s.request, err = vp.ReadUnsigned(query)
		must(w, err)
		return s
	}
	got := w.call("GET", strings.TrimPrefix(link.RequestURI, origin), "", "") // as wallets without POST do
	if got.Code != http.StatusOK || link.RequestURI != s.RequestURI || link.Method != vp.MethodPost {
		w.Fatalf("GET request object: %d %s", got.Code, got.Body)
	}
	trust := vp.Trust{Keys: credential.Keys{Resolver: w.docs, At: w.clock.now()}, Anchors: w.anchors}
	s.request, err = trust.Open(context.Background(), got.Body.Bytes(), link.ClientID)
	must(w, err)
	return s
}

// call makes one HTTP request with the client's token.
func (w *world) call(method, path, contentType, body string) *httptest.ResponseRecorder {
	w.Helper()
	return w.callOn(w.handler, method, path, contentType, body)
}

func (w *world) callOn(h http.Handler, method, path, contentType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	r.Header.Set("Authorization", "Bearer "+clientText)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

// show presents raw of c as a wallet does: only what the query needs, with a proof by holder.
func (w *world) show(s session, format string, raw []byte, holder did.Signer) string {
	w.Helper()
	ctx := context.Background()
	f := w.formats.Named(format)
	out, err := f.(credential.Presenter).Present(ctx, w.selection(s, format, raw, queryOf(format)), w.binding(s), holder)
	must(w, err)
	return string(out)
}

// above discloses raw of a link above the leaf, without a holder proof.
func (w *world) above(s session, format string, raw []byte) string {
	w.Helper()
	out, err := w.formats.Named(format).(credential.Presenter).Disclose(w.selection(s, format, raw, parentsOf(format)))
	must(w, err)
	return string(out)
}

func (w *world) selection(s session, format string, raw []byte, query string) credential.Selection {
	w.Helper()
	f := w.formats.Named(format)
	v, err := credential.OpenIssued(context.Background(), f, raw, credential.Keys{Resolver: w.docs, At: w.clock.now()})
	must(w, err)
	id := vp.FormatID(format)
	show, ok, err := s.request.Query.Find(query).Match(vp.Candidate(v.Credential(), id, true))
	must(w, err)
	if !ok { // a wallet would stop here; the tests go on and see what the gateway says
		show = nil
	}
	return vp.Selection(v.Credential(), id, raw, show)
}

func (w *world) binding(s session) credential.Binding {
	agreed, err := s.request.TransactionFor("delegation")
	must(w, err)
	return credential.Binding{Audience: s.request.ClientID, Nonce: s.request.Nonce, At: w.clock.now(), TransactionData: agreed}
}

func queryOf(format string) string {
	return "delegation" + suffixOf(format)
}

func suffixOf(format string) string {
	switch vp.FormatID(format) {
	case vp.FormatVCJWT:
		return "_jwt"
	case vp.FormatLDP:
		return "_ldp"
	}
	return ""
}

func parentsOf(format string) string {
	return "parents" + suffixOf(format)
}

// result is what became of an answer, as wallet, service and operator see it.
type result struct {
	status  int         // HTTP status of the wallet's post
	problem string      // its type; "" where there is none
	shown   string      // the reason in its body
	code    reason.Code // the true reason, which the audit log or the operator's figures hold
	outcome string      // of the decision; "" where there is none
	body    string
}

// post answers s with token, over HTTP.
func (w *world) post(s session, token map[string][]string) result {
	w.Helper()
	form, err := vp.Response{State: s.request.State, Token: token}.FormFor(s.request)
	must(w, err)
	return w.postForm(s, form.Encode())
}

func (w *world) postForm(s session, form string) result {
	w.Helper()
	before := w.leaves()
	got := w.call("POST", "/vp/response/"+s.ID, "application/x-www-form-urlencoded", form)
	return w.judgement(got, before)
}

// judgement reads an answer together with what the operator can see.
func (w *world) judgement(got *httptest.ResponseRecorder, before int) result {
	w.Helper()
	out := result{status: got.Code, body: got.Body.String()}
	var body struct {
		Type     string `json:"type"`
		Reason   string `json:"reason"`
		Decision struct {
			Outcome string `json:"outcome"`
			Reason  string `json:"reason"`
		} `json:"delegation_decision"`
	}
	must(w, json.Unmarshal(got.Body.Bytes(), &body))
	out.problem, out.shown = body.Type, body.Reason
	if got.Code == http.StatusOK {
		out.shown = body.Decision.Reason
	}
	w.figures.mu.Lock()
	out.code = w.figures.last
	w.figures.mu.Unlock()
	switch after := w.leaves(); after - before {
	case 0:
	case 1:
		leaf := w.leaf(after)
		out.outcome, out.code = leaf.Outcome, leaf.Reasons[0]
		if got.Code == http.StatusOK && body.Decision.Outcome != leaf.Outcome {
			w.Fatalf("the wallet was told %s, the log says %s", body.Decision.Outcome, leaf.Outcome)
		}
	default:
		w.Fatalf("one answer left %d leaves", after-before)
	}
	return out
}

func (w *world) leaves() int {
	w.Helper()
	n := 0
	for _, err := range w.log.Leaves(context.Background(), 1, audit.MaxPage) {
		must(w, err)
		n++
	}
	return n
}

func (w *world) leaf(seq int) audit.Leaf {
	w.Helper()
	for leaf, err := range w.log.Leaves(context.Background(), uint64(seq), 1) {
		must(w, err)
		return leaf
	}
	w.Fatal("no such leaf")
	return audit.Leaf{}
}

// progress is what the service reads of s.
func (w *world) progress(s session) verifier.Progress {
	w.Helper()
	got := w.call("GET", "/v1/requests/"+s.ID, "", "")
	if got.Code != http.StatusOK {
		w.Fatalf("GET /v1/requests: %d %s", got.Code, got.Body)
	}
	var p verifier.Progress
	must(w, json.Unmarshal(got.Body.Bytes(), &p))
	return p
}
