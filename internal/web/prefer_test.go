// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/internal/web"
)

func TestPreferences(t *testing.T) {
	for field, want := range map[string]string{
		"":                                    "=1",
		"cy":                                  "cy=1",
		"en-GB, cy;q=0.5 , *;q=0":             "en-GB=1 cy=0.5 *=0",
		"a/b;level=1;Q=0.25":                  "a/b=0.25",
		"a;q=2,b;q=-1,c;q=NaN,d;q=,e;q=x":     "a=0 b=0 c=0 d=0 e=0",
		strings.Repeat("a", 1025):             "",
		strings.Repeat("a,", 100) + "b;q=0.1": strings.TrimSpace(strings.Repeat("a=1 ", 32)),
	} {
		var got []string
		for name, weight := range web.Preferences(field) {
			got = append(got, fmt.Sprint(name, "=", weight))
		}
		if said := strings.Join(got, " "); said != want {
			t.Errorf("%.40q: %q, want %q", field, said, want)
		}
	}
	for range web.Preferences("a,b") { // and it can be left early
		break
	}
}
