// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"strings"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/wallet"
)

// Person is somebody with a wallet in this world.
type Person struct {
	Name string

	vault  *wallet.Vault
	wallet *wire.OpenedWallet
}

// Person makes a person with a fresh wallet in the folder name of the world's, trusting its registry.
func (w *World) Person(ctx context.Context, name, folder string) (*Person, error) {
	ca, err := os.ReadFile(w.CA())
	if err != nil {
		return nil, err
	}
	settings := wallet.Settings{Registry: w.Registry, Trusted: []string{w.RegistryKey}, CA: string(ca)}
	vault, err := wallet.Create(ctx, w.path(folder), []byte(rand.Text()), settings, rand.Reader)
	if err != nil {
		return nil, err
	}
	opened, err := wire.ConnectedWallet(ctx, vault, "", wire.Deps{Now: w.cfg.Now, Random: rand.Reader, Logger: w.cfg.Logger})
	if err != nil {
		return nil, errors.Join(err, vault.Close())
	}
	return &Person{name, vault, opened}, nil
}

// Close closes the wallet.
func (p *Person) Close() error {
	p.wallet.Close()
	return p.vault.Close()
}

// DID returns the identifier to which credentials are bound.
func (p *Person) DID() did.DID { return p.wallet.DID() }

// Receive collects the one credential of an offer.
func (p *Person) Receive(ctx context.Context, o Offer) (*wallet.Entry, error) {
	got, err := p.wallet.Receive(ctx, o.Offer.URI, wallet.Collector{Accept: func(wallet.OfferView) (string, error) { return o.Offer.TxCode, nil }})
	if err != nil {
		return nil, err
	}
	if len(got.Entries) == 0 {
		return nil, errors.New("the issuer has not decided yet")
	}
	return got.Entries[0], nil
}

// Collect collects the one credential of an offer, or with link the issuer's own origin what waits there for whoever signs
// in, in the browser of somebody.
func (p *Person) Collect(ctx context.Context, link string, at wallet.SignIn) (wallet.Collected, error) {
	c := wallet.Collector{SignIn: at, Accept: func(wallet.OfferView) (string, error) { return "", nil }}
	if strings.HasPrefix(link, "https://") {
		return p.wallet.Apply(ctx, link, c)
	}
	return p.wallet.Receive(ctx, link, c)
}

// Present answers a request and returns what would leave and what the gateway told.
func (p *Person) Present(ctx context.Context, deepLink string) (wallet.Consent, wallet.Told, error) {
	prepared, err := p.wallet.Prepare(ctx, deepLink, "")
	if err != nil {
		return wallet.Consent{}, wallet.Told{}, err
	}
	told, err := prepared.Send(ctx, wallet.Agree)
	return prepared.Consent, told, err
}

// Propose works out a part of e for somebody else, as wallet.Wallet.Propose does.
func (p *Person) Propose(ctx context.Context, e *wallet.Entry, proposal wallet.Proposal) (*wallet.Draft, error) {
	return p.wallet.Propose(ctx, e, proposal)
}

// TakeBack revokes the last link of a file that somebody passed on.
func (p *Person) TakeBack(ctx context.Context, file []byte) error {
	_, err := p.wallet.TakeBackFile(ctx, file)
	return err
}

// Accept takes what somebody passed on.
func (p *Person) Accept(ctx context.Context, file []byte) (*wallet.Entry, error) {
	return p.wallet.Accept(ctx, file)
}
