// SPDX-License-Identifier: Apache-2.0

package layering_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/internal/layering"
)

// drivers may be imported by cmd, by the world that tests run, and by tests alone.
var drivers = []string{"store/bolt", "store/memory", "key/file"}

// TestFloors parses every file's imports in this process: a test that asks another program
// would be served stale from the test cache.
func TestFloors(t *testing.T) {
	files := 0
	walk(t, func(file string, imports []string) {
		files++
		from := path.Dir(file)
		floor := layering.Floor(from)
		if floor < 0 {
			t.Errorf("%s: package %s has no floor; give it one in layering.go", file, from)
		}
		for _, to := range imports {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			if below := layering.Floor(to); below < 0 || below >= floor && !inside(from, to) {
				t.Errorf("%s: %s (floor %d) imports %s (floor %d)", file, from, floor, to, below)
			}
			for _, d := range drivers {
				if to == d && !strings.HasPrefix(from, "cmd/") && from != "internal/wire" && from != "internal/world" && !strings.HasPrefix(from, "test/") {
					t.Errorf("%s: only cmd may import the driver %s", file, d)
				}
			}
		}
	})
	if files < 50 {
		t.Fatalf("only %d files seen: the walk is broken", files)
	}
}

// TestRolesNeverMeet shows that issuer, verifier and wallet meet on the wire alone.
func TestRolesNeverMeet(t *testing.T) {
	roles := []string{"issuer", "verifier", "wallet"}
	walk(t, func(file string, imports []string) {
		for _, role := range roles {
			for _, to := range imports {
				for _, other := range roles {
					if role != other && strings.HasPrefix(file, role+"/") && (to == other || strings.HasPrefix(to, other+"/")) {
						t.Errorf("%s imports %s", file, to)
					}
				}
			}
		}
	})
}

// inside reports whether to is a part of from's own folder, which may be split.
func inside(from, to string) bool { return strings.HasPrefix(to, from+"/internal/") }

func walk(t *testing.T, visit func(file string, imports []string)) {
	t.Helper()
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git" || d.Name() == "interop"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go"):
			return nil
		}
		src, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, spec := range parsed.Imports {
			if to, ok := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), layering.Module+"/"); ok {
				imports = append(imports, to)
			}
		}
		visit(file, imports)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
