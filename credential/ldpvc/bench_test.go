// SPDX-License-Identifier: Apache-2.0

package ldpvc

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/key"
)

// What is measured is full verification of a credential and its presentation but for status bit,
// validity window and policy, which belong to the verifier. Run with -cpu 1 and compare with the
// Raw line of the same run.

const distinct = 1024 // presentations that a cold run goes through

// BenchmarkRawVerifyEdDSAPair is the limit: two signatures, of digests that are ready.
func BenchmarkRawVerifyEdDSAPair(b *testing.B) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	d := sha256.Sum256([]byte("limit"))
	signature := ed25519.Sign(private, d[:])
	b.ReportAllocs()
	for b.Loop() {
		for range 2 {
			if !ed25519.Verify(public, d[:], signature) {
				b.Fatal("refused")
			}
		}
	}
}

func pool(b *testing.B, w *fixture.World, f *Format, n int) [][]byte {
	b.Helper()
	ctx := context.Background()
	out := make([][]byte, n)
	for i := range out {
		w.Holder = fixture.NewHolder(b, w.Issuer.Public().Algorithm())
		c := fixture.Bitstring(w.Delegation(b))
		if !f.canonical {
			c = delegation(b, w)
		}
		raw, err := f.Seal(ctx, c, w.Issuer)
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
	proof := bytes.Replace(raw, []byte(`"proofPurpose":"authentication"`), []byte(`"proofPurpose":"authenticatioN"`), 1)
	body := bytes.Replace(raw, []byte(`"view"`), []byte(`"book"`), 1)
	other := w.Binding
	other.Nonce += "x"
	_, _, err1 := f.OpenPresentation(context.Background(), proof, w.Binding, w.Keys)
	_, _, err2 := f.OpenPresentation(context.Background(), body, w.Binding, w.Keys)
	_, _, err3 := f.OpenPresentation(context.Background(), raw, other, w.Keys)
	if err1 == nil || err2 == nil || err3 == nil || bytes.Equal(proof, raw) || bytes.Equal(body, raw) {
		b.Fatal("a forgery passes")
	}
}

func BenchmarkVerifyDataIntegrityJCS(b *testing.B) { cold(b, dataintegrity.EdDSAJCS, distinct) }

func BenchmarkVerifyDataIntegrityRDFC(b *testing.B) { cold(b, dataintegrity.EdDSARDFC, distinct/16) }

func cold(b *testing.B, suite string, n int) {
	w, f := fixture.New(b, key.EdDSA), newFormat(b, suite)
	all := pool(b, w, f, n)
	mustRefuse(b, f, w, all[0])
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%n == 0 {
			b.StopTimer()
			f.cache = newFormat(b, suite).cache // seen by nobody again
			b.StartTimer()
		}
		open(b, f, w, all[i%n])
	}
}

func BenchmarkVerifyDataIntegrityJCSWarm(b *testing.B) {
	w, f := fixture.New(b, key.EdDSA), newFormat(b, dataintegrity.EdDSAJCS)
	all := pool(b, w, f, distinct)
	mustRefuse(b, f, w, all[0])
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		open(b, f, w, all[i%distinct])
	}
}

func open(b *testing.B, f *Format, w *fixture.World, raw []byte) {
	if _, err := credential.OpenPresentation(context.Background(), f, raw, w.Binding, w.Keys); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkIssueDataIntegrityJCS(b *testing.B) {
	w, f := fixture.New(b, key.EdDSA), newFormat(b, dataintegrity.EdDSAJCS)
	c := fixture.Bitstring(w.Delegation(b))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Seal(context.Background(), c, w.Issuer); err != nil {
			b.Fatal(err)
		}
	}
}
