// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/verifier"
)

// controllersService is a controller's system that is asked over https.
type controllersService struct {
	testing.TB
	server *httptest.Server
	answer http.HandlerFunc
	asked  []*http.Request
	bodies []string
	logged bytes.Buffer
	*verifier.HTTPRestrictions
}

func newService(t testing.TB, answer http.HandlerFunc) *controllersService {
	t.Helper()
	s := &controllersService{TB: t, answer: answer}
	s.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.asked, s.bodies = append(s.asked, r), append(s.bodies, string(body))
		s.answer(w, r)
	}))
	t.Cleanup(s.server.Close)
	s.HTTPRestrictions = s.source(strings.TrimPrefix(s.server.URL, "https://"))
	return s
}

// source returns a source that may reach private, a host and port.
func (s *controllersService) source(private ...string) *verifier.HTTPRestrictions {
	s.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(s.server.Certificate())
	client, err := safehttp.New(safehttp.Config{Private: private, Roots: roots, Now: time.Now})
	must(s, err)
	token, err := web.NewSecret("controllers-token")
	must(s, err)
	source, err := verifier.NewHTTPRestrictions(verifier.HTTPRestrictionsConfig{
		URL: s.server.URL + "/restrictions", Token: token, Client: client, Logger: slog.New(slog.NewJSONHandler(&s.logged, nil)),
	})
	must(s, err)
	return source
}

// says answers with a body of JSON.
func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}
}

// TestHTTPRestrictions shows what is asked, and what is made of the answer.
func TestHTTPRestrictions(t *testing.T) {
	s := newService(t, says(`{"restrictions":[{"principal":"urn:p:1","kind":"x"},{"principal":"urn:p:1","resource":"gp-record","delegate":"did:example:b","kind":"y"}]}`))
	want := []delegation.Restriction{{Principal: "urn:p:1", Kind: "x"}, {Principal: "urn:p:1", Resource: "gp-record", Delegate: "did:example:b", Kind: "y"}}
	for n := 1; n <= 3; n++ { // nothing is kept: each question is asked, the same one too
		got, err := s.InForce(t.Context(), "urn:p:1")
		if diff := cmp.Diff(want, got); err != nil || diff != "" || len(s.asked) != n {
			t.Fatal(err, diff, len(s.asked))
		}
	}
	r := s.asked[0]
	if r.Method != "POST" || r.URL.String() != "/restrictions" || r.Header.Get("Authorization") != "Bearer controllers-token" ||
		r.Header.Get("Content-Type") != "application/json" || s.bodies[0] != `{"principal":"urn:p:1"}` {
		t.Errorf("%s %s %v %s", r.Method, r.URL, r.Header, s.bodies[0])
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "If-") || name == "Cookie" {
			t.Errorf("%s is sent", name)
		}
	}
	s.answer = says(`{"restrictions":[]}`)
	if got, err := s.InForce(t.Context(), "urn:p:1"); err != nil || len(got) != 0 {
		t.Error(err, got)
	}
}

// TestHTTPRestrictionsRefused shows that every answer but a good one is an error, whose log line names nobody.
func TestHTTPRestrictionsRefused(t *testing.T) {
	one := `{"principal":"urn:p:1","kind":"x"}`
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Location", "/other")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, `{"restrictions":[]}`)
		}
	}
	header := func(name, value string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set(name, value)
			_, _ = io.WriteString(w, `{"restrictions":[]}`)
		}
	}
	for name, answer := range map[string]http.HandlerFunc{
		"another person": says(`{"restrictions":[` + one + `,{"principal":"urn:p:2","kind":"x"}]}`),
		"no list":        says(`{}`),
		"null":           says(`{"restrictions":null}`),
		"no object":      says(`[]`),
		"an item null":   says(`{"restrictions":[null]}`),
		"unknown member": says(`{"restrictions":[],"more":1}`),
		"unknown inside": says(`{"restrictions":[{"principal":"urn:p:1","until":"x"}]}`),
		"twice":          says(`{"restrictions":[` + one + `],"restrictions":[]}`),
		"other case":     says(`{"Restrictions":[]}`),
		"bad resource":   says(`{"restrictions":[{"principal":"urn:p:1","resource":"*"}]}`),
		"bad delegate":   says(`{"restrictions":[{"principal":"urn:p:1","delegate":"bob"}]}`),
		"cut off":        says(`{"restrictions":[`),
		"empty":          says(``),
		"too many":       says(`{"restrictions":[` + strings.Repeat(one+",", verifier.MaxRestrictions) + one + `]}`),
		"too large":      says(`{"restrictions":[]` + strings.Repeat(" ", verifier.MaxRestrictionsAnswer) + `}`),
		"text":           header("Content-Type", "text/plain"),
		"no type":        header("Content-Type", ""),
		"compressed":     header("Content-Encoding", "gzip"),
		"out of a cache": header("Age", "1"),
		"201":            status(201), "204": status(204), "302": status(302), "304": status(304), "307": status(307),
		"401": status(401), "404": status(404), "429": status(429), "500": status(500), "503": status(503),
		"hung up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, answer)
			if got, err := s.InForce(t.Context(), "urn:p:1"); err == nil || got != nil {
				t.Errorf("%v", got)
			}
			if text := s.logged.String(); !strings.Contains(text, "cannot be read") || strings.Contains(text, "urn:p") || strings.Contains(text, "controllers-token") {
				t.Error(text)
			}
		})
	}
	s := newService(t, says(`{"restrictions":[]}`))
	if _, err := s.source().InForce(t.Context(), "urn:p:1"); reason.Of(err) != reason.FetchBlocked {
		t.Errorf("a private address that nobody listed: %v", err)
	}
	s.server.Close()
	if _, err := s.InForce(t.Context(), "urn:p:1"); err == nil {
		t.Error("a service that is not there restricts nothing")
	}
}

