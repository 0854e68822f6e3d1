// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/config"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/trustframework/registry"
)

func load(c *cli.Context) (wire.RegistryConfig, error) {
	cfg := wire.DefaultRegistry()
	if err := config.Load(c.String("config"), "registry", &cfg); err != nil {
		return wire.RegistryConfig{}, err
	}
	if err := cfg.Check(); err != nil {
		return wire.RegistryConfig{}, usage("%v", err)
	}
	return cfg, nil
}

// deps is what this process gives to a server.
func (p *program) deps() wire.Deps {
	return wire.Deps{Now: p.now, Random: rand.Reader, Logger: slog.New(slog.NewJSONHandler(p.err, nil))}
}

// in returns the path of a file of the folder that init makes.
func in(dir, name string) string { return filepath.Join(dir, name) }

// onStore runs do on the registry that the configuration names, while no server runs on it.
func (p *program) onStore(c *cli.Context, do func(ctx context.Context, r *registry.Registry) error) error {
	cfg, err := load(c)
	if err != nil {
		return err
	}
	r, err := wire.OpenRegistry(c.Context, cfg, p.deps())
	if err != nil {
		return err
	}
	err = do(c.Context, r.Registry)
	if closed := r.Close(); err == nil {
		err = closed
	}
	return err
}
