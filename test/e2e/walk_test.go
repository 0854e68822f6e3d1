// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/behalf-id/behalf/internal/command/commandtest"
)

// TestStory runs the commands of the documents as they stand there, with the built commands.
func TestStory(t *testing.T) {
	needs(t, "curl")
	needs(t, "sh")
	bin := commandtest.Build(t, "behalf-sandbox", "behalf-wallet", "behalf-registry", "behalf-gateway", "behalf-issuer")
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("ROOT", root)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"walk": walk},
	})
}

// needs skips by name where a program is absent, and fails where services are required.
func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	} else if os.Getenv("BEHALF_REQUIRE_SERVICES") == "1" {
		t.Fatalf("%s is required: %v", program, err)
	}
	t.Skipf("%s is not installed", program)
}

// block is a fenced block of commands, with what it must print.
type block struct {
	line  int    // where it begins in the document
	shell string // commands
	want  string // output, "…" standing for anything; "" if nothing is said
}

// blocks returns the blocks of a document that are marked "sh test", each with the block
// marked "text" that follows before any other.
func blocks(document string) ([]block, error) {
	var out []block
	var body strings.Builder
	info, at := "", 0
	lines := bufio.NewScanner(strings.NewReader(document))
	for n := 1; lines.Scan(); n++ {
		text := lines.Text()
		switch {
		case strings.HasPrefix(text, "```") && info == "":
			if info, at = strings.TrimPrefix(text, "```"), n; info == "" {
				info = "plain"
			}
			body.Reset()
		case text == "```":
			switch {
			case info == "sh test":
				out = append(out, block{line: at, shell: body.String()})
			case info == "text" && len(out) > 0 && out[len(out)-1].want == "":
				out[len(out)-1].want = body.String()
			}
			info = ""
		case info != "":
			body.WriteString(text + "\n")
		}
	}
	if info != "" {
		return nil, fmt.Errorf("the block at line %d does not end", at)
	}
	return out, lines.Err()
}

const marker = "--- end of block at line "

// script puts blocks into one program for the shell, which ends at the first command that fails.
func script(all []block) string {
	var b strings.Builder
	b.WriteString("set -eu\nexec 2>&1\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n")
	for _, one := range all {
		fmt.Fprintf(&b, "%secho '%s%d'\n", one.shell, marker, one.line)
	}
	return b.String()
}

// pattern turns expected output into an expression: "…" is anything on a line, and a line of it
// alone any lines.
func pattern(want string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`\A`)
	for line := range strings.Lines(want) {
		if strings.TrimSpace(line) == "…" {
			b.WriteString(`(?:.*\n)*?`)
			continue
		}
		b.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*"))
	}
	b.WriteString(`\z`)
	return regexp.MustCompile(b.String())
}

// walk runs the blocks of a document: walk FILE.
func walk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: walk FILE")
	}
	all, err := blocks(ts.ReadFile(args[0]))
	ts.Check(err)
	if len(all) == 0 {
		ts.Fatalf("%s has no block marked ```sh test", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs("walk.sh"), []byte(script(all)), 0o600))
	failed := ts.Exec("sh", "walk.sh")
	rest := ts.ReadFile("stdout")
	for _, one := range all {
		got, after, ended := strings.Cut(rest, fmt.Sprintf("%s%d\n", marker, one.line))
		if !ended {
			ts.Fatalf("%s: the block at line %d failed (%v):\n%s", args[0], one.line, failed, got)
		}
		if one.want != "" && !pattern(one.want).MatchString(got) {
			ts.Fatalf("%s: the block at line %d printed\n%s\nthe document says\n%s", args[0], one.line, got, one.want)
		}
		rest = after
	}
	ts.Check(failed)
}

// TestPattern shows what the output of a document may leave open.
func TestPattern(t *testing.T) {
	for _, c := range []struct {
		want, got string
		match     bool
	}{
		{"a\n", "a\n", true},
		{"a\n", "a\nb\n", false},
		{"a … c\n", "a long way to c\n", true},
		{"a … c\n", "a\nc\n", false},
		{"…\nc\n", "a\nb\nc\n", true},
		{"…\nc\n", "c\n", true},
		{"a\n…\n", "a\n", true},
		{"a.\n", "ab\n", false},
	} {
		if got := pattern(c.want).MatchString(c.got); got != c.match {
			t.Errorf("%q with %q: %v", c.want, c.got, got)
		}
	}
}

// TestBlocks shows which blocks of a document are run.
func TestBlocks(t *testing.T) {
	got, err := blocks("x\n```sh\nrm -rf\n```\n```sh test\necho a\n```\nso\n```text\na\n```\n```text\nb\n```\n```sh test\ntrue\n```\n")
	if err != nil || len(got) != 2 || got[0] != (block{5, "echo a\n", "a\n"}) || got[1] != (block{15, "true\n", ""}) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := blocks("```sh test\n"); err == nil {
		t.Error("a block without an end is taken")
	}
}
