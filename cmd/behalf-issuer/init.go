// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command/server"
	"github.com/behalf-id/behalf/internal/wire"
)

func (p *program) initCommand() *cli.Command {
	return p.PartyInitCommand(server.PartyInit{
		Listen: wire.DefaultIssuer().Listen, Token: "admin-token",
		About:    "Have the registry accredit the issuer's DID, which init prints.",
		Settings: func(f wire.Folder, p wire.Party) (string, error) { return f.IssuerText(p), nil },
		Next: func(f wire.Folder, p wire.Party, id string) []string {
			return []string{
				"The issuer is " + id,
				"Next: 1. have the registry accredit it and list it as a party, with " + p.Origin + " as its status host",
				"      2. look through " + f.Config() + ": certificate, profiles",
				"      3. behalf-issuer serve --config " + f.Config(),
			}
		},
	})
}
