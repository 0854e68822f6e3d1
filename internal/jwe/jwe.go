// SPDX-License-Identifier: Apache-2.0

// Package jwe encrypts to one key and decrypts with one, in the one way that OpenID4VCI and
// OpenID4VP need: compact JWE, ECDH-ES with direct key agreement on P-256, A128GCM or A256GCM
// (RFC 7516, RFC 7518 §4.6 and §5.3; HAIP 1.0 §5).
//
// The library that computes it sees no token whose header was not held to the policy here before.
package jwe

import (
	"github.com/lestrrat-go/jwx/v3/jwa"
	library "github.com/lestrrat-go/jwx/v3/jwe"

	"github.com/behalf-id/behalf/reason"
)

// Bounds on one token.
const (
	MaxToken     = 1 << 20 // bytes of a token
	MaxKeyID     = 512     // bytes of kid
	MaxPartyInfo = 512     // bytes of apu and of apv, decoded
)

// Algorithm is the one key agreement there is (RFC 7518 §4.6).
const Algorithm = "ECDH-ES"

// Encryption is a content encryption algorithm. The zero Encryption is none.
type Encryption string

// The content encryption algorithms (RFC 7518 §5.3).
const (
	A128GCM Encryption = "A128GCM"
	A256GCM Encryption = "A256GCM"
)

// ParseEncryption returns the algorithm called name, or jwe.alg_forbidden.
func ParseEncryption(name string) (Encryption, error) {
	switch e := Encryption(name); e {
	case A128GCM, A256GCM:
		return e, nil
	}
	return "", reason.New(reason.JWEAlgForbidden, "enc is neither A128GCM nor A256GCM")
}

// Header is what a sender may say beside what it must (RFC 7516 §4). All of it may be absent.
type Header struct {
	Type        string // typ
	ContentType string // cty
	APU, APV    []byte // of the two parties; both go into the key (RFC 7518 §4.6.2)
}

// Encrypt encrypts plain to a key with enc, and names the key in kid. Another enc is
// jwe.alg_forbidden; the zero Recipient, an empty text, which the library does not read, and a header that
// Decrypt would refuse are jwe.invalid; more than MaxToken bytes are limit.body.
func Encrypt(plain []byte, to Recipient, enc Encryption, h Header) ([]byte, error) {
	if to.IsZero() || len(plain) == 0 {
		return nil, reason.New(reason.JWEInvalid, "there is no key to encrypt to, or nothing to encrypt")
	}
	if _, err := ParseEncryption(string(enc)); err != nil {
		return nil, err
	}
	headers, err := h.library(to.id)
	if err != nil {
		return nil, err
	}
	content := jwa.A128GCM()
	if enc == A256GCM {
		content = jwa.A256GCM()
	}
	// The library takes apu and apv into the key from the headers of the recipient alone; in compact form those
	// are a part of the protected ones.
	withKey := library.WithKey(jwa.ECDH_ES(), to.key, library.WithPerRecipientHeaders(headers))
	token, err := library.Encrypt(plain, withKey, library.WithContentEncryption(content), library.WithCompact())
	if err != nil {
		return nil, reason.Wrap(reason.JWEInvalid, "", err)
	}
	if len(token) > MaxToken {
		return nil, reason.New(reason.LimitBody, "the token is too long")
	}
	return token, nil
}

// Decrypt returns what was encrypted to the public half of with, by one of the algorithms of
// accept. In this order: more than MaxToken bytes are limit.body; what is no compact token of
// five parts, and a header that is no strict JSON object, are jwe.invalid; zip in any form is
// jwe.zip_forbidden; a header without alg or enc is jwe.invalid; an alg but ECDH-ES and an enc that is not in
// accept are jwe.alg_forbidden; crit, b64, a pointer to another key and a header without epk are
// jwe.invalid; an epk that is no point of P-256 is jwe.epk_invalid; an encrypted key, and an initialization vector
// or a tag that is not one of GCM, are jwe.invalid. What does not decrypt is jwe.invalid, whatever the cause,
// and no plain text comes with it.
func Decrypt(token []byte, with *Private, accept ...Encryption) ([]byte, error) {
	if with == nil || with.key == nil {
		return nil, reason.New(reason.JWEInvalid, "there is no key to decrypt with")
	}
	head, rest, err := open(token)
	if err != nil {
		return nil, err
	}
	if err := head.check(accept); err != nil {
		return nil, err
	}
	if err := checkParts(rest); err != nil {
		return nil, err
	}
	plain, err := library.Decrypt(token, library.WithKey(jwa.ECDH_ES(), with.key))
	if err != nil {
		return nil, reason.Wrap(reason.JWEInvalid, "it does not decrypt", err)
	}
	return plain, nil
}

// KeyID returns the kid of token, "" where it has none: to find the key to Decrypt with. Nothing else
// of it may be believed.
func KeyID(token []byte) (string, error) {
	head, _, err := open(token)
	return head.kid, err
}
