// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/trustframework"
)

// certificate writes a certificate for 127.0.0.1 that is its own authority.
func certificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// firstLine gives the first line that is written to it.
type firstLine struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	line chan string
}

func (w *firstLine) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := bytes.Contains(w.buf.Bytes(), []byte("\n"))
	w.buf.Write(p)
	if line, _, ok := strings.Cut(w.buf.String(), "\n"); ok && !before {
		w.line <- line
	}
	return len(p), nil
}

// command runs one command and wants it to end with code.
func command(t *testing.T, code int, args ...string) (out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	if got := run(t.Context(), append([]string{"behalf-registry"}, args...), &o, &e); got != code {
		t.Fatalf("%v ended with %d: %s", args, got, e.String())
	}
	return o.String(), e.String()
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
	out, _ := command(t, exitDone, "init", "--dir", dir, "--alg", "EdDSA", "--listen", "127.0.0.1:0", "--json")
	var made made
	if err := strictjson.UnmarshalClosed([]byte(out), &made); err != nil {
		t.Fatal(err)
	}
	cert, key := certificate(t, dir)
	t.Setenv("BEHALF_REGISTRY_TLS_CERT", cert)
	t.Setenv("BEHALF_REGISTRY_TLS_KEY", key)

	ctx, stop := context.WithCancel(t.Context())
	ready, done := &firstLine{line: make(chan string, 1)}, make(chan int, 1)
	var log bytes.Buffer
	go func() {
		done <- run(ctx, []string{"behalf-registry", "serve", "--config", made.Config, "--json"}, ready, &log)
	}()
	var at serving
	select {
	case line := <-ready.line:
		if err := strictjson.UnmarshalClosed([]byte(line), &at); err != nil {
			t.Fatal(err)
		}
	case code := <-done:
		t.Fatalf("ended with %d: %s", code, log.String())
	}
	workThroughAPI(t, dir, cert, made, "https://"+at.Listen)

	// The store is in use, and says so.
	if _, errs := command(t, exitRefused, "log", "verify", "--config", made.Config); !strings.Contains(errs, "is a server running on it?") {
		t.Error(errs)
	}
	stop()
	if code := <-done; code != exitDone {
		t.Errorf("serve ended with %d: %s", code, log.String())
	}
	if out, _ := command(t, exitDone, "log", "verify", "--config", made.Config); !strings.HasPrefix(out, "2 versions, unbroken.") {
		t.Error(out)
	}
	if token, err := os.ReadFile(in(dir, "admin-token")); err != nil || strings.Contains(log.String(), strings.TrimSpace(string(token))) {
		t.Errorf("the token is in the log, or gone: %v", err)
	}
}

func workThroughAPI(t *testing.T, dir, cert string, made made, base string) {
	t.Helper()
	file := in(dir, "framework.yaml")
	if err := os.WriteFile(file, []byte(frameworkYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	through := []string{"--url", base, "--token-file", in(dir, "admin-token"), "--ca", cert}
	if _, errs := command(t, exitRefused, append([]string{"export"}, through...)...); !strings.Contains(errs, "trust.registry_unavailable") {
		t.Error(errs)
	}
	if out, _ := command(t, exitDone, append(append([]string{"apply", "--dry-run"}, through...), file)...); !strings.Contains(out, "nothing was applied") {
		t.Error(out)
	}
	if out, _ := command(t, exitDone, append(append([]string{"apply"}, through...), file)...); !strings.Contains(out, "version 1 is in force") {
		t.Error(out)
	}
	exported, _ := command(t, exitDone, append([]string{"export"}, through...)...)
	edited := in(dir, "edited.json")
	if err := os.WriteFile(edited, []byte(strings.Replace(exported, "3600", "1800", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _ := command(t, exitDone, append(append([]string{"apply", "--json"}, through...), edited)...); out != `{"version":2,"changes":["~ maxAgeSeconds: 3600 → 1800"]}`+"\n" {
		t.Error(out)
	}
	again := in(dir, "again.json")
	if err := os.WriteFile(again, []byte(strings.Replace(exported, "3600", "900", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs := command(t, exitRefused, append(append([]string{"apply"}, through...), again)...); !strings.Contains(errs, "export, merge and apply again") {
		t.Error(errs)
	}
	wrong := in(dir, "wrong-token")
	if err := os.WriteFile(wrong, []byte("wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs := command(t, exitRefused, "export", "--url", base, "--token-file", wrong, "--ca", cert); !strings.Contains(errs, "token.invalid") {
		t.Error(errs)
	}
	read(t, cert, made, base)
}

// read opens the snapshot under the key that init printed.
func read(t *testing.T, cert string, made made, base string) {
	t.Helper()
	roots, err := readRoots(cert)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
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
	command(t, exitDone, "init", "--dir", dir, "--listen", l.Addr().String())
	_, errs := command(t, exitRefused, "serve", "--config", in(dir, "registry.yaml"))
	if strings.Count(errs, "\n") != 1 || !strings.Contains(errs, l.Addr().String()) {
		t.Error(errs)
	}
	command(t, exitDone, "log", "verify", "--config", in(dir, "registry.yaml"))
}
