// SPDX-License-Identifier: Apache-2.0

package dataintegrity

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// AppendCanonical appends checked, a JSON value that passed strictjson.Check as it is or as part
// of a greater one, in the form of RFC 8785. It gives what strictjson.Canonical gives, and works
// in one pass without reading the result again. A number whose canonical form Check refuses
// is refused with the code of that; what did not pass Check is json.syntax or garbage.
func AppendCanonical(dst []byte, checked strictjson.Value) ([]byte, error) {
	var room [roomForSpans]span
	c := canonicaliser{in: checked, out: dst, members: room[:0]}
	if err := c.value(0); err != nil {
		return nil, err
	}
	return c.out, nil
}

// roomForSpans is how many members stand in objects that are open at one time, usually at most.
const roomForSpans = 48

type canonicaliser struct {
	in      []byte
	at      int
	out     []byte
	members []span // of the objects that are open, innermost last
	spare   []byte
}

// span is one member in the output, its name unescaped.
type span struct {
	name       []byte
	head       uint64 // the first eight bytes of name, if they are ASCII
	start, end int
}

// compare orders members by their names (RFC 8785 §3.2.3). The heads of most decide.
func (a *span) compare(b *span) int {
	const high = 0x8080808080808080
	if a.head != b.head && (a.head|b.head)&high == 0 {
		return cmp.Compare(a.head, b.head)
	}
	return compareUTF16(a.name, b.name)
}

func headOf(name []byte) (head uint64) {
	if len(name) >= 8 {
		return binary.BigEndian.Uint64(name)
	}
	for i := range name {
		head |= uint64(name[i]) << (56 - 8*i)
	}
	return head
}

func (c *canonicaliser) value(depth int) error {
	if depth > strictjson.MaxDepth {
		return unchecked()
	}
	switch first := c.peek(); first {
	case '{':
		return c.object(depth)
	case '[':
		return c.array(depth)
	case '"':
		_, err := c.text()
		return err
	default:
		return c.scalar()
	}
}

// peek passes white space and returns the byte behind it, 0 at the end.
func (c *canonicaliser) peek() byte {
	for c.at < len(c.in) {
		b := c.in[c.at]
		if b > ' ' {
			return b
		}
		c.at++
	}
	return 0
}

func (c *canonicaliser) array(depth int) error {
	c.at++
	c.out = append(c.out, '[')
	if c.peek() == ']' {
		c.at++
		c.out = append(c.out, ']')
		return nil
	}
	for {
		if err := c.value(depth + 1); err != nil {
			return err
		}
		switch c.peek() {
		case ',':
			c.at++
			c.out = append(c.out, ',')
		case ']':
			c.at++
			c.out = append(c.out, ']')
			return nil
		default:
			return unchecked()
		}
	}
}

func (c *canonicaliser) object(depth int) error {
	base, sorted := len(c.members), true
	c.at++
	c.out = append(c.out, '{')
	if c.peek() == '}' {
		c.at++
		c.out = append(c.out, '}')
		return nil
	}
	for more := true; more; {
		start := len(c.out)
		name, err := c.name()
		if err != nil {
			return err
		}
		if err := c.value(depth + 1); err != nil {
			return err
		}
		c.members = append(c.members, span{name, headOf(name), start, len(c.out)})
		if n := len(c.members); n-1 > base && c.members[n-2].compare(&c.members[n-1]) > 0 {
			sorted = false
		}
		if more, err = c.more(); err != nil {
			return err
		}
	}
	if !sorted {
		c.sort(c.members[base:])
	}
	c.members = c.members[:base]
	c.out = append(c.out, '}')
	return nil
}

func (c *canonicaliser) name() ([]byte, error) {
	if c.peek() != '"' {
		return nil, unchecked()
	}
	name, err := c.text()
	if err != nil {
		return nil, err
	}
	if c.peek() != ':' {
		return nil, unchecked()
	}
	c.at++
	c.out = append(c.out, ':')
	return name, nil
}

// more passes what stands behind a member, and reports whether another follows.
func (c *canonicaliser) more() (bool, error) {
	switch c.peek() {
	case ',':
		c.at++
		c.out = append(c.out, ',')
		return true, nil
	case '}':
		c.at++
		return false, nil
	}
	return false, unchecked()
}

