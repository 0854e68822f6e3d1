// SPDX-License-Identifier: Apache-2.0

package strictjson

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/behalf-id/behalf/reason"
)

// scanner walks one JSON text by hand: a general tokenizer costs several times as much, and
// this one runs over every byte of every verification.
type scanner struct {
	data []byte
	pos  int
	null bool // a null was passed

	record bool   // ends is written
	ends   []Span // of what was passed
	known  *Ends  // of the text that data is a part of, or nil

	terms bool // inside an @context, whose names are terms: JSON-LD tells them apart by case too
}

// literal is a JSON string between its quotes.
type literal struct {
	raw     []byte
	escaped bool // raw holds escapes
	ascii   bool // raw is ASCII, escapes not looked into
}

// scan checks data in one pass and reports whether a null stands anywhere in it.
func scan(data []byte) (null bool, err error) {
	s := scanner{data: data}
	err = s.end(s.value(0))
	return s.null, err
}

func (s *scanner) value(depth int) error {
	switch c := s.peek(); {
	case c == '"':
		_, err := s.text()
		return err
	case c == '{':
		return s.object(depth + 1)
	case c == '[':
		return s.array(depth + 1)
	case c == '-' || isDigit(c):
		_, err := s.number()
		return err
	default:
		return s.word()
	}
}

func (s *scanner) object(depth int) error {
	if depth > MaxDepth {
		return tooDeep()
	}
	number := s.opens()
	more, err := s.open('{', '}', "not an object")
	if !more {
		s.closes(number)
		return err
	}
	var first [smallObject]name
	names := first[:0]
	for {
		l, err := s.name()
		if err != nil {
			return err
		}
		n := nameOf(l)
		if names, err = insert(names, n, s.terms); err != nil {
			return err
		}
		if err := s.valueOf(n, depth); err != nil {
			return err
		}
		more, err := s.more('}')
		if err != nil {
			return err
		}
		if !more {
			s.closes(number)
			return finish(names, s.terms)
		}
	}
}

// valueOf passes the value of the member n. The terms that a context of JSON-LD defines are told
// apart by case: a class Degree beside a property degree is the custom there, and no reader of
// anything but contexts looks at them.
func (s *scanner) valueOf(n name, depth int) error {
	outside := s.terms
	s.terms = outside || string(n.text) == "@context"
	err := s.value(depth)
	s.terms = outside
	return err
}

func (s *scanner) array(depth int) error {
	if depth > MaxDepth {
		return tooDeep()
	}
	number := s.opens()
	more, err := s.open('[', ']', "not an array")
	for n := 1; more && err == nil; n++ {
		if n > MaxMembers {
			return tooMany()
		}
		if err := s.value(depth); err != nil {
			return err
		}
		more, err = s.more(']')
	}
	s.closes(number)
	return err
}

// name reads a member's name and the colon behind it.
func (s *scanner) name() (literal, error) {
	if s.peek() != '"' {
		return literal{}, syntax("a member has no name")
	}
	l, err := s.text()
	if err != nil {
		return literal{}, err
	}
	if s.peek() != ':' {
		return literal{}, syntax("no colon after a name")
	}
	s.pos++
	return l, nil
}

// more reads the comma or the closing bracket behind a value, and reports which it was.
func (s *scanner) more(closing byte) (bool, error) {
	c := s.peek()
	s.pos++
	switch c {
	case ',':
		return true, nil
	case closing:
		return false, nil
	}
	return false, syntax("neither comma nor end after a value")
}

func (s *scanner) word() error {
	for _, w := range [...]string{"true", "false", "null"} {
		if len(s.data)-s.pos >= len(w) && string(s.data[s.pos:s.pos+len(w)]) == w {
			s.pos += len(w)
			s.null = s.null || w == "null"
			return nil
		}
	}
	return syntax("not a JSON value")
}

// text reads the string at pos, which holds its opening quote. Most strings are plain ASCII to
// their end; for the others it starts again, byte by byte.
func (s *scanner) text() (literal, error) {
	start := s.pos + 1
	if end := plain(s.data, start); end < len(s.data) && s.data[end] == '"' && end-start <= MaxString {
		s.pos = end + 1
		return literal{raw: s.data[start:end], ascii: true}, nil
	}
	return s.anyText()
}

