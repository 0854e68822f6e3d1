// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// A box is what this process remembers by giving it away: sealed under its key, so that who has it
// can neither read nor change it. So anybody may push requests and begin to sign in, and writes nothing
// (docs/decisions/0012). What is good once is marked when it is used.

// maxBox bounds a box: it fits a cookie and the query of an address.
const maxBox = 3 << 10

type boxed struct {
	Expires time.Time        `json:"exp"`
	Value   strictjson.Value `json:"val"`
}

// box seals v until the instant until, for one purpose. More than maxBox is limit.body.
func (i *Issuer) box(of purpose, v any, until time.Time) (string, error) {
	value, err := strictjson.Marshal(v)
	if err != nil {
		return "", reason.Wrap(reason.InternalIndeterminate, "a box could not be written", err)
	}
	raw, err := strictjson.Marshal(boxed{until, value})
	if err != nil {
		return "", reason.Wrap(reason.InternalIndeterminate, "a box could not be written", err)
	}
	lock, err := i.lock(of)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, lock.NonceSize(), lock.NonceSize()+len(raw)+lock.Overhead())
	if err := i.random(nonce); err != nil {
		return "", err
	}
	out := base64.RawURLEncoding.EncodeToString(lock.Seal(nonce, nonce, raw, nil))
	if len(out) > maxBox {
		return "", reason.New(reason.LimitBody, "the request is too long")
	}
	return out, nil
}

// unbox opens text into v, and reports whether it is a box of this process for this purpose that has
// not ended.
func (i *Issuer) unbox(of purpose, text string, v any) bool {
	if len(text) > maxBox {
		return false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return false
	}
	lock, err := i.lock(of)
	if err != nil || len(raw) < lock.NonceSize() {
		return false
	}
	plain, err := lock.Open(nil, raw[:lock.NonceSize()], raw[lock.NonceSize():], nil)
	if err != nil {
		return false
	}
	var b boxed
	if err := strictjson.Unmarshal(plain, &b); err != nil || !i.cfg.Now().Before(b.Expires) {
		return false
	}
	return strictjson.Unmarshal(b.Value, v) == nil
}

// lock returns the cipher of a purpose: AES-256-GCM under a key of its own.
func (i *Issuer) lock(of purpose) (cipher.AEAD, error) {
	k, err := hkdf.Key(sha256.New, i.nonceKey[:], nil, "behalf issuer box\x00"+string(of), 32)
	if err != nil {
		return nil, reason.Wrap(reason.InternalIndeterminate, "no key", err)
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, reason.Wrap(reason.InternalIndeterminate, "no cipher", err)
	}
	return cipher.NewGCM(block)
}
