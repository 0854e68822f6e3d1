// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/openid/vp"
)

// Credential configuration ids, one for each securing format. Those of Data Integrity, ldp_vc on the
// wire, are ConfigurationLDP and the name of the cryptosuite.
const (
	ConfigurationSDJWT = "delegation"        // dc+sd-jwt
	ConfigurationVCJWT = "delegation-vc-jwt" // vc+jwt, called jwt_vc_json on the wire
	ConfigurationLDP   = "delegation-"
)

// formatOf returns the securing format of a credential configuration.
func formatOf(configuration string) (name string, known bool) {
	switch configuration {
	case ConfigurationSDJWT:
		return sdjwt.Name, true
	case ConfigurationVCJWT:
		return vcjwt.Name, true
	}
	suite, found := strings.CutPrefix(configuration, ConfigurationLDP)
	return suite, found && vp.FormatID(suite) == vp.FormatLDP
}

func configurationIDs(formats []string) []string {
	var out []string
	for _, id := range []string{ConfigurationSDJWT, ConfigurationVCJWT} {
		if name, _ := formatOf(id); slices.Contains(formats, name) {
			out = append(out, id)
		}
	}
	for _, f := range formats {
		if vp.FormatID(f) == vp.FormatLDP {
			out = append(out, ConfigurationLDP+f)
		}
	}
	return out
}

// holderKeys are the algorithms that keys of holders may be for, by the names of JOSE.
func (i *Issuer) holderKeys() []string {
	if i.cfg.Profile == HAIP {
		return []string{string(key.ES256)}
	}
	return []string{string(key.ES256), string(key.ES384), string(key.EdDSA)}
}

// signsWith returns the algorithm that credentials are signed with; while the key is not at hand, none.
func (i *Issuer) signsWith() []string {
	by, err := i.cfg.Signer()
	if err != nil {
		return nil
	}
	return []string{string(by.Public().Algorithm())}
}

// Metadata returns the credential issuer metadata (OpenID4VCI 1.0 §12.2.4), with words for people in
// every language that the operator wrote.
func (i *Issuer) Metadata() vci.IssuerMetadata {
	m := vci.IssuerMetadata{
		Issuer: i.cfg.Origin, CredentialEndpoint: i.cfg.Origin + "/credential", NonceEndpoint: i.cfg.Origin + "/nonce",
		DeferredEndpoint: i.cfg.Origin + "/deferred_credential", NotificationEndpoint: i.cfg.Origin + "/notification",
		StatusLists:       i.cfg.Publisher.AggregationURL(),
		RequestEncryption: i.requestEncryption(), ResponseEncryption: vci.OfferedEncryption(),
		Configurations: map[string]vci.Configuration{},
	}
	if i.cfg.BatchSize > 1 { // 1 is said by leaving it out
		m.Batch = &vci.Batch{Size: i.cfg.BatchSize}
	}
	for _, t := range i.cfg.texts() {
		m.Display = append(m.Display, vci.Display{Name: t.Name, Locale: t.locale})
	}
	for _, f := range i.cfg.Formats {
		id := configurationIDs([]string{f.Name()})[0]
		m.Configurations[id] = i.configuration(id, f.Name())
	}
	return m
}

// configuration describes the credentials of one format. Its scope is its id.
func (i *Issuer) configuration(id, format string) vci.Configuration {
	keys := i.holderKeys()
	c := vci.Configuration{
		Format: vp.FormatID(format), Scope: id, BindingMethods: []string{"jwk", "did:key", "did:jwk"}, SigningAlgorithms: i.signsWith(),
		ProofTypes: map[string]vci.ProofType{"jwt": {Algorithms: keys, Attestation: i.cfg.KeyAttestations}},
		Metadata:   i.words(format),
	}
	if i.cfg.Providers != nil {
		c.ProofTypes["attestation"] = vci.ProofType{Algorithms: keys, Attestation: attested(i.cfg.KeyAttestations)}
	}
	switch c.Format {
	case vp.FormatSDJWT:
		c.VCT = credential.VCTDelegation
	case vp.FormatLDP:
		c.SigningAlgorithms = []string{format}
		c.Definition = definition()
		c.Definition.Context = []string{credential.ContextVC, credential.ContextDelegation}
	default:
		c.Definition = definition()
	}
	return c
}

// attested is what the proof type attestation says of itself: it always is one.
func attested(r *vci.RequiredAttestations) *vci.RequiredAttestations {
	if r == nil {
		return &vci.RequiredAttestations{}
	}
	return r
}

// words returns what people are told of a credential and of what it says, in all languages. There are
// no images: a wallet that fetched them would tell who holds a credential.
func (i *Issuer) words(format string) *vci.ConfigurationMetadata {
	texts := i.cfg.texts()
	out := new(vci.ConfigurationMetadata)
	for _, t := range texts {
		if t.Credential != "" {
			out.Display = append(out.Display, vci.Display{Name: t.Credential, Description: t.Description, Locale: t.locale})
		}
	}
	for _, c := range claimNames() {
		path := c.sdjwt
		if vp.FormatID(format) != vp.FormatSDJWT {
			path = append(dcql.Path{dcql.Member("credentialSubject")}, c.subject...)
		}
		claim := vci.Claim{Path: path, Mandatory: c.mandatory}
		for _, t := range texts {
			if name := t.Claims[c.key]; name != "" {
				claim.Display = append(claim.Display, vci.Display{Name: name, Locale: t.locale})
			}
		}
		out.Claims = append(out.Claims, claim)
	}
	return out
}

// SignedMetadata returns Metadata signed with the key that signs credentials (OpenID4VCI 1.0 §12.2.3).
func (i *Issuer) SignedMetadata(ctx context.Context) ([]byte, error) {
	by, err := i.cfg.Signer()
	if err != nil {
		return nil, err
	}
	m := i.Metadata()
	return vci.SignMetadata(ctx, &m, by, i.cfg.Certificates, i.cfg.Now())
}

func definition() *vci.Definition {
	return &vci.Definition{Type: []string{"VerifiableCredential", credential.TypeDelegation}}
}
