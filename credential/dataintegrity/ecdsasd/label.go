// SPDX-License-Identifier: Apache-2.0

package ecdsasd

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// hmacLabels returns the labeler that replaces each canonical label by its HMAC-SHA-256 under
// key, so that the labels of what is shown say nothing about what is hidden (VC-DI-ECDSA 1.0
// §3.4.4).
func hmacLabels(key []byte) labeler {
	return func(canonical map[string]string) map[string]string {
		out := make(map[string]string, len(canonical))
		for label, c14n := range canonical {
			out[label] = hmacLabel(digest(key, c14n))
		}
		return out
	}
}

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

// labelMAC is the inverse of hmacLabel, for labels that hmacLabel made.
func labelMAC(label string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimPrefix(label, "u"))
}
