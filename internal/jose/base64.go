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

// AppendDecode appends what text encodes. Text has one spelling: padding, white space, the
// characters of plain base64 and set bits behind the last byte are jose.base64_invalid.
//
// It is by hand because the library takes three times as long, passes over line breaks and lets
// set bits behind the last byte pass; every byte of every credential comes through here.
func AppendDecode(dst, text []byte) ([]byte, error) {
	old, size := len(dst), base64.RawURLEncoding.DecodedLen(len(text))
	dst = slices.Grow(dst, size)[:old+size]
	ok := uint32(valid)
	out := dst[old:]
	for len(text) >= 16 && len(out) >= 14 { // twice six bytes, each written as eight
		t, o := (*[16]byte)(text), (*[14]byte)(out)
		n0, n1 := quad(t[0], t[1], t[2], t[3]), quad(t[4], t[5], t[6], t[7])
		n2, n3 := quad(t[8], t[9], t[10], t[11]), quad(t[12], t[13], t[14], t[15])
		ok &= n0 & n1 & n2 & n3
		binary.BigEndian.PutUint64(o[:8], uint64(n0)<<40|uint64(n1&group)<<16)
		binary.BigEndian.PutUint64(o[6:], uint64(n2)<<40|uint64(n3&group)<<16)
		text, out = text[16:], out[12:]
	}
	for len(text) >= 4 {
		n := quad(text[0], text[1], text[2], text[3])
		ok &= n
		out[0], out[1], out[2] = byte(n>>16), byte(n>>8), byte(n)
		text, out = text[4:], out[3:]
	}
	if ok&decodeTail(out, text) != valid {
		return nil, reason.New(reason.JOSEBase64Invalid, "")
	}
	return dst, nil
}

// valid is what stands above the bits of a group if all of its characters are of base64url.
const (
	valid = 4 << 24
	group = 1<<24 - 1
)

// quad returns the 24 bits of four characters, and valid above them if all four are good.
func quad(a, b, c, d byte) uint32 {
	return sextets[0][a] + sextets[1][b] + sextets[2][c] + sextets[3][d]
}

// decodeTail decodes the last, short group of a text, and returns valid if it is well-formed
// and what its bytes encode to.
func decodeTail(out, text []byte) uint32 {
	var n uint32
	for i, c := range text {
		n += sextets[i][c]
	}
	switch {
	case len(text) == 0:
		return valid
	case len(text) == 2 && n>>24 == 2 && n&0xffff == 0:
		out[0] = byte(n >> 16)
		return valid
	case len(text) == 3 && n>>24 == 3 && n&0xff == 0:
		out[0], out[1] = byte(n>>16), byte(n>>8)
		return valid
	}
	return 0
}
