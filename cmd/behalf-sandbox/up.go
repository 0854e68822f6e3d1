// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/internal/world/login"
)

func (s *sandbox) upCommand() *cli.Command {
	return &cli.Command{
		Name:      "up",
		Usage:     "keep registry, issuer and gateway running until interrupted",
		ArgsUsage: " ",
		Description: "When all three are ready it writes one JSON line to standard output: their addresses, the certificate " +
			"authority to trust, and the tokens. Logs go to standard error. The folder can be started again with nothing lost.\n\n" +
			"Example:\n" +
			"   behalf-sandbox up --dir ./sandbox\n" +
			"   behalf-wallet --dir ./tom init --registry https://localhost:PORT --ca ./sandbox/ca.pem",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Usage: "`FOLDER` for keys, stores and certificates; made if absent", Value: defaultDir()},
			&cli.StringFlag{Name: "listen", Usage: "`HOST` address to listen at", Value: "127.0.0.1"},
			&cli.BoolFlag{Name: "tls", Usage: "has no effect: https is always served, and nothing here speaks plain http; accepted so that scripts may say it", Value: true},
			&cli.DurationFlag{Name: "status-ttl", Usage: "how long a status list may be used, from 10s; the default lets a revocation bite while you watch", Value: demoStatusTTL},
			&cli.BoolFlag{Name: "sign-in", Usage: "run an OpenID provider too, at which " + accounts() + " can sign in, to collect what is granted to their accounts"},
			&cli.StringSliceFlag{Name: "redirect", Usage: "`ADDRESS` of a service that browsers may be sent back to after a request on a page; may be given again"},
			&cli.BoolFlag{Name: "quiet", Usage: "log warnings and errors only"},
			command.JSONFlag(),
		},
		Action: s.up,
	}
}

// accounts says who can sign in, and with what: the people are invented.
func accounts() string {
	var all []string
	for _, u := range login.Users() {
		all = append(all, u.Username+" (password "+u.Password+", subject "+u.Subject+")")
	}
	return strings.Join(all, " and ")
}

// defaultDir is the sandbox's folder in the user's state, or in the working directory where there is none.
func defaultDir() string {
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "behalf-sandbox")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "state", "behalf-sandbox")
	}
	return "behalf-sandbox"
}

// ready is the line that up writes.
type ready struct {
	Registry      string `json:"registry"`
	Issuer        string `json:"issuer"`
	Gateway       string `json:"gateway"`
	CA            string `json:"ca"`
	IssuerToken   string `json:"issuer_admin_token"`
	GatewayToken  string `json:"gateway_client_token"`
	RegistryToken string `json:"registry_admin_token"`
	Controller    string `json:"controller"`
	Principal     string `json:"principal"`
	SignIn        string `json:"sign_in,omitempty"`
}

func (s *sandbox) up(c *cli.Context) error {
	if err := command.NoArguments(c); err != nil {
		return err
	}
	level := slog.LevelInfo
	if c.Bool("quiet") {
		level = slog.LevelWarn
	}
	w, err := world.Open(c.Context, world.Config{
		Dir: c.String("dir"), Host: c.String("listen"), Now: s.Now, StatusTTL: c.Duration("status-ttl"), SignIn: c.Bool("sign-in"),
		Gateway: func(g *wire.GatewayConfig) { g.Redirects = c.StringSlice("redirect") },
		Logger:  s.Logger(level),
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(c.Context)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(ctx) }()
	if err := w.Ready(ctx); err != nil {
		stop()
		if served := <-ended; served != nil {
			return errors.Join(served, err)
		}
		if c.Context.Err() != nil {
			return nil
		}
		return err
	}
	ca, err := filepath.Abs(w.CA())
	if err == nil {
		err = s.JSON(ready{
			Registry: w.Registry, Issuer: w.Issuer, Gateway: w.Gateway, CA: ca, IssuerToken: w.IssuerToken,
			GatewayToken: w.GatewayToken, RegistryToken: w.RegistryToken, Controller: world.Controller, Principal: world.PrincipalURN,
			SignIn: w.SignIn,
		})
	}
	if err != nil {
		stop()
	}
	return errors.Join(err, <-ended)
}
