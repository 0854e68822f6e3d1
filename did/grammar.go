// SPDX-License-Identifier: Apache-2.0

package did

import (
	"strings"

	"github.com/behalf-id/behalf/reason"
)

// valid implements the did rule of DID Core 1.0 §3.1 with the restrictions that Parse states.
func valid(s string) bool {
	rest, ok := strings.CutPrefix(s, "did:")
	if !ok || len(s) > MaxLength {
		return false
	}
	method, id, ok := strings.Cut(rest, ":")
	return ok && validMethod(method) && validID(id, method == "web" || method == "webvh")
}

func validMethod(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// validID reports whether s is one or more segments between colons, none of them empty.
func validID(s string, escapes bool) bool {
	last := byte(':')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ':' && last == ':':
			return false
		case c == '%':
			if !escapes || i+2 >= len(s) || !upperHex(s[i+1]) || !upperHex(s[i+2]) {
				return false
			}
			i += 2
		case c != ':' && !idChar(c):
			return false
		}
		last = s[i]
	}
	return last != ':'
}

func validFragment(s string) bool {
	for i := range len(s) {
		if !idChar(s[i]) && s[i] != ':' {
			return false
		}
	}
	return s != ""
}

func idChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
}

func upperHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' }

// tooLong is the refusal of what is longer than MaxLength. No key that is accepted needs as much,
// so for the methods whose identifier is a key it is the key that is refused.
func tooLong(s string) error {
	if strings.HasPrefix(s, "did:jwk:") || strings.HasPrefix(s, "did:key:") {
		return reason.New(reason.DIDKeyInvalid, "the identifier is longer than any key")
	}
	return reason.New(reason.DIDSyntax, "the identifier is too long")
}
