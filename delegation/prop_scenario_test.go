// SPDX-License-Identifier: Apache-2.0

package delegation_test

import (
	"os"
	"testing"

	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/reason"
)

// TestRepairs is P18: the reason of each denying scenario disappears under its minimal repair. The
// repair follows from the reason alone, so that files with other scenarios run as well.
func TestRepairs(t *testing.T) {
	denied, permitted := 0, 0
	for _, file := range shared.Scenarios(t) {
		for _, c := range casesOf(t, file) {
			d := c.Decide()
			if d.Reason == reason.OK {
				continue
			}
			denied++
			t.Run(c.ID, func(t *testing.T) {
				w, p, r, known := delegation.Repaired(c.World, c.Presentation, c.Request, d)
				if !known {
					t.Fatalf("nobody knows how to repair %s", d.Reason)
				}
				after := delegation.Decide(w, p, r)
				if after.Reason == d.Reason {
					t.Errorf("%s is still there: %v", d.Reason, after.Reasons)
				}
				if again := c.Decide(); again.Reason != d.Reason {
					t.Errorf("the repair changed the scenario: %s", again.Reason)
				}
				if after.Reason == reason.OK {
					permitted++
				}
			})
		}
	}
	t.Logf("%d of %d denied scenarios are permitted once repaired", permitted, denied)
	if os.Getenv(shared.EnvScenarios) == "" && (denied < 100 || permitted*4 < denied*3) {
		t.Errorf("%d denied, %d permitted once repaired", denied, permitted)
	}
}
