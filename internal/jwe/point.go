// SPDX-License-Identifier: Apache-2.0

package jwe

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

func curve() elliptic.Curve { return elliptic.P256() }

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// readPoint reads raw, a JWK, as a public point of P-256 with no private member.
func readPoint(raw []byte) (*ecdsa.PublicKey, error) {
	p, err := parsePoint(raw)
	if err != nil {
		return nil, err
	}
	return p.public()
}

func parsePoint(raw []byte) (point, error) {
	var p point
	var private struct {
		D strictjson.Value `json:"d"`
		P strictjson.Value `json:"p"`
		Q strictjson.Value `json:"q"`
	}
	if err := strictjson.Unmarshal(raw, &private); err != nil {
		return point{}, err
	}
	if private.D != nil || private.P != nil || private.Q != nil {
		return point{}, reason.New(reason.KeyPrivateMaterial, "a public key holds a private member")
	}
	if err := strictjson.Unmarshal(raw, &p); err != nil {
		return point{}, err
	}
	return p, nil
}

// public returns the point that p states. The standard library refuses one that is not on the
// curve, and the point at infinity has no such form (SP 800-56A §5.6.2.3).
func (p point) public() (*ecdsa.PublicKey, error) {
	if p.Kty != "EC" || p.Crv != "P-256" {
		return nil, reason.New(reason.KeyWeak, "not an EC key on P-256")
	}
	raw := make([]byte, 1, 1+2*coordinate)
	raw[0] = 4
	for _, text := range [...]string{p.X, p.Y} {
		var err error
		if raw, err = jose.AppendDecode(raw, []byte(text)); err != nil {
			return nil, reason.Wrap(reason.KeyWeak, "a coordinate is not base64url", err)
		}
	}
	if len(raw) != 1+2*coordinate || len(p.X) != len(p.Y) {
		return nil, reason.New(reason.KeyWeak, "a coordinate of another length")
	}
	k, err := ecdsa.ParseUncompressedPublicKey(curve(), raw)
	if err != nil {
		return nil, reason.Wrap(reason.KeyWeak, "not a point of P-256", err)
	}
	return k, nil
}

func (p point) marshal() []byte {
	raw, err := strictjson.Marshal(p)
	if err != nil {
		panic(err) // texts can always be written
	}
	return raw
}
