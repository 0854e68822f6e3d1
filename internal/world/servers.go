// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"errors"

	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/key"
)

func (w *World) openRegistry(ctx context.Context) error {
	cfg := wire.DefaultRegistry()
	keys, id, err := w.keys(ctx, "registry")
	if err != nil {
		return err
	}
	w.RegistryKey = id
	cfg.Store, cfg.Keys, cfg.Passphrase = w.path("registry", "registry.db"), keys.Dir, keys.Passphrase
	if cfg.AdminToken, w.RegistryToken, err = w.secret("registry", "admin-token"); err != nil {
		return err
	}
	if cfg.TLS, err = w.tls("registry"); err != nil {
		return err
	}
	d := w.deps("registry")
	if err := w.firstFramework(ctx, cfg, d); err != nil {
		return err
	}
	return w.add("registry")(wire.Registry(ctx, cfg, d))
}

// firstFramework applies the sandbox's framework to a registry that has none.
func (w *World) firstFramework(ctx context.Context, cfg wire.RegistryConfig, d wire.Deps) error {
	r, err := wire.OpenRegistry(ctx, cfg, d)
	if err != nil {
		return err
	}
	log, err := r.Log(ctx, 0)
	if err == nil && len(log) == 0 {
		f := Framework(w.RegistryKey, didOf(w.Issuer), w.Issuer, didOf(w.Gateway), w.cfg.Now())
		if w.cfg.Change != nil {
			w.cfg.Change(f)
		}
		_, err = r.Apply(ctx, f)
	}
	return errors.Join(err, r.Close())
}

func (w *World) openIssuer(ctx context.Context) (err error) {
	cfg := wire.DefaultIssuer()
	cfg.Origin, cfg.Name, cfg.Store = w.Issuer, SurgeryName, w.path("issuer", "issuer.db")
	if cfg.Keys, _, err = w.keys(ctx, "issuer"); err != nil {
		return err
	}
	if cfg.AdminToken, w.IssuerToken, err = w.secret("issuer", "admin-token"); err != nil {
		return err
	}
	if cfg.TLS, err = w.tls("issuer"); err != nil {
		return err
	}
	cfg.Registry, cfg.Outbound, cfg.Status.TTL = w.registrySettings(), w.outbound(), w.cfg.StatusTTL
	cfg.Formats = Formats()
	cfg.Profiles = map[string]wire.IssuerProfile{
		"default": {Relationships: []string{"adult-to-adult", "parent-of-child"}, MaxDays: 730},
	}
	if cfg.Login, err = w.login(); err != nil {
		return err
	}
	if w.cfg.Issuer != nil {
		w.cfg.Issuer(&cfg)
	}
	return w.add("issuer")(wire.Issuer(ctx, cfg, w.deps("issuer")))
}

func (w *World) openGateway(ctx context.Context) (err error) {
	cfg := wire.DefaultGateway()
	cfg.Origin, cfg.Name, cfg.Store = w.Gateway, GatewayName, w.path("gateway", "gateway.db")
	if cfg.Keys, _, err = w.keys(ctx, "gateway"); err != nil {
		return err
	}
	if cfg.ClientToken, w.GatewayToken, err = w.secret("gateway", "client-token"); err != nil {
		return err
	}
	if cfg.TLS, err = w.tls("gateway"); err != nil {
		return err
	}
	cfg.Registry, cfg.Outbound, cfg.Formats = w.registrySettings(), w.outbound(), Formats()
	cfg.Restrictions = w.path("gateway", "restrictions.json")
	if _, err := sealed.ReadFile(cfg.Restrictions); err != nil {
		if err := sealed.WriteFile(cfg.Restrictions, []byte("[]\n")); err != nil {
			return err
		}
	}
	if w.cfg.Gateway != nil {
		w.cfg.Gateway(&cfg)
	}
	return w.add("gateway")(wire.Gateway(ctx, cfg, w.deps("gateway")))
}

// Formats returns the securing formats of the sandbox: all that its keys, for ES256, can sign.
func Formats() []string { return wire.FormatsFor(key.ES256) }

// add takes the server of a role into the world.
func (w *World) add(role string) func(*wire.Server, error) error {
	return func(s *wire.Server, err error) error {
		if err == nil {
			w.run(role, s)
		}
		return err
	}
}

func (w *World) run(role string, s running) {
	w.servers = append(w.servers, &server{running: s, role: role, stop: make(chan struct{})})
}

func (w *World) registrySettings() wire.RegistrySettings {
	return wire.RegistrySettings{URL: w.Registry, Keys: []string{w.RegistryKey}}
}

// outbound lets the servers reach one another, and nobody else on this machine.
func (w *World) outbound() wire.Outbound {
	return wire.Outbound{Private: w.Hosts(), CA: w.CA()}
}
