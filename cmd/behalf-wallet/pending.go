// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/wallet"
)

// pendingLine is a credential that its issuer has not decided about yet, in one line.
func pendingLine(w *wallet.Pending) string {
	return w.ID + "  " + w.Issuer + " decides about it; ask again from " + w.After.UTC().Format("2006-01-02 15:04") + " UTC on with: behalf-wallet collect " + w.ID
}

func (p *program) pendingCommand() *cli.Command {
	return &cli.Command{
		Name: "pending", Usage: "list what issuers have not decided about yet; needs no network", ArgsUsage: " ",
		Action: func(c *cli.Context) error {
			if err := command.NoArguments(c); err != nil {
				return err
			}
			return p.wallet(c, wire.Wallet, func(w *wallet.Wallet) error { return p.pending(c, w) })
		},
	}
}

func (p *program) pending(c *cli.Context, w *wallet.Wallet) error {
	all, err := w.Pending(c.Context)
	if err != nil {
		return err
	}
	lines := make([]string, 0, len(all))
	for _, one := range all {
		lines = append(lines, pendingLine(one))
	}
	if len(all) == 0 {
		lines = append(lines, "No issuer has anything to decide.")
	}
	return p.Say(c, map[string]any{"pending": append([]*wallet.Pending{}, all...)}, lines...)
}

func (p *program) collectCommand() *cli.Command {
	return &cli.Command{
		Name: "collect", Usage: "ask an issuer whether it has decided, and take what it gives", ArgsUsage: "ID",
		Description: "An ID is one of: behalf-wallet pending. Ends with 1 where the issuer has not decided yet, and where it said no.",
		Action: func(c *cli.Context) error {
			id, err := command.OneArgument(c, "ID")
			if err != nil {
				return err
			}
			return p.wallet(c, wire.ConnectedWallet, func(w *wallet.Wallet) error { return p.collect(c, w, id) })
		},
	}
}

func (p *program) collect(c *cli.Context, w *wallet.Wallet, id string) error {
	got, err := w.Collect(c.Context, id)
	if said := p.sayCollected(c, got); said != nil {
		return said
	}
	if err == nil && len(got.Entries) == 0 {
		return command.Quiet() // it was said that the issuer still decides
	}
	return err
}

func (p *program) renewCommand() *cli.Command {
	return &cli.Command{
		Name: "renew", Usage: "have a credential issued anew, bound to the key in use", ArgsUsage: "ID",
		Description: "The issuer gives what it would give today: that may be less, or nothing.\n\nExamples:\n   behalf-wallet renew k7ab3f\n   behalf-wallet renew --all",
		Flags:       append([]cli.Flag{&cli.BoolFlag{Name: "all", Usage: "renew everything that can be"}}, collectFlags()...),
		Action: func(c *cli.Context) error {
			if c.Bool("all") {
				if err := command.NoArguments(c); err != nil {
					return err
				}
				return p.collecting(c, func(w *wallet.Wallet, by wallet.Collector) (wallet.Collected, error) { return p.renewAll(c, w, by) })
			}
			id, err := command.OneArgument(c, "ID, or --all")
			if err != nil {
				return err
			}
			return p.collecting(c, func(w *wallet.Wallet, by wallet.Collector) (wallet.Collected, error) {
				return w.Renew(c.Context, id, by)
			})
		},
	}
}

// renewAll renews what can be; one that fails does not keep the others.
func (p *program) renewAll(c *cli.Context, w *wallet.Wallet, by wallet.Collector) (out wallet.Collected, failed error) {
	all, _, err := w.List(c.Context)
	if err != nil {
		return out, err
	}
	seen := map[string]bool{}
	for _, e := range all {
		if !e.Renewable || e.Group != "" && seen[e.Group] {
			continue // passed on, so that who did can do so again; or a copy of what was renewed
		}
		seen[e.Group] = true
		got, err := w.Renew(c.Context, e.ID, by)
		out.Entries, out.Pending = append(out.Entries, got.Entries...), append(out.Pending, got.Pending...)
		if err != nil {
			p.Complain(e.ID + ": " + command.Explain(err))
			failed = command.Quiet()
		}
	}
	return out, failed
}
