// SPDX-License-Identifier: Apache-2.0

package resolution_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didjwk"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/did/didweb"
	"github.com/behalf-id/behalf/did/didwebvh"
	"github.com/behalf-id/behalf/did/resolution"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/memory"
)

func start() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }

func mustParse(t testing.TB, s string) did.DID {
	t.Helper()
	id, err := did.Parse(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return id
}

func generate(t testing.TB, alg key.Algorithm) *key.Private {
	t.Helper()
	k, err := key.Generate(alg, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// web is what the resolvers behind the handler see: files by their address.
type web struct {
	files   map[string][]byte
	fail    error
	fetched atomic.Int64
	now     time.Time
}

// Get implements didweb.Fetcher.
func (w *web) Get(_ context.Context, url string, _ safehttp.Want) (safehttp.Response, error) {
	w.fetched.Add(1)
	if w.fail != nil {
		return safehttp.Response{}, w.fail
	}
	if body, ok := w.files[url]; ok {
		return safehttp.Response{Status: 200, Body: body}, nil
	}
	return safehttp.Response{}, &safehttp.StatusError{Status: 404}
}

// server is a real server with the handler, over all four methods.
func server(t testing.TB, w *web, change func(*resolution.Config)) *httptest.Server {
	t.Helper()
	now := func() time.Time { return w.now }
	if w.now.IsZero() {
		w.now = start()
	}
	seen, err := memory.New(memory.Config{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	allowed := func(host string) bool { return strings.HasSuffix(strings.TrimSuffix(host, ":8443"), "h.test") }
	onWeb, err := didweb.New(didweb.Config{Fetch: w, Allowed: allowed, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	onLog, err := didwebvh.New(didwebvh.Config{Fetch: w, Allowed: allowed, Now: now, Seen: seen})
	if err != nil {
		t.Fatal(err)
	}
	mux, err := did.NewMux(map[string]did.Resolver{"key": didkey.New(), "jwk": didjwk.New(), "web": onWeb, "webvh": onLog, "mute": mute{}})
	if err != nil {
		t.Fatal(err)
	}
	cfg := resolution.Config{Resolver: mux, Now: now, Computed: []string{"key", "jwk"}, Rate: resolution.MaxRate}
	if change != nil {
		change(&cfg)
	}
	h, err := resolution.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// mute is a resolver that describes nothing.
type mute struct{}

func (mute) Resolve(context.Context, did.DID) (*did.Document, error) {
	return nil, reason.New(reason.InternalIndeterminate, "")
}

// reply is an answer, read as a result where it is one.
type reply struct {
	status    int
	mediaType string
	header    http.Header
	body      string

	Document   map[string]any `json:"didDocument"`
	Resolution struct {
		ContentType string `json:"contentType"`
		Error       any    `json:"error"`
	} `json:"didResolutionMetadata"`
	Metadata map[string]any `json:"didDocumentMetadata"`

	Content       any `json:"content"`
	Dereferencing struct {
		ContentType string `json:"contentType"`
		Error       any    `json:"error"`
	} `json:"dereferencingMetadata"`
}

func get(t testing.TB, s *httptest.Server, path string, accept ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+resolution.Prefix+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header["Accept"] = accept
	answer, err := (&http.Transport{}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := reply{status: answer.StatusCode, mediaType: answer.Header.Get("Content-Type"), header: answer.Header, body: string(raw)}
	if strings.HasPrefix(got.mediaType, "application/did-") {
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
	}
	return got
}

// problem is the error of a result, its type without the namespace.
func (r reply) problem(t testing.TB) (kind, code string) {
	t.Helper()
	e := r.Resolution.Error
	if r.mediaType == "application/did-url-dereferencing" {
		e = r.Dereferencing.Error
	}
	p, ok := e.(map[string]any)
	if !ok {
		return "", ""
	}
	for _, member := range []string{"type", "title", "detail"} {
		if s, ok := p[member].(string); !ok || s == "" {
			t.Errorf("%s has no %s", r.body, member)
		}
	}
	kind, _ = p["type"].(string)
	code, _ = p["reason"].(string)
	return strings.TrimPrefix(kind, "https://www.w3.org/ns/did#"), code
}

func document(t testing.TB, id string, k key.Public, more string) []byte {
	t.Helper()
	raw, err := did.WriteDocument(mustParse(t, id), []did.Publication{{Fragment: "k1", Key: k, Relationships: []did.Relationship{did.AssertionMethod}}})
	if err != nil {
		t.Fatal(err)
	}
	return append(raw[:len(raw)-1], more+"}"...)
}

// Lines 91 and 92 of the conformance list: forms of the DID and of the answer.
func TestForms(t *testing.T) {
	s := server(t, &web{}, nil)
	id, _ := didkey.FromKey(generate(t, key.EdDSA).Public())
	text := id.String()
	for _, path := range []string{text, url.PathEscape(text), strings.ReplaceAll(text, ":", "%3A"), strings.ReplaceAll(text, ":", "%3a"), "did:key%3A" + id.ID()} {
		for _, accept := range [][]string{
			nil, {"*/*"}, {"application/*"}, {"application/did-resolution"}, {"text/html, application/did;q=0.5, application/did-resolution"},
			{"text/html, */*;q=0.1"}, {"text/html", "application/did-resolution"},
		} {
			got := get(t, s, path, accept...)
			if got.status != 200 || got.mediaType != "application/did-resolution" || got.Document["id"] != text ||
				got.Resolution.ContentType != "application/did" || got.Resolution.Error != nil || got.Metadata == nil {
				t.Errorf("%s, %v: %d %s %s", path, accept, got.status, got.mediaType, got.body)
			}
		}
	}
	for accept, mediaType := range map[string]string{
		"application/did":                             "application/did",
		"application/did+ld+json":                     "application/did+ld+json",
		"application/did+json":                        "application/did+json",
		"application/did; q=0.9, text/html":           "application/did",
		"application/did;q=0.1, application/did+json": "application/did+json",
		"APPLICATION/DID":                             "application/did",
	} {
		got := get(t, s, text, accept)
		var doc map[string]any
		if err := json.Unmarshal([]byte(got.body), &doc); err != nil || got.status != 200 || got.mediaType != mediaType || doc["id"] != text || doc["didDocument"] != nil {
			t.Errorf("%s: %d %s %s", accept, got.status, got.mediaType, got.body)
		}
	}
	for _, accept := range []string{
		"text/html", "application/json", "application/did;q=0", "application/did;q=2", "application/did;q=x", "rubbish", ",", `application/did;x="` + strings.Repeat("a", resolution.MaxAccept) + `"`, strings.Repeat("text/html,", 200) + "*/*",
	} {
		got := get(t, s, text, accept)
		kind, _ := got.problem(t)
		if got.status != 406 || kind != "REPRESENTATION_NOT_SUPPORTED" || got.Document != nil || got.mediaType != "application/did-resolution" {
			t.Errorf("%s: %d %s", accept, got.status, got.body)
		}
	}
}

// Lines 93 to 95: errors, in both forms, and their status.
func TestErrors(t *testing.T) {
	w := &web{files: map[string][]byte{"https://bad.h.test/.well-known/did.json": []byte(`{"id":"did:web:other.h.test","secret":"inside"}`)}}
	s := server(t, w, nil)
	old := server(t, w, func(c *resolution.Config) { c.Errors = resolution.Strings })
	id, _ := didkey.FromKey(generate(t, key.EdDSA).Public())
	for path, want := range map[string]struct {
		status             int
		kind, code, legacy string
	}{
		"not-a-did":             {400, "INVALID_DID", "did.syntax", "invalidDid"},
		"":                      {400, "INVALID_DID", "did.syntax", "invalidDid"},
		"did:example":           {400, "INVALID_DID", "did.syntax", "invalidDid"},
		"did:example:":          {400, "INVALID_DID", "did.syntax", "invalidDid"},
		"did%3A":                {400, "INVALID_DID", "did.syntax", "invalidDid"},
		"DID:web:h.test":        {400, "INVALID_DID", "did.syntax", "invalidDid"},
		"did:example:123":       {501, "METHOD_NOT_SUPPORTED", "did.method_unsupported", "methodNotSupported"},
		"did:mute:123":          {501, "FEATURE_NOT_SUPPORTED", "did.method_unsupported", "featureNotSupported"},
		"did:key:abc":           {400, "INVALID_DID", "did.key_invalid", "invalidDid"},
		"did:key:z6Mk":          {400, "INVALID_DID", "did.key_invalid", "invalidDid"},
		"did:jwk:e30":           {400, "INVALID_DID", "did.key_invalid", "invalidDid"},
		"did:web:127.0.0.1":     {400, "INVALID_DID", "", "invalidDid"},
		"did:web:h.test:..":     {400, "INVALID_DID", "did.syntax", "invalidDid"},
		"did:web:h.test":        {404, "NOT_FOUND", "", "notFound"},
		"did:web:bad.h.test":    {500, "INVALID_DID_DOCUMENT", "did.document_mismatch", "invalidDidDocument"},
		"did:web:attacker.test": {403, "/problems/fetch-blocked", "fetch.not_allowed", "notAllowed"},
		"did:webvh:" + strings.Repeat("Q", 46) + ":x":    {403, "/problems/fetch-blocked", "fetch.not_allowed", "notAllowed"},
		id.String() + "?nonsense=1":                      {400, "INVALID_OPTIONS", "", "invalidOptions"},
		id.String() + "?versionId":                       {400, "INVALID_OPTIONS", "", "invalidOptions"},
		id.String() + "?versionId=1&versionId=2":         {400, "INVALID_OPTIONS", "http.duplicate_param", "invalidOptions"},
		id.String() + "%3FnoCache=true%26noCache=true":   {400, "INVALID_OPTIONS", "", "invalidOptions"},
		id.String() + "?versionTime=yesterday":           {400, "INVALID_OPTIONS", "", "invalidOptions"},
		id.String() + "?versionNumber=0":                 {400, "INVALID_OPTIONS", "", "invalidOptions"},
		id.String() + "?publicKeyFormat=PGP":             {400, "INVALID_OPTIONS", "", "invalidOptions"},
		id.String() + "?enableEncryptionKeyDerivation=1": {400, "INVALID_OPTIONS", "", "invalidOptions"},
		id.String() + "?versionId=1":                     {501, "FEATURE_NOT_SUPPORTED", "did.method_unsupported", "featureNotSupported"},
		id.String() + "?expandRelativeUrls=true":         {501, "FEATURE_NOT_SUPPORTED", "", "featureNotSupported"},
		"did:web:h.test?publicKeyFormat=Multikey":        {501, "FEATURE_NOT_SUPPORTED", "did.method_unsupported", "featureNotSupported"},
		strings.Repeat("a", resolution.MaxTarget+1):      {400, "INVALID_DID", "", "invalidDid"},
	} {
		got := get(t, s, path)
		kind, code := got.problem(t)
		if got.status != want.status || kind != want.kind || code != want.code || got.Document != nil || got.Metadata == nil || len(got.Metadata) != 0 {
			t.Errorf("%.80s: %d %s", path, got.status, got.body)
		}
		if !strings.Contains(got.body, `"didDocument":null`) || strings.Contains(got.body, "inside") || got.mediaType != "application/did-resolution" {
			t.Errorf("%.80s: %s", path, got.body)
		}
		if got := get(t, old, path); got.status != want.status || got.Resolution.Error != want.legacy {
			t.Errorf("%.80s: %d %s", path, got.status, got.body)
		}
	}
	if got := get(t, old, id.String(), "text/html"); got.status != 406 || got.Resolution.Error != "representationNotSupported" {
		t.Errorf("%d %s", got.status, got.body)
	}
	for name, c := range map[string]struct {
		err    error
		status int
		kind   string
	}{
		"no such server":   {safehttp.ErrUnreachable, 404, "NOT_FOUND"},
		"bad TLS":          {reason.New(reason.FetchTLS, "secret"), 404, "NOT_FOUND"},
		"a redirect":       {reason.New(reason.FetchRedirect, "secret"), 404, "NOT_FOUND"},
		"an inner address": {reason.New(reason.FetchBlocked, "secret"), 400, "INVALID_DID"},
		"too large":        {reason.New(reason.FetchLimit, "secret"), 500, "INVALID_DID_DOCUMENT"},
		"a caller gone":    {reason.Wrap(reason.InternalIndeterminate, "secret", context.Canceled), 500, "INTERNAL_ERROR"},
		"our own store":    {reason.New(reason.StorageUnavailable, "secret"), 500, "INTERNAL_ERROR"},
	} {
		w.fail = c.err
		got := get(t, s, "did:web:h.test")
		if kind, _ := got.problem(t); got.status != c.status || kind != c.kind || strings.Contains(got.body, "secret") {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

func TestMethods(t *testing.T) {
	s := server(t, &web{}, nil)
	id, _ := didkey.FromKey(generate(t, key.EdDSA).Public())
	for method, want := range map[string]int{"POST": 405, "PUT": 405, "DELETE": 405, "HEAD": 200, "GET": 200} {
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL+resolution.Prefix+id.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: %d", method, answer.StatusCode)
		}
	}
}

// The options of did:key and did:jwk, lines 97 to 99.
func TestOptions(t *testing.T) {
	s := server(t, &web{}, nil)
	id, _ := didkey.FromKey(generate(t, key.EdDSA).Public())
	count := func(got reply, name string) int {
		list, _ := got.Document[name].([]any)
		return len(list)
	}
	if got := get(t, s, id.String()+"?publicKeyFormat=JsonWebKey&noCache=true"); got.status != 200 || !strings.Contains(got.body, `"publicKeyJwk"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := get(t, s, "did%3Akey%3A1%3A"+id.ID()); got.status != 200 || got.Document["id"] != "did:key:1:"+id.ID() {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := get(t, s, id.String()+"?enableEncryptionKeyDerivation=true"); got.status != 200 || count(got, "keyAgreement") != 1 || count(got, "verificationMethod") != 2 {
		t.Errorf("%d %s", got.status, got.body)
	}
	for _, path := range []string{id.String() + "?enableEncryptionKeyDerivation=false", id.String(), id.String() + "%3FpublicKeyFormat=Multikey"} {
		if got := get(t, s, path); got.status != 200 || count(got, "keyAgreement") != 0 || count(got, "assertionMethod") != 1 {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	jwk, _ := didjwk.FromKey(generate(t, key.ES256).Public())
	if got := get(t, s, jwk.String()); got.status != 200 || count(got, "keyAgreement") != 1 || got.Document["id"] != jwk.String() {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// A did:web document comes as it was received, whatever is unknown in it.
func TestWeb(t *testing.T) {
	k := generate(t, key.ES256).Public()
	w := &web{files: map[string][]byte{
		"https://h.test/.well-known/did.json": document(t, "did:web:h.test", k, `,"unknown":{"kept":[1,2]}`),
		"https://h.test:8443/a/b/did.json":    document(t, "did:web:h.test%3A8443:a:b", k, ""),
	}}
	s := server(t, w, nil)
	got := get(t, s, "did:web:h.test", "application/did")
	if got.body != string(w.files["https://h.test/.well-known/did.json"]) {
		t.Errorf("%s", got.body)
	}
	for _, path := range []string{"did:web:h.test%3A8443:a:b", "did%3Aweb%3Ah.test%253A8443%3Aa%3Ab"} {
		if got := get(t, s, path); got.status != 200 || got.Document["id"] != "did:web:h.test%3A8443:a:b" {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

// A log of three versions, the last of which is the end.
func webvh(t *testing.T, w *web) (id string, first, second string) {
	t.Helper()
	k := generate(t, key.EdDSA)
	service := `,"service":[{"id":"#own","type":"A","serviceEndpoint":"https://own.h.test/base/x"},{"id":"#map","type":"A","serviceEndpoint":{}},{"id":"#far","type":"A","serviceEndpoint":"urn:x:y"}]`
	made, log, err := didwebvh.Create(t.Context(), didwebvh.Change{
		Time: start().Add(-72 * time.Hour), Document: []byte(`{"@context":["https://www.w3.org/ns/did/v1"],"id":"did:webvh:{SCID}:h.test:a"` + service + `}`), UpdateKeys: []key.Public{k.Public()},
	}, k)
	if err != nil {
		t.Fatal(err)
	}
	if log, err = didwebvh.Update(t.Context(), log, didwebvh.Change{Time: start().Add(-48 * time.Hour)}, k); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(log), "\n")
	version := func(line string) string {
		var e struct{ VersionID string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		return e.VersionID
	}
	w.files = map[string][]byte{"https://h.test/a/did.jsonl": log}
	end, err := didwebvh.Deactivate(t.Context(), log, start().Add(-24*time.Hour), k)
	if err != nil {
		t.Fatal(err)
	}
	w.files["end"] = end
	return made.String(), version(lines[0]), version(lines[1])
}

func TestVersions(t *testing.T) {
	w := &web{}
	id, first, second := webvh(t, w)
	s := server(t, w, nil)
	for query, want := range map[string]string{
		"":                                  second,
		"?versionNumber=1":                  first,
		"?versionId=" + first:               first,
		"?versionId=" + second:              second,
		"?versionTime=2026-11-20T09:59:59Z": first,
		"?versionTime=2026-11-20T10:00:00Z": second,
		"%3FversionNumber=1":                first,
	} {
		got := get(t, s, id+query)
		if got.status != 200 || got.Metadata["versionId"] != want || got.Metadata["created"] != "2026-11-19T10:00:00Z" || got.Metadata["scid"] == nil || got.Document["id"] != id {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
	for query, want := range map[string]int{
		"?versionNumber=3": 404, "?versionId=3-Q": 404, "?versionTime=2020-01-01T00:00:00Z": 404, "?versionNumber=1&versionId=" + first: 400,
	} {
		if got := get(t, s, id+query); got.status != want || got.Document != nil {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
}

// Line 94: a deactivated DID is 410, says so, and shows its last document with the metadata alone.
func TestDeactivated(t *testing.T) {
	w := &web{}
	id, first, _ := webvh(t, w)
	w.files["https://h.test/a/did.jsonl"] = w.files["end"]
	s := server(t, w, nil)
	got := get(t, s, id)
	if got.status != 410 || got.Metadata["deactivated"] != true || got.Resolution.Error != nil || got.Document["id"] != id {
		t.Errorf("%d %s", got.status, got.body)
	}
	for path, accept := range map[string]string{id: "application/did", id + "%23own": "application/did", id + "/whois": "text/uri-list"} {
		if got := get(t, s, path, accept); got.status != 410 || got.body != "" || got.header.Get("Location") != "" {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if got := get(t, s, id+"?versionNumber=1"); got.status != 200 || got.Metadata["versionId"] != first || got.Metadata["deactivated"] != true {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// Line 96: fragments, services and paths.
func TestDereference(t *testing.T) {
	w := &web{}
	id, _, _ := webvh(t, w)
	s := server(t, w, nil)
	made, u := didkey.FromKey(generate(t, key.EdDSA).Public())
	for _, path := range []string{url.PathEscape(u.String()), made.String() + "%23" + u.Fragment()} {
		for accept, mediaType := range map[string]string{
			"": "application/did", "application/did+ld+json": "application/did+ld+json", "application/did-resolution": "application/did",
			"application/did": "application/did", "*/*": "application/did",
		} {
			got := get(t, s, path, accept)
			var method struct{ ID, Type string }
			if err := json.Unmarshal([]byte(got.body), &method); err != nil || got.status != 200 || got.mediaType != mediaType || method.ID != u.String() || method.Type != "Multikey" {
				t.Errorf("%s, %s: %d %s %s", path, accept, got.status, got.mediaType, got.body)
			}
		}
		got := get(t, s, path, "application/did-url-dereferencing")
		if content, ok := got.Content.(map[string]any); !ok || content["id"] != u.String() || got.status != 200 || got.Dereferencing.ContentType != "application/did" {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	for to, want := range map[string]string{
		"?service=own":                          "https://own.h.test/base/x",
		"?service=own&relativeRef=y":            "https://own.h.test/base/y",
		"?service=own&relativeRef=%2Fz%3Fq%3D1": "https://own.h.test/z?q=1",
		"?service=files":                        "https://h.test/a/",
		"?service=whois":                        "https://h.test/a/whois.vp",
		"/whois":                                "https://h.test/a/whois.vp",
		"%2Fwhois":                              "https://h.test/a/whois.vp",
		"/governance/issuers.json":              "https://h.test/a/governance/issuers.json",
		"/a%20b/%C3%BC":                         "https://h.test/a/a%20b/%C3%BC",
		"/x%3Fy":                                "",
	} {
		got := get(t, s, id+to, "text/uri-list")
		if want == "" {
			if got.status != 400 {
				t.Errorf("%s: %d %s", to, got.status, got.body)
			}
			continue
		}
		if got.status != 303 || got.header.Get("Location") != want || got.mediaType != "text/uri-list" || got.body != want+"\r\n" {
			t.Errorf("%s: %d %s %s", to, got.status, got.header.Get("Location"), got.body)
		}
	}
	if got := get(t, s, id+"?service=own", "application/did-url-dereferencing"); got.status != 200 || got.Content != "https://own.h.test/base/x" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestDereferenceRefuses(t *testing.T) {
	w := &web{}
	id, _, _ := webvh(t, w)
	s := server(t, w, nil)
	made, _ := didkey.FromKey(generate(t, key.EdDSA).Public())
	for path, want := range map[string]struct {
		status int
		kind   string
	}{
		made.String() + "%23absent":                {404, "NOT_FOUND"},
		made.String() + "%23":                      {400, "INVALID_DID_URL"},
		made.String() + "%23a%2Fb":                 {400, "INVALID_DID_URL"},
		made.String() + "%23a%23b":                 {400, "INVALID_DID_URL"},
		made.String() + "/path":                    {501, "FEATURE_NOT_SUPPORTED"},
		made.String() + "?service=files":           {404, "NOT_FOUND"},
		made.String() + "?relativeRef=/x":          {400, "INVALID_DID_URL"},
		made.String() + "%3Fservice=x?versionId=1": {400, "INVALID_DID_URL"},
		id + "?service=absent":                     {404, "NOT_FOUND"},
		id + "?service=map":                        {501, "FEATURE_NOT_SUPPORTED"},
		id + "?service=far":                        {400, "INVALID_DID"},
		id + "/path?service=own":                   {400, "INVALID_DID_URL"},
		id + "%23own?service=own":                  {400, "INVALID_DID_URL"},
		id + "?service=own&relativeRef=" + url.QueryEscape("//evil.test/"):        {400, "INVALID_DID_URL"},
		id + "?service=own&relativeRef=" + url.QueryEscape("https://evil.test/"):  {400, "INVALID_DID_URL"},
		id + "?service=own&relativeRef=" + url.QueryEscape("http://own.h.test/"):  {400, "INVALID_DID_URL"},
		id + "?service=own&relativeRef=" + url.QueryEscape("../../x"):             {400, "INVALID_DID_URL"},
		id + "?service=own&relativeRef=" + url.QueryEscape("%2e%2e/x"):            {400, "INVALID_DID_URL"},
		id + "?service=own&relativeRef=" + url.QueryEscape(`\\evil.test`):         {400, "INVALID_DID_URL"},
		id + "?service=own&relativeRef=" + strings.Repeat("a", resolution.MaxURL): {400, "INVALID_DID_URL"},
		id + "/a/%2E%2E/%2E%2E/b": {400, "INVALID_DID_URL"},
		id + "%2F..%2Fb":          {400, "INVALID_DID_URL"},
	} {
		got := get(t, s, path, "*/*")
		if kind, _ := got.problem(t); got.status != want.status || kind != want.kind {
			t.Errorf("%.120s: %d %s", path, got.status, got.body)
		}
		got = get(t, s, path, "application/did-url-dereferencing")
		if kind, _ := got.problem(t); got.status != want.status || kind != want.kind || got.Content != nil {
			t.Errorf("%.120s: %d %s", path, got.status, got.body)
		}
	}
	if got := get(t, s, id+"/whois", "application/did"); got.status != 406 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestAttacks(t *testing.T) {
	t.Run("DID-21", attackOpenProxy)
}

// Nobody makes us fetch from a host that is not listed, or from a listed one as often as he likes,
// and nothing of what lies there comes back in an error.
func attackOpenProxy(t *testing.T) {
	w := &web{files: map[string][]byte{"https://h.test/.well-known/did.json": []byte(`{"secret":"of the inside"}`)}}
	s := server(t, w, func(c *resolution.Config) { c.Rate = 5 })
	for _, host := range []string{"attacker.test", "h.test.attacker.test", "169-254-169-254.attacker.test", "internal"} {
		got := get(t, s, "did:web:"+host)
		if kind, code := got.problem(t); got.status != 403 || code != "fetch.not_allowed" || kind != "/problems/fetch-blocked" || w.fetched.Load() != 0 {
			t.Errorf("%s: %d %s", host, got.status, got.body)
		}
	}
	got := get(t, s, "did:web:h.test")
	if got.status != 500 || strings.Contains(got.body, "inside") || w.fetched.Load() != 1 {
		t.Errorf("%d %s", got.status, got.body)
	}
	for range 3 {
		got := get(t, s, "did:web:h.test")
		if _, code := got.problem(t); got.status != 429 || code != "limit.rate" || w.fetched.Load() != 1 {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	id, _ := didkey.FromKey(generate(t, key.EdDSA).Public())
	if got := get(t, s, id.String()); got.status != 200 {
		t.Errorf("did:key needs no network: %d", got.status)
	}
	w.now = w.now.Add(12 * time.Second) // room for one
	for i, want := range []int{500, 429} {
		if got := get(t, s, "did:web:h.test"); got.status != want || w.fetched.Load() != 2 {
			t.Errorf("%d: %d %s", i, got.status, got.body)
		}
	}
	w.now = w.now.Add(-time.Hour) // a clock put back makes no room
	if got := get(t, s, "did:web:h.test"); got.status != 429 {
		t.Errorf("%d %s", got.status, got.body)
	}
	w.now = w.now.Add(time.Hour) // nor does one that is set right again
	if got := get(t, s, "did:web:h.test"); got.status != 429 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestNewRefuses(t *testing.T) {
	mux, err := did.NewMux(map[string]did.Resolver{"key": didkey.New()})
	if err != nil {
		t.Fatal(err)
	}
	ok := resolution.Config{Resolver: mux, Now: start}
	if _, err := resolution.New(ok); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*resolution.Config){
		"no resolver":       func(c *resolution.Config) { c.Resolver = nil },
		"no clock":          func(c *resolution.Config) { c.Now = nil },
		"rate below zero":   func(c *resolution.Config) { c.Rate = -1 },
		"rate too high":     func(c *resolution.Config) { c.Rate = resolution.MaxRate + 1 },
		"no form of errors": func(c *resolution.Config) { c.Errors = 2 },
	} {
		c := ok
		change(&c)
		if h, err := resolution.New(c); err == nil || h != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Whatever is asked, there is an answer in a form of the specification, and never a fetch from
// a host that is not listed.
func FuzzServe(f *testing.F) {
	w := &web{}
	s := server(f, w, func(c *resolution.Config) { c.Now = func() time.Time { return time.Unix(0, 0) } })
	for _, p := range []string{"did:key:z6Mk#a", "did:web:h.test%3A1", "did%3Aweb%3Ah.test%23k?service=a", "did:webvh:Q:h.test/../x", "?", "did:web:evil.test/%2e"} {
		f.Add(p, "*/*")
	}
	f.Add("did:key:z", "application/did;q=0.1, text/*")
	f.Fuzz(func(t *testing.T, path, accept string) {
		r, err := http.NewRequest(http.MethodGet, "http://resolver.test"+resolution.Prefix+path, nil)
		if err != nil {
			return
		}
		r.Header.Set("Accept", accept)
		rec := httptest.NewRecorder()
		s.Config.Handler.ServeHTTP(rec, r)
		if rec.Code < 200 || rec.Code == 500 && strings.Contains(rec.Body.String(), "INTERNAL") || rec.Code > 501 {
			t.Fatalf("%q: %d %s", path, rec.Code, rec.Body)
		}
	})
}
