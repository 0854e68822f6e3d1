// SPDX-License-Identifier: Apache-2.0

package delegation_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/delegation/scenario"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// TestExplainScenarios explains every scenario twice, from two readings of its file: both times the
// decision is that of Decide and is as expected, and both explanations have the same bytes.
func TestExplainScenarios(t *testing.T) {
	for _, file := range shared.Scenarios(t) {
		first, second := casesOf(t, file), casesOf(t, file)
		for i, c := range first {
			d, x := delegation.Explain(c.World, c.Presentation, c.Request)
			if err := c.Check(d); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(c.Decide(), d); diff != "" {
				t.Errorf("%s: %s", c.ID, diff)
			}
			e, y := delegation.Explain(second[i].World, second[i].Presentation, second[i].Request)
			if x.String() != y.String() || !bytes.Equal(inJSON(t, x), inJSON(t, y)) || !bytes.Equal(inJSON(t, d), inJSON(t, e)) {
				t.Errorf("%s: explained in two ways", c.ID)
			}
		}
	}
}

func casesOf(t *testing.T, file shared.File) []scenario.Case {
	t.Helper()
	f, err := scenario.Load(file.Raw)
	if err != nil {
		t.Fatalf("%s: %v", file.Name, err)
	}
	return f.Cases()
}

func inJSON(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := strictjson.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
