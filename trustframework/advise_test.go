// SPDX-License-Identifier: Apache-2.0

package trustframework_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/trustframework"
)

func TestAdvise(t *testing.T) {
	of := func(byRisk map[string]trustframework.RiskPolicy) *trustframework.Framework {
		return &trustframework.Framework{Controllers: map[string]trustframework.ControllerPolicy{"b": {ByRisk: byRisk}, "a": {}}}
	}
	type policies = map[string]trustframework.RiskPolicy
	for name, c := range map[string]struct {
		f    *trustframework.Framework
		want []string
	}{
		"none": {nil, nil},
		"rising": {of(policies{
			"routine":   {StatusMaxAge: 60, MinAssurance: "low"},
			"sensitive": {StatusMaxAge: 60, Requires: []string{"confirm"}},
			"high":      {StatusMaxAge: 30, Requires: []string{"audit:enhanced", "confirm"}, MinAssurance: "high"},
		}), nil},
		"falling": {of(policies{
			"routine":   {StatusMaxAge: 30, Requires: []string{"confirm"}, MinAssurance: "substantial"},
			"sensitive": {StatusMaxAge: 60, MinAssurance: "low"},
			"high":      {StatusMaxAge: 61},
		}), []string{
			"controllers[\"b\"].byRisk: sensitive does not require confirm as routine does",
			"controllers[\"b\"].byRisk: sensitive asks for a lower minAssurance than routine",
			"controllers[\"b\"].byRisk: sensitive accepts an older status than routine",
			"controllers[\"b\"].byRisk: high accepts an older status than sensitive",
		}},
		"over a gap": {of(policies{"routine": {Requires: []string{"confirm"}}, "high": {}}),
			[]string{"controllers[\"b\"].byRisk: high does not require confirm as routine does"}},
	} {
		if d := cmp.Diff(c.want, trustframework.Advise(c.f)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
