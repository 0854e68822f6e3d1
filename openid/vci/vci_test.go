// SPDX-License-Identifier: Apache-2.0

package vci_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

const issuer = "https://issuer.example"

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	must(t, err)
	return raw
}

func tree(t testing.TB, raw []byte) any {
	t.Helper()
	var v any
	must(t, json.Unmarshal(raw, &v))
	return v
}

// written returns o as a link holds it.
func written(t *testing.T, o *vci.Offer) []byte {
	t.Helper()
	u, err := url.Parse(vci.OfferLink{Offer: o}.String())
	must(t, err)
	return []byte(u.Query().Get("credential_offer"))
}

// schema compiles one of the published schemas.
func schema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(shared.Open(t, "vectors/oidf-json-schemas/oid4vci/"+name)))
	must(t, err)
	c := jsonschema.NewCompiler()
	must(t, c.AddResource("https://schema.test/"+name, doc))
	s, err := c.Compile("https://schema.test/" + name)
	must(t, err)
	return s
}

func valid(t *testing.T, name string, raw []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	must(t, err)
	if err := schema(t, name).Validate(doc); err != nil {
		t.Errorf("%s: %v\n%s", name, err, raw)
	}
}

// metadata returns metadata with every member.
func metadata() *vci.IssuerMetadata {
	algorithms := []string{"ES256"}
	proofs := map[string]vci.ProofType{"jwt": {Algorithms: algorithms, Attestation: &vci.RequiredAttestations{Storage: []string{"iso_18045_high"}}}, "attestation": {Algorithms: algorithms}}
	logo := &vci.Image{URI: issuer + "/logo.png", AltText: "a tree"}
	return &vci.IssuerMetadata{
		Issuer: issuer, AuthorizationServers: []string{issuer}, CredentialEndpoint: issuer + "/credential", NonceEndpoint: issuer + "/nonce", DeferredEndpoint: issuer + "/deferred_credential",
		NotificationEndpoint: issuer + "/notification", Batch: &vci.Batch{Size: vci.MaxProofs}, ResponseEncryption: vci.OfferedEncryption(),
		RequestEncryption: &vci.RequestEncryption{Keys: vci.KeySet{Keys: []strictjson.Value{encryptionKey}}, Enc: []string{"A256GCM"}},
		Display:           []vci.Display{{Name: "Surgery", Locale: "en", Logo: logo}, {Name: "Praxis", Locale: "de"}},
		Configurations: map[string]vci.Configuration{
			"a": {Format: "dc+sd-jwt", VCT: "https://example.org/vct", Scope: "a", BindingMethods: []string{"did:key", "jwk"}, SigningAlgorithms: algorithms, ProofTypes: proofs,
				Metadata: &vci.ConfigurationMetadata{Display: []vci.Display{{Name: "Delegation", Locale: "en", Description: "d", BackgroundColor: "#12107c", TextColor: "#FFFFFF", BackgroundImage: &vci.Image{URI: issuer + "/b.png"}}},
					Claims: []vci.Claim{{Path: dcql.Path{dcql.Member("delegation"), dcql.Member("permission"), dcql.Every()}, Mandatory: true, Display: []vci.Display{{Name: "What may be done", Locale: "en"}}}}}},
			"b": {Format: "jwt_vc_json", Definition: &vci.Definition{Type: []string{"VerifiableCredential", "X"}}, BindingMethods: []string{"did:key"}, SigningAlgorithms: algorithms, ProofTypes: proofs},
			"c": {Format: "ldp_vc", Definition: &vci.Definition{Context: []string{"https://www.w3.org/ns/credentials/v2"}, Type: []string{"VerifiableCredential"}}, SigningAlgorithms: []string{"eddsa-rdfc-2022"}},
		},
	}
}

// encryptionKey is that of the example in OpenID4VCI appendix I.
var encryptionKey = strictjson.Value(`{"kty":"EC","kid":"ac","use":"enc","crv":"P-256","alg":"ECDH-ES","x":"YO4epjifD-KWeq1sL2tNmm36BhXnkJ0He-WqMYrp9Fk","y":"Hekpm0zfK7C-YccH5iBjcIXgf6YdUvNUac_0At55Okk"}`)

// steps lets claim paths be compared.
var steps = cmp.AllowUnexported(dcql.Step{})

