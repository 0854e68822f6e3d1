// SPDX-License-Identifier: Apache-2.0

// Package server is the commands that every server has: init, serve, keys, and those that work
// through a running one.
package server

import (
	"errors"
	"log/slog"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/config"
	"github.com/behalf-id/behalf/internal/web/metrics"
	"github.com/behalf-id/behalf/internal/wire"
)

// Role is one server's commands in one run of them.
type Role struct {
	*command.Program
	Role string // registry, issuer or gateway
}

// Load reads the settings that --config and the environment give into the struct that into points to.
func (r Role) Load(c *cli.Context, into any) error {
	return config.Load(c.String("config"), r.Role, into)
}

// Deps is what this process gives to a server, metrics excepted.
func (r Role) Deps() wire.Deps {
	return wire.Deps{Now: r.Now, Random: r.Random, Logger: r.Logger(slog.LevelInfo)}
}

// ServeCommand is serve. It names the settings, and runs what open opens until it is interrupted;
// says is what it prints once it listens, after its address.
func (r Role) ServeCommand(usage, settings string, open func(c *cli.Context, d wire.Deps) (s *wire.Server, serving any, says string, err error)) *cli.Command {
	return &cli.Command{
		Name: "serve", Usage: usage, ArgsUsage: " ",
		Description: "Settings: " + settings + ". Each can be set by BEHALF_" + strings.ToUpper(r.Role) + "_<KEY>, such as BEHALF_" +
			strings.ToUpper(r.Role) + "_TLS_CERT.\n\n" + r.example("serve"),
		Flags: []cli.Flag{command.ConfigFlag(r.Role), command.JSONFlag()},
		Action: func(c *cli.Context) (err error) {
			if err := command.NoArguments(c); err != nil {
				return err
			}
			d := r.Deps()
			if d.Metrics, err = metrics.New(r.Role); err != nil {
				return err
			}
			s, serving, says, err := open(c, d)
			if err != nil {
				return err
			}
			if err := r.Say(c, serving, r.Name+" answers at "+s.Address()+says); err != nil {
				return errors.Join(err, s.Close())
			}
			return s.Serve(c.Context)
		},
	}
}

// example is how a command is called.
func (r Role) example(name string) string {
	return "Example:\n   " + r.Name + " " + name + " --config " + r.Role + "/" + r.Role + ".yaml"
}
