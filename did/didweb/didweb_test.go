// SPDX-License-Identifier: Apache-2.0

package didweb_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didweb"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// host is the name for which the test server's certificate is good.
const host = "example.com"

func start() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }

func mustParse(t testing.TB, s string) did.DID {
	t.Helper()
	id, err := did.Parse(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return id
}

func generate(t testing.TB) key.Public {
	t.Helper()
	k, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k.Public()
}

func document(t testing.TB, id string, k key.Public) []byte {
	t.Helper()
	raw, err := did.WriteDocument(mustParse(t, id), []did.Publication{{Fragment: "k1", Key: k, Relationships: []did.Relationship{did.AssertionMethod}}})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// site is a real server, reached through the real client under every name of the internet.
type site struct {
	*httptest.Server
	dials   atomic.Int64
	asked   atomic.Int64 // how often the list of hosts was asked
	allowed didweb.Allowed
	addr    func() string // what every name resolves to: addresses between spaces
	cfg     safehttp.Config
}

func (s *site) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	var all []netip.Addr
	for a := range strings.SplitSeq(s.addr(), " ") {
		all = append(all, netip.MustParseAddr(a))
	}
	return all, nil
}

func newSite(t testing.TB, h http.HandlerFunc) *site {
	t.Helper()
	s := &site{Server: httptest.NewUnstartedServer(h), allowed: func(string) bool { return true }, addr: func() string { return "8.8.8.8" }}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	s.cfg = safehttp.Config{
		Roots: roots, Resolver: s, Now: start,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			s.dials.Add(1)
			return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
		},
	}
	return s
}

func serve(body []byte, mediaType string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		_, _ = w.Write(body)
	}
}

