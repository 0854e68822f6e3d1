// SPDX-License-Identifier: Apache-2.0

package command

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/reason"
)

// maxArguments is the number of arguments that are looked at.
const maxArguments = 4096

// arranged returns args with the options of the program first, then the command, its options, and
// then all else: people write options where they like, and the library reads them only in front.
// A secret among the arguments is cli.secret_argv: others on the machine can read it there. An
// argument that is no option and could pass for one, or that holds control characters, is cli.args.
func arranged(app *cli.App, args []string) ([]string, error) {
	if len(args) == 0 || len(args) > maxArguments {
		return nil, reason.New(reason.CLIArgs, "there are no arguments, or more than "+strconv.Itoa(maxArguments))
	}
	if slices.ContainsFunc(args[1:], func(arg string) bool { return strings.ContainsFunc(arg, unicode.IsControl) }) {
		return nil, reason.New(reason.CLIArgs, "an argument holds a control character, such as a line end")
	}
	a := arrangement{app: app}
	for rest := args[1:]; len(rest) > 0; {
		var err error
		if rest, err = a.next(rest); err != nil {
			return nil, err
		}
	}
	out := append([]string{args[0]}, a.global...)
	if a.help && len(a.path) > 0 {
		a.options = append(a.options, "--help") // of any command, where the library's own help knows one word alone
	} else if a.help {
		out = append(out, "help")
	}
	for _, c := range a.path {
		out = append(out, c.Name)
	}
	out = append(out, a.options...)
	if len(a.others) > 0 {
		out = append(out, "--")
	}
	return append(out, a.others...), nil
}

// arrangement is what was read so far.
type arrangement struct {
	app     *cli.App
	path    []*cli.Command // the command, below the commands that it belongs to
	global  []string       // options of the program, with their values
	options []string       // options of the command, with their values, and unknown ones
	others  []string
	help    bool // the first word is help
}

// next takes one argument, with its value if it is an option that has one.
func (a *arrangement) next(rest []string) ([]string, error) {
	arg, rest := rest[0], rest[1:]
	name := strings.TrimLeft(arg, "-")
	switch {
	case arg == "--":
		if slices.ContainsFunc(rest, func(other string) bool { return strings.HasPrefix(other, "-") && other != "-" }) {
			return nil, optionLike()
		}
		a.others = append(a.others, rest...)
		return nil, nil
	case name == "" && len(arg) > 1:
		return nil, optionLike()
	case name != arg && arg != "-":
		return a.option(arg, name, rest)
	}
	switch c := find(a.commands(), arg); {
	case len(a.others) > 0:
		a.others = append(a.others, arg)
	case c != nil:
		a.path = append(a.path, c)
	case arg == "help" && len(a.path) == 0 && !a.help:
		a.help = true
	default:
		a.others = append(a.others, arg)
	}
	return rest, nil
}

func optionLike() error {
	return reason.New(reason.CLIArgs, "a file name or id begins with - and could pass for an option; write ./ before it")
}

// commands are those that may come next.
func (a *arrangement) commands() []*cli.Command {
	if len(a.path) == 0 {
		return a.app.Commands
	}
	return a.path[len(a.path)-1].Subcommands
}

func find(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

func (a *arrangement) option(arg, name string, rest []string) ([]string, error) {
	name, _, joined := strings.Cut(name, "=")
	into, flag := &a.global, flagOf(a.app.Flags, name)
	if flag == nil {
		flag = a.flag(name)
		if flag != nil || len(a.path) > 0 {
			into = &a.options
		}
	}
	if flag == nil && secret(name) {
		return nil, reason.New(reason.CLISecretArgv, "a secret never stands on the command line, where others can read it; help says where it is read from")
	}
	*into = append(*into, arg)
	if _, plain := flag.(*cli.BoolFlag); flag == nil || plain || joined {
		return rest, nil
	}
	if len(rest) == 0 {
		return nil, Usage("--%s needs a value", name)
	}
	*into = append(*into, rest[0])
	return rest[1:], nil
}

// secret reports whether an option of that name would hold one.
func secret(name string) bool {
	switch name {
	case "passphrase", "password", "pass", "pin", "secret", "token", "admin-token", "client-token":
		return true
	}
	return false
}

// flag returns the option called name of the command, or of one below it, whose name may follow.
func (a *arrangement) flag(name string) cli.Flag {
	for _, c := range slices.Backward(a.path) {
		if flag := flagOf(c.Flags, name); flag != nil {
			return flag
		}
	}
	return flagBelow(a.commands(), name)
}

func flagBelow(commands []*cli.Command, name string) cli.Flag {
	for _, c := range commands {
		if flag := flagOf(c.Flags, name); flag != nil {
			return flag
		}
		if flag := flagBelow(c.Subcommands, name); flag != nil {
			return flag
		}
	}
	return nil
}

func flagOf(flags []cli.Flag, name string) cli.Flag {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

// NoArguments refuses arguments where there are options alone.
func NoArguments(c *cli.Context) error {
	if c.Args().Present() {
		return Usage("%s takes no arguments, and there is %q", c.Command.FullName(), c.Args().First())
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
	return "", Usage("%s takes one %s", c.Command.Name, what)
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
