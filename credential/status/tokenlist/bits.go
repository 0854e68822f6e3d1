// SPDX-License-Identifier: Apache-2.0

package tokenlist

import (
	"bytes"
	"compress/zlib"
	"math/bits"

	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/internal/wire"
	"github.com/behalf-id/behalf/reason"
)

// The status types (draft-ietf-oauth-status-list §7.1). All others are application-specific
// or reserved, and refused here.
const (
	ValueValid     = 0
	ValueInvalid   = 1
	ValueSuspended = 2
)

// Bits are the values of a list, 1, 2, 4 or 8 bits each, the first in the least significant
// bits of the first byte (§4.1). Bits are not changed after they were made and may be shared.
// The zero Bits have no values.
type Bits struct {
	octets wire.Octets
	log    uint8 // log2 of the width: 0 for 1 bit, 3 for 8
}

// Pack returns a copy of data as values of width bits. A width other than 1, 2, 4 and 8
// is status.value_unknown.
func Pack(width int, data []byte) (Bits, error) { return Of(width, wire.NewOctets(data)) }

// Of returns octets as values of width bits, with the error of Pack.
func Of(width int, octets wire.Octets) (Bits, error) {
	switch width {
	case 1, 2, 4, 8:
		return Bits{octets, uint8(bits.TrailingZeros(uint(width)))}, nil
	}
	return Bits{}, reason.New(reason.StatusValueUnknown, "a status has 1, 2, 4 or 8 bits")
}

// Octets returns the packed values.
func (b Bits) Octets() wire.Octets { return b.octets }

// Width returns the bits per value.
func (b Bits) Width() int { return 1 << b.log }

// Len returns the number of values.
func (b Bits) Len() uint64 { return uint64(b.octets.Len()) * 8 >> (b.log & 3) }

// Bytes returns a copy of the packed values.
func (b Bits) Bytes() []byte { return b.octets.Bytes() }

// Value returns the value at index i. Beyond the end it is status.index.
func (b Bits) Value(i uint64) (uint8, error) {
	if i >= b.Len() {
		return 0, outside()
	}
	return b.at(i), nil
}

// State returns what the value at index i means. A value without a meaning is status.value_unknown,
// an index beyond the end status.index.
func (b Bits) State(i uint64) (status.State, error) {
	if i >= b.Len() {
		return status.Unknown, outside()
	}
	if v := b.at(i); v <= ValueSuspended {
		return status.State(meanings >> (v & 3 * 8)), nil
	}
	return status.Unknown, undefined()
}

// meanings holds the state of each value in a byte of its own, which is faster than a table or a
// switch whose branches cannot be foretold.
const meanings = uint32(status.Valid)<<(8*ValueValid) | uint32(status.Revoked)<<(8*ValueInvalid) | uint32(status.Suspended)<<(8*ValueSuspended)

// Compress returns the values as one zlib stream (RFC 1950), as lst holds them.
func (b Bits) Compress() ([]byte, error) { return b.octets.Zlib() }

// Decompress reads compressed, exactly one zlib stream, as values of width bits. A stream that is
// damaged, wants a dictionary, or has anything behind it is status.encoding, one that passes the
// limits of decompression status.too_large.
func Decompress(width int, compressed []byte) (Bits, error) {
	if _, err := Pack(width, nil); err != nil {
		return Bits{}, err
	}
	in := bytes.NewReader(compressed)
	r, err := zlib.NewReader(in)
	if err != nil {
		return Bits{}, reason.Wrap(reason.StatusEncoding, "the list is not zlib", err)
	}
	octets, err := wire.Inflate(r, len(compressed))
	if err != nil {
		return Bits{}, err
	}
	if in.Len() != 0 {
		return Bits{}, reason.New(reason.StatusEncoding, "bytes follow the list")
	}
	return Of(width, octets)
}

// at returns the value at i, which must be below Len. The masks of shift counts change nothing but
// the code that the compiler makes.
func (b Bits) at(i uint64) uint8 {
	place := i << (b.log & 3) // the number of the value's first bit
	width := 1 << (b.log & 3)
	return b.octets.At(place>>3) >> (place & 7) & uint8(1<<(width&15)-1)
}

func undefined() error {
	return reason.New(reason.StatusValueUnknown, "the status value is not defined")
}

func outside() error { return reason.New(reason.StatusIndex, "the index is outside the list") }
