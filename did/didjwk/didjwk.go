// SPDX-License-Identifier: Apache-2.0

// Package didjwk resolves did:jwk, whose identifier is a public JWK.
package didjwk

import (
	"context"
	"encoding/base64"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Method is the name of the DID method.
const Method = "jwk"

// fragment names the one verification method of every did:jwk.
const fragment = "0"

type resolver struct{}

// New returns a resolver of did:jwk. It fetches nothing. The identifier must be canonical
// base64url without padding of the strict JSON of a public JWK on Ed25519, P-256 or P-384;
// everything else is did.key_invalid. The document has one method, did:jwk:X#0: listed for
// authentication and assertionMethod unless the JWK is for another use than signatures, and for
// keyAgreement if it is on a curve for that and not for signatures alone.
func New() did.Resolver { return resolver{} }

// Resolve implements did.Resolver.
func (resolver) Resolve(_ context.Context, id did.DID) (*did.Document, error) {
	if id.Method() != Method {
		return nil, reason.New(reason.DIDMethodUnsupported, "not a did:jwk")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(id.ID())
	if err != nil {
		return nil, reason.Wrap(reason.DIDKeyInvalid, "the did:jwk is not base64url", err)
	}
	k, err := multiformat.ReadJWK(raw)
	otherUse := reason.Of(err) == reason.KeyAmbiguous
	if err != nil && !otherUse {
		return nil, reason.Wrap(reason.DIDKeyInvalid, "the did:jwk holds no key that is in use", err)
	}
	u, err := id.WithFragment(fragment)
	if err != nil {
		return nil, err
	}
	return &did.Document{
		ID:       id,
		Methods:  []did.Method{{ID: u, Key: k}},
		Purposes: purposes(raw, k, otherUse),
	}, nil
}

// purposes says what the key may be used for. raw is a JWK that was read.
func purposes(raw []byte, k key.Public, otherUse bool) map[did.Relationship][]string {
	listed := []string{fragment}
	if otherUse {
		return map[did.Relationship][]string{did.KeyAgreement: listed}
	}
	p := map[did.Relationship][]string{did.Authentication: listed, did.AssertionMethod: listed}
	var j struct {
		Use string `json:"use"`
	}
	if err := strictjson.Unmarshal(raw, &j); err == nil && j.Use == "" && k.Algorithm() != key.EdDSA {
		p[did.KeyAgreement] = listed
	}
	return p
}

// FromKey returns the did:jwk of k and the URL of its one verification method. Both are zero
// for the zero Public, and equal for equal keys.
func FromKey(k key.Public) (did.DID, did.URL) {
	if k.IsZero() {
		return did.DID{}, did.URL{}
	}
	raw, err := strictjson.Marshal(k.JWK())
	if err != nil {
		return did.DID{}, did.URL{}
	}
	id, err := did.Parse("did:" + Method + ":" + base64.RawURLEncoding.EncodeToString(raw))
	if err != nil {
		return did.DID{}, did.URL{}
	}
	u, err := id.WithFragment(fragment)
	if err != nil {
		return did.DID{}, did.URL{}
	}
	return id, u
}

// Signer returns s as a signer that others find by the did:jwk of its public half. A nil signer
// and one without a key are key.weak.
func Signer(s key.Signer) (did.Signer, error) {
	if s == nil {
		return did.Signer{}, reason.New(reason.KeyWeak, "there is no signer")
	}
	_, u := FromKey(s.Public())
	if u.IsZero() {
		return did.Signer{}, reason.New(reason.KeyWeak, "the signer has no key")
	}
	return did.Signer{Signer: s, Method: u}, nil
}
