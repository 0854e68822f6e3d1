// SPDX-License-Identifier: Apache-2.0

package vcapi_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/vcapi"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func signer(t testing.TB, alg key.Algorithm) did.Signer {
	t.Helper()
	by, err := didkey.Signer(must(key.Generate(alg, rand.Reader)))
	if err != nil {
		t.Fatal(err)
	}
	return by
}

// statement returns a credential by by.
func statement(t testing.TB, by did.Signer) doc {
	return parse(t, `{"@context":["https://www.w3.org/ns/credentials/v2","https://www.w3.org/ns/credentials/examples/v2"],
		"id":"urn:uuid:0d6f5c9e-3a61-4a2b-9c56-2f1b0f3f7c11","type":["VerifiableCredential"],"issuer":"`+by.Method.DID().String()+`",
		"validFrom":"2026-01-01T00:00:00Z","credentialSubject":{"id":"did:example:subject","degree":{"name":"Bachelor","year":2025},"list":[1,2]}}`)
}

// jwt signs payload as it is.
func jwt(t testing.TB, typ, cty, kid string, payload doc, by did.Signer) string {
	t.Helper()
	token, err := jose.Sign(t.Context(), jose.Header{Type: typ, ContentType: cty, KeyID: kid}, must(json.Marshal(payload)), by)
	if err != nil {
		t.Fatal(err)
	}
	return string(token)
}

func keysNow(t testing.TB) credential.Keys {
	return credential.Keys{Resolver: resolver(t), At: now}
}

func openToken(t testing.TB, mediaType, content string) (vcapi.Opened, error) {
	t.Helper()
	return vcapi.OpenToken(t.Context(), vcdm.Envelope{MediaType: mediaType, Content: content}, keysNow(t))
}

