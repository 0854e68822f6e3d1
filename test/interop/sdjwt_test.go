// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/test/interop/page"
)

const (
	sdFormat = "dc+sd-jwt"
	kbFormat = "dc+sd-jwt with key binding"
)

func single() credential.StatusRef {
	return credential.StatusRef{Kind: credential.TokenStatusList, List: listURL, Index: index}
}

// sdjwt has @sd-jwt/sd-jwt-vc read and write our dc+sd-jwt, with and without key binding.
func (s *session) sdjwt(t *testing.T) {
	f, err := sdjwt.New(sdjwt.Config{Random: rand.Reader, Now: now, Holders: didkey.New()})
	check(t, err)
	for _, alg := range algorithms() {
		c := newCast(t, alg)
		list := ourTokenList(t, c.other, map[uint64]uint8{index + 1: 1})
		for name, statement := range statements(c, single()) {
			t.Run(string(alg)+"/"+name, func(t *testing.T) {
				ours, err := f.Seal(t.Context(), statement, c.issuer.Signer)
				check(t, err)
				s.sdOutward(t, c, string(ours), list)
				theirs := s.sdInward(t, c, f, statement, ours)
				s.kbOutward(t, c, f, statement, ours, list)
				s.kbInward(t, c, f, statement, theirs)
			})
		}
		t.Run(string(alg)+"/revoked", func(t *testing.T) {
			revoked := single()
			revoked.Index++
			ours, err := f.Seal(t.Context(), statements(c, revoked)["full"], c.issuer.Signer)
			check(t, err)
			s.refused(t, sdFormat, "sdjwt.verify", s.sdAsk(c, string(ours), list))
		})
	}
}

func (s *session) sdAsk(c cast, raw, list string) request {
	return request{"sdjwt": raw, "key": c.issuer.public(), "now": nowText(), "statusList": list, "statusKey": c.other.public()}
}

func (s *session) kbAsk(c cast, raw, list, aud, nonce string) request {
	r := s.sdAsk(c, raw, list)
	r["audience"], r["nonce"] = aud, nonce
	return r
}

func (s *session) sdOutward(t *testing.T, c cast, raw, list string) {
	var got struct{ Payload json.RawMessage }
	s.must(t, "sdjwt.verify", s.sdAsk(c, raw, list), &got)
	want, err := sdjwt.Claims([]byte(raw))
	check(t, err)
	sameJSON(t, want, got.Payload)
	s.tally.Accepted(sdFormat, page.Outward)
	for _, forged := range jwtForgeries(t, raw, c.holder.id()) {
		s.refused(t, sdFormat, "sdjwt.verify", s.sdAsk(c, forged, list))
	}
	stranger := s.sdAsk(c, raw, list)
	stranger["key"] = c.other.public()
	s.refused(t, sdFormat, "sdjwt.verify", stranger)
}

// frame says which members of claims are hidden, as the package wants it.
func frame(t *testing.T, claims []byte) map[string]any {
	t.Helper()
	var read struct {
		Delegation struct {
			Permission []any `json:"permission"`
			Assurance  any   `json:"identity_assurance"`
			Evidence   any   `json:"evidence"`
		} `json:"delegation"`
		OnBehalfOf struct {
			Identifier any `json:"identifier"`
		} `json:"on_behalf_of"`
		VCT string `json:"vct"`
	}
	check(t, json.Unmarshal(claims, &read))
	if read.VCT != credential.VCTDelegation {
		return map[string]any{}
	}
	delegation, principal, permission := []string{}, []string{}, []int{}
	if read.Delegation.Assurance != nil {
		delegation = append(delegation, "identity_assurance")
	}
	if read.Delegation.Evidence != nil {
		delegation = append(delegation, "evidence")
	}
	if read.OnBehalfOf.Identifier != nil {
		principal = append(principal, "identifier")
	}
	for i := range read.Delegation.Permission {
		permission = append(permission, i)
	}
	return map[string]any{
		"on_behalf_of": map[string]any{"_sd": principal, "_sd_decoy": 1},
		"delegation":   map[string]any{"_sd": delegation, "_sd_decoy": 3, "permission": map[string]any{"_sd": permission}},
	}
}

// sdInward has the package issue our claims, and returns what it made.
func (s *session) sdInward(t *testing.T, c cast, f *sdjwt.Format, want *credential.Credential, ours []byte) string {
	claims, err := sdjwt.Claims(ours)
	check(t, err)
	header := map[string]string{"kid": c.issuer.Method.String()}
	var raw string
	s.must(t, "sdjwt.issue", request{"payload": json.RawMessage(claims), "frame": frame(t, claims), "header": header, "key": c.issuer.secret()}, &raw)
	got, err := f.Open(t.Context(), []byte(raw), keys())
	check(t, err)
	same(t, want, got.Credential)
	s.tally.Accepted(sdFormat, page.Inward)
	forgeries := jwtForgeries(t, raw, c.holder.id())
	for name, forged := range disclosureForgeries(raw) {
		forgeries[name] = forged
	}
	stranger := ""
	s.must(t, "sdjwt.issue", request{"payload": json.RawMessage(claims), "frame": frame(t, claims), "header": header, "key": c.other.secret()}, &stranger)
	forgeries["another's key"] = stranger
	if len(want.Prohibitions) > 0 {
		hidden := frame(t, claims)
		hidden["delegation"].(map[string]any)["_sd"] = []string{"prohibition"}
		s.must(t, "sdjwt.issue", request{"payload": json.RawMessage(claims), "frame": hidden, "header": header, "key": c.issuer.secret()}, &stranger)
		forgeries["a limiting member hidden"] = stranger
	}
	for name, forged := range forgeries {
		_, err := f.Open(t.Context(), []byte(forged), keys())
		s.refusedHere(t, sdFormat, name, err)
	}
	return raw
}

