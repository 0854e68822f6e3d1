// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/safehttp"
)

// domain is where everybody of the scenarios has a host: https, on one loopback port.
const domain = "scenario.test"

// town is the network that all scenarios share: one TLS server that is every host, and the
// product's own client to reach it.
type town struct {
	testing.TB
	server *httptest.Server
	roots  *x509.CertPool
	fetch  *safehttp.Client // for gateways
	plain  *http.Client     // for services and wallets

	mu    sync.RWMutex
	hosts map[string]http.Handler // by host name, or by host and first part of the path
	files map[string]file         // by host and path
}

type file struct {
	mediaType string
	body      []byte
}

// newTown opens the town, whose gateways may reach the hosts named.
func newTown(t testing.TB, hosts []string) *town {
	t.Helper()
	w := &town{TB: t, hosts: map[string]http.Handler{}, files: map[string]file{}, roots: x509.NewCertPool()}
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(w.answer))
	w.server.TLS = &tls.Config{Certificates: []tls.Certificate{w.certificate()}, MinVersion: tls.VersionTLS13}
	w.server.StartTLS()
	t.Cleanup(w.server.Close)
	cfg := safehttp.Config{Roots: w.roots, Resolver: loopback{}, Dial: w.dial, Now: time.Now}
	for _, h := range hosts {
		cfg.Private = append(cfg.Private, h+":443")
	}
	var err error
	w.fetch, err = safehttp.New(cfg)
	must(t, err)
	transport := &http.Transport{
		DialContext:     w.dial,
		TLSClientConfig: &tls.Config{RootCAs: w.roots, ServerName: "wallet." + domain, MinVersion: tls.VersionTLS13},
	}
	w.plain = &http.Client{Transport: transport, Timeout: time.Minute}
	t.Cleanup(transport.CloseIdleConnections)
	t.Cleanup(w.fetch.Close)
	return w
}

// loopback finds every name here.
type loopback struct{}

func (loopback) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, nil
}

func (w *town) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, w.server.Listener.Addr().String())
}

func (w *town) certificate() tls.Certificate {
	w.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(w, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: domain}, DNSNames: []string{"*." + domain},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	must(w, err)
	cert, err := x509.ParseCertificate(raw)
	must(w, err)
	w.roots.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: k}
}

func (w *town) answer(rw http.ResponseWriter, r *http.Request) {
	w.mu.RLock()
	f, found := w.files[r.Host+r.URL.Path]
	h := w.hosts[r.Host]
	room, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	inside := w.hosts[r.Host+"/"+room]
	w.mu.RUnlock()
	switch {
	case found:
		rw.Header().Set("Content-Type", f.mediaType)
		_, _ = rw.Write(f.body)
	case inside != nil:
		http.StripPrefix("/"+room, inside).ServeHTTP(rw, r)
	case h != nil:
		h.ServeHTTP(rw, r)
	default:
		http.NotFound(rw, r)
	}
}

// open has h answer at place, a host or a host and the first part of a path, until the test t ends.
func (w *town) open(t testing.TB, place string, h http.Handler) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hosts[place] = h
	t.Cleanup(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.hosts, place)
	})
}

// put serves body at https://host/path for the rest of the run.
func (w *town) put(host, path, mediaType string, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files[host+path] = file{mediaType, body}
}
