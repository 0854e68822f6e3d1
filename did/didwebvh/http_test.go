// SPDX-License-Identifier: Apache-2.0

package didwebvh

import (
	"bytes"
	"context"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/reason"
)

// public answers every name with a public address.
type public4 struct{}

func (public4) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("8.8.8.8")}, nil
}

// client is the real client, for which every host is the real server s.
func client(t *testing.T, s *httptest.Server) *safehttp.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	c, err := safehttp.New(safehttp.Config{Roots: roots, Resolver: public4{}, Now: start, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Over a real connection: an older log after a newer one, and answers that are none.
func TestAttacksOverHTTP(t *testing.T) {
	f := newForger(t)
	f.add(f.first(""), f.state("example.com", ""))
	older := bytes.Clone(f.log)
	f.add("{}", f.state("example.com", ""))
	id, err := did.Parse("did:webvh:" + f.scid + ":example.com")
	if err != nil {
		t.Fatal(err)
	}
	answer, mediaType, asked := f.log, "text/jsonl", ""
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Path
		if mediaType == "" {
			http.Redirect(w, r, "https://example.com/elsewhere.jsonl", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", mediaType)
		_, _ = w.Write(answer)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	h := newHost(t)
	r := h.resolver(t)
	r.cfg.Fetch = client(t, s)
	for _, c := range []struct {
		name, mediaType string
		log             []byte
		want            reason.Code
	}{
		{"DID-13 the newer log", "text/jsonl", f.log, ""},
		{"DID-13 the older log", "text/jsonl", older, reason.WebVHRollback},
		{"DID-19 a log beyond 10 MiB", "text/jsonl", bytes.Repeat([]byte(" "), MaxLog+1), reason.LimitDIDLog},
		{"DID-19 a log of 100 MiB", "text/jsonl", bytes.Repeat([]byte(" "), 100<<20), reason.LimitDIDLog},
		{"a page", "text/html", f.log, reason.FetchLimit},
		{"a redirect", "", f.log, reason.FetchRedirect},
		{"the newer log as plain text", "text/plain; charset=utf-8", f.log, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, mediaType = c.log, c.mediaType
			if d, err := r.Resolve(t.Context(), id); reason.Of(err) != c.want || (err == nil) != (d != nil) {
				t.Error(err)
			}
			if asked != "/.well-known/did.jsonl" {
				t.Errorf("asked for %s", asked)
			}
		})
	}
}
