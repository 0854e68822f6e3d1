// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/command/commandtest"
)

func issuerRole() Role {
	return Role{&command.Program{Name: "behalf-issuer", In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Now: time.Now, Random: rand.Reader}, "issuer"}
}

// running is a server as an operator meets it.
type running struct {
	access Access
	seen   []string // method, path, token, key and body of each request
}

func serve(t *testing.T, status int, body string) *running {
	t.Helper()
	dir := t.TempDir()
	c, err := commandtest.Certify(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("canary\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &running{}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		got, _ := io.ReadAll(q.Body)
		r.seen = append(r.seen, strings.Join([]string{q.Method, q.URL.Path, q.Header.Get("Authorization"), q.Header.Get("Idempotency-Key"), string(got)}, "|"))
		w.Header().Set("Content-Type", "application/json")
		if status >= 400 {
			w.Header().Set("Content-Type", "application/problem+json")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{c.Pair}, MinVersion: tls.VersionTLS12}
	s.StartTLS()
	t.Cleanup(s.Close)
	r.access = Access{URL: s.URL + "/", TokenFile: token, CA: c.Cert}
	return r
}

func TestAdmin(t *testing.T) {
	r := serve(t, http.StatusCreated, `{"id":"dg-1"}`)
	a, err := issuerRole().Admin(r.access)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var got struct {
		ID string `json:"id"`
	}
	if err := a.Post(t.Context(), "/x", "key-1", []byte(`{"a":1}`), &got); err != nil || got.ID != "dg-1" {
		t.Error(got, err)
	}
	got.ID = ""
	if err := a.Get(t.Context(), "/y", &got); err != nil || got.ID != "dg-1" {
		t.Error(got, err)
	}
	if raw, err := a.Read(t.Context(), "/z"); err != nil || string(raw) != `{"id":"dg-1"}` {
		t.Error(string(raw), err)
	}
	want := []string{`POST|/x|Bearer canary|key-1|{"a":1}`, "GET|/y|Bearer canary||", "GET|/z|Bearer canary||"}
	if diff := cmp.Diff(want, r.seen); diff != "" {
		t.Error(diff)
	}
}

// TestAdminRefused shows what an operator is told of each refusal.
func TestAdminRefused(t *testing.T) {
	for body, want := range map[string]string{
		`{"reason":"token.invalid","detail":"x"}`:              "the server does not accept the admin token: give the right one with --token-file (token.invalid)",
		`{"reason":"object.unknown","detail":"there is none"}`: "there is none (object.unknown)",
		`{"reason":"of.tomorrow","title":"Not today"}`:         "the server refused: Not today",
		`<html>`: "is https://127.0.0.1:PORT an issuer?",
		``:       "the server answered with status 404",
	} {
		r := serve(t, http.StatusNotFound, body)
		a, err := issuerRole().Admin(r.access)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		err = a.Get(t.Context(), "/x", &struct{}{})
		if err == nil {
			t.Fatalf("%s: no error", body)
		}
		port := strings.TrimSuffix(strings.TrimPrefix(r.access.URL, "https://127.0.0.1:"), "/")
		if got := command.Explain(err); !strings.Contains(got, strings.Replace(want, "PORT", port, 1)) || strings.Contains(got, "canary") {
			t.Errorf("%s: %q", body, got)
		}
		if posted := a.Post(t.Context(), "/x", "", []byte("{}"), &struct{}{}); posted == nil || posted.Error() != err.Error() {
			t.Errorf("%s: %v, and %v", body, err, posted)
		}
	}
}

func TestAdminOutOfReach(t *testing.T) {
	r := serve(t, http.StatusOK, "{}")
	for name, c := range map[string]struct {
		change func(a *Access)
		want   string
	}{
		"plain http":   {func(a *Access) { a.URL = "http://issuer.example.org" }, "is not an https address"},
		"a user":       {func(a *Access) { a.URL = "https://me:secret@issuer.example.org" }, "is not an https address"},
		"a query":      {func(a *Access) { a.URL = "https://issuer.example.org?x=1" }, "is not an https address"},
		"nothing":      {func(a *Access) { a.URL = "" }, "is not an https address"},
		"no token":     {func(a *Access) { a.TokenFile += ".absent" }, "cli.config"},
		"no authority": {func(a *Access) { a.CA = a.TokenFile }, "holds no PEM certificate"},
		"untrusted":    {func(a *Access) { a.CA = "" }, "is not trusted: give its authority with --ca (fetch.tls)"},
		"nobody":       {func(a *Access) { a.URL = "https://127.0.0.1:1" }, "no issuer answers at https://127.0.0.1:1: start it with behalf-issuer serve"},
	} {
		t.Run(name, func(t *testing.T) {
			access := r.access
			c.change(&access)
			a, err := issuerRole().Admin(access)
			if err == nil {
				defer a.Close()
				err = a.Get(t.Context(), "/x", &struct{}{})
			}
			if err == nil || !strings.Contains(command.Explain(err), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
	if len(r.seen) != 0 {
		t.Errorf("the token went out: %d requests", len(r.seen))
	}
}

// TestLogs shows that the log of a server cannot act on a terminal.
func TestLogs(t *testing.T) {
	var log bytes.Buffer
	r := issuerRole()
	r.Err = &log
	r.Deps().Logger.Info("seen", "agent", "a\u202eb\x1b")
	if got := log.String(); command.Printable(strings.TrimSuffix(got, "\n")) != strings.TrimSuffix(got, "\n") || !strings.Contains(got, `\u202e`) {
		t.Errorf("%q", got)
	}
}
