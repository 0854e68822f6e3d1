// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/wallet"
)

// maxCopies is the number of one-time copies that can be asked for.
const maxCopies = 100

// collectFlags are the options of commands that collect credentials.
func collectFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "copies", Usage: "ask for `N` copies with keys of their own, so that services cannot tell from them that they saw the same holder"},
		&cli.BoolFlag{Name: "no-browser", Usage: "print the address of the issuer's page in place of opening a browser"},
	}
}

func (p *program) receiveCommand() *cli.Command {
	return &cli.Command{
		Name: "receive", Usage: "collect the credential of an offer", ArgsUsage: "OFFER_URI",
		Description: "Only issuers that the trust framework accredits are known. A transaction code comes by another way than the offer: whoever sends you both " +
			"at once may not be who they say. Some issuers want you to sign in: your browser opens their page, and comes back by itself. Where the issuer has to " +
			"decide first, collect asks for the credential later.\n\n" +
			"Examples:\n   behalf-wallet receive 'openid-credential-offer://?…'\n   behalf-wallet receive --qr-file letter.png",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "tx-code", Usage: "transaction `CODE`, if the offer needs one; left out, it is asked for"},
			&cli.StringFlag{Name: "qr-file", Usage: "read the offer from a picture of a QR code, PNG or JPEG, in `FILE`"},
		}, collectFlags()...),
		Action: func(c *cli.Context) error {
			link, err := linkOf(c, "OFFER_URI")
			if err != nil {
				return err
			}
			return p.collecting(c, func(w *wallet.Wallet, by wallet.Collector) (wallet.Collected, error) {
				return w.Receive(c.Context, link, by)
			})
		},
	}
}

func (p *program) applyCommand() *cli.Command {
	return &cli.Command{
		Name: "apply", Usage: "ask an issuer for a credential without an offer of it; you sign in at the issuer", ArgsUsage: "ISSUER",
		Description: "ISSUER is its https address. What is granted to you there comes.\n\nExample:\n   behalf-wallet apply https://proxy.example.nhs.uk",
		Flags:       collectFlags(),
		Action: func(c *cli.Context) error {
			issuer, err := command.OneArgument(c, "ISSUER")
			if err != nil {
				return err
			}
			if !strings.HasPrefix(issuer, "https://") {
				return command.Usage("ISSUER is an https address, such as https://surgery.example")
			}
			return p.collecting(c, func(w *wallet.Wallet, by wallet.Collector) (wallet.Collected, error) {
				return w.Apply(c.Context, issuer, by)
			})
		},
	}
}

// collecting runs what collects, with the person and their browser, and tells what came.
func (p *program) collecting(c *cli.Context, collect func(w *wallet.Wallet, by wallet.Collector) (wallet.Collected, error)) error {
	if n := c.Int("copies"); n < 0 || n > maxCopies {
		return command.Usage("--copies is from 0 to %d", maxCopies)
	}
	page, err := p.listen(c.Bool("no-browser"))
	if err != nil {
		return err
	}
	defer page.close()
	by := wallet.Collector{
		Accept: func(o wallet.OfferView) (string, error) { return p.acceptOffer(c, o) },
		Copies: c.Int("copies"), SignIn: page,
	}
	return p.wallet(c, wire.ConnectedWallet, func(w *wallet.Wallet) error {
		got, err := collect(w, by)
		if said := p.sayCollected(c, got); said != nil {
			return said
		}
		return err
	})
}

// sayCollected tells what came of a collection, if anything did.
func (p *program) sayCollected(c *cli.Context, got wallet.Collected) error {
	if len(got.Entries)+len(got.Pending) == 0 {
		return nil
	}
	var lines []string
	if len(got.Entries) > 0 {
		lines = append(lines, "Received:")
	}
	for _, e := range got.Entries {
		lines = append(lines, "  "+line(e))
	}
	for _, w := range got.Pending {
		lines = append(lines, pendingLine(w))
	}
	out := struct {
		Received []*wallet.Entry   `json:"received"`
		Pending  []*wallet.Pending `json:"pending,omitempty"`
	}{append([]*wallet.Entry{}, got.Entries...), got.Pending}
	return p.Say(c, out, lines...)
}

// acceptOffer shows who offers, and returns the transaction code.
func (p *program) acceptOffer(c *cli.Context, o wallet.OfferView) (string, error) {
	lines := []string{"Offer of " + o.Issuer + " (" + o.Origin + ")"}
	if o.SignIn {
		lines = append(lines, "You will have to sign in there.")
	}
	if err := p.Show(lines...); err != nil {
		return "", err
	}
	if err := p.agree(c, "Collect it?"); err != nil {
		return "", reason.Wrap(reason.OfferUntrusted, "the offer was declined", err)
	}
	code := c.String("tx-code")
	if code != "" || o.TxCode == nil || !p.person.there() {
		return code, nil
	}
	return p.person.ask(c.Context, "Code that came by another way than the offer"+hint(o.TxCode)+":")
}

func hint(t *vci.TxCode) string {
	if t.Length == 0 {
		return ""
	}
	kind := " digits"
	if t.InputMode == "text" {
		kind = " characters"
	}
	return " (" + strconv.Itoa(t.Length) + kind + ")"
}
