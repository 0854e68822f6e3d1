// SPDX-License-Identifier: Apache-2.0

// Package vp has the messages of OpenID4VP 1.0: requests and responses, built and parsed. It is pure.
package vp

import (
	"context"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/reason"
)

// Names of the protocol.
const (
	TypeRequest      = "oauth-authz-req+jwt"        // typ of a request object, §5
	MediaTypeRequest = "application/" + TypeRequest // its media type
	AudienceStatic   = "https://self-issued.me/v2"  // aud with static discovery, §5.8
	ResponseTypeVP   = "vp_token"                   // §5
	ModeDirectPost   = "direct_post"                // §8.2
	PrefixDID        = "decentralized_identifier:"  // client identifier prefix, §5.9.3
	Scheme           = "openid4vp"                  // of the link that a wallet opens
	RequestLife      = 120 * time.Second            // of a request object
	MinNonce         = 22                           // characters: 128 bits in base64url
	MaxWalletNonce   = 512                          // characters
)

// Request is the content of a request object (§5). Access is an extension of ours that other
// wallets ignore (§5, unknown parameters): what the service is about to do, in words of the
// framework, so that a person sees the purpose before anything is shared.
type Request struct {
	ClientID     string     `json:"client_id"`
	ResponseType string     `json:"response_type"`
	ResponseMode string     `json:"response_mode"`
	ResponseURI  string     `json:"response_uri"`
	Audience     string     `json:"aud"`
	Nonce        string     `json:"nonce"`
	State        string     `json:"state,omitempty"`
	IssuedAt     int64      `json:"iat"` // seconds since 1970
	Expires      int64      `json:"exp"` // seconds since 1970
	Query        dcql.Query `json:"dcql_query"`
	Metadata     Metadata   `json:"client_metadata,omitzero"`
	WalletNonce  string     `json:"wallet_nonce,omitempty"` // what the wallet sent with its POST, §5.10
	Access       *Access    `json:"delegation_access,omitempty"`
}

// Metadata is what the verifier says of itself (§5.1). Name is shown only together with what
// the trust framework says.
type Metadata struct {
	Name    string             `json:"client_name,omitempty"`
	Formats map[string]Formats `json:"vp_formats_supported,omitempty"`
}

// Formats lists the algorithms that the verifier takes for one format (appendix B).
type Formats struct {
	SDJWTAlgorithms []string `json:"sd-jwt_alg_values,omitempty"`
	KBAlgorithms    []string `json:"kb-jwt_alg_values,omitempty"`
	Algorithms      []string `json:"alg_values,omitempty"`
	ProofTypes      []string `json:"proof_type_values,omitempty"`
	Cryptosuites    []string `json:"cryptosuite_values,omitempty"`
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

// ClientID returns the client identifier of the verifier with DID id.
func ClientID(id did.DID) string { return PrefixDID + id.String() }

// VerifierDID returns the DID in a client identifier; any other prefix is request.client_id.
func VerifierDID(clientID string) (did.DID, error) {
	if len(clientID) <= len(PrefixDID) || clientID[:len(PrefixDID)] != PrefixDID {
		return did.DID{}, reason.New(reason.RequestClientID, "only verifiers identified by a DID are known")
	}
	d, err := did.Parse(clientID[len(PrefixDID):])
	if err != nil {
		return did.DID{}, reason.Wrap(reason.RequestClientID, "client_id is not a DID", err)
	}
	return d, nil
}

// Sign returns r as a signed request object. The key is one of the verifier's document.
func (r *Request) Sign(ctx context.Context, by did.Signer) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	payload, err := strictjson.Marshal(r)
	if err != nil {
		return nil, err
	}
	return jose.Sign(ctx, jose.Header{Type: TypeRequest, KeyID: by.Method.String()}, payload, by)
}

