// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
)

// program is one run of the command.
type program struct {
	*command.Program
	person *person
}

// run runs one command and returns its exit code.
func run(ctx context.Context, args []string, p *command.Program) int {
	w := &program{p, newPerson(p)}
	code := p.Run(ctx, w.app(), args)
	if ctx.Err() != nil && code == command.Done {
		return command.Refused
	}
	return code
}

func (p *program) app() *cli.App {
	return &cli.App{
		Usage:       "hold, show and present credentials that let you act for somebody else",
		Description: "The wallet lies in --dir, sealed under a passphrase, which is asked for or taken from $BEHALF_WALLET_PASSPHRASE.",
		Flags:       globalFlags(),
		Commands: []*cli.Command{
			p.initCommand(), p.didCommand(), p.receiveCommand(), p.listCommand(), p.showCommand(), p.presentCommand(),
			p.delegateCommand(), p.acceptCommand(), p.revokeCommand(), p.statusCommand(), p.removeCommand(),
			p.exportCommand(), p.importCommand(),
		},
	}
}

// globalFlags are the options of every command.
func globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "dir", Usage: "`FOLDER` of the wallet; else $BEHALF_WALLET_DIR, else one in the user's data directory", EnvVars: []string{"BEHALF_WALLET_DIR"}},
		&cli.StringFlag{Name: "ca", Usage: "`FILE` of certificate authorities of a private deployment; kept by init"},
		&cli.BoolFlag{Name: "yes", Usage: "agree without being asked, for scripts"},
		command.JSONFlag(),
	}
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
