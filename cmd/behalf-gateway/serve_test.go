// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/strictjson"
)

const registryKey = "did:key:zDnaeSN8XAkdPfVeNSDdzeyEBcWevBR8sDHdtyTAPsmBLjpDC"

// command runs one command and wants it to end with code.
func command(t *testing.T, code int, args ...string) (out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	p := &program{out: &o, err: &e, now: time.Now, random: rand.Reader}
	if got := p.run(t.Context(), append([]string{"behalf-gateway"}, args...)); got != code {
		t.Fatalf("%v ended with %d: %s", args, got, e.String())
	}
	return o.String(), e.String()
}

// TestSimulateAll decides the whole file of published scenarios.
func TestSimulateAll(t *testing.T) {
	out, errs := command(t, exitDone, "simulate", filepath.Join(shared.Dir(t, "scenarios"), "delegation.json"))
	if n := strings.Count(out, "\n"); n < 150 || errs != "" {
		t.Errorf("%d scenarios were decided: %s", n, errs)
	}
}

// TestServe runs a gateway whose registry is away: it answers, is not ready, and says when its port is taken.
func TestServe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gw")
	out, _ := command(t, exitDone, "init", "--dir", dir, "--origin", "https://gateway.example.org", "--name", "Larkhill Road Surgery",
		"--registry", "https://registry.example.org", "--registry-key", registryKey, "--listen", "127.0.0.1:0", "--json")
	var made made
	if err := strictjson.UnmarshalClosed([]byte(out), &made); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan int, 1)
	var log bytes.Buffer
	go func() {
		p := &program{out: writer, err: &log, now: time.Now, random: rand.Reader}
		ended <- p.run(ctx, []string{"behalf-gateway", "serve", "--config", made.Config, "--json"})
		_ = writer.Close()
	}()
	var at serving
	line := make([]byte, 256)
	n, err := reader.Read(line)
	if err != nil || strictjson.UnmarshalClosed(bytes.TrimSpace(line[:n]), &at) != nil {
		t.Fatalf("%v %s", err, line[:n])
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/.well-known/did.json": 200, "/v1/requests/x": 401, "/nonsense": 404} {
		if got := get(t, "http://"+at.Listen+path); got != want {
			t.Errorf("%s: %d", path, got)
		}
	}
	if _, errs := command(t, exitRefused, "audit", "verify", "--config", made.Config); !strings.Contains(errs, "is a gateway running on it?") {
		t.Error(errs)
	}
	stop()
	if code := <-ended; code != exitDone {
		t.Errorf("serve ended with %d: %s", code, log.String())
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	t.Setenv("BEHALF_GATEWAY_LISTEN", taken.Addr().String())
	if _, errs := command(t, exitRefused, "serve", "--config", made.Config); !strings.Contains(errs, "is in use") || strings.Count(errs, "\n") != 1 {
		t.Error(errs)
	}
}

func get(t *testing.T, url string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}
