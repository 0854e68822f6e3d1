// SPDX-License-Identifier: Apache-2.0

package jwe

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"fmt"
	"io"
	"log/slog"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// coordinate is the number of bytes of a coordinate and of a scalar of P-256.
const coordinate = 32

// Recipient is a key to encrypt to. The zero Recipient encrypts nothing; only ReadRecipient and
// Private.Public make another.
type Recipient struct {
	id  string
	key *ecdsa.PublicKey
}

// point holds the members of an EC key that are read (RFC 7518 §6.2).
type point struct {
	Kty string  `json:"kty"`
	Crv string  `json:"crv"`
	X   string  `json:"x"`
	Y   string  `json:"y"`
	D   string  `json:"d,omitempty"`
	Kid string  `json:"kid,omitempty"`
	Alg *string `json:"alg,omitempty"`
	Use *string `json:"use,omitempty"`
}

// ReadRecipient reads a JWK that others sent, to encrypt to: an EC key on P-256 with alg ECDH-ES, use
// enc and kid, of which any may be absent (OpenID4VP 1.0 §8.3 wants alg and kid, which is
// the caller's affair). A private member is key.private_material, another alg or use key.ambiguous,
// a key of another kind or off its curve key.weak.
func ReadRecipient(jwk []byte) (Recipient, error) {
	p, err := parsePoint(jwk)
	if err != nil {
		return Recipient{}, err
	}
	if p.Alg != nil && *p.Alg != Algorithm || p.Use != nil && *p.Use != "enc" {
		return Recipient{}, reason.New(reason.KeyAmbiguous, "the key is for another algorithm or use")
	}
	if len(p.Kid) > MaxKeyID {
		return Recipient{}, reason.New(reason.KeyAmbiguous, "kid is too long")
	}
	k, err := p.public()
	if err != nil {
		return Recipient{}, err
	}
	return Recipient{id: p.Kid, key: k}, nil
}

// IsZero reports whether r is the zero Recipient.
func (r Recipient) IsZero() bool { return r.key == nil }

// KeyID returns the kid, "" where the key has none.
func (r Recipient) KeyID() string { return r.id }

// JWK writes the key with kid, alg ECDH-ES and use enc, nil for the zero Recipient.
func (r Recipient) JWK() []byte {
	if r.IsZero() {
		return nil
	}
	return r.point().marshal()
}

func (r Recipient) point() point {
	raw, err := r.key.Bytes()
	if err != nil {
		panic(err) // only readers make one, and they hold it to its curve
	}
	alg, use := Algorithm, "enc"
	x, y := raw[1:1+coordinate], raw[1+coordinate:]
	return point{Kty: "EC", Crv: "P-256", X: encode(x), Y: encode(y), Kid: r.id, Alg: &alg, Use: &use}
}

// Private is a key to decrypt with. It prints and logs as "[private key]"; Bytes alone gives the
// key out. The zero Private decrypts nothing.
type Private struct {
	id  string
	key *ecdsa.PrivateKey
}

// Generate makes a key out of random, with the name kid. It is an error if random is nil or fails.
func Generate(random io.Reader, kid string) (*Private, error) {
	if random == nil {
		return nil, reason.New(reason.InternalIndeterminate, "jwe: no random source")
	}
	for range maxDraws {
		var scalar [coordinate]byte
		if _, err := io.ReadFull(random, scalar[:]); err != nil {
			return nil, err
		}
		if k, err := newPrivate(scalar[:], kid); err == nil {
			return k, nil // the scalar is in range, which fails once in 2^32 draws
		}
	}
	return nil, reason.New(reason.InternalIndeterminate, "jwe: the random source gives no scalar")
}

// maxDraws is how often a scalar is drawn before a random source is taken for broken.
const maxDraws = 16

func newPrivate(scalar []byte, kid string) (*Private, error) {
	k, err := ecdh.P256().NewPrivateKey(scalar)
	if err != nil {
		return nil, err
	}
	signing, err := ecdsa.ParseUncompressedPublicKey(curve(), k.PublicKey().Bytes())
	if err != nil {
		return nil, err
	}
	full, err := ecdsa.ParseRawPrivateKey(curve(), scalar)
	if err != nil || !full.PublicKey.Equal(signing) || len(kid) > MaxKeyID {
		return nil, reason.Wrap(reason.KeyWeak, "not a key of P-256", err)
	}
	return &Private{id: kid, key: full}, nil
}

// ReadPrivate reads what Bytes wrote; anything else is key.weak.
func ReadPrivate(raw []byte) (*Private, error) {
	var p point
	if err := strictjson.UnmarshalClosed(raw, &p); err != nil {
		return nil, reason.Wrap(reason.KeyWeak, "not a private key", err)
	}
	scalar, err := jose.AppendDecode(nil, []byte(p.D))
	if err != nil || len(scalar) != coordinate {
		return nil, reason.Wrap(reason.KeyWeak, "not a private key", err)
	}
	k, err := newPrivate(scalar, p.Kid)
	if err != nil {
		return nil, reason.Wrap(reason.KeyWeak, "not a private key", err)
	}
	public, err := p.public()
	if err != nil || !k.key.PublicKey.Equal(public) {
		return nil, reason.Wrap(reason.KeyWeak, "the halves of a key do not fit", err)
	}
	return k, nil
}

// Bytes returns p as a JWK with its private member, for a file that is encrypted at rest; nil for
// the zero Private.
func (p *Private) Bytes() []byte {
	if p == nil || p.key == nil {
		return nil
	}
	scalar, err := p.key.Bytes()
	if err != nil {
		panic(err) // only newPrivate makes one
	}
	out := p.Public().point()
	out.D = encode(scalar)
	return out.marshal()
}

// Public returns the key that others encrypt to, the zero Recipient for the zero Private.
func (p *Private) Public() Recipient {
	if p == nil || p.key == nil {
		return Recipient{}
	}
	return Recipient{id: p.id, key: &p.key.PublicKey}
}

// Format hides the key from every verb of fmt.
func (Private) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue hides the key from logs.
func (Private) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the key from encoders.
func (Private) MarshalText() ([]byte, error) { return []byte(hidden), nil }

const hidden = "[private key]"
