// SPDX-License-Identifier: Apache-2.0

package typemeta_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt/typemeta"
	"github.com/behalf-id/behalf/internal/conformance"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/reason"
)

func own() []string {
	return []string{credential.VCTDelegation, credential.VCTIdentityBinding, credential.VCTWorkgroupMembership}
}

// TestOwnIsPinned holds our documents to the digests that issuers write into credentials.
func TestOwnIsPinned(t *testing.T) {
	for _, vct := range own() {
		raw := typemeta.Own(vct)
		if got := typemeta.Integrity(raw); got != typemeta.OwnIntegrity(vct) {
			t.Errorf("%s is %s: a document that changed is another type", vct, got)
		}
		if d, err := typemeta.Parse(raw); err != nil || d.VCT != vct {
			t.Error(vct, err)
		}
		if !typemeta.OwnFits(vct, typemeta.Integrity(raw)) || typemeta.OwnFits(vct, typemeta.Integrity(nil)) || typemeta.OwnFits("https://example.org/vct/x", "") {
			t.Error("OwnFits does not tell ", vct)
		}
		raw[0] = 'x'
		if typemeta.Own(vct)[0] != '{' {
			t.Error("a caller can change the document")
		}
	}
	if typemeta.Own("x") != nil || typemeta.OwnIntegrity("x") != "" {
		t.Error("a type that is not ours")
	}
}

// TestVectorsSchema holds what we publish, and what Parse accepts, to the published schema.
func TestVectorsSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(shared.Open(t, "vectors/oidf-json-schemas/sdjwtvc/type_metadata.json")))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("type_metadata.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("type_metadata.json")
	if err != nil {
		t.Fatal(err)
	}
	valid := func(raw []byte) bool {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		return err == nil && schema.Validate(v) == nil
	}
	row := conformance.Row{Standard: "SD-JWT VC", Part: "type metadata: schema", Source: "oidf-json-schemas"}
	for _, vct := range own() {
		row.Run++
		d, err := typemeta.Parse(typemeta.Own(vct))
		if err != nil {
			t.Fatal(err)
		}
		written, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if !valid(typemeta.Own(vct)) || !valid(written) {
			t.Errorf("%s is not as the schema says", vct)
			continue
		}
		var a, b any
		if json.Unmarshal(written, &a) != nil || json.Unmarshal(typemeta.Own(vct), &b) != nil || cmp.Diff(b, a) != "" {
			t.Errorf("%s is written otherwise than it is read: %s", vct, cmp.Diff(b, a))
			continue
		}
		row.Passed++
	}
	for _, bad := range refusedDocuments() {
		if bad.schema {
			row.Run++
			if valid([]byte(bad.text)) {
				t.Errorf("the schema accepts %s", bad.text)
				continue
			}
			if _, err := typemeta.Parse([]byte(bad.text)); err != nil {
				row.Refused++
			}
		}
	}
	conformance.Record(t, row)
}

type refusedDocument struct {
	text   string
	want   reason.Code
	schema bool // the published schema refuses it too
}

