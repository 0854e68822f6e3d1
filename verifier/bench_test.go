// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"testing"

	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/openid/vp"
)

// BenchmarkGatewayRespond is one presentation in process: session spent, verified, decided and
// recorded in a store on disk. It waits for two commits; see fsync in docs/performance.md.
func BenchmarkGatewayRespond(b *testing.B) {
	for _, format := range []string{sd, vc} {
		b.Run(format, func(b *testing.B) {
			w := newBoltWorld(b)
			raw := w.seal(format, w.root(format), w.issuer)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				s := w.ask(booking())
				answer := vp.Response{State: s.request.State, Token: map[string][]string{queryOf(format): {w.show(s, format, raw, w.bob)}}}
				b.StartTimer()
				d, err := w.Respond(context.Background(), s.ID, answer)
				if err != nil || d.Decision.Outcome != delegation.Permit {
					b.Fatal(err, d)
				}
			}
		})
	}
}

// BenchmarkGatewayRespondParallel is the same from many wallets at once, whose commits share their fsync.
func BenchmarkGatewayRespondParallel(b *testing.B) {
	w := newBoltWorld(b)
	raw := w.seal(sd, w.root(sd), w.issuer)
	type answer struct {
		id string
		vp.Response
	}
	answers := make(chan answer, b.N)
	for range b.N {
		s := w.ask(booking())
		answers <- answer{s.ID, vp.Response{State: s.request.State, Token: map[string][]string{"delegation": {w.show(s, sd, raw, w.bob)}}}}
	}
	b.ReportAllocs()
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			a := <-answers
			if d, err := w.Respond(context.Background(), a.id, a.Response); err != nil || d.Decision.Outcome != delegation.Permit {
				b.Error(err, d)
			}
		}
	})
}
