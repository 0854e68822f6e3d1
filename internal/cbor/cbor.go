// SPDX-License-Identifier: Apache-2.0

// Package cbor reads and writes the part of CBOR that proofs with selective disclosure need:
// unsigned integers, byte strings, text strings, arrays and maps in the deterministic encoding of
// RFC 8949 §4.2.1, without tags.
//
// A Reader is pulled by the caller, who knows what comes next. So nothing nests deeper than the
// caller's own code, and nothing is allocated for what the bytes merely promise.
package cbor

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/behalf-id/behalf/reason"
)

// The major types (RFC 8949 §3.1), as the high bits of a head.
const (
	majorUint  byte = 0 << 5
	majorBytes byte = 2 << 5
	majorText  byte = 3 << 5
	majorArray byte = 4 << 5
	majorMap   byte = 5 << 5
)

// The values of the low bits of a head which say that the argument follows.
const (
	oneByte    = 24
	twoBytes   = 25
	fourBytes  = 26
	eightBytes = 27
)

// AppendUint appends n.
func AppendUint(dst []byte, n uint64) []byte { return appendHead(dst, majorUint, n) }

// AppendBytes appends b as a byte string.
func AppendBytes(dst, b []byte) []byte {
	return append(appendHead(dst, majorBytes, uint64(len(b))), b...)
}

// AppendText appends s as a text string. That s is UTF-8 is the caller's duty.
func AppendText(dst []byte, s string) []byte {
	return append(appendHead(dst, majorText, uint64(len(s))), s...)
}

// AppendArray appends the head of an array, which the caller follows by n items.
func AppendArray(dst []byte, n int) []byte { return appendHead(dst, majorArray, uint64(n)) }

// AppendMap appends the head of a map, which the caller follows by n keys with a value each, in
// the order of their encodings (RFC 8949 §4.2.1).
func AppendMap(dst []byte, n int) []byte { return appendHead(dst, majorMap, uint64(n)) }

// appendHead writes the shortest head there is for n.
func appendHead(dst []byte, major byte, n uint64) []byte {
	switch {
	case n < oneByte:
		return append(dst, major|byte(n))
	case n < 1<<8:
		return append(dst, major|oneByte, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, major|twoBytes), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(dst, major|fourBytes), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, major|eightBytes), n)
}

// Reader reads one CBOR item from its bytes. Everything that is not there as asked for, a tag, a
// length that is indefinite or longer than what is left, and a head that could be shorter are
// di.proof_value. After the first error every call returns it.
type Reader struct {
	rest []byte
	err  error
}

// NewReader returns a Reader of data, of which the caller keeps the bound.
func NewReader(data []byte) *Reader { return &Reader{rest: data} }

// Uint reads an unsigned integer.
func (r *Reader) Uint() uint64 { return r.head(majorUint) }

// Bytes reads a byte string. The result shares memory with the input.
func (r *Reader) Bytes() []byte { return r.take(r.head(majorBytes)) }

// Text reads a text string of valid UTF-8.
func (r *Reader) Text() string {
	b := r.take(r.head(majorText))
	if !utf8.Valid(b) {
		r.refuse("a text of a proof is not UTF-8")
		return ""
	}
	return string(b)
}

// Array reads the head of an array and returns how many items follow, at most limit.
func (r *Reader) Array(limit int) int { return r.count(majorArray, limit) }

// Map reads the head of a map and returns how many pairs follow, at most limit.
func (r *Reader) Map(limit int) int { return r.count(majorMap, limit) }

// Err returns the first error so far.
func (r *Reader) Err() error { return r.err }

// Close returns the first error, which bytes after the item are too.
func (r *Reader) Close() error {
	if len(r.rest) > 0 {
		r.refuse("bytes follow the value of a proof")
	}
	return r.err
}

// head reads a head of the type major and returns its argument.
func (r *Reader) head(major byte) uint64 {
	if r.err != nil || len(r.rest) == 0 || r.rest[0]&0xe0 != major {
		r.refuse("a component of a proof is missing or of another type")
		return 0
	}
	low := r.rest[0] & 0x1f
	r.rest = r.rest[1:]
	if low < oneByte {
		return uint64(low)
	}
	if low > eightBytes {
		r.refuse("a length in a proof is indefinite or reserved")
		return 0
	}
	n, size := uint64(0), 1<<(low-oneByte)
	for _, b := range r.take(uint64(size)) {
		n = n<<8 | uint64(b)
	}
	if r.err == nil && len(appendHead(nil, major, n)) != 1+size {
		r.refuse("a head in a proof is not the shortest")
		return 0
	}
	return n
}

func (r *Reader) take(n uint64) []byte {
	if r.err != nil || n > uint64(len(r.rest)) {
		r.refuse("a proof ends too early")
		return nil
	}
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}

func (r *Reader) count(major byte, limit int) int {
	n := r.head(major)
	if n > uint64(limit) || n > uint64(len(r.rest)) {
		r.refuse("a list in a proof is too long")
		return 0
	}
	return int(n)
}

// refuse keeps the first error and drops the rest, so that no loop of a caller goes on.
func (r *Reader) refuse(detail string) {
	r.rest = nil
	if r.err == nil {
		r.err = reason.New(reason.DIProofValue, detail)
	}
}
