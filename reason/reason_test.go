// SPDX-License-Identifier: Apache-2.0

package reason_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/reason"
)

var update = flag.Bool("update", false, "write docs/reference/reasons.md")

func Example() {
	err := fmt.Errorf("open link: %w", reason.New(reason.StatusRevoked, "second link"))
	code := reason.Of(err)
	entry, ok := reason.Lookup(code)
	if !ok {
		fmt.Println("unknown code")
		return
	}
	fmt.Println(code, entry.Status, entry.Problem)
	// Output: status.revoked 200 decision-deny
}

func TestTableIsSortedAndWhole(t *testing.T) {
	all := reason.All()
	if !sort.SliceIsSorted(all, func(i, j int) bool { return all[i].Code < all[j].Code }) {
		t.Fatal("the table is not sorted: Lookup would miss codes")
	}
	meanings := map[string]reason.Code{}
	for _, e := range all {
		got, ok := reason.Lookup(e.Code)
		if !ok || got != e {
			t.Errorf("%s is not found", e.Code)
		}
		if e.Visible&reason.Operator == 0 {
			t.Errorf("%s is hidden from operators", e.Code)
		}
		if (e.Problem == "") != (e.Status == 0) && e.Code != reason.OK {
			t.Errorf("%s: problem type and status come together", e.Code)
		}
		if other, dup := meanings[e.Meaning]; dup {
			t.Errorf("%s and %s mean the same", e.Code, other)
		}
		meanings[e.Meaning] = e.Code
	}
}

func TestLookupUnknown(t *testing.T) {
	for _, c := range []reason.Code{"", "a", "status.revoke", "zzz", "status.revokedx"} {
		if e, ok := reason.Lookup(c); ok {
			t.Errorf("%q found as %v", c, e)
		}
	}
}

func TestOf(t *testing.T) {
	refusal := reason.Wrap(reason.StatusStale, "list 7", errors.New("cause"))
	for _, c := range []struct {
		err  error
		want reason.Code
	}{
		{nil, ""},
		{errors.New("anything"), reason.InternalIndeterminate},
		{refusal, reason.StatusStale},
		{fmt.Errorf("outer: %w", refusal), reason.StatusStale},
		{reason.Wrap(reason.TrustPathBroken, "", refusal), reason.TrustPathBroken},
	} {
		if got := reason.Of(c.err); got != c.want {
			t.Errorf("Of(%v) = %s, want %s", c.err, got, c.want)
		}
	}
	if !errors.Is(reason.Wrap(reason.TrustPathBroken, "", refusal), &reason.Error{Code: reason.StatusStale}) {
		t.Error("a code deeper in the chain is not found")
	}
}

// TestTwoAudiences: what a code may not be shown as never leaks, and the replacement is
// itself visible to who gets it.
func TestTwoAudiences(t *testing.T) {
	for _, e := range reason.All() {
		for _, a := range []reason.Audience{reason.Delegate, reason.Service, reason.Operator} {
			shown := e.Code.For(a)
			if shown == "" {
				continue
			}
			if s, ok := reason.Lookup(shown); !ok || s.Visible&a == 0 {
				t.Errorf("%s is shown to %d as %s, which that audience may not see", e.Code, a, shown)
			}
		}
	}
	if got := reason.ControllerRestriction.For(reason.Delegate); got != reason.ControllerNotProxyable {
		t.Errorf("a restriction is shown to the delegate as %q", got)
	}
	if got := reason.AuthorityCategoryExcluded.For(reason.Delegate); got != reason.AuthorityResourceNotGranted {
		t.Errorf("an excluded category is shown to the delegate as %q", got)
	}
	if got := reason.Code("no.such_code").For(reason.Delegate); got != "" {
		t.Errorf("an unknown code is shown as %q", got)
	}
}

func TestTableAgreesWithDesign(t *testing.T) {
	var rows []struct {
		Code       reason.Code `json:"code"`
		Problem    *string     `json:"problem_type"`
		HTTPStatus *int        `json:"http_status"`
		VisibleTo  []string    `json:"visible_to"`
		ShownAs    reason.Code `json:"shown_as"`
		Decision   bool        `json:"decision"`
	}
	if err := json.Unmarshal(shared.Open(t, "data/reasons.json"), &rows); err != nil {
		t.Fatal(err)
	}
	bits := map[string]reason.Audience{"delegate": reason.Delegate, "relying_service": reason.Service, "operator": reason.Operator}
	compared := 0
	for _, r := range rows {
		got, ok := reason.Lookup(r.Code)
		if !ok {
			continue // not in use yet
		}
		compared++
		want := reason.Entry{Code: r.Code, ShownAs: r.ShownAs, Decision: r.Decision, Meaning: got.Meaning}
		if r.Problem != nil {
			want.Problem = strings.TrimPrefix(*r.Problem, "/problems/")
		}
		if r.HTTPStatus != nil {
			want.Status = *r.HTTPStatus
		}
		for _, v := range r.VisibleTo {
			want.Visible |= bits[v]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s differs (-design +table):\n%s", r.Code, diff)
		}
	}
	if compared != len(reason.All()) {
		t.Errorf("%d codes of the table are not in the design", len(reason.All())-compared)
	}
	t.Logf("compared %d codes", compared)
}

// TestDocs keeps docs/reference/reasons.md equal to the table; -update writes it.
func TestDocs(t *testing.T) {
	const path = "../docs/reference/reasons.md"
	want := markdown()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("run: go test ./reason -update\n%s", diff)
	}
}

func markdown() string {
	var b strings.Builder
	b.WriteString(`# Reason codes

Generated from package ` + "`reason`" + ` by ` + "`go test ./reason -update`" + `. A code is stable: it is never renamed.
"Seen by" lists who is told the code itself; the operator and the audit log always are. Where another
code is shown in its place, everything else of the answer is the same. ◆ marks codes of the pure decision.

| Code | Meaning | HTTP | Problem | Seen by | Shown to others as |
|---|---|---|---|---|---|
`)
	for _, e := range reason.All() {
		mark, status, shown := "", "–", "–"
		if e.Decision {
			mark = " ◆"
		}
		if e.Status != 0 {
			status = fmt.Sprint(e.Status)
		}
		if e.ShownAs != "" {
			shown = "`" + string(e.ShownAs) + "`"
		}
		problem := e.Problem
		if problem == "" {
			problem = "–"
		}
		fmt.Fprintf(&b, "| `%s`%s | %s | %s | %s | %s | %s |\n", e.Code, mark, e.Meaning, status, problem, audiences(e.Visible), shown)
	}
	return b.String()
}

func audiences(a reason.Audience) string {
	out := []string{"operator"}
	if a&reason.Service != 0 {
		out = append(out, "service")
	}
	if a&reason.Delegate != 0 {
		out = append(out, "delegate")
	}
	return strings.Join(out, ", ")
}
