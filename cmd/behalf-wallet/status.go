// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/wallet"
)

// wholeLists is what a person should know of asking for status.
const wholeLists = "Whole lists were fetched: no issuer learns which credential you asked about."

func (p *program) statusCommand() *cli.Command {
	return &cli.Command{
		Name: "status", Usage: "ask whether credentials still hold; ends with 1 unless all do", ArgsUsage: "[ID]",
		Description: "Whole status lists are fetched, so that no issuer learns which credential you ask about. What is heard is remembered for list.",
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return command.Usage("status takes one ID, or none for all")
			}
			return p.wallet(c, wire.ConnectedWallet, func(w *wallet.Wallet) error { return p.status(c, w) })
		},
	}
}

func (p *program) status(c *cli.Context, w *wallet.Wallet) error {
	some, bad, err := named(c, w)
	if err != nil {
		return err
	}
	out := struct {
		Status  []wallet.Standing `json:"status"`
		Damaged []damaged         `json:"damaged,omitempty"`
	}{}
	var unwritten error
	out.Status, unwritten = w.Refresh(c.Context, some)
	end := error(nil)
	var lines []string
	for _, s := range out.Status {
		text := s.ID + "  " + s.State
		if s.Why != "" {
			text += " (" + string(s.Why) + ")"
		}
		if lines = append(lines, text); !s.Good() {
			end = command.Quiet()
		}
	}
	if len(lines) > 0 {
		lines = append(lines, wholeLists)
	}
	files, spoilt := p.spoilt(bad)
	if out.Damaged = files; spoilt != nil {
		end = spoilt
	}
	if err := p.Say(c, out, lines...); err != nil {
		return err
	}
	if unwritten != nil {
		return unwritten
	}
	return end
}

// named returns the credentials that the argument names, or all.
func named(c *cli.Context, w *wallet.Wallet) ([]*wallet.Entry, []wallet.Damaged, error) {
	if !c.Args().Present() {
		return w.List(c.Context)
	}
	e, err := w.Find(c.Context, c.Args().First())
	return []*wallet.Entry{e}, nil, err
}

func (p *program) callCommand() *cli.Command {
	return &cli.Command{
		Name: "call", Usage: "give a person for whom you act a name that you know them by", ArgsUsage: "PERSON [NAME]",
		Description: "Credentials hold numbers, and no names. PERSON is the number that list shows. Without NAME the name is taken away. The name stays in " +
			"your wallet and its backups: no service sees it.\n\nExample:\n   behalf-wallet call 9990000077 Mum",
		Action: func(c *cli.Context) error {
			if n := c.NArg(); n < 1 || n > 2 {
				return command.Usage("call needs PERSON, and NAME")
			}
			return p.wallet(c, wire.Wallet, func(w *wallet.Wallet) error { return p.call(c, w, c.Args().Get(0), c.Args().Get(1)) })
		},
	}
}

func (p *program) call(c *cli.Context, w *wallet.Wallet, person, name string) error {
	id, err := w.Call(c.Context, person, name)
	if reason.Of(err) == reason.CLIArgs {
		return command.Usage("%s", command.Explain(err))
	}
	if err != nil {
		return err
	}
	text := "The wallet has no name for " + person + " any more."
	if name != "" {
		text = "The wallet calls " + person + " " + name + " from now on."
	}
	return p.Say(c, map[string]string{"person": id, "called": name}, text)
}

func (p *program) removeCommand() *cli.Command {
	return &cli.Command{
		Name: "remove", Usage: "forget one credential; the issuer does not give it a second time", ArgsUsage: "ID",
		Description: "Use it for what has ended, or what you do not want to hold any more.",
		Action: func(c *cli.Context) error {
			id, err := command.OneArgument(c, "ID")
			if err != nil {
				return err
			}
			return p.wallet(c, wire.Wallet, func(w *wallet.Wallet) error { return p.remove(c, w, id) })
		},
	}
}

func (p *program) remove(c *cli.Context, w *wallet.Wallet, id string) error {
	e, f, err := w.FindAny(c.Context, id)
	switch {
	case err == nil:
		var text string
		if f != nil {
			id, text = f.ID, otherLine(f)
		} else {
			id, text = e.ID, line(e)
		}
		if p.person.there() && !c.Bool("yes") {
			if err := p.Show(text); err != nil {
				return err
			}
		}
	case reason.Of(err) != reason.StoreTampered: // what is damaged can be removed
		return err
	}
	if err := p.agree(c, "Remove it for good?"); err != nil {
		return err
	}
	if err := w.Remove(c.Context, id); err != nil {
		return err
	}
	return p.Say(c, map[string]string{"removed": id}, "Removed.")
}
