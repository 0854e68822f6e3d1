// SPDX-License-Identifier: Apache-2.0

package page

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/reason"
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

func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"a\u00a0b\u202fc": "a b c", "\xff": "\ufffd", "\u202e": `\u202e`, "\U000e0041": `\udb40\udc41`, "\t\n": `\u0009\u000a`, "é ŵ": "é ŵ",
		"e\u0301\u0301\u0301\u0301x\u0301": "e\u0301\u0301\u0301" + `\u0301` + "x\u0301",
	} {
		if got := visible(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

// How a token is derived is no secret, so one that fits no cookie, or another than ours, counts for nothing.
func TestTokenNeedsOurCookie(t *testing.T) {
	p, err := New(Config{Name: "x", Origin: "https://issuer.example"})
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"", "x", strings.Repeat("x", secretLength-1), strings.Repeat("x", secretLength+1)} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("token="+tokenOf(value)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		if value != "" {
			r.AddCookie(&http.Cookie{Name: p.cookie(), Value: value})
		}
		if err := p.CheckToken(r); reason.Of(err) != reason.HTTPCSRF {
			t.Errorf("with the cookie %q: %v", value, err)
		}
	}
}

func TestRefusalsByStatus(t *testing.T) {
	w := english()
	for status, want := range map[int]string{
		http.StatusBadRequest: w.RefusedTitle, http.StatusForbidden: w.RefusedTitle, http.StatusNotFound: w.GoneTitle, http.StatusGone: w.GoneTitle,
		http.StatusTooManyRequests: w.BusyTitle, http.StatusInternalServerError: w.BrokenTitle, http.StatusServiceUnavailable: w.BrokenTitle, 499: w.RefusedTitle,
	} {
		if got := w.refusal("x", status).Title; got != want {
			t.Errorf("%d: %s, want %s", status, got, want)
		}
	}
	if got := w.refusal(reason.HTTPCSRF, http.StatusNotFound).Title; got != w.StaleTitle {
		t.Errorf("a form from elsewhere: %s", got)
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
