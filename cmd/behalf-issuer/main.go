// SPDX-License-Identifier: Apache-2.0

// Command behalf-issuer grants delegations for one organisation, issues them to wallets, and
// suspends, resumes and revokes them.
package main

import (
	"context"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/command/server"
	"github.com/behalf-id/behalf/internal/wire"
)

func main() { os.Exit(command.Main("behalf-issuer", time.Now, run)) }

// program has the commands.
type program struct{ server.Role }

// run runs one command and returns its exit code.
func run(ctx context.Context, args []string, shell *command.Program) int {
	p := &program{server.Role{Program: shell, Role: "issuer"}}
	return p.Run(ctx, &cli.App{
		Usage: "grant delegations, issue them to wallets, and suspend or revoke them",
		Description: "init makes a folder with all that an issuer needs; serve runs it. grant, list, show, approve, decline, suspend, " +
			"resume and revoke work through the running server, keys and certificate-request on the folder of keys.",
		Commands: []*cli.Command{
			p.initCommand(), p.serveCommand(), p.grantCommand(), p.listCommand(), p.showCommand(),
			p.changeCommand("approve", "let a delegation that waits for review be issued", "Wallets get it when they ask again.", "documents-seen"),
			p.changeCommand("decline", "end a delegation that waits for review, for good", "It is never issued.", "no-consent"),
			p.changeCommand("suspend", "stop a delegation until it is resumed", gatewaysSee, "in-hospital"),
			p.changeCommand("resume", "lift a suspension", gatewaysSee, "home-again"),
			p.changeCommand("revoke", "end a delegation, or one link that was passed on below it, for good; show lists their ids", gatewaysSee, "withdrawn-by-principal"),
			p.keysCommand(), p.certificateCommand(),
		},
	}, args)
}

// gatewaysSee is when a change of state has its effect.
const gatewaysSee = "Gateways see it within status.ttl."

// load reads the settings that --config and the environment give.
func (p *program) load(c *cli.Context) (wire.IssuerConfig, error) {
	cfg := wire.DefaultIssuer()
	err := p.Load(c, &cfg)
	return cfg, err
}

func (p *program) keysCommand() *cli.Command {
	return p.KeysCommand("credentials",
		"The new key is published at once and signs when every verifier has seen it. The old one stays published until the last "+
			"credential that it may have signed has ended.",
		func(c *cli.Context) (wire.KeysConfig, wire.Rotation, error) {
			cfg, err := p.load(c)
			return cfg.Keys, cfg.Rotation(), err
		})
}
