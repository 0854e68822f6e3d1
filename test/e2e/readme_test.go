// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadme runs what README tells a newcomer to run: each command is a target of the Makefile,
// and the demo tells the whole story. `make test` is what runs this.
func TestReadme(t *testing.T) {
	readme, makefile := text(t, "README.md"), text(t, "Makefile")
	block := regexp.MustCompile("(?s)```sh\n(.*?)```").FindStringSubmatch(readme)
	if block == nil {
		t.Fatal("README has no commands")
	}
	commands := regexp.MustCompile(`(?m)^make (\w+)`).FindAllStringSubmatch(block[1], -1)
	if len(commands) != 2 || commands[0][1] != "demo" || commands[1][1] != "test" {
		t.Fatalf("README's commands are %q", commands)
	}
	for _, c := range commands {
		if !strings.Contains(makefile, "\n"+c[1]+":") {
			t.Errorf("make %s is no target", c[1])
		}
	}
	if testing.Short() {
		return
	}
	run := exec.CommandContext(t.Context(), "make", "-s", "demo")
	run.Dir = filepath.Join("..", "..")
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("make demo: %v\n%s", err, out)
	}
	rest := string(out)
	for _, step := range []string{
		"offered", "stored", "permit", "deny (authority.request_too_broad); allowed would be: gp-record/test-results",
		"accepted", "permit", "revoked", "deny (status.revoked)", "deny (status.revoked)",
	} {
		_, after, found := strings.Cut(rest, "→ "+step)
		if !found {
			t.Fatalf("the demo does not say %q in its place:\n%s", step, out)
		}
		rest = after
	}
}

// TestLinks follows every link between the documents, headings included.
func TestLinks(t *testing.T) {
	links := regexp.MustCompile(`\]\(([^)#:\s]*)(#[^)\s]*)?\)`)
	seen := 0
	for _, name := range documents(t) {
		for _, m := range links.FindAllStringSubmatch(text(t, name), -1) {
			to := filepath.Join(filepath.Dir(name), m[1])
			if m[1] == "" {
				to = name
			}
			info, err := os.Stat(filepath.Join("..", "..", to))
			if err != nil {
				t.Errorf("%s: %s leads nowhere", name, m[1])
				continue
			}
			if m[2] != "" && !info.IsDir() && !headings(text(t, to))[m[2][1:]] {
				t.Errorf("%s: %s has no heading %s", name, to, m[2])
			}
			seen++
		}
	}
	if seen < 30 {
		t.Errorf("only %d links seen", seen)
	}
}

func text(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", name))
	check(t, err)
	return string(raw)
}

func documents(t *testing.T) []string {
	t.Helper()
	out := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"}
	check(t, fs.WalkDir(os.DirFS("../.."), "docs", func(name string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(name) == ".md" {
			out = append(out, name)
		}
		return err
	}))
	return out
}

// headings returns the anchors of a document.
func headings(doc string) map[string]bool {
	out := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(doc, -1) {
		anchor := strings.ToLower(m[1])
		anchor = regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(anchor, "")
		out[strings.ReplaceAll(anchor, " ", "-")] = true
	}
	return out
}
