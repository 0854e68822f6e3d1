// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/vci"
)

// withLanguages is a world with words in Welsh beside the English ones, and a batch of its own size.
func withLanguages(t testing.TB) *world {
	w := newWorld(t)
	w.cfg.BatchSize = 7
	w.cfg.Display = map[string]Texts{
		"cy-GB": {Name: "Meddygfa Larkhill", Credential: "Caniatâd i weithredu", Claims: map[string]string{"permission": "Yr hyn y mae'n ei ganiatáu"}},
		"en-GB": {Credential: "Carer's permission"},
	}
	w.Issuer = must[*Issuer](t)(New(w.cfg))
	return w
}

func TestMetadata(t *testing.T) {
	w := withLanguages(t).serve()
	got := w.do("GET", "/.well-known/openid-credential-issuer", "", nil)
	m := must[*vci.IssuerMetadata](t)(vci.ParseIssuerMetadata(got.body, testOrigin))
	if got.header.Get("Content-Type") != "application/json" || got.header.Get("Content-Language") != "en-GB, cy-GB" || got.header.Get("Vary") != "Accept" {
		t.Errorf("%v", got.header)
	}
	if m.Batch.Size != 7 || m.RequestEncryption == nil || m.ResponseEncryption == nil || m.DeferredEndpoint != testOrigin+"/deferred_credential" {
		t.Errorf("%s", got.body)
	}
	if m.Display[0].Name != "Larkhill Road Surgery" || m.Display[1].Name != "Meddygfa Larkhill" || m.Display[1].Locale != "cy-GB" {
		t.Errorf("%+v", m.Display)
	}
	for id, c := range m.Configurations {
		if !slices.Equal(c.SigningAlgorithms, []string{"ES256"}) || len(c.ProofTypes["jwt"].Algorithms) != 3 {
			t.Errorf("%s is signed with %v, for keys of %v", id, c.SigningAlgorithms, c.ProofTypes)
		}
		if c.Scope != id || c.Metadata.Display[0].Name != "Carer's permission" || len(c.Metadata.Display) != 2 || len(c.Metadata.Claims) != len(ClaimKeys()) {
			t.Errorf("%s: %+v", id, c)
		}
		k := slices.Index(ClaimKeys(), "permission")
		if d := c.Metadata.Claims[k].Display; len(d) != 2 || d[1].Name != "Yr hyn y mae'n ei ganiatáu" {
			t.Errorf("%s: permission is called %+v", id, d)
		}
	}
	w.cfg.BatchSize = 1
	if one := must[*Issuer](t)(New(w.cfg)).Metadata(); one.Batch != nil {
		t.Errorf("a batch of one is said by leaving it out: %+v", one.Batch)
	}
	if strings.Contains(string(got.body), `"logo"`) || strings.Contains(string(got.body), `_image"`) {
		t.Error("an image, whose fetch would tell who looks")
	}
}

// TestClaimsAreThere: every claim that is described as mandatory is in the credential, at its path.
func TestClaimsAreThere(t *testing.T) {
	w := newWorld(t)
	bearer := w.redeemed(w.grant(both()))
	for _, id := range []string{ConfigurationSDJWT, ConfigurationVCJWT} {
		raw := must[*vci.CredentialResponse](t)(w.Issue(t.Context(), bearer, ask(id, w.proof(newHolder(t))))).Credentials[0].Credential
		claims := payloadOf(t, raw)
		for _, c := range w.Metadata().Configurations[id].Metadata.Claims {
			if !c.Mandatory {
				continue
			}
			at := any(claims)
			for _, step := range c.Path {
				name, _ := step.Name()
				inner, _ := at.(map[string]any)
				at = inner[name]
			}
			if at == nil {
				t.Errorf("%s: %v is not there", id, c.Path)
			}
		}
	}
}

