// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command/server"
	"github.com/behalf-id/behalf/internal/wire"
)

// restrictions is the file of what controllers have put in force; init makes it with nothing in it.
const restrictions = "restrictions.json"

func (p *program) initCommand() *cli.Command {
	return &cli.Command{
		Name: "init", Usage: "make a folder with a signing key, its passphrase, a client token, no restrictions and settings", ArgsUsage: " ",
		Description: "The key is sealed under a passphrase that is made here and lies beside it; move the passphrase to where your host " +
			"keeps secrets and correct keys.passphrase-file in the settings. Have the registry list the gateway's DID, which init prints, as a verifier.\n\n" +
			"Example:\n" +
			"   behalf-gateway init --dir gateway --origin https://gateway.example.org --name \"Larkhill Road Surgery\" \\\n" +
			"      --registry https://registry.example.org --registry-key did:key:zDn…",
		Flags:  p.InitFlags(wire.DefaultGateway().Listen, server.PartyFlags()...),
		Action: p.init,
	}
}

// made is what init says.
type made struct {
	ID     string `json:"id"` // did:web of the gateway
	Config string `json:"config"`
}

func (p *program) init(c *cli.Context) error {
	folder, err := p.Folder(c, "client-token")
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
	if err := folder.Write(restrictions, "[]\n"); err != nil {
		return err
	}
	if err := folder.Configure(folder.GatewayText(party, restrictions)); err != nil {
		return err
	}
	return p.Say(c, made{id.String(), folder.Config()},
		"The gateway is "+id.String()+"; the registry must list it as a verifier.", "Next: behalf-gateway serve --config "+folder.Config())
}
