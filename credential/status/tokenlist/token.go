// SPDX-License-Identifier: Apache-2.0

// Package tokenlist reads and writes Token Status Lists as signed JWTs (draft-ietf-oauth-status-list).
//
// The CWT form is not supported.
package tokenlist

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/behalf-id/behalf/credential/status/internal/wire"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Names and bounds of a list.
const (
	Type       = "statuslist+jwt" // typ of the token
	MediaType  = "application/statuslist+jwt"
	MinEntries = wire.MinEntries
)

// List is the content of a Status List Token (§5.1).
type List struct {
	Subject string        // URL of the list
	Issued  time.Time     // to the second
	Expires time.Time     // zero: does not say
	TTL     time.Duration // whole seconds; 0: does not say
	Bits    Bits

	// Aggregation is the URL of the Status List Aggregation that names this list (§9.1); "": none.
	Aggregation string
}

type claims struct {
	Issuer  string           `json:"iss,omitempty"`
	Subject string           `json:"sub"`
	Issued  *int64           `json:"iat"`
	Expires int64            `json:"exp,omitempty"`
	TTL     int64            `json:"ttl,omitempty"`
	List    *encoded         `json:"status_list"`
	Status  strictjson.Value `json:"status,omitempty"`
}

type encoded struct {
	Bits        int    `json:"bits"`
	List        string `json:"lst"`
	Aggregation string `json:"aggregation_uri,omitempty"`
}

// Sealed is a token whose form was checked and whose signature was not.
type Sealed struct{ sealed wire.Sealed }

// Seal signs l as by.
func Seal(ctx context.Context, l List, by did.Signer) ([]byte, error) {
	compressed, err := l.Bits.Compress()
	if err != nil {
		return nil, err
	}
	issued := l.Issued.Unix()
	return wire.Sign(ctx, Type, "", claims{
		Subject: l.Subject, Issued: &issued, Expires: wire.NumericDate(l.Expires), TTL: int64(l.TTL / time.Second),
		List: &encoded{l.Bits.Width(), base64.RawURLEncoding.EncodeToString(compressed), l.Aggregation},
	}, by)
}

// Parse reads the form of a token: status.too_large if it is too long, status.issuer if it brings
// its own key, else status.signature.
func Parse(raw []byte) (Sealed, error) {
	s, err := wire.Parse(raw, Type)
	return Sealed{s}, err
}

// Method returns the verification method that the token claims to be signed with. Whether its
// owner may speak for the list, and what its key is, is for the caller to find out.
func (s Sealed) Method() did.URL { return s.sealed.Method() }

// Open verifies the signature with k, the key of Method, and reads the list, which must be the one
// at url and have at least MinEntries values. It looks at no clock.
//
// Errors: status.signature, status.issuer (iss is not the signer), status.subject, status.recursion
// (the token has a status itself), status.value_unknown (width), status.encoding, status.too_large, status.length.
func (s Sealed) Open(k key.Public, url string) (List, error) {
	payload, err := s.sealed.Open(k)
	if err != nil {
		return List{}, err
	}
	l, err := read(payload, s.Method().DID().String())
	switch {
	case err != nil:
		return List{}, err
	case l.Subject != url:
		return List{}, reason.New(reason.StatusSubject, "sub is not the address of the list")
	case l.Bits.Len() < MinEntries:
		return List{}, reason.New(reason.StatusLength, "")
	}
	return l, nil
}

// read decodes payload, of which issuer is the verified signer.
func read(payload []byte, issuer string) (List, error) {
	var c claims
	if err := strictjson.Unmarshal(payload, &c); err != nil {
		return List{}, wire.Malformed("the token's claims cannot be read", err)
	}
	switch {
	case c.Issuer != "" && c.Issuer != issuer:
		return List{}, reason.New(reason.StatusIssuer, "iss is not who signed")
	case c.Status != nil:
		return List{}, reason.New(reason.StatusRecursion, "the list has a status itself")
	case c.Issued == nil || *c.Issued <= 0 || c.Expires < 0 || c.TTL < 0 || c.List == nil:
		return List{}, wire.Malformed("iat or status_list is absent, or a time is negative", nil)
	}
	compressed, err := base64.RawURLEncoding.Strict().DecodeString(c.List.List)
	if err != nil {
		return List{}, wire.Malformed("lst is not base64url", err)
	}
	values, err := Decompress(c.List.Bits, compressed)
	if err != nil {
		return List{}, err
	}
	return List{
		Subject: c.Subject, Issued: wire.Instant(*c.Issued), Expires: wire.Instant(c.Expires), TTL: wire.Span(c.TTL, time.Second),
		Aggregation: c.List.Aggregation, Bits: values,
	}, nil
}
