// SPDX-License-Identifier: Apache-2.0

package didkey_test

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/cloudflare/circl/ecc/bls12381"
	"github.com/google/go-cmp/cmp"
	"github.com/multiformats/go-multicodec"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func describe(s string, o did.Options) (did.Description, error) {
	id, err := did.Parse(s)
	if err != nil {
		return did.Description{}, err
	}
	return didkey.New().(did.Describer).Describe(context.Background(), id, o)
}

func encode(t *testing.T, codec multicodec.Code, raw []byte) string {
	t.Helper()
	s, err := multiformat.Encode(multiformat.Base58BTC, append(binary.AppendUvarint(nil, uint64(codec)), raw...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The document of a key for signatures, in both forms, is the one that Resolve acts on.
func TestDescribe(t *testing.T) {
	for _, alg := range []key.Algorithm{key.EdDSA, key.ES256, key.ES384} {
		k := generate(t, alg).Public()
		id, u := didkey.FromKey(k)
		for _, form := range []did.MethodType{"", did.Multikey, did.JSONWebKey} {
			for _, s := range []string{id.String(), "did:key:1:" + id.ID(), "did:key:12:" + id.ID()} {
				got, err := describe(s, did.Options{Type: form})
				if err != nil {
					t.Fatalf("%s %s: %v", s, form, err)
				}
				own, err := did.Parse(s)
				if err != nil {
					t.Fatal(err)
				}
				d, err := did.ReadDocument(got.Document, own, start())
				if err != nil {
					t.Fatalf("%s: %v", got.Document, err)
				}
				acted, err := didkey.New().Resolve(t.Context(), own)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(acted.Purposes, d.Purposes); diff != "" || !d.Methods[0].Key.Equal(k) || d.Methods[0].ID.Fragment() != u.Fragment() {
					t.Errorf("%s: %s", got.Document, diff)
				}
				var w struct {
					Context []string `json:"@context"`
					Methods []struct {
						Type     string
						Multikey string  `json:"publicKeyMultibase"`
						JWK      key.JWK `json:"publicKeyJwk"`
					} `json:"verificationMethod"`
				}
				if err := json.Unmarshal(got.Document, &w); err != nil {
					t.Fatal(err)
				}
				m := w.Methods[0]
				if form == did.JSONWebKey && (m.Type != "JsonWebKey" || m.JWK != k.JWK() || m.Multikey != "" || w.Context[1] != "https://w3id.org/security/jwk/v1") ||
					form != did.JSONWebKey && (m.Type != "Multikey" || m.Multikey != id.ID() || m.JWK.X != "" || w.Context[1] != "https://w3id.org/security/multikey/v1") ||
					w.Context[0] != "https://www.w3.org/ns/did/v1" {
					t.Errorf("%s", got.Document)
				}
			}
		}
	}
}

// members is what is looked at in a document with a key for agreement.
type members struct {
	Methods []struct {
		ID       string
		Multikey string  `json:"publicKeyMultibase"`
		JWK      key.JWK `json:"publicKeyJwk"`
	} `json:"verificationMethod"`
	Agreement      []string `json:"keyAgreement"`
	Authentication []string `json:"authentication"`
	Assertion      []string `json:"assertionMethod"`
}

func described(t *testing.T, s string, o did.Options) (m members) {
	t.Helper()
	got, err := describe(s, o)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	if err := json.Unmarshal(got.Document, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// The derived key is the one that the holder of the Ed25519 key can agree with.
func TestDescribeDerived(t *testing.T) {
	for range 20 {
		private := generate(t, key.EdDSA)
		seed, err := base64.RawURLEncoding.DecodeString(private.JWK().D)
		if err != nil {
			t.Fatal(err)
		}
		digest := sha512.Sum512(seed) // RFC 8032 §5.1.5: its first half is the scalar
		same, err := ecdh.X25519().NewPrivateKey(digest[:32])
		if err != nil {
			t.Fatal(err)
		}
		want := encode(t, multicodec.X25519Pub, same.PublicKey().Bytes())
		id, _ := didkey.FromKey(private.Public())
		m := described(t, id.String(), did.Options{EncryptionKey: true})
		if len(m.Methods) != 2 || m.Methods[1].Multikey != want || len(m.Agreement) != 1 || m.Agreement[0] != id.String()+"#"+want {
			t.Fatalf("%+v, want %s", m, want)
		}
		m = described(t, id.String(), did.Options{EncryptionKey: true, Type: did.JSONWebKey})
		if x := base64.RawURLEncoding.EncodeToString(same.PublicKey().Bytes()); m.Methods[1].JWK != (key.JWK{Kty: "OKP", Crv: "X25519", X: x}) {
			t.Fatalf("%+v, want %s", m, x)
		}
		if m := described(t, id.String(), did.Options{}); len(m.Agreement) != 0 || len(m.Methods) != 1 {
			t.Fatalf("derived without being asked: %+v", m)
		}
	}
	id, _ := didkey.FromKey(generate(t, key.ES256).Public())
	if m := described(t, id.String(), did.Options{EncryptionKey: true}); len(m.Agreement) != 0 || len(m.Methods) != 1 {
		t.Errorf("P-256: %+v", m)
	}
}

func TestDescribeOtherKinds(t *testing.T) {
	x, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := encode(t, multicodec.X25519Pub, x.PublicKey().Bytes())
	if !strings.HasPrefix(text, "z6LS") {
		t.Errorf("X25519 is %s", text)
	}
	m := described(t, "did:key:"+text, did.Options{})
	if len(m.Agreement) != 1 || m.Agreement[0] != "did:key:"+text+"#"+text || len(m.Authentication)+len(m.Assertion) != 0 {
		t.Errorf("%+v", m)
	}
	bls := encode(t, multicodec.Bls12_381G2Pub, bls12381.G2Generator().BytesCompressed())
	if !strings.HasPrefix(bls, "zUC7") {
		t.Errorf("BLS12-381 is %s", bls)
	}
	if m := described(t, "did:key:"+bls, did.Options{}); len(m.Assertion) != 1 || len(m.Agreement) != 0 || m.Methods[0].Multikey != bls {
		t.Errorf("%+v", m)
	}
	ed, _ := didkey.FromKey(generate(t, key.EdDSA).Public())
	for name, c := range map[string]struct {
		s string
		o did.Options
	}{
		"BLS12-381 as a JWK": {"did:key:" + bls, did.Options{Type: did.JSONWebKey}},
		"another form":       {ed.String(), did.Options{Type: "Ed25519VerificationKey2020"}},
		"a version":          {ed.String(), did.Options{VersionNumber: 1}},
	} {
		if _, err := describe(c.s, c.o); reason.Of(err) != reason.DIDMethodUnsupported || !errors.Is(err, did.ErrFeature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDescribeRefuses(t *testing.T) {
	generator := bls12381.G2Generator().BytesCompressed()
	off := append([]byte{}, generator...)
	off[95] ^= 1
	infinity := append([]byte{0xc0}, make([]byte, 95)...)
	for name, s := range map[string]string{
		"X25519, short":       encode(t, multicodec.X25519Pub, make([]byte, 31)),
		"X25519, zero":        encode(t, multicodec.X25519Pub, make([]byte, 32)),
		"X25519, small order": encode(t, multicodec.X25519Pub, append([]byte{1}, make([]byte, 31)...)),
		"BLS12-381, short":    encode(t, multicodec.Bls12_381G2Pub, generator[:95]),
		"BLS12-381, long":     encode(t, multicodec.Bls12_381G2Pub, append(append([]byte{}, generator...), 0)),
		"BLS12-381, off":      encode(t, multicodec.Bls12_381G2Pub, off),
		"BLS12-381, infinity": encode(t, multicodec.Bls12_381G2Pub, infinity),
		"BLS12-381 on G1":     encode(t, multicodec.Bls12_381G1Pub, generator[:48]),
		"secp256k1":           encode(t, multicodec.Secp256k1Pub, make([]byte, 33)),
		"Ed25519, short":      encode(t, multicodec.Ed25519Pub, make([]byte, 31)),
		"too long":            "z" + strings.Repeat("2", 200),
		"another base":        "uAAAA",
		"nothing":             "z",
	} {
		if d, err := describe("did:key:"+s, did.Options{}); reason.Of(err) != reason.DIDKeyInvalid || d.Document != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := describe("did:web:h.test", did.Options{}); reason.Of(err) != reason.DIDMethodUnsupported {
		t.Errorf("did:web: %v", err)
	}
}