func (s *scanner) anyText() (literal, error) {
	start := s.pos + 1
	l := literal{ascii: true}
	for s.pos = start; ; {
		s.pos = plain(s.data, s.pos)
		if s.pos >= len(s.data) {
			return l, syntax("a string has no end")
		}
		switch c := s.data[s.pos]; {
		case c == '"':
			l.raw = s.data[start:s.pos]
			s.pos++
			if len(l.raw) > MaxString {
				return l, reason.New(reason.LimitMembers, "a JSON string is too long")
			}
			return l, nil
		case c == '\\':
			l.escaped = true
			if err := s.escape(); err != nil {
				return l, err
			}
		case c < ' ':
			return l, syntax("a control character stands in a string")
		default:
			l.ascii = false
			r, n := utf8.DecodeRune(s.data[s.pos:])
			if r == utf8.RuneError && n <= 1 {
				return l, reason.New(reason.JSONInvalidUTF8, "")
			}
			s.pos += n
		}
	}
}

// escape passes the escape at pos. A surrogate must come as a pair, high half first.
func (s *scanner) escape() error {
	if s.pos+1 >= len(s.data) {
		return syntax("a string has no end")
	}
	switch s.data[s.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return nil
	case 'u':
	default:
		return syntax("unknown escape")
	}
	unit, ok := hex4(s.data, s.pos)
	if !ok {
		return syntax("an escape has not four hex digits")
	}
	s.pos += 6
	if unit < 0xd800 || unit > 0xdfff {
		return nil
	}
	low, ok := hex4(s.data, s.pos)
	if unit > 0xdbff || !ok || low < 0xdc00 || low > 0xdfff {
		return reason.New(reason.JSONInvalidUTF8, "a surrogate stands alone")
	}
	s.pos += 6
	return nil
}

// peek passes white space and returns the byte at pos, 0 at the end: no JSON text holds a 0 there.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) && s.data[s.pos] > ' ' {
		return s.data[s.pos]
	}
	return s.behindSpace()
}

func (s *scanner) behindSpace() byte {
	s.space()
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// plain returns the place of the first byte from i on that is a quote, a backslash, a control
// character or not ASCII, else len(data). It looks at eight bytes at once.
func plain(data []byte, i int) int {
	rest := data[i:]
	for words := 0; len(rest) >= 16; words += 2 {
		if words == manyWords {
			return plainLong(data, len(data)-len(rest))
		}
		if mask := special(binary.LittleEndian.Uint64(rest)); mask != 0 {
			return len(data) - len(rest) + bits.TrailingZeros64(mask)/8
		}
		if mask := special(binary.LittleEndian.Uint64(rest[8:])); mask != 0 {
			return len(data) - len(rest) + 8 + bits.TrailingZeros64(mask)/8
		}
		rest = rest[16:]
	}
	for at, c := range rest {
		if c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return len(data) - len(rest) + at
		}
	}
	return len(data)
}

// window is how far plainLong looks ahead at once. Whoever puts a special character into every sixty
// bytes makes it look that far each time, and no farther.
const window = 4096

// plainLong is plain with searches that are faster where there is much to pass.
func plainLong(data []byte, i int) int {
	for i < len(data) {
		w := data[i:min(len(data), i+window)]
		whole := len(w)
		if n := bytes.IndexByte(w, '"'); n >= 0 {
			w = w[:n]
		}
		if n := bytes.IndexByte(w, '\\'); n >= 0 {
			w = w[:n]
		}
		n := printable(w)
		i += n
		if n < whole {
			break
		}
	}
	return i
}

// printable returns how many bytes of text come before the first that is a control character or not
// ASCII.
func printable(text []byte) int {
	const spaces, tops = 0x2020202020202020, 0x8080808080808080
	rest := text
	for len(rest) >= 32 {
		r := (*[32]byte)(rest)
		a, b := binary.LittleEndian.Uint64(r[:]), binary.LittleEndian.Uint64(r[8:])
		c, d := binary.LittleEndian.Uint64(r[16:]), binary.LittleEndian.Uint64(r[24:])
		if (a|b|c|d|(a-spaces)|(b-spaces)|(c-spaces)|(d-spaces))&tops != 0 {
			break
		}
		rest = rest[32:]
	}
	for i, c := range rest {
		if c < ' ' || c >= utf8.RuneSelf {
			return len(text) - len(rest) + i
		}
	}
	return len(text)
}

// special sets top bits, the lowest of them that of the first byte of w that is a quote, a
// backslash, a control character or not ASCII. Higher ones may come from borrows.
func special(w uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	return (w | (w - ones*' ') | ((w ^ ones*'"') - ones) | ((w ^ ones*'\\') - ones)) & tops
}

// hex4 reads \uXXXX at i.
func hex4(data []byte, i int) (rune, bool) {
	if i+6 > len(data) || data[i] != '\\' || data[i+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range data[i+2 : i+6] {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func syntax(detail string) error { return reason.New(reason.JSONSyntax, detail) }
func tooDeep() error             { return reason.New(reason.LimitNesting, "JSON is nested too deep") }
func tooMany() error             { return reason.New(reason.LimitMembers, "too many members or items") }
