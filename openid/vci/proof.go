// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"context"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// TypeProof is the typ of a key proof (appendix F.1).
const TypeProof = "openid4vci-proof+jwt"

// Window of a key proof's iat (security.md §5.2).
const (
	ProofMaxAge   = 300 * time.Second
	ProofMaxAhead = 60 * time.Second
)

// Proof is a key proof of type jwt: who holds KeyID's key wants a credential of Issuer.
type Proof struct {
	Issuer      string // aud: the credential issuer identifier
	ClientID    string // iss; "" with anonymous access
	Nonce       string
	Attestation string // of the key that signs, a key-attestation+jwt (appendix D.1); "" for none
	At          time.Time
}

type proofClaims struct {
	Iss      *string `json:"iss,omitempty"`
	Audience string  `json:"aud"`
	IssuedAt *int64  `json:"iat"`
	Nonce    string  `json:"nonce,omitempty"`
}

// Sign makes the proof with the key of a DID, which stands in kid.
func (p Proof) Sign(ctx context.Context, by did.Signer) ([]byte, error) {
	at := p.At.Unix()
	c := proofClaims{Audience: p.Issuer, IssuedAt: &at, Nonce: p.Nonce}
	if p.ClientID != "" {
		c.Iss = &p.ClientID
	}
	payload, err := strictjson.Marshal(c)
	if err != nil {
		return nil, err
	}
	if p.Attestation != "" {
		return signAttested(ctx, by, payload, p.Attestation)
	}
	return jose.Sign(ctx, jose.Header{Type: TypeProof, KeyID: by.Method.String()}, payload, by)
}

// attestedHeader is the header of a proof with an attestation, which no other token has (appendix F.1).
type attestedHeader struct {
	Algorithm   key.Algorithm `json:"alg"`
	Type        string        `json:"typ"`
	KeyID       string        `json:"kid"`
	Attestation string        `json:"key_attestation"`
}

func signAttested(ctx context.Context, by did.Signer, payload []byte, attestation string) ([]byte, error) {
	header, err := strictjson.Marshal(attestedHeader{by.Public().Algorithm(), TypeProof, by.Method.String(), attestation})
	if err != nil {
		return nil, err
	}
	token := jose.AppendEncode(append(jose.AppendEncode(nil, header), '.'), payload)
	sig, err := by.Sign(ctx, token)
	if err != nil {
		return nil, err
	}
	return jose.AppendEncode(append(token, '.'), sig), nil
}

// Holder is who made a key proof: a DID, and its key.
type Holder struct {
	DID did.DID // zero where the proof names a bare key, or an attestation does
	Key key.Public
}

// OpenProof checks a key proof for issuer at an instant and returns who made it, with the nonce that
// the caller must spend. The key is the one in the header, jwk or kid of a DID: it becomes an
// identity, never a trusted party. It is for anonymous access, where iss must be absent (§6.1).
func OpenProof(ctx context.Context, raw []byte, issuer string, resolve did.Resolver, at time.Time) (Holder, string, error) {
	return openProof(ctx, raw, ProofExpect{Issuer: issuer, Resolver: resolve, At: at})
}

func openProof(ctx context.Context, raw []byte, want ProofExpect) (Holder, string, error) {
	token, err := jose.Parse(raw, jose.Policy{Type: TypeProof, Key: jose.FromHeader})
	if err != nil {
		return Holder{}, "", jose.ProofRefusal(err)
	}
	h, err := holder(ctx, token.Header, want.Resolver, want.At)
	if err != nil {
		return Holder{}, "", err
	}
	payload, err := token.Verify(h.Key)
	if err != nil {
		return Holder{}, "", err
	}
	var c proofClaims
	if err := strictjson.Unmarshal(payload, &c); err != nil {
		return Holder{}, "", err
	}
	return h, c.Nonce, c.check(want)
}

func (c proofClaims) check(want ProofExpect) error {
	switch {
	case c.Iss != nil && (want.ClientID == "" || *c.Iss != want.ClientID):
		return reason.New(reason.ProofIssMismatch, "iss is the client's id, and absent with anonymous access")
	case c.Audience != want.Issuer:
		return reason.New(reason.ProofAud, "")
	case c.IssuedAt == nil:
		return reason.New(reason.ProofIat, "iat is missing")
	case c.Nonce == "" || len(c.Nonce) > MaxName:
		return reason.New(reason.ProofNonce, "nonce is missing or too long")
	}
	made := time.Unix(*c.IssuedAt, 0)
	if made.Before(want.At.Add(-ProofMaxAge)) || made.After(want.At.Add(ProofMaxAhead)) {
		return reason.New(reason.ProofIat, "iat is outside the window; check the clock of this device")
	}
	return nil
}

func holder(ctx context.Context, h jose.Header, resolve did.Resolver, at time.Time) (Holder, error) {
	if h.Key != nil {
		k, err := h.Key.Public()
		return Holder{Key: k}, err
	}
	method, err := did.ParseURL(h.KeyID)
	if err != nil {
		return Holder{}, err
	}
	if m := method.DID().Method(); m != "key" && m != "jwk" {
		return Holder{}, reason.New(reason.DIDMethodUnsupported, "a holder is a did:key or did:jwk")
	}
	if resolve == nil {
		return Holder{}, reason.New(reason.DIDMethodUnsupported, "no DIDs are taken here")
	}
	doc, err := resolve.Resolve(ctx, method.DID())
	if err != nil {
		return Holder{}, err
	}
	k, err := doc.Key(method, did.Authentication, at)
	return Holder{DID: method.DID(), Key: k}, err
}
