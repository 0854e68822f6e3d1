// SPDX-License-Identifier: Apache-2.0

package command

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Fingerprint returns what people compare, by telephone or on paper, in place of the key that did, a did:key,
// holds: the first 128 bits of the SHA-256 of its text, as hexadecimal digits in groups of four.
func Fingerprint(did string) string {
	sum := sha256.Sum256([]byte(did))
	text := hex.EncodeToString(sum[:16])
	var groups []string
	for ; len(text) > 0; text = text[4:] {
		groups = append(groups, text[:4])
	}
	return strings.Join(groups, " ")
}
