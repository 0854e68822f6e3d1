// SPDX-License-Identifier: Apache-2.0

package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/reason"
)

// told is what one run of a program printed, and how it ended.
type told struct {
	Code     int
	Out, Err string
}

// run runs a program with one command "do", and one command "keys" that has "list" and "rotate".
func run(t *testing.T, do func(p *Program, c *cli.Context) error, args ...string) told {
	t.Helper()
	var out, errs bytes.Buffer
	p := &Program{Name: "prog", In: strings.NewReader(""), Out: &out, Err: &errs, Now: time.Now}
	action := func(c *cli.Context) error { return do(p, c) }
	flags := func() []cli.Flag {
		return []cli.Flag{JSONFlag(), ConfigFlag("issuer"), &cli.StringFlag{Name: "reason", Aliases: []string{"r"}}, &cli.StringSliceFlag{Name: "also"}, &cli.IntFlag{Name: "count"}}
	}
	app := &cli.App{
		Usage: "a program", Flags: []cli.Flag{&cli.StringFlag{Name: "dir"}, &cli.BoolFlag{Name: "yes"}},
		Commands: []*cli.Command{
			{Name: "do", Usage: "do it", Flags: flags(), Action: action},
			{Name: "keys", Subcommands: []*cli.Command{{Name: "list", Flags: flags(), Action: action}, {Name: "rotate", Action: action}}},
		},
	}
	code := p.Run(t.Context(), app, append([]string{"prog"}, args...))
	return told{code, out.String(), errs.String()}
}

// TestExitCodes covers CLI-04.
func TestExitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want told
	}{
		"done":         {nil, told{Done, "", ""}},
		"plain":        {errors.New("it broke"), told{Refused, "", "prog: it broke\n"}},
		"refused":      {reason.New(reason.StatusRevoked, "this is over"), told{Refused, "", "prog: this is over (status.revoked)\n"}},
		"wrapped":      {fmt.Errorf("op: %w", reason.Wrap(reason.StatusRevoked, "over", errors.New("cause"))), told{Refused, "", "prog: over (status.revoked)\n"}},
		"several":      {errors.Join(errors.New("one"), errors.New("two")), told{Refused, "", "prog: one; two\n"}},
		"cancelled":    {context.Canceled, told{Refused, "", "prog: context canceled\n"}},
		"quiet":        {Quiet(), told{Refused, "", ""}},
		"usage":        {Usage("give %s", "--file"), told{Wrong, "", "prog: usage: give --file\n"}},
		"exit in code": {cli.Exit("the library's", 0), told{Wrong, "", "prog: usage: the library's\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, run(t, func(*Program, *cli.Context) error { return c.err }, "do")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPanic: a fault of ours is no success (CLI-04). It is not caught, so that the process ends as Go ends those.
func TestPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the fault was hidden")
		}
	}()
	got := run(t, func(*Program, *cli.Context) error { panic("a fault") }, "do")
	t.Errorf("it ended with %d", got.Code)
}

