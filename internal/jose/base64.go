// SPDX-License-Identifier: Apache-2.0

package jose

import (
	"encoding/base64"
	"encoding/binary"
	"slices"

	"github.com/behalf-id/behalf/reason"
)

// AppendEncode appends raw as base64url without padding (RFC 7515 §2).
func AppendEncode(dst, raw []byte) []byte { return base64.RawURLEncoding.AppendEncode(dst, raw) }

// sextets gives the six bits that a character of base64url stands for, and valid beside them.
var sextets = [256]uint8{
	'A': 64, 'B': 65, 'C': 66, 'D': 67, 'E': 68, 'F': 69, 'G': 70, 'H': 71, 'I': 72, 'J': 73, 'K': 74,
	'L': 75, 'M': 76, 'N': 77, 'O': 78, 'P': 79, 'Q': 80, 'R': 81, 'S': 82, 'T': 83, 'U': 84, 'V': 85,
	'W': 86, 'X': 87, 'Y': 88, 'Z': 89, 'a': 90, 'b': 91, 'c': 92, 'd': 93, 'e': 94, 'f': 95, 'g': 96,
	'h': 97, 'i': 98, 'j': 99, 'k': 100, 'l': 101, 'm': 102, 'n': 103, 'o': 104, 'p': 105, 'q': 106,
	'r': 107, 's': 108, 't': 109, 'u': 110, 'v': 111, 'w': 112, 'x': 113, 'y': 114, 'z': 115,
	'0': 116, '1': 117, '2': 118, '3': 119, '4': 120, '5': 121, '6': 122, '7': 123, '8': 124, '9': 125,
	'-': 126, '_': 127,
}

// valid is set in every entry of sextets that is one.
const valid = 64

// AppendDecode appends what text encodes. Text has one spelling: padding, white space, the
// characters of plain base64 and set bits behind the last byte are jose.base64_invalid.
//
// It is by hand because the library takes three times as long, passes over line breaks and lets
// set bits behind the last byte pass; every byte of every credential comes through here.
func AppendDecode(dst, text []byte) ([]byte, error) {
	old, size := len(dst), base64.RawURLEncoding.DecodedLen(len(text))
	dst = slices.Grow(dst, size)[:old+size]
	ok := byte(valid)
	out := dst[old:]
	for len(text) >= 16 && len(out) >= 14 { // twice six bytes, each written as eight
		t, o := (*[16]byte)(text), (*[14]byte)(out)
		n0, ok0 := quad(t[0], t[1], t[2], t[3])
		n1, ok1 := quad(t[4], t[5], t[6], t[7])
		n2, ok2 := quad(t[8], t[9], t[10], t[11])
		n3, ok3 := quad(t[12], t[13], t[14], t[15])
		ok &= ok0 & ok1 & ok2 & ok3
		binary.BigEndian.PutUint64(o[:8], n0<<40|n1<<16)
		binary.BigEndian.PutUint64(o[6:], n2<<40|n3<<16)
		text, out = text[16:], out[12:]
	}
	for len(text) >= 4 {
		n, ok0 := quad(text[0], text[1], text[2], text[3])
		ok &= ok0
		out[0], out[1], out[2] = byte(n>>16), byte(n>>8), byte(n)
		text, out = text[4:], out[3:]
	}
	if ok &= decodeTail(out, text); ok != valid {
		return nil, reason.New(reason.JOSEBase64Invalid, "")
	}
	return dst, nil
}

// quad returns the 24 bits of four characters, and valid among the bits of ok if all four are.
func quad(a, b, c, d byte) (n uint64, ok byte) {
	w, x, y, z := sextets[a], sextets[b], sextets[c], sextets[d]
	// The valid bits ride along and are taken off at once.
	const ride = valid<<18 + valid<<12 + valid<<6 + valid
	return uint64(w)<<18 + uint64(x)<<12 + uint64(y)<<6 + uint64(z) - ride, w & x & y & z
}

// decodeTail decodes the last, short group of a text, and returns valid if it is well-formed
// and what its bytes encode to.
func decodeTail(out, text []byte) byte {
	var group [3]uint8
	for i, c := range text {
		group[i] = sextets[c]
	}
	n := uint32(group[0]&63)<<18 | uint32(group[1]&63)<<12 | uint32(group[2]&63)<<6
	switch {
	case len(text) == 0:
		return valid
	case len(text) == 2 && n&0xffff == 0:
		out[0] = byte(n >> 16)
		return group[0] & group[1] & valid
	case len(text) == 3 && n&0xff == 0:
		out[0], out[1] = byte(n>>16), byte(n>>8)
		return group[0] & group[1] & group[2] & valid
	}
	return 0
}
