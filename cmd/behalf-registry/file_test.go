// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

func TestFromYAML(t *testing.T) {
	for text, want := range map[string]string{
		"a: 1":                             `{"a":1}`,
		"a: [x, 'y', \"z\"]\nb: {c: true}": `{"a":["x","y","z"],"b":{"c":true}}`,
		"from: 2026-01-01T00:00:00Z":       `{"from":"2026-01-01T00:00:00Z"}`,
		"a:\n  - b: no\n    c: \"1\"":      `{"a":[{"b":"no","c":"1"}]}`,
		"a: |\n  x\n  y\n":                 `{"a":"x\ny\n"}`,
		"did:web:x.example: {a: -1}":       `{"did:web:x.example":{"a":-1}}`,
	} {
		got, err := fromYAML("f", []byte(text))
		if err != nil || strings.TrimSpace(string(got)) != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "# nothing", "a: 1\n---\nb: 1", "a: &x 1", "a: *x", "a: !!str 1", "<<: {a: 1}", "a: ~", "a: null", "a:",
		"a: 010", "a: 0x10", "a: 1_0", "a: 1.5", "a: .inf", "1: a", "a: 1\na: 2", "a: [", "? [a]\n: b", "a: 9007199254740992",
		"a: " + strings.Repeat("[", 20) + strings.Repeat("]", 20), strings.Repeat("[", 100_000),
	} {
		if got, err := fromYAML("f", []byte(text)); err == nil {
			t.Errorf("%.40q became %s", text, got)
		} else if code := reason.Of(err); code != reason.JSONSyntax && code != reason.LimitNesting {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

func TestReadFrameworkIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big.yaml")
	if err := os.WriteFile(path, []byte("#"+strings.Repeat("x", maxFile)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readFramework(path); reason.Of(err) != reason.LimitBody {
		t.Fatal(err)
	}
}

func FuzzFromYAML(f *testing.F) {
	f.Add("id: x\nanchors: [a, b]\nlimits: {maxChainLinks: 3}\n")
	f.Add("a: |\n  text\nb: 'q'\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := fromYAML("f", []byte(text))
		if err == nil && len(got) == 0 {
			t.Fatal("neither JSON nor an error")
		}
		if err == nil && strictjson.Check(got) != nil && !strings.Contains(strictjson.Check(got).Error(), "json.case_variant") {
			t.Fatalf("%q became %q: %v", text, got, strictjson.Check(got))
		}
	})
}
