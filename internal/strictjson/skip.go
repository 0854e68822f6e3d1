// SPDX-License-Identifier: Apache-2.0

package strictjson

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// skip passes one value and returns it.
func (s *scanner) skip() (Value, error) {
	first := s.peek()
	start := s.pos
	if first == '{' || first == '[' {
		if !s.jump() && !s.brackets() {
			return nil, syntax("a value has no end")
		}
		return Value(s.data[start:s.pos]), nil
	}
	if first == '"' {
		if s.pos = pastString(s.data, start+1) + 1; s.pos > len(s.data) {
			return nil, syntax("a string has no end")
		}
		return Value(s.data[start:s.pos]), nil
	}
	if err := s.scalar(first); err != nil {
		return nil, err
	}
	return Value(s.data[start:s.pos]), nil
}

// jump passes the array or object at pos if it is known where it ends.
func (s *scanner) jump() bool {
	if s.known == nil {
		return false
	}
	base := s.known.place(s.data)
	end := s.known.end(base+s.pos) - base
	if end <= s.pos || end > len(s.data) {
		return false
	}
	s.pos = end
	return true
}

// brackets passes the array or object at pos without looking at what is in it, which was checked
// before: it counts brackets outside of strings, and no more. Whoever reads on into a credential
// passes most bytes once for each object that they are in, and this is the passing.
func (s *scanner) brackets() bool {
	depth := 0
	for i := s.pos; i < len(s.data); i++ {
		c := s.data[i]
		if c == '"' {
			if i = pastString(s.data, i+1); i == len(s.data) {
				return false
			}
			continue
		}
		// Of the two pairs of brackets either differs from the other in one bit.
		switch c | 0x20 {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				s.pos = i + 1
				return true
			}
		}
	}
	return false
}

// pastString returns where in data the string closes whose first byte is at i, else len(data). What
// stands behind a backslash closes nothing.
func pastString(data []byte, i int) int {
	for words := 0; ; {
		for ; i+8 <= len(data) && words < manyWords; words++ {
			mask := closing(binary.LittleEndian.Uint64(data[i:]))
			if mask != 0 {
				i += bits.TrailingZeros64(mask) / 8
				break
			}
			i += 8
		}
		if words == manyWords {
			return pastLong(data, i)
		}
		switch {
		case i >= len(data):
			return len(data)
		case data[i] == '"':
			return i
		case data[i] == '\\':
			i++
		}
		i++
	}
}

// manyWords is how many words of a string are looked at before it is taken for a long one.
const manyWords = 8

// pastLong is pastString by a search that is faster where there is much to pass. Behind an odd number
// of backslashes, of which the first can stand before i, a quote closes nothing.
func pastLong(data []byte, i int) int {
	for {
		n := bytes.IndexByte(data[i:], '"')
		if n < 0 {
			return len(data)
		}
		i += n
		back := i
		for back > 0 && data[back-1] == '\\' {
			back--
		}
		if (i-back)%2 == 0 {
			return i
		}
		i++
	}
}

// closing sets top bits, the lowest of them that of the first byte of w that is a quote or a
// backslash. Higher ones may come from borrows.
func closing(w uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote, backslash := w^ones*'"', w^ones*'\\'
	return ((quote-ones)&^quote | (backslash-ones)&^backslash) & tops
}
