// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sample runs the tool on the package in testdata and returns what it printed, a line each.
func sample(t *testing.T, args ...string) ([]string, error) {
	t.Helper()
	t.Chdir(filepath.Join("testdata", "sample"))
	known := filepath.Join(t.TempDir(), "known")
	if len(args) > 0 && strings.Contains(args[0], "→") {
		if err := os.WriteFile(known, []byte(args[0]), 0o600); err != nil {
			t.Fatal(err)
		}
		args = args[1:]
	}
	var out bytes.Buffer
	err := run(t.Context(), append(append([]string{"-equivalent", known}, args...), "."), &out)
	return strings.Split(strings.TrimSpace(out.String()), "\n"), err
}

// TestMutants names some of every kind, so that none is lost.
func TestMutants(t *testing.T) {
	got, err := sample(t, "-list")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"sample.go:10:10 Grade: `now.After(due)` → !now.Before(due)",
		"sample.go:11:5 Grade: `most < 1 || points < 0 && !late` → false",
		"sample.go:11:5 Grade: `most < 1` → most <= 1",
		"sample.go:11:12 Grade: `1` → +1",
		"sample.go:11:17 Grade: `points < 0 && !late` → negated",
		"sample.go:11:17 Grade: `points < 0` → true",
		"sample.go:12:3 Grade: `return \"void\"` → removed",
		"sample.go:12:10 Grade: `\"void\"` → \"\"",
		"sample.go:14:18 Grade: `min(points, most)` → max(points, most)",
		"sample.go:15:7 Grade: `0` → case always matches",
		"sample.go:17:10 Grade: `2` → case never matches",
		"sample.go:20:24 Grade: `[]int{3, 5}` → range over nothing",
		"sample.go:22:4 Grade: `continue` → removed",
		"sample.go:24:3 Grade: `points++` → removed",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no mutant %s", want)
		}
	}
	for _, line := range got {
		for _, not := range []string{"`late` ", "`return \"many\"` → removed", "`most < 1` → true"} {
			if strings.Contains(line, not) {
				t.Errorf("says another mutant again, or does not compile: %s", line)
			}
		}
	}
}

// TestRun finds what the sample's test leaves open, and the file of equivalents wrong where it is.
func TestRun(t *testing.T) {
	out, err := sample(t, "-at-least", "99")
	if !errors.Is(err, errSurvived) {
		t.Errorf("a weak test passes: %v", err)
	}
	text := strings.Join(out, "\n")
	for _, want := range []string{"survived  sample.go:11:5 Grade: `most < 1` → most <= 1", "survived  sample.go:10:10 Grade: `now.After(due)` → false"} {
		if !strings.Contains(text, want) {
			t.Errorf("not found: %s", want)
		}
	}
	if strings.Contains(text, "→ max(points, most)") || strings.Contains(text, "`points < 0` → true") {
		t.Errorf("killed mutants survive:\n%s", text)
	}
}

func TestKnownMutants(t *testing.T) {
	out, err := sample(t, `# a comment
sample.go Grade: `+"`most < 1`"+` → most <= 1
	nobody gives one
	point
sample.go Grade: `+"`points < 0`"+` → true
	is not so
sample.go Grade: `+"`gone`"+` → true
	is not there
`)
	if err == nil || errors.Is(err, errSurvived) {
		t.Errorf("wrong entries pass: %v", err)
	}
	text := strings.Join(out, "\n")
	for _, want := range []string{
		"equivalent  sample.go:11:5 Grade: `most < 1` → most <= 1\n            nobody gives one point",
		"a test kills sample.go Grade: `points < 0` → true", "no such mutant: sample.go Grade: `gone` → true",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not said: %s\n%s", want, text)
		}
	}
}

// TestNothingKillsUnrun: tests that cannot be started prove nothing.
func TestNothingKillsUnrun(t *testing.T) {
	m := &mutant{ID: 1}
	s := &stage{binary: filepath.Join(t.TempDir(), "none"), dir: ".", reached: map[int]bool{1: true}}
	if err := m.run(t.Context(), []*stage{s}, time.Minute); err == nil || m.Killed {
		t.Errorf("killed %v, error %v", m.Killed, err)
	}
}

func TestApply(t *testing.T) {
	mark := func(name string) func(string) string {
		return func(inner string) string { return name + "(" + inner + ")" }
	}
	got := apply([]byte("a bc d"), []edit{{5, 6, mark("z")}, {2, 3, mark("in")}, {2, 4, mark("out")}, {2, 4, mark("mid")}, {0, 0, mark("at")}})
	if diff := cmp.Diff("at()a out(mid(in(b)c)) z(d)", got); diff != "" {
		t.Error(diff)
	}
}

func FuzzParseKnown(f *testing.F) {
	for _, seed := range []string{"", "a → b\n why\n", "a\n", " why\n", "# x\na\n\tb\n\tc\na\n d\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		known, err := parseKnown(text)
		for key, why := range known {
			if err == nil && (key == "" || why == "") {
				t.Errorf("%q for %q", why, key)
			}
		}
	})
}
