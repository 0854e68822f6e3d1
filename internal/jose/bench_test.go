// SPDX-License-Identifier: Apache-2.0

package jose_test

import (
	"bytes"
	"testing"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
)

func sample(b *testing.B, alg key.Algorithm) ([]byte, []byte, *key.Private) {
	k := generate(b, alg)
	payload := bytes.Repeat([]byte(`{"a":1}`), 140) // about 1 kB
	token, err := jose.Sign(b.Context(), jose.Header{Type: "vc+jwt", KeyID: "did:web:practice.example#k1"}, payload, k)
	if err != nil {
		b.Fatal(err)
	}
	return token, payload, k
}

// BenchmarkParse is all of a token but its signature.
func BenchmarkParse(b *testing.B) {
	token, _, _ := sample(b, key.ES256)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := jose.Parse(token, credential); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRawVerifyES256 is the key alone over the same bytes, digest included.
func BenchmarkRawVerifyES256(b *testing.B) { benchmarkRawVerify(b, key.ES256) }

// BenchmarkRawVerifyEdDSA is the key alone over the same bytes.
func BenchmarkRawVerifyEdDSA(b *testing.B) { benchmarkRawVerify(b, key.EdDSA) }

func benchmarkRawVerify(b *testing.B, alg key.Algorithm) {
	token, _, k := sample(b, alg)
	signed := token[:bytes.LastIndexByte(token, '.')]
	sig, err := jose.AppendDecode(nil, token[len(signed)+1:])
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := k.Public().Verify(signed, sig); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range algorithms {
		b.Run(string(alg), func(b *testing.B) {
			token, _, k := sample(b, alg)
			if _, err := open(token, credential, generate(b, alg).Public()); err == nil {
				b.Fatal("a foreign key passed")
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := open(token, credential, k.Public()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSign(b *testing.B) {
	for _, alg := range algorithms {
		b.Run(string(alg), func(b *testing.B) {
			_, payload, k := sample(b, alg)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := jose.Sign(b.Context(), jose.Header{Type: "vc+jwt", KeyID: "did:web:practice.example#k1"}, payload, k); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPeriodFlood(b *testing.B) {
	flood := append([]byte("a"), bytes.Repeat([]byte("."), 1_000_000)...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := jose.Parse(flood, credential); err == nil {
			b.Fatal("accepted")
		}
	}
}
