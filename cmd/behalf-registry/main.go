// SPDX-License-Identifier: Apache-2.0

// Command behalf-registry says who may issue delegations and who may ask for them: one trust
// framework, kept as versions, signed and served.
package main

import (
	"context"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/command/server"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/trustframework/registry"
)

func main() { os.Exit(command.Main("behalf-registry", time.Now, run)) }

// program has the commands.
type program struct{ server.Role }

// run runs one command and returns its exit code.
func run(ctx context.Context, args []string, shell *command.Program) int {
	p := &program{server.Role{Program: shell, Role: "registry"}}
	return p.Run(ctx, &cli.App{
		Usage:       "keep, sign and serve a trust framework: who may issue delegations, and who may ask for them",
		Description: "init makes a folder with all that a registry needs; apply puts a framework in force; serve serves it.",
		Commands:    []*cli.Command{p.initCommand(), p.serveCommand(), p.applyCommand(), p.exportCommand(), p.logCommand()},
	}, args)
}

// load reads the settings that --config and the environment give.
func (p *program) load(c *cli.Context) (wire.RegistryConfig, error) {
	cfg := wire.DefaultRegistry()
	if err := p.Load(c, &cfg); err != nil {
		return cfg, err
	}
	if err := cfg.Check(); err != nil {
		return cfg, command.Usage("%s", command.Explain(err))
	}
	return cfg, nil
}

// onStore runs do on the registry that the settings name, while no server runs on it.
func (p *program) onStore(c *cli.Context, do func(ctx context.Context, r *registry.Registry) error) error {
	cfg, err := p.load(c)
	if err != nil {
		return err
	}
	r, err := wire.OpenRegistry(c.Context, cfg, p.Deps())
	if err != nil {
		return err
	}
	err = do(c.Context, r.Registry)
	if closed := r.Close(); err == nil {
		err = closed
	}
	return err
}
