// SPDX-License-Identifier: Apache-2.0

package strictjson

import (
	"bytes"
	"iter"
	"unicode/utf8"

	"github.com/behalf-id/behalf/reason"
)

// Member is one member of an object as it was received. Both parts may share memory with it.
type Member struct {
	Name  []byte // unescaped
	Value Value
}

// Members goes through the members of the object data, in order, without reflection. data must
// have passed Check as it is or as part of a greater value: Members itself looks at the syntax of
// this one level alone. Anything but an object is json.type, malformed data json.syntax; an error comes last
// and once, with the zero Member.
func Members(data []byte) iter.Seq2[Member, error] { return members(scanner{data: data}) }

func members(s scanner) iter.Seq2[Member, error] {
	return func(yield func(Member, error) bool) {
		s := s
		more, err := s.open('{', '}', "not an object")
		for more && err == nil {
			var m Member
			if m, err = s.member(); err != nil {
				break
			}
			if !yield(m, nil) {
				return
			}
			more, err = s.more('}')
		}
		if err = s.end(err); err != nil {
			yield(Member{}, err)
		}
	}
}

// CheckMembers is Check of an object, whose members it appends to into as it passes. Anything
// else that passes Check is json.type. With a refusal it returns nil.
func CheckMembers(data []byte, into []Member) ([]Member, error) {
	s := scanner{data: data}
	return s.members(into)
}

func (s *scanner) members(into []Member) ([]Member, error) {
	if s.peek() != '{' {
		return nil, other(s.data, "not an object")
	}
	more, err := s.open('{', '}', "")
	var first [smallObject]name
	names := first[:0]
	for more && err == nil {
		l, err := s.name()
		if err != nil {
			return nil, err
		}
		n := nameOf(l)
		if names, err = insert(names, n, s.terms); err != nil {
			return nil, err
		}
		s.peek()
		start := s.pos
		if err := s.valueOf(n, 1); err != nil {
			return nil, err
		}
		into = append(into, Member{n.text, s.data[start:s.pos]})
		if more, err = s.more('}'); err != nil {
			return nil, err
		}
	}
	if err == nil {
		err = finish(names, s.terms)
	}
	if err = s.end(err); err != nil {
		return nil, err
	}
	return into, nil
}

// CheckItems is Check of an array. It writes the first items to into, as many as fit, and
// returns how many there are. Anything else that passes Check is json.type.
func CheckItems(data []byte, into []Value) (n int, err error) {
	s := scanner{data: data}
	if s.peek() != '[' {
		return 0, other(data, "not an array")
	}
	more, err := s.open('[', ']', "")
	for ; more && err == nil; n++ {
		if n == MaxMembers {
			return 0, tooMany()
		}
		s.peek()
		start := s.pos
		if err = s.value(1); err != nil {
			return 0, err
		}
		if n < len(into) {
			into[n] = s.data[start:s.pos]
		}
		more, err = s.more(']')
	}
	if err = s.end(err); err != nil {
		return 0, err
	}
	return n, nil
}

// other is the refusal of data that is of another type: what is wrong with it goes before.
func other(data []byte, mistake string) error {
	if err := Check(data); err != nil {
		return err
	}
	return mistyped(mistake)
}

// Items goes through the items of the array data, in order, with the rules of Members.
func Items(data []byte) iter.Seq2[Value, error] { return items(scanner{data: data}) }

func items(s scanner) iter.Seq2[Value, error] {
	return func(yield func(Value, error) bool) {
		s := s
		more, err := s.open('[', ']', "not an array")
		for more && err == nil {
			var v Value
			if v, err = s.skip(); err != nil {
				break
			}
			if !yield(v, nil) {
				return
			}
			more, err = s.more(']')
		}
		if err = s.end(err); err != nil {
			yield(nil, err)
		}
	}
}

