// SPDX-License-Identifier: Apache-2.0

package key_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"math/big"
	"testing"

	"github.com/behalf-id/behalf/key"
)

func rawES256(b *testing.B) (k *ecdsa.PrivateKey, digest, der []byte) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	d := sha256.Sum256([]byte("message"))
	der, err = ecdsa.SignASN1(rand.Reader, k, d[:])
	if err != nil {
		b.Fatal(err)
	}
	return k, d[:], der
}

// BenchmarkRawVerifyES256 is the limit: a ready digest, key and DER signature.
func BenchmarkRawVerifyES256(b *testing.B) {
	k, digest, der := rawES256(b)
	b.ReportAllocs()
	for b.Loop() {
		if !ecdsa.VerifyASN1(&k.PublicKey, digest, der) {
			b.Fatal("refused")
		}
	}
}

// BenchmarkRawVerifyES256BigInt is the library's other way in, which Verify does not take.
func BenchmarkRawVerifyES256BigInt(b *testing.B) {
	k, digest, _ := rawES256(b)
	r, s, err := ecdsa.Sign(rand.Reader, k, digest)
	if err != nil {
		b.Fatal(err)
	}
	raw := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	b.ReportAllocs()
	for b.Loop() {
		if !ecdsa.Verify(&k.PublicKey, digest, new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])) {
			b.Fatal("refused")
		}
	}
}

func BenchmarkRawSignES256(b *testing.B) {
	k, digest, _ := rawES256(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ecdsa.SignASN1(rand.Reader, k, digest); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRawVerifyEdDSA(b *testing.B) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	sig := ed25519.Sign(priv, []byte("message"))
	b.ReportAllocs()
	for b.Loop() {
		if !ed25519.Verify(pub, []byte("message"), sig) {
			b.Fatal("refused")
		}
	}
}

func BenchmarkRawSignEdDSA(b *testing.B) {
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		ed25519.Sign(priv, []byte("message"))
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range algorithms {
		b.Run(string(alg), func(b *testing.B) {
			k := generate(b, alg)
			sig, err := k.Sign(b.Context(), []byte("message"))
			if err != nil {
				b.Fatal(err)
			}
			if k.Public().Verify([]byte("messagf"), sig) == nil {
				b.Fatal("a forgery passed")
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := k.Public().Verify([]byte("message"), sig); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSign(b *testing.B) {
	for _, alg := range algorithms {
		b.Run(string(alg), func(b *testing.B) {
			k := generate(b, alg)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Sign(b.Context(), []byte("message")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkReadJWK is what one holder key costs, its point checked.
func BenchmarkReadJWK(b *testing.B) {
	for _, alg := range algorithms {
		b.Run(string(alg), func(b *testing.B) {
			j := generate(b, alg).Public().JWK()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := j.Public(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

var _ key.Signer = (*key.Private)(nil)