func refusedDocuments() []refusedDocument {
	claim := func(rest string) string { return `{"vct":"v","claims":[{` + rest + `}]}` }
	return []refusedDocument{
		{`{}`, reason.TypeMetaInvalid, true},
		{`{"vct":""}`, reason.TypeMetaInvalid, false},
		{`{"vct":7}`, reason.JSONType, true},
		{`[]`, reason.JSONType, true},
		{`{"vct":"v","vct":"w"}`, reason.JSONDuplicateName, false},
		{`{"vct":"v","extends":"no-uri"}`, reason.TypeMetaInvalid, true},
		{`{"vct":"v","extends#integrity":"sha256-x"}`, reason.TypeMetaInvalid, false},
		{`{"vct":"v","display":[{"name":"n"}]}`, reason.TypeMetaInvalid, true},
		{`{"vct":"v","display":[{"locale":"en"}]}`, reason.TypeMetaInvalid, true},
		{`{"vct":"v","display":{}}`, reason.JSONType, true},
		{claim(``), reason.TypeMetaInvalid, true},
		{claim(`"path":[]`), reason.TypeMetaInvalid, true},
		{claim(`"path":"a"`), reason.JSONType, true},
		{claim(`"path":[-1]`), reason.TypeMetaInvalid, true},
		{claim(`"path":[1.5]`), reason.TypeMetaInvalid, true},
		{claim(`"path":[true]`), reason.TypeMetaInvalid, true},
		{claim(`"path":[["a"]]`), reason.TypeMetaInvalid, true},
		{claim(`"path":["a"],"sd":"sometimes"`), reason.TypeMetaInvalid, true},
		{claim(`"path":["a"],"sd":""`), reason.TypeMetaInvalid, true},
		{claim(`"path":["a"],"sd":true`), reason.JSONType, true},
		{claim(`"path":["a"],"mandatory":"yes"`), reason.JSONType, true},
		{claim(`"path":["a"],"svg_id":"1a"`), reason.TypeMetaInvalid, true},
		{claim(`"path":["a"],"svg_id":"a-b"`), reason.TypeMetaInvalid, true},
		{claim(`"path":["a"],"display":[{"locale":"en"}]`), reason.TypeMetaInvalid, true},
		{`{"vct":"v","claims":[{"path":["a"]},{"path":["a"]}]}`, reason.TypeMetaInvalid, false},
		{`{"vct":"v","claims":[{"path":["a"],"svg_id":"s"},{"path":["b"],"svg_id":"s"}]}`, reason.TypeMetaInvalid, false},
		{claim(`"path":["a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a"]`), reason.TypeMetaInvalid, false},
		{`{"vct":"v","display":[{"locale":"en","name":"n","rendering":{"svg_templates":[{"uri":""}]}}]}`, reason.TypeMetaInvalid, false},
		{`{"vct":"v","display":[{"locale":"en","name":"n","rendering":{"svg_templates":[{"uri":"a"},{"uri":"b"}]}}]}`, reason.TypeMetaInvalid, false},
		{`{"vct":"v","display":[{"locale":"en","name":"n","rendering":{"simple":{"logo":{"alt_text":"x"}}}}]}`, reason.TypeMetaInvalid, false},
		{`{"vct":"` + strings.Repeat("v", typemeta.MaxDocument) + `"}`, reason.TypeMetaInvalid, false},
	}
}

func TestParseRefuses(t *testing.T) {
	for _, bad := range refusedDocuments() {
		if _, err := typemeta.Parse([]byte(bad.text)); reason.Of(err) != bad.want {
			t.Errorf("%.120s: %v", bad.text, err)
		}
	}
	d, err := typemeta.Parse([]byte(`{"vct":"v","unknown":{"x":1},"claims":[{"path":["a",null,3],"svg_id":"_a1","later":true}]}`))
	if err != nil || d.Claims[0].Path.String() != `."a"[][3]` {
		t.Error("unknown members are ignored: ", err)
	}
}

// host answers from memory.
type host struct {
	pages map[string]string
	count int
}

func (h *host) Get(_ context.Context, url string, want safehttp.Want) (safehttp.Response, error) {
	h.count++
	if url == "https://types.test/inside" {
		return safehttp.Response{}, reason.New(reason.FetchBlocked, "")
	}
	text, ok := h.pages[url]
	if !ok || want.MaxBytes != typemeta.MaxDocument {
		return safehttp.Response{}, safehttp.ErrUnreachable
	}
	return safehttp.Response{Body: []byte(text)}, nil
}

