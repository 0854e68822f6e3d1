// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/proof"
	"github.com/behalf-id/behalf/credential/internal/wire"
	"github.com/behalf-id/behalf/credential/sdjwt/typemeta"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// issued is what the issuer-signed JWT says, before any disclosure. Once it is remembered it is
// shared and never changed.
type issued struct {
	base   credential.Credential // with the permissions that are in the clear
	places []int                 // where those stand among all
	source proof.Source          // of the issuer's key
	holder key.Public            // cnf
	layout
	digest string
	late   error      // a refusal of this link, to be told after those of the presentation
	key    key.Public // that verified it
	token  jose.Token // until verified
	size   int        // bytes
}

// readIssued reads the JWT by its form. Nothing is verified.
func readIssued(jwt []byte, digest string) (*issued, error) {
	t, err := jose.Parse(jwt, policy)
	if err != nil {
		return nil, err
	}
	i := &issued{token: t, digest: digest, size: len(jwt)}
	if err := i.payload(t.Unverified()); err != nil {
		return nil, err
	}
	i.source = proof.SourceOf(t.Header, i.base.Issuer)
	return i, nil
}

func (i *issued) payload(raw []byte) (err error) {
	var room [wire.RoomForMembers]strictjson.Member
	claims, r, err := wire.Check(raw, room[:0])
	if err != nil {
		return err
	}
	if i.layout, err = scanChecked(raw, claims); err != nil {
		return err
	}
	p := payload{Reader: r, c: &i.base}
	for _, m := range claims {
		p.member(m)
	}
	if i.holder, err = holderKey(p.cnf); err != nil {
		return err
	}
	i.late, i.places = p.verdict(), p.Places
	if i.late != nil && (!proof.Decides(i.late) || i.base.Issuer == "") {
		return i.late
	}
	return nil
}

// payload reads the issuer's claims (delegation.md §3.2).
type payload struct {
	*wire.Reader
	c    *credential.Credential
	have wire.Members
	cnf  strictjson.Value

	integrity string // vct#integrity
}

// verdict returns the first refusal; a foreign type stands before what else does not fit.
func (p *payload) verdict() error {
	p.Fit(p.c, p.have, 0)
	if p.Err() == nil {
		p.Fail(credential.CheckLimiting(p.c))
	}
	if p.Err() == nil && p.integrity != "" && !typemeta.OwnFits(credential.VCT(p.c.Type), p.integrity) {
		p.Invalid("vct#integrity is of another document than ours")
	}
	if p.have&wire.HasType != 0 && p.c.Type == "" && reason.Of(p.Err()) == reason.CredentialSchemaInvalid {
		return reason.New(reason.CredentialTypeUnknown, "")
	}
	return p.Err()
}

func (p *payload) member(m strictjson.Member) {
	switch string(m.Name) {
	case "iss":
		p.c.Issuer = p.registered(wire.HasIssuer, m.Value)
	case "sub":
		p.c.Delegate.ID = p.registered(wire.HasDelegate, m.Value)
	case "jti":
		p.c.ID = p.registered(wire.HasID, m.Value)
	case "nbf":
		p.c.ValidFrom = p.NumericDate(m.Value)
		p.have |= wire.HasFrom
	case "exp":
		p.c.ValidUntil = p.NumericDate(m.Value)
		p.have |= wire.HasUntil
	case "iat":
		p.NumericDate(m.Value)
	case "vct":
		vct := p.Text(m.Value, "vct")
		p.c.Type = typeOf(vct)
		if vct != "" {
			p.have |= wire.HasType
		}
	case "vct#integrity":
		p.integrity = p.Text(m.Value, "vct#integrity")
		if p.integrity == "" {
			p.Invalid("vct#integrity")
		}
	case "cnf":
		p.cnf = m.Value
	case "status":
		p.c.Status = p.status(m.Value)
		p.have |= wire.HasStatus
	default:
		p.delegation(m)
	}
}

func (p *payload) delegation(m strictjson.Member) {
	switch string(m.Name) {
	case "on_behalf_of":
		p.Principal(m.Value, p.c, isDigests)
		p.have |= wire.HasPrincipal
	case "delegation":
		p.Delegation(m.Value, wire.Snake, p.c, func(m strictjson.Member) bool {
			if string(m.Name) == "evidence" {
				p.c.Evidence = p.Evidence(m.Value)
				return true
			}
			return isDigests(m)
		})
		p.have |= wire.HasDelegation
	case "workgroup":
		p.c.Workgroup = p.Text(m.Value, "workgroup")
		p.have |= wire.HasWorkgroup
	case "trust_framework":
		p.Framework(m.Value, p.c)
	case "_sd", "_sd_alg": // scan looked at them
	default:
		if !p.Delegate(m, wire.Snake, p.c, &p.have) {
			p.Invalid("unknown member")
		}
	}
}

// isDigests reports whether m is the list of digests, which scan looked at.
func isDigests(m strictjson.Member) bool { return string(m.Name) == "_sd" }

func (p *payload) registered(bit wire.Members, v strictjson.Value) string {
	p.have |= bit
	return p.Registered(v)
}

// status reads one Token Status List entry.
func (p *payload) status(v strictjson.Value) []credential.StatusRef {
	ref := credential.StatusRef{Kind: credential.TokenStatusList}
	n := 0
	for m, err := range strictjson.Members(p.Closed(v, "status_list")) {
		if err != nil {
			break
		}
		switch n++; string(m.Name) {
		case "idx":
			var err error
			if ref.Index, err = status.NumberIndex(m.Value); err != nil {
				p.Fail(err)
			}
		case "uri":
			ref.List = p.Text(m.Value, "status")
		default:
			p.Invalid("status")
		}
	}
	if n != 2 {
		p.Invalid("status")
	}
	return []credential.StatusRef{ref}
}

// holderKey reads cnf, which holds one public jwk and nothing else (RFC 7800 §3.2).
func holderKey(cnf strictjson.Value) (key.Public, error) {
	jwk := (*wire.Reader)(nil).Closed(cnf, "jwk")
	if jwk == nil || !isAsymmetric(jwk) {
		return key.Public{}, reason.New(reason.KBCnf, "")
	}
	k, err := jose.ReadCheckedJWK(jwk)
	switch {
	case err == nil, reason.Of(err) == reason.KeyPrivateMaterial:
		return k, err
	}
	return key.Public{}, reason.Wrap(reason.KBCnf, "", err)
}

func isAsymmetric(jwk strictjson.Value) bool {
	for m, err := range strictjson.Members(jwk) {
		if err == nil && string(m.Name) == "kty" {
			kty, _ := strictjson.Text(m.Value)
			return string(kty) == "EC" || string(kty) == "OKP"
		}
	}
	return false
}

func typeOf(vct string) string {
	switch vct {
	case credential.VCTDelegation:
		return credential.TypeDelegation
	case credential.VCTIdentityBinding:
		return credential.TypeIdentityBinding
	case credential.VCTWorkgroupMembership:
		return credential.TypeWorkgroupMembership
	}
	return ""
}
