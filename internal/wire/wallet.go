// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/behalf-id/behalf/credential/issuerkeys"
	"github.com/behalf-id/behalf/credential/status/snapshot"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/client"
	"github.com/behalf-id/behalf/wallet"
)

// OpenedWallet is a wallet on its vault, with the framework that it knows. Close it; the vault
// stays open.
type OpenedWallet struct {
	*wallet.Wallet
	fetch *safehttp.Client
}

// Close ends idle connections.
func (w *OpenedWallet) Close() { w.fetch.Close() }

// Wallet returns the wallet on v as far as it goes without a network: what it holds, with the names
// that the framework had when it was last fetched. ca is a PEM of certificate authorities in
// place of those in the wallet's settings, "" for those.
func Wallet(ctx context.Context, v *wallet.Vault, ca string, d Deps) (*OpenedWallet, error) {
	p, err := newWalletParts(ctx, v, ca, d)
	if err != nil {
		if reason.Of(err) != reason.StoreTampered {
			return nil, err
		}
		// Without its cache a wallet has no names for those it knows by DID, and everything else.
		p.framework = trustframework.Unavailable
	}
	return p.wallet(v, d)
}

// ConnectedWallet returns the wallet on v once the framework was fetched anew. If the registry cannot
// be reached, the framework that was fetched last is used while its age allows; one that goes back,
// or is another, is refused.
func ConnectedWallet(ctx context.Context, v *wallet.Vault, ca string, d Deps) (*OpenedWallet, error) {
	return AttestedWallet(ctx, v, ca, nil, d)
}

// AttestedWallet is ConnectedWallet for which by vouches where issuers ask for that; nil is nobody.
func AttestedWallet(ctx context.Context, v *wallet.Vault, ca string, by wallet.Attester, d Deps) (*OpenedWallet, error) {
	p, err := newWalletParts(ctx, v, ca, d)
	if err != nil {
		return nil, err
	}
	err = p.registry.Refresh(ctx)
	if err != nil && (reason.Of(err) != reason.TrustRegistryUnavailable || p.registry.Ready(ctx) != nil) {
		return nil, walletWords(err)
	}
	p.attester = by
	return p.wallet(v, d)
}

// ownNetwork reports whether a registry was not asked because its address is a private one, or not believed
// because nobody here knows who certifies it.
func ownNetwork(err error) bool {
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
		return true
	}
	for ; err != nil; err = errors.Unwrap(err) {
		if refused, ok := errors.AsType[*reason.Error](err); ok && refused.Code == reason.FetchBlocked {
			return true
		}
	}
	return false
}

// walletWords says what a person can do about a framework that cannot be had.
func walletWords(err error) error {
	switch code := reason.Of(err); code {
	case reason.TrustRegistryUnavailable:
		if ownNetwork(err) {
			return reason.Wrap(code, "the trust registry is in a network of its own, or certified by an authority of its own; its operator has a file of that, to be given with --ca", err)
		}
		return reason.Wrap(code, "the trust registry cannot be reached; check the connection and try again", err)
	case reason.RegistrySignature:
		return reason.Wrap(code, "what the trust registry says is not signed by the key that this wallet pinned at init; ask who runs it", err)
	case reason.RegistryRollback, reason.RegistrySplitView:
		return reason.Wrap(code, "the trust registry says other things than before; ask who runs it", err)
	default:
		return err
	}
}

// DiscoverRegistry asks the registry at url for the keys it signs with, as did:key. It is for the
// making of a wallet, whose owner is shown them; ca as in Wallet.
func DiscoverRegistry(ctx context.Context, registry, ca string, d Deps) ([]string, error) {
	fetch, err := walletClient(registry, ca, trustframework.Unavailable(), d)
	if err != nil {
		return nil, err
	}
	defer fetch.Close()
	keys, err := client.Discover(ctx, fetch, registry)
	if err != nil {
		return nil, walletWords(err)
	}
	_, err = trustframework.TrustedKeys(keys)
	return keys, err
}

