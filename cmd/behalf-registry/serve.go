// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/internal/web/metrics"
	"github.com/behalf-id/behalf/trustframework/registry"
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
	s, err := load(c)
	if err != nil {
		return err
	}
	r, err := p.open(c.Context, s)
	if err != nil {
		return err
	}
	err = p.answer(c, s, r.Registry)
	return errors.Join(err, r.store.Close())
}

// answer runs the server until the context ends.
func (p *program) answer(c *cli.Context, s settings, r *registry.Registry) error {
	cfg, err := p.webConfig(s, r)
	if err != nil {
		return err
	}
	if cfg.Listener, err = web.Listen(s.Listen); err != nil {
		return err
	}
	server, err := web.New(cfg)
	if err != nil {
		return errors.Join(err, cfg.Listener.Close())
	}
	address := cfg.Listener.Addr().String()
	if err := p.say(c, serving{address}, "behalf-registry answers at "+address); err != nil {
		return errors.Join(err, cfg.Listener.Close())
	}
	return server.Serve(c.Context)
}

func (p *program) webConfig(s settings, r *registry.Registry) (web.Config, error) {
	token, err := web.ReadSecretFile(s.AdminToken)
	if err != nil {
		return web.Config{}, err
	}
	problems, err := web.NewProblems(s.Problems)
	if err != nil {
		return web.Config{}, err
	}
	handler, err := registry.Handler(r, registry.HTTPConfig{AdminToken: token, Problems: problems})
	if err != nil {
		return web.Config{}, err
	}
	counted, err := metrics.New("registry")
	if err != nil {
		return web.Config{}, err
	}
	certificate, figures, err := s.listeners()
	return web.Config{
		Name: "registry", Handler: handler, TLS: certificate, Now: p.now, Ready: r.Ready,
		Logger:  slog.New(slog.NewJSONHandler(p.err, nil)),
		OpenAPI: registry.OpenAPI(), Problems: problems, Metrics: counted, MetricsListen: figures,
	}, err
}

// listeners returns the certificate and the listener for metrics, each nil if it is not set.
func (s settings) listeners() (certificate *tls.Config, figures net.Listener, err error) {
	if s.TLS.Cert != "" || s.TLS.Key != "" {
		if certificate, err = web.LoadTLS(s.TLS.Cert, s.TLS.Key); err != nil {
			return nil, nil, err
		}
	}
	if s.Metrics != "" {
		figures, err = web.Listen(s.Metrics)
	}
	return certificate, figures, err
}
