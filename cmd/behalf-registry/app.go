// SPDX-License-Identifier: Apache-2.0

package main

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
	exitDone    = 0
	exitRefused = 1
	exitUsage   = 2
)

// usageError is a mistake in how the command was called.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// program is what the commands share: where they write, and the time.
type program struct {
	out, err io.Writer
	now      func() time.Time
}

// run runs one command and returns its exit code.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	p := &program{out: out, err: errs, now: time.Now}
	app := &cli.App{
		Name:           "behalf-registry",
		Usage:          "keep, sign and serve a trust framework: who may issue delegations, and who may ask for them",
		Description:    "Exit codes: 0 done, 1 refused, 2 wrong usage.",
		Writer:         out,
		ErrWriter:      errs,
		HideVersion:    true,
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   wrongUsage,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usage("there is no command %q; see behalf-registry help", printable(c.Args().First()))
			}
			return cli.ShowAppHelp(c)
		},
		Commands: strict([]*cli.Command{p.initCommand(), p.serveCommand(), p.applyCommand(), p.exportCommand(), p.logCommand()}),
	}
	return p.exit(app.RunContext(ctx, args))
}

// strict lets wrong options of every command end as wrong usage.
func strict(commands []*cli.Command) []*cli.Command {
	for _, c := range commands {
		c.OnUsageError = wrongUsage
		strict(c.Subcommands)
	}
	return commands
}

func wrongUsage(_ *cli.Context, err error, _ bool) error { return usageError{err} }

// exit says why a command failed, in one line, and returns its exit code.
func (p *program) exit(err error) int {
	switch _, wrong := errors.AsType[usageError](err); {
	case err == nil:
		return exitDone
	case wrong:
		p.complain("usage: " + err.Error())
		return exitUsage
	}
	p.complain(explain(err))
	return exitRefused
}

func (p *program) complain(line string) {
	_, _ = fmt.Fprintln(p.err, "behalf-registry: "+printable(line))
}

// explain turns an error into what an operator needs: what is wrong, and its code.
func explain(err error) string {
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

// printable replaces what could act on a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// say writes v as one JSON object if --json is given, else the lines.
func (p *program) say(c *cli.Context, v any, lines ...string) error {
	if !c.Bool("json") {
		_, err := fmt.Fprintln(p.out, strings.Join(lines, "\n"))
		return err
	}
	raw, err := strictjson.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "%s\n", raw)
	return err
}

func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "write one JSON object to standard output"}
}

func configFlag() cli.Flag {
	return &cli.StringFlag{Name: "config", Usage: "configuration `FILE`, as init writes it; every key can also be set by BEHALF_REGISTRY_<KEY>"}
}

// oneFile returns the one argument of a command.
func oneFile(c *cli.Context) (string, error) {
	switch {
	case c.NArg() == 0:
		return "", usage("%s needs a FILE", c.Command.Name)
	case c.NArg() > 1:
		return "", usage("%s takes one FILE; options stand before it", c.Command.Name)
	}
	return c.Args().First(), nil
}

// noArguments refuses arguments, which are mostly misplaced options.
func noArguments(c *cli.Context) error {
	if c.Args().Present() {
		return usage("%s takes no arguments", c.Command.FullName())
	}
	return nil
}
