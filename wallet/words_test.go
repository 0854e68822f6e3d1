// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential"
)

// spoken is an entry that says most of what can be said.
func spoken() *Entry {
	c := &credential.Credential{
		Type: credential.TypeDelegation, LegalBasis: "consent", Purposes: []string{"family-requested"},
		ValidFrom: time.Date(2026, 11, 22, 10, 5, 0, 0, time.UTC), ValidUntil: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC),
		ReviewBy: time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC), TransitionAt: time.Date(2028, 3, 1, 0, 0, 0, 0, time.UTC),
		Redelegation: credential.Redelegation{MaxDepth: 1, Kinds: []string{"person", "agent"}},
		Prohibitions: []credential.Prohibition{{Resource: "messages", Actions: []string{"message"}}},
		Permissions: []credential.Permission{
			{Resource: "appointments", Actions: []string{"view", "book", "cancel"}},
			{Resource: "gp-record/test-results", Actions: []string{"view"}, Constraint: credential.Constraint{
				DateFrom: "2024-01-01", Exclude: []string{"sexual-health", "x\x1b"}, MinAssurance: "high", Requires: []string{"notify:principal", "step-up:high", "warn:odd"}, MaxUses: 3,
			}},
			{Resource: "far/away", Actions: []string{"dance"}, Constraint: credential.Constraint{Void: true}},
		},
	}
	return &Entry{
		ID: "k7", Type: c.Type, Issuer: "Larkhill Road Surgery", OnBehalfOf: principal, From: "did:key:zTom", ValidFrom: c.ValidFrom, ValidUntil: c.ValidUntil,
		Identifier: &credential.Identifier{System: numbers, Value: nhsNumber}, credential: c,
	}
}

// TestSays reads a credential aloud. A limit that the sentences left out would promise too much.
func TestSays(t *testing.T) {
	want := []string{
		"You may view, book and cancel appointments for 9990000077.",
		`You may view test results for 9990000077: records from 1 January 2024 on; nothing about sexual health and "x\x1b"; you have to be signed in at level high; ` +
			`the person you act for is told each time; you have to be signed in at level high; "warn:odd"; at most 3 times, counted over all who have it.`,
		`You may "dance" "far/away" for 9990000077: its conditions cannot be understood, so no service will allow it.`,
		"You may never write messages for 9990000077.",
		"Only for this purpose: what the family asked for.",
		"It holds from 22 November 2026 at 10:05 UTC and ends on 31 January 2027.",
		"It is to be reviewed by 24 December 2026.",
		"It changes on 1 March 2028, when the person you act for comes of an age to decide.",
		"You may pass a part of it on, to a person and a software agent, who may not pass it on again.",
		"It rests on the consent of the person you act for. Larkhill Road Surgery stands behind it. It was passed on to you by did:key:zTom.",
	}
	if diff := cmp.Diff(want, spoken().Says(English)); diff != "" {
		t.Error(diff)
	}
	got := spoken().Says(Welsh)
	if got[0] != "Cewch wneud hyn (gweld, trefnu, canslo): apwyntiadau, ar ran 9990000077." || len(got) != len(want) {
		t.Errorf("%q", got)
	}
	if diff := cmp.Diff(want, spoken().Says("tlh")); diff != "" {
		t.Error(diff)
	}
}

// TestSaysOfOthers reads what is no delegation, and the other values of each limit.
func TestSaysOfOthers(t *testing.T) {
	e := spoken()
	e.credential = &credential.Credential{Type: credential.TypeWorkgroupMembership, Workgroup: "did:web:team.example", ValidUntil: e.ValidUntil}
	if got := e.Says(English); got[0] != "You are a member of the workgroup did:web:team.example." || len(got) != 3 {
		t.Errorf("%q", got)
	}
	e.credential = &credential.Credential{Type: credential.TypeIdentityBinding, Delegate: credential.Delegate{ID: "urn:x"}, ValidUntil: e.ValidUntil}
	if got := e.Says(English); got[0] != "It says who urn:x is, for services that have to know." || len(got) != 3 {
		t.Errorf("%q", got)
	}
	for want, change := range map[string]func(*credential.Credential){
		"It allows nothing by itself.":   func(c *credential.Credential) { c.Permissions = nil },
		"You may not pass it on.":        func(c *credential.Credential) { c.Redelegation.MaxDepth = 0 },
		"You may pass a part of it on, ": func(c *credential.Credential) { c.Redelegation.Kinds = nil },
		"2 times down the line":          func(c *credential.Credential) { c.Redelegation.MaxDepth = 2 },
		"records up to 5 May 2025": func(c *credential.Credential) {
			c.Permissions[1].Constraint.DateFrom, c.Permissions[1].Constraint.DateTo = "", "2025-05-05"
		},
		"records from 1 January 2024 to 5 May 2025": func(c *credential.Credential) { c.Permissions[1].Constraint.DateTo = "2025-05-05" },
		"nothing but mental health":                 func(c *credential.Credential) { c.Permissions[1].Constraint.Include = []string{"mental-health"} },
		`records from "soon" on`:                    func(c *credential.Credential) { c.Permissions[1].Constraint.DateFrom = "soon" },
	} {
		e := spoken()
		change(e.credential)
		if got := strings.Join(e.Says(English), "\n"); !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
	e = spoken()
	e.credential.Redelegation.Kinds = []string{}
	if got := e.Says(English); !slices.Contains(got, "You may not pass it on.") {
		t.Errorf("passed on to nobody: %q", got)
	}
	if e.Identifier = nil; e.Person() != principal {
		t.Error(e.Person())
	}
}

// TestTongues shows that both languages say the same things: every sentence of the one is there in the
// other, with as many places to fill.
func TestTongues(t *testing.T) {
	en, cy := reflect.ValueOf(*english()), reflect.ValueOf(*welsh())
	for i := range en.NumField() {
		name, a, b := en.Type().Field(i).Name, en.Field(i), cy.Field(i)
		if a.Kind() == reflect.String {
			if strings.Count(a.String(), "%") != strings.Count(b.String(), "%") || b.String() == "" {
				t.Errorf("%s: %q and %q", name, a, b)
			}
		}
	}
}

func TestLanguage(t *testing.T) {
	for tag, want := range map[string]string{"": English, "en_GB.UTF-8": English, "cy": Welsh, "cy_GB.UTF-8": Welsh, "CY-gb": Welsh, "cyx": English, "C": English} {
		if got := Language(tag); got != want {
			t.Errorf("%q: %s", tag, got)
		}
	}
	at := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	if got := fmt.Sprint(Day(at, English), "; ", Day(at, Welsh)); got != "22 November 2026; 22 Tachwedd 2026" {
		t.Error(got)
	}
}
