// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
)

type problem struct {
	Type, Title, Instance, Reason string
	Status                        int
}

func problemOf(t *testing.T, w *httptest.ResponseRecorder) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal(w.Body.Bytes(), &p, json.MatchCaseInsensitiveNames(true), json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	if p.Status != w.Code || w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%+v with status %d and %v", p, w.Code, w.Header())
	}
	return p
}

// TestProblems writes every code there is for every audience: each sees what the table lets it see, and
// nothing of detail or cause.
func TestProblems(t *testing.T) {
	base, err := web.NewProblems("https://docs.example.org/behalf")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range reason.All() {
		for _, a := range []reason.Audience{reason.Delegate, reason.Service, reason.Operator} {
			w := httptest.NewRecorder()
			w.Header().Set("X-Request-ID", "0123456789abcdef")
			w.Header().Set("ETag", `"x"`)
			base.Write(w, a, fmt.Errorf("op: %w", reason.Wrap(e.Code, "hush", errors.New("hush"))))
			got := problemOf(t, w)
			want := e
			if e.Problem == "" {
				want, _ = reason.Lookup(reason.InternalIndeterminate)
			}
			shown := want.Code.For(a)
			if got.Type != "https://docs.example.org/behalf/problems/"+want.Problem || got.Status != want.Status || got.Reason != string(shown) ||
				got.Instance != "urn:behalf:request:0123456789abcdef" || got.Title == "" {
				t.Errorf("%s for %d: %+v", e.Code, a, got)
			}
			if strings.Contains(w.Body.String(), "hush") || w.Header().Get("ETag") != "" {
				t.Errorf("%s: %s", e.Code, w.Body)
			}
		}
	}
	for _, err := range []error{nil, errors.New("hush"), context.Canceled, reason.New("made.up", "hush")} {
		w := httptest.NewRecorder()
		web.Problem(w, reason.Operator, err)
		if got := problemOf(t, w); got.Type != "/problems/dependency-failed" || got.Status != 503 || got.Reason != "internal.indeterminate" || got.Instance != "" {
			t.Errorf("%v: %+v", err, got)
		}
	}
}

// TestTooMuch tells a program what of its question is too much, with a code that else never crosses HTTP.
func TestTooMuch(t *testing.T) {
	w := httptest.NewRecorder()
	w.Header().Set("X-Request-ID", "0123456789abcdef")
	web.Problems{}.TooMuch(w, reason.New(reason.VerifierNotEntitled, "hush"), []string{"purpose"})
	const want = `{"type":"/problems/forbidden","title":"This is not allowed","status":403,"instance":"urn:behalf:request:0123456789abcdef",` +
		`"reason":"verifier.not_entitled","too_much":["purpose"]}`
	if w.Code != 403 || strings.TrimSpace(w.Body.String()) != want || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestSameShape: codes of one class that an audience may not see are told from one another by nothing.
func TestSameShape(t *testing.T) {
	seen := map[string]string{}
	for _, e := range reason.All() {
		if e.Problem == "" || e.Code.For(reason.Delegate) != "" {
			continue
		}
		w := httptest.NewRecorder()
		web.Problem(w, reason.Delegate, reason.New(e.Code, ""))
		class := fmt.Sprint(e.Problem, e.Status)
		all := fmt.Sprint(w.Code, w.Header(), w.Body)
		if other, ok := seen[class]; ok && other != all {
			t.Errorf("%s differs: %s, %s", e.Code, all, other)
		}
		seen[class] = all
	}
	show := func(c reason.Code) string {
		w := httptest.NewRecorder()
		web.Problem(w, reason.Service, reason.New(c, ""))
		return fmt.Sprint(w.Code, w.Header(), w.Body)
	}
	if show(reason.ControllerRestriction) != show(reason.ControllerNotProxyable) {
		t.Error("a restriction can be told from what is not proxyable")
	}
}

func TestNewProblems(t *testing.T) {
	for _, base := range []string{"http://a.example", "https://a.example/", "https://", "a", "https://u@a.example", "https://a.example?x", "https://a.example#x"} {
		if _, err := web.NewProblems(base); err == nil {
			t.Errorf("%q was accepted", base)
		}
	}
	if _, err := web.NewProblems(""); err != nil {
		t.Error(err)
	}
}

func TestBearer(t *testing.T) {
	token, err := web.NewSecret("right-token")
	if err != nil {
		t.Fatal(err)
	}
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for _, c := range []struct {
		target string
		fields []string
		ok     bool
	}{
		{"/", []string{"Bearer right-token"}, true}, {"/?a=b", []string{"bearer right-token"}, true},
		{"/", nil, false}, {"/", []string{""}, false}, {"/", []string{"Bearer"}, false}, {"/", []string{"Bearer "}, false},
		{"/", []string{"Bearer right-toke"}, false}, {"/", []string{"Bearer right-tokens"}, false}, {"/", []string{"Bearer  right-token"}, false},
		{"/", []string{"Bearer RIGHT-TOKEN"}, false}, {"/", []string{"Basic right-token"}, false}, {"/", []string{"right-token"}, false},
		{"/", []string{"Bearer right-token", "Bearer right-token"}, false}, {"/", []string{"Bearer " + strings.Repeat("a", 5000)}, false},
		{"/?access_token=right-token", nil, false}, {"/?access_token=right-token", []string{"Bearer right-token"}, false},
		{"/?a=b&Access%5FToken=x", []string{"Bearer right-token"}, false}, {"/?%zz", []string{"Bearer right-token"}, false},
		{"/?" + strings.Repeat("a&", web.MaxParams), []string{"Bearer right-token"}, false},
	} {
		r := httptest.NewRequest("GET", c.target, nil)
		if c.fields != nil {
			r.Header["Authorization"] = c.fields
		}
		w := httptest.NewRecorder()
		web.Bearer(token, next).ServeHTTP(w, r)
		if c.ok != (w.Code == 204) {
			t.Errorf("%s %.40q: %d", c.target, c.fields, w.Code)
		}
		if c.ok {
			continue
		}
		if got := problemOf(t, w); got.Status != 401 || got.Reason != string(reason.TokenInvalid) || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("%.40q: %+v %v", c.fields, got, w.Header())
		}
	}
	for _, field := range []string{"Bearer ", "Bearer", "Bearer [secret]", "Bearer right-token"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", field)
		w := httptest.NewRecorder()
		web.Bearer(web.Secret{}, next).ServeHTTP(w, r)
		if w.Code != 401 {
			t.Errorf("the zero secret let %q through", field)
		}
	}
}

