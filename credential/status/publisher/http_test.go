// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/delta"
	"github.com/behalf-id/behalf/internal/jsonld"
)

func (w *world) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /token/{list}", w.pub.ServeToken)
	mux.HandleFunc("GET /bitstring/{list}", w.pub.ServeBitstring)
	mux.HandleFunc("GET /aggregation", w.pub.ServeAggregation)
	return mux
}

// get asks for path with a header of name and value pairs.
func get(h http.Handler, path string, header ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec.Result()
}

// TestServe: what each request is answered with.
func TestServe(t *testing.T) {
	w := newWorld(t)
	suite, err := dataintegrity.Suite(dataintegrity.ECDSAJCS, jsonld.Closed)
	if err != nil {
		t.Fatal(err)
	}
	cfg := w.config()
	cfg.Suite = suite
	if w.pub, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	ref := w.allocate()
	h := w.handler()
	old := get(h, "/token/1-1").Header.Get("ETag")
	w.set(status.Revoked, ref)
	w.add(time.Second)
	now := get(h, "/token/1-1").Header.Get("ETag")
	for _, c := range []struct {
		path   string
		header []string
		status int
		kind   string
	}{
		{"/token/1-1", nil, 200, "application/statuslist+jwt"},
		{"/token/1-1?x=1", nil, 200, "application/statuslist+jwt"},
		{"/token/1-1?time=1686925000", nil, 501, "application/problem+json"},
		{"/token/1-1", []string{"If-None-Match", now}, 304, ""},
		{"/token/1-1", []string{"If-None-Match", "W/" + now}, 304, ""},
		{"/token/1-1", []string{"If-None-Match", "*"}, 304, ""},
		{"/token/1-1", []string{"If-None-Match", old}, 200, "application/statuslist+jwt"},
		{"/token/1-1", []string{"If-None-Match", old, "Accept", both}, 226, delta.MediaType},
		{"/token/1-1", []string{"If-None-Match", old, "Accept", "a/b;q=1 , Application/Status-Delta+JWS;q=0.5"}, 226, delta.MediaType},
		{"/token/1-1", []string{"If-None-Match", now, "Accept", both}, 304, ""},
		{"/token/1-1", []string{"If-None-Match", old, "Accept", delta.MediaType + "x"}, 200, "application/statuslist+jwt"},
		{"/token/1-1", []string{"If-None-Match", old, "Accept", strings.Repeat("a/b,", maxAccepted) + delta.MediaType}, 200, "application/statuslist+jwt"},
		{"/token/1-1", []string{"Range", "bytes=0-9"}, 200, "application/statuslist+jwt"},
		{"/token/1-2", nil, 404, "application/problem+json"},
		{"/token/01-1", nil, 404, "application/problem+json"},
		{"/bitstring/1-1-revocation", nil, 200, "application/vc+jwt"},
		{"/bitstring/1-1-revocation", []string{"Accept", "application/vc"}, 200, "application/vc"},
		{"/bitstring/1-1-revocation", []string{"Accept", "application/vc+jwt, application/vc"}, 200, "application/vc+jwt"},
		{"/bitstring/1-1-revocation", []string{"Accept", "*/*"}, 200, "application/vc+jwt"},
		{"/bitstring/1-1-refresh", nil, 404, "application/problem+json"},
		{"/bitstring/1-1", nil, 404, "application/problem+json"},
		{"/aggregation", nil, 200, "application/json"},
	} {
		got := get(h, c.path, c.header...)
		if kind := got.Header.Get("Content-Type"); got.StatusCode != c.status || kind != c.kind {
			t.Errorf("%s with %v: %d %s, want %d %s", c.path, c.header, got.StatusCode, kind, c.status, c.kind)
		}
		kept := got.Header.Get("Cache-Control")
		if shared := c.status == 200 || c.status == 304; shared != strings.HasPrefix(kept, "public, max-age=") || !shared && kept != "no-store" {
			t.Errorf("%s with %v: Cache-Control %s", c.path, c.header, kept)
		}
		if c.status == 226 && (got.Header.Get("ETag") != now || got.Header.Get("IM") == "") {
			t.Errorf("a delta with %v", got.Header)
		}
	}
}

// attackHeaders is STS-26 as a reader sees it.
func attackHeaders(t *testing.T) {
	w := newWorld(t)
	w.allocate()
	h := w.handler()
	for _, path := range []string{"/token/1-1", "/bitstring/1-1-revocation", "/bitstring/1-1-suspension", "/aggregation"} {
		got := get(h, path)
		var age int
		if _, err := fmt.Sscanf(got.Header.Get("Cache-Control"), "public, max-age=%d,", &age); err != nil || age <= 0 || time.Duration(age)*time.Second > DefaultTTL {
			t.Errorf("%s: Cache-Control %s", path, got.Header.Get("Cache-Control"))
		}
		if tag := got.Header.Get("ETag"); !strings.HasPrefix(tag, `"`) || len(tag) < 18 {
			t.Errorf("%s: ETag %s", path, tag)
		}
		if got.Header.Get("Access-Control-Allow-Origin") != "*" || got.Header.Get("Set-Cookie") != "" || got.Header.Get("Vary") != "Accept" {
			t.Errorf("%s: %v", path, got.Header)
		}
	}
}

// mute is a ResponseWriter that keeps nothing.
type mute struct {
	header http.Header
	status int
}

func (m *mute) Header() http.Header         { return m.header }
func (m *mute) Write(b []byte) (int, error) { return len(b), nil }
func (m *mute) WriteHeader(status int)      { m.status = status }

// attackRequests is STS-25 as a server sees it: nothing that is in a request makes it keep anything, and
// saying that nothing has changed allocates nothing.
func attackRequests(t *testing.T) {
	w := newWorld(t)
	w.allocate()
	h := w.handler()
	tag := get(h, "/token/1-1").Header.Get("ETag")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 5_000 {
		garbage := strings.Repeat(`"x", W/`, i%1000)
		for _, got := range []*http.Response{
			get(h, fmt.Sprintf("/token/1-%d", i+2)),
			get(h, "/token/1-1", "If-None-Match", garbage+tag[:i%len(tag)], "Accept", both),
			get(h, "/token/1-1", "Range", fmt.Sprintf("bytes=%d-", i)),
		} {
			if got.StatusCode != 404 && got.StatusCode != 200 {
				t.Fatalf("request %d: %d", i, got.StatusCode)
			}
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if after.HeapAlloc > before.HeapAlloc+1<<20 || len(w.pub.slots) != 1 {
		t.Errorf("the heap grew by %d bytes, %d lists are kept", after.HeapAlloc-before.HeapAlloc, len(w.pub.slots))
	}
	r := httptest.NewRequest(http.MethodGet, "/token/1-1", bytes.NewReader(nil))
	r.SetPathValue("list", "1-1")
	r.Header.Set("If-None-Match", tag)
	m := &mute{header: http.Header{}}
	if n := testing.AllocsPerRun(1000, func() { w.pub.ServeToken(m, r) }); n != 0 || m.status != 304 {
		t.Errorf("%v allocations for status %d", n, m.status)
	}
}
