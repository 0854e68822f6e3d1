// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"slices"

	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// ResponseEncryption asks that the answer be encrypted to a key (§8.2). With JWK goes its algorithm,
// in alg.
type ResponseEncryption struct {
	JWK strictjson.Value `json:"jwk"`
	Enc string           `json:"enc"`
	Zip string           `json:"zip,omitempty"` // none is offered, so that any is refused
}

// NewResponseEncryption asks for an answer that is encrypted to key with enc.
func NewResponseEncryption(key jwe.Recipient, enc jwe.Encryption) *ResponseEncryption {
	return &ResponseEncryption{JWK: key.JWK(), Enc: string(enc)}
}

// Recipient returns the key and the algorithm for the answer. A key but a public one on P-256 for
// ECDH-ES, an algorithm but A128GCM and A256GCM, and compression are response.enc.
func (e *ResponseEncryption) Recipient() (jwe.Recipient, jwe.Encryption, error) {
	if e == nil || len(e.JWK) == 0 {
		return jwe.Recipient{}, "", reason.New(reason.ResponseEnc, "there is no key for the answer")
	}
	if e.Zip != "" {
		return jwe.Recipient{}, "", reason.New(reason.ResponseEnc, "compression is not offered")
	}
	var said struct {
		Alg string `json:"alg"`
	}
	if err := strictjson.Unmarshal(e.JWK, &said); err != nil {
		return jwe.Recipient{}, "", reason.Wrap(reason.ResponseEnc, "the key cannot be read", err)
	}
	key, err := jwe.ReadRecipient(e.JWK)
	if err != nil || said.Alg != jwe.Algorithm {
		return jwe.Recipient{}, "", reason.Wrap(reason.ResponseEnc, "not a public key on P-256 with alg ECDH-ES", err)
	}
	enc, err := jwe.ParseEncryption(e.Enc)
	if err != nil {
		return jwe.Recipient{}, "", reason.Wrap(reason.ResponseEnc, "enc is not offered", err)
	}
	return key, enc, nil
}

// OfferedEncryption is what a server that encrypts answers writes into its metadata.
func OfferedEncryption() *ResponseEncryptionMetadata {
	return &ResponseEncryptionMetadata{Alg: []string{jwe.Algorithm}, Enc: []string{string(jwe.A128GCM), string(jwe.A256GCM)}}
}

// Choose returns the algorithm for answers that both sides have, the stronger one first, or
// response.enc. The zero metadata, of an issuer that does not encrypt, has none.
func (m *ResponseEncryptionMetadata) Choose() (jwe.Encryption, error) {
	if m != nil && slices.Contains(m.Alg, jwe.Algorithm) {
		if enc, ok := strongest(m.Enc); ok {
			return enc, nil
		}
	}
	return "", reason.New(reason.ResponseEnc, "the issuer encrypts in no way that is known here")
}

// Choose returns the first key to encrypt requests to that can be used here, and the algorithm.
// Keys of other kinds are passed over; none that fits is response.enc.
func (r *RequestEncryption) Choose() (jwe.Recipient, jwe.Encryption, error) {
	if r != nil {
		if enc, ok := strongest(r.Enc); ok {
			for _, raw := range r.Keys.Keys {
				if key, err := jwe.ReadRecipient(raw); err == nil {
					return key, enc, nil
				}
			}
		}
	}
	return jwe.Recipient{}, "", reason.New(reason.ResponseEnc, "requests are encrypted in no way that is known here")
}

func strongest(offered []string) (jwe.Encryption, bool) {
	for _, enc := range [...]jwe.Encryption{jwe.A256GCM, jwe.A128GCM} {
		if slices.Contains(offered, string(enc)) {
			return enc, true
		}
	}
	return "", false
}
