// SPDX-License-Identifier: Apache-2.0

package vcjwt

import (
	"bytes"

	"github.com/behalf-id/behalf/credential/internal/wire"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// MaxEnvelopes is how many envelopes may be taken off before a credential is given up.
const MaxEnvelopes = 4

// enveloped is the type of an envelope and the media type in front of its content.
const (
	enveloped = "EnvelopedVerifiableCredential"
	dataURL   = "data:application/" + Name + ","
)

// nested says why payload is no credential: it holds a token or an envelope where the
// credential should be (vc.structure, and limit.nesting beyond MaxEnvelopes). Anything else
// is err.
func nested(payload []byte, err error) error {
	depth := 0
	for inner := content(payload); inner != nil; inner = content(inner) {
		if depth++; depth > MaxEnvelopes {
			return reason.New(reason.LimitNesting, "envelopes in envelopes")
		}
	}
	if depth > 0 {
		return reason.New(reason.VCStructure, "a credential is wrapped")
	}
	return err
}

// content returns what payload wraps: the payload of the token that it is, or what stands in
// the data: URL of the envelope that it is. It returns nil for anything else.
func content(payload []byte) []byte {
	if id := envelopeID(payload); id != nil {
		payload = id
	}
	if _, rest, ok := bytes.Cut(payload, []byte(",")); ok && bytes.HasPrefix(payload, []byte("data:")) {
		payload = rest
		if len(payload) > 0 && payload[0] == '{' || bytes.HasPrefix(payload, []byte("data:")) {
			return payload
		}
	}
	_, rest, ok := bytes.Cut(payload, []byte("."))
	body, _, ok2 := bytes.Cut(rest, []byte("."))
	if !ok || !ok2 || len(body) == 0 {
		return nil
	}
	inner, err := jose.AppendDecode(nil, body)
	if err != nil {
		return nil
	}
	return inner
}

// envelopeID returns the id of an envelope, or nil if payload is none.
func envelopeID(payload []byte) (id []byte) {
	if len(payload) == 0 || payload[0] != '{' || strictjson.Check(payload) != nil {
		return nil
	}
	is := false
	for m, err := range strictjson.Members(payload) {
		switch {
		case err != nil:
			return nil
		case string(m.Name) == "id":
			id, _ = strictjson.Text(m.Value)
		case string(m.Name) == "type":
			is = wire.IsType(m.Value, enveloped)
		}
	}
	if !is {
		return nil
	}
	return id
}
