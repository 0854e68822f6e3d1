// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"strings"
	"testing"
)

const page = "# Head\n\n| Standard | Part |\n" + begin + "| A | p | s | 1 | 1 | 0 |  |\n| C | p | s | 1 | 1 | 0 |  |\n\nTail.\n"

func TestPut(t *testing.T) {
	row := Row{Standard: "B", Part: "p", Source: "s", Run: 4, Passed: 2, Refused: 1,
		Departures: []Departure{{1, "no CWT (§5.2)"}}}
	once, err := put(page, row)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(page, "| C |", "| B | p | s | 4 | 2 | 1 | 1: no CWT (§5.2) |\n| C |", 1)
	if once != want {
		t.Fatalf("put:\n%s\nwant:\n%s", once, want)
	}
	row.Run, row.Passed = 5, 3
	twice, err := put(once, row)
	if err != nil || twice != strings.Replace(want, "4 | 2 | 1", "5 | 3 | 1", 1) {
		t.Fatalf("put again: %v\n%s", err, twice)
	}
	if _, err := put("no table", row); err == nil {
		t.Error("a page without a table was accepted")
	}
}

func TestCheck(t *testing.T) {
	good := Row{Standard: "A", Part: "p", Source: "s", Run: 1, Passed: 1}
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Row){
		"nothing ran":         func(r *Row) { r.Run, r.Passed = 0, 0 },
		"one is missing":      func(r *Row) { r.Run = 2 },
		"departure, no words": func(r *Row) { r.Run, r.Departures = 2, []Departure{{Cases: 1}} },
		"no name":             func(r *Row) { r.Part = "" },
		"breaks the table":    func(r *Row) { r.Source = "a|b" },
	} {
		bad := good
		if spoil(&bad); bad.check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
