// SPDX-License-Identifier: Apache-2.0

package scenario_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/behalf-id/behalf/delegation/scenario"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/reason"
)

// files are those that BEHALF_SCENARIOS lists, by default the published ones.
func files(t *testing.T) []string {
	t.Helper()
	if list := os.Getenv("BEHALF_SCENARIOS"); list != "" {
		return filepath.SplitList(list)
	}
	found, err := filepath.Glob(filepath.Join(shared.Dir(t, "scenarios"), "*.json"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no scenario files: %v", err)
	}
	return found
}

func TestScenarios(t *testing.T) {
	reached := map[reason.Code]bool{}
	var promised []reason.Code
	for _, name := range files(t) {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := scenario.Load(raw)
		if err != nil {
			t.Fatalf("%s: %v", filepath.Base(name), err)
		}
		if len(f.Cases()) == 0 {
			t.Errorf("%s holds no scenarios", filepath.Base(name))
		}
		promised = append(promised, f.ReasonCodes()...)
		for _, c := range f.Cases() {
			t.Run(c.ID, func(t *testing.T) {
				d := c.Decide()
				if err := c.Check(d); err != nil {
					t.Error(err)
				}
				reached[d.Reason] = true
			})
		}
	}
	for _, code := range promised {
		if !reached[code] {
			t.Errorf("no scenario reaches %s", code)
		}
	}
}
