// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/config"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/key"
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
	// Key is the file of the signing key, sealed under the passphrase in the file Passphrase.
	Key        string `yaml:"key"`
	Passphrase string `yaml:"passphrase-file"`
	// AdminToken is the file of the bearer token of /admin/v1.
	AdminToken string `yaml:"admin-token-file"`
	// Method is the DID URL to sign under, such as did:web:registry.example.org#k1; left out, the key's own did:key.
	Method string `yaml:"method"`
	// Announce lists further keys that readers are told to pin, each as a did:key: the next one, before it signs.
	Announce []string `yaml:"announce"`
	// Problems is the base of the types of refusals (RFC 9457), such as https://docs.example.org.
	Problems string `yaml:"problems"`
}

func load(c *cli.Context) (settings, error) {
	s := settings{Listen: "127.0.0.1:8441"}
	if err := config.Load(c.String("config"), "registry", &s); err != nil {
		return settings{}, err
	}
	for name, value := range map[string]string{"store": s.Store, "key": s.Key, "passphrase-file": s.Passphrase} {
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

// open opens the store and the key that the configuration names.
func (p *program) open(s settings) (opened, error) {
	by, err := signer(s)
	if err != nil {
		return opened{}, err
	}
	var announce []key.Public
	if len(s.Announce) > 0 {
		if announce, err = trustframework.TrustedKeys(s.Announce); err != nil {
			return opened{}, err
		}
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

// keyName is the name that the key file is sealed for.
const keyName = "registry.key"

// signer reads the signing key.
func signer(s settings) (did.Signer, error) {
	file, err := sealed.ReadFile(s.Key)
	if err != nil {
		return did.Signer{}, err
	}
	passphrase, err := web.ReadSecretFile(s.Passphrase)
	if err != nil {
		return did.Signer{}, err
	}
	_, plain, err := sealed.Unlock([]byte(passphrase.Reveal()), keyName, file)
	if err != nil {
		return did.Signer{}, err
	}
	var j key.JWK
	if err := strictjson.UnmarshalClosed(plain, &j); err != nil {
		return did.Signer{}, err
	}
	private, err := j.Private(rand.Reader)
	if err != nil {
		return did.Signer{}, err
	}
	if s.Method == "" {
		return didkey.Signer(private)
	}
	method, err := did.ParseURL(s.Method)
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
	r, err := p.open(s)
	if err != nil {
		return err
	}
	err = do(c.Context, r.Registry)
	if closed := r.store.Close(); err == nil {
		err = closed
	}
	return err
}
