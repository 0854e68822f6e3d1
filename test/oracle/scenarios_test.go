// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/behalf-id/behalf/delegation/scenario"
	"github.com/behalf-id/behalf/internal/shared"
)

// TestScenarios asks the oracle itself: a second opinion that is wrong about the published
// scenarios is worth nothing.
func TestScenarios(t *testing.T) {
	file, err := scenario.Load(shared.Open(t, "scenarios/delegation.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Cases() {
		t.Run(c.ID, func(t *testing.T) {
			got := decide(c.World, c.Presentation, c.Request, read)
			got.Permission, got.RootPermission = "", ""
			want := answer{Outcome: c.Expect.Outcome.String(), Reason: c.Expect.Reason, Obligations: c.Expect.Obligations, NarrowTo: c.Expect.NarrowTo}
			if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("%s: want -, oracle +\n%s", c.Title, d)
			}
		})
	}
}
