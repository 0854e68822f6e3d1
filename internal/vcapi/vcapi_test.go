// SPDX-License-Identifier: Apache-2.0

package vcapi_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didjwk"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/vcapi"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
)

// now is when all tests happen.
var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// server is an API behind a real server with TLS on a loopback address.
type server struct {
	t      testing.TB
	api    *vcapi.API
	dir    string
	origin string
	dids   map[string]string
	client *http.Client
}

func start(t testing.TB) *server {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "vcapi")
	if err := sealed.MakeDir(dir); err != nil {
		t.Fatal(err)
	}
	return startIn(t, dir)
}

func startIn(t testing.TB, dir string) *server {
	t.Helper()
	listener, err := web.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, dir: dir, origin: "https://" + listener.Addr().String()}
	s.api = open(t, dir, s.origin)
	s.dids = s.api.DIDs()
	cert, private, err := vcapi.Certificate(dir, "127.0.0.1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	config, err := web.LoadTLS(cert, private)
	if err != nil {
		t.Fatal(err)
	}
	w, err := web.New(web.Config{
		Name: "vc-api", Handler: s.api.Handler(), Listener: listener, TLS: config, Logger: slog.New(slog.DiscardHandler),
		Now: time.Now, Ready: func(context.Context) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(ctx) }()
	pem, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	s.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := s.api.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func resolver(t testing.TB) *did.Mux {
	t.Helper()
	mux, err := did.NewMux(map[string]did.Resolver{didkey.Method: didkey.New(), didjwk.Method: didjwk.New()})
	if err != nil {
		t.Fatal(err)
	}
	return mux
}

func open(t testing.TB, dir, origin string) *vcapi.API {
	t.Helper()
	api, err := vcapi.Open(t.Context(), vcapi.Config{
		Dir: dir, Origin: origin, Resolver: resolver(t), Now: func() time.Time { return now }, Random: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// answer is what a server answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// member returns the value at a path of member names.
func (a answer) member(t testing.TB, path ...string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// code returns the code of the first error.
func (a answer) code(t testing.TB) reason.Code {
	t.Helper()
	list, _ := a.member(t, "errors").([]any)
	if len(list) == 0 {
		return ""
	}
	code, _ := list[0].(map[string]any)["code"].(string)
	return reason.Code(code)
}

func (s *server) send(method, path, mediaType string, body []byte) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.origin+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if mediaType != "" {
		r.Header.Set("Content-Type", mediaType)
	}
	return s.do(r)
}

func (s *server) do(r *http.Request) answer {
	s.t.Helper()
	res, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if res.StatusCode == http.StatusInternalServerError {
		s.t.Errorf("%s %s: an answer 500: %s", r.Method, r.URL.Path, raw)
	}
	return answer{res.StatusCode, res.Header, raw}
}

func (s *server) post(path string, body any) answer {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	a := s.send(http.MethodPost, path, "application/json", raw)
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Content-Type") != "application/json" {
		s.t.Errorf("%s: %v", path, a.header)
	}
	return a
}

// doc is a JSON object.
type doc = map[string]any

func parse(t testing.TB, text string) doc {
	t.Helper()
	var d doc
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// degree returns a credential of version 2.0 by the issuer called name.
func (s *server) degree(name string) doc {
	return parse(s.t, `{"@context":["https://www.w3.org/ns/credentials/v2","https://www.w3.org/ns/credentials/examples/v2"],
		"id":"urn:uuid:0d6f5c9e-3a61-4a2b-9c56-2f1b0f3f7c11","type":["VerifiableCredential","ExampleDegreeCredential"],
		"issuer":{"id":"`+s.dids[name]+`","name":"A university"},"validFrom":"2026-01-01T00:00:00Z",
		"credentialSubject":{"id":"did:example:subject","degree":{"type":"ExampleBachelorDegree","name":"Bachelor of Science"}}}`)
}

// degreeV1 is the same of version 1.1.
func (s *server) degreeV1(name string) doc {
	return parse(s.t, `{"@context":["https://www.w3.org/2018/credentials/v1",{"DegreeCredential":"https://example.org/#DegreeCredential","degree":"https://example.org/#degree"}],
		"type":["VerifiableCredential","DegreeCredential"],"issuer":"`+s.dids[name]+`","issuanceDate":"2026-01-01T00:00:00Z",
		"credentialSubject":{"id":"did:example:subject","degree":"Bachelor of Science"}}`)
}

func (s *server) issuePath(name string) string { return "/issuers/" + name + "/credentials/issue" }

// issue issues d and returns the secured credential.
func (s *server) issue(name string, d doc, options doc) doc {
	s.t.Helper()
	body := doc{"credential": d}
	if options != nil {
		body["options"] = options
	}
	a := s.post(s.issuePath(name), body)
	if a.status != http.StatusCreated {
		s.t.Fatalf("%s: %d %s", name, a.status, a.body)
	}
	vc, ok := a.member(s.t, "verifiableCredential").(doc)
	if !ok {
		s.t.Fatalf("%s: %s", name, a.body)
	}
	return vc
}

// shown returns what a verifier is shown of vc: what was derived from it, where its suite demands that.
func (s *server) shown(name string, vc doc) doc {
	s.t.Helper()
	if !selective(name) {
		return vc
	}
	pointers := []string{"/credentialSubject", "/issuer"}
	for _, name := range []string{"validFrom", "validUntil", "issuanceDate", "credentialStatus"} {
		if vc[name] != nil {
			pointers = append(pointers, "/"+name)
		}
	}
	a := s.post("/credentials/derive", doc{"verifiableCredential": vc, "options": doc{"selectivePointers": pointers}})
	if a.status != http.StatusCreated {
		s.t.Fatalf("derive %s: %d %s", name, a.status, a.body)
	}
	return parse(s.t, string(a.body))
}

func selective(name string) bool {
	return strings.HasPrefix(name, "ecdsa-sd") || strings.HasPrefix(name, "bbs")
}

func (s *server) verify(vc any, options doc) answer {
	s.t.Helper()
	body := doc{"verifiableCredential": vc}
	if options != nil {
		body["options"] = options
	}
	return s.post("/credentials/verify", body)
}

func (s *server) verifies(what string, vc any) {
	s.t.Helper()
	if a := s.verify(vc, nil); a.status != http.StatusOK || a.member(s.t, "verified") != true {
		s.t.Errorf("%s: %d %s", what, a.status, a.body)
	}
}

// refused expects 400 or 422 and verified false.
func (s *server) refused(what string, a answer, want reason.Code) {
	s.t.Helper()
	if a.status != http.StatusBadRequest && a.status != http.StatusUnprocessableEntity {
		s.t.Errorf("%s: %d %s", what, a.status, a.body)
		return
	}
	if got := a.code(s.t); got == "" || want != "" && got != want {
		s.t.Errorf("%s: %q, want %q: %s", what, got, want, a.body)
	}
}

func clone(t testing.TB, d doc) doc {
	t.Helper()
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(raw))
}

// names returns the issuers, sorted.
func (s *server) names() []string { return slices.Sorted(maps.Keys(s.dids)) }
