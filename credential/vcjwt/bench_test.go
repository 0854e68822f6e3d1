// SPDX-License-Identifier: Apache-2.0

package vcjwt

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
)

// What is measured is full verification but for status bit, validity window and policy, which
// belong to the verifier. Run with -cpu 1 and compare with the Raw lines of the same run.

const distinct = 1024 // presentations that a cold run goes through

// limit is all that the limits have ready: a digest, which is what EdDSA signs too.
func limit() []byte {
	d := sha256.Sum256([]byte("limit"))
	return d[:]
}

func rawES256(b *testing.B) (k *ecdsa.PrivateKey, signature []byte) {
	b.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	if signature, err = ecdsa.SignASN1(rand.Reader, k, limit()); err != nil {
		b.Fatal(err)
	}
	return k, signature
}

func BenchmarkRawVerifyES256(b *testing.B) { rawVerifyES256(b, 1) }

func BenchmarkRawVerifyES256Pair(b *testing.B) { rawVerifyES256(b, 2) }

func rawVerifyES256(b *testing.B, times int) {
	k, signature := rawES256(b)
	d := limit()
	b.ReportAllocs()
	for b.Loop() {
		for range times {
			if !ecdsa.VerifyASN1(&k.PublicKey, d, signature) {
				b.Fatal("refused")
			}
		}
	}
}

func BenchmarkRawSignES256(b *testing.B) {
	k, _ := rawES256(b)
	d := limit()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ecdsa.SignASN1(rand.Reader, k, d); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRawVerifyEdDSA(b *testing.B) { rawVerifyEdDSA(b, 1) }

func BenchmarkRawVerifyEdDSAPair(b *testing.B) { rawVerifyEdDSA(b, 2) }

func rawVerifyEdDSA(b *testing.B, times int) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	d := limit()
	signature := ed25519.Sign(private, d)
	b.ReportAllocs()
	for b.Loop() {
		for range times {
			if !ed25519.Verify(public, d, signature) {
				b.Fatal("refused")
			}
		}
	}
}

func BenchmarkRawSignEdDSA(b *testing.B) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	d := limit()
	b.ReportAllocs()
	for b.Loop() {
		ed25519.Sign(private, d)
	}
}

// Ed25519 takes no digest that is ready: hashing the message is a part of each signature. These limits
// are over the very messages of the benchmarks below.

func BenchmarkRawSignEdDSAMessage(b *testing.B) {
	w, f := fixture.New(b, key.EdDSA), newFormat(b)
	messages, _, _ := messagesOf(b, w, f)
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		ed25519.Sign(private, messages[0])
	}
}

func BenchmarkRawVerifyEdDSAMessage(b *testing.B) { rawVerifyMessages(b, 1) }

func BenchmarkRawVerifyEdDSAMessagePair(b *testing.B) { rawVerifyMessages(b, 0) }

// rawVerifyMessages verifies the signatures of a presentation from the one numbered from on: that of its
// credential is the first.
func rawVerifyMessages(b *testing.B, from int) {
	w, f := fixture.New(b, key.EdDSA), newFormat(b)
	messages, signatures, keys := messagesOf(b, w, f)
	for b.Loop() {
		for i := from; i < len(messages); i++ {
			if !ed25519.Verify(keys[i], messages[i], signatures[i]) {
				b.Fatal("refused")
			}
		}
	}
}

// messagesOf returns what is signed of a credential and of its presentation.
func messagesOf(b *testing.B, w *fixture.World, f *Format) (messages, signatures [][]byte, keys []ed25519.PublicKey) {
	b.Helper()
	raw, err := f.Seal(context.Background(), fixture.Bitstring(w.Delegation(b)), w.Issuer)
	if err != nil {
		b.Fatal(err)
	}
	shown, err := f.Present(context.Background(), credential.Selection{Raw: raw}, w.Binding, w.Holder)
	if err != nil {
		b.Fatal(err)
	}
	for i, token := range [][]byte{raw, shown} {
		at := bytes.LastIndexByte(token, '.')
		signature, err := jose.AppendDecode(nil, token[at+1:])
		if err != nil {
			b.Fatal(err)
		}
		public, err := jose.AppendDecode(nil, []byte([]key.JWK{w.Issuer.Public().JWK(), w.Holder.Public().JWK()}[i].X))
		if err != nil {
			b.Fatal(err)
		}
		messages, signatures, keys = append(messages, token[:at]), append(signatures, signature), append(keys, public)
	}
	return messages, signatures, keys
}

func pool(b *testing.B, w *fixture.World, f *Format) [][]byte {
	b.Helper()
	ctx := context.Background()
	out := make([][]byte, distinct)
	for i := range out {
		w.Holder = fixture.NewHolder(b, w.Issuer.Public().Algorithm())
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

func BenchmarkVerifyPresentationVCJWTES256Cold(b *testing.B) { unseen(b, key.ES256) }

func BenchmarkVerifyPresentationVCJWTES256Warm(b *testing.B) { remembered(b, key.ES256) }

func BenchmarkVerifyPresentationVCJWTEdDSACold(b *testing.B) { unseen(b, key.EdDSA) }

func BenchmarkVerifyPresentationVCJWTEdDSAWarm(b *testing.B) { remembered(b, key.EdDSA) }

func unseen(b *testing.B, alg key.Algorithm) {
	w, f := fixture.New(b, alg), newFormat(b)
	all := pool(b, w, f)
	mustRefuse(b, f, w, all[0])
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%distinct == 0 {
			b.StopTimer()
			f.cache = newFormat(b).cache // seen by nobody again
			b.StartTimer()
		}
		open(b, f, w, all[i%distinct])
	}
}

func remembered(b *testing.B, alg key.Algorithm) {
	w, f := fixture.New(b, alg), newFormat(b)
	all := pool(b, w, f)
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

func BenchmarkIssueVCJWTES256(b *testing.B) { issue(b, key.ES256) }

func BenchmarkIssueVCJWTEdDSA(b *testing.B) { issue(b, key.EdDSA) }

func issue(b *testing.B, alg key.Algorithm) {
	w, f := fixture.New(b, alg), newFormat(b)
	c := fixture.Bitstring(w.Delegation(b))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Seal(context.Background(), c, w.Issuer); err != nil {
			b.Fatal(err)
		}
	}
}
