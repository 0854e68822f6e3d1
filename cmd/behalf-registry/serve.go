// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/web/metrics"
	"github.com/behalf-id/behalf/internal/wire"
)

func (p *program) serveCommand() *cli.Command {
	return &cli.Command{
		Name:      "serve",
		Usage:     "serve the framework until interrupted",
		ArgsUsage: " ",
		Description: "Configuration keys: listen, metrics, tls.cert, tls.key, store, keys, passphrase-file, admin-token-file, did, " +
			"announce, problems. Each can be set by BEHALF_REGISTRY_<KEY>, such as BEHALF_REGISTRY_TLS_CERT.\n\n" +
			"Example:\n" +
			"   behalf-registry serve --config registry/registry.yaml",
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
	cfg, err := load(c)
	if err != nil {
		return err
	}
	d := p.deps()
	if d.Metrics, err = metrics.New("registry"); err != nil {
		return err
	}
	server, err := wire.Registry(c.Context, cfg, d)
	if err != nil {
		return err
	}
	if err := p.say(c, serving{server.Address()}, "behalf-registry answers at "+server.Address()); err != nil {
		return errors.Join(err, server.Close())
	}
	return server.Serve(c.Context)
}
