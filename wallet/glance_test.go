// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
)

// TestGlance looks at one credential from different days.
func TestGlance(t *testing.T) {
	e := spoken()
	const month = 30 * 24 * time.Hour
	day := func(text string) time.Time {
		at, err := time.Parse(time.DateOnly, text)
		check(t, err)
		return at
	}
	now := day("2026-11-30")
	want := Glance{
		Head: "You may act for 9990000077", Holds: "until 31 January 2027, for what the family asked for, from Larkhill Road Surgery, passed on by did:key:zTom",
		May:   []string{"view, book and cancel appointments", "view test results (with limits)", `"dance" "far/away" (with limits)`},
		Marks: []string{"to be reviewed by 24 December 2026"},
	}
	if diff := cmp.Diff(want, e.Glance(now, month, Standing{}, English)); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		at   string
		last Standing
		want []string
	}{
		{"2026-11-21", Standing{}, []string{"only from 22 November 2026 on"}},
		{"2026-11-23", Standing{State: status.Valid.String(), AsOf: now}, nil},
		{"2026-11-23", Standing{State: status.Revoked.String(), AsOf: now}, []string{"revoked, as of 30 November 2026"}},
		{"2027-01-30", Standing{State: status.Suspended.String(), AsOf: now}, []string{"suspended, as of 30 November 2026", "ends on 31 January 2027", "to be reviewed by 24 December 2026"}},
		{"2027-01-31", Standing{}, []string{"ended on 31 January 2027"}},
		{"2029-01-31", Standing{}, []string{"ended on 31 January 2027"}},
	} {
		if diff := cmp.Diff(c.want, e.Glance(day(c.at), month, c.last, English).Marks); diff != "" {
			t.Errorf("%s: %s", c.at, diff)
		}
	}
	if got := e.Glance(now, month, Standing{}, Welsh); got.Head != "Cewch weithredu ar ran 9990000077" || got.Marks[0] != "i'w adolygu erbyn: 24 Rhagfyr 2026" {
		t.Errorf("%+v", got)
	}
	e.credential = &credential.Credential{Type: credential.TypeWorkgroupMembership, Workgroup: "did:web:team.example", ValidUntil: e.ValidUntil}
	if got := e.Glance(now, month, Standing{}, English); got.Head != "You are a member of the workgroup did:web:team.example." || got.Holds != "until 31 January 2027, from Larkhill Road Surgery" || got.May != nil {
		t.Errorf("%+v", got)
	}
	e.credential = &credential.Credential{Type: credential.TypeIdentityBinding, Delegate: credential.Delegate{ID: "urn:x"}, ValidUntil: e.ValidUntil}
	if got := e.Glance(now, month, Standing{}, English); !strings.Contains(got.Head, "who urn:x is") || got.May != nil {
		t.Errorf("%+v", got)
	}
}

func TestDueSays(t *testing.T) {
	at := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	for what, want := range map[string]string{
		DueExpiry:     "What you may do for 9990000077 ends on 31 January 2027; ask Larkhill for a new one, or renew it.",
		DueReview:     "What you may do for 9990000077 has to be reviewed by 31 January 2027; ask Larkhill about it.",
		DueTransition: "What you may do for 9990000077 changes on 31 January 2027, as they come of an age to decide; ask Larkhill about it.",
		DueCollection: "Larkhill may have an answer for you to collect.",
	} {
		d := Due{What: what, At: at, Person: nhsNumber, Issuer: "Larkhill"}
		if got := d.Says(English); got != want {
			t.Error(got)
		}
		if got := d.Says(Welsh); !strings.Contains(got, "Larkhill") || strings.Contains(got, "%!") || got == want {
			t.Error(got)
		}
	}
}

// TestSecured gives what was stored, parents first.
func TestSecured(t *testing.T) {
	e := &Entry{held: &held{Raw: "leaf", Parents: []string{"root", "middle"}}}
	if diff := cmp.Diff([]string{"root", "middle", "leaf"}, e.Secured()); diff != "" {
		t.Error(diff)
	}
}
