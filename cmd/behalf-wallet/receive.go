// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/wallet"
)

func (p *program) receiveCommand() *cli.Command {
	return &cli.Command{
		Name: "receive", Usage: "collect the credential of an offer", ArgsUsage: "OFFER_URI",
		Description: "Only issuers that the trust framework accredits are known. A transaction code comes by another way than the offer.",
		Flags:       []cli.Flag{&cli.StringFlag{Name: "tx-code", Usage: "transaction `CODE`, if the offer needs one; left out, it is asked for"}},
		Action: func(c *cli.Context) error {
			link, err := command.OneArgument(c, "OFFER_URI")
			if err != nil {
				return err
			}
			return p.wallet(c, wire.ConnectedWallet, func(w *wallet.Wallet) error { return p.receive(c, w, link) })
		},
	}
}

func (p *program) receive(c *cli.Context, w *wallet.Wallet, link string) error {
	collected, err := w.Receive(c.Context, link, wallet.Collector{Accept: func(o wallet.OfferView) (string, error) { return p.acceptOffer(c, o) }})
	if got := collected.Entries; len(got) > 0 {
		lines := []string{"Received:"}
		for _, e := range got {
			lines = append(lines, "  "+line(e))
		}
		if said := p.Say(c, map[string]any{"received": got}, lines...); said != nil {
			return said
		}
	}
	return err
}

// acceptOffer shows who offers, and returns the transaction code.
func (p *program) acceptOffer(c *cli.Context, o wallet.OfferView) (string, error) {
	if err := p.Show("Offer of " + o.Issuer + " (" + o.Origin + ")"); err != nil {
		return "", err
	}
	if err := p.agree(c, "Collect it?"); err != nil {
		return "", reason.Wrap(reason.OfferUntrusted, "the offer was declined", err)
	}
	code := c.String("tx-code")
	if code != "" || o.TxCode == nil || !p.person.there() {
		return code, nil
	}
	return p.person.ask(c.Context, "Transaction code"+hint(o.TxCode)+":")
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
