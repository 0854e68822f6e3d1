// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"bytes"
	"context"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// TypeMetadata is the typ of signed issuer metadata, and MediaTypeSigned the media type by which it is
// asked for (§12.2.3).
const (
	TypeMetadata    = "openidvci-issuer-metadata+jwt"
	MediaTypeSigned = "application/jwt"
)

// metadataClaims are the claims of signed metadata that stand beside those of the metadata.
type metadataClaims struct {
	Issuer   string `json:"iss,omitempty"`
	Subject  string `json:"sub"`
	IssuedAt *int64 `json:"iat"`
	Expires  *int64 `json:"exp,omitempty"`
}

// SignMetadata signs m at an instant, by the name of the signer's key or, if there are certificates (DER,
// the signer's first), by them.
func SignMetadata(ctx context.Context, m *IssuerMetadata, by did.Signer, certificates [][]byte, at time.Time) ([]byte, error) {
	body, err := strictjson.Marshal(m)
	if err != nil {
		return nil, err
	}
	from := at.Unix()
	claims, err := strictjson.Marshal(metadataClaims{Issuer: by.Method.DID().String(), Subject: m.Issuer, IssuedAt: &from})
	if err != nil {
		return nil, err
	}
	// Both are objects with members: one of them goes on where the other ended.
	payload := append(append(bytes.TrimSuffix(claims, []byte("}")), ','), body[1:]...)
	h := jose.Header{Type: TypeMetadata, KeyID: by.Method.String()}
	if len(certificates) > 0 {
		h.KeyID, h.X5C = "", jose.WriteX5C(certificates)
	}
	return jose.Sign(ctx, h, payload, by)
}

// FindKey returns the key of whoever may sign metadata of issuer, by kid or x5c of the header: "" and
// nil where it has none.
type FindKey func(ctx context.Context, issuer, keyID string, x5c []byte) (key.Public, error)

// OpenMetadata checks signed metadata of issuer at an instant (§12.2.3). Another sub, and an iat or
// exp that is missing where due or out of its time, are issuer.metadata_invalid; the rest has the
// codes of jose, of find and of ParseIssuerMetadata.
func OpenMetadata(ctx context.Context, raw []byte, issuer string, find FindKey, at time.Time) (*IssuerMetadata, error) {
	if find == nil {
		return nil, reason.New(reason.InternalIndeterminate, "vci: nothing to find the issuer's key with")
	}
	token, err := jose.Parse(raw, jose.Policy{Type: TypeMetadata, Key: jose.FromIssuer})
	if err != nil {
		return nil, err
	}
	k, err := find(ctx, issuer, token.Header.KeyID, token.Header.X5C)
	if err != nil {
		return nil, err
	}
	payload, err := token.Verify(k)
	if err != nil {
		return nil, err
	}
	var c metadataClaims
	if err := strictjson.Unmarshal(payload, &c); err != nil {
		return nil, err
	}
	if c.Subject != issuer || c.IssuedAt == nil || time.Unix(*c.IssuedAt, 0).After(at.Add(ProofMaxAhead)) ||
		c.Expires != nil && !time.Unix(*c.Expires, 0).After(at.Add(-ProofMaxAhead)) {
		return nil, bad("signed metadata of another issuer or time")
	}
	return ParseIssuerMetadata(payload, issuer)
}
