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
	return p.PartyInitCommand(server.PartyInit{
		Listen: wire.DefaultGateway().Listen, Token: "client-token",
		About: "Have the registry list the gateway's DID, which init prints, as a verifier. No restrictions are in force at first.",
		Settings: func(f wire.Folder, p wire.Party) (string, error) {
			return f.GatewayText(p, restrictions), f.Write(restrictions, "[]\n")
		},
		Next: func(f wire.Folder, _ wire.Party, id string) []string {
			return []string{"The gateway is " + id + "; the registry must list it as a verifier.", "Next: behalf-gateway serve --config " + f.Config()}
		},
	})
}
