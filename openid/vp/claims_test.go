// SPDX-License-Identifier: Apache-2.0

package vp_test

import (
	"crypto/x509"
	"encoding/base64"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
)

// TestEvidence selects the evidence where it is asked for, in both spellings, and has none where there is none.
func TestEvidence(t *testing.T) {
	c := &credential.Credential{ID: "urn:uuid:1", Type: credential.TypeDelegation, Delegate: credential.Delegate{ID: "did:key:z"},
		Evidence: []credential.Evidence{{ID: "urn:uuid:2", Type: "CourtOrder"}}}
	m := dcql.Member
	for format, path := range map[string]dcql.Path{
		vp.FormatSDJWT: {m("delegation"), m("evidence"), dcql.Every(), m("type")}, vp.FormatLDP: {m("evidence"), dcql.Every(), m("type")},
	} {
		q := dcql.Credential{ID: "a", Format: format, Claims: []dcql.Claim{{Path: path}}, Meta: dcql.Meta{VCTValues: []string{credential.VCTDelegation}}}
		if vp.W3C(format) {
			q.Meta = dcql.Meta{TypeValues: [][]string{{credential.TypeDelegation}}}
		}
		show, ok, err := q.Match(vp.Candidate(c, format, true))
		if err != nil || !ok {
			t.Fatalf("%s: %t %v", format, ok, err)
		}
		want := credential.Selection{Claims: []credential.Claim{credential.ClaimEvidence}}
		if diff := cmp.Diff(want, vp.Selection(c, format, nil, show)); diff != "" {
			t.Error(format, diff)
		}
		none := *c
		none.Evidence = nil
		if _, ok, _ := q.Match(vp.Candidate(&none, format, true)); ok {
			t.Errorf("%s: evidence that is not there is found", format)
		}
	}
	if s := vp.Selection(c, vp.FormatLDP, nil, []dcql.Path{{}}); len(s.Claims)+len(s.Permissions) != 0 {
		t.Error("an empty path selects")
	}
}

// TestAuthorities finds the key identifiers of the authorities on a credential's chain, which trusted_authorities
// of type aki are held against (OpenID4VP 1.0 §6.1.1.1).
func TestAuthorities(t *testing.T) {
	root := issue(t, nil, func(c *x509.Certificate) { authority("root")(c); c.SubjectKeyId = []byte{1, 2, 3} })
	between := issue(t, &root, func(c *x509.Certificate) { authority("between")(c); c.SubjectKeyId = []byte{4, 5, 6} })
	leaf := issue(t, &between, nil)
	raw, err := jose.Sign(t.Context(), jose.Header{Type: "dc+sd-jwt", X5C: jose.WriteX5C(ders(leaf, between))}, []byte(`{}`), leaf)
	must(t, err)
	have := vp.WithAuthorities(dcql.Candidate{Format: vp.FormatSDJWT, Types: []string{"v"}, Bound: true}, string(raw)+"~")
	want := []string{base64.RawURLEncoding.EncodeToString([]byte{4, 5, 6}), base64.RawURLEncoding.EncodeToString([]byte{1, 2, 3})}
	if !slices.Equal(have.AuthorityKeys, want) {
		t.Fatalf("%v, want %v", have.AuthorityKeys, want)
	}
	q := dcql.Credential{ID: "a", Format: vp.FormatSDJWT, Meta: dcql.Meta{VCTValues: []string{"v"}}}
	for value, ok := range map[string]bool{want[0]: true, want[1]: true, "AAAA": false} {
		q.Authorities = []dcql.Authority{{Type: "etsi_tl", Values: []string{value}}, {Type: dcql.AuthorityKey, Values: []string{"BBBB", value}}}
		if _, got, err := q.Match(have); got != ok || err != nil {
			t.Errorf("%s: %t %v", value, got, err)
		}
	}
	for _, kind := range []string{"etsi_tl", "openid_federation", "AKI"} {
		q.Authorities = []dcql.Authority{{Type: kind, Values: want}}
		if _, ok, _ := q.Match(have); ok {
			t.Errorf("%s matches", kind)
		}
	}
	for _, secured := range []string{"", "{}", "x", "!.x", "e30.e30.x", jws2(`{"x5c":7}`), jws2(`{"x5c":["AAAA"]}`), jws2(`{"x5c":["x"]}`)} {
		if got := vp.WithAuthorities(dcql.Candidate{}, secured); got.AuthorityKeys != nil {
			t.Errorf("%q: %v", secured, got.AuthorityKeys)
		}
	}
}

func jws2(header string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + ".e30.AAAA"
}
