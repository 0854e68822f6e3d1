// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"testing"
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
