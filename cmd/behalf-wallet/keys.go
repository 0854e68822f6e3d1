// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/wallet"
)

func (p *program) keysCommand() *cli.Command {
	return &cli.Command{
		Name: "keys", Usage: "see and change the keys to which credentials are bound",
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "list the keys, the one in use first, and how much depends on each", ArgsUsage: " ",
				Action: func(c *cli.Context) error {
					if err := command.NoArguments(c); err != nil {
						return err
					}
					return p.wallet(c, wire.Wallet, func(w *wallet.Wallet) error { return p.listKeys(c, w) })
				},
			},
			{
				Name: "rotate", Usage: "make a new key for what comes from now on", ArgsUsage: " ",
				Description: "What you hold stays bound to the key that it came with, which is kept; renew asks the issuer to bind it to the new one. " +
					"Your DID changes: tell the new one to whoever passes something on to you.",
				Action: func(c *cli.Context) error {
					if err := command.NoArguments(c); err != nil {
						return err
					}
					return p.wallet(c, wire.Wallet, func(w *wallet.Wallet) error { return p.rotate(c, w) })
				},
			},
		},
	}
}

// holderKey is a key with --json.
type holderKey struct {
	DID         string `json:"did"`
	InUse       bool   `json:"in_use"`
	Credentials int    `json:"credentials"`
	Pending     int    `json:"pending"`
}

func (p *program) listKeys(c *cli.Context, w *wallet.Wallet) error {
	out := []holderKey{}
	var lines []string
	for _, k := range w.Keys() {
		out = append(out, holderKey{k.DID.String(), k.InUse, k.Credentials, k.Pending})
		text := fmt.Sprintf("%s  %d depend on it", k.DID, k.Credentials+k.Pending)
		if k.InUse {
			text += "  [in use]"
		}
		lines = append(lines, text)
	}
	return p.Say(c, map[string]any{"keys": out}, lines...)
}

func (p *program) rotate(c *cli.Context, w *wallet.Wallet) error {
	if err := p.agree(c, "Make a new key? Your DID changes."); err != nil {
		return err
	}
	id, err := w.RotateKey(c.Context)
	if err != nil {
		return err
	}
	return p.Say(c, map[string]string{"did": id.String()}, "Your DID from now on: "+id.String(), "Bind what you hold to it with: behalf-wallet renew --all")
}
