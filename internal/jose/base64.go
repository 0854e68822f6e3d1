// SPDX-License-Identifier: Apache-2.0

package jose

import (
	"encoding/base64"

	"github.com/behalf-id/behalf/reason"
)

// AppendEncode appends raw as base64url without padding (RFC 7515 §2).
func AppendEncode(dst, raw []byte) []byte { return base64.RawURLEncoding.AppendEncode(dst, raw) }

// AppendDecode appends what text encodes. Text has one spelling: padding, white space, the
// characters of plain base64 and set bits behind the last byte are jose.base64_invalid.
func AppendDecode(dst, text []byte) ([]byte, error) {
	old, size := len(dst), base64.RawURLEncoding.DecodedLen(len(text))
	out, err := base64.RawURLEncoding.AppendDecode(dst, text)
	// The library passes over line breaks. They make the result shorter than the text promises,
	// but for a text of 4n+1 characters, which has no right spelling at all.
	if err != nil || len(text)%4 == 1 || len(out)-old != size || !tailIsCanonical(text, out) {
		return nil, reason.New(reason.JOSEBase64Invalid, "")
	}
	return out, nil
}

// tailIsCanonical reports whether the last, short group of text is what its bytes, the last of
// out, encode to.
func tailIsCanonical(text, out []byte) bool {
	n := len(text) % 4
	if n == 0 {
		return true
	}
	var tail [3]byte
	base64.RawURLEncoding.Encode(tail[:], out[len(out)-(n-1):])
	return tail[n-1] == text[len(text)-1]
}
