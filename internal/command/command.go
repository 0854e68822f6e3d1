// SPDX-License-Identifier: Apache-2.0

// Package command is what all commands share: how they report, fail and print.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// The exit codes of every command.
const (
	Done    = 0 // it is done, or permitted
	Refused = 1 // it was refused, denied or failed
	Wrong   = 2 // the command was called wrongly
)

// Program is one run of a command: where it reads and writes, and what it takes from the machine.
type Program struct {
	Name     string
	In       io.Reader
	Out, Err io.Writer
	Now      func() time.Time
	Random   io.Reader
}

// usageError is a mistake in how the command was called.
type usageError struct{ error }

// Usage returns an error for a mistake in how the command was called: it ends with Wrong.
func Usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errQuiet is an error that was told already.
var errQuiet = errors.New("told already")

// Quiet returns an error that ends a command with Refused and prints nothing.
func Quiet() error { return errQuiet }

// Run runs app on args, the first of which is the program's name, and returns its exit code.
func (p *Program) Run(ctx context.Context, app *cli.App, args []string) int {
	app.Name, app.Writer, app.ErrWriter, app.Reader = p.Name, p.Out, p.Err, p.In
	app.Description = strings.TrimSpace(app.Description + "\n\nExit codes: 0 done, 1 refused or denied, 2 wrong usage.")
	app.Version, app.HideVersion = Version(), false
	app.ExitErrHandler = func(*cli.Context, error) {}
	app.OnUsageError = wrongUsage
	app.Action = func(c *cli.Context) error {
		if c.Args().Present() {
			return Usage("there is no command %q; see %s help", Printable(c.Args().First()), p.Name)
		}
		return cli.ShowAppHelp(c)
	}
	strict(app.Commands)
	return p.exit(app.RunContext(ctx, args))
}

// strict lets wrong options of every command end as wrong usage.
func strict(commands []*cli.Command) {
	for _, c := range commands {
		c.OnUsageError = wrongUsage
		strict(c.Subcommands)
	}
}

func wrongUsage(_ *cli.Context, err error, _ bool) error { return usageError{err} }

// exit says why a command failed, in one line, and returns its exit code.
func (p *Program) exit(err error) int {
	_, wrong := errors.AsType[usageError](err)
	switch {
	case err == nil:
		return Done
	case wrong:
		p.Complain("usage: " + err.Error())
		return Wrong
	case errors.Is(err, errQuiet):
		return Refused
	}
	p.Complain(Explain(err))
	return Refused
}

// Complain writes one line to the error output, under the program's name.
func (p *Program) Complain(line string) {
	_, _ = fmt.Fprintln(p.Err, p.Name+": "+Printable(line))
}

// Explain turns an error into what a person needs: what is wrong, what to do, and its code.
func Explain(err error) string {
	e, ok := errors.AsType[*reason.Error](err)
	if !ok {
		return err.Error()
	}
	text := e.Detail
	if entry, known := reason.Lookup(e.Code); known && text == "" {
		text = entry.Meaning
	}
	return text + " (" + string(e.Code) + ")"
}

// Printable replaces what could act on a terminal: control, bidirectional and zero-width characters.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// Say writes v as one JSON object if --json is given, else the lines.
func (p *Program) Say(c *cli.Context, v any, lines ...string) error {
	if !c.Bool("json") {
		_, err := fmt.Fprintln(p.Out, strings.Join(lines, "\n"))
		return err
	}
	return p.JSON(v)
}

// JSON writes v as one JSON object on a line.
func (p *Program) JSON(v any) error {
	raw, err := strictjson.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Out, "%s\n", raw)
	return err
}

// JSONFlag is --json.
func JSONFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "write JSON objects to standard output, one a line"}
}

// ConfigFlag is --config of a server's role.
func ConfigFlag(role string) cli.Flag {
	return &cli.StringFlag{
		Name:  "config",
		Usage: "configuration `FILE`, as init writes it; every key can also be set by BEHALF_" + strings.ToUpper(role) + "_<KEY>",
	}
}

// NoArguments refuses arguments, which are mostly misplaced options.
func NoArguments(c *cli.Context) error {
	if c.Args().Present() {
		return Usage("%s takes no arguments; options stand before arguments", c.Command.FullName())
	}
	return nil
}

// OneArgument returns the one argument of a command, which is called what in messages.
func OneArgument(c *cli.Context, what string) (string, error) {
	switch c.NArg() {
	case 1:
		return c.Args().First(), nil
	case 0:
		return "", Usage("%s needs %s", c.Command.Name, what)
	}
	return "", Usage("%s takes one %s; options stand before it", c.Command.Name, what)
}
