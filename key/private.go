// SPDX-License-Identifier: Apache-2.0

package key

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/behalf-id/behalf/reason"
)

// hidden is what a private key shows of itself.
const hidden = "[private key]"

// maxDraws bounds how often a candidate outside the group's order is drawn again. With a true
// source of randomness the second draw is needed once in 2^32 keys.
const maxDraws = 16

// Private is a Signer whose key is held in memory. It prints, logs and marshals as
// "[private key]"; JWK alone gives the key out. The zero Private signs nothing.
type Private struct {
	public Public
	secret func() secret
	rand   io.Reader
}

// secret stands behind a function: below an unexported field fmt cannot ask our methods, and
// follows a pointer under some verbs, but of a function it never prints more than the address.
type secret struct {
	ec *ecdsa.PrivateKey
	ed ed25519.PrivateKey
}

// Generate makes a key for alg out of random, which also feeds the signatures that need it.
// Another alg is jose.alg_forbidden; a random that is nil or fails is an error.
func Generate(alg Algorithm, random io.Reader) (*Private, error) {
	if random == nil {
		return nil, errors.New("key: there is no source of randomness")
	}
	switch alg {
	case ES256:
		return generateEC(elliptic.P256(), sizeP256, random)
	case ES384:
		return generateEC(elliptic.P384(), sizeP384, random)
	case EdDSA:
		var seed [ed25519.SeedSize]byte
		if _, err := io.ReadFull(random, seed[:]); err != nil {
			return nil, fmt.Errorf("key: draw a key: %w", err)
		}
		return newEd25519(seed[:], random)
	}
	return nil, reason.New(reason.JOSEAlgForbidden, "no key can be made for this algorithm")
}

// Public returns the key that verifies what Sign makes.
func (p *Private) Public() Public {
	if p == nil {
		return Public{}
	}
	return p.public
}

// Sign implements Signer. The context is not used: nothing here waits. The zero Private is key.weak.
func (p *Private) Sign(_ context.Context, message []byte) ([]byte, error) {
	switch p.Public().alg {
	case ES256:
		d := sha256.Sum256(message)
		return signRaw(p.secret().ec, p.rand, d[:], sizeP256)
	case ES384:
		d := sha512.Sum384(message)
		return signRaw(p.secret().ec, p.rand, d[:], sizeP384)
	case EdDSA:
		return ed25519.Sign(p.secret().ed, message), nil
	}
	return nil, reason.New(reason.KeyWeak, "the zero key signs nothing")
}

// Format hides the key from every verb of fmt.
func (Private) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// String hides the key from texts.
func (Private) String() string { return hidden }

// LogValue hides the key from logs.
func (Private) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the key from encoders.
func (Private) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// generateEC draws candidates until one is in [1, n-1] (FIPS 186-5 A.2.2). The library's own
// generator passes over the source of randomness that it is given.
func generateEC(c elliptic.Curve, size int, random io.Reader) (*Private, error) {
	var room [sizeP384]byte
	d := room[:size]
	for range maxDraws {
		if _, err := io.ReadFull(random, d); err != nil {
			return nil, fmt.Errorf("key: draw a key: %w", err)
		}
		if p, err := newECPrivate(c, d, random); err == nil {
			return p, nil
		}
	}
	return nil, errors.New("key: the source of randomness gives no key")
}

func newECPrivate(c elliptic.Curve, d []byte, random io.Reader) (*Private, error) {
	k, err := ecdsa.ParseRawPrivateKey(c, d)
	if err != nil {
		return nil, reason.Wrap(reason.KeyWeak, "private key is out of range", err)
	}
	pub, err := newEC(&k.PublicKey)
	if err != nil {
		return nil, err
	}
	return &Private{pub, func() secret { return secret{ec: k} }, random}, nil
}

func newEd25519(seed []byte, random io.Reader) (*Private, error) {
	k := ed25519.NewKeyFromSeed(seed)
	pub, err := New(k.Public())
	if err != nil {
		return nil, err
	}
	return &Private{pub, func() secret { return secret{ed: k} }, random}, nil
}
