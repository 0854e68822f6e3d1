// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"log/slog"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/web/metrics"
	"github.com/behalf-id/behalf/internal/wire"
)

func (p *program) serveCommand() *cli.Command {
	return &cli.Command{
		Name:      "serve",
		Usage:     "answer wallets, verifiers and operators until interrupted",
		ArgsUsage: " ",
		Description: "Configuration keys: origin, name, listen, metrics, tls.cert, tls.key, store, keys.dir, keys.passphrase-file, keys.algorithm, " +
			"key-lead, admin-token-file, registry.url, registry.keys, registry.refresh, outbound.ca, outbound.private-hosts, status.ttl, " +
			"status.epoch, status.capacity, formats, profiles. Each can be set by BEHALF_ISSUER_<KEY>, such as BEHALF_ISSUER_TLS_CERT.\n\n" +
			"Example:\n" +
			"   behalf-issuer serve --config issuer/issuer.yaml",
		Flags:  []cli.Flag{command.ConfigFlag("issuer"), command.JSONFlag()},
		Action: p.serve,
	}
}

// serving is what serve says when it answers.
type serving struct {
	Listen string `json:"listen"`
	Origin string `json:"origin"`
	ID     string `json:"id"`
}

func (p *program) serve(c *cli.Context) error {
	if err := command.NoArguments(c); err != nil {
		return err
	}
	cfg, err := load(c)
	if err != nil {
		return err
	}
	counted, err := metrics.New("issuer")
	if err != nil {
		return err
	}
	server, err := wire.Issuer(c.Context, cfg, wire.Deps{
		Now: p.Now, Random: p.Random, Metrics: counted, Logger: slog.New(slog.NewJSONHandler(p.Err, nil)),
	})
	if err != nil {
		return err
	}
	id, err := cfg.DID()
	if err != nil {
		return errors.Join(err, server.Close())
	}
	if err := p.Say(c, serving{server.Address(), cfg.Origin, id.String()}, "behalf-issuer answers at "+server.Address()+" for "+cfg.Origin); err != nil {
		return errors.Join(err, server.Close())
	}
	return server.Serve(c.Context)
}
