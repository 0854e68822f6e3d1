// SPDX-License-Identifier: Apache-2.0

// Package view reads strings out of a JSON text that was checked, without a copy of each.
package view

import (
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Text is a JSON text and its one copy, of which the strings that it gives out are parts. The
// zero Text copies each string.
type Text struct {
	raw  []byte
	copy string
}

// Of returns the Text of raw, which must have passed strictjson.Check.
func Of(raw []byte) Text { return Text{raw, string(raw)} }

// String returns the JSON string that value, a part of the text, is. Anything else is json.type.
func (t Text) String(value []byte) (string, error) {
	s, err := strictjson.Text(value)
	if err != nil {
		return "", err
	}
	return t.part(s), nil
}

// Strings returns the array of strings that value is, never nil. Anything else is json.type,
// more than most items limit.members.
func (t Text) Strings(value []byte, most int) ([]string, error) {
	n := 0
	for _, err := range strictjson.Items(value) {
		if err != nil {
			return nil, err
		}
		n++
	}
	if n > most {
		return nil, reason.New(reason.LimitMembers, "a list is too long")
	}
	list := make([]string, 0, n)
	for v, err := range strictjson.Items(value) {
		if err != nil {
			return nil, err
		}
		s, err := t.String(v)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// part returns s as a part of the copy. A slice of raw keeps raw's capacity, which tells its
// place; that the place is right is seen by the address, and what lies elsewhere is copied.
func (t Text) part(s []byte) string {
	at := cap(t.raw) - cap(s)
	if len(s) == 0 || at < 0 || at+len(s) > len(t.raw) || &t.raw[at] != &s[0] {
		return string(s)
	}
	return t.copy[at : at+len(s)]
}
