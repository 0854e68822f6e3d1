// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"slices"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// ServerMetadata is what the authorization server says of itself (RFC 8414 §2, RFC 9126 §5,
// RFC 9207 §3, RFC 9449 §5.1, RFC 9396 §10 and attestation-based client authentication).
type ServerMetadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint,omitempty"`
	TokenEndpoint         string   `json:"token_endpoint"`
	PushedEndpoint        string   `json:"pushed_authorization_request_endpoint,omitempty"`
	ChallengeEndpoint     string   `json:"challenge_endpoint,omitempty"`
	RequirePushed         bool     `json:"require_pushed_authorization_requests,omitzero"`
	JWKS                  string   `json:"jwks_uri,omitempty"`
	Scopes                []string `json:"scopes_supported,omitempty"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported,omitempty"`
	GrantTypes            []string `json:"grant_types_supported"`
	ClientAuthentication  []string `json:"token_endpoint_auth_methods_supported,omitempty"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported,omitempty"`
	DPoPAlgorithms        []string `json:"dpop_signing_alg_values_supported,omitempty"`
	AttestationAlgorithms []string `json:"client_attestation_signing_alg_values_supported,omitempty"`
	PoPAlgorithms         []string `json:"client_attestation_pop_signing_alg_values_supported,omitempty"`
	DetailTypes           []string `json:"authorization_details_types_supported,omitempty"`
	AnswersWithIssuer     bool     `json:"authorization_response_iss_parameter_supported,omitzero"`
	AnonymousPre          bool     `json:"pre-authorized_grant_anonymous_access_supported,omitzero"`
}

// ParseServerMetadata reads metadata and checks that it is that of issuer, the authorization server;
// what is not is issuer.metadata_invalid, more than MaxMetadata bytes limit.body. Endpoints of
// another host are refused: whoever could name one would get codes and tokens.
func ParseServerMetadata(raw []byte, issuer string) (*ServerMetadata, error) {
	if len(raw) > MaxMetadata {
		return nil, reason.New(reason.LimitBody, "the metadata is too long")
	}
	m := new(ServerMetadata)
	if err := strictjson.Unmarshal(raw, m); err != nil {
		return nil, err
	}
	if m.Issuer != issuer || m.TokenEndpoint == "" {
		return nil, bad("the authorization server is another issuer's")
	}
	for _, endpoint := range []string{m.AuthorizationEndpoint, m.TokenEndpoint, m.PushedEndpoint, m.ChallengeEndpoint} {
		if endpoint != "" && !sameOrigin(issuer, endpoint) {
			return nil, bad("the authorization server has an endpoint at another host")
		}
	}
	return m, nil
}

// CheckCodeFlow says whether the code flow can be walked with m as it must be: an authorization
// endpoint and PKCE with S256 (§5.1.1, RFC 9700 §2.1.1). What is missing is
// issuer.metadata_invalid.
func (m *ServerMetadata) CheckCodeFlow() error {
	switch {
	case m.AuthorizationEndpoint == "" || !slices.Contains(m.ResponseTypes, "code"):
		return bad("the authorization server has no code flow")
	case !slices.Contains(m.ChallengeMethods, MethodS256):
		return bad("the authorization server does not offer PKCE with S256")
	case m.RequirePushed && m.PushedEndpoint == "":
		return bad("requests must be pushed, and there is no place to push them to")
	}
	return nil
}