// TestSchemas validates what we write against the published schemas.
func TestSchemas(t *testing.T) {
	known := metadata()
	delete(known.Configurations, "c") // the schema does not know ldp_vc (appendix A.1.2)
	valid(t, "credential_issuer_metadata-1_0.json", marshal(t, known))
	raw := marshal(t, metadata())
	if got, err := vci.ParseIssuerMetadata(raw, issuer); err != nil || cmp.Diff(metadata(), got, steps) != "" {
		t.Error(err, cmp.Diff(metadata(), got, steps))
	}
	for _, grants := range []vci.Grants{
		{PreAuthorized: &vci.PreAuthorized{Code: "c", TxCode: &vci.TxCode{InputMode: "numeric", Length: 6, Description: "d"}, Server: issuer}},
		{AuthorizationCode: &vci.AuthorizationCode{IssuerState: "s", Server: issuer}}, {},
	} {
		valid(t, "credential_offer-1_0.json", written(t, &vci.Offer{Issuer: issuer, Configurations: []string{"a"}, Grants: grants}))
	}
	key, err := jwe.ReadRecipient(encryptionKey)
	must(t, err)
	for _, r := range []vci.CredentialRequest{
		{Configuration: "a", Proofs: &vci.Proofs{JWT: []string{"a.b.c"}}}, {Identifier: "a", Proofs: &vci.Proofs{Attestation: []string{"a.b.c"}}},
		{Identifier: "a", Proofs: &vci.Proofs{JWT: []string{"a.b.c", "d.e.f"}}, Encryption: vci.NewResponseEncryption(key, jwe.A256GCM)},
	} {
		raw := marshal(t, r)
		valid(t, "credential_request-1_0.json", raw)
		if got, err := vci.ParseCredentialRequest(raw); err != nil || cmp.Diff(&r, got) != "" {
			t.Error(err, cmp.Diff(&r, got))
		}
	}
}

func TestOfferRefuses(t *testing.T) {
	for raw, want := range map[string]reason.Code{
		`{"credential_issuer":"http://x","credential_configuration_ids":["a"]}`:      reason.IssuerMetadataInvalid,
		`{"credential_issuer":"https://x?y","credential_configuration_ids":["a"]}`:   reason.IssuerMetadataInvalid,
		`{"credential_issuer":"https://x#y","credential_configuration_ids":["a"]}`:   reason.IssuerMetadataInvalid,
		`{"credential_issuer":"https://u@x","credential_configuration_ids":["a"]}`:   reason.IssuerMetadataInvalid,
		`{"credential_issuer":"https://x","credential_configuration_ids":[]}`:        reason.JSONMemberMissing,
		`{"credential_issuer":"https://x","credential_configuration_ids":["a","a"]}`: reason.JSONMemberMissing,
		`{"credential_issuer":"https://x","credential_configuration_ids":[""]}`:      reason.JSONMemberMissing,
		`{"credential_issuer":"https://x","credential_issuer":"https://y"}`:          reason.JSONDuplicateName,
		`{"credential_issuer":7}`: reason.JSONType,
		`{"credential_issuer":"https://x","credential_configuration_ids":["a"],"grants":{"` + vci.GrantPreAuthorized + `":{}}}`:                                                           reason.JSONMemberMissing,
		`{"credential_issuer":"https://x","credential_configuration_ids":["a"],"grants":{"` + vci.GrantPreAuthorized + `":{"pre-authorized_code":"c","tx_code":{"length":-1}}}}`:          reason.GrantTxCode,
		`{"credential_issuer":"https://x","credential_configuration_ids":["a"],"grants":{"` + vci.GrantPreAuthorized + `":{"pre-authorized_code":"c","tx_code":{"input_mode":"smell"}}}}`: reason.GrantTxCode,
		strings.Repeat(" ", vci.MaxOffer+1): reason.OfferUntrusted,
	} {
		if _, err := vci.ParseOffer([]byte(raw)); reason.Of(err) != want {
			t.Errorf("%.100s: %v, want %s", raw, err, want)
		}
	}
	for link, want := range map[string]reason.Code{
		"https://x": reason.OfferUntrusted, vci.Scheme + "://?": reason.ResponseAmbiguous, vci.Scheme + "://?%zz": reason.HTTPDuplicateParam,
		vci.Scheme + "://?credential_offer={}&credential_offer_uri=https://x":            reason.ResponseAmbiguous,
		vci.Scheme + "://?credential_offer_uri=https://x&credential_offer_uri=https://y": reason.HTTPDuplicateParam,
		vci.Scheme + "://?credential_offer_uri=http://x":                                 reason.OfferUntrusted,
		vci.Scheme + "://?credential_offer_uri=https://u@x":                              reason.OfferUntrusted,
		vci.Scheme + "://?" + strings.Repeat("a", vci.MaxOffer):                          reason.OfferUntrusted,
	} {
		if _, err := vci.ParseOfferLink(link); reason.Of(err) != want {
			t.Errorf("%.80s: %v, want %s", link, err, want)
		}
	}
	l, err := vci.ParseOfferLink(vci.OfferLink{URI: "https://issuer.example/offer/1"}.String())
	if err != nil || l.URI != "https://issuer.example/offer/1" || l.Offer != nil {
		t.Error(l, err)
	}
}

func TestMetadataRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*vci.IssuerMetadata){
		"another issuer":     func(m *vci.IssuerMetadata) { m.Issuer = "https://other.example" },
		"a server by http":   func(m *vci.IssuerMetadata) { m.AuthorizationServers = []string{"http://server.example"} },
		"endpoint elsewhere": func(m *vci.IssuerMetadata) { m.CredentialEndpoint = "https://attacker.example/credential" },
		"endpoint by http":   func(m *vci.IssuerMetadata) { m.NonceEndpoint = "http://issuer.example/nonce" },
		"endpoint with user": func(m *vci.IssuerMetadata) { m.NonceEndpoint = "https://u@issuer.example/nonce" },
		"no endpoint":        func(m *vci.IssuerMetadata) { m.CredentialEndpoint = "" },
		"nothing offered":    func(m *vci.IssuerMetadata) { m.Configurations = map[string]vci.Configuration{} },
		"no vct":             func(m *vci.IssuerMetadata) { m.Configurations["a"] = vci.Configuration{Format: "dc+sd-jwt"} },
		"no type":            func(m *vci.IssuerMetadata) { m.Configurations["a"] = vci.Configuration{Format: "jwt_vc_json"} },
		"binding alone": func(m *vci.IssuerMetadata) {
			m.Configurations["a"] = vci.Configuration{Format: "dc+sd-jwt", VCT: "v", BindingMethods: []string{"jwk"}}
		},
		"proof without algs": func(m *vci.IssuerMetadata) {
			m.Configurations["a"] = vci.Configuration{Format: "dc+sd-jwt", VCT: "v", BindingMethods: []string{"jwk"}, ProofTypes: map[string]vci.ProofType{"jwt": {Algorithms: []string{}}}}
		},
	} {
		m := metadata()
		spoil(m)
		if _, err := vci.ParseIssuerMetadata(marshal(t, m), issuer); reason.Of(err) != reason.IssuerMetadataInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := vci.ServerMetadata{Issuer: issuer, TokenEndpoint: issuer + "/token", ResponseTypes: []string{}, GrantTypes: []string{vci.GrantPreAuthorized}, AnonymousPre: true}
	if got, err := vci.ParseServerMetadata(marshal(t, s), issuer); err != nil || cmp.Diff(&s, got) != "" {
		t.Error(got, err)
	}
	s.TokenEndpoint = "https://attacker.example/token"
	if _, err := vci.ParseServerMetadata(marshal(t, s), issuer); reason.Of(err) != reason.IssuerMetadataInvalid {
		t.Error(err)
	}
	for id, want := range map[string]string{
		"https://a.example": "https://a.example/.well-known/x", "https://a.example/": "https://a.example/.well-known/x", "https://a.example/tenant": "https://a.example/.well-known/x/tenant",
	} {
		if got := vci.WellKnown(id, "x"); got != want {
			t.Errorf("%s: %s", id, got)
		}
	}
}

func holder(t testing.TB) did.Signer {
	t.Helper()
	k, err := key.Generate(key.ES256, rand.Reader)
	must(t, err)
	s, err := didkey.Signer(k)
	must(t, err)
	return s
}

// proof signs any claims under any header.
func proof(t *testing.T, header, claims map[string]any, by key.Signer) []byte {
	t.Helper()
	text := base64.RawURLEncoding.EncodeToString(marshal(t, header)) + "." + base64.RawURLEncoding.EncodeToString(marshal(t, claims))
	sig, err := by.Sign(context.Background(), []byte(text))
	must(t, err)
	return []byte(text + "." + base64.RawURLEncoding.EncodeToString(sig))
}

