// SPDX-License-Identifier: Apache-2.0

package browser_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/wallet"
)

// town is a world with a browser in it, a wallet on another device, and a service's own page.
type town struct {
	*world.World
	browser context.Context
	http    *safehttp.Client
	wallet  *wire.OpenedWallet
	service *httptest.Server
	saw     chan url.Values // what came to the service's page with the browser
}

// build starts a town.
func build(t *testing.T) *town {
	t.Helper()
	if _, err := os.Stat(chromium); err != nil {
		start(t) // skips, or fails
	}
	town := &town{saw: make(chan url.Values, 8)}
	town.service = httptest.NewTLSServer(http.HandlerFunc(town.serviceSide))
	t.Cleanup(town.service.Close)
	cfg := world.Config{Dir: filepath.Join(t.TempDir(), "w"), Now: time.Now, Logger: slog.New(slog.DiscardHandler), SignIn: true}
	cfg.Gateway = func(g *wire.GatewayConfig) { g.Redirects = []string{town.back()} }
	w, err := world.Open(t.Context(), cfg)
	check(t, err)
	town.World = w
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		check(t, <-ended)
	})
	check(t, w.Ready(ctx))
	town.http, err = w.Client()
	check(t, err)
	t.Cleanup(town.http.Close)
	town.openWallet(t, cfg.Dir)
	keys := []string{keyOf(town.service.Certificate())}
	for _, role := range []string{"issuer", "gateway", "sign-in"} {
		keys = append(keys, keyOf(certificate(t, filepath.Join(cfg.Dir, role, "tls.pem"))))
	}
	town.browser = start(t, chromedp.Flag("ignore-certificate-errors-spki-list", strings.Join(keys, ",")))
	return town
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func certificate(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	raw, err := os.ReadFile(path)
	check(t, err)
	block, _ := pem.Decode(raw)
	parsed, err := x509.ParseCertificate(block.Bytes)
	check(t, err)
	return parsed
}

// keyOf returns the digest by which the browser is told to trust a certificate.
func keyOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// openWallet makes a wallet of its own, as on a phone.
func (n *town) openWallet(t *testing.T, dir string) {
	t.Helper()
	ca, err := os.ReadFile(n.CA())
	check(t, err)
	settings := wallet.Settings{Registry: n.Registry, Trusted: []string{n.RegistryKey}, CA: string(ca)}
	vault, err := wallet.Create(t.Context(), filepath.Join(dir, "tom"), []byte(rand.Text()), settings, rand.Reader)
	check(t, err)
	n.wallet, err = wire.ConnectedWallet(t.Context(), vault, "", wire.Deps{Now: time.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	check(t, err)
	t.Cleanup(func() {
		n.wallet.Close()
		check(t, vault.Close())
	})
}

// post sends what an operator or a service sends, and reads the answer.
func (n *town) post(t *testing.T, address, token string, body, into any) {
	t.Helper()
	raw, ok := body.([]byte)
	if !ok {
		var err error
		raw, err = strictjson.Marshal(body)
		check(t, err)
	}
	answer, err := n.http.Post(t.Context(), address, "application/json", raw, safehttp.Want{
		MediaTypes: []string{"application/json"}, MaxBytes: 1 << 20, Statuses: []int{200, 201},
		Header: map[string][]string{"Authorization": {"Bearer " + token}, "Idempotency-Key": {rand.Text()}},
	})
	check(t, err)
	check(t, strictjson.Unmarshal(answer.Body, into))
}

// offered is what the issuer tells its operator of a grant.
type offered struct {
	ID    string `json:"id"`
	Offer struct {
		Page   string `json:"page"`
		TxCode string `json:"tx_code"`
	} `json:"offer"`
}

// asked is what the gateway tells a service of its request.
type asked struct {
	ID       string `json:"id"`
	DeepLink string `json:"deeplink"`
	Page     string `json:"page"`
}

// ask asks the gateway for a request about an access.
func (n *town) ask(t *testing.T, flow, redirect, resource, action string) asked {
	t.Helper()
	body := map[string]any{
		"principal": world.PrincipalURN, "resource": resource, "action": action, "purpose": world.Purpose, "controller": world.Controller,
		"jurisdiction": world.Jurisdiction, "assurance": "high", "flow": flow,
	}
	if redirect != "" {
		body["redirect_uri"] = redirect
	}
	var out asked
	n.post(t, n.Gateway+"/v1/requests", n.GatewayToken, body, &out)
	return out
}

// result returns the status and the answer when a service asks for the result of a request.
func (n *town) result(t *testing.T, id, query string) (int, map[string]any) {
	t.Helper()
	answer, err := n.http.Get(t.Context(), n.Gateway+"/v1/requests/"+id+query, safehttp.Want{
		MediaTypes: []string{"application/json", "application/problem+json"}, MaxBytes: 1 << 20, Statuses: []int{200, 403},
		Header: map[string][]string{"Authorization": {"Bearer " + n.GatewayToken}},
	})
	check(t, err)
	var out map[string]any
	check(t, strictjson.Unmarshal(answer.Body, &out))
	return answer.Status, out
}

// back is the address of the service's page that browsers are sent back to.
func (n *town) back() string { return n.service.URL + "/back" }

// serviceSide is the page of the service: it takes the response code from the fragment, which came with
// the browser, and asks for the result with it.
func (n *town) serviceSide(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	switch r.URL.Path {
	case "/back":
		_, _ = fmt.Fprint(w, `<!DOCTYPE html><title>Service</title><main class="service"><p id="outcome"></p></main>
<script>fetch("/finish?" + location.hash.slice(1)).then((a) => a.text()).then((t) => document.getElementById("outcome").textContent = t)</script>`)
	case "/finish":
		n.saw <- r.URL.Query()
		_, _ = fmt.Fprint(w, "The service goes on.")
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
