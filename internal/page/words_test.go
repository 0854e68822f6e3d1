// SPDX-License-Identifier: Apache-2.0

package page

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every language says everything, with the same places for texts from outside.
func TestLanguagesAreComplete(t *testing.T) {
	all := languages()
	first := reflect.ValueOf(all[0].Words)
	places := regexp.MustCompile(`\{\d\}`)
	for _, l := range all {
		words := reflect.ValueOf(l.Words)
		for _, field := range reflect.VisibleFields(words.Type()) {
			if field.Anonymous {
				continue
			}
			name, text, own := field.Name, words.FieldByIndex(field.Index).String(), first.FieldByIndex(field.Index).String()
			if strings.TrimSpace(text) == "" || text != strings.TrimSpace(text) {
				t.Errorf("%s: %s is %q", l.Tag, name, text)
			}
			want := places.FindAllString(own, -1)
			got := places.FindAllString(text, -1)
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %s has places %v, want %v", l.Tag, name, got, want)
			}
			if l.Tag != all[0].Tag && text == own {
				t.Errorf("%s: %s is not translated", l.Tag, name)
			}
			if strings.ContainsAny(text, `'"<>`) {
				t.Errorf("%s: %s has marks of a machine: %s", l.Tag, name, text)
			}
		}
	}
}

// A text of ours that is filled escapes what it is filled with, and does not fill that again.
func TestFill(t *testing.T) {
	if got := string(fill("{0} & {1}", "<a> {1}", "b")); got != "<bdi>&lt;a&gt; {1}</bdi> &amp; <bdi>b</bdi>" {
		t.Errorf("filled: %s", got)
	}
	if got := plain("{0}, {1}", "a{1}\u200b", "b"); got != `a{1}\u200b, b` {
		t.Errorf("plain: %s", got)
	}
}

// colours returns the custom properties of the style in light and in dark.
func colours(t *testing.T) map[string]map[string]string {
	t.Helper()
	css, err := assets.ReadFile("assets/page.css")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile(`:root \{([^}]*)\}`).FindAllStringSubmatch(string(css), -1)
	if len(blocks) != 2 || !strings.Contains(string(css), "@media (prefers-color-scheme: dark) {\n  :root {") {
		t.Fatalf("%d blocks of colours", len(blocks))
	}
	light := map[string]string{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(blocks[0][1], -1) {
		light[m[1]] = m[2]
	}
	dark := maps.Clone(light)
	for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(blocks[1][1], -1) {
		dark[m[1]] = m[2]
	}
	return map[string]map[string]string{"light": light, "dark": dark}
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatalf("colour %q", colour)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

// WCAG 2.2 §1.4.3: text at 4.5 to 1; §1.4.11: edges, marks and focus at 3 to 1.
func TestContrast(t *testing.T) {
	const text, mark = 4.5, 3.0
	pairs := []struct {
		front, back string
		least       float64
	}{
		{"ink", "page", text}, {"ink", "card", text}, {"ink", "note", text}, {"quiet", "page", text}, {"quiet", "card", text},
		{"accent", "page", text}, {"accent", "card", text}, {"accent-strong", "card", text}, {"on-accent", "accent", text}, {"on-accent", "accent-strong", text},
		{"wrong", "card", text}, {"focus-ink", "focus", text}, {"module", "paper", 15},
		{"edge", "card", mark}, {"accent", "card", mark}, {"note-edge", "card", mark}, {"wrong", "card", mark},
	}
	for scheme, have := range colours(t) {
		for _, p := range pairs {
			t.Run(fmt.Sprintf("%s/%s on %s", scheme, p.front, p.back), func(t *testing.T) {
				if got := contrast(t, have[p.front], have[p.back]); got < p.least {
					t.Errorf("%.2f to 1, want %.1f", got, p.least)
				}
			})
		}
		// Of the two rings around what has the focus, one stands out from whatever is behind.
		for _, back := range []string{"page", "card", "accent"} {
			if got := max(contrast(t, have["focus"], have[back]), contrast(t, have["focus-ink"], have[back])); got < mark {
				t.Errorf("%s: the focus on %s is at %.2f to 1", scheme, back, got)
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	if a == "" || b == "" {
		t.Fatal("no such colour")
	}
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// Colours are named in one place only, so that the test above sees all of them.
func TestColoursAreNamedOnce(t *testing.T) {
	css, err := assets.ReadFile("assets/page.css")
	if err != nil {
		t.Fatal(err)
	}
	rest := regexp.MustCompile(`(?s):root \{.*?\}`).ReplaceAllString(string(css), "")
	if found := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(`).FindAllString(rest, -1); len(found) > 0 {
		t.Errorf("colours beside the table: %v", found)
	}
	if !strings.Contains(rest, "prefers-reduced-motion: reduce") {
		t.Error("motion cannot be turned off")
	}
}

func FuzzNegotiate(f *testing.F) {
	for _, s := range []string{"", "cy", "en;q=0.5,cy;q=0.6", ",,;q=", "cy;q=1e999"} {
		f.Add(s)
	}
	all := languages()
	f.Fuzz(func(t *testing.T, accept string) {
		if l := negotiate(all, accept); l.Tag == "" {
			t.Fatalf("%q: no language", accept)
		}
	})
}
