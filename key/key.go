// SPDX-License-Identifier: Apache-2.0

// Package key has keys that sign and keys that verify.
//
// ES256, ES384 and EdDSA (Ed25519) are the whole allow-list. The key fixes the algorithm,
// never the message: Verify takes none.
package key

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"

	"github.com/behalf-id/behalf/reason"
)

// Algorithm is a JOSE signature algorithm name, compared octet by octet (RFC 7518 §3.1, RFC 8037 §3.1).
type Algorithm string

// The algorithms there are. The zero Algorithm belongs to the zero Public and verifies nothing.
const (
	ES256 Algorithm = "ES256"
	ES384 Algorithm = "ES384"
	EdDSA Algorithm = "EdDSA"
)

// ParseAlgorithm returns the algorithm called name, or jose.alg_forbidden.
func ParseAlgorithm(name string) (Algorithm, error) {
	switch a := Algorithm(name); a {
	case ES256, ES384, EdDSA:
		return a, nil
	}
	return "", reason.New(reason.JOSEAlgForbidden, "alg is not one of ES256, ES384, EdDSA")
}

// Signer makes signatures with one private key.
type Signer interface {
	// Public returns the key that verifies what Sign makes.
	Public() Public
	// Sign signs message, which it hashes itself. ECDSA signatures are r‖s of fixed
	// length (RFC 7518 §3.4), Ed25519 ones 64 bytes (RFC 8032 §5.1.6).
	Sign(ctx context.Context, message []byte) ([]byte, error)
}

// Public is a key that verifies signatures. The zero Public verifies nothing.
// Only New, the readers of this package and a Signer make one.
type Public struct {
	alg Algorithm
	ec  *ecdsa.PublicKey
	ed  ed25519.PublicKey
}

// New returns the Public of k, an *ecdsa.PublicKey on P-256 or P-384 or an ed25519.PublicKey.
// A point that is not on its curve, or a key of another kind, is key.weak.
func New(k crypto.PublicKey) (Public, error) {
	switch k := k.(type) {
	case *ecdsa.PublicKey:
		alg := curveAlgorithm(k.Curve)
		if _, err := k.ECDH(); alg == "" || err != nil {
			return Public{}, reason.Wrap(reason.KeyWeak, "not a point of P-256 or P-384", err)
		}
		return Public{alg: alg, ec: k}, nil
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			return Public{}, reason.New(reason.KeyWeak, "Ed25519 key is not 32 bytes")
		}
		if smallOrder(k) {
			return Public{}, reason.New(reason.KeyWeak, "Ed25519 key is of small order")
		}
		return Public{alg: EdDSA, ed: k}, nil
	}
	return Public{}, reason.New(reason.KeyWeak, "not an EC or Ed25519 key")
}

// Algorithm returns the one algorithm of this key, "" for the zero Public.
func (p Public) Algorithm() Algorithm { return p.alg }

// IsZero reports whether p is the zero Public.
func (p Public) IsZero() bool { return p.alg == "" }

// Equal reports whether p and q are the same key. Two zero keys are not.
func (p Public) Equal(q Public) bool {
	switch {
	case p.alg == "" || p.alg != q.alg:
		return false
	case p.alg == EdDSA:
		return p.ed.Equal(q.ed)
	}
	return p.ec.Equal(q.ec)
}

// Verify checks signature over message. A signature that does not verify, one in DER and
// one of the wrong length are credential.signature_invalid, and so is everything with the zero Public.
func (p Public) Verify(message, signature []byte) error {
	if p.verify(message, signature) {
		return nil
	}
	return reason.New(reason.CredentialSignatureInvalid, "")
}

func (p Public) verify(message, signature []byte) bool {
	switch p.alg {
	case ES256:
		d := sha256.Sum256(message)
		return verifyRaw(p.ec, d[:], signature, 32)
	case ES384:
		d := sha512.Sum384(message)
		return verifyRaw(p.ec, d[:], signature, 48)
	case EdDSA:
		return ed25519.Verify(p.ed, message, signature)
	}
	return false
}

// verifyRaw checks r‖s with both halves of exactly size bytes; r and s outside [1, n-1] fail
// in ecdsa.Verify itself.
func verifyRaw(k *ecdsa.PublicKey, digest, sig []byte, size int) bool {
	if len(sig) != 2*size {
		return false
	}
	r, s := new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:])
	return ecdsa.Verify(k, digest, r, s)
}

func curveAlgorithm(c elliptic.Curve) Algorithm {
	switch c {
	case elliptic.P256():
		return ES256
	case elliptic.P384():
		return ES384
	}
	return ""
}
