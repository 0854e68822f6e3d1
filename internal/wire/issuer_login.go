// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"net/url"
	"os"
	"slices"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/signin"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/issuer"
	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/reason"
)

// IssuerLogin says at which OpenID provider people sign in before they collect.
type IssuerLogin struct {
	// Issuer is the provider's issuer identifier, an https address. Left out, nobody signs in and
	// there is no authorization code flow. Who may collect is named in a grant by this address and
	// the subject that the provider gives the account.
	Issuer string `yaml:"issuer"`
	// ClientID is what the provider calls this issuer. The redirect URI to register there is
	// ORIGIN/authorize/callback. Required with issuer.
	ClientID string `yaml:"client-id"`
	// ClientSecret is the file of this issuer's secret at the provider, closed to group and world;
	// left out, PKCE alone protects the exchange.
	ClientSecret string `yaml:"client-secret-file"`
	// Algorithms that the provider's ID tokens may be signed with; left out, ES256, ES384 and EdDSA.
	// What the provider says of itself adds none: name RS256 or PS256 here if it has no others.
	Algorithms []string `yaml:"algorithms"`
}

// IssuerWallet is a wallet that the operator knows.
type IssuerWallet struct {
	// Name is what people are shown when the wallet asks to collect for them. Required.
	Name string `yaml:"name"`
	// Redirects are the addresses that codes may be sent to, each as a whole; of a loopback address
	// any port is taken. Required. A wallet that is not known here, nor attested, can have its codes
	// sent to a loopback address alone: to the device that the person sits at.
	Redirects []string `yaml:"redirects"`
}

// WalletProviders says whose attestations of wallets and of keys count.
type WalletProviders struct {
	// DIDs of providers. Documents are fetched from hosts that the trust framework lists.
	DIDs []string `yaml:"dids"`
	// Anchors is a PEM file of the authorities that certify providers.
	Anchors string `yaml:"anchors-file"`
}

// signIn returns what signs people in, nil if nothing does.
func (p *issuerParts) signIn() (issuer.SignIn, error) {
	l := p.cfg.Login
	if l.Issuer == "" {
		if l.ClientID != "" || l.ClientSecret != "" || len(l.Algorithms) > 0 {
			return nil, reason.New(reason.CLIConfig, "login.issuer is not set: at which provider people sign in")
		}
		return nil, nil
	}
	var secret web.Secret
	if l.ClientSecret != "" {
		var err error
		if secret, err = web.ReadSecretFile(l.ClientSecret); err != nil {
			return nil, err
		}
	}
	provider, err := signin.New(signin.Config{
		Issuer: l.Issuer, ClientID: l.ClientID, Secret: secret.Reveal(), Redirect: issuer.CallbackURL(p.cfg.Origin), Algorithms: l.Algorithms,
		Fetch: p.fetch, Now: p.deps.Now, Random: p.deps.Random,
	})
	if err != nil {
		return nil, reason.Wrap(reason.CLIConfig, "login: "+err.Error(), err)
	}
	return accounts{provider}, nil
}

// accounts is a provider in the words of the issuer.
type accounts struct{ *signin.Provider }

// Finish implements issuer.SignIn.
func (a accounts) Finish(ctx context.Context, callback url.Values, nonce string) (issuer.Person, error) {
	who, err := a.Provider.Finish(ctx, callback, nonce)
	return issuer.Person{Issuer: who.Issuer, Subject: who.Subject, Name: who.Name}, err
}

// knownWallets returns the wallets that the operator knows.
func (c IssuerConfig) knownWallets() map[string]issuer.Wallet {
	out := make(map[string]issuer.Wallet, len(c.Wallets))
	for id, w := range c.Wallets {
		out[id] = issuer.Wallet{Name: w.Name, Redirects: slices.Clone(w.Redirects)}
	}
	return out
}

// providers returns whose attestations count, nil if nobody's do.
func (p *issuerParts) providers() (attest.Providers, error) {
	c := p.cfg.WalletProviders
	if len(c.DIDs) == 0 && c.Anchors == "" {
		return nil, nil
	}
	cfg := attest.ListConfig{}
	for _, text := range c.DIDs {
		id, err := did.Parse(text)
		if err != nil {
			return nil, reason.Wrap(reason.CLIConfig, "wallet-providers.dids holds what is no DID", err)
		}
		cfg.DIDs = append(cfg.DIDs, id)
	}
	all, err := methods(p.fetch, p.trust.Current, p.store, p.deps)
	if err != nil {
		return nil, err
	}
	if cfg.Resolver, err = remembered(all, p.deps); err != nil {
		return nil, err
	}
	if cfg.Anchors, err = readAnchors(c.Anchors); err != nil {
		return nil, err
	}
	return attest.NewList(cfg)
}

// maxAnchors bounds the certificates of one file.
const maxAnchors = 64

// readAnchors reads a PEM file of certificates; "" is none.
func readAnchors(path string) ([]*x509.Certificate, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, reason.Wrap(reason.CLIConfig, path+": cannot be read", err)
	}
	var out []*x509.Certificate
	for block, rest := pem.Decode(raw); block != nil && len(out) < maxAnchors; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, reason.New(reason.CLIConfig, path+": holds something else than certificates")
		}
		one, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, reason.Wrap(reason.CLIConfig, path+": holds a certificate that cannot be read", err)
		}
		out = append(out, one)
	}
	if len(out) == 0 {
		return nil, reason.New(reason.CLIConfig, path+": holds no PEM certificate")
	}
	return out, nil
}