func TestResolve(t *testing.T) {
	const at = "https://types.test/"
	base := `{"vct":"` + at + `base","name":"Base","claims":[{"path":["a"],"sd":"always","mandatory":true,"svg_id":"a"},{"path":["b"],"sd":"never"},{"path":["c"]}]}`
	child := func(name, claims string) string {
		return `{"vct":"` + at + name + `","extends":"` + at + `base","extends#integrity":"` + typemeta.Integrity([]byte(base)) + `","claims":[` + claims + `]}`
	}
	h := &host{pages: map[string]string{
		"base": base, "child": child("child", `{"path":["c"],"sd":"never"},{"path":["a"],"display":[{"locale":"en","label":"A"}]}`),
		"weaker": child("weaker", `{"path":["a"],"sd":"allowed"}`), "other": child("other", `{"path":["b"],"sd":"always"}`),
		"blind": `{"vct":"` + at + `blind","extends":"` + at + `base"}`, "wrong": `{"vct":"` + at + `base"}`,
		"changed": `{"vct":"` + at + `changed","extends":"` + at + `base","extends#integrity":"` + typemeta.Integrity(nil) + `"}`,
	}}
	integrity := map[string]string{}
	for name, text := range h.pages {
		integrity[name] = typemeta.Integrity([]byte(text))
		delete(h.pages, name)
		h.pages[at+name] = text
	}
	loop := map[string][]byte{
		"urn:a": []byte(`{"vct":"urn:a","extends":"urn:b"}`), "urn:b": []byte(`{"vct":"urn:b","extends":"urn:a"}`),
		"urn:self": []byte(`{"vct":"urn:self","extends":"urn:self"}`), "urn:own": []byte(`{"vct":"urn:own","extends":"` + credential.VCTDelegation + `"}`),
	}
	for i := range typemeta.MaxExtends + 1 {
		loop[fmt.Sprint("urn:n", i)] = fmt.Appendf(nil, `{"vct":"urn:n%d","extends":"urn:n%d"}`, i, i+1)
	}
	loop[fmt.Sprint("urn:n", typemeta.MaxExtends+1)] = fmt.Appendf(nil, `{"vct":"urn:n%d"}`, typemeta.MaxExtends+1)
	set, err := typemeta.New(typemeta.Config{Documents: loop, Get: h, Hosts: []string{"types.test"}})
	if err != nil {
		t.Fatal(err)
	}
	for vct, c := range map[string]struct {
		integrity string
		want      reason.Code
	}{
		credential.VCTDelegation: {"", ""}, credential.VCTIdentityBinding: {typemeta.IntegrityIdentityBinding, ""},
		credential.VCTWorkgroupMembership: {typemeta.IntegrityDelegation, reason.TypeMetaInvalid}, "urn:own": {"", ""},
		at + "base": {integrity["base"], ""}, at + "child": {integrity["child"], ""},
		at + "weaker": {integrity["weaker"], reason.TypeMetaInvalid}, at + "other": {integrity["other"], reason.TypeMetaInvalid},
		at + "blind": {integrity["blind"], reason.TypeMetaInvalid}, at + "wrong": {integrity["wrong"], reason.TypeMetaInvalid},
		at + "changed": {integrity["changed"], reason.TypeMetaInvalid}, at + "gone": {integrity["base"], reason.TypeMetaInvalid},
		at + "base?": {"", reason.TypeMetaInvalid}, "https://elsewhere.test/base": {integrity["base"], reason.TypeMetaInvalid},
		"http://types.test/base": {integrity["base"], reason.TypeMetaInvalid}, "https://u@types.test/base": {integrity["base"], reason.TypeMetaInvalid},
		at + "inside": {integrity["base"], reason.FetchBlocked}, "urn:a": {"", reason.TypeMetaInvalid}, "urn:self": {"", reason.TypeMetaInvalid},
		"urn:n0": {"", reason.TypeMetaInvalid}, "urn:n2": {"", ""}, "urn:nowhere": {integrity["base"], reason.TypeMetaInvalid}, "": {"", reason.TypeMetaInvalid},
	} {
		if _, err := set.Resolve(t.Context(), vct, c.integrity); reason.Of(err) != c.want {
			t.Errorf("%q: %v", vct, err)
		}
	}
	got, err := set.Resolve(t.Context(), at+"child", integrity["child"])
	if err != nil {
		t.Fatal(err)
	}
	member := func(name string) typemeta.Path { return typemeta.Path{{Name: name, Kind: typemeta.Member}} }
	want := &typemeta.Type{VCTs: []string{at + "child", at + "base"}, Name: "Base", Claims: []typemeta.Claim{
		{Path: member("c"), SD: typemeta.Never},
		{Path: member("a"), SD: typemeta.Always, Mandatory: true, SVGID: "a", Display: []typemeta.Label{{Locale: "en", Label: "A"}}},
		{Path: member("b"), SD: typemeta.Never},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	before := h.count
	if _, err := (&typemeta.Set{}).Resolve(t.Context(), at+"base", integrity["base"]); reason.Of(err) != reason.TypeMetaInvalid || h.count != before {
		t.Error("the zero Set fetches: ", err)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, docs := range []map[string][]byte{
		{"urn:a": []byte(`{"vct":"urn:b"}`)}, {"urn:a": []byte(`{}`)}, {"urn:a": nil},
		{credential.VCTDelegation: []byte(`{"vct":"` + credential.VCTDelegation + `"}`)},
	} {
		if _, err := typemeta.New(typemeta.Config{Documents: docs}); reason.Of(err) != reason.TypeMetaInvalid {
			t.Errorf("%v: %v", slices.Collect(maps.Keys(docs)), err)
		}
	}
}

func TestFits(t *testing.T) {
	raw := []byte("content")
	good := typemeta.Integrity(raw)
	const (
		sha384 = "sha384-Kp6MZhmKcfqTdAYUq5kAPWb33zT1LFUf/Ad5f6Bl6GYJ1Rbt/ZXJsmnX0tNZjNqG" // of something else
	)
	for stated, want := range map[string]bool{
		good: true, good + "?ct=x": true, " " + good + " md5-x": true, good + " " + typemeta.Integrity(nil): true, typemeta.Integrity(nil) + " " + good: true,
		"": false, "md5-x": false, strings.ToUpper(good): false, good[:len(good)-1]: false, strings.TrimPrefix(good, "sha256-"): false,
		good + " " + sha384: false, sha384 + " " + good: false, strings.Repeat(good+" ", 30): false,
	} {
		if typemeta.Fits(raw, stated) != want {
			t.Errorf("%q is %t", stated, !want)
		}
	}
}

func TestCheck(t *testing.T) {
	set, err := typemeta.New(typemeta.Config{Documents: map[string][]byte{"urn:t": []byte(`{"vct":"urn:t","claims":[
		{"path":["a"],"sd":"always","mandatory":true},{"path":["b"],"sd":"never"},{"path":["l",null],"sd":"always"},{"path":["l",1,"x~/"],"sd":"never"},{"path":["free"]}]}`)}})
	if err != nil {
		t.Fatal(err)
	}
	typ, err := set.Resolve(t.Context(), "urn:t", "")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		claims       string
		disclosed    []string
		want, issued reason.Code
	}{
		"all well":               {`{"a":1,"b":2,"l":[1,{"x~/":3}],"free":4}`, []string{"/a", "/l/0", "/l/1", "/free"}, "", ""},
		"nothing shown":          {`{"b":2}`, nil, "", reason.CredentialSchemaInvalid},
		"always, in the clear":   {`{"a":1}`, nil, reason.CredentialSchemaInvalid, reason.CredentialSchemaInvalid},
		"never, hidden":          {`{"a":1,"b":2}`, []string{"/a", "/b"}, reason.CredentialSchemaInvalid, reason.CredentialSchemaInvalid},
		"one element in clear":   {`{"a":1,"l":[1,2]}`, []string{"/a", "/l/0"}, reason.CredentialSchemaInvalid, reason.CredentialSchemaInvalid},
		"below an element":       {`{"a":1,"l":[1,{"x~/":3}]}`, []string{"/a", "/l/0", "/l/1", "/l/1/x~0~1"}, reason.CredentialSchemaInvalid, reason.CredentialSchemaInvalid},
		"another kind of value":  {`{"a":1,"l":{"0":1}}`, []string{"/a"}, "", ""},
		"claims are no object":   {`[]`, nil, reason.JSONType, reason.JSONType},
		"claims are not strict":  {`{"a":1,"a":2}`, nil, reason.JSONDuplicateName, reason.JSONDuplicateName},
		"a mandatory null is it": {`{"a":null}`, []string{"/a"}, "", ""},
	} {
		if err := typ.Check([]byte(c.claims), c.disclosed); reason.Of(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		if err := typ.CheckIssued([]byte(c.claims), c.disclosed); reason.Of(err) != c.issued {
			t.Errorf("%s, issued: %v", name, err)
		}
	}
}

// TestCheckIsBounded counts the steps of a check that is made to cost much.
func TestCheckIsBounded(t *testing.T) {
	var claims []string
	for i := range typemeta.MaxClaims {
		claims = append(claims, fmt.Sprintf(`{"path":["l",null,"m%d"]}`, i))
	}
	set, err := typemeta.New(typemeta.Config{Documents: map[string][]byte{"urn:t": []byte(`{"vct":"urn:t","claims":[` + strings.Join(claims, ",") + `]}`)}})
	if err != nil {
		t.Fatal(err)
	}
	typ, err := set.Resolve(t.Context(), "urn:t", "")
	if err != nil {
		t.Fatal(err)
	}
	large := []byte(`{"l":[` + strings.Repeat(`{},`, 4000) + `{}]}`)
	if err := typ.Check(large, nil); reason.Of(err) != reason.LimitQuery {
		t.Error(err)
	}
}

func TestDisplayIn(t *testing.T) {
	typ := typemeta.Type{Display: []typemeta.Display{{Locale: "de-DE", Name: "a"}, {Locale: "en-GB", Name: "b"}, {Locale: "en", Name: "c"}}}
	for locale, want := range map[string]string{"en": "c", "EN": "c", "en-US": "b", "de": "a", "fr": "a", "": "a"} {
		if d, ok := typ.DisplayIn(locale); !ok || d.Name != want {
			t.Errorf("%s: %s", locale, d.Name)
		}
	}
	if _, ok := new(typemeta.Type).DisplayIn("en"); ok {
		t.Error("display out of nothing")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(typemeta.Own(credential.VCTDelegation))
	f.Add([]byte(`{"vct":"0","claims":[]}`))
	for _, bad := range refusedDocuments() {
		f.Add([]byte(bad.text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := typemeta.Parse(raw)
		if reason.Of(err) == reason.InternalIndeterminate {
			t.Error("a refusal without a name: ", err)
		}
		if err != nil {
			return
		}
		written, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		again, err := typemeta.Parse(written)
		if err == nil && cmp.Diff(d, again, cmpopts.EquateEmpty()) != "" {
			t.Error(cmp.Diff(d, again, cmpopts.EquateEmpty()))
		}
	})
}

func Example() {
	set, _ := typemeta.New(typemeta.Config{}) // our own types alone
	typ, err := set.Resolve(context.Background(), credential.VCTDelegation, typemeta.IntegrityDelegation)
	if err != nil {
		fmt.Println(err)
		return
	}
	d, _ := typ.DisplayIn("en-GB")
	fmt.Println(d.Name)
	fmt.Println(reason.Of(typ.Check([]byte(`{"iss":"did:web:a.example"}`), []string{"/iss"})))
	// Output:
	// Permission to act for someone
	// credential.schema_invalid
}
