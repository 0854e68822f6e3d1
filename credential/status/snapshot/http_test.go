// SPDX-License-Identifier: Apache-2.0

package snapshot_test

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/internal/safehttp"
)

// answers resolves every name to one public address.
type answers struct{}

func (answers) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("93.184.215.14")}, nil
}

// site serves what a Publisher publishes over TLS, and keeps the status of every answer.
type site struct {
	*httptest.Server
	mu     sync.Mutex
	status []int
}

func newSite(t *testing.T, p func() *publisher.Publisher) *site {
	t.Helper()
	s := &site{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status/token/{list}", func(w http.ResponseWriter, r *http.Request) { p().ServeToken(w, r) })
	mux.HandleFunc("GET /status/bitstring/{list}", func(w http.ResponseWriter, r *http.Request) { p().ServeBitstring(w, r) })
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept := &statusKept{ResponseWriter: w, status: http.StatusOK}
		mux.ServeHTTP(kept, r)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.status = append(s.status, kept.status)
	}))
	t.Cleanup(s.Close)
	return s
}

type statusKept struct {
	http.ResponseWriter
	status int
}

func (k *statusKept) WriteHeader(status int) {
	k.status = status
	k.ResponseWriter.WriteHeader(status)
}

// client reaches s under the name of its certificate, as a gateway reaches an issuer.
func (s *site) client(t *testing.T) *safehttp.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	c, err := safehttp.New(safehttp.Config{
		Roots: roots, Resolver: answers{}, Now: func() time.Time { return s.Certificate().NotBefore.Add(time.Hour) },
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestOverHTTP: whole list, nothing new, delta: over TLS, with the client and the handlers of production.
func TestOverHTTP(t *testing.T) {
	b, err := newBothAt("https://example.com/status")
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func() *publisher.Publisher { return b.host.pub })
	b.fetcher = s.client(t)
	if b.src, err = b.gateway(time.Second); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	ref, err := b.alloc.Allocate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	entry, bits := b.host.pub.TokenRef(ref), b.host.pub.BitstringRefs(ref)[0]
	check := func(want status.State, answers ...int) {
		t.Helper()
		for range 2 { // the second time from memory
			got, _, err := b.src.State(ctx, b.did, entry)
			if err != nil || got != want {
				t.Fatalf("%v %v, want %v", got, err, want)
			}
			if got, _, err = b.src.State(ctx, b.did, bits); err != nil || got != want {
				t.Fatalf("%v %v, want %v", got, err, want)
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, status := range s.status {
			if len(answers) == 0 || status != answers[0] {
				t.Errorf("answers %v", s.status)
			}
		}
		s.status = nil
	}
	check(status.Valid, 200)
	b.at = b.at.Add(time.Second)
	b.src.Refresh(ctx)
	check(status.Valid, 304)
	if err := b.book.Set(ctx, []publisher.Ref{ref}, status.Revoked); err != nil {
		t.Fatal(err)
	}
	b.at = b.at.Add(time.Second)
	b.src.Refresh(ctx)
	check(status.Revoked, 226)
}
