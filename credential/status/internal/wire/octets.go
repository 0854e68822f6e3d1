// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"slices"
	"sync/atomic"

	"github.com/behalf-id/behalf/reason"
)

// PartSize is the number of octets of one part of a list.
const PartSize = 16 << 10

// Octets are the octets of a list after decompression, in parts of PartSize. They are never changed
// and may be shared; lists that were made out of one another share the parts that are the same, and
// what was computed of them. The zero Octets are empty.
type Octets struct{ held *held }

type held struct {
	parts []*[PartSize]byte // what lies beyond size is zero
	memos []*memo           // of the part at the same place
	size  int
	kept  bool // compressed part by part, because more like it are to follow
}

// memo is what was computed of one part.
type memo struct {
	sum    atomic.Pointer[[sha256.Size]byte]
	packed atomic.Pointer[packed]
}

// NewOctets returns a copy of data as octets that are compressed as a whole.
func NewOctets(data []byte) Octets {
	o := Octets{}.With(data)
	o.held.kept = false
	return o
}

// With returns a copy of data as octets that are compressed part by part. Parts that o has at the
// same place are shared, so that they are neither copied nor compressed nor digested again.
func (o Octets) With(data []byte) Octets {
	old := o.get()
	n := (len(data) + PartSize - 1) / PartSize
	out := &held{make([]*[PartSize]byte, 0, n), make([]*memo, 0, n), len(data), true}
	for i := range n {
		part := data[i*PartSize : min((i+1)*PartSize, len(data))]
		if i < len(old.parts) && old.lenOf(i) == len(part) && bytes.Equal(old.parts[i][:len(part)], part) {
			out.parts, out.memos = append(out.parts, old.parts[i]), append(out.memos, old.memos[i])
			continue
		}
		copied := new([PartSize]byte)
		copy(copied[:], part)
		out.parts, out.memos = append(out.parts, copied), append(out.memos, &memo{})
	}
	return Octets{out}
}

// get returns what o holds, which is never nil.
func (o Octets) get() *held {
	if o.held == nil {
		return &held{}
	}
	return o.held
}

// lenOf returns how many octets of the list the part at place i holds.
func (h *held) lenOf(i int) int { return min(PartSize, h.size-i*PartSize) }

// Len returns the number of octets.
func (o Octets) Len() int {
	if o.held == nil {
		return 0
	}
	return o.held.size
}

// At returns the octet at i, which must be below Len.
func (o Octets) At(i uint64) byte { return o.held.parts[i/PartSize][i%PartSize] }

// Bytes returns a copy of all octets.
func (o Octets) Bytes() []byte {
	h := o.get()
	out := make([]byte, 0, h.size)
	for i, part := range h.parts {
		out = append(out, part[:h.lenOf(i)]...)
	}
	return out
}

// Equal reports whether both have the same octets.
func (o Octets) Equal(other Octets) bool {
	one, two := o.get(), other.get()
	return one.size == two.size && slices.EqualFunc(one.parts, two.parts, func(a, b *[PartSize]byte) bool {
		return a == b || *a == *b
	})
}

// Flips returns the positions, rising, of the bits in which o and to differ, which must have the
// same length: position p is the bit of value 2^(p mod 8) in octet p/8, whatever order the list has.
func (o Octets) Flips(to Octets) []uint32 {
	var flips []uint32
	end := to.get()
	for i, a := range o.get().parts {
		b := end.parts[i]
		if a == b {
			continue
		}
		for at := 0; at < PartSize; at += 8 {
			differ := binary.LittleEndian.Uint64(a[at:]) ^ binary.LittleEndian.Uint64(b[at:])
			for ; differ != 0; differ &= differ - 1 {
				flips = append(flips, uint32((i*PartSize+at)*8+bits.TrailingZeros64(differ)))
			}
		}
	}
	return flips
}

// Flip returns octets that differ from o in the bits at the given positions, in the sense of Flips
// and rising. A position outside o or out of order is status.encoding.
func (o Octets) Flip(positions []uint32) (Octets, error) {
	h := o.get()
	out := &held{slices.Clone(h.parts), slices.Clone(h.memos), h.size, true}
	last := -1 // place of the part that was copied last
	for n, p := range positions {
		if uint64(p) >= uint64(h.size)*8 || n > 0 && p <= positions[n-1] {
			return Octets{}, reason.New(reason.StatusEncoding, "a change is outside the list or out of order")
		}
		place := int(p / (8 * PartSize))
		if place != last {
			part := *out.parts[place]
			out.parts[place], out.memos[place], last = &part, &memo{}, place
		}
		out.parts[place][p/8%PartSize] ^= 1 << (p % 8)
	}
	return Octets{out}, nil
}

// Root returns the SHA-256 digest over the length in octets, as 8 octets most significant first, and
// the SHA-256 digests of the parts in order.
func (o Octets) Root() [sha256.Size]byte {
	h := o.get()
	all := make([]byte, 0, 8+len(h.parts)*sha256.Size)
	all = binary.BigEndian.AppendUint64(all, uint64(h.size))
	for i, m := range h.memos {
		sum := m.sum.Load()
		if sum == nil {
			digest := sha256.Sum256(h.parts[i][:h.lenOf(i)])
			sum = &digest
			m.sum.Store(sum)
		}
		all = append(all, sum[:]...)
	}
	return sha256.Sum256(all)
}
