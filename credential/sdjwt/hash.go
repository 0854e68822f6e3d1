// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"crypto/sha256"
	"crypto/sha512"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// hashAlg is the hash of an SD-JWT, named by _sd_alg (RFC 9901 §4.1.1). The zero hashAlg is SHA-256,
// which absence means and which is what is written here.
type hashAlg uint8

const (
	sha256Alg hashAlg = iota
	sha384Alg
	sha512Alg
)

// hash is the name of the algorithm that is written.
const hash = "sha-256"

// maxHash is the number of bytes of the longest hash.
const maxHash = sha512.Size

// name returns the name of a, octet by octet as in the IANA registry of named information.
func (a hashAlg) name() string {
	switch a {
	case sha384Alg:
		return "sha-384"
	case sha512Alg:
		return "sha-512"
	}
	return hash
}

// hashAlgOf returns the algorithm that the top level of a payload names. Another one, and what is no
// string, is sdjwt.hash_alg.
func hashAlgOf(members []strictjson.Member) (hashAlg, error) {
	for _, m := range members {
		if string(m.Name) != "_sd_alg" {
			continue
		}
		text, err := strictjson.Text(m.Value)
		for a := sha256Alg; err == nil && a <= sha512Alg; a++ {
			if string(text) == a.name() {
				return a, nil
			}
		}
		return 0, reason.New(reason.SDJWTHashAlg, "")
	}
	return sha256Alg, nil
}

// append appends the hash of text.
func (a hashAlg) append(dst, text []byte) []byte {
	switch a {
	case sha384Alg:
		h := sha512.Sum384(text)
		return append(dst, h[:]...)
	case sha512Alg:
		h := sha512.Sum512(text)
		return append(dst, h[:]...)
	}
	h := sha256.Sum256(text)
	return append(dst, h[:]...)
}

// size returns the number of bytes of a hash.
func (a hashAlg) size() int {
	switch a {
	case sha384Alg:
		return sha512.Size384
	case sha512Alg:
		return sha512.Size
	}
	return sha256.Size
}

// short returns what a digest is kept and compared as: itself, or the SHA-256 of a longer one.
func (a hashAlg) short(digest []byte) [32]byte {
	if a == sha256Alg {
		return [32]byte(digest)
	}
	return sha256.Sum256(digest)
}

// of returns the digest of a disclosure, as it is kept.
func (a hashAlg) of(text []byte) [32]byte {
	if a == sha256Alg {
		return sha256.Sum256(text)
	}
	var room [maxHash]byte
	return a.short(a.append(room[:0], text))
}

// sdHash returns the value of sd_hash for what was presented, up to and with the last tilde
// (RFC 9901 §4.3.1).
func (a hashAlg) sdHash(dst, presented []byte) []byte {
	var room [maxHash]byte
	return jose.AppendEncode(dst, a.append(room[:0], presented))
}
