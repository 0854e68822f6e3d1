// SPDX-License-Identifier: Apache-2.0

package delta

import (
	"encoding/binary"
	"math/bits"

	"github.com/behalf-id/behalf/credential/status/internal/wire"
)

// maxShift is the largest parameter of a Rice code here: a gap is below 2^32.
const maxShift = 31

// AppendGaps appends positions, which rise, to dst: their number as a varint and, if there are any,
// one octet of parameter k and the Golomb–Rice code of the gaps between them. The gap of a position is
// how many positions were left out before it; its code is gap>>k ones, a zero, and the k low bits,
// all from the most significant bit on; the last octet is filled up with zeros. k is the one that
// needs the fewest octets. For positions at random that is within 0.5 % of what is possible at all where
// one in a hundred is there, and within 3 % elsewhere.
func AppendGaps(dst []byte, positions []uint32) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(positions)))
	if len(positions) == 0 {
		return dst
	}
	k := bestShift(positions)
	w := bitWriter{out: append(dst, byte(k))}
	next := uint32(0)
	for _, p := range positions {
		gap := p - next
		for ones := gap >> k; ; ones -= 32 {
			if ones < 32 {
				w.write(1<<(ones+1)-2, uint(ones)+1)
				break
			}
			w.write(1<<32-1, 32)
		}
		w.write(uint64(gap)&(1<<k-1), k)
		next = p + 1
	}
	return w.end()
}

// bestShift returns the parameter with the shortest code. The length is a valley over k, so that
// its foot is found by going down.
func bestShift(positions []uint32) uint {
	mean := positions[len(positions)-1] / uint32(len(positions))
	k := uint(max(bits.Len32(mean), 1) - 1)
	best := codeLength(positions, k)
	for _, step := range []int{-1, 1} {
		for {
			try := int(k) + step
			if try < 0 || try > maxShift {
				break
			}
			length := codeLength(positions, uint(try))
			if length >= best {
				break
			}
			k, best = uint(try), length
		}
	}
	return k
}

func codeLength(positions []uint32, k uint) uint64 {
	total, next := uint64(len(positions))*uint64(k+1), uint32(0)
	for _, p := range positions {
		total += uint64((p - next) >> k)
		next = p + 1
	}
	return total
}

// bitWriter appends bits, the first in the most significant bit of an octet.
type bitWriter struct {
	out  []byte
	held uint64 // the low n bits are not written yet
	n    uint   // below 8 between calls
}

// write appends the low n bits of v, at most 33, which has no others.
func (w *bitWriter) write(v uint64, n uint) {
	w.held, w.n = w.held<<n|v, w.n+n
	for w.n >= 8 {
		w.n -= 8
		w.out = append(w.out, byte(w.held>>w.n))
	}
}

func (w *bitWriter) end() []byte {
	if w.n > 0 {
		w.out = append(w.out, byte(w.held<<(8-w.n)))
	}
	return w.out
}

// ReadGaps reads all of data as AppendGaps wrote it, for positions below limit. What has more than
// MaxFlips positions, one beyond the limit, or anything that AppendGaps would not have written so is
// status.encoding.
func ReadGaps(data []byte, limit uint64) ([]uint32, error) {
	count, n := binary.Uvarint(data)
	rest := data[max(n, 0):]
	switch {
	case n <= 0 || n > 1 && data[n-1] == 0:
		return nil, wire.Malformed("the number of changes cannot be read", nil)
	case count == 0 && len(rest) == 0:
		return nil, nil
	case count == 0 || count > MaxFlips || len(rest) == 0 || rest[0] > maxShift || count > uint64(len(rest)-1)*8:
		return nil, wire.Malformed("changes are out of bounds", nil)
	}
	r := bitReader{in: rest[1:]}
	k := uint(rest[0])
	positions := make([]uint32, count)
	next := uint64(0)
	for i := range positions {
		gap := r.ones()<<k | r.read(k)
		if next += gap; r.failed || next >= limit {
			return nil, wire.Malformed("changes are cut short or beyond the list", nil)
		}
		positions[i] = uint32(next)
		next++
	}
	if !r.ended() || bestShift(positions) != k {
		return nil, wire.Malformed("changes are not written as they must be", nil)
	}
	return positions, nil
}

// bitReader takes bits, the first out of the most significant bit of an octet.
type bitReader struct {
	in     []byte
	at     uint64 // number of the next bit
	failed bool   // bits were asked for beyond the end
}

// ones takes ones up to a zero, which it takes too, and returns how many there were.
func (r *bitReader) ones() uint64 {
	start := r.at
	for ; r.at < uint64(len(r.in))*8; r.at++ {
		rest := r.in[r.at/8] << (r.at % 8)
		if rest == 255<<(r.at%8)&255 { // nothing but ones: on to the next octet
			r.at |= 7
			continue
		}
		r.at += uint64(bits.LeadingZeros8(^rest))
		r.at++
		return r.at - 1 - start
	}
	r.failed = true
	return 0
}

// read takes n bits, at most maxShift.
func (r *bitReader) read(n uint) uint64 {
	if r.at+uint64(n) > uint64(len(r.in))*8 {
		r.failed = true
		return 0
	}
	var window [8]byte
	copy(window[:], r.in[r.at/8:])
	v := binary.BigEndian.Uint64(window[:]) << (r.at % 8) >> (64 - n)
	r.at += uint64(n)
	return v
}

// ended reports whether all was taken but for zeros that fill up the last octet.
func (r *bitReader) ended() bool {
	return (r.at+7)/8 == uint64(len(r.in)) && (r.at%8 == 0 || r.in[r.at/8]<<(r.at%8) == 0)
}
