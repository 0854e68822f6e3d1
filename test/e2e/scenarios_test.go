// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
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
// published ones, with real credentials in three formats, a real registry and real status lists,
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
	playAll(t, cases, nil)
}

// TestMoreScenarios plays the scenarios of this repository, for what is easily got wrong between a
// wallet and the decision. Where the gateway is known to answer otherwise than the pure function,
// though never with more, it must answer as it is known to.
func TestMoreScenarios(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "scenarios", "more.json"))
	must(t, err)
	f, err := scenario.Load(raw)
	must(t, err)
	playAll(t, f.Cases(), known())
}

// known lists the denials for which the gateway has another reason than the model, by scenario: it
// meets something on its way that stands later in the order of checks.
func known() map[string]reason.Code {
	return map[string]reason.Code{
		// The leaf's own signature is checked with its holder proof, before any link above is looked at.
		"present-157": reason.CredentialSignatureInvalid,
		"present-198": reason.CredentialSignatureInvalid,
		// Without a registry there is no controller's policy either, which stands before the link.
		"trust-254": reason.TrustRegistryUnavailable,
		// Without a membership nobody has proved to be anybody, and nothing is looked up for nobody.
		"staff-344": reason.PresentationNotAMember,
	}
}

// playAll plays cases, in which a scenario in other is denied for the reason given there.
func playAll(t *testing.T, cases []scenario.Case, other map[string]reason.Code) {
	t.Helper()
	c := newCast(t)
	w := newTown(t, hostsOf(c, cases))
	formats := []string{sdjwt.Name, vcjwt.Name, embedded}
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
				p := stage(t, w, c, one, format, fmt.Sprint(len(formats)*i+j))
				if why := p.inexpressible(); why != "" {
					pure.add(one.ID + "/" + format + ": " + why)
					if err := one.Check(one.Decide()); err != nil {
						t.Error(err)
					}
					return
				}
				if code, ok := other[one.ID]; ok && one.Expect.Outcome == delegation.Deny {
					must(t, one.Check(one.Decide()))
					p.Expect.Reason = code
				}
				p.compare(p.run())
				played.Add(1)
			})
		}
	}
}

// hostsOf returns every host that a gateway may have to reach.
func hostsOf(c *cast, cases []scenario.Case) []string {
	hosts := map[string]bool{registryHost: true}
	for _, one := range cases {
		for name := range c.of(one.World.Framework).organisations {
			hosts[c.host(name)] = true
		}
	}
	return slices.Collect(maps.Keys(hosts))
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
	case p.earlier() > maxEarlier:
		return "more earlier uses than are played"
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
	pure, want := p.Decide(), p.Expect
	if pure.Reason != want.Reason && got.reason == want.Reason {
		pure = delegation.Decision{Reason: want.Reason} // see known
	} else if err := p.Check(pure); err != nil {
		p.Error(err)
	}
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

// TestHarness shows that what is compared is compared: a scenario with another expectation
// than its own does not pass.
func TestHarness(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "scenarios", "more.json"))
	must(t, err)
	f, err := scenario.Load(raw)
	must(t, err)
	c := newCast(t)
	w := newTown(t, hostsOf(c, f.Cases()))
	n := 0
	for name, change := range map[string]func(*scenario.Expectation){
		"outcome":     func(e *scenario.Expectation) { e.Outcome = delegation.Permit },
		"reason":      func(e *scenario.Expectation) { e.Reason = reason.AuthorityResourceNotGranted },
		"obligations": func(e *scenario.Expectation) { e.Obligations = append(e.Obligations, "warn:x") },
		"narrowTo":    func(e *scenario.Expectation) { e.NarrowTo = nil },
	} {
		for _, one := range f.Cases() {
			if one.Expect.NarrowTo == nil {
				continue
			}
			change(&one.Expect)
			n++
			r := &recorder{TB: t}
			p := stage(r, w, c, one, sdjwt.Name, fmt.Sprint("h", n))
			if p.compare(p.run()); r.errors == 0 {
				t.Errorf("another %s passes", name)
			}
		}
	}
	if n == 0 {
		t.Error("nothing was changed")
	}
}

// recorder counts errors in place of reporting them.
type recorder struct {
	testing.TB
	errors int
}

func (r *recorder) Error(...any)          { r.errors++ }
func (r *recorder) Errorf(string, ...any) { r.errors++ }
