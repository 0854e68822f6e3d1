// SPDX-License-Identifier: Apache-2.0

// Package proof finds the keys of issuers and holders and checks what a holder proof is over,
// alike in every format.
package proof

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Usable refuses Keys without a resolver or an instant.
func Usable(keys credential.Keys) error {
	if keys.Resolver == nil || keys.At.IsZero() {
		return reason.New(reason.InternalIndeterminate, "no resolver or no instant to check keys with")
	}
	return nil
}

// Method reads kid as a verification method of owner: a DID URL, or a fragment relative to
// owner. One of another DID is key.controller_mismatch, anything else jose.kid_invalid.
func Method(kid, owner string) (did.URL, error) {
	if strings.HasPrefix(kid, "#") {
		kid = owner + kid
	}
	u, err := did.ParseURL(kid)
	if err != nil {
		return did.URL{}, reason.Wrap(reason.JOSEKidInvalid, "kid is not a DID URL", err)
	}
	if u.DID().String() != owner {
		return did.URL{}, reason.New(reason.KeyControllerMismatch, "the key belongs to another DID")
	}
	return u, nil
}

// Key resolves the DID of u and returns the key, if it is listed under r now.
func Key(ctx context.Context, keys credential.Keys, u did.URL, r did.Relationship) (key.Public, error) {
	doc, err := keys.Resolver.Resolve(ctx, u.DID())
	if err != nil {
		return key.Public{}, err
	}
	return doc.Key(u, r, keys.At)
}

// Signs refuses by unless its verification method is one of issuer: what another key signed,
// no reader would accept.
func Signs(by did.Signer, issuer string) error {
	if by.Signer == nil || by.Method.DID().String() != issuer {
		return reason.New(reason.KeyControllerMismatch, "the signer is not the issuer")
	}
	return nil
}

// Holds reports whether k is a key by which holder authenticates now.
func Holds(ctx context.Context, keys credential.Keys, holder did.DID, k key.Public) (bool, error) {
	doc, err := keys.Resolver.Resolve(ctx, holder)
	if err != nil {
		return false, err
	}
	for _, m := range doc.Methods {
		if !m.Key.Equal(k) {
			continue
		}
		if _, err := doc.Key(m.ID, did.Authentication, keys.At); err == nil {
			return true, nil
		}
	}
	return false, nil
}

// HolderKey returns the one key by which holder authenticates, found with r. More than one is
// key.ambiguous, none key.purpose_mismatch.
func HolderKey(ctx context.Context, keys credential.Keys, holder string) (found key.Public, err error) {
	id, err := did.Parse(holder)
	if err != nil {
		return found, err
	}
	doc, err := keys.Resolver.Resolve(ctx, id)
	if err != nil {
		return found, err
	}
	for _, m := range doc.Methods {
		k, err := doc.Key(m.ID, did.Authentication, keys.At)
		if err != nil {
			continue
		}
		if !found.IsZero() && !found.Equal(k) {
			return key.Public{}, reason.New(reason.KeyAmbiguous, "the delegate has more than one key")
		}
		found = k
	}
	if found.IsZero() {
		return found, reason.New(reason.KeyPurposeMismatch, "the delegate has no key to authenticate with")
	}
	return found, nil
}

// Digest returns the parent digest of secured (delegation.md §3.4) and the hash it is made of.
func Digest(secured []byte) (string, [32]byte) {
	h := sha256.Sum256(secured)
	return DigestOf(h), h
}

// DigestOf returns the parent digest whose hash is h.
func DigestOf(h [32]byte) string {
	const prefix = "sha-256:"
	var out [len(prefix) + 43]byte
	copy(out[:], prefix)
	base64.RawURLEncoding.Encode(out[len(prefix):], h[:])
	return string(out[:])
}

// Link wraps a refusal that a decision has a word for, so that the decision can place it; every
// other refusal stays as it is, and so does one of a credential without a name.
func Link(c *credential.Credential, digest string, err error) error {
	if c == nil || c.ID == "" || !Decides(err) {
		return err
	}
	return &credential.LinkError{ID: c.ID, Parent: c.Parent, Digest: digest, Err: err}
}

// Decides reports whether err is a refusal of one link at its turn, not of the whole message.
func Decides(err error) bool {
	switch reason.Of(err) {
	case reason.CredentialSignatureInvalid, reason.CredentialSchemaInvalid, reason.CredentialTypeUnknown:
		return true
	}
	return false
}
