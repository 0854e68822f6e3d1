// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/vocabulary"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/wallet"
)

func (p *program) presentCommand() *cli.Command {
	return &cli.Command{
		Name: "present", Usage: "answer the request of a service, once you have seen what would leave", ArgsUsage: "REQUEST_URI",
		Description: "Shows who asks, for what purpose, and every fact that would leave the wallet. Nothing leaves without a yes. " +
			"Ends with 1 if the service says no.\n\n" +
			"Examples:\n   behalf-wallet present 'openid4vp://?…'\n   behalf-wallet present --qr-file screen.png",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "credential", Usage: "answer with the credential `ID`"},
			&cli.StringFlag{Name: "qr-file", Usage: "read the request from a picture of a QR code, PNG or JPEG, in `FILE`"},
		},
		Action: func(c *cli.Context) error {
			link, err := linkOf(c, "REQUEST_URI")
			if err != nil {
				return err
			}
			if !c.Bool("yes") && !p.person.there() {
				return command.Usage("nobody can be asked whether to share: run in a terminal, or give --yes")
			}
			return p.wallet(c, wire.ConnectedWallet, func(w *wallet.Wallet) error { return p.present(c, w, link) })
		},
	}
}

// presented is what present says.
type presented struct {
	wallet.Consent
	Agreed bool `json:"agreed"`
	wallet.Told
}

func (p *program) present(c *cli.Context, w *wallet.Wallet, link string) error {
	prepared, err := w.Prepare(c.Context, link, c.String("credential"))
	if err != nil {
		return p.tooMuch(err)
	}
	if err := p.choose(c, prepared); err != nil {
		return err
	}
	agreed, err := p.consent(c, prepared.Consent)
	if err != nil {
		return err
	}
	choice := wallet.Decline
	if agreed {
		choice = wallet.Agree
	}
	told, err := prepared.Send(c.Context, choice)
	if !agreed {
		// Whether the service heard of it changes nothing for the person.
		return p.ended(p.Say(c, presented{Consent: prepared.Consent}, "Declined; nothing was shared."), command.Quiet())
	}
	if err != nil {
		return err
	}
	if err := p.Say(c, presented{prepared.Consent, true, told}, outcome(told)...); err != nil {
		return err
	}
	p.goOn(c, told)
	if told.Outcome != "" && !told.Permitted() {
		return command.Quiet()
	}
	return nil
}

// tooMuch shows which facts a service may not ask for, where that is why it was refused.
func (p *program) tooMuch(err error) error {
	over, ok := errors.AsType[*wallet.OverAsked](err)
	if !ok || len(over.TooMuch) == 0 {
		return err
	}
	lines := []string{"Nothing was shared. This is more than the service may ask for:"}
	for _, what := range over.TooMuch {
		lines = append(lines, "  "+what)
	}
	return errors.Join(p.Show(lines...), err)
}

// goOn offers to go on to where the service wants the person next. What comes of it changes nothing of what was shared.
func (p *program) goOn(c *cli.Context, t wallet.Told) {
	if t.RedirectURI == "" || webAddress(t.RedirectURI) != nil || c.Bool("json") {
		return
	}
	_ = p.Show("The service goes on in a browser, at:", "  "+t.RedirectURI)
	if !p.person.there() || c.Bool("yes") {
		return
	}
	if open, err := p.person.agrees(c.Context, "Open it?"); err == nil && open {
		p.browse(c.Context, t.RedirectURI)
	}
}

// ended returns the error of telling, else the one that ends the command.
func (p *program) ended(told, end error) error {
	if told != nil {
		return told
	}
	return end
}

