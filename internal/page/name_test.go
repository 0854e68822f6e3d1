// SPDX-License-Identifier: Apache-2.0

package page_test

import (
	"net/http/httptest"
	"testing"
)

// TestWords shows that names are said in the language that the page has, and those of nobody's vocabulary
// as plainly as they can be.
func TestWords(t *testing.T) {
	p := pagesAt(t, "https://issuer.example")
	for _, c := range []struct{ address, prefers, resource, action, want string }{
		{"/", "", "appointments", "book", "book appointments"},
		{"/", "cy", "appointments", "book", "trefnu: apwyntiadau"},
		{"/?lang=cy-GB", "en", "appointments", "book", "trefnu: apwyntiadau"},
		{"/?lang=en-GB", "cy", "gp-record/test-results", "view", "view test results"},
		{"/", "en", "gp-record/plans", "view", "view gp record (plans)"},
		{"/", "en", "a/b/c", "sign-off", "sign off a (b, c)"},
	} {
		r := httptest.NewRequest("GET", c.address, nil)
		r.Header.Set("Accept-Language", c.prefers)
		if got := p.Words(r).Act(c.resource, c.action); got != c.want {
			t.Errorf("%s, %s: %q, want %q", c.address, c.prefers, got, c.want)
		}
	}
}
