// SPDX-License-Identifier: Apache-2.0

package jose

import (
	"bytes"
	"context"
	"encoding/base64"
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

type wireHeader struct {
	Alg string   `json:"alg"`
	Typ string   `json:"typ,omitempty"`
	Cty string   `json:"cty,omitempty"`
	Kid string   `json:"kid,omitempty"`
	JWK *key.JWK `json:"jwk,omitempty"`
}

func parse(token []byte, p Policy) (Token, error) {
	if bytes.Count(token, []byte(".")) > 2 {
		return Token{}, reason.New(reason.LimitTokenParts, "")
	}
	h, rest, ok1 := bytes.Cut(token, []byte("."))
	body, sig, ok2 := bytes.Cut(rest, []byte("."))
	if !ok1 || !ok2 {
		return Token{}, reason.New(reason.JOSEHeaderInvalid, "not three parts")
	}
	rawHeader, err := decode(h)
	if err != nil {
		return Token{}, err
	}
	var w wireHeader
	if err := strictjson.Unmarshal(rawHeader, &w); err != nil {
		return Token{}, err
	}
	alg, err := key.ParseAlgorithm(w.Alg)
	if err != nil {
		return Token{}, err
	}
	typ := strings.TrimPrefix(strings.ToLower(w.Typ), "application/")
	if p.Type == "" || typ != p.Type {
		return Token{}, reason.New(reason.JOSETypMismatch, "")
	}
	t := Token{Header: Header{alg, typ, w.Cty, w.Kid, w.JWK}, signed: token[:len(h)+1+len(body)]}
	if t.payload, err = decode(body); err != nil {
		return Token{}, err
	}
	if t.sig, err = decode(sig); err != nil {
		return Token{}, err
	}
	return t, nil
}

func (t Token) verify(k key.Public) ([]byte, error) {
	if k.Algorithm() != t.Header.Algorithm {
		return nil, reason.New(reason.JOSEAlgKeyMismatch, "")
	}
	if err := k.Verify(t.signed, t.sig); err != nil {
		return nil, err
	}
	return t.payload, nil
}

func sign(ctx context.Context, h Header, payload []byte, by key.Signer) ([]byte, error) {
	raw, err := strictjson.Marshal(wireHeader{string(by.Public().Algorithm()), h.Type, h.ContentType, h.KeyID, h.Key})
	if err != nil {
		return nil, err
	}
	out := encode(nil, raw)
	out = encode(append(out, '.'), payload)
	sig, err := by.Sign(ctx, out)
	if err != nil {
		return nil, err
	}
	return encode(append(out, '.'), sig), nil
}

func encode(dst, raw []byte) []byte { return base64.RawURLEncoding.AppendEncode(dst, raw) }

func decode(part []byte) ([]byte, error) {
	raw, err := base64.RawURLEncoding.Strict().AppendDecode(nil, part)
	if err != nil {
		return nil, reason.New(reason.JOSEBase64Invalid, "")
	}
	return raw, nil
}
