// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// logged is a log that tests read.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

type counter struct {
	mu    sync.Mutex
	begun int
	seen  []web.Observation
}

func (c *counter) Begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun++
}

func (c *counter) Observe(o web.Observation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, o)
}

func (c *counter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "figures")
}

func config(h http.Handler) (web.Config, *logged) {
	l := &logged{}
	return web.Config{
		Name: "issuer", Handler: h, Now: time.Now, Ready: func(context.Context) error { return nil },
		Logger: slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}, l
}

func server(t *testing.T, cfg web.Config) http.Handler {
	t.Helper()
	s, err := web.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s.Handler()
}

func do(h http.Handler, method, target string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func mux() *http.ServeMux {
	m := http.NewServeMux()
	m.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, r *http.Request) {
		web.JSON(w, http.StatusOK, map[string]string{"id": r.PathValue("id"), "request": web.RequestID(r.Context())})
	})
	m.HandleFunc("POST /things", func(w http.ResponseWriter, r *http.Request) {
		body, err := web.ReadBody(r, "application/json")
		if err != nil {
			web.Problem(w, reason.Service, err)
			return
		}
		web.JSON(w, http.StatusOK, len(body))
	})
	m.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("NHS 943 476 5919") })
	m.HandleFunc("GET /late-panic", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 10_000))
		panic("NHS 943 476 5919")
	})
	return m
}

