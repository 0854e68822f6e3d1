// SPDX-License-Identifier: Apache-2.0

package attest

import (
	"context"
	"encoding/base64"
	"io"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// proofIDBytes is the number of random bytes in the jti of our own proofs.
const proofIDBytes = 16

// Provider is a wallet's provider that signs: by the name of its key in its DID document or, if there are
// certificates, by them (DER, the signer's first).
type Provider struct {
	By           did.Signer
	Certificates [][]byte
	Issuer       string // iss; "" leaves it to the DID of By, which certificates must then name
}

func (p Provider) sign(ctx context.Context, typ string, claims any) (string, error) {
	payload, err := strictjson.Marshal(claims)
	if err != nil {
		return "", err
	}
	h := jose.Header{Type: typ, KeyID: p.By.Method.String()}
	if len(p.Certificates) > 0 {
		h.KeyID, h.X5C = "", jose.WriteX5C(p.Certificates)
	}
	raw, err := jose.Sign(ctx, h, payload, p.By)
	return string(raw), err
}

func (p Provider) issuer() string {
	if p.Issuer != "" {
		return p.Issuer
	}
	return p.By.Method.DID().String()
}

// SignClient vouches from at till expires that id is a wallet of p whose key is k.
func (p Provider) SignClient(ctx context.Context, id string, k key.Public, at, expires time.Time) (string, error) {
	if id == "" || k.IsZero() {
		return "", refuse("there is no client or no key to vouch for", nil)
	}
	jwk, err := strictjson.Marshal(k.JWK())
	if err != nil {
		return "", err
	}
	from, till := at.Unix(), expires.Unix()
	return p.sign(ctx, TypeClient, clientClaims{Issuer: p.issuer(), ClientID: id, IssuedAt: &from, Expires: &till, Confirm: &confirmation{jwk}})
}

// SignKeys vouches for a.Keys from at till a.Expires, where that is set.
func (p Provider) SignKeys(ctx context.Context, a Keys, at time.Time) (string, error) {
	from := at.Unix()
	c := keysClaims{Issuer: p.issuer(), IssuedAt: &from, Storage: a.Storage, Authentication: a.Authentication, Nonce: a.Nonce}
	if !a.Expires.IsZero() {
		till := a.Expires.Unix()
		c.Expires = &till
	}
	for _, k := range a.Keys {
		jwk, err := strictjson.Marshal(k.JWK())
		if err != nil {
			return "", err
		}
		c.Keys = append(c.Keys, jwk)
	}
	if len(c.Keys) == 0 {
		return "", reason.New(reason.ProofKeyAmbiguous, "there are no keys to vouch for")
	}
	return p.sign(ctx, TypeKeys, c)
}

// PoP is a proof of possession that goes with a client attestation.
type PoP struct {
	ClientID  string
	Audience  string // the issuer identifier of the authorization server
	Challenge string // as the server gave it, "" if it gave none
	At        time.Time
}

// Sign makes the proof with the attested key and a fresh jti out of random.
func (p PoP) Sign(ctx context.Context, by key.Signer, random io.Reader) (string, error) {
	if by == nil || random == nil {
		return "", reason.New(reason.InternalIndeterminate, "attest: no key or no random source")
	}
	id := make([]byte, proofIDBytes)
	if _, err := io.ReadFull(random, id); err != nil {
		return "", err
	}
	audience, err := strictjson.Marshal(p.Audience)
	if err != nil {
		return "", err
	}
	from, till := p.At.Unix(), p.At.Add(PoPMaxAge).Unix()
	payload, err := strictjson.Marshal(popClaims{Issuer: p.ClientID, Audience: audience, ID: base64.RawURLEncoding.EncodeToString(id),
		IssuedAt: &from, Expires: &till, Challenge: p.Challenge})
	if err != nil {
		return "", err
	}
	raw, err := jose.Sign(ctx, jose.Header{Type: TypePoP}, payload, by)
	return string(raw), err
}
