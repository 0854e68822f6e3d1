// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/internal/sample"
	"github.com/behalf-id/behalf/trustframework/registry"
)

const token = "an-admin-token-of-the-tests"

func handler(t testing.TB, r *registry.Registry) http.Handler {
	t.Helper()
	secret, err := web.NewSecret(token)
	if err != nil {
		t.Fatal(err)
	}
	h, err := registry.Handler(r, registry.HTTPConfig{AdminToken: secret})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

type header map[string]string

// call makes one real request.
func call(t testing.TB, h http.Handler, method, path string, head header, body string) (*http.Response, []byte) {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	req, err := http.NewRequestWithContext(context.Background(), method, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range head {
		req.Header.Set(name, value)
	}
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, raw
}

func operator() header {
	return header{"Authorization": "Bearer " + token, "Content-Type": "application/json"}
}

// wantProblem wants the status and reason of a refusal.
func wantProblem(t *testing.T, res *http.Response, body []byte, status int, code reason.Code) {
	t.Helper()
	var problem struct {
		Type   string      `json:"type"`
		Reason reason.Code `json:"reason"`
	}
	if err := strictjson.Unmarshal(body, &problem); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	e, _ := reason.Lookup(code)
	if res.StatusCode != status || problem.Reason != code || problem.Type != "/problems/"+e.Problem || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%s %s, want %d %s", res.Status, body, status, code)
	}
}

func TestHTTPSnapshot(t *testing.T) {
	f := newFixture(t)
	h := handler(t, f.Registry)
	res, body := call(t, h, "GET", "/v1/snapshot", nil, "")
	wantProblem(t, res, body, 503, reason.TrustRegistryUnavailable)

	f.apply(t, nothing)
	res, body = call(t, h, "GET", "/v1/snapshot", nil, "")
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != trustframework.SnapshotMediaType || !bytes.Equal(body, f.current(t).Raw()) {
		t.Fatalf("%s %s", res.Status, res.Header)
	}
	if got := res.Header.Get("Cache-Control"); got != "public, max-age=15, must-revalidate" {
		t.Error(got)
	}
	etag := res.Header.Get("ETag")
	if res, body := call(t, h, "GET", "/v1/snapshot", header{"If-None-Match": etag}, ""); res.StatusCode != 304 || len(body) != 0 {
		t.Errorf("%s, %d bytes", res.Status, len(body))
	}
	f.clock.add(time.Hour) // signed anew: what the reader holds is no longer fresh
	res, _ = call(t, h, "GET", "/v1/snapshot", header{"If-None-Match": etag}, "")
	if res.StatusCode != 200 || res.Header.Get("ETag") == etag {
		t.Errorf("%s %s", res.Status, res.Header.Get("ETag"))
	}
}

// TestHTTPAttestation has a verifier's attestation, which is signed once for each snapshot.
func TestHTTPAttestation(t *testing.T) {
	f := newFixture(t)
	h := handler(t, f.Registry)
	path := "/v1/attestations/" + url.PathEscape(sample.Gateway)
	res, body := call(t, h, "GET", path, nil, "")
	wantProblem(t, res, body, 503, reason.TrustRegistryUnavailable)

	f.apply(t, nothing)
	res, first := call(t, h, "GET", path, nil, "")
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != trustframework.AttestationMediaType {
		t.Fatalf("%s %s", res.Status, first)
	}
	a, err := trustframework.OpenAttestation(first, f.Keys(), f.clock.now())
	if err != nil || a.Verifier.ID != sample.Gateway || a.Version != 1 {
		t.Fatalf("%+v, %v", a, err)
	}
	if _, again := call(t, h, "GET", path, nil, ""); !bytes.Equal(first, again) {
		t.Error("it was signed again for the same snapshot")
	}
	f.clock.add(time.Hour)
	if _, later := call(t, h, "GET", path, nil, ""); bytes.Equal(first, later) {
		t.Error("it was not signed anew with the snapshot")
	}
	res, body = call(t, h, "GET", "/v1/attestations/did%3Aweb%3Anobody.example.org", nil, "")
	wantProblem(t, res, body, 404, reason.ObjectUnknown)
	f.apply(t, func(f *trustframework.Framework) { f.Verifiers = nil })
	res, body = call(t, h, "GET", path, nil, "")
	wantProblem(t, res, body, 404, reason.ObjectUnknown)
}

func TestHTTPLog(t *testing.T) {
	f := newFixture(t)
	h := handler(t, f.Registry)
	for i := range registry.MaxPage + 2 {
		f.apply(t, age(int64(1000+i)))
	}
	type entry struct {
		Version  int       `json:"version"`
		Previous string    `json:"previous"`
		Content  string    `json:"content"`
		Digest   string    `json:"digest"`
		Applied  time.Time `json:"applied"`
	}
	var page struct {
		Entries []entry `json:"entries"`
	}
	seen := 0
	digest := ""
	for seen < registry.MaxPage+2 {
		_, body := call(t, h, "GET", "/v1/log?after="+strconv.Itoa(seen), nil, "")
		if err := strictjson.Unmarshal(body, &page); err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entries {
			if e.Version != seen+1 || e.Previous != digest || e.Digest != trustframework.ChainDigest(e.Version, e.Previous, e.Content) {
				t.Fatalf("%+v after %d", e, seen)
			}
			seen, digest = e.Version, e.Digest
		}
	}
	if _, body := call(t, h, "GET", "/v1/log?after="+strconv.Itoa(seen), nil, ""); string(body) != `{"entries":[]}` {
		t.Errorf("%s", body)
	}
	for _, bad := range []string{"after=x", "after=-1", "after=1&after=2", "after=99999999999"} {
		if res, body := call(t, h, "GET", "/v1/log?"+bad, nil, ""); res.StatusCode != 400 {
			t.Errorf("%s: %s %s", bad, res.Status, body)
		}
	}
}

func TestHTTPVersion(t *testing.T) {
	f := newFixture(t)
	h := handler(t, f.Registry)
	f.apply(t, nothing)
	first := f.current(t)
	f.apply(t, age(1800))
	res, body := call(t, h, "GET", "/v1/log/2", nil, "")
	if res.StatusCode != 200 || !bytes.Contains(body, []byte(`"changes":["~ maxAgeSeconds: 3600 → 1800"]`)) || !bytes.Contains(body, []byte(`"framework":{"id":"tf:sample","version":2`)) {
		t.Errorf("%s %s", res.Status, body)
	}
	if res, body := call(t, h, "GET", "/v1/log/1/snapshot", nil, ""); res.StatusCode != 200 || !bytes.Equal(body, first.Raw()) {
		t.Errorf("%s", res.Status)
	}
	for _, n := range []string{"0", "3", "-1", "01", "+1", "x", "99999999999999999999"} {
		res, body := call(t, h, "GET", "/v1/log/"+n, nil, "")
		wantProblem(t, res, body, 404, reason.ObjectUnknown)
		res, body = call(t, h, "GET", "/v1/log/"+n+"/snapshot", nil, "")
		wantProblem(t, res, body, 404, reason.ObjectUnknown)
	}
}

func TestHTTPAdmin(t *testing.T) {
	f := newFixture(t)
	h := handler(t, f.Registry)
	content := func(do func(*trustframework.Framework)) string {
		tf := sample.Framework()
		do(tf)
		raw, err := strictjson.Marshal(tf)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	res, body := call(t, h, "GET", "/admin/v1/framework", operator(), "")
	wantProblem(t, res, body, 503, reason.TrustRegistryUnavailable)
	res, body = call(t, h, "POST", "/admin/v1/framework/preview", operator(), content(nothing))
	if res.StatusCode != 200 || !bytes.HasPrefix(body, []byte(`{"changes":["+ `)) {
		t.Fatalf("%s %s", res.Status, body)
	}
	if _, err := f.Export(context.Background()); err == nil {
		t.Fatal("a preview applied something")
	}
	if res, body = call(t, h, "POST", "/admin/v1/framework", operator(), content(nothing)); res.StatusCode != 200 || !bytes.HasPrefix(body, []byte(`{"version":1,"changes":["+ `)) {
		t.Fatalf("%s %s", res.Status, body)
	}
	if res, body = call(t, h, "POST", "/admin/v1/framework", operator(), content(nothing)); res.StatusCode != 200 || string(body) != `{"version":1,"changes":[]}` {
		t.Fatalf("%s %s", res.Status, body)
	}
	if res, body = call(t, h, "GET", "/admin/v1/framework", operator(), ""); res.StatusCode != 200 {
		t.Fatalf("%s %s", res.Status, body)
	}
	if back, err := trustframework.Read(body); err != nil || back.Version != 1 || len(trustframework.Diff(back, sample.Framework())) != 0 {
		t.Fatalf("%v", err)
	}
	for name, c := range map[string]struct {
		body   string
		status int
		code   reason.Code
	}{
		"stale base":    {content(func(tf *trustframework.Framework) { tf.Version, tf.MaxAgeSeconds = 7, 900 }), 409, reason.IdempotencyMismatch},
		"look-alike":    {content(func(tf *trustframework.Framework) { tf.Verifiers[0].ID = "did:web:Proxy.example.org" }), 409, reason.RegistryIdentifierAmbiguous},
		"duplicate":     {content(func(tf *trustframework.Framework) { tf.Verifiers = append(tf.Verifiers, tf.Verifiers[0]) }), 409, reason.RegistryIdentifierAmbiguous},
		"person":        {content(func(tf *trustframework.Framework) { tf.Verifiers[0].ID = "did:key:z6MkhaXgBZDvotDkL5257" }), 422, reason.RegistryPersonalData},
		"wildcard":      {content(func(tf *trustframework.Framework) { tf.Verifiers[0].Purposes = []string{"*"} }), 422, reason.RegistryWildcard},
		"not JSON":      {"id: x", 400, reason.JSONSyntax},
		"twice":         {`{"id":"a","id":"b"}`, 400, reason.JSONDuplicateName},
		"unknown":       {`{"identifier":"a"}`, 400, reason.JSONType},
		"over the body": {strings.Repeat(" ", 1<<20+1), 413, reason.LimitBody},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/admin/v1/framework", "/admin/v1/framework/preview"} {
				res, body := call(t, h, "POST", path, operator(), c.body)
				wantProblem(t, res, body, c.status, c.code)
			}
		})
	}
	res, body = call(t, h, "POST", "/admin/v1/framework", header{"Authorization": "Bearer " + token, "Content-Type": "text/yaml"}, content(nothing))
	wantProblem(t, res, body, 415, reason.HTTPMediaType)
}

