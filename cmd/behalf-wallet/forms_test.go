// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/internal/command"
)

func TestFold(t *testing.T) {
	for _, c := range []struct {
		line  string
		width int
		want  []string
	}{
		{"short", 30, []string{"short"}},
		{"", 30, []string{""}},
		{"  one two three four five six seven", 20, []string{"  one two three ", "      four five six ", "      seven"}},
		{strings.Repeat("x", 50), 30, []string{strings.Repeat("x", 30), "    " + strings.Repeat("x", 20)}},
		{strings.Repeat("診", 12), 20, []string{strings.Repeat("診", 10), "    診診"}},
	} {
		if diff := cmp.Diff(c.want, fold(c.line, c.width)); diff != "" {
			t.Error(diff)
		}
	}
}

// TestFoldLosesNothing: whatever is asked for consent is on the screen, whole and within its width.
func TestFoldLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := command.Printable(rapid.StringN(0, 300, 900).Draw(t, "line"))
		width := rapid.IntRange(columnsLeast, 200).Draw(t, "width")
		var whole strings.Builder
		for _, part := range fold(line, width) {
			whole.WriteString(part)
			if n := len([]rune(part)); n > width {
				t.Fatalf("%d columns: %q", n, part)
			}
		}
		if letters(whole.String()) != letters(line) {
			t.Fatalf("%q became %q", line, whole.String())
		}
	})
}

func letters(s string) string { return strings.ReplaceAll(s, " ", "") }

// TestWantsPlain names every way to ask for lines in place of forms.
func TestWantsPlain(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		want bool
	}{
		"a terminal":  {map[string]string{"TERM": "xterm-256color"}, false},
		"none":        {nil, true},
		"dumb":        {map[string]string{"TERM": "dumb"}, true},
		"no colour":   {map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, true},
		"accessible":  {map[string]string{"TERM": "xterm", "BEHALF_ACCESSIBLE": "1"}, true},
		"empty words": {map[string]string{"TERM": "xterm", "NO_COLOR": "", "BEHALF_ACCESSIBLE": ""}, false},
	} {
		if got := wantsPlain(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestPlainChoice reads numbers as people write them, and no others.
func TestPlainChoice(t *testing.T) {
	for answer, want := range map[string]int{"\n": 0, "1\n": 0, " 2 \n": 1, "0\n": -1, "3\n": -1, "two\n": -1, "1 2\n": -1} {
		got, err := asks(strings.NewReader(answer)).chooses(context.Background(), "title", "Which?", []string{"a", "b"})
		if (want < 0) != (err != nil) || err == nil && got != want {
			t.Errorf("%q: %d, %v", answer, got, err)
		}
	}
	for answer, want := range map[string][]int{"1\n": {0}, "2,1\n": {1, 0}, "1, 2\n": {0, 1}, "\n": nil, "1 1\n": nil, "3\n": nil, "x\n": nil} {
		got, err := asks(strings.NewReader(answer)).choosesSeveral(context.Background(), "title", "Which?", []string{"a", "b"})
		if diff := cmp.Diff(want, got); diff != "" || (want == nil) != (err != nil) {
			t.Errorf("%q: %s, %v", answer, diff, err)
		}
	}
}
