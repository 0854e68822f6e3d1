// SPDX-License-Identifier: Apache-2.0

package strictjson

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/behalf-id/behalf/reason"
)

// Canonical returns data, which is checked first, in the form of RFC 8785. It does not change
// data. What it returns passes Check: 1e20, whose form there is a long integer, does not.
func Canonical(data []byte) ([]byte, error) {
	if err := Check(data); err != nil {
		return nil, err
	}
	return AppendCanonical(make([]byte, 0, len(data)), data)
}

// AppendCanonical is Canonical of checked, a JSON value that passed Check as it is or as part of a
// greater one, and appends what it gives. It works in one pass: what is canonical as it stands is copied
// in long runs. A number whose canonical form Check refuses is refused with the code of that; what did
// not pass Check is json.syntax or garbage.
func AppendCanonical(dst []byte, checked Value) ([]byte, error) {
	c := canonicaliser{in: checked, out: dst, members: make([]span, 0, roomForSpans)}
	if err := c.value(0); err != nil {
		return nil, err
	}
	c.flush()
	return c.out, nil
}

// CanonicalMembers returns what AppendCanonical gives for checked, an object, and appends its
// members to into, in their new order. Anything but an object is json.type.
func CanonicalMembers(checked Value, into []Member) ([]byte, []Member, error) {
	c := canonicaliser{in: checked, out: make([]byte, 0, len(checked)), members: make([]span, 0, roomForSpans)}
	if c.peek() != '{' {
		return nil, nil, reason.New(reason.JSONType, "not an object")
	}
	if err := c.object(0); err != nil {
		return nil, nil, err
	}
	c.flush()
	at := 1
	for _, m := range c.top {
		end := at + m.end - m.start
		into = append(into, Member{Name: m.name, Value: c.out[at+m.value-m.start : end]})
		at = end + 1
	}
	return c.out, into, nil
}

// roomForSpans is how many members stand in objects that are open at one time, usually at most.
const roomForSpans = 48

// canonicaliser walks one JSON text. What was passed and is not yet in out is in[from:at].
type canonicaliser struct {
	in       []byte
	from, at int
	out      []byte
	members  []span // of the objects that are open, innermost last
	top      []span // of the outermost object, once it is closed; places from before it was sorted
	spare    []byte
}

// flush brings out up to date.
func (c *canonicaliser) flush() {
	c.out = append(c.out, c.in[c.from:c.at]...)
	c.from = c.at
}

// place returns where in out stands what comes next.
func (c *canonicaliser) place() int { return len(c.out) + c.at - c.from }

// span is one member in the output, its name unescaped.
type span struct {
	name              []byte
	head              uint64 // the first eight bytes of name, if they are ASCII
	start, value, end int
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
	if depth > MaxDepth {
		return unchecked()
	}
	switch c.peek() {
	case '{':
		return c.object(depth)
	case '[':
		return c.array(depth)
	case '"':
		_, err := c.text()
		return err
	}
	return c.scalar()
}

// peek passes white space and returns the byte behind it, 0 at the end.
func (c *canonicaliser) peek() byte {
	if c.at < len(c.in) && c.in[c.at] > ' ' {
		return c.in[c.at]
	}
	return c.behindSpace()
}

func (c *canonicaliser) behindSpace() byte {
	c.flush()
	for c.at < len(c.in) && c.in[c.at] <= ' ' {
		c.at++
	}
	c.from = c.at
	if c.at == len(c.in) {
		return 0
	}
	return c.in[c.at]
}

// more passes what stands behind a member or an item, and reports whether another follows.
func (c *canonicaliser) more(closing byte) (bool, error) {
	switch c.peek() {
	case ',':
		c.at++
		return true, nil
	case closing:
		c.at++
		return false, nil
	}
	return false, unchecked()
}