func TestRequest(t *testing.T) {
	cfg, log := config(mux())
	count := &counter{}
	cfg.Metrics = count
	h := server(t, cfg)
	w := do(h, "GET", "/things/9434765919?name=hush", func(r *http.Request) { r.Header.Set("X-Request-ID", "0123456789abcdef-_A") })
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"id":"9434765919"`) || !strings.Contains(w.Body.String(), "0123456789abcdef-_A") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{
		"X-Request-ID": "0123456789abcdef-_A", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"X-Frame-Options": "DENY", "Content-Type": "application/json", "Strict-Transport-Security": "",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Error("no content security policy")
	}
	text := log.String()
	for _, want := range []string{"request_id=0123456789abcdef-_A", `route="GET /things/{id}"`, "status=200", "method=GET", "server=issuer"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in %s", want, text)
		}
	}
	if strings.Contains(text, "9434765919") || strings.Contains(text, "hush") {
		t.Errorf("the log holds values: %s", text)
	}
	do(h, "BREW", "/nothing/here")
	count.seen[0].Duration, count.seen[1].Duration = 0, 0
	want := []web.Observation{
		{Method: "GET", Route: "GET /things/{id}", Class: "2xx"},
		{Method: "other", Route: "other", Class: "4xx", Reason: reason.ObjectUnknown},
	}
	if d := cmp.Diff(want, count.seen); d != "" || count.begun != 2 {
		t.Error(d)
	}
}

func TestRequestID(t *testing.T) {
	cfg, _ := config(mux())
	h := server(t, cfg)
	seen := map[string]bool{}
	for _, id := range []string{"", "9434765919", "0123456789abcde", strings.Repeat("a", 65), "0123456789abcdef\n", "0123456789 abcdef", "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH", "0123456789abcd\u00e9f"} {
		w := do(h, "GET", "/things/1", func(r *http.Request) { r.Header["X-Request-Id"] = []string{id} })
		got := w.Header().Get("X-Request-ID")
		if got == id || len(got) < 16 || seen[got] {
			t.Errorf("%q became %q", id, got)
		}
		seen[got] = true
	}
}

// TestUnknownAndMethod: what the role's mux does not know is problem details, too.
func TestUnknownAndMethod(t *testing.T) {
	cfg, _ := config(mux())
	h := server(t, cfg)
	w := do(h, "GET", "/nothing")
	if w.Code != 404 || w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), `"reason":"object.unknown"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = do(h, "DELETE", "/things/1")
	if w.Code != 405 || !strings.Contains(w.Header().Get("Allow"), "GET") || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w = do(h, "POST", "/healthz"); w.Code != 405 {
		t.Errorf("%d", w.Code)
	}
	for _, path := range []string{"/metrics", "/openapi.json", "/debug/pprof/", "/debug/vars"} { // ADM-07
		if w = do(h, "GET", path); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	plain, _ := config(web.Bearer(web.Secret{}, mux())) // no mux at the top
	if w = do(server(t, plain), "GET", "/things/1"); w.Code != 401 {
		t.Errorf("%d", w.Code)
	}
}

func TestProbes(t *testing.T) {
	cfg, log := config(mux())
	cfg.OpenAPI = []byte(`{"openapi":"3.1.0"}`)
	ready := errors.New("database password is hush")
	cfg.Ready = func(ctx context.Context) error {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("the probe has no deadline")
		}
		return ready
	}
	h := server(t, cfg)
	if w := do(h, "GET", "/healthz"); w.Code != 200 || w.Body.String() != `{"status":"ok"}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := do(h, "GET", "/openapi.json"); w.Code != 200 || w.Body.String() != `{"openapi":"3.1.0"}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := do(h, "GET", "/readyz"); w.Code != 503 || strings.Contains(w.Body.String(), "hush") || strings.Contains(log.String(), "hush") {
		t.Errorf("%d %s %s", w.Code, w.Body, log)
	}
	ready = nil
	if w := do(h, "GET", "/readyz"); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestPanic(t *testing.T) {
	cfg, log := config(mux())
	h := server(t, cfg)
	w := do(h, "GET", "/panic")
	if w.Code != 503 || !strings.Contains(w.Body.String(), "/problems/dependency-failed") || strings.Contains(w.Body.String(), "reason") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	text := log.String()
	if strings.Contains(text, "943") || !strings.Contains(text, "type=string") || !strings.Contains(text, "web_test.mux") ||
		!strings.Contains(text, "reason=internal.indeterminate") {
		t.Errorf("log: %s", text)
	}
	s := httptest.NewServer(h)
	defer s.Close()
	answer, err := s.Client().Get(s.URL + "/late-panic")
	if err == nil {
		_, err = io.ReadAll(answer.Body)
		_ = answer.Body.Close()
	}
	if err == nil {
		t.Error("half an answer ended as if it were whole")
	}
}

// TestAdmit covers ADM-03, JSN-12 and JSN-16 as far as a handler sees them.
func TestAdmit(t *testing.T) {
	cfg, _ := config(mux())
	h := server(t, cfg)
	header := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = values }
	}
	jsonBody := func(n int) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Content-Type", "application/json")
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(make([]byte, n))), int64(n)
		}
	}
	chunked := func(r *http.Request) { r.ContentLength = -1 }
	for name, c := range map[string]struct {
		status int
		want   string
		change []func(*http.Request)
	}{
		"good":               {200, "1048576", []func(*http.Request){jsonBody(web.MaxBody)}},
		"charset":            {200, "2", []func(*http.Request){jsonBody(2), header("Content-Type", "Application/JSON; Charset=UTF-8")}},
		"too large":          {413, "limit.body", []func(*http.Request){jsonBody(web.MaxBody + 1)}},
		"too large, chunked": {413, "limit.body", []func(*http.Request){jsonBody(web.MaxBody + 1), chunked}},
		"gzip":               {415, "http.media_type", []func(*http.Request){jsonBody(2), header("Content-Encoding", "gzip")}},
		"two codings":        {400, "http.invalid", []func(*http.Request){jsonBody(2), header("Content-Encoding", "identity", "gzip")}},
		"text":               {415, "http.media_type", []func(*http.Request){jsonBody(2), header("Content-Type", "text/plain")}},
		"no type":            {415, "http.media_type", []func(*http.Request){jsonBody(2), header("Content-Type")}},
		"utf-16":             {415, "http.media_type", []func(*http.Request){jsonBody(2), header("Content-Type", "application/json; charset=utf-16")}},
		"multipart":          {415, "http.media_type", []func(*http.Request){jsonBody(2), header("Content-Type", "multipart/form-data; boundary=x")}},
		"malformed type":     {415, "http.media_type", []func(*http.Request){jsonBody(2), header("Content-Type", "application/json; charset")}},
		"two types":          {400, "http.invalid", []func(*http.Request){jsonBody(2), header("Content-Type", "application/json", "text/plain")}},
		"two tokens":         {400, "http.invalid", []func(*http.Request){jsonBody(2), header("Authorization", "Bearer a", "Bearer b")}},
		"upgrade":            {400, "http.invalid", []func(*http.Request){jsonBody(2), header("Upgrade", "h2c")}},
		"absolute form":      {400, "http.invalid", []func(*http.Request){jsonBody(2), func(r *http.Request) { r.URL.Host = "other.example" }}},
		"star":               {400, "http.invalid", []func(*http.Request){func(r *http.Request) { r.Method, r.URL.Path = "OPTIONS", "*" }}},
		"trace":              {400, "http.invalid", []func(*http.Request){func(r *http.Request) { r.Method = "TRACE" }}},
		"connect":            {400, "http.invalid", []func(*http.Request){func(r *http.Request) { r.Method = "CONNECT" }}},
		"many parameters":    {400, "http.invalid", []func(*http.Request){jsonBody(2), func(r *http.Request) { r.URL.RawQuery = strings.Repeat("a&", web.MaxParams) }}},
		"long query":         {400, "http.invalid", []func(*http.Request){jsonBody(2), func(r *http.Request) { r.URL.RawQuery = strings.Repeat("a", web.MaxQuery+1) }}},
	} {
		w := do(h, "POST", "/things", c.change...)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*web.Config){
		"name":    func(c *web.Config) { c.Name = "" },
		"handler": func(c *web.Config) { c.Handler = nil },
		"logger":  func(c *web.Config) { c.Logger = nil },
		"now":     func(c *web.Config) { c.Now = nil },
		"ready":   func(c *web.Config) { c.Ready = nil },
		"metrics": func(c *web.Config) { c.MetricsListen = listen(t) },
	} {
		cfg, _ := config(mux())
		spoil(&cfg)
		if _, err := web.New(cfg); err == nil {
			t.Errorf("no %s: accepted", name)
		}
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := web.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestListen(t *testing.T) {
	l := listen(t)
	_, err := web.Listen(l.Addr().String())
	want := "address " + l.Addr().String() + " is in use: stop the other program or choose another with --listen"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	for _, address := range []string{"", "127.0.0.1", "127.0.0.1:x", "203.0.113.1:0", "127.0.0.1:99999"} {
		l, err := web.Listen(address)
		if address == "" {
			_ = l.Close() // the system's own reading of "any"
			continue
		}
		if e, ok := errors.AsType[*web.ListenError](err); !ok || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "--listen") || e.Unwrap() == nil {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// raw sends bytes and returns the status line of the answer, and whether the connection was closed after it.
func raw(t *testing.T, address, message string) (status string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, message); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(line)
}

// TestServe runs the real thing: probes, metrics on loopback, malformed messages, and an end that waits for
// the request in flight.
func TestServe(t *testing.T) {
	started, release := make(chan struct{}), make(chan struct{})
	m := mux()
	m.HandleFunc("GET /slow", func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-release
		web.JSON(w, http.StatusOK, "done")
	})
	cfg, _ := config(m)
	cfg.Listener, cfg.Metrics = listen(t), &counter{}
	s, err := web.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	address := cfg.Listener.Addr().String()
	testMessages(t, address)
	slow := make(chan string, 1)
	go func() { slow <- raw(t, address, "GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") }()
	<-started
	cancel()
	for do(s.Handler(), "GET", "/readyz").Code != 503 { // until the server has seen that it is to end
	}
	select {
	case err := <-ended:
		t.Errorf("ended with a request in flight: %v", err)
	default:
	}
	close(release)
	if got := <-slow; got != "HTTP/1.1 200 OK" {
		t.Errorf("the request in flight got %s", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("the listener is still open")
	}
}

// testMessages covers ADM-03 over a real connection.
func testMessages(t *testing.T, address string) {
	t.Helper()
	for message, want := range map[string]string{
		"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n":                                                         "HTTP/1.1 200 OK",
		"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n":                                                         "HTTP/1.1 200 OK",
		"GET /healthz HTTP/1.1\r\n\r\n":                                                                    "HTTP/1.1 400 Bad Request: missing required Host header",
		"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n":                                              "HTTP/1.1 400 Bad Request",
		"GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n":                                            "HTTP/1.1 400 Bad Request",
		"GET http://b/healthz HTTP/1.1\r\nHost: a\r\n\r\n":                                                 "HTTP/1.1 400 Bad Request",
		"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", 64<<10) + "\r\n\r\n":               "HTTP/1.1 431 Request Header Fields Too Large",
		"POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}":             "HTTP/1.1 400 Bad Request",
		"POST /things HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n{}":                            "HTTP/1.1 501 Not Implemented",
		chunkedJSON("zz\r\n{}\r\n0\r\n\r\n"):                                                               "HTTP/1.1 400 Bad Request",
		chunkedJSON("2\r\n{}\r\n0\r\n\r\n"):                                                                "HTTP/1.1 200 OK",
		"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n":                  "HTTP/1.1 400 Bad Request",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":                                                                 "HTTP/1.1 400 Bad Request",
		"GET /things/1?" + strings.Repeat("a=1&", 10_000) + " HTTP/1.1\r\nHost: a\r\n\r\n":                 "HTTP/1.1 431 Request Header Fields Too Large",
		"GET /things/1?" + strings.Repeat("a&", web.MaxParams) + " HTTP/1.1\r\nHost: a\r\n\r\n":            "HTTP/1.1 400 Bad Request",
		"GET /things/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-Host: b\r\n\r\n":            "HTTP/1.1 200 OK",
		"POST /things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\r\n":                       "HTTP/1.1 200 OK",
		"POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n":                                   "HTTP/1.1 400 Bad Request",
		"POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n":              "HTTP/1.1 400 Bad Request",
		"POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n" + "\r\n": "HTTP/1.1 413 Request Entity Too Large",
	} {
		if got := raw(t, address, message); got != want {
			t.Errorf("%.80q: %s, want %s", message, got, want)
		}
	}
}

func chunkedJSON(body string) string {
	return "POST /things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + body
}

// TestMetricsListen covers ADM-07: figures have a door of their own, and none on an address that is not local.
func TestMetricsListen(t *testing.T) {
	cfg, _ := config(mux())
	public, err := web.Listen("0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listener, cfg.Metrics = public, &counter{}
	if w := do(server(t, cfg), "GET", "/metrics"); w.Code != 404 {
		t.Errorf("public: %d", w.Code)
	}
	cfg.MetricsListen = listen(t)
	s, err := web.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	for path, want := range map[string]string{"/metrics": "HTTP/1.1 200 OK", "/things/1": "HTTP/1.1 404 Not Found"} {
		if got := raw(t, cfg.MetricsListen.Addr().String(), "GET "+path+" HTTP/1.1\r\nHost: a\r\n\r\n"); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	var zero web.Server
	if err := zero.Serve(t.Context()); err == nil {
		t.Error("the zero server served")
	}
}
