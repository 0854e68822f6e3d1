// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/wire"
)

// serving is what serve says when it answers.
type serving struct {
	Listen string `json:"listen"`
}

func (p *program) serveCommand() *cli.Command {
	return p.ServeCommand("answer services and wallets until interrupted",
		"listen, metrics, tls.cert, tls.key, origin, name, store, keys.dir, keys.passphrase-file, keys.algorithm, client-token-file, overrides-token-file, "+
			"registry.url, registry.keys, registry.refresh, outbound.private-hosts, outbound.ca, restrictions, restrictions-url, restrictions-token-file, "+
			"redirects, client-id.prefix, client-id.certificate, client-id.key, response, transaction-data, profile, "+
			"formats, status-max-age, status-poll, problems",
		func(c *cli.Context, d wire.Deps) (*wire.Server, any, string, error) {
			cfg, err := p.load(c)
			if err != nil {
				return nil, nil, "", err
			}
			s, err := wire.Gateway(c.Context, cfg, d)
			if err != nil {
				return nil, nil, "", err
			}
			return s, serving{s.Address()}, " for " + cfg.Origin, nil
		})
}
