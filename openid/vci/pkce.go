// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"strings"

	"github.com/behalf-id/behalf/reason"
)

// MethodS256 is the one code challenge method (RFC 7636 §4.2; plain is refused, RFC 9700 §2.1.1).
const MethodS256 = "S256"

// Lengths of PKCE's values (RFC 7636 §4.1, §4.2).
const (
	verifierBytes   = 32
	minVerifier     = 43
	maxVerifier     = 128
	challengeLength = 43 // SHA-256 in base64url
)

// Verifier is a PKCE code verifier: it proves that the one who redeems a code asked for it.
type Verifier string

// NewVerifier makes one out of random.
func NewVerifier(random io.Reader) (Verifier, error) {
	if random == nil {
		return "", reason.New(reason.InternalIndeterminate, "vci: no random source")
	}
	raw := make([]byte, verifierBytes)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", err
	}
	return Verifier(base64.RawURLEncoding.EncodeToString(raw)), nil
}

// Challenge returns the S256 challenge of v (RFC 7636 §4.2).
func (v Verifier) Challenge() string {
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Check reports whether v is the verifier of challenge. One that is missing, malformed or of
// another challenge is grant.invalid, and so is everything with a challenge that is none.
func (v Verifier) Check(challenge string) error {
	if len(v) < minVerifier || len(v) > maxVerifier || strings.ContainsFunc(string(v), notUnreserved) {
		return reason.New(reason.GrantInvalid, "the code verifier is missing or malformed")
	}
	if !isChallenge(challenge) || subtle.ConstantTimeCompare([]byte(v.Challenge()), []byte(challenge)) != 1 {
		return reason.New(reason.GrantInvalid, "the code verifier is of another challenge")
	}
	return nil
}

func isChallenge(s string) bool {
	return len(s) == challengeLength && !strings.ContainsFunc(s, notUnreserved)
}

func notUnreserved(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-._~", r))
}
