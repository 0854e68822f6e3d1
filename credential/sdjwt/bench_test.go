// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/key"
)

// What is measured here is full verification but for status bit, validity window and policy,
// which belong to the verifier: holder proof over nonce and audience, issuer signature, key of
// the issuer and of the holder from documents in memory, every disclosure digest, strict JSON, the
// closed form. Run with -cpu 1 and compare with the Raw lines of the same run.

// distinct is how many presentations a cold run goes through.
const distinct = 1024

// pool is presentations of distinct credentials to distinct holders.
func pool(b *testing.B, w *fixture.World, f *Format) [][]byte {
	b.Helper()
	out := make([][]byte, distinct)
	for i := range out {
		w.Holder = fixture.NewHolder(b, key.ES256)
		s := five
		s.Raw = seal(b, f, w, fixture.Token(w.Delegation(b)))
		out[i] = fatal[[]byte](b)(f.Present(context.Background(), s, w.Binding, w.Holder))
		if _, _, err := f.OpenPresentation(context.Background(), out[i], w.Binding, w.Keys); err != nil {
			b.Fatal(err)
		}
	}
	return out
}

// mustRefuse fails unless f refuses the forgeries of performance.md §1.
func mustRefuse(b *testing.B, f *Format, w *fixture.World, raw []byte) {
	b.Helper()
	proof, issuer := bytes.Clone(raw), bytes.Clone(raw)
	proof[len(proof)-3] ^= 1
	issuer[bytes.IndexByte(issuer, '~')-3] ^= 1
	foreign := bytes.Replace(raw, []byte("~"), []byte("~WyJzYWx0c2FsdHNhbHRzYWx0c2EiLHt9XQ~"), 1)
	for _, forged := range [][]byte{proof, issuer, foreign} {
		if _, _, err := f.OpenPresentation(context.Background(), forged, w.Binding, w.Keys); err == nil {
			b.Fatal("a forgery passes")
		}
	}
	other := w.Binding
	other.Nonce += "x"
	if _, _, err := f.OpenPresentation(context.Background(), raw, other, w.Keys); err == nil {
		b.Fatal("a foreign nonce passes")
	}
}

// rawES256 is all that the limit has ready: a key, a digest and a signature as the library takes it.
func rawES256(b *testing.B) (k *ecdsa.PrivateKey, digest, signature []byte) {
	b.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	d := sha256.Sum256([]byte("limit"))
	if signature, err = ecdsa.SignASN1(rand.Reader, k, d[:]); err != nil {
		b.Fatal(err)
	}
	return k, d[:], signature
}

func BenchmarkRawVerifyES256(b *testing.B) { rawVerify(b, 1) }

func BenchmarkRawVerifyES256Pair(b *testing.B) { rawVerify(b, 2) }

func rawVerify(b *testing.B, times int) {
	k, digest, signature := rawES256(b)
	b.ReportAllocs()
	for b.Loop() {
		for range times {
			if !ecdsa.VerifyASN1(&k.PublicKey, digest, signature) {
				b.Fatal("refused")
			}
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

func BenchmarkVerifyPresentationSDJWTES256Cold(b *testing.B) {
	w := fixture.New(b, key.ES256)
	f := newFormat(b, w)
	all := pool(b, w, f)
	f.cache = newFormat(b, w).cache
	mustRefuse(b, f, w, all[0])
	ctx := context.Background()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%distinct == 0 {
			b.StopTimer()
			f.cache = newFormat(b, w).cache // seen by nobody again
			b.StartTimer()
		}
		if _, err := credential.OpenPresentation(ctx, f, all[i%distinct], w.Binding, w.Keys); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyPresentationSDJWTES256Warm(b *testing.B) {
	w := fixture.New(b, key.ES256)
	f := newFormat(b, w)
	all := pool(b, w, f)
	mustRefuse(b, f, w, all[0])
	ctx := context.Background()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := credential.OpenPresentation(ctx, f, all[i%distinct], w.Binding, w.Keys); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkIssueSDJWTES256(b *testing.B) {
	w := fixture.New(b, key.ES256)
	f := newFormat(b, w)
	c := fixture.Token(w.Delegation(b))
	raw := seal(b, f, w, c)
	if n := bytes.Count(raw, []byte("~")); n != 11 {
		b.Fatal("not ten disclosures but ", n-1)
	}
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Seal(ctx, c, w.Issuer); err != nil {
			b.Fatal(err)
		}
	}
}
