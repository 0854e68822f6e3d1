// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/wire"
)

// serving is what serve says when it answers.
type serving struct {
	Listen string `json:"listen"`
	Origin string `json:"origin"`
	ID     string `json:"id"`
}

func (p *program) serveCommand() *cli.Command {
	return p.ServeCommand("answer wallets, verifiers and operators until interrupted",
		"origin, name, listen, metrics, tls.cert, tls.key, store, keys.dir, keys.passphrase-file, keys.algorithm, key-lead, admin-token-file, "+
			"registry.url, registry.keys, registry.refresh, outbound.ca, outbound.private-hosts, status.ttl, status.epoch, status.capacity, "+
			"formats, profiles, login.issuer, login.client-id, login.client-secret-file, login.algorithms, wallets, wallet-providers.dids, "+
			"wallet-providers.anchors-file, key-attestations, batch-size, profile, certificates-file, display",
		p.open)
}

func (p *program) open(c *cli.Context, d wire.Deps) (s *wire.Server, says any, more string, err error) {
	cfg, err := p.load(c)
	if err != nil {
		return nil, nil, "", err
	}
	if s, err = wire.Issuer(c.Context, cfg, d); err != nil {
		return nil, nil, "", err
	}
	id, err := cfg.DID()
	if err != nil {
		return nil, nil, "", errors.Join(err, s.Close())
	}
	return s, serving{s.Address(), cfg.Origin, id.String()}, " for " + cfg.Origin, nil
}
