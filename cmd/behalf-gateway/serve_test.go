// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/command/commandtest"
	"github.com/behalf-id/behalf/internal/command/server"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/strictjson"
)

const registryKey = "did:key:zDnaeSN8XAkdPfVeNSDdzeyEBcWevBR8sDHdtyTAPsmBLjpDC"

func prog() commandtest.Program {
	return commandtest.Program{Name: "behalf-gateway", Run: run, Now: time.Now}
}

// TestSimulateAll decides the whole file of published scenarios.
func TestSimulateAll(t *testing.T) {
	out, errs := prog().Call(t, command.Done, "simulate", filepath.Join(shared.Dir(t, "scenarios"), "delegation.json"))
	if n := strings.Count(out, "\n"); n < 150 || !strings.HasSuffix(errs, " all decided as expected\n") || strings.Count(errs, "\n") != 1 {
		t.Errorf("%d scenarios were decided: %s", n, errs)
	}
}

// TestServe runs a gateway whose registry is away: it answers, is not ready, and says when its port is taken.
func TestServe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gw")
	out, _ := prog().Call(t, command.Done, "init", "--dir", dir, "--origin", "https://gateway.example.org", "--name", "Larkhill Road Surgery",
		"--registry", "https://registry.example.org", "--registry-key", registryKey, "--listen", "127.0.0.1:0", "--json")
	var made server.Made
	if err := strictjson.UnmarshalClosed([]byte(out), &made); err != nil {
		t.Fatal(err)
	}
	served := prog().Serve(t, "serve", "--config", made.Config, "--json")
	var at serving
	if err := strictjson.UnmarshalClosed([]byte(served.First), &at); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/.well-known/did.json": 200, "/v1/requests/x": 401, "/nonsense": 404} {
		if got := get(t, "http://"+at.Listen+path); got != want {
			t.Errorf("%s: %d", path, got)
		}
	}
	if _, errs := prog().Call(t, command.Refused, "audit", "verify", "--config", made.Config); !strings.Contains(errs, "is a gateway running on it?") {
		t.Error(errs)
	}
	served.Stop()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	t.Setenv("BEHALF_GATEWAY_LISTEN", taken.Addr().String())
	if _, errs := prog().Call(t, command.Refused, "serve", "--config", made.Config); !strings.Contains(errs, "is in use") || strings.Count(errs, "\n") != 1 {
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
