// SPDX-License-Identifier: Apache-2.0

// Package vp has the messages of OpenID4VP 1.0: requests and responses, built and parsed. It is pure.
package vp

import (
	"net/url"
	"slices"
	"time"

	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/reason"
)

// Names of the protocol.
const (
	TypeRequest       = "oauth-authz-req+jwt"        // typ of a request object, §5
	MediaTypeRequest  = "application/" + TypeRequest // its media type
	AudienceStatic    = "https://self-issued.me/v2"  // aud with static discovery, §5.8
	ResponseTypeVP    = "vp_token"                   // §5
	ModeDirectPost    = "direct_post"                // §8.2
	ModeDirectPostJWT = "direct_post.jwt"            // §8.3.1: the same, encrypted
	Scheme            = "openid4vp"                  // of the link that a wallet opens
	SchemeHAIP        = "haip-vp"                    // the same under HAIP 1.0 §5.1
)

// Bounds of a request.
const (
	RequestLife    = 120 * time.Second // of a request object that is signed here
	RequestAhead   = 60 * time.Second  // that iat may be ahead of the reader's clock
	MinNonce       = 22                // characters: 128 bits in base64url
	MaxNonce       = 512               // characters
	MaxState       = 512               // characters
	MaxWalletNonce = 512               // characters
	MaxURI         = 2048              // bytes of an address
)

// Request is the content of a request object (§5). Access is an extension of ours that other
// wallets ignore (§5, unknown parameters): what the service is about to do, in words of the
// framework, so that a person sees the purpose before anything is shared.
type Request struct {
	ClientID        string         `json:"client_id"`
	ResponseType    string         `json:"response_type"`
	ResponseMode    string         `json:"response_mode,omitempty"`
	ResponseURI     string         `json:"response_uri,omitempty"`
	RedirectURI     string         `json:"redirect_uri,omitempty"` // never beside direct_post, §8.2: read to be refused
	Audience        string         `json:"aud,omitempty"`
	Nonce           string         `json:"nonce"`
	State           string         `json:"state,omitempty"`
	IssuedAt        int64          `json:"iat,omitzero"` // seconds since 1970; others may leave it out
	Expires         int64          `json:"exp,omitzero"` // seconds since 1970; others may leave it out
	Query           dcql.Query     `json:"dcql_query"`
	Metadata        Metadata       `json:"client_metadata,omitzero"`
	WalletNonce     string         `json:"wallet_nonce,omitempty"`     // what the wallet sent with its POST, §5.10
	TransactionData []string       `json:"transaction_data,omitempty"` // base64url, each as Transaction.Encode makes it, §8.4
	VerifierInfo    []VerifierInfo `json:"verifier_info,omitempty"`    // §5.1
	Access          *Access        `json:"delegation_access,omitempty"`
}

// Access is the one access that a request is made for.
type Access struct {
	Principal    string `json:"principal"`
	Resource     string `json:"resource"`
	Action       string `json:"action"`
	Purpose      string `json:"purpose"`
	Controller   string `json:"controller"`
	Jurisdiction string `json:"jurisdiction,omitempty"`
}

// Encrypted reports whether the answer is to be encrypted.
func (r *Request) Encrypted() bool { return r.ResponseMode == ModeDirectPostJWT }

// check refuses a request that may neither be sent nor answered.
func (r *Request) check() error {
	client, err := ParseClient(r.ClientID)
	if err != nil {
		return err
	}
	switch {
	case r.ResponseType != ResponseTypeVP, r.ResponseMode != ModeDirectPost && r.ResponseMode != ModeDirectPostJWT:
		return invalid("response_type or response_mode is not supported")
	case r.Audience != AudienceStatic && (client.Signed() || r.Audience != ""):
		return invalid("aud is not that of a wallet")
	case r.RedirectURI != "":
		return invalid("redirect_uri beside a direct post")
	case len(r.Nonce) < MinNonce || len(r.Nonce) > MaxNonce || !urlSafe(r.Nonce):
		return invalid("nonce is too short or not URL-safe")
	case !isHTTPS(r.ResponseURI) || len(r.State) > MaxState:
		return invalid("response_uri is no https address, or state is too long")
	case !WalletNonce(r.WalletNonce):
		return invalid("wallet_nonce is too long or not URL-safe")
	case !client.permits(r.ResponseURI):
		return reason.New(reason.RequestClientID, "the answer would go elsewhere than to the client")
	}
	return r.checkParts()
}

// checkParts checks the query and what stands beside it.
func (r *Request) checkParts() error {
	q, err := dcql.New(r.Query)
	if err != nil {
		return err
	}
	if r.State == "" && slices.ContainsFunc(q.Credentials, func(c dcql.Credential) bool { return !c.Bound() }) {
		return invalid("no state, and credentials without a holder proof (§5.3)")
	}
	if err := r.Metadata.check(); err != nil {
		return err
	}
	if err := r.checkInfo(); err != nil {
		return err
	}
	_, err = r.Transactions()
	return err
}

// checkLife holds the times of a request that is signed here together.
func (r *Request) checkLife() error {
	if r.IssuedAt <= 0 || r.Expires <= r.IssuedAt || r.Expires > r.IssuedAt+int64(RequestLife/time.Second) {
		return invalid("iat and exp do not fit together")
	}
	return nil
}

// checkTimes holds the times of a request of anybody, of which both may be absent, against now.
func (r *Request) checkTimes(now time.Time) error {
	sec := now.Unix()
	switch {
	case r.IssuedAt < 0 || r.Expires < 0 || r.IssuedAt > sec+int64(RequestAhead/time.Second):
		return invalid("iat or exp is wrong, or the clock is")
	case r.Expires != 0 && (r.Expires <= sec || r.Expires <= r.IssuedAt):
		return invalid("the request has expired; ask the service for a new one")
	}
	return nil
}

// WalletNonce reports whether s may be a wallet_nonce: absent, or at most MaxWalletNonce bytes that are URL-safe.
func WalletNonce(s string) bool { return len(s) <= MaxWalletNonce && urlSafe(s) }

func urlSafe(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' && c != '~' {
			return false
		}
	}
	return true
}

// isHTTPS reports whether s is an https address without user and fragment.
func isHTTPS(s string) bool {
	if len(s) > MaxURI {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.Fragment == ""
}

func invalid(detail string) error { return reason.New(reason.RequestInvalid, detail) }
