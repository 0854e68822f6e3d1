// SPDX-License-Identifier: Apache-2.0

// Package wallet holds delegation credentials for one person: receive, see, present the least, pass on.
//
// A Vault is the folder on disk: locked, and sealed under one passphrase. A Wallet acts with what the
// vault holds: it collects credentials (OpenID4VCI), answers requests (OpenID4VP) once a person has
// seen who asks and every fact that would leave, and signs links for others.
package wallet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// Bounds of a wallet.
const (
	MaxCredentials = 10_000    // credentials held
	MaxPassedOn    = 10_000    // links that were passed on
	MaxCredential  = 256 << 10 // bytes of one credential in its secured form
	MaxParents     = 15        // links above one credential: trustframework.MaxChainLinks less the last
	MaxPackage     = 5 << 20   // bytes of a file that passes a delegation on
	MaxAnswer      = 1 << 20   // bytes of an answer over the network
)

// Remote fetches and posts; *safehttp.Client is the one there is.
type Remote interface {
	Get(ctx context.Context, url string, want safehttp.Want) (safehttp.Response, error)
	Post(ctx context.Context, url, contentType string, body []byte, want safehttp.Want) (safehttp.Response, error)
}

// Config is what a Wallet is made of beside its folder. Every member is required but the last two.
type Config struct {
	Vault     *Vault                           // the open folder
	Remote    Remote                           // issuers and gateways
	Formats   credential.Formats               // that are understood, each of them a credential.Presenter
	Resolver  did.Resolver                     // DIDs of issuers, gateways and holders
	Framework func() *trustframework.Framework // the verified snapshot in use, never nil
	Status    status.Source                    // verified status lists
	Now       func() time.Time                 // the clock
	Random    io.Reader                        // ids and keys; crypto/rand.Reader outside tests

	// Issuers finds the keys of issuers that the framework pins to certificates or metadata. nil: nothing
	// is taken of them.
	Issuers credential.IssuerKeys
	// Attester vouches for the wallet where issuers ask for that. nil: it goes by ClientID, unvouched for.
	Attester Attester
}

// Wallet acts for the person who holds the vault. It is for one caller at a time. Only New makes one.
type Wallet struct {
	cfg     Config
	keyring keyring
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
	ring, err := cfg.Vault.keyring()
	if err != nil {
		return nil, err
	}
	return &Wallet{cfg, ring}, nil
}

// DID returns the identifier to which new credentials are bound.
func (w *Wallet) DID() did.DID { return w.keyring.inUse.Method.DID() }

// keys finds keys as of now, over the network where need be.
func (w *Wallet) keys() credential.Keys {
	return credential.Keys{Resolver: w.cfg.Resolver, At: w.cfg.Now(), Issuers: w.cfg.Issuers}
}

// framework returns the framework in force, or says why none may be relied on now.
func (w *Wallet) framework() (*trustframework.Framework, error) {
	f := w.cfg.Framework()
	switch err := f.Usable(w.cfg.Now()); reason.Of(err) {
	case "":
		return f, err
	case reason.TrustRegistryStale:
		return nil, reason.Wrap(reason.TrustRegistryStale, "what the trust registry said is too old; connect to it and try again", err)
	default:
		return nil, reason.Wrap(reason.Of(err), "the trust registry cannot be reached; check the connection and try again", err)
	}
}

// open checks form and signature of one credential, whatever its format, with keys: those of
// taking for one that comes in, those of pinned for one that is held.
func (w *Wallet) open(ctx context.Context, raw []byte, keys credential.Keys) (credential.Verified, error) {
	if len(raw) > MaxCredential {
		return credential.Verified{}, reason.New(reason.CredentialUnexpected, "the credential is larger than a wallet takes")
	}
	f := w.cfg.Formats.Recognise(raw)
	if f == nil {
		return credential.Verified{}, reason.New(reason.CredentialUnexpected, "the credential is of no format that this wallet knows")
	}
	v, err := credential.OpenIssued(ctx, f, raw, keys)
	if refusal, ok := errors.AsType[*reason.Error](err); ok {
		return v, reason.Wrap(refusal.Code, "a credential does not verify", err)
	}
	return v, unreachable("who signed the credential", err)
}

// presenter returns the format called name, which New knows to be one that presents.
func (w *Wallet) presenter(name string) (credential.Presenter, error) {
	p, ok := w.cfg.Formats.Named(name).(credential.Presenter)
	if !ok {
		return nil, reason.New(reason.CredentialUnexpected, "the credential is of no format that this wallet knows")
	}
	return p, nil
}

// understands reports whether a format identifier of OpenID4VCI and OpenID4VP stands for a format
// that this wallet knows.
func (w *Wallet) understands(id string) bool {
	return slices.ContainsFunc(w.cfg.Formats, func(f credential.Format) bool { return vp.FormatID(f.Name()) == id })
}
