// SPDX-License-Identifier: Apache-2.0

package key

import (
	"encoding/binary"
	"math/bits"
)

// element is a number modulo p = 2^255-19 in five limbs of 51 bits, each a little over that at
// times. It serves one question about public keys (does a root exist?); no secret comes near it.
type element [5]uint64

const limb = 1<<51 - 1

// newElement reads 32 little-endian bytes without the top bit, and whether they are below p.
func newElement(k []byte) (element, bool) {
	w0, w1 := binary.LittleEndian.Uint64(k), binary.LittleEndian.Uint64(k[8:])
	w2, w3 := binary.LittleEndian.Uint64(k[16:]), binary.LittleEndian.Uint64(k[24:])
	e := element{
		w0 & limb,
		(w0>>51 | w1<<13) & limb,
		(w1>>38 | w2<<26) & limb,
		(w2>>25 | w3<<39) & limb,
		w3 >> 12 & limb,
	}
	return e, e == e.reduce()
}

// reduce returns e below p.
func (e element) reduce() element {
	e = e.carry()
	// The quotient by p is 1 exactly if adding 19 carries out of the top.
	q := (e[0] + 19) >> 51
	for _, l := range e[1:] {
		q = (l + q) >> 51
	}
	e[0] += 19 * q
	for i := range 4 {
		e[i+1] += e[i] >> 51
		e[i] &= limb
	}
	e[4] &= limb
	return e
}

// carry brings every limb to 51 bits, or one bit more in the lowest two.
func (e element) carry() element {
	for range 2 {
		for i := range 4 {
			e[i+1] += e[i] >> 51
			e[i] &= limb
		}
		e[0] += 19 * (e[4] >> 51)
		e[4] &= limb
	}
	return e
}

// sub returns a - b. It adds 4p first, so that no limb goes below zero.
func sub(a, b element) element {
	const lowest, others = 4 * (limb - 18), 4 * limb
	return element{
		a[0] + lowest - b[0], a[1] + others - b[1], a[2] + others - b[2],
		a[3] + others - b[3], a[4] + others - b[4],
	}.carry()
}

// wide is a number of 128 bits.
type wide struct{ hi, lo uint64 }

// plus returns w + a·b.
func (w wide) plus(a, b uint64) wide {
	hi, lo := bits.Mul64(a, b)
	lo, c := bits.Add64(lo, w.lo, 0)
	hi, _ = bits.Add64(hi, w.hi, c)
	return wide{hi, lo}
}

// split returns the lowest 51 bits of w and the rest.
func (w wide) split() (low, rest uint64) { return w.lo & limb, w.hi<<13 | w.lo>>51 }

// mul returns a·b. What would stand at 2^255 and above comes in below, nineteen times.
func mul(a, b element) element {
	b1, b2, b3, b4 := 19*b[1], 19*b[2], 19*b[3], 19*b[4]
	r0 := wide{}.plus(a[0], b[0]).plus(a[1], b4).plus(a[2], b3).plus(a[3], b2).plus(a[4], b1)
	r1 := wide{}.plus(a[0], b[1]).plus(a[1], b[0]).plus(a[2], b4).plus(a[3], b3).plus(a[4], b2)
	r2 := wide{}.plus(a[0], b[2]).plus(a[1], b[1]).plus(a[2], b[0]).plus(a[3], b4).plus(a[4], b3)
	r3 := wide{}.plus(a[0], b[3]).plus(a[1], b[2]).plus(a[2], b[1]).plus(a[3], b[0]).plus(a[4], b4)
	r4 := wide{}.plus(a[0], b[4]).plus(a[1], b[3]).plus(a[2], b[2]).plus(a[3], b[1]).plus(a[4], b[0])
	return narrow(r0, r1, r2, r3, r4)
}

// square returns a·a with ten products fewer than mul.
func square(a element) element {
	d0, d1, d2 := 2*a[0], 2*a[1], 2*a[2]
	n3, n4 := 19*a[3], 19*a[4]
	r0 := wide{}.plus(a[0], a[0]).plus(d1, n4).plus(d2, n3)
	r1 := wide{}.plus(d0, a[1]).plus(d2, n4).plus(a[3], n3)
	r2 := wide{}.plus(d0, a[2]).plus(a[1], a[1]).plus(2*a[3], n4)
	r3 := wide{}.plus(d0, a[3]).plus(d1, a[2]).plus(a[4], n4)
	r4 := wide{}.plus(d0, a[4]).plus(d1, a[3]).plus(a[2], a[2])
	return narrow(r0, r1, r2, r3, r4)
}

// narrow brings five columns of products back to limbs.
func narrow(r0, r1, r2, r3, r4 wide) element {
	l0, c0 := r0.split()
	l1, c1 := r1.split()
	l2, c2 := r2.split()
	l3, c3 := r3.split()
	l4, c4 := r4.split()
	l0, l1, l2, l3, l4 = l0+19*c4, l1+c0, l2+c1, l3+c2, l4+c3
	// One more round brings the limbs back near 51 bits, small enough to multiply again.
	return element{
		l0&limb + 19*(l4>>51), l1&limb + l0>>51, l2&limb + l1>>51, l3&limb + l2>>51, l4&limb + l3>>51,
	}
}

// squares returns e squared n times.
func squares(e element, n int) element {
	for range n {
		e = square(e)
	}
	return e
}

// isSquare reports whether e has a square root: it has if e^((p-1)/2) is 1 (or e is 0). The
// exponent is 2^254 - 10 = 16·(2^250 - 1) + 6.
func isSquare(e element) bool {
	// ones(n) is e^(2^n - 1), and ones(m+n) is ones(m) squared n times by ones(n).
	ones2 := mul(squares(e, 1), e)
	ones3 := mul(squares(ones2, 1), e)
	ones5 := mul(squares(ones3, 2), ones2)
	ones10 := mul(squares(ones5, 5), ones5)
	ones20 := mul(squares(ones10, 10), ones10)
	ones40 := mul(squares(ones20, 20), ones20)
	ones50 := mul(squares(ones40, 10), ones10)
	ones100 := mul(squares(ones50, 50), ones50)
	ones200 := mul(squares(ones100, 100), ones100)
	ones250 := mul(squares(ones200, 50), ones50)
	sixth := squares(ones2, 1) // e^6
	power := mul(squares(ones250, 4), sixth).reduce()
	return power == element{1} || power == element{}
}