// disclosureForgeries returns what an SD-JWT becomes when one disclosure is changed, doubled or added.
func disclosureForgeries(raw string) map[string]string {
	added := base64.RawURLEncoding.EncodeToString([]byte(`["c2FsdHNhbHRzYWx0c2FsdA","extra",true]`))
	end := strings.LastIndexByte(raw, '~') + 1
	out := map[string]string{"disclosure added": raw[:end] + added + "~" + raw[end:]}
	parts := strings.Split(raw, "~")
	if len(parts) > 2 {
		out["disclosure doubled"] = raw[:end] + parts[1] + "~" + raw[end:]
		out["disclosure changed"] = strings.Replace(raw, parts[1], flipped(parts[1], len(parts[1])/2), 1)
	}
	return out
}

// some is a selection of one permission and of the identifier, as far as there are any.
func some(c *credential.Credential, raw []byte) credential.Selection {
	out := credential.Selection{Raw: raw}
	if len(c.Permissions) > 0 {
		out.Permissions = []string{c.Permissions[0].ID}
	}
	if c.OnBehalfOf.Identifier != nil {
		out.Claims = []credential.Claim{credential.ClaimIdentifier}
	}
	return out
}

func (s *session) kbOutward(t *testing.T, c cast, f *sdjwt.Format, of *credential.Credential, raw []byte, list string) {
	shown, err := f.Present(t.Context(), some(of, raw), binding(), c.holder.Signer)
	check(t, err)
	var got struct{ Payload json.RawMessage }
	s.must(t, "sdjwt.verify", s.kbAsk(c, string(shown), list, audience, nonce), &got)
	want, err := sdjwt.Claims(shown)
	check(t, err)
	sameJSON(t, want, got.Payload)
	s.tally.Accepted(kbFormat, page.Outward)
	for _, forged := range bindingForgeries(string(shown)) {
		s.refused(t, kbFormat, "sdjwt.verify", s.kbAsk(c, forged, list, audience, nonce))
	}
	for _, forged := range disclosureForgeries(string(shown)) {
		s.refused(t, kbFormat, "sdjwt.verify", s.kbAsk(c, forged, list, audience, nonce))
	}
	s.refused(t, kbFormat, "sdjwt.verify", s.kbAsk(c, string(shown), list, audience+"x", nonce))
	s.refused(t, kbFormat, "sdjwt.verify", s.kbAsk(c, string(shown), list, audience, nonce+"x"))
}

// bindingForgeries changes the key binding of a presentation, or takes it or a disclosure away.
func bindingForgeries(raw string) map[string]string {
	cut := strings.LastIndexByte(raw, '~') + 1
	out := map[string]string{
		"binding gone":            raw[:cut],
		"binding signature":       flipped(raw, len(raw)-8),
		"binding payload":         flipped(raw, (cut+len(raw))/2),
		"binding of no one":       raw[:cut] + "e30.e30.",
		"issuer's signature":      flipped(raw, strings.IndexByte(raw+"~", '~')-8),
		"a claim below signature": flipped(raw, strings.IndexByte(raw, '.')+20),
	}
	if parts := strings.Split(raw, "~"); len(parts) > 2 {
		out["disclosure dropped"] = strings.Join(append(parts[:1:1], parts[2:]...), "~")
	}
	return out
}

func (s *session) kbInward(t *testing.T, c cast, f *sdjwt.Format, of *credential.Credential, raw string) {
	choice := map[string]any{}
	if len(of.Permissions) > 0 {
		choice["delegation"] = map[string]any{"permission": map[string]any{"0": true}}
	}
	if of.OnBehalfOf.Identifier != nil {
		choice["on_behalf_of"] = map[string]any{"identifier": true}
	}
	present := func(by party, aud, nonce string, iat int64) (shown string) {
		s.must(t, "sdjwt.present", request{"sdjwt": raw, "frame": choice, "key": by.secret(), "iat": iat, "audience": aud, "nonce": nonce}, &shown)
		return shown
	}
	shown := present(c.holder, audience, nonce, now().Unix())
	got, holder, err := f.OpenPresentation(t.Context(), []byte(shown), binding(), keys())
	check(t, err)
	if holder.String() != c.holder.id() || len(got.Credential.Permissions) != min(1, len(of.Permissions)) || got.Credential.Assurance != nil {
		t.Errorf("what was shown is not what was chosen: %d permissions", len(got.Credential.Permissions))
	}
	s.tally.Accepted(kbFormat, page.Inward)
	forgeries := bindingForgeries(shown)
	for name, forged := range disclosureForgeries(shown) {
		forgeries[name] = forged
	}
	forgeries["another's proof"] = present(c.other, audience, nonce, now().Unix())
	forgeries["another audience"] = present(c.holder, audience+"x", nonce, now().Unix())
	forgeries["another nonce"] = present(c.holder, audience, nonce+"x", now().Unix())
	forgeries["an old proof"] = present(c.holder, audience, nonce, now().Add(-2*credential.ProofMaxAge).Unix())
	for name, forged := range forgeries {
		_, _, err := f.OpenPresentation(t.Context(), []byte(forged), binding(), keys())
		s.refusedHere(t, kbFormat, name, err)
	}
}
