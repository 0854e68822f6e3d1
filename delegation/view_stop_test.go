// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// shownForm is all that a delegate is shown of a decision.
type shownForm struct {
	View    View
	Reasons []reason.Code
}

func shownOf(t *testing.T, d Decision) string {
	t.Helper()
	return string(asJSON(t, shownForm{DelegateView(d), d.ReasonsFor(reason.Delegate)}))
}

// stop is one way in which something is not to be had by anybody who acts for another.
type stop struct {
	name string
	code reason.Code
	do   func(f *fixture)
}

// stops are restrictions of every kind and reach, and what a delegate must not tell them from.
func stops() []stop {
	all := []stop{
		{"not in proxyable", reason.ControllerNotProxyable, func(f *fixture) {
			f.policy(func(p *trustframework.ControllerPolicy) { p.Proxyable = nil })
		}},
		{"in notProxyable", reason.ControllerNotProxyable, func(f *fixture) {
			f.policy(func(p *trustframework.ControllerPolicy) { p.NotProxyable = []string{f.r.Resource} })
		}},
		{"above notProxyable", reason.ControllerNotProxyable, func(f *fixture) {
			f.policy(func(p *trustframework.ControllerPolicy) { p.NotProxyable = []string{f.r.Resource + "/deep"} })
		}},
		{"prohibited by the root", reason.AuthorityProhibited, func(f *fixture) {
			for i := range f.p.Chain { // each link repeats the prohibitions of the one above
				prohibit(f.p.Chain[i].Credential, f.r.Resource, f.r.Action)
			}
		}},
		{"prohibited by the leaf", reason.AuthorityProhibited, func(f *fixture) { prohibit(f.leafCredential(), f.r.Resource, f.r.Action) }},
	}
	for _, kind := range []string{"court-order", "safeguarding", "deceased", "coercion", ""} {
		for _, whom := range []string{"", "*", "bob"} {
			for _, where := range []string{"", "the same", "below"} {
				all = append(all, stop{kind + " of " + whom + " " + where, reason.ControllerRestriction, func(f *fixture) {
					f.w.Restrictions = append(f.w.Restrictions, Restriction{Principal: "alice", Delegate: whom, Resource: reach(f, where), Kind: kind})
				}})
			}
		}
	}
	return all
}

func reach(f *fixture, where string) string {
	switch where {
	case "the same":
		return f.r.Resource
	case "below":
		return f.r.Resource + "/deep"
	}
	return ""
}

// stoppable are worlds in which nothing but the stop stands in the way before S8.4, whatever the
// request would have come to after it.
func stoppable() map[string]func() *fixture {
	all := standing()
	for name, change := range map[string]func(f *fixture){
		"step-up":            func(f *fixture) { f.permission().Constraint.Requires = []string{"step-up:high"}; f.r.Assurance = "low" },
		"confirm":            func(f *fixture) { f.permission().Constraint.Requires = []string{"confirm"} },
		"void":               func(f *fixture) { f.permission().Constraint.Void = true },
		"not granted":        func(f *fixture) { f.r.Resource = "record/letters" },
		"could be asked for": func(f *fixture) { f.r.Resource, f.r.Action = "record/letters", "view" },
		"too broad":          func(f *fixture) { f.r.Resource, f.r.Action = "record", "view" },
		"excluded category": func(f *fixture) {
			f.r.Resource, f.r.Action, f.r.Categories = "record/tests", "view", []string{"private"}
		},
		"used up":      func(f *fixture) { f.permission().Constraint.MaxUses, f.r.UsesSoFar = 1, 1 },
		"stale status": func(f *fixture) { f.w.Status["link0"] = Status{"valid", 1 << 60} },
		"unsupported":  func(f *fixture) { f.permission().Constraint.Requires = []string{"dance"} },
		"another restriction": func(f *fixture) {
			f.w.Restrictions = []Restriction{{Principal: "eve"}, {Principal: "alice", Delegate: "eve"}}
		},
		"not proxyable as well": func(f *fixture) { f.policy(func(p *trustframework.ControllerPolicy) { p.Proxyable = nil }) },
	} {
		all[name] = func() *fixture {
			f := one()
			change(f)
			return f
		}
	}
	return all
}

