// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/config"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/key/file"
)

// The key that signs is the one of its time, under the configured DID; the others are announced.
func TestKeysOverRotation(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "reg")
	prog().Call(t, command.Done, "init", "--dir", dir, "--did", "did:web:registry.example.org")
	var s wire.RegistryConfig
	if err := config.LoadFrom(filepath.Join(dir, "registry.yaml"), "registry", nil, &s); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	after := 2 * time.Second
	deps := wire.Deps{Now: func() time.Time { return start.Add(after) }, Random: rand.Reader}
	by, announce, err := s.Signers(t.Context(), deps)
	if err != nil || by.Method.String() != "did:web:registry.example.org#k1" || len(announce) != 0 {
		t.Fatalf("%s, %d announced, %v", by.Method, len(announce), err)
	}
	next := rotate(t, dir, start)
	if by, announce, err = s.Signers(t.Context(), deps); err != nil || by.Method.Fragment() != "k1" || len(announce) != 1 {
		t.Fatalf("before: %s, %d announced, %v", by.Method, len(announce), err)
	}
	after = 90 * time.Minute
	if by, announce, err = s.Signers(t.Context(), deps); err != nil || by.Method.Fragment() != next || len(announce) != 1 {
		t.Fatalf("after: %s, %d announced, %v", by.Method, len(announce), err)
	}
	after = 30 * time.Hour
	if _, announce, err = s.Signers(t.Context(), deps); err != nil || len(announce) != 0 {
		t.Fatalf("in the end: %d announced, %v", len(announce), err)
	}
	s.Keys = filepath.Join(dir, "absent")
	if _, _, err := s.Signers(t.Context(), deps); err == nil {
		t.Fatal("an absent folder has keys")
	}
	if _, err := os.Stat(s.Keys); err == nil {
		t.Fatal("an absent folder was made")
	}
}

func rotate(t *testing.T, dir string, start time.Time) string {
	t.Helper()
	passphrase, err := os.ReadFile(filepath.Join(dir, "passphrase"))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := file.Open(context.Background(), filepath.Join(dir, "keys"), []byte(strings.TrimSpace(string(passphrase))), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id, err := ring.Rotate(t.Context(), key.ES256, start, start.Add(time.Hour), 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
