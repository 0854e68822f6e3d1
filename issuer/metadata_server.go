// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/openid/vci"
)

// algorithms are those of every proof that the authorization server takes, by the names of JOSE.
func algorithms() []string {
	return []string{string(key.ES256), string(key.ES384), string(key.EdDSA)}
}

// ServerMetadata returns the authorization server metadata (RFC 8414; OpenID4VCI 1.0 §12.3). There is
// no jwks_uri: this server signs nothing that a client would check.
func (i *Issuer) ServerMetadata() vci.ServerMetadata {
	haip := i.cfg.Profile == HAIP
	m := vci.ServerMetadata{
		Issuer: i.cfg.Origin, TokenEndpoint: i.cfg.Origin + "/token", ResponseTypes: []string{},
		GrantTypes:           []string{vci.GrantPreAuthorized, vci.GrantRefreshToken},
		ClientAuthentication: []string{"none"}, DPoPAlgorithms: algorithms(), DetailTypes: []string{vci.DetailType}, AnonymousPre: !haip,
	}
	if i.cfg.Providers != nil {
		m.ChallengeEndpoint = i.cfg.Origin + "/challenge"
		m.AttestationAlgorithms, m.PoPAlgorithms = algorithms(), algorithms()
		m.ClientAuthentication = append(m.ClientAuthentication, attest.Method)
		if haip {
			m.ClientAuthentication = []string{attest.Method}
		}
	}
	if i.cfg.SignIn == nil {
		return m
	}
	m.AuthorizationEndpoint, m.PushedEndpoint, m.RequirePushed = i.cfg.Origin+pathAuthorize, i.cfg.Origin+"/par", haip
	m.ResponseTypes, m.ResponseModes = []string{"code"}, []string{"query"}
	m.ChallengeMethods, m.AnswersWithIssuer = []string{vci.MethodS256}, true
	m.GrantTypes = append(m.GrantTypes, vci.GrantAuthorizationCode)
	for _, f := range i.cfg.Formats {
		m.Scopes = append(m.Scopes, scopeOf(configurationIDs([]string{f.Name()})[0]))
	}
	return m
}