// CheckedText is Text of a value that passed Check as it is or as part of a greater one: a string
// without backslash is what stands between its quotes.
func CheckedText(value []byte) ([]byte, error) {
	if end := len(value) - 1; end > 0 && value[0] == '"' && bytes.IndexByte(value, '\\') < 0 {
		return value[1:end], nil
	}
	return Text(value)
}

// Text returns the string that value is, unescaped: a part of value where it has no escapes,
// else new memory. Anything but a string is json.type.
func Text(value []byte) ([]byte, error) {
	if end := len(value) - 1; end > 0 && value[0] == '"' && end <= MaxString && plain(value, 1) == end && value[end] == '"' {
		return value[1:end], nil
	}
	s := scanner{data: value}
	if s.peek() != '"' {
		return nil, mistyped("not a string")
	}
	l, err := s.text()
	if err = s.end(err); err != nil {
		return nil, err
	}
	if !l.escaped {
		return l.raw, nil
	}
	return unescape(make([]byte, 0, len(l.raw)), l.raw), nil
}

// String is Text as a string of its own.
func String(value []byte) (string, error) {
	t, err := Text(value)
	return string(t), err
}

// Int returns the integer that value is. A fraction or exponent is json.number_form, an integer
// beyond MaxInteger json.unsafe_integer, anything but a number json.type.
func Int(value []byte) (int64, error) {
	s := scanner{data: value}
	if c := s.peek(); c != '-' && !isDigit(c) {
		return 0, mistyped("not a number")
	}
	n, err := s.number()
	if err = s.end(err); err != nil {
		return 0, err
	}
	if !n.integer {
		return 0, reason.New(reason.JSONNumberForm, "not an integer")
	}
	return n.value, nil
}

// Bool returns the boolean that value is; anything else is json.type.
func Bool(value []byte) (bool, error) {
	s := scanner{data: value}
	first := s.peek()
	if first != 't' && first != 'f' {
		return false, mistyped("not a boolean")
	}
	if err := s.end(s.word()); err != nil {
		return false, err
	}
	return first == 't', nil
}

// open passes an opening bracket and reports whether anything stands before the closing one.
func (s *scanner) open(opening, closing byte, mistake string) (bool, error) {
	if s.peek() != opening {
		return false, mistyped(mistake)
	}
	s.pos++
	if s.peek() == closing {
		s.pos++
		return false, nil
	}
	return true, nil
}

// end returns err, or json.syntax if anything but white space is left.
func (s *scanner) end(err error) error {
	if err == nil && s.peek() == 0 && s.pos == len(s.data) {
		return nil
	}
	if err == nil {
		err = syntax("more than one value")
	}
	return err
}

func (s *scanner) member() (Member, error) {
	l, err := s.name()
	if err != nil {
		return Member{}, err
	}
	v, err := s.skip()
	if err != nil {
		return Member{}, err
	}
	if l.escaped {
		return Member{unescape(make([]byte, 0, len(l.raw)), l.raw), v}, nil
	}
	return Member{l.raw, v}, nil
}

// scalar passes anything but an array and an object.
func (s *scanner) scalar(first byte) error {
	switch {
	case first == '"':
		_, err := s.text()
		return err
	case first == '-' || isDigit(first):
		_, err := s.number()
		return err
	}
	return s.word()
}

// unescape appends raw, a string that was scanned, with its escapes resolved.
func unescape(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			dst = append(dst, raw[i])
			i++
			continue
		}
		if raw[i+1] != 'u' {
			dst = append(dst, short(raw[i+1]))
			i += 2
			continue
		}
		r, _ := hex4(raw, i)
		i += 6
		if 0xd800 <= r && r <= 0xdbff {
			low, _ := hex4(raw, i)
			r = (r-0xd800)<<10 | (low - 0xdc00) + 0x10000
			i += 6
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// short returns the character of a two-byte escape.
func short(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

func mistyped(detail string) error { return reason.New(reason.JSONType, detail) }
