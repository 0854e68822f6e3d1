// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/reason"
)

// ProofExpect is what the key proofs of one request must be for.
type ProofExpect struct {
	Issuer    string // the credential issuer identifier, the one aud
	ClientID  string // iss may be this; "" for anonymous access, where iss must be absent
	Resolver  did.Resolver
	Providers attest.Providers      // whose key attestations count; nil: none are taken
	Required  *RequiredAttestations // nil: keys need not be attested
	At        time.Time
}

// Proven is what the key proofs of one request say.
type Proven struct {
	Holders []Holder // one for each credential to be issued, all with different keys
	Nonces  []string // that the caller must spend, each once, all different
}

// OpenProofs checks all key proofs of a request, or none are good (§8.2, appendix F). For the type
// jwt each proof gives its holder; where an attestation is required or there, it must attest the key
// that signed. For the type attestation there is one, and it gives all keys that it attests. The
// codes are those of OpenProof and attest.OpenKeys, and proof.batch for a key twice, more keys than
// MaxProofs, two types or none.
func OpenProofs(ctx context.Context, p *Proofs, want ProofExpect) (Proven, error) {
	if err := p.check(); err != nil {
		return Proven{}, err
	}
	if len(p.Attestation) > 0 {
		return openAttested(ctx, p.Attestation[0], want)
	}
	var out Proven
	for _, raw := range p.JWT {
		h, nonce, err := openProof(ctx, []byte(raw), want)
		if err == nil {
			err = checkAttested(ctx, raw, h, nonce, want)
		}
		if err != nil {
			return Proven{}, err
		}
		if err := out.add(h); err != nil {
			return Proven{}, err
		}
		if !slices.Contains(out.Nonces, nonce) {
			out.Nonces = append(out.Nonces, nonce)
		}
	}
	return out, nil
}

func (o *Proven) add(h Holder) error {
	if slices.ContainsFunc(o.Holders, func(other Holder) bool { return other.Key.Equal(h.Key) }) {
		return reason.New(reason.ProofBatch, "two proofs of one key")
	}
	o.Holders = append(o.Holders, h)
	return nil
}

// openAttested reads the one attestation of the proof type attestation (appendix F.3).
func openAttested(ctx context.Context, raw string, want ProofExpect) (Proven, error) {
	a, err := attest.OpenKeys(ctx, raw, want.keys())
	if err != nil {
		return Proven{}, err
	}
	if a.Nonce == "" {
		return Proven{}, reason.New(reason.ProofNonce, "the attestation has no nonce")
	}
	if len(a.Keys) > MaxProofs {
		return Proven{}, reason.New(reason.ProofBatch, "too many attested keys")
	}
	out := Proven{Nonces: []string{a.Nonce}}
	for _, k := range a.Keys {
		out.Holders = append(out.Holders, Holder{Key: k})
	}
	return out, nil
}

// checkAttested looks at the attestation in the header of a proof whose signature was found good. It
// attests the key that signed, is not for ever, and a nonce in it is the proof's (appendix F.1, D.1).
func checkAttested(ctx context.Context, raw string, h Holder, nonce string, want ProofExpect) error {
	text, err := attestationOf(raw)
	if err != nil {
		return err
	}
	if text == "" {
		if want.Required == nil {
			return nil
		}
		return reason.New(reason.ProofKeyAmbiguous, "the key must be attested, and is not")
	}
	a, err := attest.OpenKeys(ctx, text, want.keys())
	switch {
	case err != nil:
		return err
	case a.Expires.IsZero():
		return reason.New(reason.ProofIat, "an attestation beside a proof has no exp")
	case !a.Has(h.Key):
		return reason.New(reason.ProofKeyAmbiguous, "the attestation is of other keys")
	case a.Nonce != "" && a.Nonce != nonce:
		return reason.New(reason.ProofNonce, "the attestation is for another nonce")
	}
	return nil
}

// attestationOf returns key_attestation of the header of raw, which jose.Parse took.
func attestationOf(raw string) (string, error) {
	header, _, _ := bytes.Cut([]byte(raw), []byte("."))
	decoded, err := jose.AppendDecode(nil, header)
	if err != nil {
		return "", err
	}
	var h struct {
		Attestation string `json:"key_attestation"`
	}
	err = strictjson.Unmarshal(decoded, &h)
	return h.Attestation, err
}

func (want ProofExpect) keys() attest.KeysExpect {
	e := attest.KeysExpect{Providers: want.Providers, At: want.At}
	if want.Required != nil {
		e.Storage, e.Authentication = want.Required.Storage, want.Required.Authentication
	}
	return e
}
