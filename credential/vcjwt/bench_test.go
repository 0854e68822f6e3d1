// SPDX-License-Identifier: Apache-2.0

package vcjwt

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

// What is measured is full verification but for status bit, validity window and policy, which
// belong to the verifier. Run with -cpu 1 and compare with the Raw lines of the same run.

const distinct = 1024 // presentations that a cold run goes through

func BenchmarkRawVerifyES256Pair(b *testing.B) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	d := sha256.Sum256([]byte("limit"))
	r, s, err := ecdsa.Sign(rand.Reader, k, d[:])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !ecdsa.Verify(&k.PublicKey, d[:], r, s) || !ecdsa.Verify(&k.PublicKey, d[:], r, s) {
			b.Fatal("refused")
		}
	}
}

func BenchmarkRawSignES256(b *testing.B) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	d := sha256.Sum256([]byte("limit"))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := ecdsa.Sign(rand.Reader, k, d[:]); err != nil {
			b.Fatal(err)
		}
	}
}

func pool(b *testing.B, w *fixture.World, f *Format) [][]byte {
	b.Helper()
	ctx := context.Background()
	out := make([][]byte, distinct)
	for i := range out {
		w.Holder = fixture.NewHolder(b, key.ES256)
		raw, err := f.Seal(ctx, fixture.Bitstring(w.Delegation(b)), w.Issuer)
		if err != nil {
			b.Fatal(err)
		}
		if out[i], err = f.Present(ctx, credential.Selection{Raw: raw}, w.Binding, w.Holder); err != nil {
			b.Fatal(err)
		}
		if _, _, err := f.OpenPresentation(ctx, out[i], w.Binding, w.Keys); err != nil {
			b.Fatal(err)
		}
	}
	return out
}

func mustRefuse(b *testing.B, f *Format, w *fixture.World, raw []byte) {
	b.Helper()
	proof, body := bytes.Clone(raw), bytes.Clone(raw)
	proof[len(proof)-3] ^= 1
	body[len(body)/2] ^= 1
	other := w.Binding
	other.Nonce += "x"
	_, _, err1 := f.OpenPresentation(context.Background(), proof, w.Binding, w.Keys)
	_, _, err2 := f.OpenPresentation(context.Background(), body, w.Binding, w.Keys)
	_, _, err3 := f.OpenPresentation(context.Background(), raw, other, w.Keys)
	if err1 == nil || err2 == nil || err3 == nil {
		b.Fatal("a forgery passes")
	}
}

func BenchmarkVerifyPresentationVCJWTES256Cold(b *testing.B) {
	w, f := fixture.New(b, key.ES256), newFormat(b)
	all := pool(b, w, f)
	mustRefuse(b, f, w, all[0])
	ctx := context.Background()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%distinct == 0 {
			b.StopTimer()
			f.cache = newFormat(b).cache // seen by nobody again
			b.StartTimer()
		}
		if _, err := credential.OpenPresentation(ctx, f, all[i%distinct], w.Binding, w.Keys); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIssueVCJWTES256(b *testing.B) {
	w, f := fixture.New(b, key.ES256), newFormat(b)
	c := fixture.Bitstring(w.Delegation(b))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Seal(context.Background(), c, w.Issuer); err != nil {
			b.Fatal(err)
		}
	}
}
