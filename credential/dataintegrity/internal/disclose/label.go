// SPDX-License-Identifier: Apache-2.0

package ecdsasd

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// digest returns the HMAC of text under key.
func digest(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// token returns what keeps the names that are written into a document apart from its own: no one
// who wrote the document knew key.
func token(key []byte) string {
	return base64.RawURLEncoding.EncodeToString(digest(key, "names of nodes")[:16])
}

// hmacLabel returns the label of a blank node whose HMAC is mac.
func hmacLabel(mac []byte) string { return "u" + base64.RawURLEncoding.EncodeToString(mac) }
