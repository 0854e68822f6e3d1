// SPDX-License-Identifier: Apache-2.0

package bitstring

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"

	"github.com/behalf-id/behalf/credential/status/internal/wire"
	"github.com/behalf-id/behalf/reason"
)

// base64URL is the multibase prefix of base64url without padding, the one form of an encodedList.
const base64URL = 'u'

// Bits are the bits of a list, the first in the most significant bit of the first byte: the
// opposite of a Token Status List (Bitstring Status List 1.0 §3.3). Bits are not changed after
// they were made and may be shared. The zero Bits are empty.
type Bits struct{ octets wire.Octets }

// Pack returns a copy of data as bits.
func Pack(data []byte) Bits { return Bits{wire.NewOctets(data)} }

// Of returns octets as bits.
func Of(octets wire.Octets) Bits { return Bits{octets} }

// Octets returns the packed bits.
func (b Bits) Octets() wire.Octets { return b.octets }

// Len returns the number of bits.
func (b Bits) Len() uint64 { return uint64(b.octets.Len()) * 8 }

// Bytes returns a copy of the packed bits.
func (b Bits) Bytes() []byte { return b.octets.Bytes() }

// Set reports whether the bit at index i is set. Beyond the end it is status.index
// (RANGE_ERROR of the specification).
func (b Bits) Set(i uint64) (bool, error) {
	if i >= b.Len() {
		return false, reason.New(reason.StatusIndex, "the index is outside the list")
	}
	return b.octets.At(i>>3)>>(7-i&7)&1 == 1, nil
}

// Encode returns the bits as an encodedList: multibase base64url of one gzip member (§3.3).
func (b Bits) Encode() (string, error) {
	compressed, err := b.octets.Gzip()
	if err != nil {
		return "", err
	}
	return string(base64URL) + base64.RawURLEncoding.EncodeToString(compressed), nil
}

// Decode reads an encodedList. What is not base64url behind "u", or not one or more complete gzip
// members with nothing behind them, is status.encoding; the limits of decompression hold over the
// sum of the members and beyond them is status.too_large. Any length is accepted.
func Decode(encoded string) (Bits, error) {
	if encoded == "" || encoded[0] != base64URL {
		return Bits{}, reason.New(reason.StatusEncoding, "the list is not multibase base64url")
	}
	compressed, err := base64.RawURLEncoding.Strict().DecodeString(encoded[1:])
	if err != nil {
		return Bits{}, reason.Wrap(reason.StatusEncoding, "the list is not base64url", err)
	}
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return Bits{}, reason.Wrap(reason.StatusEncoding, "the list is not gzip", err)
	}
	octets, err := wire.Inflate(r, len(compressed))
	return Bits{octets}, err
}
