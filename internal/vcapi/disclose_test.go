// SPDX-License-Identifier: Apache-2.0

package vcapi_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/internal/vcapi"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// payloadOf returns the payload of an SD-JWT.
func payloadOf(t *testing.T, token string) doc {
	t.Helper()
	_, rest, _ := strings.Cut(token, ".")
	body, _, _ := strings.Cut(rest, ".")
	return parse(t, string(must(base64.RawURLEncoding.DecodeString(body))))
}

// TestConceal shows what stands in the clear when members and items are hidden.
func TestConceal(t *testing.T) {
	by := signer(t, key.EdDSA)
	sign := func(paths ...string) (string, error) {
		return vcapi.SignToken(t.Context(), vcdm.MediaCredentialSDJWT, must(json.Marshal(statement(t, by))), paths, by, rand.Reader)
	}
	token, err := sign("credentialSubject.id", "credentialSubject.degree", "credentialSubject.list.1", "id", "validFrom")
	if err != nil {
		t.Fatal(err)
	}
	p := payloadOf(t, token)
	subject := p["credentialSubject"].(doc)
	for _, digests := range []any{p["_sd"], subject["_sd"]} {
		list, ok := digests.([]any)
		if !ok || len(list) != 2 || !slices.IsSortedFunc(list, func(a, b any) int { return strings.Compare(a.(string), b.(string)) }) {
			t.Errorf("digests: %v", digests)
		}
	}
	items, ok := subject["list"].([]any)
	if !ok || len(items) != 2 || items[0] != 1.0 || len(items[1].(doc)) != 1 || p["_sd_alg"] != "sha-256" {
		t.Errorf("%v", p)
	}
	bare, err := sign()
	if err != nil || payloadOf(t, bare)["_sd_alg"] != nil || payloadOf(t, bare)["_sd"] != nil {
		t.Errorf("nothing hidden: %v", err)
	}
	for _, path := range []string{
		"credentialSubject.list.2", "credentialSubject.list.-1", "credentialSubject.list.01", "credentialSubject.list.x", "credentialSubject.list.",
		"credentialSubject.list.0.x", "credentialSubject.degree.name.x", "credentialSubject.", ".id", "_sd_alg", "_sd",
	} {
		if _, err := sign(path); reason.Of(err) != reason.CredentialSchemaInvalid {
			t.Errorf("%q: %v", path, err)
		}
	}
	if _, err := sign("id", "id"); reason.Of(err) != reason.CredentialSchemaInvalid {
		t.Errorf("one twice: %v", err)
	}
	if _, err := sign(slices.Repeat([]string{"id"}, vcapi.MaxDisclosures+1)...); reason.Of(err) != reason.LimitDisclosures {
		t.Error(err)
	}
	broken := iotest.ErrReader(errors.New("no randomness"))
	for _, path := range []string{"id", "credentialSubject.id", "credentialSubject.list.0"} {
		_, err := vcapi.SignToken(t.Context(), vcdm.MediaCredentialSDJWT, must(json.Marshal(statement(t, by))), []string{path}, by, broken)
		if reason.Of(err) != reason.IssueSaltQuality {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// chain returns n disclosures, each of a member a inside the one before, and the digest of the first.
func chain(n int) (shown []string, digest string) {
	value := `1`
	for i := range n {
		one := base64.RawURLEncoding.EncodeToString([]byte(`["s` + strconv.Itoa(i) + `","a",` + value + `]`))
		shown, digest = append(shown, one), vcapi.DigestOf(one)
		value = `{"_sd":["` + digest + `"]}`
	}
	return shown, digest
}

// TestDiscloseBounds shows the bounds on disclosures inside one another and beside one another.
func TestDiscloseBounds(t *testing.T) {
	for n, want := range map[int]reason.Code{10: "", 62: "", 63: "", 64: "", 65: reason.LimitNesting, 300: reason.LimitNesting} {
		shown, digest := chain(n)
		out, err := vcapi.Disclose([]byte(`{"_sd":["`+digest+`"]}`), shown)
		if reason.Of(err) != want || err == nil && strings.Count(string(out), `"a"`) != n {
			t.Errorf("%d deep: %v, want %q", n, err, want)
		}
	}
	by := signer(t, key.EdDSA)
	for n, want := range map[int]reason.Code{vcapi.MaxDisclosures: "", vcapi.MaxDisclosures + 1: reason.LimitDisclosures} {
		var shown, digests []string
		for i := range n {
			one := base64.RawURLEncoding.EncodeToString([]byte(`["s` + strconv.Itoa(i) + `",` + strconv.Itoa(i) + `]`))
			shown, digests = append(shown, one), append(digests, vcapi.DigestOf(one))
		}
		d := statement(t, by)
		var list []any
		for _, digest := range digests {
			list = append(list, doc{"...": digest})
		}
		d["credentialSubject"].(doc)["list"] = list
		token := jwt(t, "vc+sd-jwt", "vc", by.Method.String(), d, by) + "~" + strings.Join(append(shown, ""), "~")
		if _, err := openToken(t, vcdm.MediaCredentialSDJWT, token); reason.Of(err) != want {
			t.Errorf("%d disclosures: %v, want %q", n, err, want)
		}
	}
}

// TestDisclosureForms is the form of a disclosure, value by value.
func TestDisclosureForms(t *testing.T) {
	for text, want := range map[string]reason.Code{
		`["s","a",1]`: "", `["","a",null]`: "", `["s","a",{"b":[1]}]`: "",
		`[]`: reason.SDJWTDisclosureForm, `["s"]`: reason.SDJWTDisclosureForm, `["s","a",1,2]`: reason.SDJWTDisclosureForm,
		`["s","a",1,2,3]`: reason.SDJWTDisclosureForm, `{"s":1}`: reason.SDJWTDisclosureForm, `"s"`: reason.SDJWTDisclosureForm, `x`: reason.SDJWTDisclosureForm,
		`[1,"a",1]`: reason.SDJWTDisclosureForm, `["s",1,1]`: reason.SDJWTDisclosureForm, `["s","",1]`: reason.SDJWTDisclosureForm,
		`["s","_sd",1]`: reason.SDJWTReservedName, `["s","...",1]`: reason.SDJWTReservedName, `["s",1]`: reason.SDJWTDisclosureForm,
		`["s","a",{"_sd_alg":"sha-256"}]`: reason.SDJWTReservedName, `["s","a",{"...":1}]`: reason.SDJWTReservedName,
		`["s","a",{"b":{"_sd":4}}]`: reason.JSONType, `["s","a",[[{"...":[]}]]]`: reason.JSONType,
	} {
		one := base64.RawURLEncoding.EncodeToString([]byte(text))
		if _, err := vcapi.Disclose([]byte(`{"_sd":["`+vcapi.DigestOf(one)+`"]}`), []string{one}); reason.Of(err) != want {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	for payload, want := range map[string]reason.Code{
		`{}`: "", `{"a":[{"b":"c"}]}`: "", `{"_sd":[]}`: "", `{"_sd_alg":"sha-256"}`: "", `{"_sd":["x","x"]}`: reason.SDJWTDigestDuplicate,
		`[]`: reason.JSONType, `{`: reason.JSONSyntax, `{"_sd_alg":"SHA-256"}`: reason.SDJWTHashAlg, `{"_sd_alg":4}`: reason.SDJWTHashAlg,
		`{"_sd":4}`: reason.JSONType, `{"_sd":[4]}`: reason.JSONType, `{"...":"x"}`: reason.SDJWTReservedName, `{"a":{"_sd_alg":"sha-256"}}`: reason.SDJWTReservedName,
	} {
		if _, err := vcapi.Disclose([]byte(payload), nil); reason.Of(err) != want {
			t.Errorf("%s: %v, want %q", payload, err, want)
		}
	}
}

// TestKeyNames shows what kid says: the id where kid may be that, else the thumbprint.
func TestKeyNames(t *testing.T) {
	private := must(key.Generate(key.ES384, rand.Reader))
	for id, want := range map[string]string{"did:example:a#k": "did:example:a#k", "https://a.example/b#k": private.Public().Thumbprint()} {
		f, err := vcapi.ReadKeyFile(keyFile(t, id, "did:example:a", private), now, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		token, err := vcapi.SignWith(t.Context(), vcdm.MediaCredentialJWT, must(json.Marshal(statement(t, signer(t, key.EdDSA)))), nil, f, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(token, ".")
		if got := parse(t, string(must(base64.RawURLEncoding.DecodeString(head)))); got["kid"] != want || got["typ"] != "vc+jwt" || got["cty"] != "vc" || got["alg"] != "ES384" {
			t.Errorf("%v", got)
		}
	}
	bad := parse(t, string(keyFile(t, "a:b", "a:b", private)))
	bad["publicKeyJwk"].(doc)["kid"] = 4
	if _, err := vcapi.ReadKeyFile(must(json.Marshal(bad)), now, rand.Reader); err == nil {
		t.Error("a kid that is a number")
	}
	bad = parse(t, string(keyFile(t, "a:b", "a:b", private)))
	bad["secretKeyJwk"].(doc)["d"] = "AA"
	if _, err := vcapi.ReadKeyFile(must(json.Marshal(bad)), now, rand.Reader); reason.Of(err) != reason.KeyWeak {
		t.Error(err)
	}
}