// TestStopsLookAlike compares, in each world, all that a delegate is shown of each stop, byte by byte.
func TestStopsLookAlike(t *testing.T) {
	want := `{"View":{"Outcome":0,"Reason":"controller.not_proxyable","Text":"This is not available to people acting for someone else.",` +
		`"Obligations":[],"NarrowTo":[]},"Reasons":["controller.not_proxyable"]}`
	for name, of := range stoppable() {
		for _, s := range stops() {
			f := of()
			if s.name == "above notProxyable" && name == "too broad" {
				continue // something else is offered there, which is not a stop
			}
			s.do(f)
			d := f.decide()
			if got := shownOf(t, d); got != want {
				t.Errorf("%s, %s: %s", name, s.name, got)
			}
			if !slices.Contains([]reason.Code{s.code, reason.ControllerNotProxyable}, d.Reason) || d.Outcome != Deny || d.NarrowTo != nil || !d.Expires.IsZero() {
				t.Errorf("%s, %s: %+v", name, s.name, d)
			}
		}
	}
}

// TestStopBehindRefusal shows that a restriction behind a refusal changes nothing that is shown:
// neither where the refusal stands in an earlier step, nor where it stands earlier in the same.
func TestStopBehindRefusal(t *testing.T) {
	r, looked := rand.New(rand.NewPCG(7, 8)), 0
	for name, f := range worlds {
		before := f.decide()
		if before.Outcome != Deny || before.Permission != "" || laterThanStops(before.Reason) {
			continue
		}
		looked++
		for _, s := range stops()[5:] {
			n := f.rebuilt(r)
			s.do(n)
			d := n.decide()
			if shownOf(t, d) != shownOf(t, before) || d.Reason != before.Reason {
				t.Fatalf("%s, %s: %s is shown as %s", name, s.name, shownOf(t, before), shownOf(t, d))
			}
		}
	}
	if looked < 200 {
		t.Errorf("only %d worlds were refused before", looked)
	}
}

// laterThanStops are the denials without a permission that S8.5 and later give.
func laterThanStops(code reason.Code) bool {
	return slices.Contains([]reason.Code{
		reason.ControllerRestriction, reason.ControllerNotProxyable, reason.AuthorityProhibited, reason.AuthorityRequestTooBroad,
		reason.AuthorityResourceNotGranted, reason.AuthorityActionNotGranted,
	}, code)
}

// TestStopsTakeTheSameWork counts the checks that a decision makes. Neither a restriction, wherever
// it stands among others, nor a prohibition may take more or fewer than what is not proxyable.
func TestStopsTakeTheSameWork(t *testing.T) {
	for name, of := range stoppable() {
		want := 0
		for _, s := range stops() {
			if s.name == "above notProxyable" {
				continue // S8.8 comes after S8.7: it tells no more than the policy does, which is public
			}
			f := of()
			s.do(f)
			_, x := Explain(f.w, f.p, f.r)
			n := 0
			for range all(x.Steps) {
				n++
			}
			if want == 0 {
				want = n
			}
			if n != want {
				t.Errorf("%s, %s: %d notes, want %d", name, s.name, n, want)
			}
		}
	}
}

// TestStopsAllocateTheSame is the same for memory.
func TestStopsAllocateTheSame(t *testing.T) {
	for name, of := range stoppable() {
		want := -1.0
		for _, s := range stops() {
			if s.name == "above notProxyable" {
				continue
			}
			f := of()
			s.do(f)
			got := testing.AllocsPerRun(10, func() { f.decide() })
			if want < 0 {
				want = got
			}
			if got != want {
				t.Errorf("%s, %s: %v allocations, want %v", name, s.name, got, want)
			}
		}
	}
}

// TestLimitsRunToTheEnd shows that all of S8.1 to S8.6 runs, whatever fails first.
func TestLimitsRunToTheEnd(t *testing.T) {
	f := two()
	f.w.Restrictions = []Restriction{{Principal: "alice"}}
	f.policy(func(p *trustframework.ControllerPolicy) { p.Proxyable = nil })
	for i := range f.p.Chain {
		prohibit(f.p.Chain[i].Credential, "appointments", "book")
	}
	f.r.Purpose = "other"
	_, x := Explain(f.w, f.p, f.r)
	var rules []string
	for n := range all(x.Steps) {
		if n.Mark == Broken && n.Rule != "S8" {
			rules = append(rules, n.Rule)
		}
	}
	if !slices.Equal(rules, []string{"S8.3", "S8.4", "S8.5", "S8.6", "S8.6"}) {
		t.Errorf("%v:\n%s", rules, x)
	}
}
