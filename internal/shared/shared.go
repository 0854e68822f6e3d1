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

// EnvScenarios names files of decision scenarios, in the form of a path list, to be read in place
// of the published ones.
const EnvScenarios = "BEHALF_SCENARIOS"

// File is one file of decision scenarios.
type File struct {
	Name string // the last part of its path
	Raw  []byte
}

// Scenarios returns the files of decision scenarios that EnvScenarios lists; by default the
// published ones, with the rules of Dir. A file that cannot be read ends the test, and so does a
// list without any.
func Scenarios(t testing.TB) []File {
	t.Helper()
	paths := filepath.SplitList(os.Getenv(EnvScenarios))
	if len(paths) == 0 {
		var err error
		if paths, err = filepath.Glob(filepath.Join(Dir(t, "scenarios"), "*.json")); err != nil {
			t.Fatal(err)
		}
	}
	var files []File
	for _, path := range paths {
		if path == "" {
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, File{filepath.Base(path), raw})
	}
	if len(files) == 0 {
		t.Fatal("no files of scenarios")
	}
	return files
}

// root is the folder shared/ beside the module's own, found from where this file was compiled.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..", "shared")
}
