// SPDX-License-Identifier: Apache-2.0

package typemeta

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// MaxIntegrity is the number of bytes of integrity metadata.
const MaxIntegrity = 1024

// Integrity returns the integrity metadata of raw: "sha256-" and padded base64 (W3C Subresource
// Integrity).
func Integrity(raw []byte) string {
	h := sha256.Sum256(raw)
	return "sha256-" + base64.StdEncoding.EncodeToString(h[:])
}

// Fits reports whether raw has the integrity metadata that is stated: of the strongest hash in it,
// one must be that of raw. Metadata without a hash that is known fits nothing, other than in
// browsers, where it would fit everything.
func Fits(raw []byte, stated string) bool {
	if len(stated) > MaxIntegrity {
		return false
	}
	strongest, fits := 0, false
	for token := range strings.FieldsSeq(stated) {
		token, _, _ = strings.Cut(token, "?") // options, of which none is defined
		name, text, _ := strings.Cut(token, "-")
		strength, hash := hashed(name, raw)
		want, err := base64.StdEncoding.Strict().DecodeString(text)
		if strength == 0 || err != nil || strength < strongest {
			continue
		}
		same := subtle.ConstantTimeCompare(want, hash) == 1
		fits = same || fits && strength == strongest
		strongest = strength
	}
	return fits
}

// hashed returns how strong the hash called name is, 0 for none, and that hash of raw.
func hashed(name string, raw []byte) (int, []byte) {
	switch name {
	case "sha256":
		h := sha256.Sum256(raw)
		return 1, h[:]
	case "sha384":
		h := sha512.Sum384(raw)
		return 2, h[:]
	case "sha512":
		h := sha512.Sum512(raw)
		return 3, h[:]
	}
	return 0, nil
}
