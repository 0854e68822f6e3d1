// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// newRequestKey draws the key that wallets encrypt credential requests to. It lives as long as the
// process, so that what was captured cannot be read after a restart; a wallet that kept older metadata
// is told to read it again.
func (i *Issuer) newRequestKey() error {
	name, err := i.secret()
	if err == nil {
		i.requestKey, err = jwe.Generate(i.cfg.Random, name)
	}
	return err
}

// requestEncryption is what the metadata says of encrypted requests (OpenID4VCI 1.0 §10).
func (i *Issuer) requestEncryption() *vci.RequestEncryption {
	return &vci.RequestEncryption{
		Keys: vci.KeySet{Keys: []strictjson.Value{i.requestKey.Public().JWK()}},
		Enc:  []string{string(jwe.A128GCM), string(jwe.A256GCM)},
	}
}

// decrypted returns the request that was encrypted to us. What cannot be read has the codes of package
// jwe.
func (i *Issuer) decrypted(token []byte) ([]byte, error) {
	return jwe.Decrypt(token, i.requestKey, jwe.A128GCM, jwe.A256GCM)
}

// answerKey is the key that an answer is encrypted to, nil for an answer in the clear.
type answerKey struct {
	to  jwe.Recipient
	enc jwe.Encryption
}

// answerKeyOf checks what a request says of its answer, before anything is done for it. The key must
// come encrypted itself: in the clear, whoever stands between could put their own in its place
// (OpenID4VCI 1.0 §8.2). What is not acceptable is response.enc.
func answerKeyOf(e *vci.ResponseEncryption, encrypted bool) (*answerKey, error) {
	if e == nil {
		return nil, nil
	}
	if !encrypted {
		return nil, reason.New(reason.ResponseEnc, "credential_response_encryption needs a request that is encrypted itself")
	}
	to, enc, err := e.Recipient()
	if err != nil {
		return nil, err
	}
	return &answerKey{to, enc}, nil
}

// seal encrypts an answer.
func (k *answerKey) seal(answer *vci.CredentialResponse) ([]byte, error) {
	raw, err := strictjson.Marshal(answer)
	if err != nil {
		return nil, reason.Wrap(reason.InternalIndeterminate, "an answer could not be written", err)
	}
	return jwe.Encrypt(raw, k.to, k.enc, jwe.Header{})
}
