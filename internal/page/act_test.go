// SPDX-License-Identifier: Apache-2.0

package page_test

import (
	"testing"

	"github.com/behalf-id/behalf/internal/page"
)

func TestAct(t *testing.T) {
	for _, c := range []struct {
		resource string
		actions  []string
		want     string
	}{
		{"appointments", []string{"view"}, "view appointments"},
		{"appointments", []string{"view", "book"}, "view and book appointments"},
		{"appointments", []string{"view", "book", "cancel"}, "view, book and cancel appointments"},
		{"gp-record/test-results", []string{"view"}, "view gp record (test results)"},
		{"a/b/c", []string{"sign-off"}, "sign off a (b, c)"},
		{"appointments", nil, "appointments"},
		{"", []string{"view"}, "view"},
	} {
		if got := page.Act(c.resource, c.actions...); got != c.want {
			t.Errorf("%s %v: %q, want %q", c.resource, c.actions, got, c.want)
		}
	}
}
