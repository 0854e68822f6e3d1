// SPDX-License-Identifier: Apache-2.0

package page

import "strings"

// Act says in words what may be done to a resource: "view and book appointments", "view gp record (test
// results)". It knows no vocabulary: the words are the names, with what parts them taken out, and texts
// from outside as those are.
func Act(resource string, actions ...string) string {
	whole, part, deeper := strings.Cut(Words(resource), "/")
	out := strings.TrimSpace(listed(actions) + " " + whole)
	if deeper {
		out += " (" + strings.ReplaceAll(part, "/", ", ") + ")"
	}
	return out
}

// Words returns a name as words: "family-requested" is "family requested".
func Words(name string) string { return strings.ReplaceAll(name, "-", " ") }

// listed is "view", "view and book", "view, book and cancel".
func listed(names []string) string {
	var b strings.Builder
	for i, n := range names {
		switch {
		case i > 0 && i == len(names)-1:
			b.WriteString(" and ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(Words(n))
	}
	return b.String()
}