func (s *site) resolver(t testing.TB) did.Resolver {
	t.Helper()
	c, err := safehttp.New(s.cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	r, err := didweb.New(didweb.Config{
		Fetch: c, Now: start,
		Allowed: func(h string) bool { s.asked.Add(1); return s.allowed(h) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s *site) resolve(t testing.TB, id string) (*did.Document, error) {
	t.Helper()
	return s.resolver(t).Resolve(t.Context(), mustParse(t, id))
}

func TestURL(t *testing.T) {
	for id, want := range map[string]string{
		"did:web:example.com":                 "https://example.com/.well-known/did.json",
		"did:web:localhost%3A8443":            "https://localhost:8443/.well-known/did.json",
		"did:web:h.test%3A8443:a:b":           "https://h.test:8443/a/b/did.json",
		"did:web:a-1.h.test:user:Alice_1.x-y": "https://a-1.h.test/user/Alice_1.x-y/did.json",
		"did:web:3com.test":                   "https://3com.test/.well-known/did.json",
		"did:web:1.2.3.test":                  "https://1.2.3.test/.well-known/did.json",
	} {
		if got, err := didweb.URL(mustParse(t, id)); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", id, got, err, want)
		}
	}
	label := strings.Repeat("a", 63)
	for _, id := range []string{
		"did:web:H.test", "did:web:h.Test", // one host, one spelling
		"did:web:h.test.", "did:web:.h.test", "did:web:h..test", "did:web:-h.test", "did:web:h-.test", "did:web:h_1.test",
		"did:web:" + label + "a.test", "did:web:" + strings.Repeat(label+".", 4) + "test",
		"did:web:h%2Etest", "did:web:%68.test", "did:web:h.test%2Fx", "did:web:h.test%5Cx", "did:web:h.test%23", "did:web:h.test%3F",
		"did:web:user%40h.test", "did:web:user%3Apass%40h.test", "did:web:h.test%00", "did:web:h.test%0D%0A", "did:web:h.test%20",
		"did:web:h.test%3A", "did:web:h.test%3A0", "did:web:h.test%3A065", "did:web:h.test%3A65536", "did:web:h.test%3A-1",
		"did:web:h.test%3Ax", "did:web:h.test%3A80%3A81", "did:web:%3A8443", "did:web:h.test%253A8443",
		"did:web:h.test:.", "did:web:h.test:..", "did:web:h.test:a:..:b", "did:web:h.test:.well-known",
		"did:web:h.test:%2E%2E", "did:web:h.test:a%2Fb", "did:web:h.test:a%2fb", "did:web:h.test:a%20b", "did:web:h.test:%61",
		"did:web:h.test:..:..:etc", "did:web:h.test:..%2F..", "did:web:h.test:%252E%252E", "did:web:h.test:a:", "did:web:h.test::a",
		"did:web:h.test:caf\u00e9", "did:web:h.test:cafe\u0301", "did:web:h.test:caf%C3%A9", "did:web:h.test:cafe%CC%81", // one letter, two spellings
		"did:web:h.test" + strings.Repeat(":a", 17),
	} {
		parsed, err := did.Parse(id)
		if err == nil {
			_, err = didweb.URL(parsed)
		}
		if reason.Of(err) != reason.DIDSyntax {
			t.Errorf("%s: %v", id, err)
		}
	}
	for _, id := range []string{"did:web:127.0.0.1", "did:web:2130706433", "did:web:h.0x7f", "did:web:0X7F000001", "did:web:%3A%3A1"} {
		if _, err := didweb.URL(mustParse(t, id)); reason.Of(err) != reason.FetchBlocked {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, err := didweb.URL(mustParse(t, "did:webvh:h.test")); reason.Of(err) != reason.DIDMethodUnsupported {
		t.Errorf("did:webvh: %v", err)
	}
	if _, err := didweb.URL(did.DID{}); reason.Of(err) != reason.DIDMethodUnsupported {
		t.Errorf("zero DID: %v", err)
	}
}

func TestResolve(t *testing.T) {
	k := generate(t)
	for _, mediaType := range []string{"application/did", "application/did+json", "application/did+ld+json", "application/json", "application/json; charset=utf-8"} {
		var path, asked string
		s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
			path = r.Host + r.URL.RequestURI()
			serve(document(t, "did:web:example.com%3A8443:a:b", k), mediaType)(w, r)
		})
		s.allowed = func(h string) bool { asked = h; return true }
		d, err := s.resolve(t, "did:web:example.com%3A8443:a:b")
		if err != nil {
			t.Errorf("%s: %v", mediaType, err)
			continue
		}
		u, err := d.ID.WithFragment("k1")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := d.Key(u, did.AssertionMethod, start()); err != nil || !got.Equal(k) {
			t.Errorf("%s: %v", mediaType, err)
		}
		if path != "example.com:8443/a/b/did.json" || asked != "example.com:8443" || !d.Fetched.Equal(start()) {
			t.Errorf("asked for %s on behalf of %s at %s", path, asked, d.Fetched)
		}
	}
}

// Status codes that are no answer, and no answer at all, have one meaning: no document.
func TestResolveNothing(t *testing.T) {
	for _, status := range []int{204, 400, 401, 404, 410, 429, 500, 503} {
		s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
		})
		if d, err := s.resolve(t, "did:web:example.com"); reason.Of(err) != reason.InternalIndeterminate || d != nil {
			t.Errorf("status %d: %v", status, err)
		}
	}
	s := newSite(t, serve(nil, "application/json"))
	s.Close()
	_, err := s.resolve(t, "did:web:example.com")
	if reason.Of(err) != reason.InternalIndeterminate || !errors.Is(err, safehttp.ErrUnreachable) {
		t.Errorf("nobody there: %v", err)
	}
	garbage := newSite(t, serve([]byte("<html>"), "application/json"))
	if d, err := garbage.resolve(t, "did:web:example.com"); reason.Of(err) != reason.JSONSyntax || d != nil {
		t.Errorf("garbage that says it is JSON: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	s := newSite(t, serve(nil, ""))
	c, err := safehttp.New(s.cfg)
	if err != nil {
		t.Fatal(err)
	}
	good := didweb.Config{Fetch: c, Allowed: s.allowed, Now: start}
	for name, change := range map[string]func(*didweb.Config){
		"nothing to fetch with": func(c *didweb.Config) { c.Fetch = nil },
		"no list of hosts":      func(c *didweb.Config) { c.Allowed = nil },
		"no clock":              func(c *didweb.Config) { c.Now = nil },
	} {
		cfg := good
		change(&cfg)
		if r, err := didweb.New(cfg); err == nil || r != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// What URL accepts, every URL parser reads as the same host and path.
func FuzzURL(f *testing.F) {
	for _, s := range []string{"h.test", "h.test%3A8443:a:b", "127.0.0.1", "h.test:..", "user%40h.test", "0x7f.1", "%5B%3A%3A1%5D", "xn--h.test"} {
		f.Add("did:web:" + s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := did.Parse(s)
		if err != nil {
			return
		}
		text, err := didweb.URL(id)
		if err != nil {
			return
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.String() != text {
			t.Fatalf("%s is %s: %v", s, text, err)
		}
		if _, err := netip.ParseAddr(u.Hostname()); err == nil || strings.ToLower(u.Host) != u.Host {
			t.Fatalf("%s has the host %s", s, u.Host)
		}
		if clean := u.JoinPath(); clean.Path != u.Path || strings.Contains(u.EscapedPath(), "%") {
			t.Fatalf("%s has the path %s", s, u.Path)
		}
		back := strings.Replace(u.Host, ":", "%3A", 1)
		if path := strings.TrimSuffix(u.Path, "/did.json"); path != "/.well-known" {
			back += strings.ReplaceAll(path, "/", ":")
		}
		if "did:web:"+back != s {
			t.Fatalf("%s and did:web:%s are both %s", s, back, text)
		}
	})
}

func BenchmarkResolveCached(b *testing.B) {
	s := newSite(b, serve(document(b, "did:web:example.com", generate(b)), did.MediaType))
	c, err := did.NewCache(did.CacheConfig{Resolver: s.resolver(b), Now: start})
	if err != nil {
		b.Fatal(err)
	}
	id := mustParse(b, "did:web:example.com")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Resolve(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
	if s.dials.Load() != 1 {
		b.Fatalf("%d connections", s.dials.Load())
	}
}

func ExampleURL() {
	for _, s := range []string{"did:web:practice.example", "did:web:practice.example%3A8443:staff", "did:web:127.0.0.1"} {
		id, err := did.Parse(s)
		if err != nil {
			fmt.Println(err)
			return
		}
		where, err := didweb.URL(id)
		if err != nil {
			fmt.Println(reason.Of(err))
			continue
		}
		fmt.Println(where)
	}
	// Output:
	// https://practice.example/.well-known/did.json
	// https://practice.example:8443/staff/did.json
	// fetch.blocked
}
