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
	Issuer string // aud: the credential issuer identifier
	Nonce  string
	At     time.Time
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
	payload, err := strictjson.Marshal(proofClaims{Audience: p.Issuer, IssuedAt: &at, Nonce: p.Nonce})
	if err != nil {
		return nil, err
	}
	return jose.Sign(ctx, jose.Header{Type: TypeProof, KeyID: by.Method.String()}, payload, by)
}

// Holder is who made a key proof: a DID, and its key.
type Holder struct {
	DID did.DID // zero where the proof names a bare key
	Key key.Public
}

// OpenProof checks a key proof for issuer at an instant and returns who made it, with the nonce that
// the caller must spend. The key is the one in the header, jwk or kid of a DID: it becomes an
// identity, never a trusted party. anonymous says that iss must be absent (§6.1, anonymous access).
func OpenProof(ctx context.Context, raw []byte, issuer string, resolve did.Resolver, at time.Time) (Holder, string, error) {
	token, err := jose.Parse(raw, jose.Policy{Type: TypeProof, Key: jose.FromHeader})
	if err != nil {
		return Holder{}, "", proofError(err)
	}
	h, err := holder(ctx, token.Header, resolve, at)
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
	return h, c.Nonce, c.check(issuer, at)
}

func (c proofClaims) check(issuer string, at time.Time) error {
	switch {
	case c.Iss != nil:
		return reason.New(reason.ProofIssMismatch, "iss is absent with anonymous access")
	case c.Audience != issuer:
		return reason.New(reason.ProofAud, "")
	case c.IssuedAt == nil:
		return reason.New(reason.ProofIat, "iat is missing")
	case c.Nonce == "":
		return reason.New(reason.ProofNonce, "nonce is missing")
	}
	made := time.Unix(*c.IssuedAt, 0)
	if made.Before(at.Add(-ProofMaxAge)) || made.After(at.Add(ProofMaxAhead)) {
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
	doc, err := resolve.Resolve(ctx, method.DID())
	if err != nil {
		return Holder{}, err
	}
	k, err := doc.Key(method, did.Authentication, at)
	return Holder{DID: method.DID(), Key: k}, err
}

func proofError(err error) error {
	switch reason.Of(err) {
	case reason.JOSETypMismatch, reason.JOSEAlgForbidden:
		return reason.Wrap(reason.ProofTyp, "", err)
	case reason.JOSEKidInvalid:
		return reason.Wrap(reason.ProofKeyAmbiguous, "", err)
	}
	return err
}
