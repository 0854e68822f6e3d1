// SPDX-License-Identifier: Apache-2.0

// Package connect opens wallets for programs that embed one: with all credential formats, DID methods, status lists and the
// trust registry around it, as behalf-wallet has them.
//
// A program asks its person by means of its own: through wallet.Collector when credentials come in, and by showing
// wallet.Consent before anything leaves.
package connect

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/wallet"
)

// Errors of opening a folder, beside wallet.ErrNoWallet and wallet.ErrWallet.
var (
	// ErrPassphrase says that the passphrase is wrong.
	ErrPassphrase = sealed.ErrPassphrase
	// ErrInUse says that another process works on the folder.
	ErrInUse = sealed.ErrLocked
)

// Reach says how far a wallet reaches.
type Reach uint8

// How far wallets reach. The zero Reach is the wider one, which asks for the framework anew: whom to believe is
// then never older than it has to be.
const (
	Online  Reach = iota // the trust registry is asked; a framework within its age is used where it cannot be reached
	Offline              // nothing is asked: for lists and what is said of credentials
)

// Config is what a Wallet is made of.
type Config struct {
	Dir        string           // folder of the wallet; its own, closed to others
	Passphrase []byte           // seals everything in it; required
	Now        func() time.Time // the clock; time.Now outside tests. Required
	Reach      Reach
}

func (c Config) check() error {
	if c.Dir == "" || len(c.Passphrase) == 0 || c.Now == nil || c.Reach > Offline {
		return errors.New("connect: Dir, Passphrase, Now or Reach is missing or unknown")
	}
	return nil
}

// Wallet is an open wallet. It holds its folder until Close, so that no other process changes it, and is for one caller
// at a time.
type Wallet struct {
	*wallet.Wallet
	opened *wire.OpenedWallet
	vault  *wallet.Vault
}

// Create makes the folder, with a fresh key, for a wallet that trusts s, and opens it. A folder that holds a wallet is
// wallet.ErrWallet, and stays as it is. s.Trusted are the keys that sign the framework: take them from whoever runs the registry, by
// another way than the registry itself. Where the registry cannot be reached the wallet is made all the same, and the error is
// trust.registry_unavailable: Open it later.
func Create(ctx context.Context, cfg Config, s wallet.Settings) (*Wallet, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if s.Registry == "" || len(s.Trusted) == 0 {
		return nil, errors.New("connect: a wallet needs a registry, and the keys that sign for it")
	}
	v, err := wallet.Create(ctx, cfg.Dir, cfg.Passphrase, s, rand.Reader)
	if err != nil {
		return nil, err
	}
	return connected(ctx, v, cfg)
}

// Open opens the wallet in the folder: wallet.ErrNoWallet, ErrPassphrase, ErrInUse, and what wallet.Open and the trust
// registry refuse with. With Online and a registry that cannot be reached, one whose framework is too old is
// trust.registry_unavailable.
func Open(ctx context.Context, cfg Config) (*Wallet, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	v, err := wallet.Open(ctx, cfg.Dir, cfg.Passphrase, rand.Reader)
	if err != nil {
		return nil, err
	}
	return connected(ctx, v, cfg)
}

// connected puts a wallet on v, which is closed if that cannot be.
func connected(ctx context.Context, v *wallet.Vault, cfg Config) (*Wallet, error) {
	open := wire.ConnectedWallet
	if cfg.Reach == Offline {
		open = wire.Wallet
	}
	w, err := open(ctx, v, "", wire.Deps{Now: cfg.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return &Wallet{w.Wallet, w, v}, nil
}

// Backup returns the whole wallet, keys included, sealed under a passphrase of the backup. Ask the person first: whoever opens
// it can act in their name.
func (w *Wallet) Backup(passphrase []byte) ([]byte, error) { return w.vault.Export(passphrase) }

// Close ends connections and gives the folder free. The wallet is not used after it.
func (w *Wallet) Close() error {
	w.opened.Close()
	return w.vault.Close()
}
