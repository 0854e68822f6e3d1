// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"unicode"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/reason"
)

// maxArguments is the number of arguments that are looked at.
const maxArguments = 256

// sorted returns args with the options of the program first, then the command, its options, and
// then all else: people write options where they like, and the library reads them only in front.
// A passphrase among the arguments is cli.secret_argv: others on the machine can read it there.
// An argument that is no option and could pass for one, or that holds control characters, is cli.args.
func sorted(app *cli.App, args []string) ([]string, error) {
	if len(args) == 0 || len(args) > maxArguments {
		return nil, reason.New(reason.CLIArgs, "too many arguments")
	}
	if len(args) > 1 && (args[1] == "help" || args[1] == "h") {
		return args, nil
	}
	s := sorting{app: app}
	for rest := args[1:]; len(rest) > 0; {
		var err error
		if rest, err = s.next(rest); err != nil {
			return nil, err
		}
	}
	out := append([]string{args[0]}, s.global...)
	if s.command == nil {
		return append(out, s.others...), nil
	}
	out = append(append(out, s.command.Name), s.options...)
	if len(s.others) > 0 {
		out = append(append(out, "--"), s.others...)
	}
	return out, nil
}

// sorting is what was read so far.
type sorting struct {
	app     *cli.App
	command *cli.Command
	global  []string // options of the program, with their values
	options []string // options of the command, with their values, and unknown ones
	others  []string
}

// next takes one argument, with its value if it is an option that has one.
func (s *sorting) next(rest []string) ([]string, error) {
	arg, rest := rest[0], rest[1:]
	if strings.ContainsFunc(arg, unicode.IsControl) {
		return nil, reason.New(reason.CLIArgs, "an argument holds a control character")
	}
	name := strings.TrimLeft(arg, "-")
	switch {
	case arg == "--":
		for _, other := range rest {
			if strings.HasPrefix(other, "-") || strings.ContainsFunc(other, unicode.IsControl) {
				return nil, reason.New(reason.CLIArgs, "a file name or id begins with - or holds a control character; write ./ before it")
			}
		}
		s.others = append(s.others, rest...)
		return nil, nil
	case name == arg && s.command == nil && s.app.Command(arg) != nil:
		s.command = s.app.Command(arg)
		return rest, nil
	case name == arg || name == "":
		s.others = append(s.others, arg)
		return rest, nil
	}
	return s.option(arg, name, rest)
}

func (s *sorting) option(arg, name string, rest []string) ([]string, error) {
	name, _, joined := strings.Cut(name, "=")
	if slices.Contains([]string{"passphrase", "password", "pass", "pin"}, name) {
		return nil, reason.New(reason.CLISecretArgv, "a passphrase never stands on the command line: wait to be asked, or set BEHALF_WALLET_PASSPHRASE")
	}
	into, flag := &s.global, find(s.app.Flags, name)
	if flag == nil && s.command != nil {
		into, flag = &s.options, find(s.command.Flags, name)
	}
	*into = append(*into, arg)
	if _, plain := flag.(*cli.BoolFlag); flag == nil || plain || joined || len(rest) == 0 {
		return rest, nil
	}
	*into = append(*into, rest[0])
	return rest[1:], nil
}

func find(flags []cli.Flag, name string) cli.Flag {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}
