// SPDX-License-Identifier: Apache-2.0

package delegation_test

import (
	"os"
	"testing"

	"github.com/behalf-id/behalf/delegation/scenario"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/reason"
)

// TestScenarios decides every scenario of the files that BEHALF_SCENARIOS lists, by default the
// published ones. The same files run end to end in test/e2e.
func TestScenarios(t *testing.T) {
	reached := map[reason.Code]bool{}
	var promised []reason.Code
	for _, file := range shared.Scenarios(t) {
		f, err := scenario.Load(file.Raw)
		if err != nil {
			t.Fatalf("%s: %v", file.Name, err)
		}
		if len(f.Cases()) == 0 {
			t.Errorf("%s holds no scenarios", file.Name)
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
		switch {
		case reached[code]:
		case os.Getenv(shared.EnvScenarios) == "":
			t.Errorf("no scenario reaches %s", code)
		default: // files that add to the published ones need not reach every code again
			t.Logf("no scenario reaches %s", code)
		}
	}
}
