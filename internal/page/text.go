// SPDX-License-Identifier: Apache-2.0

package page

import (
	"fmt"
	"html/template"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
)

// fits reports whether a page can show all of texts. What would have to be cut is not shown at all:
// nobody agrees to the part that was left out.
func fits(texts ...string) bool {
	if len(texts) > MaxItems {
		return false
	}
	for _, t := range texts {
		if len(t) > MaxText {
			return false
		}
	}
	return true
}

// visible returns a text from outside with everything that has no shape written as \uXXXX: control,
// bidirectional, zero-width and all others that could hide or reorder what stands beside them. Bytes
// that are not UTF-8 become U+FFFD.
func visible(s string) string {
	var b strings.Builder
	marks := 0
	for _, r := range s { // which gives U+FFFD for what is not UTF-8
		if r == '\u00a0' || r == '\u202f' { // spaces that keep words together
			r = ' '
		}
		if unicode.In(r, unicode.Mn, unicode.Me) {
			marks++
		} else {
			marks = 0
		}
		if unicode.IsPrint(r) && marks <= maxMarks {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// maxMarks is how many marks may stand on one letter; more climb into the lines around it.
const maxMarks = 3

// fill returns a text of ours with {0}, {1} … replaced by texts from outside, each kept from
// reordering what is around it.
func fill(text string, outside ...string) template.HTML {
	return template.HTML(replaced(template.HTMLEscapeString(text), outside, func(s string) string { //nolint:gosec // both parts are escaped
		return "<bdi>" + template.HTMLEscapeString(visible(s)) + "</bdi>"
	}))
}

// plain is fill for where no markup can stand.
func plain(text string, outside ...string) string {
	return replaced(text, outside, visible)
}

// replaced writes text with its places filled. What is filled in is never searched for places.
func replaced(text string, outside []string, shown func(string) string) string {
	pairs := make([]string, 0, 2*len(outside))
	for i, s := range outside {
		pairs = append(pairs, fmt.Sprintf("{%d}", i), shown(s))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// until says when a link ends. The script shows it as the person's own clock has it.
func until(t words, at time.Time) template.HTML {
	at = at.UTC()
	shown := `<time datetime="` + at.Format(time.RFC3339) + `">` + at.Format("2006-01-02 15:04") + " UTC</time>"
	before, after, _ := strings.Cut(t.Until, "{0}")
	return template.HTML(template.HTMLEscapeString(before) + shown + template.HTMLEscapeString(after)) //nolint:gosec // digits between two texts of ours
}

// advised is a piece of advice, under a heading that only screen readers say.
type advised struct {
	Title string
	Text  template.HTML
}

func advice(title string, text template.HTML) advised { return advised{title, text} }
