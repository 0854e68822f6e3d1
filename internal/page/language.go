// SPDX-License-Identifier: Apache-2.0

package page

import (
	"strings"

	"github.com/behalf-id/behalf/internal/web"
)

// languageParam is the query parameter by which a person chooses a language.
const languageParam = "lang"

// language is one that pages speak.
type language struct {
	Tag   string // BCP 47
	Name  string // in the language itself
	Words words
}

// languages returns those that pages speak; the first is for everybody else. To add one, write its
// words in a file beside the others: a test holds them against the first.
func languages() []language {
	return []language{
		{"en-GB", "English", english()},
		{"cy-GB", "Cymraeg", welsh()},
	}
}

// find returns the language of tag, or one that shares its first subtag.
func find(all []language, tag string) (language, bool) {
	primary, _, _ := strings.Cut(tag, "-")
	for _, l := range all {
		if own, _, _ := strings.Cut(l.Tag, "-"); strings.EqualFold(own, primary) {
			return l, true
		}
	}
	return language{}, false
}

// negotiate returns the language that an Accept-Language (RFC 9110 §12.5.4) likes best; of equals,
// the one named first; without one that we speak, the first of all.
func negotiate(all []language, accept string) language {
	best, most := all[0], 0.0
	for tag, weight := range web.Preferences(accept) {
		if l, ok := find(all, tag); ok && weight > most {
			best, most = l, weight
		}
	}
	return best
}
