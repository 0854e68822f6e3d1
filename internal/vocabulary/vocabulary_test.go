// SPDX-License-Identifier: Apache-2.0

package vocabulary

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLanguagesSayTheSame shows that every name and every form of the one language is there in the other.
func TestLanguagesSayTheSame(t *testing.T) {
	en, cy := reflect.ValueOf(*english()), reflect.ValueOf(*welsh())
	sorts := 0
	for i := range en.NumField() {
		name, a, b := en.Type().Field(i).Name, en.Field(i), cy.Field(i)
		switch {
		case a.Kind() == reflect.String:
			if strings.Count(a.String(), "%") != strings.Count(b.String(), "%") || b.String() == "" && name != "and" {
				t.Errorf("%s: %q and %q", name, a, b)
			}
		case a.Type() == reflect.TypeFor[Names]():
			sorts++
			one, other := a.Interface().(Names), b.Interface().(Names)
			if diff := cmp.Diff(slices.Sorted(maps.Keys(one)), slices.Sorted(maps.Keys(other))); diff != "" || len(one) == 0 {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
	if sorts != 8 {
		t.Errorf("%d sorts of names were compared", sorts)
	}
	if len(english().months) != 12 || len(welsh().months) != 12 {
		t.Error("a year has other months")
	}
}

func TestLanguage(t *testing.T) {
	for tag, want := range map[string]string{"": English, "en_GB.UTF-8": English, "cy": Welsh, "cy_GB.UTF-8": Welsh, "CY-gb": Welsh, "cyx": English, "C": English} {
		if got := Language(tag); got != want {
			t.Errorf("%q: %s", tag, got)
		}
	}
}

func TestWords(t *testing.T) {
	at := time.Date(2026, 11, 22, 23, 30, 0, 0, time.FixedZone("", -3600)) // the 23rd in UTC
	en, cy := In("en-GB", strconv.Quote), In("cy-GB", nil)
	for got, want := range map[string]string{
		en.Act("appointments", "view"):                   "view appointments",
		en.Act("appointments", "view", "book"):           "view and book appointments",
		en.Act("appointments", "view", "book", "cancel"): "view, book and cancel appointments",
		en.Act("gp-record/test-results", "view"):         "view test results",
		en.Act("messages", "message"):                    "write messages",
		en.Act("moon", "sign-off"):                       `"sign-off" "moon"`,
		en.Until(at):                                     "until 23 November 2026",
		cy.Act("appointments", "view", "book"):           "gweld, trefnu: apwyntiadau",
		cy.Act("moon", "sign-off"):                       "sign-off: moon",
		cy.Until(at):                                     "tan 23 Tachwedd 2026",
		cy.Name(cy.Purposes, "family-requested"):         "cais y teulu",
		en.List(en.Actions, nil):                         "",
		en.Several([]string{"one", "two", "three"}, 20):  "one; two; three",
		en.Several([]string{"one", "two", "three"}, 9):   "one; two; and 1 more",
		cy.Several([]string{"one", "two", "three"}, 5):   "one; a 2 arall",
		en.Several([]string{"one"}, 1):                   "one",
		en.Several(nil, 9):                               "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestListsAreBounded(t *testing.T) {
	if got := In(English, nil).List(nil, slices.Repeat([]string{"x"}, 10*MaxListed)); strings.Count(got, "x") != MaxListed {
		t.Errorf("%d names", strings.Count(got, "x"))
	}
}

func Example() {
	w := In("en-GB", strconv.Quote)
	fmt.Println(w.Act("appointments", "view", "book"))
	// Output: view and book appointments
}
