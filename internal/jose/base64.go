// SPDX-License-Identifier: Apache-2.0

package jose

import (
	"encoding/base64"
	"encoding/binary"
	"slices"

	"github.com/behalf-id/behalf/reason"
)

// alphabet is the characters of base64url in the order of what they stand for (RFC 4648 §5).
var alphabet = [64]byte{
	'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P',
	'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f',
	'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
	'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '-', '_',
}

// AppendEncode appends raw as base64url without padding (RFC 7515 §2). What is long is encoded by
// hand, because the library takes twice as long.
func AppendEncode(dst, raw []byte) []byte {
	old := len(dst)
	dst = slices.Grow(dst, base64.RawURLEncoding.EncodedLen(len(raw)))
	n := encode(dst[old:cap(dst)], raw, &alphabet)
	return base64.RawURLEncoding.AppendEncode(dst[:old+n/3*4], raw[n:])
}

// encode encodes as much of raw as it can by twelve bytes, and returns how much that is. For its
// argument a see decode.
//
//go:noinline
func encode(out, raw []byte, a *[64]byte) (n int) {
	for len(raw) >= 14 && len(out) >= 16 { // eight bytes are read twice, of which six each are encoded
		r, o := (*[14]byte)(raw), (*[16]byte)(out)
		w := binary.BigEndian.Uint64(r[:8])
		o[0], o[1], o[2], o[3] = a[w>>58], a[w>>52&63], a[w>>46&63], a[w>>40&63]
		o[4], o[5], o[6], o[7] = a[w>>34&63], a[w>>28&63], a[w>>22&63], a[w>>16&63]
		w = binary.BigEndian.Uint64(r[6:])
		o[8], o[9], o[10], o[11] = a[w>>58], a[w>>52&63], a[w>>46&63], a[w>>40&63]
		o[12], o[13], o[14], o[15] = a[w>>34&63], a[w>>28&63], a[w>>22&63], a[w>>16&63]
		raw, out = raw[12:], out[16:]
		n += 12
	}
	return n
}

// AppendDecode appends what text encodes. Text has one spelling: padding, white space, the
// characters of plain base64 and set bits behind the last byte are jose.base64_invalid.
//
// It is by hand because the library takes three times as long, passes over line breaks and lets
// set bits behind the last byte pass; every byte of every credential comes through here.
func AppendDecode(dst, text []byte) ([]byte, error) {
	old, size := len(dst), base64.RawURLEncoding.DecodedLen(len(text))
	dst = slices.Grow(dst, size)[:old+size]
	if decode(dst[old:], text, &sextets) != valid {
		return nil, reason.New(reason.JOSEBase64Invalid, "")
	}
	return dst, nil
}

// decode writes what text encodes to out, which has that length, and returns valid if text has the one
// spelling. It takes the tables as an argument, and not by their name, so that their address stays
// in a register.
//
//go:noinline
func decode(out, text []byte, s *[4][256]uint32) uint32 {
	ok := uint32(valid)
	for len(text) >= 16 && len(out) >= 14 { // twice six bytes, each written as eight
		t, o := (*[16]byte)(text), (*[14]byte)(out)
		n0 := s[0][t[0]] + s[1][t[1]] + s[2][t[2]] + s[3][t[3]]
		n1 := s[0][t[4]] + s[1][t[5]] + s[2][t[6]] + s[3][t[7]]
		ok &= n0 & n1
		binary.BigEndian.PutUint64(o[:8], uint64(n0)<<40|uint64(n1&group)<<16)
		n0 = s[0][t[8]] + s[1][t[9]] + s[2][t[10]] + s[3][t[11]]
		n1 = s[0][t[12]] + s[1][t[13]] + s[2][t[14]] + s[3][t[15]]
		ok &= n0 & n1
		binary.BigEndian.PutUint64(o[6:], uint64(n0)<<40|uint64(n1&group)<<16)
		text, out = text[16:], out[12:]
	}
	for len(text) >= 4 {
		n := s[0][text[0]] + s[1][text[1]] + s[2][text[2]] + s[3][text[3]]
		ok &= n
		out[0], out[1], out[2] = byte(n>>16), byte(n>>8), byte(n)
		text, out = text[4:], out[3:]
	}
	return ok & decodeTail(out, text)
}

// valid is what stands above the bits of a group if all of its characters are of base64url.
const (
	valid = 4 << 24
	group = 1<<24 - 1
)

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
