// SPDX-License-Identifier: Apache-2.0

// Package didkey resolves did:key, whose identifier is the key itself.
package didkey

import (
	"context"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Method is the name of the DID method.
const Method = "key"

type resolver struct{}

// New returns a resolver of did:key 0.9, which is a did.Describer too. It fetches nothing. Keys are
// Ed25519, P-256 or P-384, in base58btc; everything else is did.key_invalid. The identifier may begin
// with a version, a positive number in its one form. The document has one method, did:key:X#X, with
// every relationship but keyAgreement, and no time of fetching.
func New() did.Resolver { return resolver{} }

// Resolve implements did.Resolver.
func (resolver) Resolve(_ context.Context, id did.DID) (*did.Document, error) {
	text, err := multikey(id)
	if err != nil {
		return nil, err
	}
	k, err := multiformat.DecodeKey(text)
	if err != nil {
		return nil, invalid(err)
	}
	u, err := id.WithFragment(text)
	if err != nil {
		return nil, err
	}
	listed := []string{text}
	return &did.Document{
		ID:      id,
		Methods: []did.Method{{ID: u, Key: k}},
		Purposes: map[did.Relationship][]string{
			did.Authentication:       listed,
			did.AssertionMethod:      listed,
			did.CapabilityDelegation: listed,
			did.CapabilityInvocation: listed,
		},
	}, nil
}

// multikey returns the key of id, less the version (did:key 0.9 §2).
func multikey(id did.DID) (string, error) {
	if id.Method() != Method {
		return "", reason.New(reason.DIDMethodUnsupported, "not a did:key")
	}
	version, text, ok := strings.Cut(id.ID(), ":")
	if !ok {
		return version, nil
	}
	if n, err := strconv.ParseUint(version, 10, 31); err != nil || n == 0 || strconv.FormatUint(n, 10) != version {
		return "", reason.New(reason.DIDKeyInvalid, "the version of the did:key is no positive number")
	}
	return text, nil
}

func invalid(err error) error {
	return reason.Wrap(reason.DIDKeyInvalid, "the did:key holds no key that is in use", err)
}

// FromKey returns the did:key of k and the URL of its one verification method. Both are zero
// for the zero Public.
func FromKey(k key.Public) (did.DID, did.URL) {
	text, err := multiformat.EncodeKey(k)
	if err != nil {
		return did.DID{}, did.URL{}
	}
	id, err := did.Parse("did:" + Method + ":" + text)
	if err != nil {
		return did.DID{}, did.URL{}
	}
	u, err := id.WithFragment(text)
	if err != nil {
		return did.DID{}, did.URL{}
	}
	return id, u
}

// Signer returns s as a signer that others find by the did:key of its public half. A nil signer
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
