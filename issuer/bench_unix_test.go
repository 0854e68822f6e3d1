// SPDX-License-Identifier: Apache-2.0

//go:build unix

package issuer

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/openid/vci"
)

// cpuTime returns what this process has used of its processors: unlike the time on the clock it does not
// grow while others use the machine.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// spending runs do and reports its processor time for each round as cpu-ns/op.
func spending(b *testing.B, do func() (spent time.Duration)) {
	b.Helper()
	var spent time.Duration
	for b.Loop() {
		spent += do()
	}
	b.ReportMetric(float64(spent)/float64(b.N), "cpu-ns/op")
}

func timed(b *testing.B, do func()) time.Duration {
	b.Helper()
	before := cpuTime(b)
	do()
	return cpuTime(b) - before
}

// BenchmarkIssueBatch100 measures the processor time of a request with 100 key proofs, on a store in
// memory, beside what of it is signatures alone: for each credential the key proof is verified, the
// credential is signed, and the self-check verifies it. What the batch adds to that is the rest.
func BenchmarkIssueBatch100(b *testing.B) {
	b.Run("request", benchBatch)
	raw := func(each func(b *testing.B, by did.Signer, message, sig []byte)) func(b *testing.B) {
		return func(b *testing.B) {
			by, message := newHolder(b), make([]byte, 1500)
			sig := must[[]byte](b)(by.Sign(context.Background(), message))
			spending(b, func() time.Duration {
				return timed(b, func() {
					for range vci.MaxProofs {
						each(b, by, message, sig)
					}
				})
			})
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
	b.Run("100 made", raw(sign))
	b.Run("100 made and 200 verified", raw(func(b *testing.B, by did.Signer, message, sig []byte) {
		sign(b, by, message, sig)
		verify(b, by, message, sig)
		verify(b, by, message, sig)
	}))
}

func benchBatch(b *testing.B) {
	w := newWorld(b)
	w.cfg.BatchSize = vci.MaxProofs
	w.Issuer = must[*Issuer](b)(New(w.cfg))
	spending(b, func() time.Duration {
		bearer, nonce := w.redeemed(w.grant(edit())), must[string](b)(w.Nonce())
		var proofs []string
		for range vci.MaxProofs {
			proofs = append(proofs, w.proofOver(newHolder(b), nonce))
		}
		return timed(b, func() { must[*vci.CredentialResponse](b)(w.Issue(context.Background(), bearer, askFor(proofs...))) })
	})
}
