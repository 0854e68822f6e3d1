// SPDX-License-Identifier: Apache-2.0

package login

import (
	"crypto/ecdsa"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// copied returns the sign-in as the library may read it while it changes.
func (s *signIn) copied() *signIn {
	c := *s
	return &c
}

// The methods of op.AuthRequest.

func (s *signIn) GetID() string          { return s.id }
func (s *signIn) GetACR() string         { return "" }
func (s *signIn) GetAMR() []string       { return []string{"pwd"} }
func (s *signIn) GetAudience() []string  { return []string{s.ClientID} }
func (s *signIn) GetAuthTime() time.Time { return s.at }
func (s *signIn) GetClientID() string    { return s.ClientID }
func (s *signIn) GetSubject() string     { return s.subject }
func (s *signIn) Done() bool             { return s.subject != "" }
func (s *signIn) GetNonce() string       { return s.Nonce }
func (s *signIn) GetScopes() []string    { return s.Scopes }

func (s *signIn) GetResponseMode() oidc.ResponseMode { return s.ResponseMode }

func (s *signIn) GetCodeChallenge() *oidc.CodeChallenge {
	if s.CodeChallenge == "" {
		return nil
	}
	return &oidc.CodeChallenge{Challenge: s.CodeChallenge, Method: s.CodeChallengeMethod}
}

// signingKey signs ID tokens.
type signingKey struct {
	id      string
	private *ecdsa.PrivateKey
}

func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k signingKey) Key() any                                    { return k.private }
func (k signingKey) ID() string                                  { return k.id }

// publicKey is a signingKey as others see it.
type publicKey struct{ signingKey }

func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return k.private.Public() }

// client is the issuer as the provider knows it: it has a secret, one place to send people back to,
// and the code flow.
type client struct{ provider *Provider }

func (c client) GetID() string                       { return ClientID }
func (c client) RedirectURIs() []string              { return []string{c.provider.cfg.Redirect} }
func (c client) PostLogoutRedirectURIs() []string    { return nil }
func (c client) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (c client) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodBasic }
func (c client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c client) GrantTypes() []oidc.GrantType        { return []oidc.GrantType{oidc.GrantTypeCode} }
func (c client) LoginURL(id string) string           { return "/login?" + url.Values{"id": {id}}.Encode() }
func (c client) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeBearer }
func (c client) IDTokenLifetime() time.Duration      { return TokenLife }
func (c client) DevMode() bool                       { return false }
func (c client) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}
func (c client) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func([]string) []string { return nil }
}
func (c client) IsScopeAllowed(string) bool           { return false }
func (c client) IDTokenUserinfoClaimsAssertion() bool { return true }
func (c client) ClockSkew() time.Duration             { return 0 }
