// SPDX-License-Identifier: Apache-2.0

package jose

import (
	"bytes"
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// wireHeader holds the members of a header that matter, as received; nil where absent.
type wireHeader struct {
	alg, typ, cty, kid strictjson.Value
	jwk, x5c           strictjson.Value
	remote             bool // jku or x5u points to a key elsewhere
	critical           bool // crit, b64 or zip change how the token is read
}

// headerNames are the members that are looked at. A name that is one of them only after case
// folding could be one to another reader.
var headerNames = [...]string{"alg", "typ", "cty", "kid", "jwk", "jku", "x5u", "x5c", "crit", "b64", "zip"}

func readHeader(raw []byte, p Policy) (Header, error) {
	w, err := splitHeader(raw)
	if err != nil {
		return Header{}, err
	}
	h := Header{Type: p.Type}
	if h.Algorithm, err = w.algorithm(); err != nil {
		return Header{}, err
	}
	if w.critical {
		return Header{}, reason.New(reason.JOSECritUnsupported, "")
	}
	if err := w.checkType(p.Type); err != nil {
		return Header{}, err
	}
	if h.ContentType, err = w.contentType(); err != nil {
		return Header{}, err
	}
	err = w.keyFrom(p.Key, &h)
	return h, err
}

// splitHeader checks raw and finds the members that matter.
func splitHeader(raw []byte) (w wireHeader, err error) {
	var room [8]strictjson.Member
	members, err := strictjson.CheckMembers(raw, room[:0])
	if reason.Of(err) == reason.JSONType {
		return w, reason.Wrap(reason.JOSEHeaderInvalid, "the header is no object", err)
	}
	if err != nil {
		return w, err
	}
	for _, m := range members {
		switch string(m.Name) {
		case "alg":
			w.alg = m.Value
		case "typ":
			w.typ = m.Value
		case "cty":
			w.cty = m.Value
		case "kid":
			w.kid = m.Value
		case "jwk":
			w.jwk = m.Value
		case "jku", "x5u":
			w.remote = true
		case "x5c":
			w.x5c = m.Value
		case "crit", "b64", "zip":
			w.critical = true
		default:
			if foldsTo(m.Name, headerNames[:]) {
				return w, reason.New(reason.JSONCaseVariant, "a header name differs in case from a known one")
			}
		}
	}
	return w, nil
}

func (w *wireHeader) algorithm() (key.Algorithm, error) {
	if w.alg == nil || w.alg.Kind() != '"' {
		return "", reason.New(reason.JOSEHeaderInvalid, "alg is absent or no string")
	}
	text, err := strictjson.Text(w.alg)
	if err != nil {
		return "", err
	}
	// The constants, not the text: nothing of the token lives on in the algorithm.
	switch string(text) {
	case string(key.ES256):
		return key.ES256, nil
	case string(key.ES384):
		return key.ES384, nil
	case string(key.EdDSA):
		return key.EdDSA, nil
	}
	return "", reason.New(reason.JOSEAlgForbidden, "alg is not one of ES256, ES384, EdDSA")
}

func (w *wireHeader) checkType(want string) error {
	if w.typ == nil {
		return reason.New(reason.JOSETypMismatch, "there is no typ")
	}
	typ, err := strictjson.Text(w.typ)
	if err != nil {
		return err
	}
	if want == "" || !equalFoldASCII(withoutApplication(typ), want) {
		return reason.New(reason.JOSETypMismatch, "")
	}
	return nil
}

func (w *wireHeader) contentType() (string, error) {
	if w.cty == nil {
		return "", nil
	}
	cty, err := strictjson.String(w.cty)
	if err != nil {
		return "", err
	}
	if isNested(cty) {
		return "", reason.New(reason.LimitNesting, "a token in a token is not opened")
	}
	return cty, nil
}

// keyFrom puts the name of the key, or the key itself, into h as source allows.
func (w *wireHeader) keyFrom(source KeySource, h *Header) error {
	var err error
	if source == FromHeader {
		if err := w.checkOneKey(); err != nil {
			return err
		}
	} else if w.remote || w.jwk != nil || w.x5c != nil && source != FromIssuer {
		return reason.New(reason.JOSEHeaderKeyForbidden, "")
	}
	h.X5C = w.x5c
	if w.jwk != nil {
		h.Key, err = headerKey(w.jwk)
		return err
	}
	if w.kid == nil {
		if source == FromContext || w.x5c != nil {
			return nil
		}
		return reason.New(reason.JOSEKidInvalid, "there is no kid")
	}
	h.KeyID, err = keyID(w.kid)
	return err
}

// checkOneKey expects exactly one of jwk and kid, and no other place of a key.
func (w *wireHeader) checkOneKey() error {
	places := 0
	for _, there := range [...]bool{w.jwk != nil, w.kid != nil, w.x5c != nil} {
		if there {
			places++
		}
	}
	switch {
	case w.remote:
		return reason.New(reason.JOSEHeaderKeyForbidden, "")
	case places != 1:
		return reason.New(reason.ProofKeyAmbiguous, "")
	case w.x5c != nil:
		return reason.New(reason.JOSEHeaderKeyForbidden, "")
	}
	return nil
}

func keyID(value strictjson.Value) (string, error) {
	text, err := strictjson.Text(value)
	if err != nil {
		return "", err
	}
	if err := checkKeyID(text); err != nil {
		return "", err
	}
	return string(text), nil
}

// checkKeyID lets through what DID URLs, thumbprints and plain names are made of. Slash,
// backslash, quotes, white space and control characters, with which a kid becomes a path, a
// query or a line of a log, are not among it, and neither is "..".
func checkKeyID(kid []byte) error {
	if len(kid) == 0 || len(kid) > MaxKeyID {
		return reason.New(reason.JOSEKidInvalid, "kid is empty or too long")
	}
	for i, c := range kid {
		if sextets[3][c] != 0 { // of base64url: letters, digits, - and _
			continue
		}
		if strings.IndexByte(".:%#=?&+~@,;!$()*", c) < 0 || c == '.' && i > 0 && kid[i-1] == '.' {
			return reason.New(reason.JOSEKidInvalid, "kid has characters that no key's name has")
		}
	}
	return nil
}

func isNested(cty string) bool {
	return equalFoldASCII(withoutApplication([]byte(cty)), "jwt")
}

// withoutApplication takes the prefix off that RFC 7515 §4.1.9 lets a sender leave out.
func withoutApplication(typ []byte) []byte {
	const prefix = "application/"
	if len(typ) > len(prefix) && equalFoldASCII(typ[:len(prefix)], prefix) {
		return typ[len(prefix):]
	}
	return typ
}

// equalFoldASCII reports whether a is the lower-case text b but for ASCII case. Unicode folding
// would make U+212A a k.
func equalFoldASCII(a []byte, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != b[i] {
			return false
		}
	}
	return true
}

// foldsTo reports whether name is one of known after Unicode simple case folding.
func foldsTo(name []byte, known []string) bool {
	for _, k := range known {
		// The Kelvin sign has three bytes and the long s two where the letter has one.
		if len(name) >= len(k) && len(name) <= 3*len(k) && bytes.EqualFold(name, []byte(k)) {
			return true
		}
	}
	return false
}
