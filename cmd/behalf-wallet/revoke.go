// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/wallet"
)

func (p *program) revokeCommand() *cli.Command {
	return &cli.Command{
		Name: "revoke", Aliases: []string{"take-back"}, Usage: "take back what was passed on, and all below it", ArgsUsage: "ID|FILE",
		Description: "An ID is one of: behalf-wallet list --passed-on. A FILE, with a dot or a slash in its name, is one that behalf-wallet delegate made, for you " +
			"or for others: you may take back what was passed on below you, and what is about yourself. It is for good.",
		Action: func(c *cli.Context) error {
			arg, err := command.OneArgument(c, "ID|FILE")
			if err != nil {
				return err
			}
			var file []byte
			if strings.ContainsAny(arg, "./") {
				if file, err = readFile(arg, wallet.MaxPackage); err != nil {
					return err
				}
			}
			return p.wallet(c, wire.ConnectedWallet, func(w *wallet.Wallet) error { return p.revoke(c, w, arg, file) })
		},
	}
}

func (p *program) revoke(c *cli.Context, w *wallet.Wallet, arg string, file []byte) error {
	if err := p.agree(c, "Take "+arg+" back for good?"); err != nil {
		return err
	}
	var r *wallet.PassedOn
	var err error
	if file != nil {
		r, err = w.TakeBackFile(c.Context, file)
	} else {
		r, err = w.TakeBack(c.Context, arg)
	}
	if err != nil {
		return err
	}
	return p.Say(c, map[string]any{"taken_back": r}, "Taken back: "+passedLine(r))
}
