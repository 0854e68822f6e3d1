// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/vcjwt"
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

// Metadata returns the credential issuer metadata (OpenID4VCI 1.0 §12.2.4).
func (i *Issuer) Metadata() vci.IssuerMetadata {
	algorithms := []string{"ES256", "ES384", "EdDSA"}
	m := vci.IssuerMetadata{
		Issuer: i.cfg.Origin, CredentialEndpoint: i.cfg.Origin + "/credential", NonceEndpoint: i.cfg.Origin + "/nonce",
		NotificationEndpoint: i.cfg.Origin + "/notification", StatusLists: i.cfg.Publisher.AggregationURL(),
		Batch:          &vci.Batch{Size: vci.MaxProofs},
		Display:        []vci.Display{{Name: i.cfg.Name, Locale: "en-GB"}},
		Configurations: map[string]vci.Configuration{},
	}
	for _, f := range i.cfg.Formats {
		c := vci.Configuration{
			BindingMethods: []string{"did:key", "did:jwk", "jwk"}, SigningAlgorithms: algorithms,
			ProofTypes: map[string]vci.ProofType{"jwt": {Algorithms: algorithms}},
			Metadata:   &vci.ConfigurationMetadata{Display: []vci.Display{{Name: "Permission to act for someone", Locale: "en-GB"}}},
		}
		switch c.Format = vp.FormatID(f.Name()); c.Format {
		case vp.FormatSDJWT:
			c.VCT = credential.VCTDelegation
		case vp.FormatLDP:
			c.SigningAlgorithms = []string{f.Name()}
			c.Definition = definition()
			c.Definition.Context = []string{credential.ContextVC, credential.ContextDelegation}
		default:
			c.Definition = definition()
		}
		m.Configurations[configurationIDs([]string{f.Name()})[0]] = c
	}
	return m
}

func definition() *vci.Definition {
	return &vci.Definition{Type: []string{"VerifiableCredential", credential.TypeDelegation}}
}

// ServerMetadata returns the authorization server metadata (RFC 8414; OpenID4VCI 1.0 §12.3).
func (i *Issuer) ServerMetadata() vci.ServerMetadata {
	return vci.ServerMetadata{
		Issuer: i.cfg.Origin, TokenEndpoint: i.cfg.Origin + "/token", ResponseTypes: []string{},
		GrantTypes: []string{vci.GrantPreAuthorized}, AnonymousPre: true,
	}
}
