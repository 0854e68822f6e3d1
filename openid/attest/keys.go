// SPDX-License-Identifier: Apache-2.0

package attest

import (
	"context"
	"slices"
	"time"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// KeysExpect says which key attestations an issuer takes.
type KeysExpect struct {
	Providers Providers
	At        time.Time
	// Storage and Authentication list the levels of which the attestation must state one; empty lists
	// demand none (OpenID4VCI 1.0 §12.2.4, key_attestations_required).
	Storage, Authentication []string
}

// Keys is what a good key attestation says (OpenID4VCI 1.0 appendix D.1). Whoever opened it must
// still spend Nonce.
type Keys struct {
	Keys           []key.Public // at least one, all different
	Nonce          string       // "" where there is none
	Storage        []string     // key_storage
	Authentication []string     // user_authentication
	Expires        time.Time    // zero where it states none
}

// Has reports whether k is one of the attested keys.
func (a Keys) Has(k key.Public) bool { return slices.ContainsFunc(a.Keys, k.Equal) }

type keysClaims struct {
	Issuer         string             `json:"iss,omitempty"`
	IssuedAt       *int64             `json:"iat"`
	Expires        *int64             `json:"exp,omitempty"`
	Keys           []strictjson.Value `json:"attested_keys"`
	Storage        []string           `json:"key_storage,omitempty"`
	Authentication []string           `json:"user_authentication,omitempty"`
	Nonce          string             `json:"nonce,omitempty"`
}

// OpenKeys checks a key attestation. Another typ or alg is proof.typ; an iat or exp that is
// absent where due or out of its time proof.iat; no key, one twice, too many or one outside the
// allow-list proof.key_ambiguous; a level that is not stated key.weak; a signer that is no
// provider has the code that Providers gave.
func OpenKeys(ctx context.Context, raw string, want KeysExpect) (Keys, error) {
	if want.Providers == nil {
		return Keys{}, reason.New(reason.ProofTyp, "key attestations are not taken here")
	}
	payload, err := signedBy(ctx, raw, TypeKeys, want.Providers, want.At)
	if err != nil {
		return Keys{}, jose.ProofRefusal(err)
	}
	var c keysClaims
	if err := strictjson.Unmarshal(payload, &c); err != nil {
		return Keys{}, err
	}
	if c.IssuedAt == nil {
		return Keys{}, reason.New(reason.ProofIat, "the key attestation has no iat")
	}
	if err := current(c.IssuedAt, nil, c.Expires, want.At); err != nil {
		return Keys{}, err
	}
	if lacks(want.Storage, c.Storage) || lacks(want.Authentication, c.Authentication) {
		return Keys{}, reason.New(reason.KeyWeak, "the keys are not attested as well as is demanded")
	}
	return c.read()
}

// lacks reports whether something is demanded and none of it is stated.
func lacks(demanded, stated []string) bool {
	return len(demanded) > 0 && !slices.ContainsFunc(stated, func(s string) bool { return slices.Contains(demanded, s) })
}

func (c keysClaims) read() (Keys, error) {
	if len(c.Keys) == 0 || len(c.Keys) > MaxKeys || len(c.Nonce) > MaxText {
		return Keys{}, reason.New(reason.ProofKeyAmbiguous, "the attestation has no keys, or too many")
	}
	out := Keys{Nonce: c.Nonce, Storage: c.Storage, Authentication: c.Authentication}
	for _, raw := range c.Keys {
		k, err := jose.ReadJWK(raw)
		if err != nil {
			return Keys{}, reason.Wrap(reason.ProofKeyAmbiguous, "an attested key is none of the allow-list", err)
		}
		if out.Has(k) {
			return Keys{}, reason.New(reason.ProofKeyAmbiguous, "a key is attested twice")
		}
		out.Keys = append(out.Keys, k)
	}
	if c.Expires != nil {
		out.Expires = time.Unix(*c.Expires, 0)
	}
	return out, nil
}
