// SPDX-License-Identifier: Apache-2.0

package vcdm

import (
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
)

// names reads name and description of the document, which are defined from version 2.0 on
// (Verifiable Credentials Data Model 2.0 §4.6).
func (c *check) names(o object) error {
	if c.sum.Version != V2 {
		return nil
	}
	for _, name := range [...]string{"name", "description"} {
		if err := c.languageText(o.get(name), name); err != nil {
			return err
		}
	}
	return nil
}

// languageText reads a string, a language value object or an array of such objects (Verifiable
// Credentials Data Model 2.0 §11.1).
func (c *check) languageText(v strictjson.Value, place string) error {
	if v == nil || v.Kind() == '"' {
		return nil
	}
	items, err := oneOrMore(v, place, MaxObjects)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return c.wrong(place + " is empty")
	}
	for _, item := range items {
		value, ok := objectOf(item)
		if !ok {
			return c.wrong(place + " is neither a string nor a language value object")
		}
		if !isLanguageValue(value) {
			return c.wrong(place + " has a language value object that is not of the right form")
		}
	}
	return nil
}

func isLanguageValue(o object) bool {
	for _, m := range o {
		s, ok := text(m.Value)
		switch string(m.Name) {
		case "@value":
		case "@language":
			ok = ok && isLanguageTag(s)
		case "@direction":
			ok = ok && (s == "ltr" || s == "rtl")
		default:
			return false
		}
		if !ok {
			return false
		}
	}
	return o.get("@value") != nil
}

// isLanguageTag reports whether s is well-formed by RFC 5646 §2.1: subtags of one to eight letters
// and digits, the first of letters alone.
func isLanguageTag(s string) bool {
	const longest = 128
	if len(s) > longest {
		return false
	}
	for first, rest, more := true, s, true; more; first = false {
		var tag string
		tag, rest, more = strings.Cut(rest, "-")
		if tag == "" || len(tag) > 8 {
			return false
		}
		for _, r := range tag {
			letter := 'a' <= r|0x20 && r|0x20 <= 'z'
			if !letter && (first || r < '0' || r > '9') {
				return false
			}
		}
	}
	return true
}
