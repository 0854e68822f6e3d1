// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/verifier"
)

// write puts a file beside the settings and returns its path.
func (s *gatewaySite) write(name, text string) string {
	s.Helper()
	path := filepath.Join(filepath.Dir(s.cfg.Store), name)
	s.must(os.WriteFile(path, []byte(text), 0o600))
	return path
}

// sources opens the gateway as far as its restrictions.
func (s *gatewaySite) sources() (verifier.AllRestrictions, error) {
	s.Helper()
	fetch, err := s.cfg.Outbound.Client(s.deps())
	s.must(err)
	return (&gateway{cfg: s.cfg, deps: s.deps(), fetch: fetch}).restrictions()
}

// TestGatewayRestrictions has the file, the controller's service, and both, as settings name them.
func TestGatewayRestrictions(t *testing.T) {
	s := newGatewaySite(t)
	service := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer controllers-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"restrictions":[{"principal":"urn:p:1","kind":"deceased"}]}`)
	}))
	t.Cleanup(service.Close)
	s.cfg.Restrictions = s.write("restrictions.json", `[{"principal":"urn:p:1","kind":"silent-stop"}]`)
	s.cfg.Outbound.CA = s.write("both.pem", pemOf(s.registry.Certificate())+pemOf(service.Certificate()))
	url, token := service.URL+"/r", s.write("controllers-token", "controllers-token\n")
	file, private := s.cfg.Restrictions, append(s.cfg.Outbound.Private, strings.TrimPrefix(service.URL, "https://"))
	for name, c := range map[string]struct {
		file, url, token string
		private          []string
		want             string // kinds; "" is an error
	}{
		"file":               {file: file, want: "silent-stop"},
		"service":            {url: url, token: token, private: private, want: "deceased"},
		"both":               {file: file, url: url, token: token, private: private, want: "silent-stop deceased"},
		"not listed":         {file: file, url: url, token: token},
		"wrong token":        {file: file, url: url, token: s.write("other", "other"), private: private},
		"file gone":          {file: file + "x", url: url, token: token, private: private},
		"another's host":     {file: file, url: "https://records.invalid/r", token: token, private: private},
		"damaged file alone": {file: s.write("damaged.json", "["), url: url, token: token, private: private},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := s.cfg
			defer func() { s.cfg = cfg }()
			s.cfg.Restrictions, s.cfg.RestrictionsURL, s.cfg.RestrictionsToken, s.cfg.Outbound.Private = c.file, c.url, c.token, c.private
			all, err := s.sources()
			s.must(err)
			got, err := all.InForce(t.Context(), "urn:p:1")
			if diff := cmp.Diff(c.want, kinds(got)); diff != "" || (err != nil) != (c.want == "") {
				t.Error(err, diff)
			}
		})
	}
}

func kinds(all []delegation.Restriction) string {
	var names []string
	for _, r := range all {
		names = append(names, r.Kind)
	}
	return strings.Join(names, " ")
}

// TestGatewayRefusesRestrictions has what settings of restrictions and overrides must not say.
func TestGatewayRefusesRestrictions(t *testing.T) {
	s := newGatewaySite(t)
	token := s.write("token", "controllers-token")
	const url = "https://records.example.org/restrictions"
	for name, c := range map[string]struct {
		change func(*GatewayConfig)
		says   string
	}{
		"neither":        {func(c *GatewayConfig) { c.Restrictions = "" }, "restrictions or restrictions-url is not set"},
		"no token":       {func(c *GatewayConfig) { c.RestrictionsURL = url }, "restrictions-token-file"},
		"no url":         {func(c *GatewayConfig) { c.RestrictionsToken = token }, "restrictions-url"},
		"token absent":   {func(c *GatewayConfig) { c.RestrictionsURL, c.RestrictionsToken = url, "absent" }, "absent"},
		"http":           {func(c *GatewayConfig) { c.RestrictionsURL, c.RestrictionsToken = "http://x.example", token }, "https"},
		"no address":     {func(c *GatewayConfig) { c.RestrictionsURL, c.RestrictionsToken = "https://", token }, "https"},
		"overrides gone": {func(c *GatewayConfig) { c.Overrides = "absent" }, "absent"},
		"one token":      {func(c *GatewayConfig) { c.Overrides = s.write("same", gatewayTestToken) }, "same token"},
	} {
		cfg := s.cfg
		c.change(&cfg)
		server, err := Gateway(t.Context(), cfg, s.deps())
		if err == nil {
			s.must(server.Close())
		}
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestGatewayOverrides shows that staff overrides are there where they have a token, and nowhere else.
func TestGatewayOverrides(t *testing.T) {
	s := newGatewaySite(t)
	for _, c := range []struct {
		file string
		want int
	}{{"", http.StatusNotFound}, {s.write("overrides-token", "overrides-token"), http.StatusUnauthorized}} {
		s.cfg.Overrides = c.file
		base, stop := s.serve()
		s.untilReady(base)
		if status, body := s.call("POST", base+"/v1/overrides", "{}"); status != c.want { // with the token of services
			t.Errorf("%q: %d %s", c.file, status, body)
		}
		stop()
	}
}
