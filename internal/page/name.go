// SPDX-License-Identifier: Apache-2.0

package page

import "strings"

// named writes a name that the vocabulary does not have, a text from outside, with what parts its words
// taken out: "family-requested" is "family requested", "gp-record/allergies" is "gp record (allergies)".
func named(name string) string {
	whole, part, deeper := strings.Cut(strings.ReplaceAll(name, "-", " "), "/")
	if deeper {
		whole += " (" + strings.ReplaceAll(part, "/", ", ") + ")"
	}
	return whole
}
