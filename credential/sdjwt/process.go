// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"context"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/proof"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Expect is what an SD-JWT of any claims must be. The zero Expect accepts nothing.
type Expect struct {
	Type    string             // the one typ of the issuer-signed JWT, lower case, without "application/"
	Key     key.Public         // of the issuer, where the caller knows it; zero: found with Keys by iss
	Keys    credential.Keys    // not used with Key
	Binding credential.Binding // what the holder proof must be over; zero: there must be none
}

// Processed is what a verified SD-JWT says. Only Process makes one that holds anything.
type Processed struct {
	Claims    []byte     // JSON, disclosures applied, without "_sd", "_sd_alg" and "..." (RFC 9901 §7.1)
	Disclosed []string   // JSON pointers into Claims of the values that came through a disclosure
	Clear     []byte     // the payload as signed
	Issuer    key.Public // that verified
	Holder    key.Public // the key in cnf; zero where there is none
}

// Process verifies raw, an SD-JWT of any claims (RFC 9901 §7.1, §7.3): the issuer's signature, every
// disclosure, and the holder proof exactly if want.Binding asks for one. Nested, array and
// recursive disclosures, decoys and the hashes SHA-256, SHA-384 and SHA-512 are read. Of the type
// dc+sd-jwt it demands what SD-JWT VC does beside: vct, and that no disclosure supplies iss, nbf,
// exp, cnf, vct, vct#integrity, status or aud (sdjwt.claim_not_sd). It judges no time and no status.
//
// The JSON serializations are jose.serialization_forbidden. A holder proof that nobody asked for is
// sdjwt.disclosure_form, none where one is asked for kb.missing.
func Process(ctx context.Context, raw []byte, want Expect) (Processed, error) {
	p, err := split(raw, want.policy())
	if err != nil {
		return Processed{}, err
	}
	t, err := jose.Parse(p.jwt, want.policy())
	if err != nil {
		return Processed{}, err
	}
	g := generic{parts: p, token: t, want: want}
	if err := g.read(); err != nil {
		return Processed{}, err
	}
	if err := g.proved(); err != nil {
		return Processed{}, err
	}
	if g.out.Issuer, err = g.key(ctx); err != nil {
		return Processed{}, err
	}
	if g.out.Clear, err = t.Verify(g.out.Issuer); err != nil {
		return Processed{}, err
	}
	if err := g.apply(); err != nil {
		return Processed{}, err
	}
	return g.out, nil
}

func (e *Expect) policy() jose.Policy {
	if e.Key.IsZero() {
		return jose.Policy{Type: e.Type, Key: jose.FromIssuer}
	}
	return jose.Policy{Type: e.Type, Key: jose.FromContext}
}

// generic is an SD-JWT of any claims on its way through the checks.
type generic struct {
	parts
	token  jose.Token
	want   Expect
	base   layout
	issuer string
	out    Processed
}

// read reads the claims that are looked at here.
func (g *generic) read() error {
	if g.presented == nil {
		return reason.New(reason.SDJWTDisclosureForm, "no tilde")
	}
	members, err := strictjson.CheckMembers(g.token.Unverified(), nil)
	if err != nil {
		return err
	}
	if g.base, err = scanChecked(g.token.Unverified(), members); err != nil {
		return err
	}
	vct := false
	for _, m := range members {
		switch string(m.Name) {
		case "iss":
			if g.issuer, err = strictjson.String(m.Value); err != nil {
				return err
			}
		case "cnf":
			if g.out.Holder, err = holderKey(m.Value); err != nil {
				return err
			}
		case "vct":
			text, err := strictjson.Text(m.Value)
			if vct = err == nil && len(text) > 0; !vct {
				return reason.Wrap(reason.CredentialTypeUnknown, "vct is no text", err)
			}
		}
	}
	if g.want.Type == Name && !vct {
		return reason.New(reason.CredentialTypeUnknown, "there is no vct")
	}
	return nil
}

// proved checks the holder proof.
func (g *generic) proved() error {
	asked := !g.want.Binding.Unasked()
	if !asked && len(g.kb) == 0 {
		return nil
	}
	if !asked {
		return reason.New(reason.SDJWTDisclosureForm, "a holder proof that nobody asked for")
	}
	if len(g.kb) > 0 && g.out.Holder.IsZero() {
		return reason.New(reason.KBCnf, "no cnf, and a holder proof")
	}
	m := message{parts: g.parts, issued: &issued{holder: g.out.Holder, layout: g.base}}
	return m.bound(g.want.Binding)
}

func (g *generic) key(ctx context.Context) (key.Public, error) {
	if !g.want.Key.IsZero() {
		return g.want.Key, nil
	}
	if err := proof.Usable(g.want.Keys); err != nil {
		return key.Public{}, err
	}
	source := proof.SourceOf(g.token.Header, g.issuer)
	return source.Key(ctx, g.want.Keys)
}

func (g *generic) apply() error {
	d, err := open(g.disclosures, g.base)
	if err != nil {
		return err
	}
	for i := range d.list {
		if one := &d.list[i]; g.want.Type == Name && one.site.place == atTop && one.site.owner < 0 && neverHidden(one.name) {
			return reason.New(reason.SDJWTClaimNotSD, "")
		}
	}
	g.out.Claims, err = d.render(g.out.Clear, &g.out.Disclosed)
	return err
}
