// SPDX-License-Identifier: Apache-2.0

// Package jose reads and writes compact JWS under one closed header policy (RFC 7515, RFC 8725).
package jose

import (
	"context"

	"github.com/behalf-id/behalf/key"
)

// Bounds on one token.
const (
	MaxToken = 1 << 20 // bytes
	MaxKeyID = 512     // bytes of kid
)

// KeySource says where the key of a kind of token may come from. The zero KeySource is FromKeyID.
type KeySource uint8

// The key sources.
const (
	FromKeyID   KeySource = iota // kid is required; jwk, jku, x5u and x5c are refused
	FromContext                  // the caller knows the key; kid is optional and informative
	FromHeader                   // exactly one of jwk and kid: proofs of possession only
)

// Policy is what one kind of token must look like. The zero Policy accepts no typ.
type Policy struct {
	Type string    // the one typ, lower case, without "application/" (RFC 7515 §4.1.9)
	Key  KeySource // where the key comes from
}

// Header is the part of a JOSE header that is read or written.
type Header struct {
	Algorithm   key.Algorithm
	Type        string
	ContentType string
	KeyID       string
	Key         *key.JWK // only with FromHeader
}

// Token is a compact JWS whose form and header were checked and whose signature was not.
type Token struct {
	Header  Header
	payload []byte // decoded
	signed  []byte // header.payload as received
	sig     []byte
}

// Parse splits and checks the form of token under p. It verifies no signature.
func Parse(token []byte, p Policy) (Token, error) { return parse(token, p) }

// Verify checks the signature with k and returns the payload, which exists for callers only then.
// An alg that is not k's is jose.alg_key_mismatch; a bad signature credential.signature_invalid.
func (t Token) Verify(k key.Public) ([]byte, error) { return t.verify(k) }

// Unverified returns the payload before any signature was checked: to learn who claims to
// have signed, never to act on.
func (t Token) Unverified() []byte { return t.payload }

// Sign makes a compact JWS of payload. The algorithm is the signer's; h.Algorithm is ignored.
func Sign(ctx context.Context, h Header, payload []byte, by key.Signer) ([]byte, error) {
	return sign(ctx, h, payload, by)
}
