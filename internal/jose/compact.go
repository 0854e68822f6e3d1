// SPDX-License-Identifier: Apache-2.0

package jose

import (
	"bytes"
	"context"
	"encoding/base64"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func parse(token []byte, p Policy) (Token, error) {
	dot1, dot2, err := split(token)
	if err != nil {
		return Token{}, err
	}
	// One buffer takes all three parts; full slices keep them from growing into each other.
	buf := make([]byte, 0, base64.RawURLEncoding.DecodedLen(len(token)))
	buf, err = AppendDecode(buf, token[:dot1])
	if err != nil {
		return Token{}, err
	}
	h, err := readHeader(buf, p)
	if err != nil {
		return Token{}, err
	}
	from := len(buf)
	if buf, err = AppendDecode(buf, token[dot1+1:dot2]); err != nil {
		return Token{}, err
	}
	to := len(buf)
	if buf, err = AppendDecode(buf, token[dot2+1:]); err != nil {
		return Token{}, err
	}
	return Token{Header: h, payload: buf[from:to:to], signed: token[:dot2:dot2], sig: buf[to:]}, nil
}

// split finds the two dots of token, and that there is no third. It looks at bounds before anything
// is cut.
func split(token []byte) (dot1, dot2 int, err error) {
	if len(token) > MaxToken {
		return 0, 0, reason.New(reason.LimitBody, "the token is too long")
	}
	if json := bytes.TrimLeft(token[:min(len(token), 64)], " \t\r\n"); len(json) > 0 && (json[0] == '{' || json[0] == '[') {
		return 0, 0, reason.New(reason.JOSESerializationForbidden, "")
	}
	dot1 = bytes.IndexByte(token, '.')
	next := bytes.IndexByte(token[dot1+1:], '.')
	if dot1 < 0 || next < 0 {
		return 0, 0, reason.New(reason.JOSEHeaderInvalid, "not three parts")
	}
	dot2 = dot1 + 1 + next
	if bytes.IndexByte(token[dot2+1:], '.') >= 0 {
		return 0, 0, reason.New(reason.LimitTokenParts, "")
	}
	return dot1, dot2, nil
}

func appendSigned(ctx context.Context, dst []byte, h Header, payload []byte, by key.Signer) ([]byte, error) {
	if by == nil || by.Public().IsZero() {
		return nil, reason.New(reason.JOSEAlgForbidden, "there is no key to sign with")
	}
	if err := h.fitToSign(); err != nil {
		return nil, err
	}
	var room [256]byte
	raw, err := h.append(room[:0], by.Public().Algorithm())
	if err != nil {
		return nil, err
	}
	const longest = 96 // bytes of an ES384 signature
	size := base64.RawURLEncoding.EncodedLen
	start := len(dst)
	dst = slices.Grow(dst, size(len(raw))+size(len(payload))+size(longest)+2)
	dst = AppendEncode(dst, raw)
	dst = AppendEncode(append(dst, '.'), payload)
	sig, err := by.Sign(ctx, dst[start:])
	if err != nil {
		return nil, err
	}
	return AppendEncode(append(dst, '.'), sig), nil
}

// fitToSign refuses what Parse would refuse.
func (h Header) fitToSign() error {
	switch {
	case h.Type == "":
		return reason.New(reason.JOSETypMismatch, "a token needs a typ")
	case isNested(h.ContentType):
		return reason.New(reason.LimitNesting, "a token in a token")
	case h.Key != nil && h.KeyID != "":
		return reason.New(reason.ProofKeyAmbiguous, "")
	case h.Key != nil && h.X5C != nil:
		return reason.New(reason.ProofKeyAmbiguous, "")
	case h.X5C != nil:
		if _, err := ReadX5C(h.X5C); err != nil || h.KeyID == "" {
			return err
		}
		return checkKeyID([]byte(h.KeyID))
	case h.KeyID != "":
		return checkKeyID([]byte(h.KeyID))
	case h.Key != nil:
		_, err := h.Key.Public()
		return err
	}
	return nil
}

// append writes the header by hand: it is a fixed shape, and reflection costs a good part of a signature.
func (h Header) append(dst []byte, alg key.Algorithm) ([]byte, error) {
	dst = append(append(append(dst, `{"alg":"`...), alg...), '"')
	w := members{buf: dst}
	w.add("typ", h.Type)
	w.add("cty", h.ContentType)
	w.add("kid", h.KeyID)
	if h.Key != nil {
		w.buf = append(append(append(w.buf, `,"jwk":{"kty":"`...), h.Key.Kty...), '"')
		w.add("crv", h.Key.Crv)
		w.add("x", h.Key.X)
		w.add("y", h.Key.Y)
		w.add("kid", h.Key.Kid)
		w.add("alg", h.Key.Alg)
		w.add("use", h.Key.Use)
		w.buf = append(w.buf, '}')
	}
	if h.X5C != nil {
		w.buf = append(append(w.buf, `,"x5c":`...), h.X5C...)
	}
	return append(w.buf, '}'), w.err
}

// members writes the string members that follow the first of an object.
type members struct {
	buf []byte
	err error
}

func (w *members) add(name, value string) {
	if value == "" || w.err != nil {
		return
	}
	w.buf = append(append(append(w.buf, `,"`...), name...), `":`...)
	var err error
	if w.buf, err = jsontext.AppendQuote(w.buf, value); err != nil {
		w.err = reason.Wrap(reason.JSONInvalidUTF8, "", err)
	}
}