// The write without any authority of attack REG-11. Its code there is that of the approval by a
// second person, which this registry does not have: one who has no token is not known at all.
func TestHTTPAdminNeedsToken(t *testing.T) {
	f := newFixture(t)
	h := handler(t, f.Registry)
	raw, err := strictjson.Marshal(sample.Framework())
	if err != nil {
		t.Fatal(err)
	}
	for name, head := range map[string]header{
		"none": {}, "wrong": {"Authorization": "Bearer wrong"}, "empty": {"Authorization": "Bearer "},
		"basic": {"Authorization": "Basic " + token}, "prefix": {"Authorization": "Bearer " + token[:len(token)-1]},
		"host": {"X-Forwarded-Host": "localhost", "X-Forwarded-User": "admin"},
	} {
		t.Run(name, func(t *testing.T) {
			head["Content-Type"] = "application/json"
			for _, c := range [][2]string{{"POST", "/admin/v1/framework"}, {"POST", "/admin/v1/framework/preview"}, {"GET", "/admin/v1/framework"}} {
				res, body := call(t, h, c[0], c[1], head, string(raw))
				wantProblem(t, res, body, 401, reason.TokenInvalid)
			}
		})
	}
	if _, err := f.Export(context.Background()); reason.Of(err) != reason.TrustRegistryUnavailable {
		t.Fatal("something was applied")
	}
	if _, err := registry.Handler(f.Registry, registry.HTTPConfig{}); err == nil {
		t.Fatal("a handler without a token")
	}
	if _, err := registry.Handler(nil, registry.HTTPConfig{}); err == nil {
		t.Fatal("a handler without a registry")
	}
}

