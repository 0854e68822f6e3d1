// SPDX-License-Identifier: Apache-2.0

// Package page keeps docs/interop.md true: the tests of interoperability count what they tried, and
// the page says the same.
package page

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// EnvUpdate, set to 1, makes Hold write the page instead of comparing it.
const EnvUpdate = "BEHALF_UPDATE_INTEROP"

// Tally counts cases by format and direction. The zero Tally is empty and ready, and safe for
// concurrent use.
type Tally struct {
	mu   sync.Mutex
	rows map[row]*count
}

// The directions of a case.
const (
	Outward = "ours → theirs"
	Inward  = "theirs → ours"
)

type row struct{ format, direction string }

type count struct{ accepted, refused int }

// Accepted counts a case that was rightly accepted by the other side.
func (c *Tally) Accepted(format, direction string) { c.at(format, direction, 1, 0) }

// Refused counts a tampered case that was rightly refused by the other side.
func (c *Tally) Refused(format, direction string) { c.at(format, direction, 0, 1) }

func (c *Tally) at(format, direction string, accepted, refused int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rows == nil {
		c.rows = map[row]*count{}
	}
	r := row{format, direction}
	if c.rows[r] == nil {
		c.rows[r] = &count{}
	}
	c.rows[r].accepted += accepted
	c.rows[r].refused += refused
}

// Table returns the counts as a table in Markdown, sorted by format, then direction.
func (c *Tally) Table() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	rows := slices.SortedFunc(maps.Keys(c.rows), func(a, b row) int {
		return strings.Compare(a.format+"\x00"+a.direction, b.format+"\x00"+b.direction)
	})
	var b strings.Builder
	b.WriteString("| Format | Direction | Accepted | Tampered, refused |\n|---|---|--:|--:|\n")
	for _, r := range rows {
		n := c.rows[r]
		fmt.Fprintf(&b, "| %s | %s | %d | %d |\n", r.format, r.direction, n.accepted, n.refused)
	}
	return b.String()
}

// Versions returns the names and versions of counterparts as a list in Markdown.
func Versions(of map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(of)) {
		fmt.Fprintf(&b, "- `%s` %s\n", name, of[name])
	}
	return b.String()
}

// Hold fails t unless the section of docs/interop.md reads as text; with EnvUpdate it writes it.
// A test that has failed holds the page to nothing.
func Hold(t *testing.T, section, text string) {
	t.Helper()
	if t.Failed() {
		return
	}
	raw, err := os.ReadFile(path())
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+section+": written by the test -->\n", "<!-- end of "+section+" -->\n"
	before, rest, ok := strings.Cut(string(raw), begin)
	old, after, ok2 := strings.Cut(rest, end)
	switch {
	case !ok || !ok2:
		t.Errorf("docs/interop.md has no section %q", section)
	case old == text:
	case os.Getenv(EnvUpdate) == "1":
		if err := os.WriteFile(path(), []byte(before+begin+text+end+after), 0o644); err != nil {
			t.Error(err)
		}
	default:
		t.Errorf("docs/interop.md differs from what was tried; run again with %s=1\n%s", EnvUpdate, text)
	}
}

// path is that of the page, found from where this file was compiled.
func path() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..", "docs", "interop.md")
}
