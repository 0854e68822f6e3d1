// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/rand"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// TestIssuerLogin: what an operator writes of sign-in, wallets and their providers is what the server
// then says of itself.
func TestIssuerLogin(t *testing.T) {
	s := newIssuerSite(t)
	s.write("login-secret", "secret-of-the-issuer\n")
	s.cfg.Login = IssuerLogin{Issuer: "https://login.example.org", ClientID: "issuer", ClientSecret: filepath.Join(s.dir, "login-secret"), Algorithms: []string{"RS256"}}
	s.cfg.Wallets = map[string]IssuerWallet{"known": {Name: "A wallet", Redirects: []string{"https://wallet.example.org/cb"}}}
	s.cfg.WalletProviders = WalletProviders{DIDs: []string{"did:web:provider.example.org"}, Anchors: filepath.Join(s.dir, "ca.pem")}
	running := s.start()
	_, raw := running.get("/.well-known/oauth-authorization-server")
	m, err := vci.ParseServerMetadata(raw, s.cfg.Origin)
	s.check(err)
	s.check(m.CheckCodeFlow())
	if m.PushedEndpoint == "" || m.ChallengeEndpoint == "" || strings.Contains(string(raw), "secret") {
		t.Errorf("%s", raw)
	}
	query := vci.AuthorizationRequest{
		ClientID: "known", RedirectURI: "https://wallet.example.org/other", Scope: "delegation", Challenge: strings.Repeat("A", 43),
	}.Form().Encode()
	if status, _ := running.get("/authorize?" + query); status != 400 {
		t.Errorf("another redirect than the configured one: %d", status)
	}
	s.check(running.stop())
	if strings.Contains(s.sink.String(), "secret-of-the-issuer") {
		t.Error("the secret is in the log")
	}
}

// TestIssuerLoginRefuses: what cannot be meant stops the start, with the name of the setting.
func TestIssuerLoginRefuses(t *testing.T) {
	s := newIssuerSite(t)
	s.write("secret", "x")
	s.check(os.WriteFile(filepath.Join(s.dir, "open"), []byte("x"), 0o644))
	s.write("no.pem", "nothing")
	s.write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("x")})))
	s.write("bad.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})))
	login := IssuerLogin{Issuer: "https://login.example.org", ClientID: "issuer"}
	with := func(change func(*IssuerLogin)) func(*IssuerConfig) {
		return func(c *IssuerConfig) { c.Login = login; change(&c.Login) }
	}
	anchors := func(name string) func(*IssuerConfig) {
		return func(c *IssuerConfig) { c.WalletProviders.Anchors = filepath.Join(s.dir, name) }
	}
	wallet := func(redirect string) func(*IssuerConfig) {
		return func(c *IssuerConfig) {
			c.Wallets = map[string]IssuerWallet{"w": {Name: "W", Redirects: []string{redirect}}}
		}
	}
	for name, c := range map[string]struct {
		change func(*IssuerConfig)
		says   string
	}{
		"no issuer":        {with(func(l *IssuerLogin) { l.Issuer = "" }), "login.issuer"},
		"http":             {with(func(l *IssuerLogin) { l.Issuer = "http://login.example.org" }), "login"},
		"no client":        {with(func(l *IssuerLogin) { l.ClientID = "" }), "login"},
		"algorithm":        {with(func(l *IssuerLogin) { l.Algorithms = []string{"none"} }), "login"},
		"no secret file":   {with(func(l *IssuerLogin) { l.ClientSecret = filepath.Join(s.dir, "absent") }), "absent"},
		"open secret file": {with(func(l *IssuerLogin) { l.ClientSecret = filepath.Join(s.dir, "open") }), "open"},
		"provider":         {func(c *IssuerConfig) { c.WalletProviders.DIDs = []string{"x"} }, "wallet-providers.dids"},
		"no anchors file":  {anchors("absent"), "absent"},
		"no anchors":       {anchors("no.pem"), "no.pem"},
		"a key":            {anchors("key.pem"), "key.pem"},
		"no certificate":   {anchors("bad.pem"), "bad.pem"},
		"redirect":         {wallet("http://wallet.example.org/"), "wallet"},
		"script":           {wallet("javascript:x"), "wallet"},
		"no redirect":      {func(c *IssuerConfig) { c.Wallets = map[string]IssuerWallet{"w": {Name: "W"}} }, "wallet"},
	} {
		cfg := s.cfg
		c.change(&cfg)
		server, err := Issuer(t.Context(), cfg, Deps{Now: s.clock.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
		if err == nil {
			_ = server.Close()
		}
		if reason.Of(err) != reason.CLIConfig || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
