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
	room []string // free, of length 0
}

// Short lists are allocated together: room for one string per perString bytes of the text, at
// most mostRoom.
const (
	perString = 64
	mostRoom  = 16
)

// Of returns the Text of raw, which must have passed strictjson.Check.
func Of(raw []byte) Text { return Text{raw: raw, copy: string(raw)} }

// String returns the JSON string that value, a part of the text, is. Anything else is json.type.
func (t *Text) String(value []byte) (string, error) {
	s, err := strictjson.CheckedText(value)
	if err != nil {
		return "", err
	}
	return t.part(s), nil
}

// Strings returns the array of strings that value is, never nil. Anything else is json.type,
// more than most items limit.members. Short lists share one block of memory; none can grow into
// another.
func (t *Text) Strings(value []byte, most int) ([]string, error) {
	list := t.room
	for v, err := range strictjson.Items(value) {
		if err != nil {
			return nil, err
		}
		if len(list) == most {
			return nil, reason.New(reason.LimitMembers, "a list is too long")
		}
		s, err := t.String(v)
		if err != nil {
			return nil, err
		}
		if cap(list) == 0 {
			list = make([]string, 0, min(1+len(t.raw)/perString, mostRoom))
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return []string{}, nil
	}
	t.room = list[len(list):]
	return list[:len(list):len(list)], nil
}

// part returns s as a part of the copy. A slice of raw keeps raw's capacity, which tells its
// place; that the place is right is seen by the address, and what lies elsewhere is copied.
func (t *Text) part(s []byte) string {
	at := cap(t.raw) - cap(s)
	if len(s) == 0 || at < 0 || at+len(s) > len(t.raw) || &t.raw[at] != &s[0] {
		return string(s)
	}
	return t.copy[at : at+len(s)]
}
