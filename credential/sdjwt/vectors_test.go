// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// The keys of settings.yml, which are the same in all folders.
var (
	vectorIssuer = key.JWK{Kty: "EC", Crv: "P-256", X: "b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ", Y: "Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8"}
	vectorHolder = key.JWK{Kty: "EC", Crv: "P-256", X: "TCAER19Zvu3OHF4j4W4vfSVoHIP1ILilDls7vCeGemc", Y: "ZxjiWWbZMQGHVWKVQ4hbSIirsVfuecCE6t4jT9F2HZQ"}
)

// TestVectors runs the published examples through the parts that every SD-JWT goes through:
// split, JOSE, scan, disclosures, key binding.
func TestVectors(t *testing.T) {
	ran, refusedJSON, inputsOnly := 0, 0, 0
	for _, folder := range []string{"vectors/rfc9901-sd-jwt/python-testcases", "vectors/rfc9901-sd-jwt/spec-examples", "vectors/sd-jwt-vc-examples"} {
		audience := vectorAudience(t, filepath.Join(shared.Dir(t, folder), "settings.yml"))
		cases, _ := filepath.Glob(filepath.Join(shared.Dir(t, folder), "*", "specification.yml"))
		for _, c := range cases {
			dir := filepath.Dir(c)
			t.Run(filepath.Base(filepath.Dir(dir))+"/"+filepath.Base(dir), func(t *testing.T) {
				switch {
				case exists(dir, "sd_jwt_presentation.txt"):
					vector(t, dir, audience)
					ran++
				case exists(dir, "sd_jwt_presentation.json"):
					vectorJSON(t, dir)
					refusedJSON++
				default:
					inputsOnly++
				}
			})
		}
	}
	t.Logf("%d cases verified, %d JSON serializations refused, %d hold inputs only", ran, refusedJSON, inputsOnly)
	if ran != 30 || refusedJSON != 2 || inputsOnly != 2 {
		t.Errorf("not the cases that were published: %d, %d, %d", ran, refusedJSON, inputsOnly)
	}
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

func content(t *testing.T, dir, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// compact reads a token that is broken into lines.
func compact(t *testing.T, dir, name string) []byte {
	return bytes.Join(bytes.Fields(content(t, dir, name)), nil)
}

func vectorAudience(t *testing.T, settings string) string {
	t.Helper()
	raw, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(raw), `verifier: "`)
	audience, _, ok2 := strings.Cut(rest, `"`)
	if !ok || !ok2 || !strings.Contains(string(raw), vectorIssuer.X) || !strings.Contains(string(raw), vectorHolder.X) {
		t.Fatal("the settings are others than they were")
	}
	return audience
}

func vector(t *testing.T, dir, audience string) {
	issuance, presentation := compact(t, dir, "sd_jwt_issuance.txt"), compact(t, dir, "sd_jwt_presentation.txt")
	if _, err := verifyVector(issuance, audience); err != nil {
		t.Error("issuance: ", err)
	}
	got, err := verifyVector(presentation, audience)
	if err != nil {
		t.Fatal("presentation: ", err)
	}
	var want, have any
	if json.Unmarshal(content(t, dir, "verified_contents.json"), &want) != nil || json.Unmarshal(got, &have) != nil {
		t.Fatal("not JSON")
	}
	delete(want.(object), "_sd_alg")
	if d := cmp.Diff(want, have); d != "" {
		t.Error(d)
	}
	tamper(t, presentation, audience)
}

// verifyVector does what a verifier of any SD-JWT does, with the keys of the settings.
func verifyVector(raw []byte, audience string) ([]byte, error) {
	p, err := split(raw)
	if err != nil {
		return nil, err
	}
	payload, err := verifyJWT(p.jwt)
	if err != nil {
		return nil, err
	}
	if len(p.kb) > 0 {
		if err := verifyBinding(p, audience); err != nil {
			return nil, err
		}
	}
	return render(payload, p.disclosures)
}

func verifyJWT(jwt []byte) ([]byte, error) {
	issuer, err := vectorIssuer.Public()
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(jwt, []byte(numericKid)) {
		return verifyWithoutHeader(jwt, issuer)
	}
	t, err := jose.Parse(jwt, jose.Policy{Type: "example+sd-jwt", Key: jose.FromContext})
	if reason.Of(err) == reason.JOSETypMismatch {
		t, err = jose.Parse(jwt, jose.Policy{Type: Name, Key: jose.FromContext})
	}
	if err != nil {
		return nil, err
	}
	return t.Verify(issuer)
}

// numericKid is the header of the case header_mod, whose kid is a number. RFC 7515 §4.1.4 wants a
// string, so internal/jose refuses it and the rest of the case runs without it.
var numericKid = fixture.B64(`{"alg": "ES256", "typ": "example+sd-jwt", "kid": 42}`) + "."

func verifyWithoutHeader(jwt []byte, issuer key.Public) ([]byte, error) {
	if _, err := jose.Parse(jwt, jose.Policy{Type: "example+sd-jwt", Key: jose.FromContext}); err == nil {
		return nil, fmt.Errorf("a kid that is a number was accepted")
	}
	at := bytes.LastIndexByte(jwt, '.')
	sig, err := jose.AppendDecode(nil, jwt[at+1:])
	if err != nil {
		return nil, err
	}
	if err := issuer.Verify(jwt[:at], sig); err != nil {
		return nil, err
	}
	return jose.AppendDecode(nil, jwt[len(numericKid):at])
}

func verifyBinding(p parts, audience string) error {
	holder, err := vectorHolder.Public()
	if err != nil {
		return err
	}
	body, err := jose.AppendDecode(nil, bytes.Split(p.kb, []byte("."))[1])
	if err != nil {
		return err
	}
	var at struct{ Iat int64 }
	if err := json.Unmarshal(body, &at); err != nil {
		return err
	}
	m := message{parts: p, issued: &issued{holder: holder}}
	return m.bound(credential.Binding{Audience: audience, Nonce: "1234567890", At: time.Unix(at.Iat, 0)})
}

// tamper changes one character in each part of the token and expects a refusal.
func tamper(t *testing.T, raw []byte, audience string) {
	t.Helper()
	start := 0
	for i := 0; i <= len(raw); i++ {
		if i < len(raw) && raw[i] != '.' && raw[i] != '~' {
			continue
		}
		if i > start {
			forged := bytes.Clone(raw)
			forged[start+(i-start)/2] ^= 1
			if _, err := verifyVector(forged, audience); err == nil {
				t.Errorf("a change at %d passes", start+(i-start)/2)
			}
		}
		start = i + 1
	}
}

// vectorJSON expects the JSON serialization to be refused as it is.
func vectorJSON(t *testing.T, dir string) {
	for _, name := range []string{"sd_jwt_issuance.json", "sd_jwt_presentation.json"} {
		raw := content(t, dir, name)
		var text string
		if json.Unmarshal(raw, &text) == nil {
			raw = []byte(text)
		}
		_, err := verifyVector(bytes.TrimSpace(raw), "")
		refused(t, err, reason.JOSESerializationForbidden)
	}
}
