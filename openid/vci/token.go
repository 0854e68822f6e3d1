// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"net/url"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// TokenRequest asks for an access token with a pre-authorized code (§6.1). TxCode is "" where
// none was sent.
type TokenRequest struct {
	Code   string
	TxCode string
}

// Form returns the request as form fields.
func (t TokenRequest) Form() url.Values {
	out := url.Values{"grant_type": {GrantPreAuthorized}, "pre-authorized_code": {t.Code}}
	if t.TxCode != "" {
		out.Set("tx_code", t.TxCode)
	}
	return out
}

// ParseTokenRequest reads form fields, of which none may appear twice. Another grant type is
// grant.invalid, and so is a request without a code; unknown fields are ignored (§6.1).
func ParseTokenRequest(form url.Values) (TokenRequest, error) {
	for _, values := range form {
		if len(values) > 1 {
			return TokenRequest{}, reason.New(reason.HTTPDuplicateParam, "a form field appears twice")
		}
	}
	if form.Get("grant_type") != GrantPreAuthorized {
		return TokenRequest{}, reason.New(reason.GrantInvalid, "unsupported grant_type")
	}
	t := TokenRequest{Code: form.Get("pre-authorized_code"), TxCode: form.Get("tx_code")}
	if t.Code == "" || len(t.Code) > 512 || len(t.TxCode) > 64 {
		return TokenRequest{}, reason.New(reason.GrantInvalid, "the pre-authorized code is missing or too long")
	}
	return t, nil
}

// TokenResponse is the answer to a good TokenRequest (§6.2).
type TokenResponse struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
}

// ParseTokenResponse reads an answer; one without a bearer token is token.invalid.
func ParseTokenResponse(raw []byte) (TokenResponse, error) {
	var t TokenResponse
	if err := strictjson.Unmarshal(raw, &t); err != nil {
		return t, err
	}
	if t.AccessToken == "" || t.TokenType != "Bearer" {
		return t, reason.New(reason.TokenInvalid, "the issuer gave no bearer token")
	}
	return t, nil
}

// Error is the body of a refusal by an issuer (RFC 6749 §5.2, §8.3.1.2).
type Error struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// ParseError reads a refusal. What is not one gives "" as its code.
func ParseError(raw []byte) Error {
	var e Error
	if err := strictjson.Unmarshal(raw, &e); err != nil {
		return Error{}
	}
	return e
}

// ErrorCode returns the code that the specification has for a refusal with our reason
// (RFC 6749 §5.2, OpenID4VCI §6.3, §8.3.1.2, §11.3).
func ErrorCode(c reason.Code) string {
	switch c {
	case reason.GrantConsumed, reason.GrantTxCodeLocked, reason.GrantInvalid:
		return "invalid_grant"
	case reason.TokenInvalid, reason.TokenScope:
		return "invalid_token"
	case reason.ProofNonce:
		return "invalid_nonce"
	case reason.ProofAud, reason.ProofBatch, reason.ProofIat, reason.ProofIssMismatch, reason.ProofKeyAmbiguous,
		reason.ProofTyp, reason.KeyWeak, reason.KeyPrivateMaterial, reason.CredentialSignatureInvalid, reason.JOSEAlgForbidden,
		reason.JOSEAlgKeyMismatch, reason.JOSEHeaderKeyForbidden:
		return "invalid_proof"
	case reason.NotificationUnknown:
		return "invalid_notification_id"
	}
	return "invalid_request"
}
