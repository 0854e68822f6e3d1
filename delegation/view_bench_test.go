// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"testing"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// BenchmarkDecideRestricted and BenchmarkDecideNotProxyable must take the same time: a delegate is
// to tell neither from the other (delegation.md §15).
func BenchmarkDecideRestricted(b *testing.B) {
	f := two()
	f.w.Restrictions = []Restriction{{Principal: "alice", Delegate: "eve"}, {Principal: "alice", Delegate: "bob", Kind: "safeguarding"}}
	benchmarkStop(b, f, reason.ControllerRestriction)
}

// BenchmarkDecideNotProxyable is the other half.
func BenchmarkDecideNotProxyable(b *testing.B) {
	f := two()
	f.w.Restrictions = []Restriction{{Principal: "alice", Delegate: "eve"}, {Principal: "alice", Delegate: "mallory"}}
	f.policy(func(p *trustframework.ControllerPolicy) { p.Proxyable = []string{"else", "record"} })
	benchmarkStop(b, f, reason.ControllerNotProxyable)
}

func benchmarkStop(b *testing.B, f *fixture, code reason.Code) {
	if d := f.decide(); d.Reason != code {
		b.Fatalf("the case is decided by %s", d.Reason)
	}
	b.ReportAllocs()
	for b.Loop() {
		f.decide()
	}
}
