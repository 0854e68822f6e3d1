// SPDX-License-Identifier: Apache-2.0

package strictjson

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/behalf-id/behalf/reason"
)

// smallObject is up to how many names an object is searched as it is read, and kept on the
// stack. Beyond it the names are sorted once at its end, so that the cost stays n log n for
// names that an attacker chose.
const smallObject = 16

// name is a member's name with a number that is equal for names equal after case folding.
type name struct {
	text []byte // unescaped
	fold uint64
}

func nameOf(l literal) name {
	text := l.raw
	if l.escaped {
		text = unescape(make([]byte, 0, len(l.raw)), l.raw)
	} else if l.ascii {
		return name{text, foldHash(text)}
	}
	return name{text, foldHash(fold(make([]byte, 0, len(text)), text))}
}

// insert adds n to the names of one object.
func insert(names []name, n name, terms bool) ([]name, error) {
	if len(names) == MaxMembers {
		return nil, tooMany()
	}
	if len(names) < smallObject {
		for i := range names {
			if names[i].fold == n.fold {
				if err := clash(names[i], n, terms); err != nil {
					return nil, err
				}
			}
		}
	}
	return append(names, n), nil
}

// finish compares the names of an object that was too large to search in insert.
func finish(names []name, terms bool) error {
	if len(names) <= smallObject {
		return nil
	}
	slices.SortFunc(names, compare)
	for i := 1; i < len(names); i++ {
		if err := clash(names[i-1], names[i], terms); err != nil {
			return err
		}
	}
	return nil
}

func clash(a, b name, terms bool) error {
	switch {
	case bytes.Equal(a.text, b.text):
		return reason.New(reason.JSONDuplicateName, "")
	case !terms && a.fold == b.fold && bytes.EqualFold(a.text, b.text):
		return reason.New(reason.JSONCaseVariant, "two names differ in case alone")
	}
	return nil
}

// compare puts names that are equal after folding side by side, and equal ones next to each other.
func compare(a, b name) int {
	switch {
	case a.fold < b.fold:
		return -1
	case a.fold > b.fold:
		return 1
	case bytes.Equal(a.text, b.text):
		return 0
	}
	if c := bytes.Compare(fold(nil, a.text), fold(nil, b.text)); c != 0 {
		return c
	}
	return bytes.Compare(a.text, b.text)
}

// fold appends text with each rune replaced by the least of those it is equal to under simple
// case folding: k, K and U+212A all give K.
func fold(dst, text []byte) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		dst, text = utf8.AppendRune(dst, least), text[n:]
	}
	return dst
}

// foldHash mixes text eight bytes at a time with the case bit of every byte set, so that ASCII
// needs no folding first. It need not resist collisions: they cost comparisons and no more.
func foldHash(text []byte) uint64 {
	const caseBits, odd = 0x2020202020202020, 0x9e3779b97f4a7c15
	h := uint64(len(text))
	for ; len(text) >= 8; text = text[8:] {
		h = (h ^ (binary.LittleEndian.Uint64(text) | caseBits)) * odd
		h ^= h >> 29
	}
	var tail uint64
	for _, c := range text {
		tail = tail<<8 | uint64(c)
	}
	h = (h ^ (tail | caseBits)) * odd
	return h ^ h>>29
}
