// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/wallet"
)

func (p *program) listCommand() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "list what the wallet holds; needs no network", ArgsUsage: " ",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "passed-on", Usage: "list what you passed on to others instead"}},
		Action: func(c *cli.Context) error {
			if err := command.NoArguments(c); err != nil {
				return err
			}
			return p.wallet(c, wire.Wallet, func(w *wallet.Wallet) error {
				if c.Bool("passed-on") {
					return p.listPassedOn(c, w)
				}
				return p.list(c, w)
			})
		},
	}
}

// damaged is a file that cannot be read, in JSON.
type damaged struct {
	File   string      `json:"file"`
	Reason reason.Code `json:"reason"`
}

// spoilt names the files that cannot be read, and ends the command with 1 if there are any: what
// can be read was shown.
func (p *program) spoilt(files []wallet.Damaged) ([]damaged, error) {
	var out []damaged
	for _, d := range files {
		p.Complain(d.File + " is damaged; restore it from a backup, or remove it (" + string(reason.Of(d.Err)) + ")")
		out = append(out, damaged{d.File, reason.Of(d.Err)})
	}
	if len(out) > 0 {
		return out, command.Quiet()
	}
	return nil, nil
}

func (p *program) list(c *cli.Context, w *wallet.Wallet) error {
	all, bad, err := w.List(c.Context)
	if err != nil {
		return err
	}
	others, more, err := w.Foreign(c.Context)
	if err != nil {
		return err
	}
	lines := make([]string, 0, len(all)+len(others))
	for _, e := range all {
		lines = append(lines, line(e)+note(p, e))
	}
	for _, f := range others {
		lines = append(lines, otherLine(f))
	}
	if len(lines) == 0 {
		lines = append(lines, "The wallet is empty. An issuer gives you an offer; collect it with: behalf-wallet receive OFFER_URI")
	}
	warnings := wallet.Warnings(all)
	for _, w := range warnings {
		p.Complain(w.Issuer + ": " + w.Text + " (" + string(w.Reason) + ")")
	}
	files, end := p.spoilt(append(bad, more...))
	out := struct {
		Credentials []*wallet.Entry   `json:"credentials"`
		Others      []*wallet.Foreign `json:"others,omitempty"`
		Warnings    []wallet.Warning  `json:"warnings,omitempty"`
		Damaged     []damaged         `json:"damaged,omitempty"`
	}{all, withoutRaw(others), warnings, files}
	if err := p.Say(c, out, lines...); err != nil {
		return err
	}
	return end
}

// note marks a credential that cannot be used now.
func note(p *program, e *wallet.Entry) string {
	switch now := p.Now(); {
	case !now.Before(e.ValidUntil):
		return "  [expired]"
	case now.Before(e.ValidFrom):
		return "  [from " + day(e.ValidFrom) + "]"
	}
	return ""
}

func (p *program) listPassedOn(c *cli.Context, w *wallet.Wallet) error {
	all, bad, err := w.PassedOn(c.Context)
	if err != nil {
		return err
	}
	lines := make([]string, 0, len(all))
	for _, r := range all {
		lines = append(lines, passedLine(r))
	}
	if len(all) == 0 {
		lines = append(lines, "You have passed nothing on.")
	}
	files, end := p.spoilt(bad)
	out := struct {
		PassedOn []*wallet.PassedOn `json:"passed_on"`
		Damaged  []damaged          `json:"damaged,omitempty"`
	}{all, files}
	if err := p.Say(c, out, lines...); err != nil {
		return err
	}
	return end
}

func passedLine(r *wallet.PassedOn) string {
	var can []string
	for _, a := range r.Allows {
		can = append(can, a.Resource+":"+strings.Join(a.Actions, ","))
	}
	id := r.ID
	if id == "" { // passed on by somebody else
		id = r.Credential
	}
	text := fmt.Sprintf("%s  %s  until %s  to %s", id, strings.Join(can, " "), day(r.Until), r.To)
	if !r.TakenBack.IsZero() {
		text += "  [taken back " + day(r.TakenBack) + "]"
	}
	return text
}

func (p *program) showCommand() *cli.Command {
	return &cli.Command{
		Name: "show", Usage: "show everything that one credential says; needs no network", ArgsUsage: "ID",
		Action: func(c *cli.Context) error {
			id, err := command.OneArgument(c, "ID")
			if err != nil {
				return err
			}
			return p.wallet(c, wire.Wallet, func(w *wallet.Wallet) error {
				e, f, err := w.FindAny(c.Context, id)
				if err != nil {
					return err
				}
				if f != nil {
					return p.showOther(c, f)
				}
				out := struct {
					*wallet.Entry
					Facts []wallet.Fact `json:"facts"`
				}{e, e.Facts()}
				return p.Say(c, out, append([]string{line(e) + note(p, e), "  format " + e.Format}, factLines(out.Facts)...)...)
			})
		},
	}
}

func (p *program) statusCommand() *cli.Command {
	return &cli.Command{
		Name: "status", Usage: "ask whether credentials still hold; ends with 1 unless all do", ArgsUsage: "[ID]",
		Description: "Whole status lists are fetched, so that no issuer learns which credential you ask about.",
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return command.Usage("status takes one ID, or none for all")
			}
			return p.wallet(c, wire.ConnectedWallet, func(w *wallet.Wallet) error { return p.status(c, w) })
		},
	}
}

func (p *program) status(c *cli.Context, w *wallet.Wallet) error {
	asked, bad, err := p.asked(c, w)
	if err != nil {
		return err
	}
	out := struct {
		Status  []wallet.Standing `json:"status"`
		Damaged []damaged         `json:"damaged,omitempty"`
	}{Status: []wallet.Standing{}}
	var lines []string
	end := error(nil)
	for _, e := range asked {
		s := w.Status(c.Context, e)
		out.Status = append(out.Status, s)
		text := s.ID + "  " + s.State
		if s.Why != "" {
			text += " (" + string(s.Why) + ")"
		}
		if lines = append(lines, text); !s.Good() {
			end = command.Quiet()
		}
	}
	files, spoilt := p.spoilt(bad)
	if out.Damaged = files; spoilt != nil {
		end = spoilt
	}
	if err := p.Say(c, out, lines...); err != nil {
		return err
	}
	return end
}

// asked returns the credentials that the argument names, or all.
func (p *program) asked(c *cli.Context, w *wallet.Wallet) ([]*wallet.Entry, []wallet.Damaged, error) {
	if !c.Args().Present() {
		return w.List(c.Context)
	}
	e, err := w.Find(c.Context, c.Args().First())
	return []*wallet.Entry{e}, nil, err
}

func (p *program) removeCommand() *cli.Command {
	return &cli.Command{
		Name: "remove", Usage: "forget one credential; the issuer does not give it a second time", ArgsUsage: "ID",
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
