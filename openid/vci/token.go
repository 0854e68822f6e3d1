// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"net/url"
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// The grants that a token is given for, beside GrantPreAuthorized.
const (
	GrantAuthorizationCode = "authorization_code" // RFC 6749 §4.1.3
	GrantRefreshToken      = "refresh_token"      // RFC 6749 §6
)

// The ways a token is used.
const (
	Bearer = "Bearer" // RFC 6750
	DPoP   = "DPoP"   // RFC 9449
)

// MaxTokenBytes is the length of an access or refresh token of others.
const MaxTokenBytes = 16 << 10

// TokenRequest asks for an access token (§6.1, RFC 6749 §4.1.3, §6). Code is the pre-authorized or
// the authorization code, by Grant; what the grant has no use for is left empty.
type TokenRequest struct {
	Grant        string // "" is GrantPreAuthorized
	Code         string
	TxCode       string   // with a pre-authorized code; "" where none was sent
	RedirectURI  string   // with an authorization code
	Verifier     Verifier // with an authorization code
	RefreshToken string
	ClientID     string   // "" for anonymous access
	Scope        string   // with a refresh token
	Details      []Detail // authorization_details, where some are asked for
}

// Form returns the request as form fields.
func (t TokenRequest) Form() url.Values {
	grant, code := t.Grant, "code"
	if grant == "" {
		grant = GrantPreAuthorized
	}
	if grant == GrantPreAuthorized {
		code = "pre-authorized_code"
	}
	out := url.Values{"grant_type": {grant}}
	for name, value := range map[string]string{
		code: t.Code, "tx_code": t.TxCode, "redirect_uri": t.RedirectURI, "code_verifier": string(t.Verifier),
		"refresh_token": t.RefreshToken, "client_id": t.ClientID, "scope": t.Scope, "authorization_details": WriteDetails(t.Details),
	} {
		if value != "" {
			out.Set(name, value)
		}
	}
	return out
}

// ParseTokenRequest reads form fields, of which none may appear twice (http.duplicate_param).
// Another grant type is grant.invalid with ErrGrantType in the chain; a request without what its
// grant needs, or with values that are too long, is grant.invalid; unknown fields are ignored
// (§6.1).
func ParseTokenRequest(form url.Values) (TokenRequest, error) {
	if err := once(form); err != nil {
		return TokenRequest{}, err
	}
	t := TokenRequest{Grant: form.Get("grant_type"), ClientID: form.Get("client_id")}
	if len(t.ClientID) > MaxRedirect {
		return TokenRequest{}, invalid("client_id is too long")
	}
	var err error
	switch t.Grant {
	case GrantPreAuthorized:
		err = t.readPreAuthorized(form)
	case GrantAuthorizationCode:
		err = t.readCode(form)
	case GrantRefreshToken:
		err = t.readRefresh(form)
	default:
		err = reason.Wrap(reason.GrantInvalid, "unsupported grant_type", ErrGrantType)
	}
	if err == nil && form.Has("authorization_details") {
		t.Details, err = ParseDetails(form.Get("authorization_details"))
	}
	if err != nil {
		return TokenRequest{}, err
	}
	return t, nil
}

func (t *TokenRequest) readPreAuthorized(form url.Values) error {
	t.Code, t.TxCode = form.Get("pre-authorized_code"), form.Get("tx_code")
	if t.Code == "" || len(t.Code) > MaxName || len(t.TxCode) > 64 {
		return invalid("the pre-authorized code is missing or too long")
	}
	return nil
}

func (t *TokenRequest) readCode(form url.Values) error {
	t.Code, t.RedirectURI, t.Verifier = form.Get("code"), form.Get("redirect_uri"), Verifier(form.Get("code_verifier"))
	switch {
	case t.Code == "" || len(t.Code) > MaxName:
		return invalid("the code is missing or too long")
	case len(t.RedirectURI) > MaxRedirect || len(t.Verifier) > maxVerifier:
		return invalid("redirect_uri or code_verifier is too long")
	}
	return nil
}

func (t *TokenRequest) readRefresh(form url.Values) error {
	t.RefreshToken, t.Scope = form.Get("refresh_token"), form.Get("scope")
	if t.RefreshToken == "" || len(t.RefreshToken) > MaxName || len(t.Scope) > MaxDetailBytes {
		return invalid("the refresh token is missing or too long")
	}
	return nil
}

// TokenResponse is the answer to a good TokenRequest (§6.2).
type TokenResponse struct {
	AccessToken  string   `json:"access_token"`
	TokenType    string   `json:"token_type"` // Bearer or DPoP
	ExpiresIn    int64    `json:"expires_in"` // seconds
	RefreshToken string   `json:"refresh_token,omitempty"`
	Scope        string   `json:"scope,omitempty"`
	Details      []Detail `json:"authorization_details,omitempty"`
}

// ParseTokenResponse reads an answer. One without a token, with a type but Bearer and DPoP (in any
// case, RFC 6749 §5.1), with what is too long and with authorization_details without identifiers
// is token.invalid. A client that asked for a bound token must see that TokenType is DPoP.
func ParseTokenResponse(raw []byte) (TokenResponse, error) {
	var t TokenResponse
	if err := strictjson.Unmarshal(raw, &t); err != nil {
		return TokenResponse{}, err
	}
	if t.AccessToken == "" || len(t.AccessToken) > MaxTokenBytes || len(t.RefreshToken) > MaxTokenBytes || t.ExpiresIn < 0 {
		return TokenResponse{}, reason.New(reason.TokenInvalid, "the issuer gave no token, or one that is too long")
	}
	switch {
	case strings.EqualFold(t.TokenType, Bearer):
		t.TokenType = Bearer
	case strings.EqualFold(t.TokenType, DPoP):
		t.TokenType = DPoP
	default:
		return TokenResponse{}, reason.New(reason.TokenInvalid, "the issuer gave a token of another type")
	}
	if err := checkGranted(t.Details); err != nil {
		return TokenResponse{}, err
	}
	return t, nil
}
