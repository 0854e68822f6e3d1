// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"bytes"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// all yields the nodes of a tree in the order in which they are printed.
func all(nodes []Node) iter.Seq[Node] {
	return func(yield func(Node) bool) { walk(nodes, yield) }
}

func walk(nodes []Node, yield func(Node) bool) bool {
	for _, n := range nodes {
		if !yield(n) || !walk(n.Nodes, yield) {
			return false
		}
	}
	return true
}

// TestExplainDecidesTheSame holds Explain to Decide.
func TestExplainDecidesTheSame(t *testing.T) {
	outcomes := map[Outcome]bool{}
	for name, f := range worlds {
		d, _ := Explain(f.w, f.p, f.r)
		outcomes[d.Outcome] = true
		if diff := cmp.Diff(f.decide(), d); diff != "" {
			t.Fatalf("%s: %s", name, diff)
		}
	}
	if len(outcomes) != 5 {
		t.Errorf("not every outcome was seen: %v", outcomes)
	}
}

// TestExplanationIsTheReason shows that the tree tells what decided: the first check that broke
// is the primary reason and its link, where a step ended the decision.
func TestExplanationIsTheReason(t *testing.T) {
	for name, f := range worlds {
		d, x := Explain(f.w, f.p, f.r)
		broken := ""
		for _, s := range x.Steps {
			if s.Mark != Broken {
				continue
			}
			if broken = s.Rule; broken == "§10" {
				continue
			}
			i := slices.IndexFunc(s.Nodes, func(n Node) bool { return n.Mark == Broken && n.Rule != "S8.7" })
			if i < 0 || s.Nodes[i].Reason != d.Reason || s.Nodes[i].Link != d.Link {
				t.Fatalf("%s: %s (link %q) was decided, and this is explained:\n%s", name, d.Reason, d.Link, x)
			}
		}
		if broken == "" && d.Outcome == Deny && d.Permission == "" {
			t.Fatalf("%s: denied, and no step is broken:\n%s", name, x)
		}
		if x.Answer.Reason != d.Reason || x.Answer.Link != d.Link || x.Answer.Permission != d.Permission || (x.Answer.Mark == Broken) != (d.Outcome == Deny) {
			t.Fatalf("%s: %+v", name, x.Answer)
		}
	}
}

// TestReasonsAreExplained shows that each reason of a decision stands at some check.
func TestReasonsAreExplained(t *testing.T) {
	for name, f := range worlds {
		d, x := Explain(f.w, f.p, f.r)
		said := map[reason.Code]bool{}
		for n := range all(x.Steps) {
			said[n.Reason] = true
		}
		for _, code := range d.Reasons {
			if !said[code] {
				t.Fatalf("%s: nothing explains %s:\n%s", name, code, x)
			}
		}
	}
}

// TestRules shows that every rule is a check that some world keeps and, if it is one, some other
// breaks, and that there are no further ones.
func TestRules(t *testing.T) {
	held, broken, listed := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range Rules() {
		if listed[r.Number] || r.Holds == "" {
			t.Errorf("%s stands there twice or says nothing", r.Number)
		}
		listed[r.Number] = true
	}
	for name, f := range worlds {
		_, x := Explain(f.w, f.p, f.r)
		for _, s := range x.Steps {
			for n := range all(s.Nodes) {
				if n.Rule != "" && !listed[n.Rule] {
					t.Fatalf("%s: %s is no rule", name, n.Rule)
				}
				held[n.Rule] = held[n.Rule] || n.Mark != Broken
				broken[n.Rule] = broken[n.Rule] || n.Mark == Broken
			}
		}
	}
	// What collects has nothing to break; what is only reached when it breaks is not said to hold.
	never := []string{"M1", "M5", "M7", "M14", "M16", "C1", "C2", "C4"}
	only := []string{"C3", "C5"}
	for _, r := range Rules() {
		if !broken[r.Number] && !slices.Contains(never, r.Number) || broken[r.Number] && slices.Contains(never, r.Number) {
			t.Errorf("%s broken: %v", r.Number, broken[r.Number])
		}
		if !held[r.Number] && !slices.Contains(only, r.Number) {
			t.Errorf("no world keeps %s", r.Number)
		}
	}
}

// TestRulesInOrder shows that the notes of an explanation stand in the order of the rules.
func TestRulesInOrder(t *testing.T) {
	order := map[string]int{}
	for i, r := range Rules() {
		order[r.Number] = i
	}
	for name, f := range worlds {
		_, x := Explain(f.w, f.p, f.r)
		for _, s := range x.Steps {
			if s.Rule == "S3" || s.Rule == "S6" || s.Rule == "§9" {
				continue // link by link, and permission by permission
			}
			last := -1
			for _, n := range s.Nodes {
				if order[n.Rule] < last {
					t.Fatalf("%s: %s stands too late:\n%s", name, n.Rule, x)
				}
				last = order[n.Rule]
			}
		}
	}
}

