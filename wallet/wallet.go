// SPDX-License-Identifier: Apache-2.0

// Package wallet holds delegation credentials for one person: receive, see, present the least, pass on.
package wallet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/trustframework"
)

// Bounds of a wallet.
const (
	MaxCredentials = 10000   // credentials held
	MaxFile        = 4 << 20 // bytes of a delegation file or a credential
	MaxAnswer      = 4 << 20 // bytes of an answer over the network
)

// Remote fetches and posts; *safehttp.Client is the one there is.
type Remote interface {
	Get(ctx context.Context, url string, want safehttp.Want) (safehttp.Response, error)
	Post(ctx context.Context, url, contentType string, body []byte, want safehttp.Want) (safehttp.Response, error)
}

// Config is what a Wallet is made of beside its folder. Every member is required.
type Config struct {
	Vault     *Vault                           // the open folder
	Remote    Remote                           // issuers and gateways
	Formats   credential.Formats               // that are understood
	Resolver  did.Resolver                     // DIDs of issuers, gateways and holders
	Framework func() *trustframework.Framework // the verified snapshot in use
	Status    status.Source                    // verified status lists
	Now       func() time.Time                 // the clock
	Random    io.Reader                        // ids
}

// Wallet acts for the person who holds the vault. It is for one caller at a time. Only New makes one.
type Wallet struct {
	cfg    Config
	signer did.Signer
}

// New checks cfg and returns its wallet. A part that is missing is an error.
func New(cfg Config) (*Wallet, error) {
	switch {
	case cfg.Vault == nil || cfg.Remote == nil:
		return nil, errors.New("wallet: Vault or Remote is missing")
	case len(cfg.Formats) == 0 || cfg.Resolver == nil || cfg.Framework == nil || cfg.Status == nil:
		return nil, errors.New("wallet: Formats, Resolver, Framework or Status is missing")
	case cfg.Now == nil || cfg.Random == nil:
		return nil, errors.New("wallet: Now or Random is missing")
	}
	for _, f := range cfg.Formats {
		if _, ok := f.(credential.Presenter); !ok {
			return nil, fmt.Errorf("wallet: format %s cannot be presented", f.Name())
		}
	}
	signer, err := cfg.Vault.signer(cfg.Random)
	if err != nil {
		return nil, err
	}
	return &Wallet{cfg, signer}, nil
}

// DID returns the identifier to which credentials are bound.
func (w *Wallet) DID() did.DID { return w.signer.Method.DID() }

// keys finds keys as of now.
func (w *Wallet) keys() credential.Keys {
	return credential.Keys{Resolver: w.cfg.Resolver, At: w.cfg.Now()}
}

// signer returns the holder's key as a signer for its did:key.
func (v *Vault) signer(random io.Reader) (did.Signer, error) {
	if len(v.home.Keys) == 0 {
		return did.Signer{}, errors.New("wallet: no holder key")
	}
	private, err := v.home.Keys[0].Private(random)
	if err != nil {
		return did.Signer{}, err
	}
	return didkey.Signer(key.Signer(private))
}
