// SPDX-License-Identifier: Apache-2.0

// Package multiformat reads and writes multibase text and public keys in Multikey form.
package multiformat

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math/big"

	"github.com/multiformats/go-multibase"
	"github.com/multiformats/go-multicodec"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Bounds on what is decoded. Base58 takes time that grows with the square of the length.
const (
	MaxKey  = 135     // characters of a key; the longest that is told by its kind, BLS12-381 in G2, has as many
	MaxText = 4 << 10 // characters of any other multibase text
)

// Base is a multibase encoding, by its prefix (Controlled Identifiers 1.0 §2.4).
// The zero Base encodes and decodes nothing.
type Base rune

// The bases that are read and written.
const (
	Base58BTC Base = multibase.Base58BTC
	Base64URL Base = multibase.Base64url
)

// ErrMultibase says that a text is not what the base wanted writes.
var ErrMultibase = errors.New("multiformat: not multibase of the base wanted")

// ErrKeyType is in the chain of a refusal of a key whose multicodec prefix is not that of a key
// type in use: it may be a good key of another kind.
var ErrKeyType = errors.New("multiformat: not a key type in use")

// Encode writes raw in base, with its prefix. Another base than those above is ErrMultibase.
func Encode(base Base, raw []byte) (string, error) {
	if base != Base58BTC && base != Base64URL {
		return "", ErrMultibase
	}
	return multibase.Encode(multibase.Encoding(base), raw)
}

// Decode reads s, of at most MaxText characters, which must be in base and have the one form
// that Encode writes. Everything else is ErrMultibase.
func Decode(base Base, s string) ([]byte, error) {
	if len(s) < 2 || len(s) > MaxText || Base(s[0]) != base {
		return nil, ErrMultibase
	}
	_, raw, err := multibase.Decode(s)
	if err != nil {
		return nil, ErrMultibase
	}
	// The library's base64url passes over line breaks and stray low bits.
	if again, err := Encode(base, raw); err != nil || again != s {
		return nil, ErrMultibase
	}
	return raw, nil
}

// EncodeKey writes k as a Multikey value: base58btc of the multicodec prefix and the raw Ed25519
// key or the compressed point (Controlled Identifiers 1.0 §2.2.2). The zero Public is key.weak.
func EncodeKey(k key.Public) (string, error) {
	j := k.JWK()
	switch k.Algorithm() {
	case key.EdDSA:
		return prefixed(multicodec.Ed25519Pub, nil, j.X)
	case key.ES256:
		return prefixed(multicodec.P256Pub, sign(j.Y), j.X)
	case key.ES384:
		return prefixed(multicodec.P384Pub, sign(j.Y), j.X)
	}
	return "", reason.New(reason.KeyWeak, "there is no key to write")
}

// DecodeKey reads a Multikey value of an Ed25519, P-256 or P-384 public key. A text that is not
// base58btc with its z, another multicodec prefix (ErrKeyType), a key of another length than its
// prefix says and a point that is not on its curve are key.weak.
func DecodeKey(s string) (key.Public, error) {
	if len(s) > MaxKey {
		return key.Public{}, reason.New(reason.KeyWeak, "multibase key is too long")
	}
	raw, err := Decode(Base58BTC, s)
	if err != nil {
		return key.Public{}, reason.Wrap(reason.KeyWeak, "multibase key is not base58btc", err)
	}
	codec, n := binary.Uvarint(raw)
	if n <= 0 || len(binary.AppendUvarint(nil, codec)) != n {
		return key.Public{}, reason.New(reason.KeyWeak, "multicodec prefix is not a shortest varint")
	}
	switch multicodec.Code(codec) {
	case multicodec.Ed25519Pub:
		return key.New(ed25519.PublicKey(raw[n:]))
	case multicodec.P256Pub:
		return point(elliptic.P256(), raw[n:])
	case multicodec.P384Pub:
		return point(elliptic.P384(), raw[n:])
	}
	return key.Public{}, reason.Wrap(reason.KeyWeak, "multicodec prefix of another kind of key", ErrKeyType)
}

// prefixed writes codec, sign and the coordinate x, which is base64url as key.JWK has it.
func prefixed(codec multicodec.Code, sign []byte, x string) (string, error) {
	coordinate, err := base64.RawURLEncoding.DecodeString(x)
	if err != nil {
		return "", err
	}
	raw := binary.AppendUvarint(make([]byte, 0, 64), uint64(codec))
	return Encode(Base58BTC, append(append(raw, sign...), coordinate...))
}

// sign returns the first byte of a compressed point, which says whether y is odd (SEC 1 §2.3.3).
func sign(y string) []byte {
	raw, err := base64.RawURLEncoding.DecodeString(y)
	if err != nil || len(raw) == 0 {
		return nil
	}
	return []byte{2 + raw[len(raw)-1]&1}
}

// point reads a compressed point; its length must be that of the curve.
func point(c elliptic.Curve, compressed []byte) (key.Public, error) {
	x, y := elliptic.UnmarshalCompressed(c, compressed)
	if x == nil {
		return key.Public{}, reason.New(reason.KeyWeak, "not a compressed point of its curve")
	}
	k, err := ecdsa.ParseUncompressedPublicKey(c, uncompressed(x, y, len(compressed)-1))
	if err != nil {
		return key.Public{}, reason.Wrap(reason.KeyWeak, "not a point of its curve", err)
	}
	return key.New(k)
}

func uncompressed(x, y *big.Int, size int) []byte {
	out := make([]byte, 1+2*size)
	out[0] = 4
	x.FillBytes(out[1 : 1+size])
	y.FillBytes(out[1+size:])
	return out
}
