// SPDX-License-Identifier: Apache-2.0

package bbs

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"strings"

	"github.com/cloudflare/circl/ecc/bls12381"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// prefix is the multicodec prefix of a BLS12-381 public key in G2 (Controlled Identifiers 1.0
// §2.2.2).
const prefix = "\xeb\x01"

// MinMaterial is the least number of bytes that a key is made of.
const MinMaterial = 32

// Public is a BBS public key: a point of G2 in its group, not the identity. Only ParsePublic,
// PublicOf and a Key make one; the zero Public verifies nothing.
type Public struct {
	raw   []byte
	point *bls12381.G2
}

// ParsePublic reads a Multikey of a BLS12-381 key, which begins with zUC7. Anything else is
// key.weak: a compressed point of another length or prefix, one off the curve or out of the group
// of the right order, and the identity.
func ParsePublic(multikey string) (Public, error) {
	if len(multikey) > multiformat.MaxKey {
		return Public{}, reason.New(reason.KeyWeak, "not a BLS12-381 key")
	}
	raw, err := multiformat.Decode(multiformat.Base58BTC, multikey)
	rest, ok := bytes.CutPrefix(raw, []byte(prefix))
	if err != nil || !ok {
		return Public{}, reason.Wrap(reason.KeyWeak, "not a BLS12-381 key", err)
	}
	return readPublic(rest)
}

// readPublic reads a compressed point (draft-irtf-cfrg-bbs-signatures-08 §4.2.4.4).
func readPublic(raw []byte) (Public, error) {
	p := new(bls12381.G2)
	if len(raw) != publicSize || raw[0]&0x80 == 0 || p.SetBytes(raw) != nil || p.IsIdentity() || !p.IsOnG2() {
		return Public{}, reason.New(reason.KeyWeak, "not a BLS12-381 key")
	}
	return Public{raw: bytes.Clone(raw), point: p}, nil
}

// PublicOf reads the key out of the did:key that u belongs to, whose fragment must be the same
// key. Another DID method is did.method_unsupported; a malformed key is key.weak.
func PublicOf(u did.URL) (Public, error) {
	owner, fragment, _ := strings.Cut(u.String(), "#")
	text, ok := strings.CutPrefix(owner, "did:key:")
	if !ok {
		return Public{}, reason.New(reason.DIDMethodUnsupported, "BLS12-381 keys are taken from did:key")
	}
	if fragment != text {
		return Public{}, reason.New(reason.KeyWeak, "the fragment is not the key")
	}
	return ParsePublic(text)
}

// String returns the Multikey form, "" for the zero Public.
func (p Public) String() string {
	if p.point == nil {
		return ""
	}
	text, err := multiformat.Encode(multiformat.Base58BTC, append([]byte(prefix), p.raw...))
	if err != nil {
		return ""
	}
	return text
}

// Key is a BBS private key. It is a key.Signer, so that it fits where signers go, but signs lists
// of statements alone, through Suite.Create. It prints and logs as "[private key]". The zero Key
// signs nothing.
type Key struct {
	secret *scalar
	public []byte
}

var _ key.Signer = (*Key)(nil)

// NewKey derives a key from material, at least MinMaterial secret random bytes, and info, which
// may be empty (draft-irtf-cfrg-bbs-signatures-08 §3.4.1). Less material is key.weak.
func NewKey(material, info []byte) (*Key, error) {
	if len(material) < MinMaterial || len(info) > math.MaxUint16 {
		return nil, reason.New(reason.KeyWeak, "too little key material")
	}
	in := binary.BigEndian.AppendUint16(bytes.Clone(material), uint16(len(info)))
	return newKey(hashToScalar(append(in, info...), suiteID+"KEYGEN_DST_"))
}

// ReadKey reads the 32 bytes of a secret key. Zero, a number that is not below the order of the
// group and another length are key.weak.
func ReadKey(raw []byte) (*Key, error) {
	s := new(scalar)
	if len(raw) != scalarSize || s.UnmarshalBinary(raw) != nil {
		return nil, reason.New(reason.KeyWeak, "not a BLS12-381 secret key")
	}
	return newKey(s)
}

func newKey(s *scalar) (*Key, error) {
	if s.IsZero() == 1 {
		return nil, reason.New(reason.KeyWeak, "the zero key")
	}
	var p bls12381.G2
	p.ScalarMult(s, bls12381.G2Generator())
	return &Key{secret: s, public: p.BytesCompressed()}, nil
}

// Verifier returns the key that verifies what k signs, the zero Public for the zero Key.
func (k *Key) Verifier() Public {
	p, err := readPublic(k.public)
	if err != nil {
		return Public{}
	}
	return p
}

// Public returns the zero key.Public: key has no BLS12-381 keys. Verifier returns the real one.
func (k *Key) Public() key.Public { return key.Public{} }

// Sign refuses with di.suite: a BBS key signs lists of statements, not one message.
func (k *Key) Sign(context.Context, []byte) ([]byte, error) {
	return nil, reason.New(reason.DISuite, "a BBS key signs lists of statements alone")
}

// Format hides the key from every verb of fmt.
func (Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue hides the key from logs.
func (Key) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the key from encoders.
func (Key) MarshalText() ([]byte, error) { return []byte(hidden), nil }

const hidden = "[private key]"
