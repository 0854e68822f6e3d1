// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command/server"
	"github.com/behalf-id/behalf/internal/wire"
)

func (p *program) initCommand() *cli.Command {
	return &cli.Command{
		Name: "init", Usage: "make a folder with a signing key, its passphrase, an admin token and settings", ArgsUsage: " ",
		Description: "The key is sealed under a passphrase that is made here and lies beside it; move the passphrase to where your host " +
			"keeps secrets and correct keys.passphrase-file in the settings. Have the registry accredit the issuer's DID, which init prints.\n\n" +
			"Example:\n" +
			"   behalf-issuer init --dir issuer --origin https://issuer.example.org --name \"Larkhill Road Surgery\" \\\n" +
			"      --registry https://registry.example.org --registry-key did:key:zDn…",
		Flags:  p.InitFlags(wire.DefaultIssuer().Listen, server.PartyFlags()...),
		Action: p.init,
	}
}

// made is what init says.
type made struct {
	ID     string `json:"id"` // did:web of the issuer
	Config string `json:"config"`
}

func (p *program) init(c *cli.Context) error {
	folder, err := p.Folder(c, "admin-token")
	if err != nil {
		return err
	}
	party, id, err := server.Party(c)
	if err != nil {
		return err
	}
	if _, err := folder.Make(c.Context, p.Now, p.Random); err != nil {
		return err
	}
	if err := folder.Configure(folder.IssuerText(party)); err != nil {
		return err
	}
	return p.Say(c, made{id.String(), folder.Config()},
		"The issuer is "+id.String(),
		"Next: 1. have the registry accredit it and list it as a party, with "+party.Origin+" as its status host",
		"      2. look through "+folder.Config()+": certificate, profiles",
		"      3. behalf-issuer serve --config "+folder.Config())
}
