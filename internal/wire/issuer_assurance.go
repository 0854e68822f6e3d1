// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/x509"
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/issuerkeys"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/issuer"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// IssuerTexts are words for people in one language, for wallets to show.
type IssuerTexts struct {
	// Name of the issuer; left out, name.
	Name string `yaml:"name"`
	// Credential is what a delegation credential is called.
	Credential string `yaml:"credential"`
	// Description says what it is for.
	Description string `yaml:"description"`
	// Claims are the names of what it says: onBehalfOf, identifier, permission, prohibition,
	// relationship, legalBasis, grantedBy, jurisdiction, purpose, dataController, reviewBy,
	// redelegation, identityAssurance.
	Claims map[string]string `yaml:"claims"`
}

// RequiredKeys says how the keys of credentials must be kept, as their attestations state it
// (OpenID4VCI 1.0 appendix D).
type RequiredKeys struct {
	// Storage lists levels of which one must be stated, such as iso_18045_high; left out, any.
	Storage []string `yaml:"key-storage"`
	// Authentication lists levels at which the person must be asked to use a key; left out, any.
	Authentication []string `yaml:"user-authentication"`
}

// assurance is what is promised to verifiers and demanded of wallets.
type assurance struct {
	certificates [][]byte
	pinned       credential.IssuerKeys
}

// assurance reads the certificates of the signing key and says where its key is looked for.
func (p *issuerParts) assurance() (a assurance, err error) {
	chain, err := readAnchors(p.cfg.Certificates)
	if err != nil {
		return a, err
	}
	for _, c := range chain {
		a.certificates = append(a.certificates, c.Raw)
	}
	if p.cfg.Profile == string(issuer.HAIP) {
		if alg, err := p.cfg.Keys.Signs(); err != nil || alg != key.ES256 {
			return a, reason.Wrap(reason.CLIConfig, "profile haip signs with ES256: see keys.algorithm", err)
		}
	}
	if len(chain) > 0 {
		p.leaf = chain[0]
	}
	a.pinned, err = issuerkeys.New(p.trust.Current, p.fetch)
	return a, err
}

// formats returns what is issued. An SD-JWT names its key by certificates where there are some.
func (p *issuerParts) formats(names []string, holders did.Resolver, a assurance) (credential.Formats, error) {
	out, err := formatsOf(names, holders, p.deps)
	if err != nil || len(a.certificates) == 0 {
		return out, err
	}
	k := slices.IndexFunc(out, func(f credential.Format) bool { return f.Name() == sdjwt.Name })
	if k < 0 || len(out) > 1 {
		return nil, reason.New(reason.CLIConfig, "formats: an issuer with certificates has dc+sd-jwt alone, for no other names its key by them")
	}
	out[k], err = sdjwt.New(sdjwt.Config{Random: p.deps.Random, Now: p.deps.Now, Holders: holders, Certificates: a.certificates})
	if err != nil {
		return nil, reason.Wrap(reason.CLIConfig, p.cfg.Certificates+": not what x5c holds", err)
	}
	return out, nil
}

// certified refuses a signing key that the certificates are not for: what it signed nobody could
// verify. It is so between a rotation of keys and new certificates.
func (p *issuerParts) certified() error {
	if p.leaf == nil {
		return nil
	}
	by, err := p.signer()
	if err != nil {
		return err
	}
	pub, err := publicOf(p.leaf)
	if err != nil {
		return err
	}
	if !pub.Equal(by.Public()) {
		return reason.New(reason.CLIConfig, p.cfg.Certificates+": not of the key that signs")
	}
	return nil
}

func publicOf(c *x509.Certificate) (key.Public, error) {
	pub, err := key.New(c.PublicKey)
	if err != nil {
		return key.Public{}, reason.Wrap(reason.CLIConfig, "the first certificate is for a key that does not sign here", err)
	}
	return pub, nil
}

// texts returns the words for people.
func (c IssuerConfig) texts() map[string]issuer.Texts {
	out := make(map[string]issuer.Texts, len(c.Display))
	for locale, t := range c.Display {
		out[locale] = issuer.Texts{Name: t.Name, Credential: t.Credential, Description: t.Description, Claims: t.Claims}
	}
	return out
}

// attestations returns what is demanded of the keys of credentials, nil if nothing is.
func (c IssuerConfig) attestations() *vci.RequiredAttestations {
	if c.KeyAttestations == nil {
		return nil
	}
	return &vci.RequiredAttestations{Storage: c.KeyAttestations.Storage, Authentication: c.KeyAttestations.Authentication}
}