// TestUnreached shows that a decision says which steps it did not come to.
func TestUnreached(t *testing.T) {
	f := one()
	f.w.Status["link0"] = Status{State: "revoked"}
	_, x := Explain(f.w, f.p, f.r)
	if last := x.Steps[len(x.Steps)-1]; last.Text != "not reached: S6, S7, S8, §9, §10" {
		t.Errorf("%+v", last)
	}
	_, x = Explain(one().w, one().p, one().r)
	if strings.Contains(x.String(), "not reached") {
		t.Error(x)
	}
}

// TestExplainSources shows where risk, requirements, parents and limits come from.
func TestExplainSources(t *testing.T) {
	f := two()
	f.r.Resource, f.r.Action = "record/tests", "view"
	f.policy(func(p *trustframework.ControllerPolicy) { p.Risk["record"] = "sensitive" })
	f.relationship(func(r *trustframework.Relationship) { r.MandatoryRequires = []string{"alert:privacy-officer"} })
	f.leafCredential().Permissions = append(f.leafCredential().Permissions, credential.Permission{ID: "wide", Resource: "record/tests", Actions: []string{"view"}, Risk: "routine"})
	f.leafCredential().ReviewBy = f.w.Now.Add(time.Second)
	d, x := Explain(f.w, f.p, f.r)
	if d.Outcome != PermitWithObligations {
		t.Fatal(d)
	}
	text := x.String()
	for _, line := range []string{
		"✓ S8.7 link link1 permission p2: kept\n    ✓ no broader than permission p2 of the link above",
		"✗ S8.7 link link1 permission wide: dropped (chain.constraint_relaxed)\n    ✗ broader than permission p2 of the link above (chain.constraint_relaxed)",
		"· S8.7 link link0 permission p1: has nothing to do with the request",
		"✓ link link1 permission p2: rests on p2; answers permit_with_obligations: \"alert:privacy-officer\", \"audit:enhanced\", ",
		"· it is sensitive\n      · permission p2: sensitive by its issuer\n      · permission p2: sensitive by its issuer\n" +
			"      · sensitive by the controller's class of record\n      · sensitive by the controller's class of record/tests\n",
		"· by the controller at this risk: \"audit:enhanced\"", "· by the relationship: \"alert:privacy-officer\"",
		"· permission p2: by the permission: \"notify:principal\"",
		"accreditation proxy\n    · path proxy < national, risk up to high",
		"· rests on framework tf:example, 5m0s old", "· rests on the status of link link1, 1m0s old",
		"· holds until 2026-11-22T10:00:01Z\n    · 2026-11-22T10:00:01Z review of link link1\n" +
			"    · 2026-11-22T10:55:00Z last use of the snapshot of framework tf:example\n    · 2026-11-22T10:59:00Z last use of the status that was noted\n",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("not there: %s", line)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// TestChoiceIsExplained names the rule of C1 that decided between two permissions.
func TestChoiceIsExplained(t *testing.T) {
	for by, change := range map[string]func(p, q *credential.Permission){
		"the higher outcome": func(p, _ *credential.Permission) { p.Constraint.Requires = []string{"confirm"} },
		"fewer obligations": func(p, q *credential.Permission) {
			p.Constraint.Requires, q.Constraint.Requires = []string{"warn:a", "warn:b"}, []string{"warn:x"}
		},
		"the smaller list of obligations": func(p, q *credential.Permission) {
			p.Constraint.Requires, q.Constraint.Requires = []string{"warn:y"}, []string{"warn:x"}
		},
		"the greater permission id": func(_, _ *credential.Permission) {},
	} {
		f := one()
		q := *f.permission()
		q.ID = "p9"
		f.root().Permissions = append(f.root().Permissions, q)
		change(&f.root().Permissions[0], &f.root().Permissions[2])
		d, x := Explain(f.w, f.p, f.r)
		if !strings.Contains(x.String(), "permission p9: preferred to p1: "+by+"\n") || d.Permission != "p9" {
			t.Errorf("%s: %s", by, x)
		}
	}
	f := two()
	f.root().Permissions[1] = f.root().Permissions[0]
	f.root().Permissions[1].ID, f.root().Permissions[1].Risk = "p2", "sensitive"
	f.class("sensitive", func(p *trustframework.RiskPolicy) { p.Requires = nil })
	if _, x := Explain(f.w, f.p, f.r); !strings.Contains(x.String(), "permission p1: preferred to p1: the earlier entry\n") {
		t.Error(x)
	}
}

// TestBasis shows what a decision names as what it relied on.
func TestBasis(t *testing.T) {
	f := two().selfIssued()
	f.leafCredential().Delegate = credential.Delegate{ID: "ward7", Kind: "workgroup"}
	f.support(credential.TypeWorkgroupMembership, "bob", "ward7")
	old := f.support(credential.TypeWorkgroupMembership, "bob", "ward7")
	f.p.Presenter = "bob"
	f.w.Status[old.ID] = Status{"valid", time.Hour}
	f.w.Status["link1"] = Status{"valid", 3 * time.Minute}
	want := []Basis{
		{FrameworkSnapshot, "tf:example", 5 * time.Minute},
		{SupportStatus, "support0", time.Minute},
		{LinkStatus, "link0", time.Minute},
		{LinkStatus, "link1", 3 * time.Minute},
		{SupportStatus, "support1", time.Minute},
	}
	d := f.want(t, Permit, reason.OK)
	if diff := cmp.Diff(want, d.Basis); diff != "" || d.StatusAge != 3*time.Minute {
		t.Errorf("%v %s", d.StatusAge, diff)
	}
	f.w.Status["link0"] = Status{"revoked", 2 * time.Minute}
	delete(f.w.Status, "link1")
	want = append(want[:2:2], Basis{LinkStatus, "link0", 2 * time.Minute})
	if diff := cmp.Diff(want, f.want(t, Deny, reason.StatusRevoked).Basis); diff != "" {
		t.Error("with a denial: " + diff)
	}
	if d, ok := Preflight(f.w, f.p, Request{}); ok || d.Basis != nil {
		t.Errorf("before anything was relied on: %v", d.Basis)
	}
	f.w.Now = f.w.Framework.AsOf.Add(2 * time.Hour)
	if got := f.want(t, Deny, reason.TrustRegistryStale).Basis; len(got) != 1 || got[0].Age != 2*time.Hour {
		t.Errorf("with a stale framework: %v", got)
	}
}

// TestBasisIsBounded holds the number of things relied on to what is documented.
func TestBasisIsBounded(t *testing.T) {
	for name, f := range worlds {
		if d := f.decide(); len(d.Basis) > len(f.p.Chain)+beside || cap(d.Basis) > len(f.p.Chain)+beside {
			t.Fatalf("%s: %d", name, len(d.Basis))
		}
	}
}

func TestNamesOfKindsAndMarks(t *testing.T) {
	for k, want := range map[BasisKind]string{FrameworkSnapshot: "framework", LinkStatus: "link_status", SupportStatus: "support_status", 0: "unknown"} {
		if k.String() != want {
			t.Errorf("%d is called %q", k, k)
		}
	}
	for m, want := range map[Mark]string{Noted: "noted", Held: "held", Broken: "broken"} {
		if m.String() != want {
			t.Errorf("%d is called %q", m, m)
		}
	}
}

// TestDecisionJSON shows the whole form once.
func TestDecisionJSON(t *testing.T) {
	f := one()
	f.r.Resource, f.r.Action = "record/tests", "view"
	want := `{"outcome":"permit_with_obligations","reason":"ok","reasons":["ok"],"obligations":["audit:enhanced","filter:dateFrom:2024-01-01","notify:principal"],` +
		`"permission":"p2","rootPermission":"p2","link":"link0","expires":"2026-11-22T10:55:00Z","statusAgeSeconds":60,` +
		`"basis":[{"kind":"framework","name":"tf:example","ageSeconds":300},{"kind":"link_status","name":"link0","ageSeconds":60}]}`
	if got := string(asJSON(t, f.decide())); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	f.w.Now = f.root().ValidUntil.In(time.FixedZone("", 3600))
	f.root().ValidUntil = f.w.Now
	want = `{"outcome":"deny","reason":"credential.expired","reasons":["credential.expired"],"obligations":[],"link":"link0","statusAgeSeconds":0,` +
		`"notBefore":"2026-06-01T00:00:00Z","notAfter":"2027-06-01T00:00:00Z"}`
	if got := string(asJSON(t, f.decide())); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(asJSON(t, Decision{})); got != `{"outcome":"deny","reason":"","reasons":[],"obligations":[],"statusAgeSeconds":0}` {
		t.Error(got)
	}
}

// TestExplanationJSON shows that the JSON form holds what the text does.
func TestExplanationJSON(t *testing.T) {
	x := Explanation{Steps: []Node{{Rule: "S1", Mark: Held, Text: "t", Nodes: []Node{{Link: "l", Permission: "p", Mark: Broken, Reason: "ok", Text: "u"}}}}}
	want := `{"steps":[{"rule":"S1","mark":"held","text":"t","nodes":[{"link":"l","permission":"p","mark":"broken","reason":"ok","text":"u"}]}],` +
		`"answer":{"mark":"noted","text":""}}`
	if got := asJSON(t, x); !bytes.Equal(got, []byte(want)) {
		t.Errorf("%s", got)
	}
	if got := x.String(); got != "✓ S1 t\n  ✗ link l permission p: u (ok)\n· \n" {
		t.Errorf("%q", got)
	}
}

// TestLinkNameOfSupport shows that a supporting credential by the name of a link counts for nothing,
// because the status of one would be that of the other.
func TestLinkNameOfSupport(t *testing.T) {
	f := one().selfIssued()
	f.want(t, Permit, reason.OK)
	f.p.Supporting[0].Name = "link0"
	f.want(t, Deny, reason.TrustPrincipalUnbound)
}
