// SPDX-License-Identifier: Apache-2.0

package multiformat

import (
	"slices"
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// MaxJWK is the number of bytes that ReadJWK reads: room for a key and some names.
const MaxJWK = 16 << 10

// jwk holds what is looked at of a published JWK.
type jwk struct {
	Kty    string   `json:"kty"`
	Crv    string   `json:"crv"`
	X      string   `json:"x"`
	Y      string   `json:"y"`
	Alg    string   `json:"alg"`
	Use    *string  `json:"use"`
	KeyOps []string `json:"key_ops"`
}

// ReadJWK reads raw as a published JWK (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). Members of
// private and of symmetric keys are key.private_material whatever they hold; a key of another
// kind than Ed25519, P-256 or P-384, a wrong length and a point off its curve key.weak; and a
// good key that is marked for something else than checking signatures key.ambiguous. What is no
// JWK at all has the codes of strictjson.
func ReadJWK(raw []byte) (key.Public, error) {
	if len(raw) > MaxJWK {
		return key.Public{}, reason.New(reason.KeyWeak, "JWK is too long")
	}
	if err := strictjson.Check(raw); err != nil {
		return key.Public{}, err
	}
	for m, err := range strictjson.Members(raw) {
		if err != nil {
			return key.Public{}, err
		}
		if private(string(m.Name)) {
			return key.Public{}, reason.New(reason.KeyPrivateMaterial, "a published JWK has a private member")
		}
	}
	var j jwk
	if err := strictjson.Unmarshal(raw, &j); err != nil {
		return key.Public{}, err
	}
	return j.public()
}

// private reports whether name is that of a private member, in whatever case (RFC 7518 §6).
func private(name string) bool {
	switch strings.ToLower(name) {
	case "d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv":
		return true
	}
	return false
}

func (j jwk) public() (key.Public, error) {
	k := key.JWK{Kty: j.Kty, Crv: j.Crv, X: j.X, Y: j.Y, Alg: j.Alg}
	if j.otherUse() {
		k.Alg = "" // one of key agreement, say
	}
	pub, err := k.Public()
	if err == nil && j.otherUse() {
		return key.Public{}, reason.New(reason.KeyAmbiguous, "the key is not for signatures")
	}
	return pub, err
}

func (j jwk) otherUse() bool {
	return j.Use != nil && *j.Use != "sig" || j.KeyOps != nil && !slices.Contains(j.KeyOps, "verify")
}
