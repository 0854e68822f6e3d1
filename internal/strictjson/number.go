// SPDX-License-Identifier: Apache-2.0

package strictjson

import (
	"bytes"
	"strconv"

	"github.com/behalf-id/behalf/reason"
)

// number is a JSON number that was checked.
type number struct {
	integer bool  // written without fraction and exponent
	value   int64 // its value, if integer
}

// number reads the number at pos. An integer beyond MaxInteger, negative zero and what a double
// cannot hold (1e400, or 1e-400, which would become zero) are refused.
func (s *scanner) number() (number, error) {
	start := s.pos
	if s.data[s.pos] == '-' {
		s.pos++
	}
	first := s.pos
	digits := s.digits()
	if digits == 0 || digits > 1 && s.data[first] == '0' {
		return number{}, syntax("not a JSON number")
	}
	whole := s.data[first:s.pos]
	integer := true
	if s.pos < len(s.data) && s.data[s.pos] == '.' {
		integer = false
		s.pos++
		if s.digits() == 0 {
			return number{}, syntax("not a JSON number")
		}
	}
	if s.pos < len(s.data) && s.data[s.pos]|0x20 == 'e' {
		integer = false
		s.pos++
		if s.pos < len(s.data) && (s.data[s.pos] == '+' || s.data[s.pos] == '-') {
			s.pos++
		}
		if s.digits() == 0 {
			return number{}, syntax("not a JSON number")
		}
	}
	if !integer {
		return number{}, holdable(s.data[start:s.pos])
	}
	return integerOf(whole, first != start)
}

// digits passes decimal digits and returns how many.
func (s *scanner) digits() int {
	start := s.pos
	for s.pos < len(s.data) && isDigit(s.data[s.pos]) {
		s.pos++
	}
	return s.pos - start
}

func integerOf(digits []byte, negative bool) (number, error) {
	if len(digits) > len("9007199254740991") {
		return number{}, unsafeInteger()
	}
	var v int64
	for _, c := range digits {
		v = v*10 + int64(c-'0')
	}
	switch {
	case v > MaxInteger:
		return number{}, unsafeInteger()
	case negative && v == 0:
		return number{}, reason.New(reason.JSONNumberForm, "negative zero")
	case negative:
		v = -v
	}
	return number{integer: true, value: v}, nil
}

// holdable refuses a number with fraction or exponent that a double turns into infinity, into
// zero though it is not, or into negative zero.
func holdable(text []byte) error {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return reason.New(reason.JSONNumberForm, "no double holds this number")
	}
	mantissa := text
	if e := bytes.IndexAny(text, "eE"); e >= 0 {
		mantissa = text[:e]
	}
	if f == 0 && (text[0] == '-' || bytes.ContainsAny(mantissa, "123456789")) {
		return reason.New(reason.JSONNumberForm, "zero that is not zero")
	}
	return nil
}

func unsafeInteger() error {
	return reason.New(reason.JSONUnsafeInteger, "an integer is beyond 2^53-1")
}
