// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"errors"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/openid/dpop"
	"github.com/behalf-id/behalf/reason"
)

// Causes that a refusal may have in its chain, for a finer code than its reason gives. See ErrorAt.
var (
	ErrGrantType            = errors.New("vci: the grant type is not supported")
	ErrUnknownConfiguration = errors.New("vci: the credential configuration is not known, or not for this token")
	ErrUnknownIdentifier    = errors.New("vci: the credential identifier is not known, or not for this token")
	ErrUnknownEvent         = errors.New("vci: the notification has an unknown event")
	ErrDenied               = errors.New("vci: the person, or the issuer, said no")
	ErrRequestURI           = errors.New("vci: the request_uri is not known, used or too old")
)

// Error is the body of a refusal by an issuer (RFC 6749 §5.2, §8.3.1.2). It is an error, so that it
// can stand in the chain of one.
type Error struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// Error returns the code, without the description, which is another party's text.
func (e Error) Error() string { return "vci: the issuer answers " + e.Code }

// MaxError is the length of a refusal's code.
const MaxError = 64

// ParseError reads a refusal. What is not one gives "" as its code.
func ParseError(raw []byte) Error {
	var e Error
	if err := strictjson.Unmarshal(raw, &e); err != nil || len(e.Code) > MaxError {
		return Error{}
	}
	return e
}

// Endpoint is a place that refuses, with codes of its own.
type Endpoint uint8

// The endpoints. AtToken is also that of pushed and other client requests whose codes are RFC 6749's.
const (
	AtToken         Endpoint = iota // RFC 6749 §5.2, §6.3
	AtAuthorization                 // pushed requests and the authorization endpoint: RFC 6749 §4.1.2.1, RFC 9126 §2.3
	AtCredential                    // credential and deferred credential endpoints: §8.3.1.2, §9.3
	AtNotification                  // §11.3
)

// ErrorAt returns the code that the specification has at e for the refusal err.
func ErrorAt(e Endpoint, err error) string {
	if code := byCause(err); code != "" {
		return code
	}
	code := byReason(reason.Of(err))
	switch {
	case e == AtCredential && code == "invalid_request" && ofKeys(reason.Of(err)):
		return "invalid_proof"
	case e == AtAuthorization && code == "invalid_grant":
		return "invalid_request"
	case e == AtAuthorization && code == "invalid_credential_request":
		return "invalid_scope"
	case e == AtCredential && code == "invalid_request":
		return "invalid_credential_request"
	case e == AtCredential && code == "access_denied":
		return "credential_request_denied"
	case e == AtNotification && code == "invalid_request":
		return "invalid_notification_request"
	}
	return code
}

// byCause knows the codes that hang on more than the reason.
func byCause(err error) string {
	for _, c := range [...]struct {
		cause error
		code  string
	}{
		{dpop.ErrNonce, "use_dpop_nonce"}, // RFC 9449 §8
		{attest.ErrChallenge, "use_attestation_challenge"},
		{ErrGrantType, "unsupported_grant_type"},
		{ErrUnknownConfiguration, "unknown_credential_configuration"},
		{ErrUnknownIdentifier, "unknown_credential_identifier"},
		{ErrUnknownEvent, "invalid_notification_request"},
		{ErrDenied, "access_denied"},
		{ErrRequestURI, "invalid_request_uri"},
	} {
		if errors.Is(err, c.cause) {
			return c.code
		}
	}
	return ""
}

// byReason knows the codes that a reason has, wherever it is given (RFC 6749 §5.2, RFC 9449 §5, OpenID4VCI
// §6.3, §8.3.1.2, §11.3).
func byReason(c reason.Code) string {
	switch c {
	case reason.GrantConsumed, reason.GrantTxCodeLocked, reason.GrantInvalid:
		return "invalid_grant"
	case reason.ClientAttestation, reason.ClientAud:
		return "invalid_client"
	case reason.TokenInvalid, reason.DPoPKeyMismatch:
		return "invalid_token"
	case reason.DPoPInvalid:
		return "invalid_dpop_proof"
	case reason.TokenScope, reason.IssueClaimForbidden:
		return "invalid_credential_request"
	case reason.HolderNotSamePerson:
		return "access_denied"
	case reason.IssuerNotAccredited:
		return "credential_request_denied"
	case reason.DeferredBinding:
		return "invalid_transaction_id"
	case reason.NotificationUnknown:
		return "invalid_notification_id"
	case reason.ResponseEnc, reason.ResponseEncryptionRequired, reason.JWEInvalid, reason.JWEAlgForbidden, reason.JWEEPKInvalid, reason.JWEZipForbidden:
		return "invalid_encryption_parameters"
	case reason.ProofNonce:
		return "invalid_nonce"
	}
	return proofCode(c)
}

// ofKeys reports whether a refusal at the credential endpoint is about the keys that are proved there: nothing
// else in a credential request is signed, resolved or fetched.
func ofKeys(c reason.Code) bool {
	switch c {
	case reason.IssueKeyContinuity, reason.LimitTokenParts:
		return true
	}
	class, _, _ := strings.Cut(string(c), ".")
	return slices.Contains([]string{"proof", "jose", "did", "key", "fetch", "x509"}, class)
}

// proofCode knows what can be wrong with key proofs and attestations of keys.
func proofCode(c reason.Code) string {
	switch c {
	case reason.ProofAud, reason.ProofBatch, reason.ProofIat, reason.ProofIssMismatch, reason.ProofKeyAmbiguous,
		reason.ProofTyp, reason.KeyWeak, reason.KeyPrivateMaterial, reason.KeyAmbiguous, reason.KeyPurposeMismatch,
		reason.CredentialSignatureInvalid, reason.JOSEAlgForbidden, reason.JOSEAlgKeyMismatch, reason.JOSEHeaderKeyForbidden,
		reason.JOSECritUnsupported, reason.JOSEBase64Invalid, reason.JOSEHeaderInvalid, reason.JOSEKidInvalid,
		reason.X509ChainInvalid, reason.X509UntrustedRoot:
		return "invalid_proof"
	}
	return "invalid_request"
}
