// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/status/snapshot"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/did/didweb"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/client"
	"github.com/behalf-id/behalf/wallet"
)

// peer is what somebody outside has to reach and to check a sandbox: an HTTP client, the
// framework, and readers of documents, credentials and status lists of their own.
type peer struct {
	ready
	settings wallet.Settings // of wallets that trust its registry
	fetch    *safehttp.Client
	trust    *client.Client
	formats  credential.Formats
	keys     did.Resolver
	lists    *snapshot.Source
	plain    *http.Client
	now      func() time.Time // the clock of its wallets
}

func newPeer(t *testing.T, r ready) *peer {
	t.Helper()
	pem, err := os.ReadFile(r.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	p := &peer{ready: r, plain: plainClient(roots), now: time.Now}
	t.Cleanup(p.plain.CloseIdleConnections)
	var hosts []string
	for _, origin := range []string{r.Registry, r.Issuer, r.Gateway} {
		hosts = append(hosts, strings.TrimPrefix(origin, "https://"))
	}
	p.fetch, err = safehttp.New(safehttp.Config{Private: hosts, Roots: roots, Now: time.Now})
	check(t, err)
	t.Cleanup(p.fetch.Close)
	p.framework(t)
	p.readers(t)
	return p
}

// framework fetches the framework, under the keys that the registry says are its own.
func (p *peer) framework(t *testing.T) {
	t.Helper()
	ids, err := client.Discover(t.Context(), p.fetch, p.Registry)
	check(t, err)
	p.settings = wallet.Settings{Registry: p.Registry, Trusted: ids}
	trusted, err := trustframework.TrustedKeys(ids)
	check(t, err)
	p.trust, err = client.New(t.Context(), client.Config{
		URL: p.Registry, Trusted: trusted, Fetcher: p.fetch, Store: remembers(t), Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	check(t, err)
	check(t, p.trust.Refresh(t.Context()))
}

func (p *peer) readers(t *testing.T) {
	t.Helper()
	web, err := didweb.New(didweb.Config{Fetch: p.fetch, Now: time.Now, Allowed: func(host string) bool { return p.trust.Current().DIDHostAllowed(host) }})
	check(t, err)
	p.keys, err = did.NewMux(map[string]did.Resolver{didkey.Method: didkey.New(), didweb.Method: web})
	check(t, err)
	sd, err := sdjwt.New(sdjwt.Config{Random: rand.Reader, Now: time.Now, Holders: p.keys})
	check(t, err)
	p.formats = credential.Formats{sd}
	p.lists, err = snapshot.New(snapshot.Config{
		Fetcher: p.fetch, Resolver: p.keys, Marks: remembers(t), Now: time.Now,
		Signer: func(issuer, list string) (did.DID, bool) {
			if !p.trust.Current().StatusHostAllowed(issuer, list) {
				return did.DID{}, false
			}
			id, err := did.Parse(issuer)
			return id, err == nil
		},
	})
	check(t, err)
}

// open verifies raw against what its issuer publishes now.
func (p *peer) open(ctx context.Context, raw []byte) (*credential.Credential, error) {
	v, err := credential.Open(ctx, p.formats[0], raw, credential.Keys{Resolver: p.keys, At: time.Now()})
	return v.Credential(), err
}

// wallet puts a wallet on v that shows all it sends and gets to seen.
func (p *peer) wallet(t *testing.T, v *wallet.Vault, seen seen) *wallet.Wallet {
	t.Helper()
	w, err := wallet.New(wallet.Config{
		Vault: v, Remote: listener{p.fetch, seen}, Formats: p.formats, Resolver: p.keys, Framework: p.trust.Current,
		Status: p.lists, Now: p.now, Random: rand.Reader,
	})
	check(t, err)
	return w
}

// seen is shown what a wallet posted and what came back.
type seen func(url string, body, answer []byte)

// listener is a wallet's way to the network.
type listener struct {
	*safehttp.Client
	seen seen
}

func (l listener) Post(ctx context.Context, url, kind string, body []byte, want safehttp.Want) (safehttp.Response, error) {
	answer, err := l.Client.Post(ctx, url, kind, body, want)
	if err == nil {
		l.seen(url, body, answer.Body)
	}
	return answer, err
}

// call sends a request with a bearer token and reads the JSON that comes. An answer that is no
// success is a *refusal.
func (p *peer) call(ctx context.Context, method, url, token, idempotency string, body []byte, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	if idempotency != "" {
		r.Header.Set("Idempotency-Key", idempotency)
	}
	answer, err := p.plain.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, url, answer.Status, raw)
	}
	return json.Unmarshal(raw, into)
}

// plainClient is an HTTP client as any program has one, which trusts one authority.
func plainClient(roots *x509.CertPool) *http.Client {
	return &http.Client{Timeout: within, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
}

// remembers is a store that is forgotten with the test.
func remembers(t *testing.T) *memory.Store {
	t.Helper()
	s, err := memory.New(memory.Config{Now: time.Now})
	check(t, err)
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
