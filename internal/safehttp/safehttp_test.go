// SPDX-License-Identifier: Apache-2.0

package safehttp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/reason"
)

// public is an address that passes the check. No test connects to it: the dial seam leads home.
const public = "8.8.8.8"

// names is a resolver that gives one answer after the other and stays with the last.
type names struct {
	mu      sync.Mutex
	asked   []string
	answers map[string][][]string
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, host)
	list := n.answers[host]
	if len(list) == 0 {
		return nil, errors.New("no such host")
	}
	if len(list) > 1 {
		n.answers[host] = list[1:]
	}
	var addrs []netip.Addr
	for _, a := range list[0] {
		addrs = append(addrs, netip.MustParseAddr(a))
	}
	return addrs, nil
}

// site is a TLS server that is reached by the public name example.com.
type site struct {
	*httptest.Server
	names *names
	dials atomic.Int64
	cfg   safehttp.Config
}

func newSite(t *testing.T, h http.HandlerFunc, change ...func(*httptest.Server)) *site {
	t.Helper()
	s := &site{Server: httptest.NewUnstartedServer(h)}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	for _, f := range change {
		f(s.Server)
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	s.names = &names{answers: map[string][][]string{"example.com.": {{public}}, "other.example.org.": {{public}}}}
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	s.cfg = safehttp.Config{
		Roots: roots, Resolver: s.names, Now: func() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) },
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			s.dials.Add(1)
			return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
		},
	}
	return s
}

func (s *site) client(t *testing.T) *safehttp.Client {
	t.Helper()
	c, err := safehttp.New(s.cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func jsonWant() safehttp.Want {
	return safehttp.Want{MediaTypes: []string{"application/json"}, MaxBytes: 64}
}

func serveJSON(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"a":1}`)
}

func wantCode(t *testing.T, err error, code reason.Code) {
	t.Helper()
	if err == nil || reason.Of(err) != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestGet(t *testing.T) {
	var seen http.Header
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		w.Header().Set("ETag", `"one"`)
		w.Header().Set("Age", "7")
		w.Header().Set("Date", "Sun, 01 Mar 2026 00:00:00 GMT")
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("Set-Cookie", "a=b")
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		if r.Header.Get("If-None-Match") == `"one"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, `{}`)
	})
	c := s.client(t)
	got, err := c.Get(t.Context(), "https://EXAMPLE.com/a?b=c", jsonWant())
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Body) != `{}` || got.MediaType != "application/json" || got.ETag != `"one"` || got.Status != 200 ||
		got.Age != 7*time.Second || got.Date.IsZero() || got.Header.Get("Cache-Control") != "max-age=60" {
		t.Errorf("answer: %+v", got)
	}
	if got.Header.Get("Set-Cookie") != "" {
		t.Error("a cookie came through")
	}
	if seen.Get("Accept-Encoding") != "identity" || seen.Get("Authorization") != "" || seen.Get("Accept") != "application/json" {
		t.Errorf("request header: %v", seen)
	}
	want := jsonWant()
	want.ETag = got.ETag
	want.Header = http.Header{"Authorization": {"Bearer x"}}
	again, err := c.Get(t.Context(), "https://example.com/a", want)
	if err != nil || !again.NotModified || len(again.Body) != 0 {
		t.Errorf("second answer: %+v, %v", again, err)
	}
	if seen.Get("Cookie") != "" || seen.Get("Authorization") != "Bearer x" {
		t.Errorf("second request header: %v", seen)
	}
	if s.dials.Load() != 1 {
		t.Errorf("connections: %d, want one that is used again", s.dials.Load())
	}
}