// OpenRequest reads the request object that was fetched for clientID and checks its signature
// with a key of that verifier, listed for authentication. An unsigned one is request.unsigned,
// one that names another client or key request.client_id, one whose aud, times, nonce or mode
// are wrong request.invalid.
func OpenRequest(ctx context.Context, raw []byte, clientID string, keys credential.Keys) (*Request, error) {
	id, err := VerifierDID(clientID)
	if err != nil {
		return nil, err
	}
	token, err := jose.Parse(raw, jose.Policy{Type: TypeRequest})
	if err != nil {
		return nil, unsigned(err)
	}
	payload, err := verify(ctx, token, id, keys)
	if err != nil {
		return nil, err
	}
	return readRequest(payload, clientID, keys.At)
}

// unsigned gives the words of a wallet to what a JOSE reader refused: whoever cannot be shown
// to have signed a request has not signed it.
func unsigned(err error) error {
	switch reason.Of(err) {
	case reason.JOSEAlgForbidden, reason.JOSEHeaderInvalid, reason.JOSESerializationForbidden:
		return reason.Wrap(reason.RequestUnsigned, "the request is not signed", err)
	case reason.JOSETypMismatch:
		return reason.Wrap(reason.RequestInvalid, "not a request object", err)
	}
	return err
}

func verify(ctx context.Context, token jose.Token, id did.DID, keys credential.Keys) ([]byte, error) {
	method, err := did.ParseURL(token.Header.KeyID)
	if err != nil || method.DID() != id {
		return nil, reason.Wrap(reason.RequestClientID, "the request is signed with another party's key", err)
	}
	doc, err := keys.Resolver.Resolve(ctx, id)
	if err != nil {
		return nil, err
	}
	k, err := doc.Key(method, did.Authentication, keys.At)
	if err != nil {
		return nil, reason.Wrap(reason.RequestClientID, "the verifier's document does not list the key", err)
	}
	return token.Verify(k)
}

func readRequest(payload []byte, clientID string, now time.Time) (*Request, error) {
	r := new(Request)
	if err := strictjson.Unmarshal(payload, r); err != nil {
		return nil, err
	}
	var q struct {
		Query strictjson.Value `json:"dcql_query"`
	}
	if err := strictjson.Unmarshal(payload, &q); err != nil {
		return nil, err
	}
	if len(q.Query) == 0 {
		return nil, reason.New(reason.RequestInvalid, "dcql_query is missing")
	}
	query, err := dcql.Parse(q.Query)
	if err != nil {
		return nil, err
	}
	r.Query = *query
	if r.ClientID != clientID {
		return nil, reason.New(reason.RequestClientID, "client_id inside and outside the request differ")
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	if sec := now.Unix(); r.IssuedAt > sec+60 || r.Expires <= sec {
		return nil, reason.New(reason.RequestInvalid, "the request has expired; ask the service for a new one")
	}
	return r, nil
}

// check refuses a request that may neither be sent nor answered.
func (r *Request) check() error {
	switch {
	case r.ResponseType != ResponseTypeVP, r.ResponseMode != ModeDirectPost, r.Audience != AudienceStatic:
		return reason.New(reason.RequestInvalid, "response_type, response_mode or aud is not supported")
	case len(r.Nonce) < MinNonce || len(r.Nonce) > 512 || !urlSafe(r.Nonce):
		return reason.New(reason.RequestInvalid, "nonce is too short or not URL-safe")
	case r.IssuedAt <= 0 || r.Expires <= r.IssuedAt || r.Expires > r.IssuedAt+int64(RequestLife/time.Second):
		return reason.New(reason.RequestInvalid, "iat and exp do not fit together")
	case r.ResponseURI == "" || len(r.ResponseURI) > 2048 || len(r.State) > 512:
		return reason.New(reason.RequestInvalid, "response_uri or state is missing or too long")
	}
	if !WalletNonce(r.WalletNonce) {
		return reason.New(reason.RequestInvalid, "wallet_nonce is too long or not URL-safe")
	}
	_, err := dcql.New(r.Query)
	return err
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
