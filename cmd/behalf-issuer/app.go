// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/config"
	"github.com/behalf-id/behalf/internal/wire"
)

// program is one run of behalf-issuer.
type program struct{ *command.Program }

// run runs one command and returns its exit code.
func (p *program) run(ctx context.Context, args []string) int {
	app := &cli.App{
		Usage: "grant delegations, issue them to wallets, and suspend or revoke them",
		Description: "init makes a folder with all that an issuer needs; serve runs it. grant, list, show, suspend, resume and " +
			"revoke work through the running server, keys on the folder of keys.",
		Commands: []*cli.Command{
			p.initCommand(), p.serveCommand(), p.grantCommand(), p.listCommand(), p.showCommand(),
			p.changeCommand("suspend", "stop a delegation until it is resumed", "in-hospital"),
			p.changeCommand("resume", "lift a suspension", "home-again"),
			p.changeCommand("revoke", "end a delegation for good", "withdrawn-by-principal"),
			p.keysCommand(),
		},
	}
	return p.Run(ctx, app, arranged(app.Commands, args))
}

// load reads the settings that --config and the environment give.
func load(c *cli.Context) (wire.IssuerConfig, error) {
	s := wire.DefaultIssuer()
	err := config.Load(c.String("config"), "issuer", &s)
	return s, err
}

// arranged returns args with the options of a command before its other arguments: people write
// "revoke ID --reason R", and the library reads options in front alone. What stands behind "--" stays.
func arranged(commands []*cli.Command, args []string) []string {
	i := 1
	var flags []cli.Flag
	for ; i < len(args); i++ {
		at := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.Name == args[i] })
		if at < 0 {
			break
		}
		flags, commands = commands[at].Flags, commands[at].Subcommands
	}
	if flags == nil || i > len(args) {
		return args
	}
	var options, others []string
	for ; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			others = append(others, args[i:]...)
			i = len(args)
		case !strings.HasPrefix(arg, "-") || arg == "-":
			others = append(others, arg)
		default:
			options = append(options, arg)
			if takesValue(flags, arg) && i+1 < len(args) {
				i++
				options = append(options, args[i])
			}
		}
	}
	head := args[:len(args)-len(options)-len(others)]
	return slices.Concat(head, options, others)
}

// takesValue reports whether the argument behind option is its value.
func takesValue(flags []cli.Flag, option string) bool {
	name := strings.TrimLeft(option, "-")
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			_, plain := f.(*cli.BoolFlag)
			return !plain
		}
	}
	return false
}
