// SPDX-License-Identifier: Apache-2.0

package vcdm

import (
	"strings"
	"unicode/utf8"

	"github.com/behalf-id/behalf/reason"
)

// isURL reports whether s is an absolute URL of any scheme, urn: and did: included: a scheme, a
// colon, and something behind it without white space, control characters or the characters that no
// IRI holds (RFC 3987 §2.2).
func isURL(s string) bool {
	scheme, rest, found := strings.Cut(s, ":")
	if !found || scheme == "" || rest == "" || len(s) > MaxURL || !utf8.ValidString(rest) {
		return false
	}
	for i, r := range scheme {
		letter := 'a' <= r|0x20 && r|0x20 <= 'z'
		if !letter && (i == 0 || (r < '0' || r > '9') && r != '+' && r != '-' && r != '.') {
			return false
		}
	}
	if authority, ok := strings.CutPrefix(rest, "//"); ok && authority == "" {
		return false
	}
	return !strings.ContainsFunc(rest, func(r rune) bool {
		return r <= ' ' || 0x7f <= r && r <= 0xa0 || strings.ContainsRune("\"<>\\^`{|}", r)
	})
}

// id reads the id of the document (Verifiable Credentials Data Model 2.0 §4.4).
func (c *check) id(o object) (err error) {
	c.sum.ID, err = c.optionalID(o, "id")
	return err
}

// optionalID returns the id of o, which is called place in a refusal: a single URL, or "" if there
// is none.
func (c *check) optionalID(o object, place string) (string, error) {
	v := o.get("id")
	if v == nil {
		return "", nil
	}
	s, ok := text(v)
	if !ok {
		return "", c.wrong(place + " is not a string")
	}
	if !isURL(s) {
		return "", reason.New(reason.JSONLDRelativeIRI, place+" is not an absolute URL")
	}
	return s, nil
}

// requiredID is optionalID of an object that must have one.
func (c *check) requiredID(o object, place string) (string, error) {
	s, err := c.optionalID(o, place)
	if err == nil && s == "" {
		err = c.missing(place)
	}
	return s, err
}
