// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"crypto/rand"
	"encoding/json"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/test/interop/page"
)

const anyFormat = "dc+sd-jwt of any claims, nested and recursive"

// claimsOf are claims that are no delegation, with parts of every shape.
func claimsOf(t *testing.T, c cast) []byte {
	t.Helper()
	out, err := json.Marshal(map[string]any{
		"iss": c.issuer.id(), "vct": "https://credentials.example.org/person", "iat": now().Unix(), "cnf": map[string]any{"jwk": c.holder.public()},
		"given_name": "Erika ☃ 𝒳", "age": 42, "over_18": true, "nothing": nil,
		"address":       map[string]any{"street": "Heidestraße 17", "country": "DE", "geo": map[string]any{"lat": "50.9", "lon": "6.9"}},
		"nationalities": []any{"DE", "FR", map[string]any{"code": "XX"}},
		"degrees":       []any{map[string]any{"type": "BSc", "year": 2001}, map[string]any{"type": "MSc"}, []any{"a", []any{"b"}}},
	})
	check(t, err)
	return out
}

// hidden says what of them ours hides, and hiddenFrame the same as the other side wants it: members, elements,
// and parts of what is hidden itself.
func hidden() sdjwt.Concealment {
	return sdjwt.Concealment{Decoys: 2, Hide: [][]string{
		{"given_name"}, {"age"}, {"nothing"}, {"address"}, {"address", "street"}, {"address", "geo", "lat"},
		{"nationalities", "0"}, {"nationalities", "2"}, {"degrees", "0"}, {"degrees", "0", "year"},
	}}
}

func hiddenFrame() map[string]any {
	return map[string]any{
		"_sd": []string{"given_name", "age", "nothing", "address"}, "_sd_decoy": 2,
		"address":       map[string]any{"_sd": []string{"street"}, "geo": map[string]any{"_sd": []string{"lat"}}},
		"nationalities": map[string]any{"_sd": []int{0, 2}},
		"degrees":       map[string]any{"_sd": []int{0}, "0": map[string]any{"_sd": []string{"year"}}},
	}
}

// anyClaims has @sd-jwt/sd-jwt-vc read and write SD-JWTs that are no delegations.
func (s *session) anyClaims(t *testing.T) {
	for _, alg := range algorithms() {
		c := newCast(t, alg)
		claims := claimsOf(t, c)
		t.Run(string(alg)+"/outward", func(t *testing.T) { s.anyOutward(t, c, claims) })
		for _, hash := range []string{"sha-256", "sha-384", "sha-512"} {
			t.Run(string(alg)+"/inward/"+hash, func(t *testing.T) { s.anyInward(t, c, claims, hash) })
		}
	}
}

func (s *session) anyOutward(t *testing.T, c cast, claims []byte) {
	raw, err := sdjwt.SealClaims(t.Context(), claims, hidden(), sdFormat, rand.Reader, c.issuer.Signer)
	check(t, err)
	ask := func(raw string, by party) request {
		return request{"sdjwt": raw, "key": by.public(), "now": nowText()}
	}
	var got struct{ Payload json.RawMessage }
	s.must(t, "sdjwt.verify", ask(string(raw), c.issuer), &got)
	sameJSON(t, claims, got.Payload)
	s.tally.Accepted(anyFormat, page.Outward)
	for _, forged := range jwtForgeries(t, string(raw), c.issuer.id()) {
		s.refused(t, anyFormat, "sdjwt.verify", ask(forged, c.issuer))
	}
	s.refused(t, anyFormat, "sdjwt.verify", ask(string(raw), c.other))
}

func (s *session) anyInward(t *testing.T, c cast, claims []byte, hash string) {
	header := map[string]string{"kid": c.issuer.Method.String()}
	var raw, shown string
	s.must(t, "sdjwt.issue", request{"payload": json.RawMessage(claims), "frame": hiddenFrame(), "header": header, "key": c.issuer.secret(), "hash": hash}, &raw)
	want := sdjwt.Expect{Type: sdFormat, Keys: keys()}
	got, err := sdjwt.Process(t.Context(), []byte(raw), want)
	check(t, err)
	sameJSON(t, claims, got.Claims)
	s.tally.Accepted(anyFormat, page.Inward)
	forgeries := jwtForgeries(t, raw, c.issuer.id())
	for name, forged := range disclosureForgeries(raw) {
		forgeries[name] = forged
	}
	for name, forged := range forgeries {
		_, err := sdjwt.Process(t.Context(), []byte(forged), want)
		s.refusedHere(t, anyFormat, name, err)
	}
	s.must(t, "sdjwt.present", request{
		"sdjwt": raw, "frame": map[string]any{"address": map[string]any{"street": true}, "nationalities": map[string]any{"0": true}},
		"key": c.holder.secret(), "iat": now().Unix(), "audience": audience, "nonce": nonce,
	}, &shown)
	want.Binding = binding()
	got, err = sdjwt.Process(t.Context(), []byte(shown), want)
	check(t, err)
	var read struct {
		GivenName     string         `json:"given_name"`
		Address       map[string]any `json:"address"`
		Nationalities []any          `json:"nationalities"`
	}
	check(t, json.Unmarshal(got.Claims, &read))
	if read.GivenName != "" || read.Address["street"] != "Heidestraße 17" || len(read.Nationalities) != 2 || got.Holder.Equal(key.Public{}) {
		t.Errorf("what was shown is not what was chosen: %s", got.Claims)
	}
	s.tally.Accepted(anyFormat, page.Inward)
	for name, forged := range bindingForgeries(shown) {
		_, err := sdjwt.Process(t.Context(), []byte(forged), want)
		s.refusedHere(t, anyFormat, name, err)
	}
	want.Binding = credential.Binding{Audience: audience, Nonce: nonce + "x", At: now()}
	_, err = sdjwt.Process(t.Context(), []byte(shown), want)
	s.refusedHere(t, anyFormat, "another nonce", err)
}
