// SPDX-License-Identifier: Apache-2.0

package didkey

import (
	"context"
	"crypto/ecdh"
	"encoding/base64"
	"encoding/binary"
	"math/big"
	"slices"

	"github.com/cloudflare/circl/ecc/bls12381"
	"github.com/multiformats/go-multicodec"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// maxText is the number of characters of the longest key that is described, BLS12-381 on G2.
const maxText = 138

// Describe implements did.Describer. Beside the keys of Resolve it describes X25519 ones, which
// are for keyAgreement alone, and those of BLS12-381 on G2, which verify selective disclosures.
// Keys are written as Multikey, or as JsonWebKey if o says so; then a key of BLS12-381 is
// did.method_unsupported, as is another type. With o.EncryptionKey an Ed25519 key is
// accompanied by the X25519 key that it is on the other form of its curve (RFC 7748 §4.1).
func (resolver) Describe(_ context.Context, id did.DID, o did.Options) (did.Description, error) {
	if o.Versioned() || o.Type != "" && o.Type != did.Multikey && o.Type != did.JSONWebKey {
		return did.Description{}, did.Unsupported("did:key has no versions, and keys in two forms")
	}
	text, err := multikey(id)
	if err != nil {
		return did.Description{}, err
	}
	own, raw, err := material(text)
	if err != nil {
		return did.Description{}, err
	}
	all := []did.Material{own}
	if o.EncryptionKey && own.JWK != nil && raw != nil {
		agreement, err := montgomery(raw)
		if err != nil {
			return did.Description{}, invalid(err)
		}
		all = append(all, agreement)
	}
	for i := range all {
		if o.Type == did.JSONWebKey {
			all[i].Multibase = ""
		} else {
			all[i].JWK = nil
		}
	}
	if all[0].Multibase == "" && all[0].JWK == nil {
		return did.Description{}, did.Unsupported("a key of this kind has no JWK")
	}
	doc, err := did.Compose(id, all...)
	return did.Description{Document: doc}, err
}

// material returns the key that text is in both its forms, and the octets of an Ed25519 one.
func material(text string) (did.Material, []byte, error) {
	m := did.Material{Fragment: text, Multibase: text, Relationships: []did.Relationship{
		did.Authentication, did.AssertionMethod, did.CapabilityDelegation, did.CapabilityInvocation,
	}}
	if k, err := multiformat.DecodeKey(text); err == nil {
		j := k.JWK()
		if m.JWK, err = strictjson.Marshal(j); err != nil || k.Algorithm() != key.EdDSA {
			return m, nil, err
		}
		raw, err := base64.RawURLEncoding.DecodeString(j.X)
		return m, raw, err
	}
	if len(text) > maxText {
		return m, nil, reason.New(reason.DIDKeyInvalid, "the did:key is longer than any key")
	}
	raw, err := multiformat.Decode(multiformat.Base58BTC, text)
	if err != nil {
		return m, nil, invalid(err)
	}
	codec, n := binary.Uvarint(raw)
	if n <= 0 || len(binary.AppendUvarint(nil, codec)) != n {
		return m, nil, reason.New(reason.DIDKeyInvalid, "multicodec prefix is not a shortest varint")
	}
	switch multicodec.Code(codec) {
	case multicodec.X25519Pub:
		m, err = agreement(raw[n:])
		return m, nil, err
	case multicodec.Bls12_381G2Pub:
		var point bls12381.G2
		if len(raw[n:]) != bls12381.G2SizeCompressed || point.SetBytes(raw[n:]) != nil || point.IsIdentity() {
			return m, nil, reason.New(reason.DIDKeyInvalid, "not a point of BLS12-381")
		}
		return m, nil, nil
	}
	return m, nil, reason.New(reason.DIDKeyInvalid, "multicodec prefix of another kind of key")
}

// agreement returns an X25519 key in both its forms. One of another length, or that agrees on zero
// with everybody (RFC 7748 §6.1), is did.key_invalid.
func agreement(u []byte) (did.Material, error) {
	k, err := ecdh.X25519().NewPublicKey(u)
	if err != nil {
		return did.Material{}, invalid(err)
	}
	anybody, err := ecdh.X25519().NewPrivateKey(append(make([]byte, 31), 64))
	if err != nil {
		return did.Material{}, err
	}
	if _, err := anybody.ECDH(k); err != nil {
		return did.Material{}, invalid(err)
	}
	text, err := multiformat.Encode(multiformat.Base58BTC, append(binary.AppendUvarint(nil, uint64(multicodec.X25519Pub)), u...))
	if err != nil {
		return did.Material{}, err
	}
	jwk, err := strictjson.Marshal(key.JWK{Kty: "OKP", Crv: "X25519", X: base64.RawURLEncoding.EncodeToString(u)})
	return did.Material{Fragment: text, Multibase: text, JWK: jwk, Relationships: []did.Relationship{did.KeyAgreement}}, err
}

// montgomery returns the X25519 key of the Ed25519 key raw: u = (1 + y) / (1 - y) modulo 2^255 - 19.
func montgomery(raw []byte) (did.Material, error) {
	octets := slices.Clone(raw)
	slices.Reverse(octets)
	octets[0] &= 0x7f // the sign of x
	one := big.NewInt(1)
	p := new(big.Int).Sub(new(big.Int).Lsh(one, 255), big.NewInt(19))
	y := new(big.Int).SetBytes(octets)
	inverse := new(big.Int).ModInverse(new(big.Int).Mod(new(big.Int).Sub(one, y), p), p)
	if inverse == nil {
		return did.Material{}, reason.New(reason.KeyWeak, "the key has no other form")
	}
	u := new(big.Int).Mul(new(big.Int).Add(one, y), inverse)
	out := u.Mod(u, p).FillBytes(make([]byte, 32))
	slices.Reverse(out)
	return agreement(out)
}
