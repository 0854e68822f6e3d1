// SPDX-License-Identifier: Apache-2.0

package page

import (
	"os"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	var c Tally
	c.Accepted("b", Inward)
	c.Accepted("a", Outward)
	c.Accepted("a", Outward)
	c.Refused("a", Outward)
	want := "| a | ours → theirs | 2 | 1 |\n| b | theirs → ours | 1 | 0 |\n"
	if got := c.Table(); !strings.HasSuffix(got, want) {
		t.Errorf("got %q", got)
	}
	if got := Versions(map[string]string{"y": "2", "x": "1"}); got != "- `x` 1\n- `y` 2\n" {
		t.Errorf("got %q", got)
	}
}

// TestSections shows that the page has every section that a test holds it to.
func TestSections(t *testing.T) {
	raw, err := os.ReadFile(path())
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range []string{"JavaScript", "OpenID4VC", "Aries"} {
		if !strings.Contains(string(raw), "<!-- "+section+": written by the test -->\n") || !strings.Contains(string(raw), "<!-- end of "+section+" -->\n") {
			t.Errorf("no section %s", section)
		}
	}
}