func (c *canonicaliser) array(depth int) error {
	c.at++
	if c.peek() == ']' {
		c.at++
		return nil
	}
	for more := true; more; {
		err := c.value(depth + 1)
		if err == nil {
			more, err = c.more(']')
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *canonicaliser) object(depth int) error {
	base, sorted := len(c.members), true
	c.at++
	if c.peek() == '}' {
		c.at++
		return nil
	}
	for more := true; more; {
		c.peek()
		start := c.place()
		name, err := c.name()
		if err != nil {
			return err
		}
		c.peek()
		value := c.place()
		if err := c.value(depth + 1); err != nil {
			return err
		}
		c.members = append(c.members, span{name, headOf(name), start, value, c.place()})
		if n := len(c.members); n-1 > base && c.members[n-2].compare(&c.members[n-1]) > 0 {
			sorted = false
		}
		if more, err = c.more('}'); err != nil {
			return err
		}
	}
	if !sorted {
		c.sort(c.members[base:])
	}
	c.top, c.members = c.members[base:], c.members[:base]
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
	return name, nil
}

// sort puts the members, behind which there is nothing but the closing bracket, into the order of
// their names.
func (c *canonicaliser) sort(members []span) {
	c.flush()
	first, end := members[0].start, len(c.out)-1
	if len(members) > sortedByHand {
		slices.SortFunc(members, func(a, b span) int { return a.compare(&b) })
	} else {
		insertionSort(members)
	}
	if c.spare == nil {
		c.spare = make([]byte, 0, len(c.in))
	}
	c.spare = append(c.spare[:0], c.out[first:end]...)
	c.out = c.out[:first]
	for i, m := range members {
		if i > 0 {
			c.out = append(c.out, ',')
		}
		c.out = append(c.out, c.spare[m.start-first:m.end-first]...)
	}
	c.out = append(c.out, '}')
}

// sortedByHand is up to how many members an object is sorted by hand.
const sortedByHand = 16

func insertionSort(members []span) {
	for i := 1; i < len(members); i++ {
		for j := i; j > 0 && members[j-1].compare(&members[j]) > 0; j-- {
			members[j-1], members[j] = members[j], members[j-1]
		}
	}
}

// text passes the string at the place and returns it unescaped. One without escapes is
// canonical as it stands.
func (c *canonicaliser) text() ([]byte, error) {
	start := c.at + 1
	end := quoteOrBackslash(c.in, start)
	if end == len(c.in) {
		return nil, unchecked()
	}
	if c.in[end] != '"' {
		return c.escaped()
	}
	c.at = end + 1
	return c.in[start:end], nil
}

// quoteOrBackslash returns the place of the first quote or backslash from i on, else len(text). It looks at
// eight bytes at once.
func quoteOrBackslash(text []byte, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(text); i += 8 {
		w := binary.LittleEndian.Uint64(text[i:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		if found := ((quote-ones)&^quote | (slash-ones)&^slash) & tops; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(text); i++ {
		if text[i] == '"' || text[i] == '\\' {
			return i
		}
	}
	return len(text)
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
	text, err := Text(c.in[c.at : end+1])
	if err != nil {
		return nil, err
	}
	c.flush()
	if c.out, err = jsontext.AppendQuote(c.out, text); err != nil {
		return nil, reason.Wrap(reason.JSONInvalidUTF8, "", err)
	}
	c.at, c.from = end+1, end+1
	return text, nil
}

// scalar passes a literal or a number. An integer is canonical as it stands.
func (c *canonicaliser) scalar() error {
	start, plain := c.at, true
	end := start
	for ; end < len(c.in) && !endsScalar(c.in[end]); end++ {
		switch b := c.in[end]; {
		case b == '.', b == 'E', b == 'e' && isNumber(c.in[start]):
			plain = false
		}
	}
	switch {
	case end == start:
		return unchecked()
	case plain:
		c.at = end
		return nil
	}
	c.flush()
	number, err := canonicalNumber(c.in[start:end])
	c.out = append(c.out, number...)
	c.at, c.from = end, end
	return err
}

// canonicalNumber returns number with the digits that ECMAScript gives it (RFC 8785 §3.2.2.3).
func canonicalNumber(number []byte) ([]byte, error) {
	if err := Check(number); err != nil {
		return nil, err
	}
	v := Value(bytes.Clone(number))
	if err := v.Canonicalize(); err != nil {
		return nil, reason.Wrap(reason.JSONSyntax, "", err)
	}
	return v, Check(v)
}

// endsScalar reports whether b stands behind a literal or a number.
func endsScalar(b byte) bool { return b <= ' ' || b == ',' || b == ']' || b == '}' }

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
