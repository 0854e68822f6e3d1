// SPDX-License-Identifier: Apache-2.0

package jose

import (
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// NamedKey is one key of a key set.
type NamedKey struct {
	ID     string // kid, "" in a set of one key without
	Public key.Public
}

// jwkNames are the members of a JWK that are looked at (RFC 7517 §4, RFC 7518 §6).
var jwkNames = [...]string{
	"kty", "crv", "x", "y", "kid", "alg", "use", "key_ops",
	"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv",
}

// ReadJWK reads raw, strict JSON, as a public key that verifies signatures (RFC 7517 §4).
//
// A private member of any kind of key is key.private_material. RSA, symmetric and other
// kinds, a curve but P-256, P-384 and Ed25519, a wrong length, a point off its curve or of small
// order, and an alg that does not fit are key.weak. A key for something else than verifying
// (use, key_ops) is key.ambiguous. A member of another type is json.type, a kid that is unfit for
// a key's name jose.kid_invalid.
func ReadJWK(raw []byte) (key.Public, error) {
	if err := strictjson.Check(raw); err != nil {
		return key.Public{}, err
	}
	return ReadCheckedJWK(raw)
}

// ReadCheckedJWK is ReadJWK of a part of something that passed strictjson.Check as a whole.
func ReadCheckedJWK(part strictjson.Value) (key.Public, error) {
	_, p, err := readJWK(part)
	return p, err
}

// ReadJWKS reads raw, strict JSON, as a key set (RFC 7517 §5) of at most MaxKeys keys. Each key
// must be one that ReadJWK accepts. Two keys with one kid, and a key without kid beside others,
// are key.ambiguous, and so is an empty set; no member keys is json.member_missing, more than
// MaxKeys keys are limit.members.
func ReadJWKS(raw []byte) ([]NamedKey, error) {
	if err := strictjson.Check(raw); err != nil {
		return nil, err
	}
	var list strictjson.Value
	for m, err := range strictjson.Members(raw) {
		if err != nil {
			return nil, err
		}
		if string(m.Name) == "keys" {
			list = m.Value
		} else if foldsTo(m.Name, []string{"keys"}) {
			return nil, reason.New(reason.JSONCaseVariant, "a name differs in case from keys")
		}
	}
	if list == nil {
		return nil, reason.New(reason.JSONMemberMissing, "a key set has no keys")
	}
	var keys []NamedKey
	for v, err := range strictjson.Items(list) {
		if err != nil {
			return nil, err
		}
		if len(keys) == MaxKeys {
			return nil, reason.New(reason.LimitMembers, "too many keys")
		}
		j, p, err := readJWK(v)
		if err != nil {
			return nil, err
		}
		keys = append(keys, NamedKey{j.Kid, p})
	}
	return keys, unambiguous(keys)
}

func unambiguous(keys []NamedKey) error {
	if len(keys) == 0 {
		return reason.New(reason.KeyAmbiguous, "a key set is empty")
	}
	seen := make(map[string]bool, len(keys))
	for _, k := range keys {
		if seen[k.ID] || k.ID == "" && len(keys) > 1 {
			return reason.New(reason.KeyAmbiguous, "two keys cannot be told apart by kid")
		}
		seen[k.ID] = true
	}
	return nil
}

// headerKey reads the jwk of a header, which was checked as part of it.
func headerKey(raw []byte) (*key.JWK, error) {
	j, _, err := readJWK(raw)
	if err != nil {
		return nil, err
	}
	return &j, nil
}

// readJWK reads raw, which was checked, without reflection.
func readJWK(raw []byte) (key.JWK, key.Public, error) {
	var j key.JWK
	var ops strictjson.Value
	private := false
	for m, err := range strictjson.Members(raw) {
		if err != nil {
			return key.JWK{}, key.Public{}, err
		}
		if to := textMember(&j, m.Name); to != nil {
			text, err := strictjson.Text(m.Value)
			if err != nil {
				return key.JWK{}, key.Public{}, err
			}
			*to = interned(text)
			continue
		}
		switch string(m.Name) {
		case "key_ops":
			ops = m.Value
		case "d", "p", "q", "dp", "dq", "qi", "oth", "priv":
			private = true
		case "k": // the whole of a symmetric key, which is refused by its kty
		default:
			if foldsTo(m.Name, jwkNames[:]) {
				return key.JWK{}, key.Public{}, reason.New(reason.JSONCaseVariant, "a key's member differs in case from a known one")
			}
		}
	}
	if private {
		return key.JWK{}, key.Public{}, reason.New(reason.KeyPrivateMaterial, "a public key holds a private member")
	}
	if j.Kid != "" {
		if err := checkKeyID([]byte(j.Kid)); err != nil {
			return key.JWK{}, key.Public{}, err
		}
	}
	p, err := j.Public()
	if err == nil && ops != nil {
		err = checkOperations(ops)
	}
	if err != nil {
		return key.JWK{}, key.Public{}, err
	}
	return j, p, nil
}

// textMember returns where the text member called name belongs, nil if it is no such member.
func textMember(j *key.JWK, name []byte) *string {
	switch string(name) {
	case "kty":
		return &j.Kty
	case "crv":
		return &j.Crv
	case "x":
		return &j.X
	case "y":
		return &j.Y
	case "kid":
		return &j.Kid
	case "alg":
		return &j.Alg
	case "use":
		return &j.Use
	}
	return nil
}

// interned returns text as a string, without new memory for the words that most keys have.
func interned(text []byte) string {
	switch string(text) {
	case "EC":
		return "EC"
	case "OKP":
		return "OKP"
	case "P-256":
		return "P-256"
	case "P-384":
		return "P-384"
	case "Ed25519":
		return "Ed25519"
	}
	return string(text)
}

// checkOperations expects verify among the operations that a key states (RFC 7517 §4.3).
func checkOperations(ops []byte) error {
	verifies := false
	for v, err := range strictjson.Items(ops) {
		if err != nil {
			return err
		}
		op, err := strictjson.Text(v)
		if err != nil {
			return err
		}
		verifies = verifies || string(op) == "verify"
	}
	if !verifies {
		return reason.New(reason.KeyAmbiguous, "the key is not for verifying")
	}
	return nil
}