func TestHTTPKeysAndDocument(t *testing.T) {
	f := newFixture(t)
	_, body := call(t, handler(t, f.Registry), "GET", "/.well-known/behalf-registry", nil, "")
	var doc struct {
		Keys []string `json:"keys"`
	}
	if err := strictjson.UnmarshalClosed(body, &doc); err != nil {
		t.Fatal(err)
	}
	keys, err := trustframework.TrustedKeys(doc.Keys)
	if err != nil || len(keys) != 1 || !keys[0].Equal(f.signer.Public()) {
		t.Fatalf("%s, %v", body, err)
	}
	if res, _ := call(t, handler(t, f.Registry), "GET", "/.well-known/did.json", nil, ""); res.StatusCode != 404 {
		t.Errorf("a did:key has a document at %s", res.Status)
	}

	for method, path := range map[string]string{
		"did:web:registry.example.org#k1": "/.well-known/did.json", "did:web:registry.example.org:tf#k1": "/tf/did.json",
	} {
		u, err := did.ParseURL(method)
		if err != nil {
			t.Fatal(err)
		}
		r, err := registry.New(registry.Config{
			Store: f.store, Now: f.clock.now, Signer: did.Signer{Signer: f.signer, Method: u}, Announce: []key.Public{f.signer.Public()},
		})
		if err != nil {
			t.Fatal(err)
		}
		res, body := call(t, handler(t, r), "GET", path, nil, "")
		d, err := did.ReadDocument(body, u.DID(), f.clock.now())
		if err != nil || res.Header.Get("Content-Type") != did.MediaType {
			t.Fatalf("%s: %s, %v", path, res.Status, err)
		}
		if k, err := d.Key(u, did.AssertionMethod, f.clock.now()); err != nil || !k.Equal(f.signer.Public()) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// The description names the paths that there are, and each is answered.
func TestOpenAPI(t *testing.T) {
	var doc struct {
		OpenAPI string                                 `json:"openapi"`
		Paths   map[string]map[string]strictjson.Value `json:"paths"`
	}
	if err := strictjson.Unmarshal(registry.OpenAPI(), &doc); err != nil || doc.OpenAPI != "3.1.0" {
		t.Fatal(err)
	}
	f := newFixture(t)
	h := handler(t, f.Registry)
	var got []string
	for path, methods := range doc.Paths {
		for method := range methods {
			got = append(got, strings.ToUpper(method)+" "+path)
			if path == "/.well-known/did.json" {
				continue
			}
			mux, ok := h.(*http.ServeMux)
			if !ok {
				t.Fatal("not a mux: web cannot name the routes")
			}
			r := httptest.NewRequest(strings.ToUpper(method), strings.ReplaceAll(path, "{version}", "1"), nil)
			if _, pattern := mux.Handler(r); pattern != strings.ToUpper(method)+" "+path {
				t.Errorf("%s %s is answered by %q", method, path, pattern)
			}
		}
	}
	if len(got) != 10 {
		slices.Sort(got)
		t.Errorf("%d operations: %v", len(got), got)
	}
	for _, ref := range regexp.MustCompile(`"\$ref": "#/([^"]+)"`).FindAllSubmatch(registry.OpenAPI(), -1) {
		var at map[string]strictjson.Value
		raw := strictjson.Value(registry.OpenAPI())
		for _, step := range strings.Split(string(ref[1]), "/") {
			at = nil
			if err := strictjson.Unmarshal(raw, &at); err != nil || at[step] == nil {
				t.Fatalf("%s leads nowhere", ref[1])
			}
			raw = at[step]
		}
	}
}
