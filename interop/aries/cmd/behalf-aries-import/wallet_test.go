// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/interop/aries"
)

// build builds programs of the module at dir, by their packages, into the folder bin.
func build(t *testing.T, dir, bin string, packages ...string) {
	t.Helper()
	for _, p := range packages {
		cmd := exec.Command("go", "build", "-o", filepath.Join(bin, filepath.Base(p)), p)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOPROXY=off", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go build %s: %v\n%s", p, err, out)
		}
	}
}

// sandbox starts the servers that a wallet is made for, and returns the address of the registry and the file
// of its certificate authority.
func sandbox(t *testing.T, bin string) (registry, ca string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, "behalf-sandbox"), "up", "--dir", filepath.Join(t.TempDir(), "world"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var ready struct{ Registry, CA string }
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	return ready.Registry, ready.CA
}

// TestWallet has the real behalf-wallet import with the real behalf-aries-import: what the one writes is what
// the other reads.
func TestWallet(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds three programs")
	}
	bin := t.TempDir()
	build(t, "../..", bin, "./cmd/behalf-aries-import")
	build(t, "../../../..", bin, "./cmd/behalf-wallet", "./cmd/behalf-sandbox")
	registry, ca := sandbox(t, bin)
	home := t.TempDir()
	call := func(want int, args ...string) string {
		t.Helper()
		cmd := exec.Command(filepath.Join(bin, "behalf-wallet"), args...)
		cmd.Env = append(os.Environ(), "BEHALF_WALLET_PASSPHRASE=correct horse", "BEHALF_WALLET_DIR="+filepath.Join(home, "tom"), "PATH="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != want {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	call(0, "init", "--registry", registry, "--ca", ca)
	good := sealed(t, "", aries.Embedded())
	forged := strings.Replace(sealed(t, "", aries.Embedded()), "did:example:1", "did:example:2", 1)
	file := filepath.Join(home, "export.json")
	if err := os.WriteFile(file, []byte(`{"contents":{"a":`+good+`,"b":`+forged+`}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := call(1, "import", "--aries", file); !strings.Contains(out, "1 kept, 0 were here already, 1 refused.") ||
		!strings.Contains(out, "credential 2 of the file does not verify (credential.signature_invalid)") {
		t.Errorf("imported: %s", out)
	}
	if out := call(0, "list", "--json"); !strings.Contains(out, `"verified_by":["behalf","aries"]`) {
		t.Errorf("listed: %s", out)
	}
}