// slowPoster is a service that never answers.
type slowPoster struct{}

func (slowPoster) Post(ctx context.Context, _, _ string, _ []byte, _ safehttp.Want) (safehttp.Response, error) {
	<-ctx.Done()
	return safehttp.Response{}, ctx.Err()
}

// TestHTTPRestrictionsSlow shows that a service has two seconds, and that the gateway then denies.
func TestHTTPRestrictionsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		cfg := w.cfg
		cfg.Restrictions = sourceOf(t, slowPoster{})
		w.start(cfg)
		begin := time.Now()
		_, got := w.answer(sd, nil)
		w.expect(got, reason.InternalIndeterminate)
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func sourceOf(t testing.TB, p verifier.Poster) *verifier.HTTPRestrictions {
	t.Helper()
	token, err := web.NewSecret("t")
	must(t, err)
	source, err := verifier.NewHTTPRestrictions(verifier.HTTPRestrictionsConfig{URL: "https://records.test", Token: token, Client: p, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	return source
}

// TestHTTPRestrictionsParts takes each part of the configuration away in turn.
func TestHTTPRestrictionsParts(t *testing.T) {
	token, err := web.NewSecret("t")
	must(t, err)
	whole := verifier.HTTPRestrictionsConfig{URL: "https://records.test", Token: token, Client: slowPoster{}, Logger: slog.New(slog.DiscardHandler)}
	for _, spoil := range []func(*verifier.HTTPRestrictionsConfig){
		func(c *verifier.HTTPRestrictionsConfig) { c.URL = "" }, func(c *verifier.HTTPRestrictionsConfig) { c.Token = web.Secret{} },
		func(c *verifier.HTTPRestrictionsConfig) { c.Client = nil }, func(c *verifier.HTTPRestrictionsConfig) { c.Logger = nil },
	} {
		cfg := whole
		spoil(&cfg)
		if _, err := verifier.NewHTTPRestrictions(cfg); err == nil {
			t.Errorf("%+v", cfg)
		}
	}
	if _, err := new(verifier.HTTPRestrictions).InForce(t.Context(), "a"); err == nil {
		t.Error("the zero source restricts nothing")
	}
}

// fixedPoster answers with a body.
type fixedPoster string

func (f fixedPoster) Post(context.Context, string, string, []byte, safehttp.Want) (safehttp.Response, error) {
	return safehttp.Response{Status: 200, MediaType: "application/json", Body: []byte(f)}, nil
}

// FuzzHTTPRestrictions shows that what is accepted is about the person asked for, and what a file may hold.
func FuzzHTTPRestrictions(f *testing.F) {
	for _, seed := range []string{`{"restrictions":[]}`, `{"restrictions":[{"principal":"a","kind":"x","resource":"gp-record","delegate":"*"}]}`,
		`{"restrictions":null}`, `{"restrictions":[{"principal":"b"}]}`, `[]`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := sourceOf(t, fixedPoster(body)).InForce(t.Context(), "a")
		if err != nil && got != nil {
			t.Error("an answer and an error")
		}
		raw, _ := json.Marshal(got)
		for _, r := range got {
			if r.Principal != "a" || err != nil {
				t.Errorf("%s", raw)
			}
		}
	})
}
