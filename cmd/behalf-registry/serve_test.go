// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/command/commandtest"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/trustframework"
)

func prog() commandtest.Program {
	return commandtest.Program{Name: "behalf-registry", Run: run, Now: time.Now}
}

const frameworkYAML = `id: tf:example
maxAgeSeconds: 3600
anchors: ["did:web:accreditor.example.org"]
limits: {maxChainLinks: 3, maxAccreditationPath: 4}
relationships: {adult-to-adult: {legalBases: [consent]}}
accreditations: []
`

// An operator serves the registry and works on it through its API; a reader verifies what it says.
func TestServe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "reg")
	out, _ := prog().Call(t, command.Done, "init", "--dir", dir, "--alg", "EdDSA", "--listen", "127.0.0.1:0", "--json")
	var made made
	if err := strictjson.UnmarshalClosed([]byte(out), &made); err != nil {
		t.Fatal(err)
	}
	c, err := commandtest.Certify(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("BEHALF_REGISTRY_TLS_CERT", c.Cert)
	t.Setenv("BEHALF_REGISTRY_TLS_KEY", c.Key)

	server := prog().Serve(t, "serve", "--config", made.Config, "--json")
	var at serving
	if err := strictjson.UnmarshalClosed([]byte(server.First), &at); err != nil {
		t.Fatal(err)
	}
	workThroughAPI(t, dir, c, made, "https://"+at.Listen)

	// The store is in use, and says so.
	if _, errs := prog().Call(t, command.Refused, "log", "verify", "--config", made.Config); !strings.Contains(errs, "is a server running on it?") {
		t.Error(errs)
	}
	log := server.Stop()
	if out, _ := prog().Call(t, command.Done, "log", "verify", "--config", made.Config); !strings.HasPrefix(out, "2 versions, unbroken.") {
		t.Error(out)
	}
	if token, err := os.ReadFile(filepath.Join(dir, "admin-token")); err != nil || strings.Contains(log, strings.TrimSpace(string(token))) {
		t.Errorf("the token is in the log, or gone: %v", err)
	}
}

func workThroughAPI(t *testing.T, dir string, c commandtest.Certificate, made made, base string) {
	t.Helper()
	file := filepath.Join(dir, "framework.yaml")
	if err := os.WriteFile(file, []byte(frameworkYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	through := []string{"--url", base, "--token-file", filepath.Join(dir, "admin-token"), "--ca", c.Cert}
	if _, errs := prog().Call(t, command.Refused, append([]string{"export"}, through...)...); !strings.Contains(errs, "trust.registry_unavailable") {
		t.Error(errs)
	}
	if out, _ := prog().Call(t, command.Done, append(append([]string{"apply", "--dry-run"}, through...), file)...); !strings.Contains(out, "nothing was applied") {
		t.Error(out)
	}
	if out, _ := prog().Call(t, command.Done, append(append([]string{"apply"}, through...), file)...); !strings.Contains(out, "version 1 is in force") {
		t.Error(out)
	}
	exported, _ := prog().Call(t, command.Done, append([]string{"export"}, through...)...)
	edited := filepath.Join(dir, "edited.json")
	if err := os.WriteFile(edited, []byte(strings.Replace(exported, "3600", "1800", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _ := prog().Call(t, command.Done, append(append([]string{"apply", "--json"}, through...), edited)...); out != `{"version":2,"changes":["~ maxAgeSeconds: 3600 → 1800"]}`+"\n" {
		t.Error(out)
	}
	again := filepath.Join(dir, "again.json")
	if err := os.WriteFile(again, []byte(strings.Replace(exported, "3600", "900", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs := prog().Call(t, command.Refused, append(append([]string{"apply"}, through...), again)...); !strings.Contains(errs, "export, merge and apply again") {
		t.Error(errs)
	}
	wrong := filepath.Join(dir, "wrong-token")
	if err := os.WriteFile(wrong, []byte("wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs := prog().Call(t, command.Refused, "export", "--url", base, "--token-file", wrong, "--ca", c.Cert); !strings.Contains(errs, "token.invalid") {
		t.Error(errs)
	}
	read(t, c, made, base)
}

// read opens the snapshot under the key that init printed.
func read(t *testing.T, c commandtest.Certificate, made made, base string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.Pool, MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()
	for _, path := range []string{"/healthz", "/readyz", "/openapi.json", "/metrics"} {
		res, err := client.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, res.Status)
		}
		_ = res.Body.Close()
	}
	res, err := client.Get(base + "/v1/snapshot")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := trustframework.TrustedKeys([]string{made.Key})
	if err != nil {
		t.Fatal(err)
	}
	s, err := trustframework.Open(raw, keys, time.Now())
	if err != nil || s.Version() != 2 || s.Framework().MaxAgeSeconds != 1800 {
		t.Fatalf("%v", err)
	}
}

// An occupied port is one clear line, and the store is free again.
func TestOccupiedPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	dir := filepath.Join(t.TempDir(), "reg")
	prog().Call(t, command.Done, "init", "--dir", dir, "--listen", l.Addr().String())
	_, errs := prog().Call(t, command.Refused, "serve", "--config", filepath.Join(dir, "registry.yaml"))
	if strings.Count(errs, "\n") != 1 || !strings.Contains(errs, l.Addr().String()) {
		t.Error(errs)
	}
	prog().Call(t, command.Done, "log", "verify", "--config", filepath.Join(dir, "registry.yaml"))
}
