// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"testing"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/openid/vci"
)

// BenchmarkIssueOverStore measures one credential from a redeemed offer, on a store on disk: the
// proof checked, an index reserved, the record and the audit leaf synced, the credential sealed and
// opened again.
func BenchmarkIssueOverStore(b *testing.B) {
	for _, open := range []struct {
		name string
		of   func(testing.TB) *world
	}{{"memory", newWorld}, {"bolt", newBoltWorld}} {
		b.Run(open.name, func(b *testing.B) {
			w := open.of(b)
			who := newHolder(b)
			for b.Loop() {
				b.StopTimer()
				bearer, request := w.redeemed(w.grant(edit())), askFor(w.proof(who))
				b.StartTimer()
				if _, err := w.Issue(context.Background(), bearer, request); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkIssueBatch100 measures a request with 100 key proofs, on a store in memory, beside what of
// it is the signing and verifying of signatures alone: for each credential the key proof is verified,
// the credential is signed, and the self-check verifies it. What the batch adds to that is the rest.
func BenchmarkIssueBatch100(b *testing.B) {
	b.Run("request", func(b *testing.B) {
		w := newWorld(b)
		w.cfg.BatchSize = vci.MaxProofs
		w.Issuer = must[*Issuer](b)(New(w.cfg))
		var who []did.Signer
		for range vci.MaxProofs {
			who = append(who, newHolder(b))
		}
		for b.Loop() {
			b.StopTimer()
			bearer, nonce := w.redeemed(w.grant(edit())), must[string](b)(w.Nonce())
			var proofs []string
			for _, h := range who {
				proofs = append(proofs, w.proofOver(h, nonce))
			}
			b.StartTimer()
			if _, err := w.Issue(context.Background(), bearer, askFor(proofs...)); err != nil {
				b.Fatal(err)
			}
		}
	})
	raw := func(each func(b *testing.B, by did.Signer, message []byte, sig []byte)) func(b *testing.B) {
		return func(b *testing.B) {
			by, message := newHolder(b), make([]byte, 1500)
			sig := must[[]byte](b)(by.Sign(context.Background(), message))
			for b.Loop() {
				for range vci.MaxProofs {
					each(b, by, message, sig)
				}
			}
		}
	}
	sign := func(b *testing.B, by did.Signer, message, _ []byte) {
		must[[]byte](b)(by.Sign(context.Background(), message))
	}
	verify := func(b *testing.B, by did.Signer, message, sig []byte) {
		if err := by.Public().Verify(message, sig); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("100 signatures", raw(sign))
	b.Run("100 signatures made and 200 verified", raw(func(b *testing.B, by did.Signer, message, sig []byte) {
		sign(b, by, message, sig)
		verify(b, by, message, sig)
		verify(b, by, message, sig)
	}))
}