// TestTokens is requirements 31 to 36.
func TestTokens(t *testing.T) {
	for _, alg := range []key.Algorithm{key.ES256, key.ES384, key.EdDSA} {
		t.Run(string(alg), func(t *testing.T) {
			by := signer(t, alg)
			id, method := by.Method.DID().String(), by.Method.String()
			for name, c := range map[string]struct {
				typ, cty, kid string
				change        doc
				want          reason.Code
			}{
				"31 as it should be":               {"vc+jwt", "vc", method, nil, ""},
				"31 with the whole media type":     {"application/vc+jwt", "", method, nil, ""},
				"31 a presentation's typ":          {"vp+jwt", "vc", method, nil, reason.JOSETypMismatch},
				"31 another typ":                   {"jwt", "", method, nil, reason.JOSETypMismatch},
				"31 a presentation's cty":          {"vc+jwt", "vp", method, nil, reason.JOSEHeaderInvalid},
				"32 a member vc":                   {"vc+jwt", "", method, doc{"vc": doc{}}, reason.VCStructure},
				"32 a member vp":                   {"vc+jwt", "", method, doc{"vp": doc{}}, reason.VCStructure},
				"33 claims that agree":             {"vc+jwt", "", method, doc{"iss": id, "sub": "did:example:subject", "jti": "urn:uuid:0d6f5c9e-3a61-4a2b-9c56-2f1b0f3f7c11", "exp": now.Unix() + 1, "nbf": now.Unix(), "iat": now.Unix()}, ""},
				"33 another iss":                   {"vc+jwt", "", method, doc{"iss": "did:example:other"}, reason.VCAmbiguous},
				"33 another sub":                   {"vc+jwt", "", method, doc{"sub": "did:example:other"}, reason.VCAmbiguous},
				"33 another jti":                   {"vc+jwt", "", method, doc{"jti": "urn:uuid:1"}, reason.VCAmbiguous},
				"33 iss a number":                  {"vc+jwt", "", method, doc{"iss": 4}, reason.JSONType},
				"33 exp passed":                    {"vc+jwt", "", method, doc{"exp": now.Unix() - 60}, reason.CredentialExpired},
				"33 nbf ahead":                     {"vc+jwt", "", method, doc{"nbf": now.Unix() + 61}, reason.CredentialNotYetValid},
				"33 exp a text":                    {"vc+jwt", "", method, doc{"exp": "1"}, reason.JSONType},
				"33 exp just not passed":           {"vc+jwt", "", method, doc{"exp": now.Unix() - 59}, ""},
				"33 nbf just there":                {"vc+jwt", "", method, doc{"nbf": now.Unix() + 60}, ""},
				"33 iat long ago":                  {"vc+jwt", "", method, doc{"iat": 0}, ""},
				"33 iat ahead":                     {"vc+jwt", "", method, doc{"iat": now.Unix() + 1000}, ""},
				"33 iat a text":                    {"vc+jwt", "", method, doc{"iat": "2026-01-01T00:00:00Z"}, reason.JSONType},
				"33 sub where no subject is named": {"vc+jwt", "", method, doc{"sub": "did:example:x", "credentialSubject": doc{"alumniOf": "a"}}, ""},
				"33 jti where there is no id":      {"vc+jwt", "", method, doc{"jti": "x", "id": nil}, reason.CredentialSchemaInvalid},
				"34 a relative kid and an issuer that is an object": {"vc+jwt", "", "#" + by.Method.Fragment(), doc{"issuer": doc{"id": id}}, ""},
				"34 a relative kid":              {"vc+jwt", "", "#" + by.Method.Fragment(), nil, ""},
				"34 a relative kid and iss":      {"vc+jwt", "", "#" + by.Method.Fragment(), doc{"iss": id}, ""},
				"34 a kid that is no DID URL":    {"vc+jwt", "", "key-1", nil, reason.JOSEKidInvalid},
				"34 another method":              {"vc+jwt", "", id + "#x", nil, reason.DIDMethodUnsupported},
				"34 another issuer":              {"vc+jwt", "", method, doc{"issuer": "did:example:other"}, reason.KeyControllerMismatch},
				"35 unknown members":             {"vc+jwt", "", method, doc{"else": 1}, ""},
				"the model is checked":           {"vc+jwt", "", method, doc{"credentialSubject": doc{}}, reason.CredentialSchemaInvalid},
				"version 1.1 is enveloped never": {"vc+jwt", "", method, doc{"@context": []any{vcdm.BaseV1}, "issuanceDate": "2026-01-01T00:00:00Z", "validFrom": nil}, reason.VCAmbiguous},
			} {
				t.Run(name, func(t *testing.T) {
					d := statement(t, by)
					for member, v := range c.change {
						d[member] = v
					}
					o, err := openToken(t, vcdm.MediaCredentialJWT, jwt(t, c.typ, c.cty, c.kid, d, by))
					if reason.Of(err) != c.want {
						t.Fatalf("%v, want %q", err, c.want)
					}
					if err == nil && (o.By != id || cmp.Diff(must(json.Marshal(d)), o.Document) != "") {
						t.Errorf("%+v", o)
					}
				})
			}
			good := jwt(t, "vc+jwt", "vc", method, statement(t, by), by)
			tampered := good[:len(good)-6] + "AAAAAA"
			if _, err := openToken(t, vcdm.MediaCredentialJWT, tampered); reason.Of(err) != reason.CredentialSignatureInvalid {
				t.Error(err)
			}
			d := statement(t, by)
			delete(d, "validFrom")
			d["@context"], d["issuanceDate"] = []any{vcdm.BaseV1}, "2026-01-01T00:00:00Z"
			if _, err := openToken(t, vcdm.MediaCredentialJWT, jwt(t, "vc+jwt", "", method, d, by)); reason.Of(err) != reason.VCContextInvalid {
				t.Error(err)
			}
		})
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"vc+jwt","kid":"did:example:a#b"}`)) + ".e30."
	if _, err := openToken(t, vcdm.MediaCredentialJWT, none); reason.Of(err) != reason.JOSEAlgForbidden {
		t.Errorf("35 unsecured: %v", err)
	}
	if _, err := openToken(t, vcdm.MediaCredentialCOSE, "0oRE"); reason.Of(err) != reason.JOSETypMismatch {
		t.Errorf("COSE: %v", err)
	}
}

// enveloped wraps a token.
func enveloped(typ, mediaType, content string) doc {
	return doc{"@context": "https://www.w3.org/ns/credentials/v2", "type": typ, "id": "data:" + mediaType + "," + content}
}

// TestEnveloped is requirements 26, 27 and 37 over the wire.
func TestEnveloped(t *testing.T) {
	s, issuer, h := start(t), signer(t, key.ES256), newHolder(t)
	token := jwt(t, "vc+jwt", "vc", issuer.Method.String(), statement(t, issuer), issuer)
	vc := enveloped(vcdm.TypeEnvelopedCredential, vcdm.MediaCredentialJWT, token)
	s.verifies("26 a credential", vc)
	hidden, err := vcapi.SignToken(t.Context(), vcdm.MediaCredentialSDJWT, must(json.Marshal(statement(t, issuer))), []string{"credentialSubject.degree"}, issuer, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s.verifies("26 a credential as SD-JWT", enveloped(vcdm.TypeEnvelopedCredential, vcdm.MediaCredentialSDJWT, hidden))
	s.verifies("26 escaped", enveloped(vcdm.TypeEnvelopedCredential, vcdm.MediaCredentialSDJWT, strings.ReplaceAll(hidden, "~", "%7E")))
	s.refused("26 COSE", s.verify(enveloped(vcdm.TypeEnvelopedCredential, vcdm.MediaCredentialCOSE, "0oRE"), nil), reason.JOSETypMismatch)
	late := statement(t, issuer)
	late["validUntil"] = "2026-02-01T00:00:00Z"
	over := enveloped(vcdm.TypeEnvelopedCredential, vcdm.MediaCredentialJWT, jwt(t, "vc+jwt", "", issuer.Method.String(), late, issuer))
	s.refused("26 validUntil has passed", s.verify(over, nil), reason.CredentialExpired)

	if a := s.present(h.presentation(vc), nil); a.status != http.StatusOK {
		t.Errorf("26 in a presentation without proof: %d %s", a.status, a.body)
	}
	bad := clone(t, vc)
	bad["id"] = bad["id"].(string)[:len(bad["id"].(string))-6] + "AAAAAA"
	s.refused("26 a bad signature", s.verify(bad, nil), reason.CredentialSignatureInvalid)
	s.refused("37 a bad signature inside", s.present(h.presentation(vc, bad), nil), reason.CredentialSignatureInvalid)
	s.refused("26 a credential as a presentation", s.present(vc, nil), "")

	wrap := func(d doc) doc {
		return enveloped(vcdm.TypeEnvelopedPresentation, vcdm.MediaPresentationJWT, jwt(t, "vp+jwt", "vp", h.by.Method.String(), d, h.by))
	}
	payload := h.presentation(vc)
	payload["nonce"], payload["aud"] = "n-1", "https://a.example"
	vp := wrap(payload)
	for _, options := range []doc{nil, {"challenge": "n-1", "domain": "https://a.example"}} {
		if a := s.present(vp, options); a.status != http.StatusOK || a.member(t, "holder") != h.id() || a.member(t, "holderBinding") != "proved" {
			t.Errorf("27 a presentation: %d %s", a.status, a.body)
		}
	}
	s.refused("27 another nonce", s.present(vp, doc{"challenge": "n-2"}), reason.PresentationNonceMismatch)
	s.refused("27 another audience", s.present(vp, doc{"domain": "https://b.example"}), reason.PresentationAudienceMismatch)
	s.refused("27 a presentation as a credential", s.verify(vp, nil), "")
	s.refused("37 a bad credential", s.present(wrap(h.presentation(bad)), nil), reason.CredentialSignatureInvalid)
	s.refused("37 a wrong media type", s.present(wrap(h.presentation(enveloped(vcdm.TypeEnvelopedCredential, "application/vc+cose", token))), nil), reason.JOSETypMismatch)
	foreign := h.presentation(vc)
	foreign["holder"] = "did:example:someone"
	s.refused("27 another holder", s.present(wrap(foreign), nil), reason.KeyControllerMismatch)
	payload["aud"] = []any{"https://a.example", "https://b.example"}
	s.refused("27 two audiences", s.present(wrap(payload), doc{"domain": "https://a.example"}), reason.PresentationAudienceMismatch)
}

// TestPresentationClaims is what stands beside a presentation in its token.
func TestPresentationClaims(t *testing.T) {
	h := newHolder(t)
	for name, c := range map[string]struct {
		change doc
		want   reason.Code
	}{
		"nothing":             {nil, ""},
		"nonce and aud":       {doc{"nonce": "n", "aud": "a"}, ""},
		"aud a list":          {doc{"aud": slices.Repeat([]any{"a"}, 16)}, ""},
		"aud a long list":     {doc{"aud": slices.Repeat([]any{"a"}, 17)}, reason.LimitMembers},
		"aud a number":        {doc{"aud": 4}, reason.JSONType},
		"aud a list of lists": {doc{"aud": []any{[]any{}}}, reason.JSONType},
		"nonce a number":      {doc{"nonce": 4}, reason.JSONType},
		"iss the holder":      {doc{"iss": h.id()}, ""},
		"iss another":         {doc{"iss": "did:example:a"}, reason.VCAmbiguous},
		"no holder":           {doc{"holder": nil, "iss": "did:example:a"}, reason.VCAmbiguous},
	} {
		t.Run(name, func(t *testing.T) {
			d := h.presentation()
			delete(d, "verifiableCredential")
			for member, v := range c.change {
				if d[member] = v; v == nil {
					delete(d, member)
				}
			}
			o, err := openToken(t, vcdm.MediaPresentationJWT, jwt(t, "vp+jwt", "vp", h.by.Method.String(), d, h.by))
			if reason.Of(err) != c.want {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if nonce, _ := c.change["nonce"].(string); err == nil && (o.Nonce != nonce || (len(o.Audience) > 0) != (c.change["aud"] != nil)) {
				t.Errorf("%+v", o)
			}
		})
	}
}

// TestSDJWT is requirement 38.
func TestSDJWT(t *testing.T) {
	by := signer(t, key.ES256)
	whole := must(json.Marshal(statement(t, by)))
	paths := []string{"credentialSubject.id", "credentialSubject.degree", "credentialSubject.degree.name", "validFrom"}
	token, err := vcapi.SignToken(t.Context(), vcdm.MediaCredentialSDJWT, whole, paths, by, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, "~")
	if len(parts) != len(paths)+2 {
		t.Fatalf("%d parts", len(parts))
	}
	payload := string(must(base64.RawURLEncoding.DecodeString(strings.Split(parts[0], ".")[1])))
	for _, hidden := range []string{"Bachelor", "did:example:subject", "2025", "2026-01-01"} {
		if strings.Contains(payload, hidden) {
			t.Errorf("%q is in the clear", hidden)
		}
	}
	o, err := openToken(t, vcdm.MediaCredentialSDJWT, token)
	if err != nil || cmp.Diff(statement(t, by), parse(t, string(o.Document))) != "" {
		t.Errorf("all of it: %v %s", err, o.Document)
	}
	again, err := vcapi.SignToken(t.Context(), vcdm.MediaCredentialSDJWT, whole, paths, by, rand.Reader)
	if err != nil || slices.ContainsFunc(strings.Split(again, "~"), func(p string) bool { return p != "" && slices.Contains(parts, p) }) {
		t.Errorf("salts are used again: %v", err)
	}
	open := func(which ...int) (vcapi.Opened, error) {
		text := parts[0] + "~"
		for _, i := range which {
			text += parts[i] + "~"
		}
		return openToken(t, vcdm.MediaCredentialSDJWT, text)
	}
	order := disclosed(t, parts[1:len(parts)-1])
	o, err = open(order["degree"], order["name"])
	want := statement(t, by)
	delete(want, "validFrom")
	delete(want["credentialSubject"].(doc), "id")
	if err != nil || cmp.Diff(want, parse(t, string(o.Document))) != "" {
		t.Errorf("two of it: %v %s", err, o.Document)
	}
	if o, err = open(order["degree"]); err != nil || strings.Contains(string(o.Document), "Bachelor") || !strings.Contains(string(o.Document), "2025") {
		t.Errorf("one of it: %v %s", err, o.Document)
	}
	if _, err = open(order["name"]); reason.Of(err) != reason.SDJWTDisclosureUnreferenced {
		t.Errorf("a disclosure inside one that is not shown: %v", err)
	}
	if _, err = open(order["id"], order["id"]); reason.Of(err) != reason.SDJWTDigestDuplicate {
		t.Errorf("one twice: %v", err)
	}
	for text, want := range map[string]reason.Code{
		parts[0]:              reason.SDJWTDisclosureForm,
		token + "a.b.c":       reason.SDJWTDisclosureForm,
		parts[0] + "~" + "!~": reason.JOSEBase64Invalid,
		parts[0] + "~" + base64.RawURLEncoding.EncodeToString([]byte(`["salt"]`)) + "~":             reason.SDJWTDisclosureForm,
		parts[0] + "~" + base64.RawURLEncoding.EncodeToString([]byte(`[1,"a",1]`)) + "~":            reason.SDJWTDisclosureForm,
		parts[0] + "~" + base64.RawURLEncoding.EncodeToString([]byte(`["salt",1,1]`)) + "~":         reason.SDJWTDisclosureForm,
		parts[0] + "~" + base64.RawURLEncoding.EncodeToString([]byte(`["salt","_sd",1]`)) + "~":     reason.SDJWTReservedName,
		parts[0] + "~" + base64.RawURLEncoding.EncodeToString([]byte(`["salt","further",1]`)) + "~": reason.SDJWTDisclosureUnreferenced,
		parts[0] + strings.Repeat("~a", sdjwt.MaxDisclosures+2):                                     reason.SDJWTDisclosureUnreferenced,
	} {
		if _, err := openToken(t, vcdm.MediaCredentialSDJWT, text); reason.Of(err) != want {
			t.Errorf("%.40s: %v, want %q", strings.TrimPrefix(text, parts[0]), err, want)
		}
	}
	if _, err := openToken(t, vcdm.MediaCredentialJWT, parts[0]); reason.Of(err) != reason.JOSETypMismatch {
		t.Errorf("as a JWT: %v", err)
	}
	for _, path := range []string{"nothing", "credentialSubject.nothing", "id.x", ""} {
		if _, err := vcapi.SignToken(t.Context(), vcdm.MediaCredentialSDJWT, whole, []string{path}, by, rand.Reader); reason.Of(err) != reason.RequestInvalid {
			t.Errorf("%q: %v", path, err)
		}
	}
}

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
	if err != nil || payloadOf(t, bare)["_sd"] != nil || strings.Count(bare, "~") != 1 {
		t.Errorf("nothing hidden: %v", err)
	}
	for _, path := range []string{
		"credentialSubject.list.2", "credentialSubject.list.-1", "credentialSubject.list.01", "credentialSubject.list.x", "credentialSubject.list.",
		"credentialSubject.list.0.x", "credentialSubject.degree.name.x", "credentialSubject.", ".id", "_sd_alg", "_sd",
	} {
		if _, err := sign(path); reason.Of(err) != reason.RequestInvalid {
			t.Errorf("%q: %v", path, err)
		}
	}
	if _, err := sign("id", "id"); reason.Of(err) != reason.RequestInvalid {
		t.Errorf("one twice: %v", err)
	}
	if _, err := sign(slices.Repeat([]string{"id"}, sdjwt.MaxDisclosures+1)...); reason.Of(err) != reason.RequestInvalid {
		t.Error(err)
	}
	broken := iotest.ErrReader(errors.New("no randomness"))
	for _, path := range []string{"id", "credentialSubject.id", "credentialSubject.list.0"} {
		_, err := vcapi.SignToken(t.Context(), vcdm.MediaCredentialSDJWT, must(json.Marshal(statement(t, by))), []string{path}, by, broken)
		if reason.Of(err) != reason.InternalIndeterminate {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// digestOf returns the digest of a disclosure as it is sent (RFC 9901 §4.2.3).
func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// disclosed returns the place of each disclosure among the parts, from 1, by the name of its member.
func disclosed(t *testing.T, parts []string) map[string]int {
	t.Helper()
	out := map[string]int{}
	for i, part := range parts {
		var d []any
		if err := json.Unmarshal(must(base64.RawURLEncoding.DecodeString(part)), &d); err != nil {
			t.Fatal(err)
		}
		out[d[1].(string)] = i + 1
	}
	return out
}

// TestDisclosurePlaces is what a payload by another issuer may hold, signed as it stands.
func TestDisclosurePlaces(t *testing.T) {
	by := signer(t, key.EdDSA)
	hide := func(text string) (string, string) {
		one := base64.RawURLEncoding.EncodeToString([]byte(text))
		return one, digestOf(one)
	}
	item, itemDigest := hide(`["s1",3]`)
	member, memberDigest := hide(`["s2","list",[4]]`)
	for name, c := range map[string]struct {
		change doc
		shown  []string
		want   reason.Code
		list   any
	}{
		"an item shown":              {doc{"list": []any{doc{"...": itemDigest}, doc{"...": digestOf("decoy")}}}, []string{item}, "", []any{3.0}},
		"an item not shown":          {doc{"list": []any{doc{"...": itemDigest}}}, nil, "", []any{}},
		"a digest twice":             {doc{"list": []any{doc{"...": itemDigest}, doc{"...": itemDigest}}}, []string{item}, reason.SDJWTDigestDuplicate, nil},
		"a member over one there":    {doc{"list": 1, "_sd": []any{memberDigest}}, []string{member}, reason.SDJWTClaimCollision, nil},
		"a member":                   {doc{"_sd": []any{memberDigest, digestOf("decoy")}}, []string{member}, "", []any{4.0}},
		"a member where an item is":  {doc{"list": []any{doc{"...": memberDigest}}}, []string{member}, reason.SDJWTDisclosureForm, nil},
		"an item where a member is":  {doc{"_sd": []any{itemDigest}}, []string{item}, reason.SDJWTDisclosureForm, nil},
		"digests that are no array":  {doc{"_sd": "x"}, nil, reason.JSONType, nil},
		"a digest that is no string": {doc{"list": []any{doc{"...": 4}}}, nil, reason.JSONType, nil},
		"three dots with others":     {doc{"list": []any{doc{"...": itemDigest, "a": 1}}}, nil, reason.SDJWTDisclosureForm, nil},
		"a hash inside":              {doc{"_sd_alg": "sha-256"}, nil, reason.SDJWTHashAlg, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := statement(t, by)
			delete(d["credentialSubject"].(doc), "list")
			for member, v := range c.change {
				d["credentialSubject"].(doc)[member] = v
			}
			token := jwt(t, "vc+sd-jwt", "vc", by.Method.String(), d, by) + "~" + strings.Join(append(c.shown, ""), "~")
			o, err := openToken(t, vcdm.MediaCredentialSDJWT, token)
			if reason.Of(err) != c.want {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if err == nil {
				if diff := cmp.Diff(c.list, parse(t, string(o.Document))["credentialSubject"].(doc)["list"]); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
	d := statement(t, by)
	d["_sd_alg"] = "sha-1"
	if _, err := openToken(t, vcdm.MediaCredentialSDJWT, jwt(t, "vc+sd-jwt", "", by.Method.String(), d, by)+"~"); reason.Of(err) != reason.SDJWTHashAlg {
		t.Error(err)
	}
}

// TestSignToken shows what is not signed.
func TestSignToken(t *testing.T) {
	by, ctx := signer(t, key.ES384), context.Background()
	h := newHolder(t)
	for mediaType, c := range map[string]struct {
		d  doc
		by did.Signer
	}{
		vcdm.MediaCredentialJWT: {statement(t, by), by}, vcdm.MediaCredentialSDJWT: {statement(t, by), by},
		vcdm.MediaPresentationJWT: {h.presentation(), h.by}, vcdm.MediaPresentationSDJWT: {h.presentation(), h.by},
	} {
		if len(c.d["type"].([]any)) == 1 && c.d["type"].([]any)[0] == vcdm.TypePresentation {
			delete(c.d, "verifiableCredential")
		}
		token, err := vcapi.SignToken(ctx, mediaType, must(json.Marshal(c.d)), nil, c.by, rand.Reader)
		if err != nil {
			t.Errorf("%s: %v", mediaType, err)
			continue
		}
		if o, err := openToken(t, mediaType, token); err != nil || o.By != c.by.Method.DID().String() {
			t.Errorf("%s: %v", mediaType, err)
		}
	}
	for name, c := range map[string]struct {
		mediaType string
		change    doc
		paths     []string
		want      reason.Code
	}{
		"another issuer":    {vcdm.MediaCredentialJWT, doc{"issuer": "did:example:a"}, nil, reason.KeyControllerMismatch},
		"no subject":        {vcdm.MediaCredentialJWT, doc{"credentialSubject": doc{}}, nil, reason.CredentialSchemaInvalid},
		"a proof":           {vcdm.MediaCredentialJWT, doc{"proof": doc{}}, nil, reason.VCStructure},
		"a wrapped one":     {vcdm.MediaCredentialJWT, doc{"vc": doc{}}, nil, reason.VCStructure},
		"paths for a JWT":   {vcdm.MediaCredentialJWT, nil, []string{"id"}, reason.CredentialSchemaInvalid},
		"as a presentation": {vcdm.MediaPresentationJWT, nil, nil, reason.JSONType},
		"COSE":              {vcdm.MediaCredentialCOSE, nil, nil, reason.JOSETypMismatch},
		"reserved names":    {vcdm.MediaCredentialSDJWT, doc{"credentialSubject": doc{"id": "did:example:a", "_sd": []any{}}}, []string{"id"}, reason.IssueClaimForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			d := statement(t, by)
			for member, v := range c.change {
				d[member] = v
			}
			if _, err := vcapi.SignToken(ctx, c.mediaType, must(json.Marshal(d)), c.paths, by, rand.Reader); reason.Of(err) != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// FuzzOpenToken shows that no token is taken without its signature, whatever it looks like.
func FuzzOpenToken(f *testing.F) {
	f.Add("eyJhbGciOiJFUzI1NiIsInR5cCI6InZjK3NkLWp3dCIsImtpZCI6ImRpZDprZXk6eiN6In0.e30.c2ln~WyJzIiwiYSIsMV0~")
	f.Add("a.b.c~~")
	f.Add("~")
	f.Fuzz(func(t *testing.T, content string) {
		for _, mediaType := range []string{vcdm.MediaCredentialJWT, vcdm.MediaCredentialSDJWT, vcdm.MediaPresentationJWT} {
			if _, err := openToken(t, mediaType, content); err == nil {
				t.Errorf("taken: %q", content)
			}
		}
	})
}

// keyFile writes the key of by as a key file.
func keyFile(t testing.TB, id, controller string, by *key.Private) []byte {
	t.Helper()
	public := by.Public().JWK()
	public.Kid = "k-1"
	return must(json.Marshal(map[string]any{
		"id": id, "controller": controller, "type": "JsonWebKey", "publicKeyJwk": public, "secretKeyJwk": by.JWK(),
	}))
}

// TestKeyFile is requirement 184, without the files.
func TestKeyFile(t *testing.T) {
	private := must(key.Generate(key.ES256, rand.Reader))
	keys := keysNow(t)
	for _, id := range []string{"did:example:issuer#key-1", "https://issuer.example/a#key-1"} {
		t.Run(id, func(t *testing.T) {
			f, err := vcapi.ReadKeyFile(keyFile(t, id, "https://issuer.example/a", private), now, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			d := statement(t, signer(t, key.EdDSA)) // whoever the document names
			h := doc{"@context": []any{vcdm.BaseV2}, "type": []any{vcdm.TypePresentation}}
			var held []any
			for _, mediaType := range []string{vcdm.MediaCredentialJWT, vcdm.MediaCredentialSDJWT} {
				var paths []string
				if mediaType == vcdm.MediaCredentialSDJWT {
					paths = []string{"credentialSubject.list.1", "credentialSubject.id"}
				}
				token, err := vcapi.SignWith(t.Context(), mediaType, must(json.Marshal(d)), paths, f, rand.Reader)
				if err != nil {
					t.Fatal(err)
				}
				o, err := vcapi.OpenWith(t.Context(), vcdm.Envelope{MediaType: mediaType, Content: token}, f, keys)
				if err != nil || cmp.Diff(d, parse(t, string(o.Document))) != "" {
					t.Errorf("%v %s", err, o.Document)
				}
				held = append(held, enveloped(vcdm.TypeEnvelopedCredential, mediaType, token))
			}
			other := signer(t, key.EdDSA)
			held = append(held, enveloped(vcdm.TypeEnvelopedCredential, vcdm.MediaCredentialJWT, jwt(t, "vc+jwt", "", other.Method.String(), statement(t, other), other)))
			h["verifiableCredential"] = held
			for mediaType, paths := range map[string][]string{vcdm.MediaPresentationJWT: nil, vcdm.MediaPresentationSDJWT: {"verifiableCredential.0"}} {
				token, err := vcapi.SignWith(t.Context(), mediaType, must(json.Marshal(h)), paths, f, rand.Reader)
				if err != nil {
					t.Fatal(err)
				}
				o, err := vcapi.OpenWith(t.Context(), vcdm.Envelope{MediaType: mediaType, Content: token}, f, keys)
				if err != nil || len(o.Summary.Held) != len(held) {
					t.Errorf("%s: %v %s", mediaType, err, o.Document)
				}
			}
		})
	}
}

// TestKeyFileRefused shows what a key file does not open.
func TestKeyFileRefused(t *testing.T) {
	private := must(key.Generate(key.ES256, rand.Reader))
	f, err := vcapi.ReadKeyFile(keyFile(t, "did:example:a#key-1", "did:example:a", private), now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	by := did.Signer{Signer: private}
	d := statement(t, signer(t, key.EdDSA))
	open := func(mediaType, content string) error {
		_, err := vcapi.OpenWith(t.Context(), vcdm.Envelope{MediaType: mediaType, Content: content}, f, keysNow(t))
		return err
	}
	for kid, want := range map[string]reason.Code{
		"": "", "#key-1": "", "k-1": "", "did:example:a#key-1": "", private.Public().Thumbprint(): "",
		"#key-2": reason.JOSEKidInvalid, "did:example:a#key-2": reason.JOSEKidInvalid,
	} {
		if err := open(vcdm.MediaCredentialJWT, jwt(t, "vc+jwt", "vc", kid, d, by)); reason.Of(err) != want {
			t.Errorf("%q: %v", kid, err)
		}
	}
	late := clone(t, d)
	late["validUntil"] = "2026-02-01T00:00:00Z"
	over := jwt(t, "vc+jwt", "vc", "", late, by)
	if err := open(vcdm.MediaCredentialJWT, over); reason.Of(err) != reason.CredentialExpired {
		t.Error(err)
	}
	present := func(credentials ...any) error {
		h := doc{"@context": []any{vcdm.BaseV2}, "type": []any{vcdm.TypePresentation}, "verifiableCredential": credentials}
		return open(vcdm.MediaPresentationJWT, jwt(t, "vp+jwt", "vp", "", h, by))
	}
	stranger := signer(t, key.ES256)
	for name, c := range map[string]struct {
		credential doc
		want       reason.Code
	}{
		"over":      {enveloped(vcdm.TypeEnvelopedCredential, vcdm.MediaCredentialJWT, over), reason.CredentialExpired},
		"bare":      {d, reason.VCStructure},
		"no token":  {enveloped(vcdm.TypeEnvelopedCredential, vcdm.MediaCredentialJWT, "x"), reason.JOSEHeaderInvalid},
		"a foreign": {enveloped(vcdm.TypeEnvelopedCredential, vcdm.MediaCredentialJWT, jwt(t, "vc+jwt", "", "did:example:z#k", d, stranger)), reason.DIDMethodUnsupported},
		"unsigned":  {enveloped(vcdm.TypeEnvelopedCredential, vcdm.MediaCredentialJWT, jwt(t, "vc+jwt", "", "", d, stranger)), reason.CredentialSignatureInvalid},
	} {
		if err := present(c.credential); reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	for text, want := range map[string]reason.Code{
		`[]`: reason.JSONType, `{}`: reason.JSONMemberMissing, `{"id":"a:b"}`: reason.JSONMemberMissing,
		`{"id":"a:b","publicKeyJwk":{"kty":"oct","k":"AA"}}`: reason.KeyWeak,
	} {
		if _, err := vcapi.ReadKeyFile([]byte(text), now, rand.Reader); reason.Of(err) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := vcapi.ReadKeyFile([]byte(`{"id":"a:b","publicKeyJwk":{"kty":"EC","crv":"P-521"}}`), now, rand.Reader); !errors.Is(err, vcapi.ErrNotBuilt) {
		t.Error(err)
	}
	var two doc
	if err := json.Unmarshal(keyFile(t, "a:b", "a:b", private), &two); err != nil {
		t.Fatal(err)
	}
	two["secretKeyJwk"] = must(key.Generate(key.ES256, rand.Reader)).JWK()
	if _, err := vcapi.ReadKeyFile(must(json.Marshal(two)), now, rand.Reader); reason.Of(err) != reason.KeyWeak {
		t.Error(err)
	}
	delete(two, "secretKeyJwk")
	public, err := vcapi.ReadKeyFile(must(json.Marshal(two)), now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vcapi.SignWith(t.Context(), vcdm.MediaCredentialJWT, must(json.Marshal(d)), nil, public, rand.Reader); reason.Of(err) != reason.KeyWeak {
		t.Error(err)
	}
}
