// SPDX-License-Identifier: Apache-2.0

// Package vocabulary says the names that delegations are made of in words of a language, so that a
// wallet and the pages of an issuer and a gateway call one thing by one name.
package vocabulary

import (
	"fmt"
	"strings"
	"time"
)

// Languages that there are words in.
const (
	English = "en"
	Welsh   = "cy"
)

// MaxListed is the number of names that a list says; further ones are left out.
const MaxListed = 64

// Language returns the language for a tag such as "cy-GB" or "cy_GB.UTF-8": Welsh, or English for
// every other.
func Language(tag string) string {
	if tag = strings.ToLower(tag); tag == Welsh || strings.HasPrefix(tag, Welsh+"-") || strings.HasPrefix(tag, Welsh+"_") || strings.HasPrefix(tag, Welsh+".") {
		return Welsh
	}
	return English
}

// Names says names of one sort in words.
type Names map[string]string

// Words are the vocabulary in one language. Only In makes them.
type Words struct {
	Actions, Resources, Purposes, Bases, Requirements, Levels, Kinds, Categories Names

	and    string // before the last entry of a list
	act    string // actions; resource
	until  string // day
	more   string // number of what is left out
	months []string
	other  func(name string) string
}

// In returns the words for a tag, in the language that Language has for it. other writes a name that the
// vocabulary does not have: it comes from outside, and where it is shown decides how. Nil writes it as it is.
func In(tag string, other func(name string) string) *Words {
	w := english()
	if Language(tag) == Welsh {
		w = welsh()
	}
	if w.other = other; other == nil {
		w.other = func(name string) string { return name }
	}
	return w
}

// Name returns the words for a name of one sort.
func (w *Words) Name(of Names, name string) string {
	if text, ok := of[name]; ok {
		return text
	}
	return w.other(name)
}

// List returns the words for names of one sort, at most MaxListed of them: "view, book and cancel".
func (w *Words) List(of Names, names []string) string {
	said := make([]string, 0, min(len(names), MaxListed))
	for _, n := range names[:min(len(names), MaxListed)] {
		said = append(said, w.Name(of, n))
	}
	if w.and == "" || len(said) < 2 {
		return strings.Join(said, ", ")
	}
	last := len(said) - 1
	return strings.Join(said[:last], ", ") + w.and + said[last]
}

// Act says what may be done to a resource: "view and book appointments".
func (w *Words) Act(resource string, actions ...string) string {
	return fmt.Sprintf(w.act, w.List(w.Actions, actions), w.Name(w.Resources, resource))
}

// Several joins things that may be done, as many as have room in max bytes, and says how many more there are:
// what is left out is never left unsaid. The first is always there.
func (w *Words) Several(things []string, max int) string {
	out := ""
	for i, thing := range things {
		if i > 0 && len(out)+len(thing) > max {
			return out + "; " + fmt.Sprintf(w.more, len(things)-i)
		}
		if i > 0 {
			out += "; "
		}
		out += thing
	}
	return out
}

// Day writes the day of a time, in UTC, as people do: "2 January 2026".
func (w *Words) Day(at time.Time) string {
	at = at.UTC()
	return fmt.Sprintf("%d %s %d", at.Day(), w.months[at.Month()-1], at.Year())
}

// Until says that something ends on the day of a time, in UTC: "until 2 January 2026".
func (w *Words) Until(at time.Time) string { return fmt.Sprintf(w.until, w.Day(at)) }
