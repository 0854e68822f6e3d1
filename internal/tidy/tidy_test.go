// SPDX-License-Identifier: Apache-2.0

package tidy_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/behalf-id/behalf/internal/tidy"
	"github.com/behalf-id/behalf/reason"
)

func TestHouseRules(t *testing.T) {
	files := read(t)
	if len(files) < 100 {
		t.Fatalf("only %d files seen: the walk is broken", len(files))
	}
	for _, f := range files {
		for _, breach := range tidy.Check(f) {
			t.Error(breach)
		}
	}
}

// TestRulesBite shows that each rule finds what it is for.
func TestRulesBite(t *testing.T) {
	const spdx = "// SPDX-License-Identifier: Apache-2.0\n\n"
	long := strings.Repeat("\t_ = 0\n", tidy.MaxFunction)
	for name, c := range map[string]struct{ src, want string }{
		"no header":       {"package a\n", "SPDX"},
		"long function":   {spdx + "package a\n\nfunc f() {\n" + long + "}\n", "has 62 lines"},
		"long file":       {spdx + "package a\n" + strings.Repeat("\n", tidy.MaxFile), "file has"},
		"http elsewhere":  {spdx + "package a\n\nimport _ \"net/http\"\n", "http*.go"},
		"lenient json":    {spdx + "package a\n\nimport _ \"encoding/json\"\n", "strictjson"},
		"no comment":      {spdx + "package a\n\nfunc F() {}\n", "no comment"},
		"type no comment": {spdx + "package a\n\ntype T int\n", "no comment"},
		"clock":           {spdx + "package a\n\nimport \"time\"\n\nvar t = time.Now\n", "time is an argument"},
		"init":            {spdx + "package a\n\nfunc init() {}\n", "init functions"},
		"empty word":      {spdx + "package util\n", "says nothing"},
		"check off":       {spdx + "package a\n\nvar c = tls{Insecure" + "SkipVerify: true}\n", "turns a check off"},
		"promise":         {spdx + "package a\n\n// TO" + "DO later\nvar x int\n", "promise"},
	} {
		t.Run(name, func(t *testing.T) {
			files, err := tidy.Read(fstest.MapFS{"a/a.go": {Data: []byte(c.src)}})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(tidy.Check(files[0]), "\n"); !strings.Contains(got, c.want) {
				t.Errorf("want a breach with %q, got %q", c.want, got)
			}
		})
	}
}

// TestReasons shows that every code has a use, a test that reaches it and a line in the docs,
// and that no text names a code that does not exist.
func TestReasons(t *testing.T) {
	docs, err := os.ReadFile("../../docs/reference/reasons.md")
	if err != nil {
		t.Fatal(err)
	}
	names := constants(t)
	used, tested := map[reason.Code]bool{}, map[reason.Code]bool{}
	for _, f := range read(t) {
		if strings.HasPrefix(f.Name, "reason/") && !f.Test() {
			continue
		}
		mark := used
		if f.Test() || strings.HasPrefix(f.Name, "test/") {
			mark = tested
		}
		for _, m := range regexp.MustCompile(`reason\.([A-Z]\w+)`).FindAllStringSubmatch(f.Text, -1) {
			mark[names[m[1]]] = true
		}
		if f.Test() {
			for _, e := range reason.All() {
				if strings.Contains(f.Text, `"`+string(e.Code)+`"`) {
					tested[e.Code] = true
				}
			}
		}
	}
	scripts(t, tested)
	for _, e := range reason.All() {
		if !used[e.Code] {
			t.Errorf("%s is used nowhere", e.Code)
		}
		if !tested[e.Code] {
			t.Errorf("%s is reached by no test", e.Code)
		}
		if !strings.Contains(string(docs), "`"+string(e.Code)+"`") {
			t.Errorf("%s is not in docs/reference/reasons.md", e.Code)
		}
	}
}

// scripts marks the codes that testscripts name.
func scripts(t *testing.T, tested map[reason.Code]bool) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("../.."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".txtar" {
			return err
		}
		raw, err := os.ReadFile(filepath.Join("../..", name))
		for _, e := range reason.All() {
			if strings.Contains(string(raw), string(e.Code)) {
				tested[e.Code] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// constants maps the names of the code constants to the codes.
func constants(t *testing.T) map[string]reason.Code {
	t.Helper()
	raw, err := os.ReadFile("../../reason/codes.go")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]reason.Code{}
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+)\s+Code = "([^"]+)"`).FindAllStringSubmatch(string(raw), -1) {
		out[m[1]] = reason.Code(m[2])
	}
	if len(out) != len(reason.All()) {
		t.Fatalf("%d constants and %d entries", len(out), len(reason.All()))
	}
	return out
}

func read(t *testing.T) []*tidy.File {
	t.Helper()
	files, err := tidy.Read(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	return files
}