func TestExplain(t *testing.T) {
	entry, ok := reason.Lookup(reason.StatusRevoked)
	if !ok {
		t.Fatal("no entry")
	}
	for want, err := range map[string]error{
		"it ended (status.revoked)":         reason.New(reason.StatusRevoked, "it ended"),
		entry.Meaning + " (status.revoked)": reason.New(reason.StatusRevoked, ""),
		"plain":                             errors.New("plain"),
		"the detail (status.revoked)":       fmt.Errorf("op: %w", reason.Wrap(reason.StatusRevoked, "the detail", errors.New("hidden cause"))),
		"no known code (nobody.knows)":      reason.New("nobody.knows", "no known code"),
		"first (status.revoked)":            errors.Join(reason.New(reason.StatusRevoked, "first"), errors.New("second")),
		`give "x"`:                          Usage("give %q", "x"),
	} {
		if got := Explain(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestWrongUsage shows that whatever is called wrongly ends with 2 and one line, and does nothing.
func TestWrongUsage(t *testing.T) {
	must := func(*Program, *cli.Context) error { t.Error("the command ran"); return nil }
	for args, want := range map[string]string{
		"dro":                     `there is no command "dro"; see prog help`,
		"dro --json":              `there is no option --json here; --help lists them`,
		"do --unknown":            `there is no option --unknown here; --help lists them`,
		"--unknown":               `there is no option --unknown here; --help lists them`,
		"do --reason":             `--reason needs a value`,
		"do ID --reason":          `--reason needs a value`,
		"do --count x":            `invalid value "x" for flag -count`,
		"keys":                    `keys needs a command: list or rotate`,
		"keys turn":               `keys has no command "turn"`,
		"keys list --unknown":     `there is no option --unknown here; --help lists them`,
		"keys rotate --reason x":  `there is no option --reason here; --help lists them`,
		"help nothing":            `No help topic for 'nothing'`,
		"do --passphrase x":       `(cli.secret_argv)`,
		"do -- -rf":               `(cli.args)`,
		"do ---":                  `(cli.args)`,
		"do line\nend":            `(cli.args)`,
		"do --reason nul\x00byte": `(cli.args)`,
	} {
		t.Run(args, func(t *testing.T) {
			got := run(t, must, strings.Split(args, " ")...)
			if got.Code != Wrong || !strings.Contains(got.Err, want) || strings.Count(got.Err, "\n") != 1 {
				t.Errorf("%d, %q; want %q", got.Code, got.Err, want)
			}
		})
	}
}

func TestCountOfArguments(t *testing.T) {
	one := func(*Program, *cli.Context) error { return nil }
	for name, c := range map[string]struct {
		action func(*Program, *cli.Context) error
		args   []string
		want   string
	}{
		"none wanted, one given":  {func(_ *Program, c *cli.Context) error { return NoArguments(c) }, []string{"do", "x"}, `takes no arguments, and there is "x"`},
		"one wanted, none given":  {func(_ *Program, c *cli.Context) error { _, err := OneArgument(c, "ID"); return err }, []string{"do"}, "do needs ID"},
		"one wanted, two given":   {func(_ *Program, c *cli.Context) error { _, err := OneArgument(c, "ID"); return err }, []string{"do", "a", "b"}, "do takes one ID"},
		"more than are looked at": {one, append([]string{"do"}, make([]string, maxArguments)...), "cli.args"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := run(t, c.action, c.args...); got.Code != Wrong || !strings.Contains(got.Err, c.want) {
				t.Errorf("%+v, want %q", got, c.want)
			}
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	nothing := func(*Program, *cli.Context) error { return errors.New("ran") }
	for args, want := range map[string]string{
		"":               "Exit codes: 0 done, 1 refused or denied, 2 wrong usage.",
		"help":           "prog - a program",
		"--help":         "prog - a program",
		"help do":        "prog do - do it",
		"do --help":      "BEHALF_ISSUER_<KEY>",
		"--help do":      "prog do - do it",
		"keys help":      "rotate",
		"--version":      "prog version " + Version() + "\n",
		"-v":             "prog version " + Version() + "\n",
		"--version do":   "prog version " + Version() + "\n",
		"help keys":      "list",
		"help keys list": "prog keys list",
		"keys --help":    "rotate",
	} {
		t.Run(args, func(t *testing.T) {
			if got := run(t, nothing, strings.Fields(args)...); got.Code != Done || !strings.Contains(got.Out, want) || got.Err != "" {
				t.Errorf("%+v, want %q", got, want)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	for want, info := range map[string]*debug.BuildInfo{
		"devel": {Main: debug.Module{Version: "(devel)"}}, "v1.2.3": {Main: debug.Module{Version: "v1.2.3"}},
	} {
		if got := version(info, true); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if version(&debug.BuildInfo{}, true) != "devel" || version(nil, false) != "devel" {
		t.Error("a build without a version has one")
	}
}

func TestMainGivesTheProcess(t *testing.T) {
	now := func() time.Time { return time.Unix(0, 0) }
	code := Main("prog", now, func(ctx context.Context, args []string, p *Program) int {
		if ctx.Err() != nil || len(args) != len(os.Args) || p.Name != "prog" || p.In != os.Stdin || p.Out != os.Stdout || p.Err != os.Stderr || p.Random == nil || !p.Now().Equal(now()) {
			t.Errorf("%+v", p)
		}
		return 7
	})
	if code != 7 {
		t.Errorf("%d", code)
	}
}
