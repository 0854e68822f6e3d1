// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/test/interop/page"
)

// The rows of the format jwt_vc_json.
const (
	vciJWT = "OpenID4VCI 1.0, pre-authorized code, jwt_vc_json"
	vpJWT  = "OpenID4VP 1.0, direct_post, jwt_vc_json"
)

// showsJWT has a wallet of theirs collect a vc+jwt of ours and show it to our gateway.
func (o *online) showsJWT(t *testing.T) {
	offer := o.grant(t, `"dc+sd-jwt"`, `"vc+jwt"`)
	c := o.begin(t, offer, nil)
	c.redeem(offer)
	got, err := c.ask(nil, c.proof(nil))
	check(t, err)
	raw := got.Credentials[0].Credential
	var issuer map[string]any
	o.must(t, "vci.key", request{"origin": o.World.Issuer}, &issuer)
	verify := func(jwt string) request {
		return request{"jwt": jwt, "key": issuer, "typ": "vc+jwt", "now": time.Now().UTC().Format(time.RFC3339)}
	}
	var held struct {
		Payload struct {
			Subject struct {
				ID        string `json:"id"`
				Principal struct {
					ID string `json:"id"`
				} `json:"onBehalfOf"`
			} `json:"credentialSubject"`
		}
	}
	o.must(t, "jwt.verify", verify(raw), &held)
	if held.Payload.Subject.ID != c.holder.id() || held.Payload.Subject.Principal.ID != world.PrincipalURN {
		t.Errorf("%+v", held)
	}
	o.tally.Accepted(vciJWT, page.Outward)
	o.denied(t, vciJWT, page.Outward, "", o.ask(t, "jwt.verify", verify(flippedSignature(raw)), nil))
	s := &show{online: o, t: t, holder: c.holder, sdjwt: raw}
	for name, f := range map[string]struct {
		by       party
		aud, non string
		raw      string
		good     bool
	}{
		"good": {c.holder, "", "", raw, true}, "another holder": {newParty(t, key.ES256), "", "", raw, false}, "another audience": {c.holder, "x", "", raw, false},
		"another nonce": {c.holder, "", "x", raw, false}, "another signature": {c.holder, "", "", flippedSignature(raw), false},
	} {
		t.Run(name, func(t *testing.T) {
			r, id := s.openAny("appointments", "view")
			vp := s.enveloped(f.by, f.raw, r.Client+f.aud, r.Nonce+f.non)
			err := o.ask(t, "vp.answer", request{"session": r.Session, "presentations": map[string]any{r.idOf(t, "jwt_vc_json"): []string{vp}}}, nil)
			if !f.good {
				o.denied(t, vpJWT, page.Inward, "/problems/", err)
				o.undecided(t, id)
				return
			}
			check(t, err)
			if p := o.decision(t, id); p.Decision == nil || p.Decision.Outcome != "permit" {
				t.Fatalf("%+v %+v", p, p.Decision)
			}
			o.tally.Accepted(vpJWT, page.Inward)
		})
	}
}

// openAny is open of a wallet that does not say what it holds.
func (s *show) openAny(resource, action string) (read, string) {
	s.t.Helper()
	service, err := s.Service()
	check(s.t, err)
	asked, err := service.Ask(s.t.Context(), resource, action)
	check(s.t, err)
	var r read
	s.must(s.t, "vp.open", request{"link": asked.DeepLink, "credentials": []any{}}, &r)
	return r, asked.ID
}

// idOf returns the id of the first credential query for a format.
func (r read) idOf(t *testing.T, format string) string {
	t.Helper()
	var q struct{ Credentials []struct{ ID, Format string } }
	check(t, json.Unmarshal(r.Query, &q))
	for _, c := range q.Credentials {
		if c.Format == format {
			return c.ID
		}
	}
	t.Fatalf("no query for %s: %s", format, r.Query)
	return ""
}

// enveloped is a vp+jwt around one credential, signed by jose.
func (s *show) enveloped(by party, raw, audience, nonce string) (vp string) {
	s.t.Helper()
	payload := map[string]any{
		"@context": []string{credential.ContextVC}, "type": []string{"VerifiablePresentation"}, "holder": by.id(),
		"verifiableCredential": []any{map[string]any{"@context": credential.ContextVC, "type": "EnvelopedVerifiableCredential", "id": "data:application/vc+jwt," + raw}},
		"aud":                  audience, "nonce": nonce, "iat": time.Now().Unix(),
	}
	s.must(s.t, "jwt.sign", request{"header": map[string]string{"typ": "vp+jwt", "cty": "vp", "kid": by.Method.String()}, "payload": payload, "key": by.secret()}, &vp)
	return vp
}
