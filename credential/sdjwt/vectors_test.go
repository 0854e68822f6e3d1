// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"bytes"
	"context"
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
	"github.com/behalf-id/behalf/internal/conformance"
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

// TestVectors runs the published examples through Process: issuance and presentation give what
// verified_contents.json says, and a changed character anywhere is refused.
func TestVectors(t *testing.T) {
	for _, source := range []struct {
		standard, part, name string
		folders              []string
		compact, json, none  int // cases: in compact form, in JSON, with inputs only
		numericKid           int // of the compact ones
	}{
		{"RFC 9901 SD-JWT", "§7 verification of issuance and presentation", "rfc9901-sd-jwt", []string{"python-testcases", "spec-examples"}, 27, 2, 2, 1},
		{"OpenID4VP 1.0", "appendix B.3 SD-JWT VCLD, issuance and presentation", "openid4vp-1.0", []string{"sd_jwt_vcld"}, 1, 0, 0, 0},
		{"SD-JWT VC", "examples, issuance and presentation", "sd-jwt-vc-examples", []string{"."}, 3, 0, 0, 0},
	} {
		t.Run(source.name, func(t *testing.T) {
			var n counts
			for _, folder := range source.folders {
				n.folder(t, "vectors/"+source.name+"/"+folder)
			}
			t.Logf("%d cases verified, %d JSON serializations refused, %d hold inputs only", n.compact, n.json, n.none)
			if n != (counts{source.compact, source.json, source.none, source.numericKid}) {
				t.Errorf("not the cases that were published: %+v", n)
			}
			row := conformance.Row{Standard: source.standard, Part: source.part, Source: source.name, Run: n.compact + n.json, Passed: n.compact - n.numericKid}
			if n.json > 0 {
				row.Departures = append(row.Departures, conformance.Departure{Cases: n.json, Why: "the JSON serializations are optional (RFC 9901 §8) and refused as jose.serialization_forbidden"})
			}
			if n.numericKid > 0 {
				row.Departures = append(row.Departures, conformance.Departure{Cases: n.numericKid, Why: "a kid that is a number is refused (RFC 7515 §4.1.4 demands a string); the rest of the case passes"})
			}
			conformance.Record(t, row)
		})
	}
}

// counts is how many cases of each kind there were.
type counts struct{ compact, json, none, numericKid int }

func (n *counts) folder(t *testing.T, folder string) {
	dir := shared.Dir(t, folder)
	audience := vectorAudience(t, filepath.Join(dir, "settings.yml"))
	cases, _ := filepath.Glob(filepath.Join(dir, "*", "specification.yml"))
	for _, c := range cases {
		dir := filepath.Dir(c)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			switch {
			case exists(dir, "sd_jwt_presentation.txt"):
				if bytes.HasPrefix(compact(t, dir, "sd_jwt_issuance.txt"), []byte(numericKid)) {
					n.numericKid++
				}
				vector(t, dir, audience)
				n.compact++
			case exists(dir, "sd_jwt_presentation.json"):
				vectorJSON(t, dir)
				n.json++
			default:
				n.none++
			}
		})
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

// verifyVector verifies raw with the keys of the settings, at the time of its holder proof.
func verifyVector(raw []byte, audience string) ([]byte, error) {
	issuer, err := vectorIssuer.Public()
	if err != nil {
		return nil, err
	}
	want := Expect{Type: "example+sd-jwt", Key: issuer}
	if kb := raw[bytes.LastIndexByte(raw, '~')+1:]; len(kb) > 0 {
		want.Binding = credential.Binding{Audience: audience, Nonce: "1234567890", At: issuedAt(kb)}
	}
	if bytes.HasPrefix(raw, []byte(numericKid)) {
		if _, err := Process(context.Background(), raw, want); reason.Of(err) != reason.JSONType {
			return nil, fmt.Errorf("a kid that is a number: %v", err)
		}
		return verifyWithoutHeader(raw, issuer, want.Binding)
	}
	got, err := Process(context.Background(), raw, want)
	if reason.Of(err) == reason.JOSETypMismatch {
		want.Type = Name
		got, err = Process(context.Background(), raw, want)
	}
	return got.Claims, err
}

// issuedAt reads iat of a holder proof, zero where that cannot be read.
func issuedAt(kb []byte) time.Time {
	parts := bytes.Split(kb, []byte("."))
	var claims struct{ Iat int64 }
	if len(parts) != 3 {
		return time.Time{}
	}
	if body, err := jose.AppendDecode(nil, parts[1]); err != nil || json.Unmarshal(body, &claims) != nil {
		return time.Time{}
	}
	return time.Unix(claims.Iat, 0)
}

// numericKid is the header of the case header_mod, whose kid is a number. RFC 7515 §4.1.4 wants a
// string, so internal/jose refuses it and the rest of the case runs without it.
var numericKid = fixture.B64(`{"alg": "ES256", "typ": "example+sd-jwt", "kid": 42}`) + "."

func verifyWithoutHeader(raw []byte, issuer key.Public, want credential.Binding) ([]byte, error) {
	p, err := split(raw, policy)
	if err != nil {
		return nil, err
	}
	if len(p.kb) > 0 {
		holder, err := vectorHolder.Public()
		if err != nil {
			return nil, err
		}
		m := message{parts: p, issued: &issued{holder: holder}}
		if err := m.bound(want); err != nil {
			return nil, err
		}
	}
	at := bytes.LastIndexByte(p.jwt, '.')
	sig, err := jose.AppendDecode(nil, p.jwt[at+1:])
	if err != nil {
		return nil, err
	}
	if err := issuer.Verify(p.jwt[:at], sig); err != nil {
		return nil, err
	}
	payload, err := jose.AppendDecode(nil, p.jwt[len(numericKid):at])
	if err != nil {
		return nil, err
	}
	return render(payload, p.disclosures)
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
