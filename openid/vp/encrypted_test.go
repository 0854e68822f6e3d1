// SPDX-License-Identifier: Apache-2.0

package vp_test

import (
	"crypto/rand"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

func encryptionKey(t testing.TB, kid string) *jwe.Private {
	t.Helper()
	k, err := jwe.Generate(rand.Reader, kid)
	must(t, err)
	return k
}

// sealing is a request for an encrypted answer.
func sealing(t testing.TB, with *jwe.Private, enc ...jwe.Encryption) *vp.Request {
	r := request(signer(t))
	r.ResponseMode = vp.ModeDirectPostJWT
	r.Metadata.EncryptTo(with, enc...)
	return r
}

var answer = vp.Response{State: "s", Token: map[string][]string{"a": {"x", `{"b":1}`}}}

func TestEncrypted(t *testing.T) {
	with := encryptionKey(t, "k1")
	for name, c := range map[string]struct {
		offered []jwe.Encryption
		used    jwe.Encryption
	}{
		"default": {nil, jwe.A128GCM}, "one": {[]jwe.Encryption{jwe.A128GCM}, jwe.A128GCM}, "both": {[]jwe.Encryption{jwe.A128GCM, jwe.A256GCM}, jwe.A256GCM},
		"unknown beside": {[]jwe.Encryption{"A128CBC-HS256", jwe.A256GCM}, jwe.A256GCM},
	} {
		form, err := answer.FormFor(sealing(t, with, c.offered...))
		must(t, err)
		if len(form) != 1 || !form.Has("response") || strings.Contains(form.Encode(), "vp_token") {
			t.Fatalf("%s: the form holds %v", name, form)
		}
		if kid, err := jwe.KeyID([]byte(form.Get("response"))); err != nil || kid != "k1" {
			t.Errorf("%s: kid %q %v", name, kid, err)
		}
		got, err := vp.OpenResponse(form, with, c.used)
		if diff := cmp.Diff(answer, got); err != nil || diff != "" {
			t.Error(name, err, diff)
		}
	}
}

// TestRecipient passes over the keys that cannot be used, and refuses where none is left.
func TestRecipient(t *testing.T) {
	with := encryptionKey(t, "good")
	good := string(with.Public().JWK())
	change := func(from, to string) string {
		if !strings.Contains(good, from) {
			t.Fatalf("%s is not in %s", from, good)
		}
		return strings.Replace(good, from, to, 1)
	}
	bad := []string{
		`{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"r","alg":"RSA-OAEP"}`, `{"kty":"OKP","crv":"X25519","x":"AAAA","kid":"o","alg":"ECDH-ES"}`, `7`,
		change(`"P-256"`, `"P-521"`), change(`"ECDH-ES"`, `"ECDH-ES+A256KW"`), change(`"kid":"good"`, `"x-kid":"good"`), change(`"alg"`, `"x-alg"`), change(`"enc"`, `"sig"`),
	}
	r := sealing(t, with)
	r.Metadata.Keys.Keys = nil
	for _, k := range bad {
		r.Metadata.Keys.Keys = append(r.Metadata.Keys.Keys, strictjson.Value(k))
	}
	if _, err := answer.FormFor(r); reason.Of(err) != reason.RequestInvalid {
		t.Errorf("there is no key to use: %v", err)
	}
	r.Metadata.Keys.Keys = append(r.Metadata.Keys.Keys, strictjson.Value(good))
	form, err := answer.FormFor(r)
	must(t, err)
	if _, err := vp.OpenResponse(form, with, jwe.A128GCM); err != nil {
		t.Error(err)
	}
	r.Metadata.Encryptions = []string{"A128CBC-HS256"}
	if _, err := answer.FormFor(r); reason.Of(err) != reason.RequestInvalid {
		t.Errorf("there is no algorithm to use: %v", err)
	}
	r.Metadata.Keys.Keys = make([]strictjson.Value, vp.MaxKeys+1)
	for i := range r.Metadata.Keys.Keys {
		r.Metadata.Keys.Keys[i] = strictjson.Value(good)
	}
	if _, err := r.Sign(t.Context(), signer(t)); reason.Of(err) != reason.RequestInvalid {
		t.Errorf("too many keys: %v", err)
	}
}

// TestDecline shows that an error travels in the clear, and is taken where an encrypted answer is due.
func TestDecline(t *testing.T) {
	with := encryptionKey(t, "k")
	declined := vp.Response{State: "s", Error: vp.ErrorAccessDenied}
	form, err := declined.FormFor(sealing(t, with))
	must(t, err)
	if got, err := vp.OpenResponse(form, with, jwe.A128GCM); err != nil || got.Error != vp.ErrorAccessDenied || got.Token != nil {
		t.Errorf("%+v %v", got, err)
	}
	sealed, err := jwe.Encrypt([]byte(`{"state":"s","error":"access_denied"}`), with.Public(), jwe.A128GCM, jwe.Header{})
	must(t, err)
	if got, err := vp.OpenResponse(url.Values{"response": {string(sealed)}}, with, jwe.A128GCM); err != nil || got.Error != vp.ErrorAccessDenied || got.State != "s" {
		t.Errorf("encrypted: %+v %v", got, err)
	}
}

// TestOpenResponseRefuses has VP-13 and what else can be wrong with an encrypted answer.
func TestOpenResponseRefuses(t *testing.T) {
	with, other, same := encryptionKey(t, "k1"), encryptionKey(t, "k2"), encryptionKey(t, "k1")
	seal := func(plain string, to *jwe.Private, enc jwe.Encryption) url.Values {
		sealed, err := jwe.Encrypt([]byte(plain), to.Public(), enc, jwe.Header{})
		must(t, err)
		return url.Values{"response": {string(sealed)}}
	}
	good := `{"state":"s","vp_token":{"a":["x"]}}`
	beside := seal(good, with, jwe.A128GCM)
	beside.Set("vp_token", `{"a":["x"]}`)
	twice := seal(good, with, jwe.A128GCM)
	twice.Add("response", "x")
	plainForm, err := answer.Form()
	must(t, err)
	for name, c := range map[string]struct {
		form url.Values
		want reason.Code
	}{
		"good":                   {seal(good, with, jwe.A128GCM), ""},
		"VP-13 plain":            {plainForm, reason.ResponseEncryptionRequired},
		"VP-13 another enc":      {seal(good, with, jwe.A256GCM), reason.ResponseEncryptionRequired},
		"empty":                  {url.Values{}, reason.ResponseEncryptionRequired},
		"empty response":         {url.Values{"response": {""}}, reason.JWEInvalid},
		"beside a plain one":     {beside, reason.ResponseAmbiguous},
		"twice":                  {twice, reason.HTTPDuplicateParam},
		"to another session":     {seal(good, other, jwe.A128GCM), reason.ResponseKeyUnknown},
		"to a key of this name":  {seal(good, same, jwe.A128GCM), reason.JWEInvalid},
		"both in it":             {seal(`{"vp_token":{"a":["x"]},"error":"x"}`, with, jwe.A128GCM), reason.ResponseAmbiguous},
		"neither in it":          {seal(`{"state":"s"}`, with, jwe.A128GCM), reason.ResponseAmbiguous},
		"empty error":            {seal(`{"error":""}`, with, jwe.A128GCM), reason.ResponseAmbiguous},
		"long error":             {seal(`{"error":"`+strings.Repeat("x", 65)+`"}`, with, jwe.A128GCM), reason.ResponseAmbiguous},
		"token as text":          {seal(`{"vp_token":"x"}`, with, jwe.A128GCM), reason.ResponseAmbiguous},
		"no object":              {seal(`[]`, with, jwe.A128GCM), reason.JSONType},
		"a signed token instead": {url.Values{"response": {"a.b.c"}}, reason.JWEInvalid},
	} {
		if _, err := vp.OpenResponse(c.form, with, jwe.A128GCM); reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// TestMetadataOnTheWire holds the members to the names of OpenID4VP 1.0 §5.1.
func TestMetadataOnTheWire(t *testing.T) {
	raw, err := json.Marshal(sealing(t, encryptionKey(t, "k"), jwe.A128GCM, jwe.A256GCM).Metadata)
	must(t, err)
	var m struct {
		JWKS struct{ Keys []map[string]string }
		Enc  []string `json:"encrypted_response_enc_values_supported"`
	}
	must(t, json.Unmarshal(raw, &m))
	if len(m.JWKS.Keys) != 1 || m.JWKS.Keys[0]["kid"] != "k" || m.JWKS.Keys[0]["alg"] != "ECDH-ES" || m.JWKS.Keys[0]["d"] != "" || len(m.Enc) != 2 {
		t.Errorf("%s", raw)
	}
}

func FuzzOpenResponse(f *testing.F) {
	with := encryptionKey(f, "k")
	form, err := answer.FormFor(sealing(f, with))
	must(f, err)
	f.Add(form.Get("response"), "")
	f.Add("a.b.c.d.e", `{"a":["x"]}`)
	f.Fuzz(func(t *testing.T, sealed, token string) {
		form := url.Values{}
		for name, v := range map[string]string{"response": sealed, "vp_token": token} {
			if v != "" {
				form.Set(name, v)
			}
		}
		if r, err := vp.OpenResponse(form, with, jwe.A128GCM); err == nil && (len(r.Token) == 0 || token != "") {
			t.Fatalf("%+v", r)
		}
	})
}
