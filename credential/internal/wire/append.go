// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/behalf-id/behalf/credential"
)

// Object appends one JSON object, member by member, without reflection.
type Object struct {
	Buf   []byte
	first bool
}

// Open begins an object at the end of dst.
func Open(dst []byte) Object { return Object{append(dst, '{'), true} }

// Close ends the object and returns the buffer.
func (o *Object) Close() []byte { return append(o.Buf, '}') }

// Name appends a member's name, which needs no escapes. The value follows.
func (o *Object) Name(name string) {
	o.comma()
	o.Buf = append(append(append(o.Buf, '"'), name...), '"', ':')
}

// AnyName is Name for a name that may need escapes; it is valid UTF-8.
func (o *Object) AnyName(name string) {
	o.comma()
	o.Buf = append(AppendText(o.Buf, name), ':')
}

func (o *Object) comma() {
	if !o.first {
		o.Buf = append(o.Buf, ',')
	}
	o.first = false
}

// Text appends a member that is a string.
func (o *Object) Text(name, s string) {
	o.Name(name)
	o.Buf = AppendText(o.Buf, s)
}

// Optional is Text unless s is empty.
func (o *Object) Optional(name, s string) {
	if s != "" {
		o.Text(name, s)
	}
}

// Int appends a member that is a number.
func (o *Object) Int(name string, n int64) {
	o.Name(name)
	o.Buf = strconv.AppendInt(o.Buf, n, 10)
}

// Time appends a member that is an instant, unless it is zero.
func (o *Object) Time(name string, t time.Time) {
	if t.IsZero() {
		return
	}
	o.Name(name)
	o.Buf = append(credential.AppendTime(append(o.Buf, '"'), t), '"')
}

// List appends a member that is an array of strings.
func (o *Object) List(name string, list []string) {
	o.Name(name)
	o.Buf = append(o.Buf, '[')
	for i, s := range list {
		if i > 0 {
			o.Buf = append(o.Buf, ',')
		}
		o.Buf = AppendText(o.Buf, s)
	}
	o.Buf = append(o.Buf, ']')
}

// AppendText appends s as a JSON string. s is valid UTF-8: Check said so.
func AppendText(dst []byte, s string) []byte {
	if !isPlain(s) {
		dst, _ = jsontext.AppendQuote(dst, s)
		return dst
	}
	return append(append(append(dst, '"'), s...), '"')
}

// isPlain reports whether s stands in JSON as it is. It looks at eight bytes at once, for a quote, a
// backslash, a control character or one that is not ASCII; a borrow can only make it false.
func isPlain(s string) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; len(s) >= 8; s = s[8:] {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		if (w|(w-ones*' ')|((w^ones*'"')-ones)|((w^ones*'\\')-ones))&tops != 0 {
			return false
		}
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			return false
		}
	}
	return true
}