// walletParts are what a wallet is made of, before it is known which hosts it may reach.
type walletParts struct {
	settings  wallet.Settings
	cache     *wallet.Cache
	registry  *client.Client
	framework func() *trustframework.Framework
	attester  wallet.Attester // nil: nobody vouches for the wallet
}

// newWalletParts opens the cache of v. With an error that is store.tampered the settings are usable.
func newWalletParts(ctx context.Context, v *wallet.Vault, ca string, d Deps) (*walletParts, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	p := &walletParts{settings: v.Settings()}
	if ca != "" {
		p.settings.CA = ca
	}
	var err error
	if p.cache, err = v.Cache(d.Now); err != nil {
		return p, err
	}
	fetch, err := walletClient(p.settings.Registry, p.settings.CA, trustframework.Unavailable(), d)
	if err != nil {
		return nil, err
	}
	p.registry, err = RegistrySettings{URL: p.settings.Registry, Keys: p.settings.Trusted}.client(ctx, fetch, p.cache, d)
	if err != nil {
		return nil, err
	}
	p.framework = p.registry.Current
	return p, nil
}

// wallet puts the parts together, reaching the hosts that the framework names.
func (p *walletParts) wallet(v *wallet.Vault, d Deps) (*OpenedWallet, error) {
	fetch, err := walletClient(p.settings.Registry, p.settings.CA, p.framework(), d)
	if err != nil {
		return nil, err
	}
	all, err := methods(fetch, p.framework, p.cache, d)
	if err != nil {
		return nil, err
	}
	keys, err := remembered(all, d)
	if err != nil {
		return nil, err
	}
	formats, err := formatsOf(FormatNames(), keys, d)
	if err != nil {
		return nil, err
	}
	proofs, err := listProofs()
	if err != nil {
		return nil, err
	}
	lists, err := snapshot.New(snapshot.Config{
		Proofs: proofs, Fetcher: fetch, Resolver: keys, Marks: p.cache, Now: d.Now,
		Signer: func(issuer, list string) (did.DID, bool) { return statusSigner(p.framework(), issuer, list) },
	})
	if err != nil {
		return nil, err
	}
	issuers, err := issuerkeys.New(p.framework, fetch)
	if err != nil {
		return nil, err
	}
	w, err := wallet.New(wallet.Config{
		Vault: v, Remote: fetch, Formats: formats, Resolver: keys, Framework: p.framework, Status: lists, Now: d.Now, Random: d.Random, Issuers: issuers, Attester: p.attester,
	})
	return &OpenedWallet{w, fetch}, err
}

// walletClient returns the client of a wallet. One with a certificate authority of its own works in a
// private deployment: the registry's host, and those that its signed framework names, may then
// have private addresses. A message never adds a host.
func walletClient(registry, ca string, f *trustframework.Framework, d Deps) (*safehttp.Client, error) {
	cfg := safehttp.Config{Resolver: d.Hosts, Now: d.Now}
	if ca != "" {
		cfg.Roots = x509.NewCertPool()
		if !cfg.Roots.AppendCertsFromPEM([]byte(ca)) {
			return nil, reason.New(reason.CLIConfig, "the file of certificate authorities holds no PEM certificate")
		}
		cfg.Private = walletHosts(registry, f)
	}
	return safehttp.New(cfg)
}

// walletHosts returns the registry and the hosts of all parties, as host:port.
func walletHosts(registry string, f *trustframework.Framework) []string {
	var out []string
	add := func(origin string) {
		u, err := url.Parse(origin)
		if err != nil || u.Hostname() == "" {
			return
		}
		port := u.Port()
		if port == "" {
			port = "443"
		}
		out = append(out, net.JoinHostPort(u.Hostname(), port))
	}
	add(registry)
	for _, p := range f.Parties {
		for _, host := range p.DIDHosts {
			add("https://" + strings.TrimPrefix(host, "https://"))
		}
		for _, origin := range p.StatusHosts {
			add(origin)
		}
	}
	return out
}
