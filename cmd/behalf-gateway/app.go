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

	"github.com/behalf-id/behalf/internal/config"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/wire"
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

// program is what the commands share: where they write, the time and randomness.
type program struct {
	out, err io.Writer
	now      func() time.Time
	random   io.Reader
}

// run runs one command and returns its exit code.
func (p *program) run(ctx context.Context, args []string) int {
	app := &cli.App{
		Name:           "behalf-gateway",
		Usage:          "check presented delegations and decide who may act for whom",
		Description:    "Exit codes: 0 done, 1 refused or denied, 2 wrong usage.",
		Writer:         p.out,
		ErrWriter:      p.err,
		HideVersion:    true,
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   wrongUsage,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usage("there is no command %q; see behalf-gateway help", printable(c.Args().First()))
			}
			return cli.ShowAppHelp(c)
		},
		Commands: strict([]*cli.Command{p.initCommand(), p.serveCommand(), p.simulateCommand(), p.auditCommand(), p.keysCommand()}),
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
	_, _ = fmt.Fprintln(p.err, "behalf-gateway: "+printable(line))
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
	if c.Bool("json") {
		return p.writeJSON(v)
	}
	_, err := fmt.Fprintln(p.out, strings.Join(lines, "\n"))
	return err
}

func (p *program) writeJSON(v any) error {
	raw, err := strictjson.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "%s\n", raw)
	return err
}

func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "write JSON to standard output"}
}

func configFlag() cli.Flag {
	return &cli.StringFlag{Name: "config", Usage: "configuration `FILE`, as init writes it; every key can also be set by BEHALF_GATEWAY_<KEY>"}
}

// load reads the settings that --config and the environment give.
func load(c *cli.Context) (wire.GatewayConfig, error) {
	s := wire.DefaultGateway()
	err := config.Load(c.String("config"), "gateway", &s)
	return s, err
}

// noArguments refuses arguments, which are mostly misplaced options.
func noArguments(c *cli.Context) error {
	if c.Args().Present() {
		return usage("%s takes no arguments", c.Command.FullName())
	}
	return nil
}
