// SPDX-License-Identifier: Apache-2.0

// Package key has keys that sign and keys that verify.
//
// ES256, ES384 and EdDSA (Ed25519) are the whole allow-list. The key fixes the algorithm,
// never the message: Verify takes none.
package key

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"

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
// Only New, the readers of this package and a Signer make one. It is immutable.
type Public struct {
	alg   Algorithm
	ec    *ecdsa.PublicKey
	point []byte // of ec: 0x04 ‖ x ‖ y, the one way there is to write it so
	ed    ed25519.PublicKey
}

// New returns the Public of a copy of k, an *ecdsa.PublicKey on P-256 or P-384 or an
// ed25519.PublicKey. A point that is not on its curve, one of small order, one that is not
// written in the one way there is (RFC 8032 §5.1.3), and a key of another kind are key.weak.
func New(k crypto.PublicKey) (Public, error) {
	switch k := k.(type) {
	case *ecdsa.PublicKey:
		return newEC(k)
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			return Public{}, reason.New(reason.KeyWeak, "Ed25519 key is not 32 bytes")
		}
		if smallOrder(k) {
			return Public{}, reason.New(reason.KeyWeak, "Ed25519 key is of small order")
		}
		if !onEdwards25519(k) {
			return Public{}, reason.New(reason.KeyWeak, "not a point of edwards25519")
		}
		return Public{alg: EdDSA, ed: bytes.Clone(k)}, nil
	}
	return Public{}, reason.New(reason.KeyWeak, "not an EC or Ed25519 key")
}

// newEC writes k out and reads it again, which checks the point and cuts the tie to memory of
// the caller.
func newEC(k *ecdsa.PublicKey) (Public, error) {
	//lint:ignore SA1019 a key made by hand may lack its coordinates, and Bytes panics on it
	if k == nil || k.X == nil || k.Y == nil || curveAlgorithm(k.Curve) == "" {
		return Public{}, reason.New(reason.KeyWeak, "not a key of P-256 or P-384")
	}
	point, err := k.Bytes()
	if err != nil {
		return Public{}, reason.Wrap(reason.KeyWeak, "not a point of the curve", err)
	}
	return parseEC(k.Curve, point)
}

// parseEC reads 0x04 ‖ x ‖ y, and keeps point.
func parseEC(c elliptic.Curve, point []byte) (Public, error) {
	k, err := ecdsa.ParseUncompressedPublicKey(c, point)
	if err != nil {
		return Public{}, reason.Wrap(reason.KeyWeak, "not a point of the curve", err)
	}
	return Public{alg: curveAlgorithm(c), ec: k, point: point}, nil
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
	return bytes.Equal(p.point, q.point)
}

// Verify checks signature over message. A signature that does not verify, one in DER and
// one of the wrong length are credential.signature_invalid, and so is everything with the zero
// Public. Both (r, s) and (r, n-s) verify: never tell messages apart by their signatures.
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
		return verifyRaw(p.ec, d[:], signature, sizeP256)
	case ES384:
		d := sha512.Sum384(message)
		return verifyRaw(p.ec, d[:], signature, sizeP384)
	case EdDSA:
		return ed25519.Verify(p.ed, message, signature)
	}
	return false
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
