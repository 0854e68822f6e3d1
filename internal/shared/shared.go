// SPDX-License-Identifier: Apache-2.0

// Package shared finds the published test vectors and design data that lie beside a checkout.
package shared

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Dir returns the path of name below the shared folder. Where it is absent the test is
// skipped by name, or fails if BEHALF_REQUIRE_SHARED is 1.
func Dir(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(root(), name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if os.Getenv("BEHALF_REQUIRE_SHARED") == "1" {
		t.Fatalf("shared data %q is required and absent", name)
	}
	t.Skipf("shared data %q is absent", name)
	return ""
}

// Open returns the content of the file name below the shared folder, with the rules of Dir.
func Open(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(Dir(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// root is the folder shared/ beside the module's own, found from where this file was compiled.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..", "shared")
}
