// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/delegation/scenario"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/reason"
)

// maxPure is how many in a hundred scenarios may be ones that no real deployment can be in.
const maxPure = 5

// TestScenarios plays every scenario of the files that BEHALF_SCENARIOS lists, by default the
// published ones, with real credentials in both formats, a real registry and real status lists,
// through the HTTP gateway (delegation.md §17). What is decided, why, and with what obligations
// must be what the file says, and what service and delegate are told what each may know of it.
func TestScenarios(t *testing.T) {
	var cases []scenario.Case
	for _, file := range shared.Scenarios(t) {
		f, err := scenario.Load(file.Raw)
		if err != nil {
			t.Fatalf("%s: %v", file.Name, err)
		}
		cases = append(cases, f.Cases()...)
	}
	playAll(t, cases)
}

func playAll(t *testing.T, cases []scenario.Case) {
	t.Helper()
	c := newCast(t)
	hosts := map[string]bool{registryHost: true}
	for _, one := range cases {
		for name := range c.of(one.World.Framework).organisations {
			hosts[c.host(name)] = true
		}
	}
	var all []string
	for h := range hosts {
		all = append(all, h)
	}
	w := newTown(t, all)
	formats := []string{sdjwt.Name, vcjwt.Name}
	var played atomic.Int64
	var pure notes
	t.Cleanup(func() { // after the last of them
		for _, note := range pure.all {
			t.Log("on the pure function alone: ", note)
		}
		want := len(cases) * len(formats)
		if n := int(played.Load()) + len(pure.all); !chosen() && n != want || len(pure.all)*100 > want*maxPure {
			t.Errorf("%d of %d played, %d on the pure function alone", played.Load(), want, len(pure.all))
		}
	})
	for i, one := range cases {
		for j, format := range formats {
			t.Run(one.ID+"/"+format, func(t *testing.T) {
				t.Parallel()
				p := stage(t, w, c, one, format, fmt.Sprint(2*i+j))
				if why := p.inexpressible(); why != "" {
					pure.add(one.ID + "/" + format + ": " + why)
					if err := one.Check(one.Decide()); err != nil {
						t.Error(err)
					}
					return
				}
				p.compare(p.run())
				played.Add(1)
			})
		}
	}
}

// chosen reports whether the command line asks for some of the subtests alone.
func chosen() bool { return strings.Contains(flag.Lookup("test.run").Value.String(), "/") }

// notes gathers lines of many tests.
type notes struct {
	mu  sync.Mutex
	all []string
}

func (n *notes) add(s string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, s)
}

// inexpressible says why no deployment can be in the situation of the scenario; "" if one can.
func (p *play) inexpressible() string {
	_, counted := p.Source.Request["usesSoFar"]
	switch {
	case counted && p.Case.Request.Fault != "" && p.Case.Request.UsesSoFar == 0:
		return "the number of earlier uses, which the gateway counts itself, is malformed"
	case p.forbidden != nil:
		return "no gateway reads this restriction: " + p.forbidden.Error()
	case p.refused != nil && p.Expect.Reason != reason.TrustRegistryUnavailable:
		return "no registry publishes this framework: " + p.refused.Error()
	}
	if p.format == sdjwt.Name {
		for _, name := range slices.Concat(p.Source.Chain, p.Source.Supporting) {
			if p.Source.Credentials[name] != nil && p.fraction(name) {
				return "validity in parts of a second"
			}
		}
	}
	return ""
}

// fraction reports whether a credential begins or ends within a second.
func (p *play) fraction(name string) bool {
	o := p.source(name)
	for _, member := range []string{"validFrom", "validUntil"} {
		s, _ := text(o[member])
		if at, err := credential.ParseTime(s); err == nil && at.Nanosecond() != 0 {
			return true
		}
	}
	return false
}

// compare holds what was seen to what the file expects, exactly.
func (p *play) compare(got seen) {
	p.Helper()
	pure := p.Decide()
	if err := p.Check(pure); err != nil {
		p.Error(err)
	}
	want := p.Expect
	if got.outcome != want.Outcome.String() || got.reason != want.Reason {
		p.Errorf("%s: got %s %s, want %s %s", p.Title, got.outcome, got.reason, want.Outcome, want.Reason)
		return
	}
	if got.service != nil {
		p.compareService(got)
	}
	if got.status != 0 {
		p.compareDelegate(got, pure)
	}
}

// compareService: outcome, obligations and narrowTo are the file's, the reason is what a service may know.
func (p *play) compareService(got seen) {
	p.Helper()
	type told struct {
		Outcome               string
		Reason                reason.Code
		Obligations, NarrowTo []string
	}
	want := told{p.Expect.Outcome.String(), p.Expect.Reason.For(reason.Service), p.Expect.Obligations, p.Expect.NarrowTo}
	have := told{got.service.Outcome, got.service.Reason, slices.Sorted(slices.Values(got.service.Obligations)), got.service.NarrowTo}
	if diff := cmp.Diff(want, have, cmpopts.EquateEmpty()); diff != "" {
		p.Errorf("%s: the service is told (-want +got):\n%s", p.Title, diff)
	}
}

// compareDelegate: the view of the same decision, or a problem of its class.
func (p *play) compareDelegate(got seen, pure delegation.Decision) {
	p.Helper()
	entry, _ := reason.Lookup(p.Expect.Reason)
	if got.status != entry.Status {
		p.Errorf("%s: the wallet is answered %d, want %d", p.Title, got.status, entry.Status)
	}
	if got.status != http.StatusOK {
		if want := p.Expect.Reason.For(reason.Delegate); got.problem != want {
			p.Errorf("%s: the wallet is told %q, want %q", p.Title, got.problem, want)
		}
		return
	}
	view, told := delegation.DelegateView(pure), got.delegate
	if told.Outcome != view.Outcome.String() || told.Reason != view.Reason || told.Text != view.Text ||
		!cmp.Equal(told.Obligations, view.Obligations, cmpopts.EquateEmpty()) || !cmp.Equal(told.NarrowTo, view.NarrowTo, cmpopts.EquateEmpty()) {
		p.Errorf("%s: the delegate is told %+v, want %+v", p.Title, told, view)
	}
	if told.Evaluation == "" || strings.Contains(told.Text, "did:") {
		p.Errorf("%s: the delegate is told %+v", p.Title, told)
	}
}
