// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"log/slog"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/web/metrics"
	"github.com/behalf-id/behalf/internal/wire"
)

func (p *program) serveCommand() *cli.Command {
	return &cli.Command{
		Name:      "serve",
		Usage:     "answer services and wallets until interrupted",
		ArgsUsage: " ",
		Description: "Configuration keys: listen, metrics, tls.cert, tls.key, origin, name, store, keys.dir, keys.passphrase-file, keys.algorithm, " +
			"client-token-file, registry.url, registry.keys, registry.refresh, outbound.private-hosts, outbound.ca, restrictions, formats, " +
			"status-max-age, problems. Each can be set by BEHALF_GATEWAY_<KEY>, such as BEHALF_GATEWAY_TLS_CERT.\n\n" +
			"Example:\n" +
			"   behalf-gateway serve --config gateway/gateway.yaml",
		Flags:  []cli.Flag{configFlag(), jsonFlag()},
		Action: p.serve,
	}
}

// serving is what serve says when it answers.
type serving struct {
	Listen string `json:"listen"`
}

func (p *program) serve(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	s, err := load(c)
	if err != nil {
		return err
	}
	counted, err := metrics.New("gateway")
	if err != nil {
		return err
	}
	server, err := wire.Gateway(c.Context, s, wire.Deps{
		Now: p.now, Random: p.random, Logger: slog.New(slog.NewJSONHandler(p.err, nil)), Metrics: counted,
	})
	if err != nil {
		return err
	}
	if err := p.say(c, serving{server.Address()}, "behalf-gateway answers at "+server.Address()); err != nil {
		return errors.Join(err, server.Close())
	}
	return server.Serve(c.Context)
}
