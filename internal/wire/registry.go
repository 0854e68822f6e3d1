// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/key/file"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/bolt"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/registry"
)

// RegistryConfig is the settings of behalf-registry. A relative path is relative to the working
// directory.
type RegistryConfig struct {
	// Listen is the address the server answers at. Port 0 takes a free one, which the log names.
	Listen string `yaml:"listen"`
	// Metrics is the address of /metrics, if it is to have one of its own.
	Metrics string `yaml:"metrics"`
	// TLS is the server's certificate.
	TLS TLSFiles `yaml:"tls"`
	// Store is the file of all versions. Required.
	Store string `yaml:"store"`
	// Keys is the folder of the signing keys, sealed under the passphrase in the file Passphrase. Both are required.
	Keys       string `yaml:"keys"`
	Passphrase string `yaml:"passphrase-file"`
	// AdminToken is the file of the bearer token of /admin/v1.
	AdminToken string `yaml:"admin-token-file"`
	// DID is the did:web to sign under, such as did:web:registry.example.org, whose document the
	// server then serves; left out, the signing key's own did:key.
	DID string `yaml:"did"`
	// Announce lists further keys that readers are told to pin, each as a did:key: those of another folder.
	Announce []string `yaml:"announce"`
	// Problems is the base of the types of refusals (RFC 9457), such as https://docs.example.org.
	Problems string `yaml:"problems"`
}

// DefaultRegistry returns the settings that an operator need not write.
func DefaultRegistry() RegistryConfig { return RegistryConfig{Listen: "127.0.0.1:8441"} }

// Check names the first required setting that is missing.
func (c RegistryConfig) Check() error {
	for _, required := range []struct{ name, value string }{
		{"store", c.Store}, {"keys", c.Keys}, {"passphrase-file", c.Passphrase},
	} {
		if required.value == "" {
			return reason.New(reason.CLIConfig, required.name+" is not set: give --config, or BEHALF_REGISTRY_… for each key")
		}
	}
	return nil
}

// OpenedRegistry is a registry with its store. Close it.
type OpenedRegistry struct {
	*registry.Registry
	store *bolt.Store
}

// Close gives the store free.
func (r OpenedRegistry) Close() error { return r.store.Close() }

// OpenRegistry opens the store and the keys of cfg.
func OpenRegistry(ctx context.Context, cfg RegistryConfig, d Deps) (OpenedRegistry, error) {
	if err := errors.Join(d.check(), cfg.Check()); err != nil {
		return OpenedRegistry{}, err
	}
	by, announce, err := cfg.Signers(ctx, d)
	if err != nil {
		return OpenedRegistry{}, err
	}
	if len(cfg.Announce) > 0 {
		more, err := trustframework.TrustedKeys(cfg.Announce)
		if err != nil {
			return OpenedRegistry{}, err
		}
		announce = append(announce, more...)
	}
	st, err := bolt.Open(bolt.Config{Path: cfg.Store, Now: d.Now})
	if err != nil {
		return OpenedRegistry{}, reason.Wrap(reason.Of(err), "the store "+cfg.Store+" cannot be opened: is a server running on it? then give --url", err)
	}
	r, err := registry.New(registry.Config{Store: st, Signer: by, Announce: announce, Now: d.Now})
	if err != nil {
		return OpenedRegistry{}, errors.Join(err, st.Close())
	}
	return OpenedRegistry{r, st}, nil
}

// Signers returns the key that signs now and those that are published beside it: the next one, and
// the last one while readers may still need it. A key that becomes active signs from the next start on.
func (c RegistryConfig) Signers(ctx context.Context, d Deps) (by did.Signer, announce []key.Public, err error) {
	passphrase, err := web.ReadSecretFile(c.Passphrase)
	if err != nil {
		return did.Signer{}, nil, err
	}
	if _, err := os.Stat(c.Keys); err != nil {
		return did.Signer{}, nil, err // opening would make an empty folder
	}
	ring, err := file.Open(ctx, c.Keys, []byte(passphrase.Reveal()), d.Random)
	if err != nil {
		return did.Signer{}, nil, err
	}
	now := d.Now()
	var active file.Key
	for _, k := range ring.Keys() {
		if k.MaySign(now) && !k.Activates.Before(active.Activates) {
			active = k
		}
	}
	for _, k := range ring.Keys() {
		if k.Published(now) && k.ID != active.ID {
			announce = append(announce, k.Public)
		}
	}
	by, err = c.signer(ring, active, now)
	return by, announce, err
}

// signer returns the active key under the DID of the settings.
func (c RegistryConfig) signer(ring *file.Ring, active file.Key, now time.Time) (did.Signer, error) {
	private, id, err := ring.Active(active.Public.Algorithm(), now)
	if err != nil {
		return did.Signer{}, err
	}
	if c.DID == "" {
		return didkey.Signer(private)
	}
	d, err := did.Parse(c.DID)
	if err != nil {
		return did.Signer{}, err
	}
	method, err := d.WithFragment(id)
	return did.Signer{Signer: private, Method: method}, err
}

// Registry opens a registry of cfg, which listens from now on and answers once it is served.
func Registry(ctx context.Context, cfg RegistryConfig, d Deps) (*Server, error) {
	r, err := OpenRegistry(ctx, cfg, d)
	if err != nil {
		return nil, err
	}
	s, err := cfg.server(r, d)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return s, nil
}

// server puts the web server around the registry.
func (c RegistryConfig) server(r OpenedRegistry, d Deps) (*Server, error) {
	token, err := web.ReadSecretFile(c.AdminToken)
	if err != nil {
		return nil, err
	}
	problems, err := web.NewProblems(c.Problems)
	if err != nil {
		return nil, err
	}
	handler, err := registry.Handler(r.Registry, registry.HTTPConfig{AdminToken: token, Problems: problems})
	if err != nil {
		return nil, err
	}
	cfg := web.Config{
		Name: "registry", Handler: handler, Listener: d.Listener, Logger: d.Logger, Now: d.Now, Ready: r.Ready,
		OpenAPI: registry.OpenAPI(), Problems: problems, Metrics: d.Metrics,
	}
	if cfg.TLS, err = c.TLS.load(); err != nil {
		return nil, err
	}
	if cfg.MetricsListen, err = c.metricsListener(d); err != nil {
		return nil, err
	}
	if cfg.Listener == nil {
		if cfg.Listener, err = web.Listen(c.Listen); err != nil {
			return nil, err
		}
	}
	server, err := web.New(cfg)
	if err != nil {
		return nil, errors.Join(err, cfg.Listener.Close())
	}
	return &Server{web: server, listener: cfg.Listener, closers: []func() error{r.Close}}, nil
}

func (c RegistryConfig) metricsListener(d Deps) (net.Listener, error) {
	if c.Metrics == "" || d.Metrics == nil {
		return nil, nil
	}
	return web.Listen(c.Metrics)
}