func TestSecret(t *testing.T) {
	s, err := web.NewSecret("hush-hush")
	if err != nil {
		t.Fatal(err)
	}
	if !s.Equal("hush-hush") || s.Equal("hush") || s.Equal("") || (web.Secret{}).Equal("") || s.Reveal() != "hush-hush" || (web.Secret{}).Reveal() != "" {
		t.Error("comparison is wrong")
	}
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("m", "s", s, "in", struct{ S web.Secret }{s}, "map", map[string]any{"s": s})
	type inside struct {
		Shown  web.Secret
		hidden web.Secret
	}
	in := inside{s, s}
	_, _ = fmt.Fprintf(&out, "%v %+v %#v %s %q %x %d %v %+v %#v %v", s, s, s, s, s, s, s, in, in, in, &in)
	if raw, err := json.Marshal(in); err == nil {
		out.Write(raw)
	}
	text, err := s.MarshalText()
	out.Write(text)
	if err != nil || strings.Contains(out.String(), "hush") || strings.Contains(out.String(), fmt.Sprintf("%x", "hush")) {
		t.Errorf("%v: %s", err, &out)
	}
	if !strings.Contains(out.String(), "[secret]") {
		t.Errorf("%s", &out)
	}
	for _, text := range []string{"", "a b", "a\n", "\x00", "ä", strings.Repeat("a", 4097)} {
		if _, err := web.NewSecret(text); err == nil {
			t.Errorf("%.20q was accepted", text)
		}
	}
}

func TestReadSecretFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "token")
	for _, c := range []struct {
		text string
		mode os.FileMode
		ok   bool
	}{
		{"abc\n", 0o600, true}, {"abc", 0o400, true}, {"abc\r\n", 0o600, true}, {"abc", 0o640, false}, {"abc", 0o604, false}, {"abc", 0o620, false},
		{"", 0o600, false}, {"\n", 0o600, false}, {"a\nb", 0o600, false}, {"abc\n\n", 0o600, false}, {" abc", 0o600, false}, {strings.Repeat("a", 4099), 0o600, false},
	} {
		_ = os.Remove(path)
		if err := errors.Join(os.WriteFile(path, []byte(c.text), 0o600), os.Chmod(path, c.mode)); err != nil {
			t.Fatal(err)
		}
		s, err := web.ReadSecretFile(path)
		if c.ok != (err == nil) || c.ok != s.Equal("abc") {
			t.Errorf("%.20q %o: %v", c.text, c.mode, err)
		}
		if err != nil && (reason.Of(err) != reason.CLIConfig || strings.Contains(err.Error(), "abc")) {
			t.Errorf("%.20q: %v", c.text, err)
		}
	}
	for _, path := range []string{dir, filepath.Join(dir, "none")} {
		if _, err := web.ReadSecretFile(path); reason.Of(err) != reason.CLIConfig {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func form(body string) *http.Request {
	r := httptest.NewRequest("POST", "/?query=ignored", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func TestFormAndQuery(t *testing.T) {
	for _, c := range []struct {
		raw  string
		code reason.Code
		want url.Values
	}{
		{"", "", url.Values{}},
		{"a=1&b=x+y%26&c=&d", "", url.Values{"a": {"1"}, "b": {"x y&"}, "c": {""}, "d": {""}}},
		{"a=b=c", "", url.Values{"a": {"b=c"}}},
		{"resource=1&resource=2", "", url.Values{"resource": {"1", "2"}}},
		{"a=1&a=2", reason.HTTPDuplicateParam, nil},
		{"a=1&%61=2", reason.HTTPDuplicateParam, nil},
		{"a&a", reason.HTTPDuplicateParam, nil},
		{"a=%zz", reason.HTTPInvalid, nil},
		{"%zz=a", reason.HTTPInvalid, nil},
		{"a=%ff", reason.HTTPInvalid, nil},
		{"a=%00", reason.HTTPInvalid, nil},
		{"a=1;b=2", reason.HTTPInvalid, nil},
		{"=1", reason.HTTPInvalid, nil},
		{"a=1&", reason.HTTPInvalid, nil},
		{"a=1&&b=2", reason.HTTPInvalid, nil},
		{strings.Repeat("a&", web.MaxParams), reason.HTTPInvalid, nil},
	} {
		got, err := web.Form(form(c.raw), "resource")
		if code(err) != c.code || !cmp.Equal(got, c.want) {
			t.Errorf("form %.40q: %v, %v", c.raw, got, err)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery = c.raw
		got, err = web.Query(r, "resource")
		if code(err) != c.code || !cmp.Equal(got, c.want) {
			t.Errorf("query %.40q: %v, %v", c.raw, got, err)
		}
	}
	r := form("a=1")
	r.Header.Set("Content-Type", "application/json")
	if _, err := web.Form(r); reason.Of(err) != reason.HTTPMediaType {
		t.Error(err)
	}
	r.URL.RawQuery = strings.Repeat("a", web.MaxQuery+1)
	if _, err := web.Query(r); reason.Of(err) != reason.HTTPInvalid {
		t.Error(err)
	}
}

// code is reason.Of for a table: an error without a reason is none of the table's.
func code(err error) reason.Code { return reason.Of(err) }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestReadBodyAlone shows that the limits hold where no Server stands in front.
func TestReadBodyAlone(t *testing.T) {
	for name, c := range map[string]struct {
		body io.Reader
		code reason.Code
	}{
		"large":  {bytes.NewReader(make([]byte, web.MaxBody+1)), reason.LimitBody},
		"slow":   {failing{os.ErrDeadlineExceeded}, reason.LimitBody},
		"broken": {failing{io.ErrUnexpectedEOF}, reason.HTTPInvalid},
		"none":   {http.NoBody, ""},
	} {
		r := httptest.NewRequest("POST", "/", c.body)
		r.Header.Set("Content-Type", "application/json")
		r.ContentLength = -1
		if _, err := web.ReadBody(r, "application/json"); code(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader("{}"))
	r.Header.Set("Content-Type", "application/json")
	if _, err := web.ReadBody(r); reason.Of(err) != reason.HTTPMediaType {
		t.Error("no list lets every type in")
	}
	r.Header.Set("Content-Encoding", "br")
	if _, err := web.ReadBody(r, "application/json"); reason.Of(err) != reason.HTTPMediaType {
		t.Errorf("coded: %v", err)
	}
	r.Header.Del("Content-Encoding")
	r.ContentLength = web.MaxBody + 1
	if _, err := web.ReadBody(r, "application/json"); reason.Of(err) != reason.LimitBody {
		t.Errorf("announced: %v", err)
	}
}

func FuzzForm(f *testing.F) {
	for _, s := range []string{"a=1&b=2", "a=%41&A=%61", "a=1&a=2", "%", "a;b", "+=+", "a=%F0%9F%98%80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := web.Form(form(raw))
		if err != nil {
			return
		}
		other, err := url.ParseQuery(raw)
		if err != nil || !cmp.Equal(got, other) {
			t.Fatalf("%q: %v, by the standard library %v, %v", raw, got, other, err)
		}
	})
}

func TestAnswers(t *testing.T) {
	w := httptest.NewRecorder()
	web.JSON(w, http.StatusCreated, map[string]int{"b": 2, "a": 1})
	if w.Code != 201 || w.Body.String() != `{"a":1,"b":2}` || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Content-Length") != "13" {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
	w = httptest.NewRecorder()
	web.JSON(w, http.StatusOK, func() {})
	if got := problemOf(t, w); got.Status != 503 {
		t.Errorf("%+v", got)
	}
	for age, want := range map[time.Duration]string{
		90 * time.Second: "public, max-age=90, must-revalidate", 1999 * time.Millisecond: "public, max-age=1, must-revalidate",
		0: "no-store", 999 * time.Millisecond: "no-store", -time.Hour: "no-store",
	} {
		w = httptest.NewRecorder()
		web.CacheFor(w, age)
		web.Bytes(w, http.StatusOK, "text/plain", []byte("x"))
		if got := w.Header().Get("Cache-Control"); got != want {
			t.Errorf("%s: %s", age, got)
		}
	}
}

func TestNotModified(t *testing.T) {
	for field, want := range map[string]bool{
		`"a"`: true, `W/"a"`: true, `"b", "a"`: true, `*`: true, `"b"`: false, ``: false, `a`: false, `"a`: false, strings.Repeat(`"b",`, 16) + `"a"`: false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("If-None-Match", field)
		w := httptest.NewRecorder()
		if got := web.NotModified(w, r, `"a"`); got != want || (w.Code == 304) != want || w.Header().Get("ETag") != `"a"` {
			t.Errorf("%s: %v %d", field, got, w.Code)
		}
		r.Method = "POST"
		if web.NotModified(httptest.NewRecorder(), r, `"a"`) {
			t.Errorf("%s: a POST is not modified", field)
		}
	}
}

// certificate writes a self-signed certificate and its key.
func certificate(t *testing.T) (certFile, keyFile string, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	rawKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: rawKey})
	if err := errors.Join(os.WriteFile(certFile, certPEM, 0o644), os.WriteFile(keyFile, keyPEM, 0o600)); err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(certPEM)
	return certFile, keyFile, roots
}

func TestTLS(t *testing.T) {
	certFile, keyFile, roots := certificate(t)
	cfg, log := config(mux())
	var err error
	if cfg.TLS, err = web.LoadTLS(certFile, keyFile); err != nil {
		t.Fatal(err)
	}
	cfg.TLS.MinVersion = tls.VersionTLS10
	cfg.Listener = listen(t)
	s, err := web.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "localhost"}, ForceAttemptHTTP2: true}
	answer, err := (&http.Client{Transport: transport}).Get("https://" + cfg.Listener.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != 200 || answer.Header.Get("Strict-Transport-Security") == "" || answer.ProtoMajor != 2 {
		t.Errorf("%+v", answer)
	}
	transport.CloseIdleConnections()
	old, err := tls.Dial("tcp", cfg.Listener.Addr().String(), &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if err == nil {
		_ = old.Close()
		t.Error("TLS 1.1 was accepted")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if text := log.String(); !strings.Contains(text, "tls handshake failed") || strings.Contains(text, "127.0.0.1") {
		t.Errorf("the log holds an address, or nothing: %s", text)
	}
}

func TestLoadTLSRefuses(t *testing.T) {
	certFile, keyFile, _ := certificate(t)
	_, otherKey, _ := certificate(t)
	for name, files := range map[string][2]string{
		"no certificate": {"none.pem", keyFile}, "no key": {certFile, "none.pem"}, "another key": {certFile, otherKey}, "swapped": {keyFile, keyFile},
	} {
		if _, err := web.LoadTLS(files[0], files[1]); reason.Of(err) != reason.CLIConfig {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Chmod(keyFile, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := web.LoadTLS(certFile, keyFile); reason.Of(err) != reason.CLIConfig {
		t.Errorf("a key that all may read: %v", err)
	}
}

func ExampleBearer() {
	token, err := web.NewSecret("right-token")
	if err != nil {
		fmt.Println(err)
		return
	}
	h := web.Bearer(token, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		web.JSON(w, http.StatusOK, "welcome")
	}))
	r := httptest.NewRequest("GET", "/admin/v1/delegations", nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	r.Header.Set("Authorization", "Bearer "+token.Reveal())
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body, token)
	// Output:
	// 401 {"type":"/problems/unauthorized","title":"Authentication is needed","status":401,"reason":"token.invalid"}
	// 200 "welcome" [secret]
}

func BenchmarkServe(b *testing.B) {
	cfg, _ := config(mux())
	cfg.Logger = slog.New(slog.DiscardHandler)
	s, err := web.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	h, r := s.Handler(), httptest.NewRequest("GET", "/things/1", nil)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}
