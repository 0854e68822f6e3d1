// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/wallet"
)

// program is one run of the command.
type program struct {
	*command.Program
	person  *person
	keyring keyring
}

// run runs one command and returns its exit code.
func run(ctx context.Context, args []string, p *command.Program) int {
	return newProgram(p, systemKeyring{}).run(ctx, args)
}

func newProgram(p *command.Program, k keyring) *program {
	p.Manual = manual()
	return &program{p, newPerson(p), k}
}

func (p *program) run(ctx context.Context, args []string) int {
	code := p.Run(ctx, p.app(), args)
	if ctx.Err() != nil && code == command.Done {
		return command.Refused
	}
	return code
}

func (p *program) app() *cli.App {
	return &cli.App{
		Usage: "hold, show and present credentials that let you act for somebody else",
		Description: "The wallet lies in --dir, sealed under a passphrase, which is asked for, or comes from --passphrase-file, --passphrase-fd, " +
			"$BEHALF_WALLET_PASSPHRASE, or the keyring of the computer once remember was used. In a terminal you are asked with forms; " +
			"with --plain, and wherever something else than a terminal reads along, line by line.\n\n" +
			"To begin: init makes a wallet, receive takes in what an organisation offers you, list shows it, present answers a service, delegate passes " +
			"a part on, backup writes it all to a file.",
		Flags:  globalFlags(),
		Before: p.settle,
		Commands: []*cli.Command{
			p.initCommand(), p.didCommand(), p.receiveCommand(), p.applyCommand(), p.pendingCommand(), p.collectCommand(), p.renewCommand(),
			p.listCommand(), p.showCommand(), p.callCommand(), p.dueCommand(), p.presentCommand(),
			p.delegateCommand(), p.acceptCommand(), p.revokeCommand(), p.statusCommand(), p.removeCommand(), p.keysCommand(),
			p.exportCommand(), p.importCommand(), p.rememberCommand(), p.forgetCommand(),
		},
	}
}

// globalFlags are the options of every command.
func globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "dir", Usage: "`FOLDER` of the wallet; else $BEHALF_WALLET_DIR, else one in the user's data directory", EnvVars: []string{"BEHALF_WALLET_DIR"}},
		&cli.StringFlag{Name: "ca", Usage: "`FILE` of certificate authorities of a private deployment; kept by init"},
		&cli.BoolFlag{Name: "yes", Usage: "agree without being asked, for scripts"},
		&cli.BoolFlag{Name: "plain", Usage: "ask line by line, without forms"},
		&cli.StringFlag{Name: "passphrase-file", Usage: "`FILE` with the passphrase, closed to others"},
		&cli.IntFlag{Name: "passphrase-fd", Usage: "read the passphrase from the open file descriptor `N`"},
		&cli.StringFlag{Name: "language", Usage: "`TAG` of the language in which credentials are told: en or cy; else that of the environment"},
		command.JSONFlag(),
	}
}

// settle heeds the options that concern every command.
func (p *program) settle(c *cli.Context) error {
	switch tag := c.String("language"); {
	case tag != "" && tag != wallet.English && wallet.Language(tag) != wallet.Welsh:
		return command.Usage("--language is en or cy")
	case c.Bool("plain"):
		p.person.forms = false
	}
	if c.Int("passphrase-fd") == 0 && c.IsSet("passphrase-fd") {
		p.person.terminal, p.person.forms = nil, false // standard input is spoken for
	}
	return nil
}

// language returns the one in which credentials are told.
func language(c *cli.Context) string {
	return wallet.Language(cmp.Or(c.String("language"), os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG")))
}

// explained gives words to the errors of a folder that have no reason code.
func explained(err error) error {
	for known, text := range map[error]string{
		errPassphrase(): "the passphrase is wrong",
		errLocked():     "another behalf-wallet is at work on this wallet; wait for it to end, and try again",
	} {
		if errors.Is(err, known) {
			return errors.New(text)
		}
	}
	return err
}
