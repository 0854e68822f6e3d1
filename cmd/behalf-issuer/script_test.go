// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/command/commandtest"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/registry"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"behalf-issuer": main})
}

// TestScripts runs the command against a registry of its own, whose framework accredits the issuer
// that the script makes. The script finds in its environment: ORIGIN and LISTEN, REGISTRY,
// REGISTRY_KEY, PRIVATE (the registry's host and port), and in its folder tls.pem, which is its own authority, and tls.key.
func TestScripts(t *testing.T) {
	commandtest.Scripts(t, func(env *testscript.Env) error {
		c, err := commandtest.Certify(env.WorkDir, time.Now())
		if err != nil {
			return err
		}
		commandtest.Keep(env, c)
		listen, err := commandtest.FreeAddress()
		if err != nil {
			return err
		}
		_, port, _ := net.SplitHostPort(listen)
		origin := "https://localhost:" + port
		url, pinned, err := serveRegistry(env, c.Pair, origin)
		env.Setenv("ORIGIN", origin)
		env.Setenv("LISTEN", listen)
		env.Setenv("REGISTRY", url)
		env.Setenv("REGISTRY_KEY", pinned)
		env.Setenv("PRIVATE", strings.TrimPrefix(url, "https://"))
		return err
	}, nil)
}

// serveRegistry serves a registry whose framework accredits the issuer at origin, and returns its
// address and the key to pin.
func serveRegistry(env *testscript.Env, cert tls.Certificate, origin string) (string, string, error) {
	private, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		return "", "", err
	}
	by, err := didkey.Signer(private)
	if err != nil {
		return "", "", err
	}
	s, err := memory.New(memory.Config{Now: time.Now})
	if err != nil {
		return "", "", err
	}
	r, err := registry.New(registry.Config{Store: s, Signer: by, Now: time.Now})
	if err != nil {
		return "", "", err
	}
	if _, err := r.Apply(context.Background(), framework(by.Method.DID(), origin)); err != nil {
		return "", "", err
	}
	token, err := web.NewSecret("not-used")
	if err != nil {
		return "", "", err
	}
	handler, err := registry.Handler(r, registry.HTTPConfig{AdminToken: token})
	if err != nil {
		return "", "", err
	}
	served := httptest.NewUnstartedServer(handler)
	served.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	served.StartTLS()
	env.Defer(served.Close)
	_, port, err := net.SplitHostPort(served.Listener.Addr().String())
	return "https://localhost:" + port, by.Method.DID().String(), err
}

func framework(operator did.DID, origin string) *trustframework.Framework {
	id := "did:web:localhost%3A" + strings.TrimPrefix(origin, "https://localhost:")
	now := time.Now().UTC().Truncate(time.Second)
	return &trustframework.Framework{
		ID: "https://framework.example.org", MaxAgeSeconds: 3600, Anchors: []string{operator.String()},
		Limits:        trustframework.Limits{MaxChainLinks: 3, MaxAccreditationPath: 4},
		Relationships: map[string]trustframework.Relationship{"adult-to-adult": {LegalBases: []string{"consent"}, MaxRedelegation: 1, MaxValidityDays: 730}},
		Accreditations: []trustframework.Accreditation{{
			ID: "acc-1", Issuer: id, AccreditedBy: operator.String(), Status: trustframework.Active,
			From: now.Add(-time.Hour), Until: now.AddDate(3, 0, 0), Types: []string{credential.TypeDelegation},
			Relationships: []string{"adult-to-adult"}, LegalBases: []string{"consent"}, Resources: []string{"appointments"},
		}},
		Parties: map[string]trustframework.Party{id: {Name: "Larkhill Road Surgery", DIDHosts: []string{strings.TrimPrefix(origin, "https://")}, StatusHosts: []string{origin}}},
	}
}