func TestProof(t *testing.T) {
	by, other := holder(t), holder(t)
	raw, err := vci.Proof{Issuer: issuer, Nonce: "n", At: now}.Sign(t.Context(), by)
	must(t, err)
	h, nonce, err := vci.OpenProof(t.Context(), raw, issuer, didkey.New(), now)
	if err != nil || nonce != "n" || h.DID != by.Method.DID() || !h.Key.Equal(by.Public()) {
		t.Errorf("%+v %s %v", h, nonce, err)
	}
	jwk := by.Public().JWK()
	type object = map[string]any
	for name, c := range map[string]struct {
		change func(header, claims object)
		sign   key.Signer
		want   reason.Code
	}{
		"good":          {func(_, _ object) {}, by, ""},
		"bare jwk":      {func(h, _ object) { delete(h, "kid"); h["jwk"] = jwk }, by, ""},
		"typ":           {func(h, _ object) { h["typ"] = "JWT" }, by, reason.ProofTyp},
		"no typ":        {func(h, _ object) { delete(h, "typ") }, by, reason.ProofTyp},
		"alg none":      {func(h, _ object) { h["alg"] = "none" }, by, reason.ProofTyp},
		"jwk and kid":   {func(h, _ object) { h["jwk"] = jwk }, by, reason.ProofKeyAmbiguous},
		"no key":        {func(h, _ object) { delete(h, "kid") }, by, reason.ProofKeyAmbiguous},
		"another's key": {func(_, _ object) {}, other, reason.CredentialSignatureInvalid},
		"did:web":       {func(h, _ object) { h["kid"] = "did:web:a.example#k1" }, by, reason.DIDMethodUnsupported},
		"iss":           {func(_, c object) { c["iss"] = "x" }, by, reason.ProofIssMismatch},
		"aud":           {func(_, c object) { c["aud"] = "https://other.example" }, by, reason.ProofAud},
		"aud slash":     {func(_, c object) { c["aud"] = issuer + "/" }, by, reason.ProofAud},
		"no nonce":      {func(_, c object) { delete(c, "nonce") }, by, reason.ProofNonce},
		"no iat":        {func(_, c object) { delete(c, "iat") }, by, reason.ProofIat},
		"old":           {func(_, c object) { c["iat"] = now.Unix() - 301 }, by, reason.ProofIat},
		"ahead":         {func(_, c object) { c["iat"] = now.Unix() + 61 }, by, reason.ProofIat},
		"just old":      {func(_, c object) { c["iat"] = now.Unix() - 300 }, by, ""},
		"just ahead":    {func(_, c object) { c["iat"] = now.Unix() + 60 }, by, ""},
		"aud array":     {func(_, c object) { c["aud"] = []string{issuer} }, by, reason.JSONType},
	} {
		header := object{"alg": "ES256", "typ": vci.TypeProof, "kid": by.Method.String()}
		claims := object{"aud": issuer, "iat": now.Unix(), "nonce": "n"}
		c.change(header, claims)
		if _, _, err := vci.OpenProof(t.Context(), proof(t, header, claims, c.sign), issuer, didkey.New(), now); reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestCredentialMessages(t *testing.T) {
	for raw, want := range map[string]reason.Code{
		`{"credential_configuration_id":"a","proofs":{"jwt":["x"]}}`:                                                                      "",
		`{"credential_identifier":"a","proofs":{"jwt":["x"]}}`:                                                                            "",
		`{"proofs":{"jwt":["x"]}}`:                                                                                                        reason.ResponseAmbiguous,
		`{"credential_configuration_id":"a","credential_identifier":"b","proofs":{"jwt":["x"]}}`:                                          reason.ResponseAmbiguous,
		`{"credential_configuration_id":"a"}`:                                                                                             reason.ProofBatch,
		`{"credential_configuration_id":"a","proofs":{"jwt":[]}}`:                                                                         reason.ProofBatch,
		`{"credential_configuration_id":"a","proofs":{"jwt":["x"],"attestation":["y"]}}`:                                                  reason.ProofBatch,
		`{"credential_configuration_id":"a","proofs":{"ldp_vp":["x"]}}`:                                                                   reason.ProofBatch,
		`{"credential_configuration_id":"a","proofs":{"jwt":[` + strings.TrimSuffix(strings.Repeat(`"x",`, vci.MaxProofs+1), ",") + `]}}`: reason.ProofBatch,
		`[]`: reason.JSONType,
	} {
		if _, err := vci.ParseCredentialRequest([]byte(raw)); reason.Of(err) != want {
			t.Errorf("%.90s: %v, want %s", raw, err, want)
		}
	}
	if r, err := vci.ParseCredentialResponse([]byte(`{"credentials":[{"credential":"x"}],"notification_id":"n"}`)); err != nil || r.Credentials[0].Credential != "x" {
		t.Error(err)
	}
	for _, raw := range []string{`{}`, `{"credentials":[]}`, `{"transaction_id":"x","credentials":[{"credential":"x"}]}`} {
		if _, err := vci.ParseCredentialResponse([]byte(raw)); reason.Of(err) != reason.CredentialUnexpected {
			t.Errorf("%s: %v", raw, err)
		}
	}
	if n, err := vci.ParseNonce([]byte(`{"c_nonce":"n"}`)); err != nil || n != "n" {
		t.Error(err)
	}
	if _, err := vci.ParseNonce([]byte(`{}`)); reason.Of(err) != reason.ProofNonce {
		t.Error(err)
	}
}

func TestToken(t *testing.T) {
	want := vci.TokenRequest{Grant: vci.GrantPreAuthorized, Code: "c", TxCode: "123456"}
	if got, err := vci.ParseTokenRequest(want.Form()); err != nil || !cmp.Equal(got, want) {
		t.Error(got, err)
	}
	for name, form := range map[string]url.Values{
		"grant": {"grant_type": {"password"}, "pre-authorized_code": {"c"}}, "no code": {"grant_type": {vci.GrantPreAuthorized}},
		"long code": {"grant_type": {vci.GrantPreAuthorized}, "pre-authorized_code": {strings.Repeat("c", 513)}},
	} {
		if _, err := vci.ParseTokenRequest(form); reason.Of(err) != reason.GrantInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	twice := want.Form()
	twice.Add("tx_code", "000000")
	if _, err := vci.ParseTokenRequest(twice); reason.Of(err) != reason.HTTPDuplicateParam {
		t.Error(err)
	}
	if _, err := vci.ParseTokenResponse([]byte(`{"access_token":"t","token_type":"Bearer","expires_in":300}`)); err != nil {
		t.Error(err)
	}
	for _, raw := range []string{`{"access_token":"t","token_type":"MAC"}`, `{"token_type":"Bearer"}`} {
		if _, err := vci.ParseTokenResponse([]byte(raw)); reason.Of(err) != reason.TokenInvalid {
			t.Errorf("%s: %v", raw, err)
		}
	}
	if vci.ParseError([]byte(`{"error":"invalid_grant"}`)).Code != "invalid_grant" || vci.ParseError([]byte("<html>")).Code != "" {
		t.Error("errors are misread")
	}
}

func FuzzParseOfferLink(f *testing.F) {
	f.Add(vci.OfferLink{Offer: &vci.Offer{Issuer: issuer, Configurations: []string{"a"}}}.String())
	f.Add(vci.OfferLink{URI: "https://issuer.example/1"}.String())
	f.Fuzz(func(t *testing.T, s string) {
		l, err := vci.ParseOfferLink(s)
		if err != nil {
			return
		}
		if again, err := vci.ParseOfferLink(l.String()); err != nil && reason.Of(err) != reason.OfferUntrusted || err == nil && cmp.Diff(l, again) != "" {
			t.Fatalf("%+v is not read again: %v", l, err)
		}
	})
}

func FuzzMessages(f *testing.F) {
	f.Add([]byte(`{"credential_configuration_id":"a","proofs":{"jwt":["x"]}}`))
	f.Add([]byte(`{"credential_issuer":"https://issuer.example","credential_endpoint":"https://issuer.example/c","credential_configurations_supported":{"a":{"format":"x"}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, _ = vci.ParseCredentialResponse(raw)
		_, _ = vci.ParseTokenResponse(raw)
		_, _, _ = vci.OpenProof(context.Background(), raw, issuer, didkey.New(), now)
		if r, err := vci.ParseCredentialRequest(raw); err == nil && len(r.Proofs.JWT) == 0 {
			t.Fatal("a request without proof")
		}
		if m, err := vci.ParseIssuerMetadata(raw, issuer); err == nil && m.Issuer != issuer {
			t.Fatal("metadata of another")
		}
	})
}

// Example reads the link that a person follows to collect a credential.
func Example() {
	l, err := vci.ParseOfferLink("openid-credential-offer://?credential_offer=%7B%22credential_issuer%22%3A%22https%3A%2F%2Fissuer.example%22%2C%22credential_configuration_ids%22%3A%5B%22delegation%22%5D%7D")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(l.Offer.Issuer, l.Offer.Configurations)
	// Output: https://issuer.example [delegation]
}

// TestAnyAttestation keeps the empty object by which an issuer demands attested keys of any level.
func TestAnyAttestation(t *testing.T) {
	raw, err := strictjson.Marshal(vci.ProofType{Algorithms: []string{"ES256"}, Attestation: &vci.RequiredAttestations{}})
	must(t, err)
	var back vci.ProofType
	must(t, strictjson.Unmarshal(raw, &back))
	if back.Attestation == nil {
		t.Errorf("the demand for attested keys is lost: %s", raw)
	}
	raw, err = strictjson.Marshal(vci.ProofType{Algorithms: []string{"ES256"}})
	must(t, err)
	if strings.Contains(string(raw), "key_attestations_required") {
		t.Errorf("a demand that nobody makes: %s", raw)
	}
}
