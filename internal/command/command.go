// SPDX-License-Identifier: Apache-2.0

// Package command is the shell that all commands run in: how they read arguments, report, fail
// and print.
package command

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/reason"
)

// The exit codes of every command.
const (
	Done    = 0 // it is done, or permitted
	Refused = 1 // it was refused, denied or failed
	Wrong   = 2 // the command was called wrongly
)

// Program is one run of a command: where it reads and writes, and what it takes from the machine.
// It is used by one goroutine; its Logger by many.
type Program struct {
	Name     string
	In       io.Reader
	Out, Err io.Writer
	Now      func() time.Time
	Random   io.Reader
	Manual   Manual // what its manual page says beside its commands

	escaped bool // something that could act on a terminal was printed escaped
}

// Main runs the program called name on the arguments and streams of this process, until it ends or
// is interrupted, and returns its exit code. now is time.Now.
func Main(name string, now func() time.Time, run func(ctx context.Context, args []string, p *Program) int) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, os.Args, &Program{Name: name, In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Now: now, Random: rand.Reader})
}

// Run runs app on args, the first of which is the program's name, and returns its exit code. It adds the
// commands completion and man, which write what they do out of the definitions of all others. Options
// may stand before and behind other arguments. An argument that could pass for what it is not is
// cli.args, a secret among the arguments cli.secret_argv: both end with Wrong before anything runs.
func (p *Program) Run(ctx context.Context, app *cli.App, args []string) int {
	out := &watched{to: p.Out}
	app.Name, app.Writer, app.ErrWriter, app.Reader = p.Name, out, p.Err, p.In
	app.Description = strings.TrimSpace(app.Description + "\n\nOptions may stand before or after other arguments. " +
		"Exit codes: 0 done, 1 refused or denied, 2 wrong usage.")
	app.Version, app.HideVersion = Version(), false
	app.DisableSliceFlagSeparator = true // an option that may be repeated is repeated: names hold commas
	app.ExitErrHandler = func(*cli.Context, error) {}
	app.OnUsageError = wrongUsage
	app.Action = func(c *cli.Context) error {
		if c.Args().Present() {
			return Usage("there is no command %q; see %s help", c.Args().First(), p.Name)
		}
		return cli.ShowAppHelp(c)
	}
	app.Commands = append(app.Commands, p.completionCommand(app), p.manCommand(app))
	strict(app.Commands)
	args, err := arranged(app, args)
	if err != nil {
		p.Complain("usage: " + Explain(err))
		return Wrong
	}
	return p.exit(errors.Join(app.RunContext(ctx, args), out.failed))
}

// watched remembers that it could not write: the library does not look when it writes help and versions.
type watched struct {
	to     io.Writer
	failed error
}

// Write implements io.Writer.
func (w *watched) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if err != nil && w.failed == nil {
		w.failed = fmt.Errorf("the output could not be written: %w", err)
	}
	return n, err
}

// strict lets wrong options of every command end as wrong usage, and a command that does nothing by
// itself say so.
func strict(commands []*cli.Command) {
	for _, c := range commands {
		c.OnUsageError = wrongUsage
		if len(c.Subcommands) > 0 && c.Action == nil {
			c.Action = needsCommand
		}
		strict(c.Subcommands)
	}
}

func wrongUsage(_ *cli.Context, err error, _ bool) error {
	if name, ok := strings.CutPrefix(err.Error(), unknownOption); ok {
		return Usage("there is no option %s here; --help lists them", dashed(strings.TrimLeft(name, "-")))
	}
	return usageError{err}
}

// unknownOption is how package flag begins to say that there is no such option.
const unknownOption = "flag provided but not defined: "

// needsCommand answers a command that has commands of its own and was given none of them.
func needsCommand(c *cli.Context) error {
	if c.Args().Present() {
		return Usage("%s has no command %q", c.Command.Name, c.Args().First())
	}
	var names []string
	for _, one := range c.Command.Subcommands {
		if one.Name != "help" {
			names = append(names, one.Name)
		}
	}
	return Usage("%s needs a command: %s", c.Command.Name, strings.Join(names, " or "))
}

// usageError is a mistake in how the command was called.
type usageError struct{ error }

// Usage returns an error for a mistake in how the command was called: it ends with Wrong.
func Usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errQuiet is an error that was told already.
var errQuiet = errors.New("told already")

// Quiet returns an error that ends a command with Refused and prints nothing.
func Quiet() error { return errQuiet }

// exit says why a command failed, in one line, and returns its exit code.
func (p *Program) exit(err error) int {
	defer p.warn()
	_, wrong := errors.AsType[usageError](err)
	topic, noTopic := errors.AsType[cli.ExitCoder](err)
	switch {
	case err == nil:
		return Done
	case wrong:
		p.Complain("usage: " + err.Error())
		return Wrong
	case noTopic: // help was asked for something unknown
		p.Complain("usage: " + topic.Error())
		return Wrong
	case errors.Is(err, errQuiet):
		return Refused
	}
	p.Complain(Explain(err))
	return Refused
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
