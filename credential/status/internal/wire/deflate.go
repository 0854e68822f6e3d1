// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"hash/adler32"
	"hash/crc32"
	"io"
)

// Effort of compression: a part that has changed is wanted at once.
const (
	wholeLevel = flate.BestCompression
	partLevel  = flate.DefaultCompression
)

// packed is one part compressed by itself: deflate blocks that end on an octet and of which none is
// the last, so that those of all parts in a row, with an end, are the deflate stream of the list.
type packed struct {
	blocks     []byte
	crc, adler uint32 // of the part before compression
}

// Gzip returns the octets as one gzip member (RFC 1952). Those made by With or Flip are compressed
// part by part, and only the parts that were not compressed before.
func (o Octets) Gzip() ([]byte, error) {
	h := o.get()
	if !h.kept {
		return h.whole(func(out io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(out, wholeLevel) })
	}
	header := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255} // deflate, no time, best effort, no system
	out, err := h.deflate(header)
	if err != nil {
		return nil, err
	}
	var crc uint32
	full := power(PartSize)
	for i, m := range h.memos {
		shift := full
		if n := h.lenOf(i); n < PartSize {
			shift = power(n)
		}
		crc = multiply(crc, shift) ^ m.packed.Load().crc
	}
	out = binary.LittleEndian.AppendUint32(out, crc)
	return binary.LittleEndian.AppendUint32(out, uint32(h.size)), nil
}

// Zlib returns the octets as one zlib stream (RFC 1950); see Gzip.
func (o Octets) Zlib() ([]byte, error) {
	h := o.get()
	if !h.kept {
		return h.whole(func(out io.Writer) (io.WriteCloser, error) { return zlib.NewWriterLevel(out, wholeLevel) })
	}
	out, err := h.deflate([]byte{0x78, 0xda})
	if err != nil {
		return nil, err
	}
	sum := uint32(1)
	for i, m := range h.memos {
		sum = joinAdler(sum, m.packed.Load().adler, uint32(h.lenOf(i)))
	}
	return binary.BigEndian.AppendUint32(out, sum), nil
}

// whole compresses all octets in one go.
func (h *held) whole(open func(io.Writer) (io.WriteCloser, error)) ([]byte, error) {
	var out bytes.Buffer
	w, err := open(&out)
	if err != nil {
		return nil, err
	}
	for i, part := range h.parts {
		if _, err := w.Write(part[:h.lenOf(i)]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// deflate appends to out the blocks of all parts and an end, and compresses the parts that are not yet.
func (h *held) deflate(out []byte) ([]byte, error) {
	var w *flate.Writer // large, so one for all
	total := len(out)
	for i, m := range h.memos {
		p := m.packed.Load()
		if p == nil {
			var err error
			if p, err = pack(h.parts[i][:h.lenOf(i)], &w); err != nil {
				return nil, err
			}
			m.packed.Store(p)
		}
		total += len(p.blocks)
	}
	all := append(make([]byte, 0, total+10), out...)
	for _, m := range h.memos {
		all = append(all, m.packed.Load().blocks...)
	}
	return append(all, 3, 0), nil // an empty block, which is the last
}

// pack compresses part with *w, which it makes if there is none.
func pack(part []byte, w **flate.Writer) (*packed, error) {
	var out bytes.Buffer
	if *w == nil {
		made, err := flate.NewWriter(&out, partLevel)
		if err != nil {
			return nil, err
		}
		*w = made
	} else {
		(*w).Reset(&out)
	}
	if _, err := (*w).Write(part); err != nil {
		return nil, err
	}
	if err := (*w).Flush(); err != nil {
		return nil, err
	}
	return &packed{bytes.Clone(out.Bytes()), crc32.ChecksumIEEE(part), adler32.Checksum(part)}, nil
}

// The polynomials over GF(2) of CRC-32, modulo that of IEEE 802.3: bit 31 is the coefficient of x^0.
const (
	modulus = crc32.IEEE
	one     = 1 << 31
	x8      = one >> 8 // one more octet
)

// multiply returns a times b. A checksum times power(n), exclusive or that of n octets more, is the
// checksum of all.
func multiply(a, b uint32) uint32 {
	var product uint32
	for ; a != 0; a <<= 1 {
		if a&one != 0 {
			product ^= b
		}
		carry := b & 1
		b = b>>1 ^ carry*modulus
	}
	return product
}

// power returns x to the power of 8n.
func power(n int) uint32 {
	result := uint32(one)
	for square := uint32(x8); n > 0; n >>= 1 {
		if n&1 == 1 {
			result = multiply(result, square)
		}
		square = multiply(square, square)
	}
	return result
}

// joinAdler returns the Adler-32 checksum of what first is the checksum of, followed by n octets of
// which then is the checksum.
func joinAdler(first, then, n uint32) uint32 {
	const mod = 65521
	a, b := first&0xffff, first>>16
	low := (a + then&0xffff + mod - 1) % mod
	high := (uint64(b) + uint64(then>>16) + uint64(n%mod)*uint64(a+mod-1)) % mod
	return uint32(high)<<16 | low
}
