// SPDX-License-Identifier: Apache-2.0

package jose_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func TestReadX5C(t *testing.T) {
	for text, want := range map[string]int{
		`["AQID"]`: 1, `["AQID", "AQI="]`: 2, `["AQ==","AQ==","AQ==","AQ==","AQ==","AQ=="]`: 6,
		`["AQ==","AQ==","AQ==","AQ==","AQ==","AQ==","AQ=="]`: 0, `[]`: 0, `"AQID"`: 0, `{}`: 0, `7`: 0, `[7]`: 0, `[""]`: 0,
		`["AQI"]`: 0, `["AQJ="]`: 0, `["AQ\nID"]`: 0, `["AQ-_"]`: 0, `[["AQID"]]`: 0, `null`: 0,
	} {
		chain, err := jose.ReadX5C([]byte(text))
		if len(chain) != want || (want == 0) != (reason.Of(err) == reason.X509ChainInvalid) {
			t.Errorf("%s: %d certificates, %v", text, len(chain), err)
		}
	}
}

func FuzzReadX5C(f *testing.F) {
	f.Add(`["AQID"]`)
	f.Add(`["AQ\u0049D",1]`)
	f.Fuzz(func(t *testing.T, text string) {
		chain, err := jose.ReadX5C([]byte(text))
		if (err == nil) != (len(chain) > 0) || len(chain) > jose.MaxChain {
			t.Error(len(chain), err)
		}
		for _, c := range chain {
			if len(c) == 0 || len(c) > len(strings.TrimSpace(text)) {
				t.Error("a certificate out of nothing")
			}
		}
	})
}

// TestFromIssuer has what the header of an issuer may bring: kid, x5c or both.
func TestFromIssuer(t *testing.T) {
	k := generate(t, key.ES256)
	jwk, err := json.Marshal(k.Public().JWK())
	if err != nil {
		t.Fatal(err)
	}
	for members, want := range map[string]reason.Code{
		`"kid":"did:web:x#k"`: "", `"x5c":["AQID"]`: "", `"kid":"any","x5c":["AQID"]`: "", `"x5c":7`: "", // read when it is used
		`"cty":"vc"`: reason.JOSEKidInvalid, `"kid":"a/b","x5c":["AQID"]`: reason.JOSEKidInvalid, `"kid":7,"x5c":["AQID"]`: reason.JSONType,
		`"x5c":["AQID"],"x5u":"https://a.test"`: reason.JOSEHeaderKeyForbidden, `"kid":"k","jku":"https://a.test"`: reason.JOSEHeaderKeyForbidden,
		`"kid":"k","jwk":` + string(jwk): reason.JOSEHeaderKeyForbidden, `"x5c":["AQID"],"jwk":` + string(jwk): reason.JOSEHeaderKeyForbidden,
	} {
		header := `{"alg":"ES256","typ":"vc+jwt",` + members + `}`
		token := append(jose.AppendEncode(nil, []byte(header)), ".e30.AAAA"...)
		parsed, err := jose.Parse(token, jose.Policy{Type: "vc+jwt", Key: jose.FromIssuer})
		if reason.Of(err) != want {
			t.Errorf("%s: %v", members, err)
		}
		if has := strings.Contains(members, "x5c"); err == nil && (parsed.Header.X5C != nil) != has {
			t.Errorf("%s: x5c is lost or made up", members)
		}
		if _, err := jose.Parse(token, jose.Policy{Type: "vc+jwt"}); strings.Contains(members, "x5c") && reason.Of(err) != reason.JOSEHeaderKeyForbidden {
			t.Errorf("%s, from kid alone: %v", members, err)
		}
	}
}

// TestSignX5C signs with certificates in the header, and refuses what no reader would take.
func TestSignX5C(t *testing.T) {
	k := generate(t, key.ES256)
	want := [][]byte{{1, 2, 3}, {4}}
	raw, err := jose.Sign(t.Context(), jose.Header{Type: "a+jwt", X5C: jose.WriteX5C(want)}, []byte(`{}`), k)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jose.Parse(raw, jose.Policy{Type: "a+jwt", Key: jose.FromIssuer})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := jose.ReadX5C(token.Header.X5C); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v %v", got, err)
	}
	if _, err := token.Verify(k.Public()); err != nil {
		t.Error(err)
	}
	jwk := k.Public().JWK()
	for code, h := range map[reason.Code]jose.Header{
		reason.X509ChainInvalid:  {Type: "a+jwt", X5C: jose.WriteX5C(nil)},
		reason.ProofKeyAmbiguous: {Type: "a+jwt", X5C: jose.WriteX5C(want), Key: &jwk},
		reason.JOSEKidInvalid:    {Type: "a+jwt", X5C: jose.WriteX5C(want), KeyID: "a b"},
	} {
		if _, err := jose.Sign(t.Context(), h, []byte(`{}`), k); reason.Of(err) != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
}
