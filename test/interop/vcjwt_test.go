// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/test/interop/page"
)

const (
	vcFormat = "vc+jwt"
	vpFormat = "vp+jwt"
)

// pair is the two status entries of a W3C credential.
func pair() []credential.StatusRef {
	return []credential.StatusRef{
		{Kind: credential.BitstringStatusList, List: listURL, Index: index, Purpose: "revocation"},
		{Kind: credential.BitstringStatusList, List: listURL + "s", Index: index, Purpose: "suspension"},
	}
}

// vcjwt has jose read and write our vc+jwt and vp+jwt.
func (s *session) vcjwt(t *testing.T) {
	f, err := vcjwt.New(vcjwt.Config{})
	check(t, err)
	for _, alg := range algorithms() {
		c := newCast(t, alg)
		for name, statement := range statements(c, pair()...) {
			t.Run(string(alg)+"/"+name, func(t *testing.T) {
				ours, err := f.Seal(t.Context(), statement, c.issuer.Signer)
				check(t, err)
				s.vcOutward(t, c, string(ours))
				theirs := s.vcInward(t, c, f, statement, payloadOf(t, ours))
				s.vpOutward(t, c, f, ours)
				s.vpInward(t, c, f, statement, theirs)
			})
		}
	}
}

func (s *session) vcOutward(t *testing.T, c cast, jwt string) {
	var got struct{ Payload json.RawMessage }
	s.must(t, "jwt.verify", request{"jwt": jwt, "key": c.issuer.public(), "typ": "vc+jwt", "now": nowText()}, &got)
	sameJSON(t, payloadOf(t, []byte(jwt)), got.Payload)
	s.tally.Accepted(vcFormat, page.Outward)
	for _, forged := range jwtForgeries(t, jwt, c.holder.id()) {
		s.refused(t, vcFormat, "jwt.verify", request{"jwt": forged, "key": c.issuer.public(), "typ": "vc+jwt", "now": nowText()})
	}
	s.refused(t, vcFormat, "jwt.verify", request{"jwt": jwt, "key": c.other.public(), "typ": "vc+jwt", "now": nowText()})
	s.refused(t, vcFormat, "jwt.verify", request{"jwt": jwt, "key": c.issuer.public(), "typ": "vp+jwt", "now": nowText()})
}

// refused counts a forgery that the other side refuses.
func (s *session) refused(t *testing.T, format, op string, r request) {
	t.Helper()
	if s.refuses(t, op, r) {
		s.tally.Refused(format, page.Outward)
	}
}

// refusedHere counts a forgery that we refuse.
func (s *session) refusedHere(t *testing.T, format, name string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: we accept it", name)
		return
	}
	s.tally.Refused(format, page.Inward)
}

// vcInward has jose sign the payload, and returns what it made.
func (s *session) vcInward(t *testing.T, c cast, f *vcjwt.Format, want *credential.Credential, payload []byte) string {
	header := map[string]string{"typ": "vc+jwt", "cty": "vc", "kid": c.issuer.Method.String()}
	var jwt string
	s.must(t, "jwt.sign", request{"header": header, "payload": json.RawMessage(payload), "key": c.issuer.secret()}, &jwt)
	got, err := f.Open(t.Context(), []byte(jwt), keys())
	check(t, err)
	same(t, want, got.Credential)
	s.tally.Accepted(vcFormat, page.Inward)
	for name, forged := range jwtForgeries(t, jwt, c.holder.id()) {
		_, err := f.Open(t.Context(), []byte(forged), keys())
		s.refusedHere(t, vcFormat, name, err)
	}
	var stranger, presentation, old string
	s.must(t, "jwt.sign", request{"header": header, "payload": json.RawMessage(payload), "key": c.other.secret()}, &stranger)
	s.must(t, "jwt.sign", request{"header": map[string]string{"typ": "vp+jwt", "kid": header["kid"]}, "payload": json.RawMessage(payload), "key": c.issuer.secret()}, &presentation)
	s.must(t, "jwt.sign", request{"header": header, "payload": map[string]any{"iss": c.issuer.id(), "vc": json.RawMessage(payload)}, "key": c.issuer.secret()}, &old)
	for name, forged := range map[string]string{"another's key": stranger, "typ of a presentation": presentation, "the vc claim of 1.1": old} {
		_, err := f.Open(t.Context(), []byte(forged), keys())
		s.refusedHere(t, vcFormat, name, err)
	}
	return jwt
}

func (s *session) vpOutward(t *testing.T, c cast, f *vcjwt.Format, raw []byte) {
	vp, err := f.Present(t.Context(), credential.Selection{Raw: raw}, binding(), c.holder.Signer)
	check(t, err)
	ask := func(jwt, audience, nonce string) request {
		return request{"jwt": jwt, "key": c.holder.public(), "typ": "vp+jwt", "now": nowText(), "audience": audience, "nonce": nonce}
	}
	var got struct {
		Payload struct {
			Credentials []struct {
				ID string `json:"id"`
			} `json:"verifiableCredential"`
		}
	}
	s.must(t, "jwt.verify", ask(string(vp), audience, nonce), &got)
	if len(got.Payload.Credentials) != 1 || got.Payload.Credentials[0].ID != "data:application/vc+jwt,"+string(raw) {
		t.Error("the envelope holds something else")
	}
	s.tally.Accepted(vpFormat, page.Outward)
	for _, forged := range jwtForgeries(t, string(vp), nonce) {
		s.refused(t, vpFormat, "jwt.verify", ask(forged, audience, nonce))
	}
	s.refused(t, vpFormat, "jwt.verify", ask(string(vp), audience+"x", nonce))
	s.refused(t, vpFormat, "jwt.verify", ask(string(vp), audience, nonce+"x"))
}

func (s *session) vpInward(t *testing.T, c cast, f *vcjwt.Format, want *credential.Credential, jwt string) {
	make := func(by party, aud, nonce string) string {
		payload := map[string]any{
			"@context": []string{credential.ContextVC}, "type": []string{"VerifiablePresentation"}, "holder": by.id(),
			"verifiableCredential": []any{map[string]any{"@context": credential.ContextVC, "type": "EnvelopedVerifiableCredential", "id": "data:application/vc+jwt," + jwt}},
			"aud":                  aud, "nonce": nonce, "iat": now().Unix(),
		}
		var vp string
		s.must(t, "jwt.sign", request{"header": map[string]string{"typ": "vp+jwt", "cty": "vp", "kid": by.Method.String()}, "payload": payload, "key": by.secret()}, &vp)
		return vp
	}
	vp := make(c.holder, audience, nonce)
	got, holder, err := f.OpenPresentation(t.Context(), []byte(vp), binding(), keys())
	check(t, err)
	if same(t, want, got.Credential); holder.String() != c.holder.id() {
		t.Error("another holder")
	}
	s.tally.Accepted(vpFormat, page.Inward)
	forgeries := jwtForgeries(t, vp, nonce)
	forgeries["another's proof"] = make(c.other, audience, nonce)
	forgeries["another audience"] = make(c.holder, audience+"x", nonce)
	forgeries["another nonce"] = make(c.holder, audience, strings.ToUpper(nonce))
	for name, forged := range forgeries {
		_, _, err := f.OpenPresentation(t.Context(), []byte(forged), binding(), keys())
		s.refusedHere(t, vpFormat, name, err)
	}
}