func TestPostAndStatus(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("DPoP-Nonce", "n")
		switch r.URL.Path {
		case "/html":
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusBadRequest)
		case "/empty":
			w.WriteHeader(http.StatusNoContent)
			return
		case "/bad":
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusBadRequest)
		default:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
		}
		_, _ = w.Write(body)
	})
	c := s.client(t)
	want := jsonWant()
	want.Statuses = []int{201, 204}
	got, err := c.Post(t.Context(), "https://example.com/", "application/json", []byte(`{"x":1}`), want)
	if err != nil || got.Status != 201 || string(got.Body) != `{"x":1}` {
		t.Fatalf("%+v, %v", got, err)
	}
	if got, err := c.Post(t.Context(), "https://example.com/empty", "application/json", nil, want); err != nil || got.Status != 204 {
		t.Fatalf("%+v, %v", got, err)
	}
	_, err = c.Post(t.Context(), "https://example.com/bad", "application/json", []byte(`{"error":"e"}`), want)
	e, ok := errors.AsType[*safehttp.StatusError](err)
	if !ok || e.Status != 400 || string(e.Body) != `{"error":"e"}` || e.Header.Get("DPoP-Nonce") != "n" {
		t.Fatalf("%+v, %v", e, err)
	}
	_, err = c.Post(t.Context(), "https://example.com/html", "application/json", []byte(`x`), want)
	if e, ok := errors.AsType[*safehttp.StatusError](err); !ok || e.Body != nil {
		t.Fatalf("a body that is not JSON was kept: %+v, %v", e, err)
	}
	_, err = c.Post(t.Context(), "https://example.com/bad", "application/json", make([]byte, 65), want)
	wantCode(t, err, reason.FetchLimit)
	if _, err := c.Post(t.Context(), "https://example.com/", "application/json", make([]byte, safehttp.MaxPost+1), want); err == nil {
		t.Error("too large a body was sent")
	}
}

// TestBlockedURL covers STA, DID-03: no name is looked up and no connection made.
func TestBlockedURL(t *testing.T) {
	s := newSite(t, serveJSON)
	s.cfg.Private = []string{"gate:8443", "127.0.0.1:8443"}
	c := s.client(t)
	for _, u := range []string{
		"", "http://example.com/", "HTTPS://example.com/", "ftp://example.com/", "file:///etc/passwd", "data:,x", "//example.com/",
		"https:///x", "https:example.com", "https://example.com:0/", "https://example.com:/", "https://example.com:0443/",
		"https://example.com:70000/", "https://example.com:x/", "https://a@example.com/", "https://good.test@127.0.0.1/",
		"https://example.com#f", "https://example.com/\\x", "https://exa mple.com/", "https://example.com\n/", "https://ex\u00e4mple.com/",
		"https://ex%61mple.com/", "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0177.0.0.1/", "https://0x7f.1/",
		"https://0x7f000001/", "https://1.2.3.0x4/", "https://8.8.8.8/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1%25eth0]/",
		"https://[2606:4700::1111]/", "https://::1/", "https://[example.com]/", "https://[::1/", "https://169.254.169.254/", "https://100.64.0.1/",
		"https://localhost/", "https://a.localhost/", "https://a.internal/", "https://a.local/", "https://a.home.arpa/", "https://intranet/",
		"https://example.com./", "https://.example.com/", "https://example..com/", "https://-a.com/", "https://a-.com/", "https://a_b.com/",
		"https://" + strings.Repeat("a", 64) + ".com/", "https://" + strings.Repeat("a.", 130) + "com/",
		"https://example.com/" + strings.Repeat("a", safehttp.MaxURL),
		"https://gate/", "https://gate:8444/", "https://127.0.0.1:8444/", "https://127.0.0.1:08443/", "https://[::ffff:127.0.0.1]:8443/",
	} {
		_, err := c.Get(t.Context(), u, jsonWant())
		if reason.Of(err) != reason.FetchBlocked {
			t.Errorf("%q: got %v, want %s", u, err, reason.FetchBlocked)
		}
	}
	if n := s.dials.Load(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
	if len(s.names.asked) != 0 {
		t.Errorf("names were looked up: %v", s.names.asked)
	}
}

// TestBlockedAddress covers DID-04: what a name resolves to decides, and one bad address spoils the rest.
func TestBlockedAddress(t *testing.T) {
	for _, addrs := range [][]string{
		{"127.0.0.1"}, {"127.255.255.254"}, {"10.0.0.1"}, {"172.16.0.1"}, {"192.168.1.1"}, {"169.254.169.254"}, {"100.64.0.1"}, {"100.127.255.255"},
		{"0.0.0.0"}, {"0.1.2.3"}, {"224.0.0.1"}, {"255.255.255.255"}, {"240.0.0.1"}, {"192.0.0.8"}, {"192.0.2.1"}, {"198.18.0.1"}, {"198.51.100.1"},
		{"203.0.113.1"}, {"192.88.99.1"}, {"::"}, {"::1"}, {"fe80::1"}, {"fc00::1"}, {"fd12::1"}, {"ff02::1"}, {"::ffff:127.0.0.1"}, {"::ffff:10.0.0.1"},
		{"64:ff9b::7f00:1"}, {"2002:7f00:1::"}, {"2001:0:1::"}, {"2001:db8::1"}, {"100::1"}, {"3fff::1"}, {"::127.0.0.1"}, {"fec0::1"},
		{public, "127.0.0.1"}, {"127.0.0.1", public}, {public, "::1"},
	} {
		s := newSite(t, serveJSON)
		s.names.answers["example.com."] = [][]string{addrs}
		_, err := s.client(t).Get(t.Context(), "https://example.com/", jsonWant())
		if reason.Of(err) != reason.FetchBlocked || s.dials.Load() != 0 {
			t.Errorf("%v: %v after %d connections", addrs, err, s.dials.Load())
		}
	}
}

// TestRebinding lets a name point outside at first and inside afterwards (DID-04).
func TestRebinding(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		serveJSON(w, r)
	})
	s.names.answers["example.com."] = [][]string{{public}, {"127.0.0.1"}}
	c := s.client(t)
	if _, err := c.Get(t.Context(), "https://example.com/", jsonWant()); err != nil {
		t.Fatal(err)
	}
	_, err := c.Get(t.Context(), "https://example.com/", jsonWant())
	wantCode(t, err, reason.FetchBlocked)
	if s.dials.Load() != 1 {
		t.Errorf("%d connections, want 1", s.dials.Load())
	}
}

