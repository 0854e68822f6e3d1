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
	return p.ServeCommand("serve the framework until interrupted",
		"listen, metrics, tls.cert, tls.key, store, keys, passphrase-file, admin-token-file, did, announce, problems",
		func(c *cli.Context, d wire.Deps) (*wire.Server, any, string, error) {
			cfg, err := p.load(c)
			if err != nil {
				return nil, nil, "", err
			}
			s, err := wire.Registry(c.Context, cfg, d)
			if err != nil {
				return nil, nil, "", err
			}
			return s, serving{s.Address()}, "", nil
		})
}
