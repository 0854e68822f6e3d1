// SPDX-License-Identifier: Apache-2.0

package command

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// nothing is an action that must not run.
func nothing(*Program, *cli.Context) error { return Usage("it ran") }

// TestBashCompletes lets bash complete what somebody has typed so far.
func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	script := run(t, nothing, "completion", "bash")
	if script.Code != Done || script.Err != "" {
		t.Fatalf("%+v", script)
	}
	for typed, want := range map[string][]string{
		"":                    {"do", "keys", "completion", "man", "--dir", "--yes", "--help", "--version"},
		"d":                   {"do"},
		"do --re":             {"--reason"},
		"do ID --d":           {"--dir"}, // an option of the program
		"--yes keys ":         {"list", "rotate", "--dir", "--yes", "--help", "--version"},
		"keys list --co":      {"--config", "--count"},
		"keys --dir x list -": {"--json", "--config", "--reason", "--also", "--count", "--dir", "--yes", "--help", "--version"},
		"x y":                 nil,
	} {
		words := strings.Split("prog "+typed, " ")
		test := script.Out + "COMP_WORDS=(" + quotedAll(words) + "); COMP_CWORD=" + string(rune('0'+len(words)-1)) + "; _prog; printf '%s\\n' \"${COMPREPLY[@]}\""
		out, err := exec.CommandContext(t.Context(), bash, "-c", test).CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v: %s", typed, err, out)
		}
		if got := strings.Fields(string(out)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}

func quotedAll(words []string) string {
	out := make([]string, 0, len(words))
	for _, w := range words {
		out = append(out, quoted(w))
	}
	return strings.Join(out, " ")
}

// TestOtherShells shows what zsh and fish are told.
func TestOtherShells(t *testing.T) {
	for shell, lines := range map[string][]string{
		"zsh": {"#compdef prog\n", "    'keys') words_here=( 'list:'", " '--config:configuration FILE, as init writes it;", "compdef _prog prog\n"},
		"fish": {
			"complete -c prog -n '__fish_use_subcommand' -f -a 'do' -d 'do it'\n",
			"complete -c prog -n '__fish_seen_subcommand_from keys; and __fish_seen_subcommand_from list' -l 'reason' -d ''\n",
		},
	} {
		got := run(t, nothing, "completion", shell)
		for _, line := range lines {
			if got.Code != Done || !strings.Contains(got.Out, line) {
				t.Errorf("%s lacks %q: %+v", shell, line, got)
			}
		}
	}
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}, {"completion", "bash", "zsh"}, {"man", "prog"}} {
		if got := run(t, nothing, args...); got.Code != Wrong || got.Out != "" {
			t.Errorf("%q: %+v", args, got)
		}
	}
	if got := quoted("it's"); got != `'it'\''s'` {
		t.Error(got)
	}
}