// TestPrivate reaches a loopback server over the real dialer when, and only when, it is listed.
func TestPrivate(t *testing.T) {
	s := newSite(t, serveJSON)
	s.cfg.Dial, s.cfg.Resolver = nil, nil
	address := s.Listener.Addr().String()
	_, err := s.client(t).Get(t.Context(), "https://"+address+"/", jsonWant())
	wantCode(t, err, reason.FetchBlocked)
	s.cfg.Private = []string{address}
	if _, err := s.client(t).Get(t.Context(), "https://"+address+"/", jsonWant()); err != nil {
		t.Error(err)
	}
	_, port, _ := net.SplitHostPort(address)
	s.cfg.Resolver = &names{answers: map[string][][]string{"example.com": {{"127.0.0.1"}}, "example.com.": {{"127.0.0.1"}}}}
	_, err = s.client(t).Get(t.Context(), "https://example.com:"+port+"/", jsonWant())
	wantCode(t, err, reason.FetchBlocked)
	s.cfg.Private = []string{"example.com:" + port}
	if _, err := s.client(t).Get(t.Context(), "https://example.com:"+port+"/", jsonWant()); err != nil {
		t.Error(err)
	}
	s.cfg.Resolver = &names{answers: map[string][][]string{"example.com": {{"169.254.169.254"}}}}
	_, err = s.client(t).Get(t.Context(), "https://example.com:"+port+"/", jsonWant())
	wantCode(t, err, reason.FetchBlocked)
}

