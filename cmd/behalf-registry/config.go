// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/config"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/key/file"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/bolt"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/registry"
)

// settings is the configuration file. A relative path is relative to the working directory.
type settings struct {
	// Listen is the address the server answers at. Port 0 takes a free one, which the log names.
	Listen string `yaml:"listen"`
	// Metrics is the address of /metrics, if it is to have one of its own.
	Metrics string `yaml:"metrics"`
	// TLS is the server's certificate. Without one, a proxy in front must speak https: readers do nothing else.
	TLS struct {
		Cert string `yaml:"cert"`
		Key  string `yaml:"key"`
	} `yaml:"tls"`
	// Store is the file of all versions.
	Store string `yaml:"store"`
	// Keys is the folder of the signing keys, sealed under the passphrase in the file Passphrase.
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

func load(c *cli.Context) (settings, error) {
	s := settings{Listen: "127.0.0.1:8441"}
	if err := config.Load(c.String("config"), "registry", &s); err != nil {
		return settings{}, err
	}
	for name, value := range map[string]string{"store": s.Store, "keys": s.Keys, "passphrase-file": s.Passphrase} {
		if value == "" {
			return settings{}, usage("%s is not set: give --config, or BEHALF_REGISTRY_… for each key", name)
		}
	}
	return s, nil
}

// opened is a registry with its store, which is to be closed.
type opened struct {
	*registry.Registry
	store *bolt.Store
}

// open opens the store and the keys that the configuration names.
func (p *program) open(ctx context.Context, s settings) (opened, error) {
	by, announce, err := p.keys(ctx, s)
	if err != nil {
		return opened{}, err
	}
	if len(s.Announce) > 0 {
		more, err := trustframework.TrustedKeys(s.Announce)
		if err != nil {
			return opened{}, err
		}
		announce = append(announce, more...)
	}
	st, err := bolt.Open(bolt.Config{Path: s.Store, Now: p.now})
	if err != nil {
		return opened{}, reason.Wrap(reason.Of(err), "the store "+s.Store+" cannot be opened: is a server running on it? then give --url", err)
	}
	r, err := registry.New(registry.Config{Store: st, Signer: by, Announce: announce, Now: p.now})
	if err != nil {
		_ = st.Close()
		return opened{}, err
	}
	return opened{r, st}, nil
}

// keys returns the key that signs now and those that are published beside it: the next one, and
// the last one while readers may still need it. A key that becomes active signs from the next start on.
func (p *program) keys(ctx context.Context, s settings) (by did.Signer, announce []key.Public, err error) {
	passphrase, err := web.ReadSecretFile(s.Passphrase)
	if err != nil {
		return did.Signer{}, nil, err
	}
	if _, err := os.Stat(s.Keys); err != nil {
		return did.Signer{}, nil, err // Open would make an empty folder
	}
	ring, err := file.Open(ctx, s.Keys, []byte(passphrase.Reveal()), rand.Reader)
	if err != nil {
		return did.Signer{}, nil, err
	}
	now := p.now()
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
	by, err = s.signer(ring, active, now)
	return by, announce, err
}

// signer returns the active key under the DID of the configuration.
func (s settings) signer(ring *file.Ring, active file.Key, now time.Time) (did.Signer, error) {
	private, id, err := ring.Active(active.Public.Algorithm(), now)
	if err != nil {
		return did.Signer{}, err
	}
	if s.DID == "" {
		return didkey.Signer(private)
	}
	d, err := did.Parse(s.DID)
	if err != nil {
		return did.Signer{}, err
	}
	method, err := d.WithFragment(id)
	return did.Signer{Signer: private, Method: method}, err
}

// in returns the path of a file of the folder that init makes.
func in(dir, name string) string { return filepath.Join(dir, name) }

// onStore runs do on the registry that the configuration names, while no server runs on it.
func (p *program) onStore(c *cli.Context, do func(ctx context.Context, r *registry.Registry) error) error {
	s, err := load(c)
	if err != nil {
		return err
	}
	r, err := p.open(c.Context, s)
	if err != nil {
		return err
	}
	err = do(c.Context, r.Registry)
	if closed := r.store.Close(); err == nil {
		err = closed
	}
	return err
}
