// SPDX-License-Identifier: Apache-2.0

package jwe

import (
	"bytes"
	"encoding/base64"
	"slices"

	"github.com/lestrrat-go/jwx/v3/jwa"
	library "github.com/lestrrat-go/jwx/v3/jwe"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Lengths of two parts as they are written (RFC 7518 §5.3: 96 bits of IV, 128 of tag).
const (
	writtenIV  = 16
	writtenTag = 22
)

// head is the header of a token, of which nothing is trusted yet.
type head struct {
	alg, enc, kid string
	epk           strictjson.Value
	zip           bool // the plain text would be inflated
	other         bool // a member that changes how the token is read, or which key is used
}

// open reads the form and the header of a token. What follows the header is nothing to look at before the header is held to
// the policy: how long those parts are is up to algorithms that are refused for what they are.
func open(token []byte) (h head, rest []byte, err error) {
	if len(token) > MaxToken {
		return head{}, nil, reason.New(reason.LimitBody, "the token is too long")
	}
	if bytes.Count(token, []byte(".")) != 4 {
		return head{}, nil, invalid("not five parts", nil)
	}
	first, rest, _ := bytes.Cut(token, []byte("."))
	raw, err := jose.AppendDecode(nil, first)
	if err != nil {
		return head{}, nil, invalid("the header is not base64url", err)
	}
	h, err = readHead(raw)
	return h, rest, err
}

// checkParts holds key.iv.ciphertext.tag to strict base64url and to the lengths of GCM; direct agreement has no
// encrypted key (RFC 7516 §5.2 step 10).
func checkParts(rest []byte) error {
	key, rest, _ := bytes.Cut(rest, []byte("."))
	iv, rest, _ := bytes.Cut(rest, []byte("."))
	text, tag, _ := bytes.Cut(rest, []byte("."))
	if len(key) != 0 {
		return invalid("an encrypted key where none is due", nil)
	}
	if len(iv) != writtenIV || len(tag) != writtenTag {
		return invalid("the initialization vector or the tag has another length", nil)
	}
	for _, part := range [...][]byte{iv, text, tag} {
		if _, err := jose.AppendDecode(nil, part); err != nil {
			return invalid("a part is not base64url", err)
		}
	}
	return nil
}

// readHead finds the members that matter. Names that are not known are passed over (RFC 7516 §4),
// but for those that only look like a known one.
func readHead(raw []byte) (h head, err error) {
	members, err := strictjson.CheckMembers(raw, nil)
	if err != nil {
		return head{}, invalid("the header is no object of strict JSON", err)
	}
	for _, m := range members {
		if err := h.read(string(m.Name), m.Value); err != nil {
			return head{}, err
		}
	}
	return h, nil
}

func (h *head) read(name string, value strictjson.Value) (err error) {
	switch name {
	case "alg":
		h.alg, err = strictjson.String(value)
	case "enc":
		h.enc, err = strictjson.String(value)
	case "kid":
		if h.kid, err = strictjson.String(value); len(h.kid) > MaxKeyID {
			return invalid("kid is too long", nil)
		}
	case "epk":
		h.epk = value
	case "typ", "cty":
		_, err = strictjson.Text(value)
	case "apu", "apv":
		err = checkPartyInfo(value)
	case "zip":
		h.zip = true
	case "crit", "b64", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "p2s", "p2c", "iv", "tag", "aad":
		h.other = true
	default:
		if slices.ContainsFunc(known(), func(k string) bool { return bytes.EqualFold([]byte(k), []byte(name)) }) {
			return invalid("a header name differs in case from a known one", nil)
		}
	}
	if err != nil {
		return invalid("a header member is of another form", err)
	}
	return nil
}

// known lists the names that another reader could fold to.
func known() []string { return []string{"alg", "enc", "epk", "kid", "zip", "crit", "apu", "apv"} }

func checkPartyInfo(value strictjson.Value) error {
	text, err := strictjson.Text(value)
	if err != nil {
		return err
	}
	if len(text) > base64.RawURLEncoding.EncodedLen(MaxPartyInfo) {
		return invalid("apu or apv is too long", nil)
	}
	_, err = jose.AppendDecode(nil, text)
	return err
}

// check refuses what is not this package's one way to encrypt.
func (h head) check(accept []Encryption) error {
	switch {
	case h.zip:
		return reason.New(reason.JWEZipForbidden, "")
	case h.alg == "" || h.enc == "":
		return invalid("alg or enc is absent", nil)
	case h.alg != Algorithm: // before the members that only other algorithms have
		return reason.New(reason.JWEAlgForbidden, "alg is not ECDH-ES")
	}
	enc, err := ParseEncryption(h.enc)
	switch {
	case err != nil:
		return err
	case !slices.Contains(accept, enc):
		return reason.New(reason.JWEAlgForbidden, "enc was not offered")
	case h.other:
		return invalid("a header member that is not for this kind of token", nil)
	case h.epk.Kind() != '{':
		return invalid("epk is absent or no key", nil)
	}
	if _, err := readPoint(h.epk); err != nil {
		return reason.Wrap(reason.JWEEPKInvalid, "", err)
	}
	return nil
}

// library returns the header as the library writes it.
func (h Header) library(kid string) (library.Headers, error) {
	if len(h.APU) > MaxPartyInfo || len(h.APV) > MaxPartyInfo {
		return nil, invalid("apu or apv is too long", nil)
	}
	out := library.NewHeaders()
	err := out.Set(library.AlgorithmKey, jwa.ECDH_ES())
	for name, value := range map[string]string{library.KeyIDKey: kid, library.TypeKey: h.Type, library.ContentTypeKey: h.ContentType} {
		if err == nil && value != "" {
			err = out.Set(name, value)
		}
	}
	for name, value := range map[string][]byte{library.AgreementPartyUInfoKey: h.APU, library.AgreementPartyVInfoKey: h.APV} {
		if err == nil && len(value) > 0 {
			err = out.Set(name, value)
		}
	}
	if err != nil {
		return nil, invalid("the header cannot be written", err)
	}
	return out, nil
}

func invalid(detail string, err error) error { return reason.Wrap(reason.JWEInvalid, detail, err) }