// sort puts the members, which are the end of the output, into the order of their names.
func (c *canonicaliser) sort(members []span) {
	first := members[0].start
	if len(members) > smallObject {
		slices.SortFunc(members, func(a, b span) int { return a.compare(&b) })
	} else {
		insertionSort(members)
	}
	if c.spare == nil {
		c.spare = make([]byte, 0, len(c.in))
	}
	c.spare = append(c.spare[:0], c.out[first:]...)
	c.out = c.out[:first]
	for i, m := range members {
		if i > 0 {
			c.out = append(c.out, ',')
		}
		c.out = append(c.out, c.spare[m.start-first:m.end-first]...)
	}
}

// smallObject is up to how many members an object is sorted by hand.
const smallObject = 16

func insertionSort(members []span) {
	for i := 1; i < len(members); i++ {
		for j := i; j > 0 && members[j-1].compare(&members[j]) > 0; j-- {
			members[j-1], members[j] = members[j], members[j-1]
		}
	}
}

// text appends the string at the place and returns it unescaped. One without escapes is
// canonical as it stands.
func (c *canonicaliser) text() ([]byte, error) {
	rest := c.in[c.at+1:]
	end := bytes.IndexByte(rest, '"')
	if end < 0 {
		return nil, unchecked()
	}
	if bytes.IndexByte(rest[:end], '\\') < 0 {
		c.out = append(c.out, c.in[c.at:c.at+end+2]...)
		c.at += end + 2
		return rest[:end], nil
	}
	return c.escaped()
}

func (c *canonicaliser) escaped() ([]byte, error) {
	end := c.at + 1
	for end < len(c.in) && c.in[end] != '"' {
		if c.in[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(c.in) {
		return nil, unchecked()
	}
	text, err := strictjson.Text(c.in[c.at : end+1])
	if err != nil {
		return nil, err
	}
	if c.out, err = jsontext.AppendQuote(c.out, text); err != nil {
		return nil, reason.Wrap(reason.JSONInvalidUTF8, "", err)
	}
	c.at = end + 1
	return text, nil
}

// scalar appends a literal or a number. An integer is canonical as it stands.
func (c *canonicaliser) scalar() error {
	start, plain := c.at, true
	for ; c.at < len(c.in) && bytes.IndexByte([]byte(" \t\r\n,]}"), c.in[c.at]) < 0; c.at++ {
		switch b := c.in[c.at]; {
		case b == '.', b == 'E', b == 'e' && isNumber(c.in[start]):
			plain = false
		}
	}
	text := c.in[start:c.at]
	if len(text) == 0 {
		return unchecked()
	}
	if plain {
		c.out = append(c.out, text...)
		return nil
	}
	number, err := strictjson.Canonical(text)
	c.out = append(c.out, number...)
	return err
}

func isNumber(first byte) bool { return first == '-' || '0' <= first && first <= '9' }

// compareUTF16 compares names by their UTF-16 code units (RFC 8785 §3.2.3), which differs from
// the order of the bytes where one has a surrogate pair and the other a character from U+E000 on.
func compareUTF16(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for i < n && a[i] == b[i] {
		i++
	}
	if i == n || a[i] < utf8.RuneSelf && b[i] < utf8.RuneSelf {
		return bytes.Compare(a[i:], b[i:])
	}
	for i > 0 && (!utf8.RuneStart(a[i]) || !utf8.RuneStart(b[i])) {
		i--
	}
	ra, _ := utf8.DecodeRune(a[i:])
	rb, _ := utf8.DecodeRune(b[i:])
	return cmp.Or(cmp.Compare(firstUnit(ra), firstUnit(rb)), cmp.Compare(ra, rb))
}

// firstUnit returns the first UTF-16 code unit of r.
func firstUnit(r rune) rune {
	if r < 0x10000 {
		return r
	}
	return 0xd800 + (r-0x10000)>>10
}

func unchecked() error { return reason.New(reason.JSONSyntax, "not a checked JSON value") }