func TestNewRefuses(t *testing.T) {
	now := time.Now
	for name, cfg := range map[string]safehttp.Config{
		"no clock":      {},
		"long timeout":  {Now: now, Timeout: safehttp.FetchTimeout + 1},
		"negative":      {Now: now, Timeout: -1},
		"no port":       {Now: now, Private: []string{"localhost"}},
		"wildcard":      {Now: now, Private: []string{"*:443"}},
		"empty host":    {Now: now, Private: []string{":443"}},
		"upper case":    {Now: now, Private: []string{"Localhost:443"}},
		"url":           {Now: now, Private: []string{"https://localhost:443"}},
		"range":         {Now: now, Private: []string{"10.0.0.0/8:443"}},
		"octal":         {Now: now, Private: []string{"0177.0.0.1:443"}},
		"number":        {Now: now, Private: []string{"2130706433:443"}},
		"mapped":        {Now: now, Private: []string{"[::ffff:127.0.0.1]:443"}},
		"link-local":    {Now: now, Private: []string{"169.254.169.254:80"}},
		"unspecified":   {Now: now, Private: []string{"0.0.0.0:443"}},
		"bare v6":       {Now: now, Private: []string{"::1:443"}},
		"many":          {Now: now, Private: make([]string, 65)},
		"odd v6 format": {Now: now, Private: []string{"[0::1]:443"}},
	} {
		if _, err := safehttp.New(cfg); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := safehttp.New(safehttp.Config{Now: now, Private: []string{"localhost:443", "[::1]:443", "10.0.0.1:9", "gate:1"}}); err != nil {
		t.Error(err)
	}
	var zero safehttp.Client
	_, err := zero.Get(t.Context(), "https://example.com/", jsonWant())
	wantCode(t, err, reason.FetchBlocked)
}

func TestWantRefuses(t *testing.T) {
	s := newSite(t, serveJSON)
	c := s.client(t)
	for name, change := range map[string]func(*safehttp.Want){
		"no type":        func(w *safehttp.Want) { w.MediaTypes = nil },
		"no bound":       func(w *safehttp.Want) { w.MaxBytes = 0 },
		"large bound":    func(w *safehttp.Want) { w.MaxBytes = safehttp.MaxBody + 1 },
		"redirect":       func(w *safehttp.Want) { w.Statuses = []int{302} },
		"cookie":         func(w *safehttp.Want) { w.Header = http.Header{"Cookie": {"a"}} },
		"host":           func(w *safehttp.Want) { w.Header = http.Header{"Host": {"a"}} },
		"encoding":       func(w *safehttp.Want) { w.Header = http.Header{"Accept-Encoding": {"gzip"}} },
		"split":          func(w *safehttp.Want) { w.Header = http.Header{"Authorization": {"a\r\nb: c"}} },
		"two values":     func(w *safehttp.Want) { w.Header = http.Header{"Authorization": {"a", "b"}} },
		"bad entity tag": func(w *safehttp.Want) { w.ETag = "a\r\nb" },
	} {
		w := jsonWant()
		change(&w)
		if _, err := c.Get(t.Context(), "https://example.com/", w); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if s.dials.Load() != 0 {
		t.Error("a connection was made")
	}
}

// TestRedirect covers DID-05: one connection, whatever the redirect points to.
func TestRedirect(t *testing.T) {
	for _, status := range []int{300, 301, 302, 303, 304, 307, 308} {
		s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "https://example.com/again")
			w.WriteHeader(status)
		})
		_, err := s.client(t).Get(t.Context(), "https://example.com/", jsonWant())
		if reason.Of(err) != reason.FetchRedirect || s.dials.Load() != 1 {
			t.Errorf("%d: %v after %d connections", status, err, s.dials.Load())
		}
	}
}

// TestTLS covers DID-08.
func TestTLS(t *testing.T) {
	for name, c := range map[string]struct {
		url    string
		change func(*site)
		server func(*httptest.Server)
	}{
		"wrong name": {url: "https://other.example.org/"},
		"unknown authority": {change: func(s *site) {
			s.cfg.Roots = x509.NewCertPool()
		}},
		"expired": {change: func(s *site) {
			s.cfg.Now = func() time.Time { return time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC) }
		}},
		"not yet valid": {change: func(s *site) {
			s.cfg.Now = func() time.Time { return time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC) }
		}},
		"TLS 1.1": {server: func(s *httptest.Server) {
			s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
		}},
	} {
		var change []func(*httptest.Server)
		if c.server != nil {
			change = append(change, c.server)
		}
		s := newSite(t, serveJSON, change...)
		if c.change != nil {
			c.change(s)
		}
		if c.url == "" {
			c.url = "https://example.com/"
		}
		_, err := s.client(t).Get(t.Context(), c.url, jsonWant())
		if reason.Of(err) != reason.FetchTLS {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAnswerLimits covers DID-07.
func TestAnswerLimits(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"announced length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(make([]byte, 65))
		},
		"chunked": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for range 65 {
				_, _ = w.Write([]byte(" "))
				_ = http.NewResponseController(w).Flush()
			}
		},
		"html": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
		},
		"no type": func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
		},
		"two types": func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{"application/json", "text/html"}
		},
		"charset": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json; charset=utf-16")
		},
		"gzip": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			serveJSON(w, r)
		},
		"unknown encoding": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "identity")
			w.Header().Add("Content-Encoding", "zstd")
			serveJSON(w, r)
		},
	} {
		s := newSite(t, h)
		_, err := s.client(t).Get(t.Context(), "https://example.com/", jsonWant())
		if reason.Of(err) != reason.FetchLimit {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(make([]byte, 64))
	})
	if got, err := s.client(t).Get(t.Context(), "https://example.com/", jsonWant()); err != nil || len(got.Body) != 64 {
		t.Errorf("a body of exactly the bound: %d bytes, %v", len(got.Body), err)
	}
}