// payloadOf reads the claims of a credential that is a JWT, without looking at its signature.
func payloadOf(t testing.TB, raw string) (claims map[string]any) {
	t.Helper()
	_, rest, _ := strings.Cut(raw, ".")
	body, _, _ := strings.Cut(rest, ".")
	if err := strictjson.Unmarshal(decoded(t, body), &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestSignedMetadata(t *testing.T) {
	w := newWorld(t).serve()
	find := func(_ context.Context, _, keyID string, _ []byte) (key.Public, error) {
		if keyID != w.signer.Method.String() {
			t.Errorf("signed by %s", keyID)
		}
		return w.signer.Public(), nil
	}
	for accept, signed := range map[string]bool{
		"": false, "*/*": false, "application/json": false, "application/json, application/jwt": false, "application/jwt;q=0": false,
		"application/jwt": true, "application/jwt, */*": true, "application/jwt, application/json;q=0.9": true, "application/json;q=1, application/jwt;q=0.5": false,
		"Application/JWT ; Q=0.2": true, strings.Repeat("application/jwt,", 100): false, "application/jwt;q=NaN": false,
	} {
		got := w.do("GET", "/.well-known/openid-credential-issuer", "", nil, "Accept", accept)
		if (got.header.Get("Content-Type") == "application/jwt") != signed || got.status != 200 {
			t.Errorf("%q: %s", accept, got.header.Get("Content-Type"))
		}
		if !signed {
			continue
		}
		m := must[*vci.IssuerMetadata](t)(vci.OpenMetadata(t.Context(), got.body, testOrigin, find, w.clock.Now()))
		plain := w.Metadata()
		if a, b := must[[]byte](t)(strictjson.Marshal(m)), must[[]byte](t)(strictjson.Marshal(plain)); !bytes.Equal(a, b) {
			t.Error("signed metadata says something else")
		}
	}
}

// TestSchemas validates what the issuer sends against the schemas of the OpenID Foundation.
func TestSchemas(t *testing.T) {
	w := withLanguages(t).serve()
	metadata := w.do("GET", "/.well-known/openid-credential-issuer", "", nil).body
	var m map[string]any
	if err := strictjson.Unmarshal(metadata, &m); err != nil {
		t.Fatal(err)
	}
	delete(m, "status_list_aggregation_endpoint") // of Token Status List §9.2, which the schema does not know
	fits(t, "credential_issuer_metadata-1_0.json", must[[]byte](t)(strictjson.Marshal(m)))
	o := w.grant(both())
	ref := must[vci.OfferLink](t)(vci.ParseOfferLink(o.Offer.ByReference)).URI
	fits(t, "credential_offer-1_0.json", w.do("GET", strings.TrimPrefix(ref, testOrigin), "", nil).body)
}

func fits(t *testing.T, schema string, instance []byte) {
	t.Helper()
	name := "vectors/oidf-json-schemas/oid4vci/" + schema
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(shared.Open(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schema, doc); err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(instance))
	if err != nil {
		t.Fatal(err)
	}
	if err := must[*jsonschema.Schema](t)(c.Compile(schema)).Validate(value); err != nil {
		t.Errorf("%s: %v", schema, err)
	}
}

func TestDisplayRefusals(t *testing.T) {
	w := newWorld(t)
	many := map[string]Texts{}
	for _, a := range "abcdefghijklmnopqrstuvwxyz" {
		many["x"+string(a)], many["y"+string(a)] = Texts{}, Texts{}
	}
	for name, display := range map[string]map[string]Texts{
		"no language": {"": {}}, "letters": {"cy_GB": {}}, "digit first": {"1a": {}}, "dash": {"cy-": {}}, "long": {"abcdefghi": {}},
		"unknown claim": {"cy": {Claims: map[string]string{"x": "y"}}}, "empty claim": {"cy": {Claims: map[string]string{"purpose": ""}}},
		"too long": {"cy": {Description: strings.Repeat("x", MaxWords+1)}}, "too many": many,
	} {
		cfg := w.cfg
		cfg.Display = display
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