// choose asks for which of several people, and with which of several credentials; without anybody to ask it is the
// first credential, and that is said.
func (p *program) choose(c *cli.Context, r *wallet.Prepared) error {
	if c.String("credential") != "" {
		return nil
	}
	asks := p.person.there() && !c.Bool("yes")
	if all := r.Consent.Principals; len(all) > 1 && asks {
		at, err := p.person.chooses(c.Context, "The service does not say for whom. You may act for:", "For whom?", all)
		if err == nil {
			err = r.For(c.Context, all[at])
		}
		if err != nil {
			return err
		}
	}
	if len(r.Consent.Also) == 0 {
		return nil
	}
	all := append([]*wallet.Entry{r.Consent.Credential}, r.Consent.Also...)
	if !asks {
		return p.Show("There are " + strconv.Itoa(len(all)) + " credentials that would do; the one that is likeliest to do, and shows the least, is used. Another one: --credential ID")
	}
	options := make([]string, 0, len(all))
	for _, e := range all {
		options = append(options, line(e))
	}
	at, err := p.person.chooses(c.Context, "These credentials would do:", "Which one?", options)
	if err != nil {
		return err
	}
	return r.Use(c.Context, all[at].ID)
}

// consent shows what would leave and asks.
func (p *program) consent(c *cli.Context, v wallet.Consent) (bool, error) {
	if c.Bool("yes") {
		return true, p.Show(consentLines(v)...)
	}
	return p.person.reads(c.Context, consentLines(v), "Share this with "+v.Verifier+"?")
}

// principal says for whom the access is, as the person calls them, and as the service does: their number, which does not
// leave, is not brought up where it is told what does.
func principal(v wallet.Consent) string {
	if e := v.Credential; e.OnBehalfOf == v.Access.Principal && e.Called != "" {
		return e.Called + ", " + e.OnBehalfOf
	}
	return v.Access.Principal
}

func consentLines(v wallet.Consent) []string {
	a, words := v.Access, vocabulary.In(wallet.English, strconv.Quote)
	lines := []string{v.Verifier + " asks (" + v.VerifierID + ")"}
	for _, row := range [][2]string{
		{"to", wanted(words, a)}, {"of", principal(v)}, {"for", words.List(words.Purposes, purposes(a))}, {"held by", a.Controller},
	} {
		if row[1] != "" {
			lines = append(lines, fmt.Sprintf("  %-11s %s", row[0], row[1]))
		}
	}
	if a.Action == "" {
		lines = append(lines, "It does not say what it wants to do.")
	}
	lines = append(lines, "With the credential "+v.Credential.ID+" of "+v.Credential.Issuer+", this would leave your wallet:")
	lines = append(lines, factLines(v.Facts)...)
	if v.Whole {
		lines = append(lines, "This credential can hold nothing back: all of it leaves, also what was not asked for.")
	}
	if v.Agreement {
		lines = append(lines, "What it wants to do becomes part of your answer: it can show later that you agreed to that.")
	}
	for _, w := range v.Warnings {
		lines = append(lines, "! "+w.Text)
	}
	return lines
}

// wanted says what the service wants to do: as much of it as it says.
func wanted(words *vocabulary.Words, a vp.Access) string {
	if a.Action == "" || a.Resource == "" {
		return a.Action + a.Resource
	}
	return words.Act(a.Resource, a.Action)
}

// purposes is the one purpose of a, or none.
func purposes(a vp.Access) []string {
	if a.Purpose == "" {
		return nil
	}
	return []string{a.Purpose}
}

// outcome is what the service told, in words.
func outcome(t wallet.Told) []string {
	var lines []string
	switch {
	case t.Outcome == "":
		lines = append(lines, "Shared. The service does not say what it decided.")
	case t.Permitted():
		lines = append(lines, "Allowed.")
	default:
		lines = append(lines, "Not allowed ("+t.Outcome+").")
	}
	if t.Text != "" {
		lines = append(lines, "  "+t.Text)
	}
	for _, o := range t.Obligations {
		lines = append(lines, "  with: "+o)
	}
	if len(t.NarrowTo) > 0 {
		lines = append(lines, "  This would be allowed: "+strings.Join(t.NarrowTo, ", "))
	}
	if t.Evaluation != "" {
		lines = append(lines, "  number of this decision: "+t.Evaluation)
	}
	if t.Confirmation != "" {
		lines = append(lines, "  Enter this code where you began: "+t.Confirmation, "  Did somebody else ask you to scan it? Then tell nobody the code.")
	}
	return lines
}
