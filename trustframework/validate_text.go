// SPDX-License-Identifier: Apache-2.0

package trustframework

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/behalf-id/behalf/reason"
)

// text checks an identifier or a word: something, bounded, printable without blanks, exact.
func (c *checker) text(path, s string) {
	switch {
	case s == "":
		c.missing(path)
	case len(s) > MaxText:
		c.add(path, reason.LimitMembers, fmt.Sprintf("has more than %d bytes", MaxText))
	case strings.Contains(s, "*"):
		c.wildcard(path, "holds a wildcard")
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !plain(r) }):
		c.bad(path, "holds blanks or characters that do not print")
	case personNumber(s):
		c.personal(path, "looks like the number of a person")
	}
}

// name checks a name for people to read. Whose name it is no program can tell; an address or a
// number of a person it can.
func (c *checker) name(path, s string) {
	squeezed := strings.NewReplacer(" ", "", "-", "").Replace(s)
	switch {
	case strings.TrimSpace(s) == "":
		c.missing(path)
	case len(s) > MaxText:
		c.add(path, reason.LimitMembers, fmt.Sprintf("has more than %d bytes", MaxText))
	case strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }):
		c.bad(path, "holds characters that do not print")
	case strings.Contains(s, "@") || personNumber(squeezed):
		c.personal(path, "holds an address or number of a person")
	}
}

// plain refuses control, bidirectional, zero-width and broken characters.
func plain(r rune) bool {
	return r != utf8.RuneError && unicode.IsPrint(r)
}

// controllerID checks the id of a data controller: a text that is not a person's key.
func (c *checker) controllerID(path, s string) {
	if personMethod(s) {
		c.personal(path, "is an identifier of the kind that persons hold")
		return
	}
	c.text(path, s)
	c.distinct("controller", path, s)
}

// path checks a resource path against seg("/"seg)* (security.md §4.2).
func (c *checker) path(path, s string) {
	switch {
	case s == "":
		c.wildcard(path, "is empty")
	case strings.Contains(s, "*"):
		c.wildcard(path, "holds a wildcard where a path is due")
	case strings.HasSuffix(s, "/"), strings.HasSuffix(s, "."):
		c.wildcard(path, "is a prefix, not a path")
	case len(s) > 128 || strings.Count(s, "/") > 7 || !segments(s):
		c.bad(path, "is not a resource path")
	}
}

func segments(s string) bool {
	for rest, more := s, true; more; {
		var seg string
		seg, rest, more = strings.Cut(rest, "/")
		if seg == "" || strings.ContainsFunc(seg, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
		}) {
			return false
		}
	}
	return true
}

// requirement refuses E2: what begins with a blocking word and is none of the exact forms is
// neither enforced nor returned by a decision (delegation.md §2.4, §18).
func (c *checker) requirement(path, s string) {
	c.text(path, s)
	if s == "confirm" || s == "human-approval" {
		return
	}
	if level, ok := strings.CutPrefix(s, "step-up:"); ok && slices.Contains(levels(), level) {
		return
	}
	for _, word := range []string{"confirm", "human-approval", "step-up"} {
		if strings.HasPrefix(s, word) {
			c.bad(path, "begins with a blocking word and is not exactly confirm, human-approval or step-up:<level>")
		}
	}
}

// host checks a host of did:web documents: "name" or "name:port", lower case.
func (c *checker) host(path, s string) {
	name, port, hasPort := strings.Cut(s, ":")
	n, err := strconv.ParseUint(port, 10, 16)
	switch {
	case strings.Contains(s, "*") || strings.HasPrefix(s, ".") || s == "":
		c.wildcard(path, "is a wildcard, empty or a suffix")
	case !hostName(name):
		c.bad(path, "is not a host in lower case, with a port or without")
	case hasPort && (err != nil || n == 0 || strconv.FormatUint(n, 10) != port || port == "443"):
		c.bad(path, "has a port that is not a plain number, or 443, which is left out")
	}
}

// origin checks an origin of status lists: https://host[:port] and nothing more.
func (c *checker) origin(path, s string) {
	rest, ok := strings.CutPrefix(s, "https://")
	switch {
	case strings.Contains(s, "*"):
		c.wildcard(path, "holds a wildcard")
	case !ok:
		c.bad(path, "is not an https origin")
	default:
		c.host(path, rest)
	}
}

func hostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for rest, more := s, true; more; {
		var label string
		label, rest, more = strings.Cut(rest, ".")
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.ContainsFunc(label, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }) {
			return false
		}
	}
	return true
}

func (c *checker) list(path string, entries []string, check func(path, s string)) {
	if len(entries) > MaxList {
		c.add(path, reason.LimitMembers, fmt.Sprintf("has more than %d entries", MaxList))
		return
	}
	for i, s := range entries {
		check(fmt.Sprintf("%s[%d]", path, i), s)
	}
}

// each2 runs check over a map of texts in sorted order.
func (c *checker) each2(path string, m map[string]string, check func(path, key, value string)) {
	if len(m) > MaxList {
		c.add(path, reason.LimitMembers, fmt.Sprintf("has more than %d entries", MaxList))
		return
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		check(fmt.Sprintf("%s[%q]", path, clip(key)), key, m[key])
	}
}

func (c *checker) required(path string, entries []string) {
	if len(entries) == 0 {
		c.missing(path)
	}
}

// orStar lets "*" pass, which is allowed in lists of registry and policy (delegation.md §2.2).
func (c *checker) orStar(check func(path, s string)) func(path, s string) {
	return func(path, s string) {
		if s != "*" {
			check(path, s)
		}
	}
}

func (c *checker) oneOf(known []string) func(path, s string) {
	return func(path, s string) { c.member(path, s, known) }
}

func (c *checker) member(path, s string, known []string) {
	switch {
	case s == "":
		c.missing(path)
	case !slices.Contains(known, s):
		c.bad(path, "is not one of "+strings.Join(known, ", "))
	}
}

func (c *checker) optional(path, s string, known []string) {
	if s != "" {
		c.member(path, s, known)
	}
}
