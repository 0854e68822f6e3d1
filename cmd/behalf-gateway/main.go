// SPDX-License-Identifier: Apache-2.0

// Command behalf-gateway takes presentations and answers with decisions: who may act for whom,
// here and now.
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

func main() { os.Exit(command.Main("behalf-gateway", time.Now, run)) }

// program has the commands.
type program struct{ server.Role }

// run runs one command and returns its exit code.
func run(ctx context.Context, args []string, shell *command.Program) int {
	p := &program{server.Role{Program: shell, Role: "gateway"}}
	return p.Run(ctx, &cli.App{
		Usage: "check presented delegations and decide who may act for whom",
		Description: "init makes a folder with all that a gateway needs; serve runs it. simulate decides scenario files, audit checks the " +
			"record of decisions, keys works on the folder of keys.",
		Commands: []*cli.Command{p.initCommand(), p.serveCommand(), p.simulateCommand(), p.auditCommand(), p.keysCommand()},
	}, args)
}

// load reads the settings that --config and the environment give.
func (p *program) load(c *cli.Context) (wire.GatewayConfig, error) {
	cfg := wire.DefaultGateway()
	err := p.Load(c, &cfg)
	return cfg, err
}

func (p *program) keysCommand() *cli.Command {
	return p.KeysCommand("requests",
		"The new key is published at once and signs when every wallet has seen it; the old one is published for a while longer, as "+
			"requests live for minutes only.",
		func(c *cli.Context) (wire.KeysConfig, wire.Rotation, error) {
			cfg, err := p.load(c)
			return cfg.Keys, cfg.Rotation(), err
		})
}
