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
// published ones, with the rules of Dir. A relative path is relative to the module, whichever
// package's test it is, and may be a pattern. A file that cannot be read ends the test, and so does
// a pattern without any.
func Scenarios(t testing.TB) []File {
	t.Helper()
	patterns := filepath.SplitList(os.Getenv(EnvScenarios))
	if len(patterns) == 0 {
		patterns = []string{filepath.Join(Dir(t, "scenarios"), "*.json")}
	}
	var files []File
	for _, pattern := range patterns {
		if pattern == "" {
			continue
		}
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(module(), pattern)
		}
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no file of scenarios at %s", pattern)
		}
		files = append(files, read(t, paths)...)
	}
	if len(files) == 0 {
		t.Fatal("no files of scenarios")
	}
	return files
}

func read(t testing.TB, paths []string) []File {
	t.Helper()
	var files []File
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, File{filepath.Base(path), raw})
	}
	return files
}

// module is the root of the module, found from where this file was compiled.
func module() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// root is the folder shared/ beside the module's own.
func root() string { return filepath.Join(module(), "..", "shared") }
