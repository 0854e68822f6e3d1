// SPDX-License-Identifier: Apache-2.0

package command

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/reason"
)

// seen is what a command was called with, in the end.
type seen struct {
	Command, Dir, Reason, Config string
	JSON, Yes                    bool
	Also, Args                   []string
}

func look(t *testing.T, args ...string) seen {
	t.Helper()
	var out seen
	got := run(t, func(_ *Program, c *cli.Context) error {
		out = seen{c.Command.Name, c.String("dir"), c.String("reason"), c.String("config"), c.Bool("json"), c.Bool("yes"), c.StringSlice("also"), c.Args().Slice()}
		return nil
	}, args...)
	if got.Code != Done {
		t.Fatalf("%q: %+v", args, got)
	}
	return out
}

// TestOptionsAnywhere shows that it does not matter where options stand.
func TestOptionsAnywhere(t *testing.T) {
	want := seen{Command: "do", Dir: "d", Reason: "why", JSON: true, Yes: true, Also: []string{"a,b", "c"}, Args: []string{"ID"}}
	for _, line := range []string{
		"--dir d --yes do --reason why --json --also a,b --also c ID",
		"do ID --reason why --json --also a,b --also c --dir d --yes",
		"do --json ID --reason=why --yes --also=a,b --dir=d --also c",
		"--reason why --json --also a,b --also c --yes --dir d do ID",
		"do -r why --also a,b --also c --yes --dir d --json -- ID",
	} {
		if diff := cmp.Diff(want, look(t, strings.Fields(line)...)); diff != "" {
			t.Errorf("%s: %s", line, diff)
		}
	}
	for line, want := range map[string]seen{
		"keys list --config c": {Command: "list", Config: "c", Args: []string{}},
		"keys --config c list": {Command: "list", Config: "c", Args: []string{}},
		"--config c keys list": {Command: "list", Config: "c", Args: []string{}},
		"do keys list":         {Command: "do", Args: []string{"keys", "list"}},
		"do - --reason -":      {Command: "do", Reason: "-", Args: []string{"-"}},
		"do --reason --json":   {Command: "do", Reason: "--json", Args: []string{}},
		"do do --dir help":     {Command: "do", Dir: "help", Args: []string{"do"}},
		"do -- - ID":           {Command: "do", Args: []string{"-", "ID"}},
		"do --json=false ID":   {Command: "do", Args: []string{"ID"}},
	} {
		got := look(t, strings.Fields(line)...)
		if len(got.Also) == 0 {
			got.Also = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", line, diff)
		}
	}
}

// TestArgumentsThatPassForOptions covers CLI-07.
func TestArgumentsThatPassForOptions(t *testing.T) {
	for _, args := range [][]string{
		{"do", "--", "-rf"}, {"do", "--", "a", "--json"}, {"do", "---"}, {"do", "a\nb"}, {"do", "a\x00"}, {"do", "--reason", "a\x1b[2J"}, {"do", "--\r"}, {"do", "--", "\u0085"},
	} {
		got := run(t, func(*Program, *cli.Context) error { t.Errorf("%q ran", args); return nil }, args...)
		if got.Code != Wrong || !strings.Contains(got.Err, "("+string(reason.CLIArgs)+")") {
			t.Errorf("%q: %+v", args, got)
		}
	}
}

// TestSecretsAmongArguments covers CLI-03: they are refused, and not repeated.
func TestSecretsAmongArguments(t *testing.T) {
	for _, args := range [][]string{
		{"do", "--passphrase", "canary"}, {"do", "--password=canary"}, {"--pin", "canary", "do"}, {"keys", "list", "-token", "canary"},
		{"do", "--admin-token=canary"}, {"do", "--client-token", "canary"}, {"do", "--pass=canary"}, {"do", "--secret=canary"},
	} {
		got := run(t, func(*Program, *cli.Context) error { t.Errorf("%q ran", args); return nil }, args...)
		if got.Code != Wrong || !strings.Contains(got.Err, "("+string(reason.CLISecretArgv)+")") || strings.Contains(got.Err+got.Out, "canary") {
			t.Errorf("%q: %+v", args, got)
		}
	}
}

// TestArrangedProperty shows that arranging loses and invents nothing, and that arranging again
// changes nothing.
func TestArrangedProperty(t *testing.T) {
	app := &cli.App{
		Flags:    []cli.Flag{&cli.StringFlag{Name: "dir"}},
		Commands: []*cli.Command{{Name: "do", Flags: []cli.Flag{JSONFlag(), &cli.StringFlag{Name: "reason"}}, Subcommands: []*cli.Command{{Name: "deep"}}}},
	}
	word := rapid.SampledFrom([]string{"do", "deep", "--json", "--reason", "--reason=x", "--dir", "-", "--", "x", "--unknown", "", "-rf"})
	rapid.Check(t, func(t *rapid.T) {
		args := append([]string{"prog"}, rapid.SliceOfN(word, 0, 12).Draw(t, "args")...)
		once, err := arranged(app, args)
		if err != nil {
			if _, wrong := errors.AsType[usageError](err); !wrong && reason.Of(err) != reason.CLIArgs {
				t.Fatal(err)
			}
			return
		}
		if diff := cmp.Diff(words(args), words(once)); diff != "" {
			t.Fatalf("%q became %q", args, once)
		}
		again, err := arranged(app, once)
		if err != nil || !slices.Equal(once, again) {
			t.Fatalf("%q became %q and then %q, %v", args, once, again, err)
		}
	})
}

// words returns what stands in args, in no order and without the mark that ends options.
func words(args []string) []string {
	out := slices.DeleteFunc(slices.Clone(args), func(s string) bool { return s == "--" })
	slices.Sort(out)
	return out
}

// FuzzArranged: whatever the arguments are, nothing that begins with a dash becomes one that is not an option.
func FuzzArranged(f *testing.F) {
	for _, seed := range []string{"do ID --reason R", "do -- -rf", "--dir d do", "do --reason", "--- x", "do -- - -"} {
		f.Add(seed)
	}
	app := &cli.App{
		Flags:    []cli.Flag{&cli.StringFlag{Name: "dir"}},
		Commands: []*cli.Command{{Name: "do", Flags: []cli.Flag{&cli.StringFlag{Name: "reason"}}}},
	}
	f.Fuzz(func(t *testing.T, line string) {
		out, err := arranged(app, append([]string{"prog"}, strings.Split(line, " ")...))
		if err != nil {
			return
		}
		if at := slices.Index(out, "--"); at >= 0 && out[at-1] != "--dir" && out[at-1] != "--reason" {
			for _, other := range out[at+1:] {
				if strings.HasPrefix(other, "-") && other != "-" {
					t.Fatalf("%q became %q", line, out)
				}
			}
		}
	})
}
