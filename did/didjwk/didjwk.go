// SPDX-License-Identifier: Apache-2.0

// Package didjwk resolves did:jwk, whose identifier is a public JWK.
package didjwk

import (
	"context"
	"crypto/ecdh"
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

// New returns a resolver of did:jwk, which is a did.Describer too. It fetches nothing. The identifier
// must be canonical base64url without padding of the strict JSON of a public JWK on Ed25519, P-256
// or P-384; everything else is did.key_invalid. The document has one method, did:jwk:X#0: listed for
// everything but keyAgreement unless the JWK is for another use than signatures, and for
// keyAgreement if it is on a curve for that and not for signatures alone.
func New() did.Resolver { return resolver{} }

// Resolve implements did.Resolver.
func (resolver) Resolve(_ context.Context, id did.DID) (*did.Document, error) {
	raw, err := decode(id)
	if err != nil {
		return nil, err
	}
	k, err := multiformat.ReadJWK(raw)
	otherUse := reason.Of(err) == reason.KeyAmbiguous
	if err != nil && !otherUse {
		return nil, invalid(err)
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

// Describe implements did.Describer. The key is written as it stands in the identifier, as JsonWebKey;
// another type is did.method_unsupported. Beside the keys of Resolve it describes X25519 ones,
// which are for keyAgreement alone.
func (r resolver) Describe(ctx context.Context, id did.DID, o did.Options) (did.Description, error) {
	if o.Versioned() || o.Type != "" && o.Type != did.JSONWebKey || o.EncryptionKey {
		return did.Description{}, did.Unsupported("did:jwk has no versions, other forms and derived keys")
	}
	raw, err := decode(id)
	if err != nil {
		return did.Description{}, err
	}
	m := did.Material{Fragment: fragment, JWK: raw}
	switch d, err := r.Resolve(ctx, id); {
	case err == nil:
		for _, name := range [...]did.Relationship{
			did.Authentication, did.AssertionMethod, did.CapabilityDelegation, did.CapabilityInvocation, did.KeyAgreement,
		} {
			if d.Purposes[name] != nil {
				m.Relationships = append(m.Relationships, name)
			}
		}
	case agrees(raw):
		m.Relationships = []did.Relationship{did.KeyAgreement}
	default:
		return did.Description{}, err
	}
	doc, err := did.Compose(id, m)
	return did.Description{Document: doc}, err
}

func decode(id did.DID) ([]byte, error) {
	if id.Method() != Method {
		return nil, reason.New(reason.DIDMethodUnsupported, "not a did:jwk")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(id.ID())
	if err != nil {
		return nil, reason.Wrap(reason.DIDKeyInvalid, "the did:jwk is not base64url", err)
	}
	return raw, nil
}

func invalid(err error) error {
	return reason.Wrap(reason.DIDKeyInvalid, "the did:jwk holds no key that is in use", err)
}

// agrees reports whether raw is a public X25519 key that is not marked for signatures (RFC 8037 §2).
func agrees(raw []byte) bool {
	if _, err := multiformat.ReadJWK(raw); reason.Of(err) != reason.KeyWeak {
		return false // no JWK, or one with private members
	}
	var j struct {
		Kty string `json:"kty"`
		Crv string `json:"crv"`
		X   string `json:"x"`
		Use string `json:"use"`
	}
	if err := strictjson.Unmarshal(raw, &j); err != nil || j.Kty != "OKP" || j.Crv != "X25519" || j.Use == "sig" {
		return false
	}
	u, err := base64.RawURLEncoding.Strict().DecodeString(j.X)
	if err != nil {
		return false
	}
	_, err = ecdh.X25519().NewPublicKey(u)
	return err == nil
}

// purposes says what the key may be used for. raw is a JWK that was read.
func purposes(raw []byte, k key.Public, otherUse bool) map[did.Relationship][]string {
	listed := []string{fragment}
	if otherUse {
		return map[did.Relationship][]string{did.KeyAgreement: listed}
	}
	p := map[did.Relationship][]string{
		did.Authentication: listed, did.AssertionMethod: listed,
		did.CapabilityDelegation: listed, did.CapabilityInvocation: listed,
	}
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