// TestAnnouncedLength: an answer that says that it is too large is not waited for.
func TestAnnouncedLength(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "65")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	_, err := s.client(t).Get(t.Context(), "https://example.com/", jsonWant())
	if reason.Of(err) != reason.FetchLimit || !errors.Is(err, safehttp.ErrTooLarge) {
		t.Error(err)
	}
}

func TestSlow(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"header": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"body": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("{"))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		s := newSite(t, h)
		s.cfg.Timeout = 50 * time.Millisecond
		_, err := s.client(t).Get(t.Context(), "https://example.com/", jsonWant())
		if reason.Of(err) != reason.FetchLimit {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnreachable(t *testing.T) {
	s := newSite(t, serveJSON)
	s.cfg.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("connection refused") }
	c := s.client(t)
	for _, u := range []string{"https://example.com/?token=hush", "https://unknown.example.net/"} {
		_, err := c.Get(t.Context(), u, jsonWant())
		if !errors.Is(err, safehttp.ErrUnreachable) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", u, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Get(ctx, "https://example.com/", jsonWant()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	s.names.answers["example.com."] = [][]string{make([]string, 0, 17)}
	for range safehttp.MaxAddresses + 1 {
		s.names.answers["example.com."][0] = append(s.names.answers["example.com."][0], public)
	}
	_, err := c.Get(t.Context(), "https://example.com/", jsonWant())
	wantCode(t, err, reason.FetchLimit)
}

// TestInFlight holds eight fetches at one host: the ninth waits, another host does not.
func TestInFlight(t *testing.T) {
	release, arrived := make(chan struct{}), make(chan struct{}, 64)
	var now, most atomic.Int64
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		for n := now.Add(1); ; {
			if old := most.Load(); n <= old || most.CompareAndSwap(old, n) {
				break
			}
		}
		defer now.Add(-1)
		if r.Host == "example.com" {
			arrived <- struct{}{}
			<-release
		}
		serveJSON(w, r)
	})
	s.names.answers["www.example.com."] = [][]string{{public}}
	c := s.client(t)
	var fetches sync.WaitGroup
	for range 2 * safehttp.MaxInFlightPerHost {
		fetches.Go(func() {
			if _, err := c.Get(t.Context(), "https://example.com/", jsonWant()); err != nil {
				t.Error(err)
			}
		})
	}
	for range safehttp.MaxInFlightPerHost {
		<-arrived
	}
	_, err := c.Get(t.Context(), "https://www.example.com/", jsonWant())
	if err != nil {
		t.Errorf("another host had to wait: %v", err)
	}
	close(release)
	fetches.Wait()
	if most.Load() > safehttp.MaxInFlightPerHost+1 {
		t.Errorf("%d in flight", most.Load())
	}
}

func TestNoProxy(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	t.Setenv("ALL_PROXY", "http://127.0.0.1:1")
	s := newSite(t, serveJSON)
	if _, err := s.client(t).Get(t.Context(), "https://example.com/", jsonWant()); err != nil {
		t.Error(err)
	}
}

func TestBudget(t *testing.T) {
	ctx, cancel := safehttp.Budget(t.Context())
	defer cancel()
	if end, ok := ctx.Deadline(); !ok || time.Until(end) > safehttp.BudgetTimeout {
		t.Errorf("deadline %v, %v", end, ok)
	}
}
