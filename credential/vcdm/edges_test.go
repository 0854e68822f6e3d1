// SPDX-License-Identifier: Apache-2.0

package vcdm_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/reason"
)

// taken fails unless the good credential with one change is taken, or is refused, as good says.
func taken(t *testing.T, good bool, changes ...string) {
	t.Helper()
	if _, err := vcdm.CheckCredential(edit(t, credentialV2, changes...), open()); (err == nil) != good {
		t.Errorf("%.200s: %v", changes, err)
	}
}

func quote(t *testing.T, s string) string {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestURLs is the form of requirement 5, value by value.
func TestURLs(t *testing.T) {
	for _, s := range []string{
		"a:b", "z:y", "A:b", "Z:b", "a0+-.9z:b", "a9:b", "urn:uuid:1", "did:web:a.example", "https://a.example", "https://a", "mailto:a@b", "data:,x",
		"a:!", "a:~", "a:\u00a1", "a:é", "a:" + strings.Repeat("b", vcdm.MaxURL-2), "file:/x",
	} {
		taken(t, true, "id", quote(t, s))
	}
	for _, s := range []string{
		"", ":", "a", "a:", ":b", "0:b", "+a:b", "-a:b", ".a:b", "@:b", "[:b", "`:b", "{:b", "a/b:c", "a,b:c", "a;:b", "é:b", "a:b c", "a: ", "a:\x1f", "a:\x7f",
		"a:\u0080", "a:\u00a0", `a:"`, "a:<", "a:>", `a:\`, "a:^", "a:`", "a:{", "a:|", "a:}", "https://", "//a.example", "/a", "#a",
		"a:" + strings.Repeat("b", vcdm.MaxURL-1),
	} {
		taken(t, false, "id", quote(t, s))
	}
}

// TestLanguages is the form of a language, value by value.
func TestLanguages(t *testing.T) {
	name := func(tag string) string { return `{"@value":"A","@language":` + quote(t, tag) + `}` }
	for _, tag := range []string{
		"a", "z", "A", "Z", "en", "en-GB", "zh-Hant-TW", "de-1996", "sl-nedis", "abcdefgh", "en-0", "en-9", "x-a1b2c3d4",
		strings.Repeat("abcdefg-", 15) + "abcdefgh",
	} {
		taken(t, true, "name", name(tag))
	}
	for _, tag := range []string{
		"", "-", "en-", "-en", "en--GB", "abcdefghi", "en-abcdefghi", "1", "e1", "en_GB", "en GB", "@", "[", "`", "{", "en-/", "en-:", "é",
		strings.Repeat("abcdefg-", 15) + "abcdefgh-a",
	} {
		taken(t, false, "name", name(tag))
	}
	taken(t, true, "name", `{"@value":"A","@direction":"rtl"}`)
	taken(t, false, "name", `{"@value":"A","@direction":4}`)
	taken(t, false, "name", `[{"@value":"A"},{"@value":4}]`)
	v1 := edit(t, credentialV1, "name", `4`)
	if _, err := vcdm.CheckCredential(v1, open()); reason.Of(err) == schemaInvalid {
		t.Errorf("version 1.1 has no name: %v", err)
	}
}

// TestAtTheBounds shows that a bound is what may be there, not what may not.
func TestAtTheBounds(t *testing.T) {
	many := func(item string, n int) string {
		return `[` + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + `]`
	}
	for good, more := range map[bool]int{true: 0, false: 1} {
		taken(t, good, "@context", many(`"https://www.w3.org/ns/credentials/v2"`, vcdm.MaxContexts+more))
		taken(t, good, "type", many(`"VerifiableCredential"`, vcdm.MaxTypes+more))
		taken(t, good, "credentialSubject", many(`{"id":"a:b"}`, vcdm.MaxObjects+more))
		taken(t, good, "name", many(`{"@value":"a"}`, vcdm.MaxObjects+more))
		taken(t, good, "evidence", many(`{"type":"a:b"}`, vcdm.MaxObjects+more))
		taken(t, good, "credentialSchema", many(`{"id":"a:b","type":"JsonSchema"}`, vcdm.MaxSchemas+more))
		taken(t, good, "credentialStatus", many(`{"type":"a:b"}`, vcdm.MaxObjects+more))
		entry := `{"type":"BitstringStatusListEntry","statusPurpose":"x","statusListIndex":"0","statusListCredential":"a:b","statusReference":`
		taken(t, good, "credentialStatus", entry+many(`"a:b"`, vcdm.MaxObjects+more)+`}`)
		var resources []string
		for i := range vcdm.MaxResources + more {
			resources = append(resources, `{"id":"a:b`+strconv.Itoa(i)+`","digestSRI":"sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`)
		}
		taken(t, good, "relatedResource", `[`+strings.Join(resources, ",")+`]`)
		vp := edit(t, presentationV2, "verifiableCredential", many(envelopeV2, vcdm.MaxCredentials+more))
		if _, err := vcdm.CheckPresentation(vp, open()); (err == nil) != good {
			t.Errorf("%d credentials: %v", vcdm.MaxCredentials+more, err)
		}
		raw := edit(t, credentialV2)
		raw = append(raw[:len(raw)-1], strings.Repeat(" ", vcdm.MaxDocument+more-len(raw))+"}"...)
		if _, err := vcdm.CheckCredential(raw, open()); (err == nil) != good {
			t.Errorf("%d bytes: %v", len(raw), err)
		}
		if _, err := vcdm.OpenEnvelopedCredential(edit(t, envelopeV2, "@context", many(`"https://www.w3.org/ns/credentials/v2"`, vcdm.MaxContexts+more))); (err == nil) != good {
			t.Errorf("%d contexts of an envelope: %v", vcdm.MaxContexts+more, err)
		}
	}
}

// TestIndexes is the form of a status index and of a width, value by value.
func TestIndexes(t *testing.T) {
	entry := func(index, more string) string {
		return `{"type":"BitstringStatusListEntry","statusPurpose":"x","statusListIndex":` + index + `,"statusListCredential":"a:b"` + more + `}`
	}
	for _, index := range []string{`"0"`, `"9"`, `"10"`, `"131071"`, `"9223372036854775807"`} {
		taken(t, true, "credentialStatus", entry(index, ""))
	}
	for _, index := range []string{`"00"`, `"01"`, `"+1"`, `" 1"`, `"1 "`, `"0x1"`, `"1e3"`, `"1_0"`, `"٣"`, `"9223372036854775808"`, `0`, `true`, `null`} {
		taken(t, false, "credentialStatus", entry(index, ""))
	}
	messages := func(n int) string {
		var out []string
		for i := range n {
			out = append(out, `{"status":"0x`+strconv.FormatInt(int64(i), 16)+`","message":"m"}`)
		}
		return `,"statusMessage":[` + strings.Join(out, ",") + `]`
	}
	for size := 1; size <= vcdm.MaxStatusSize; size++ {
		text := `,"statusSize":` + strconv.Itoa(size)
		taken(t, true, "credentialStatus", entry(`"1"`, text+messages(1<<size)))
		taken(t, false, "credentialStatus", entry(`"1"`, text+messages(1<<size-1)))
		taken(t, false, "credentialStatus", entry(`"1"`, text+messages(1<<size+1)))
	}
	taken(t, false, "credentialStatus", entry(`"1"`, `,"statusSize":9`+messages(1<<9)))
	taken(t, false, "credentialStatus", entry(`"1"`, `,"statusSize":1.5`))
	for _, status := range []string{`"0x100"`, `"0x"`, `"0xg"`, `"1"`, `"0X1"`, `1`} {
		taken(t, false, "credentialStatus", entry(`"1"`, `,"statusMessage":[{"status":"0x0","message":"m"},{"status":`+status+`,"message":"m"}]`))
	}
}

// TestEnvelopeEdges is the form of envelopes, value by value.
func TestEnvelopeEdges(t *testing.T) {
	for id, want := range map[string]vcdm.Envelope{
		"data:application/vc+jwt,a.b.c":           {MediaType: vcdm.MediaCredentialJWT, Content: "a.b.c"},
		"data:Application/VC+JWT,a.b.c":           {MediaType: vcdm.MediaCredentialJWT, Content: "a.b.c"},
		"data:application/vc+sd-jwt,a.b.c%7Ed%7E": {MediaType: vcdm.MediaCredentialSDJWT, Content: "a.b.c~d~"},
		"data:application/vc+jwt,a,b":             {MediaType: vcdm.MediaCredentialJWT, Content: "a,b"},
		"data:application/vc+cose;base64,a+b":     {MediaType: vcdm.MediaCredentialCOSE, Content: "a+b"},
	} {
		e, err := vcdm.OpenEnvelopedCredential(edit(t, envelopeV2, "id", quote(t, id)))
		if err != nil || e != want || e.IsZero() {
			t.Errorf("%s: %+v, %v", id, e, err)
		}
	}
	for _, id := range []string{
		"", "data:", "data:,", "data:,a", "application/vc+jwt,a", "x:application/vc+jwt,a", "data:application/vc+jwt", "data:application/vc+jwt;charset=utf-8,a",
		"data:application/vc+jwt,%", "data:application/vc+jwt;base64", "data: application/vc+jwt,a", "data:application/vc,a",
	} {
		if e, err := vcdm.OpenEnvelopedCredential(edit(t, envelopeV2, "id", quote(t, id))); err == nil || !e.IsZero() {
			t.Errorf("%s: taken as %+v", id, e)
		}
	}
	for _, context := range []string{
		`[]`, `null`, `{}`, `4`, `"https://www.w3.org/2018/credentials/v1"`, `[4]`, `["https://www.w3.org/ns/credentials/v2",null]`,
		`["https://www.w3.org/ns/credentials/v2","x"]`, `["https://www.w3.org/ns/credentials/v2","https://www.w3.org/2018/credentials/v1"]`,
	} {
		if _, err := vcdm.OpenEnvelopedCredential(edit(t, envelopeV2, "@context", context)); err == nil {
			t.Errorf("%s: taken", context)
		}
	}
	if _, err := vcdm.OpenEnvelopedCredential(edit(t, envelopeV2, "@context", `["https://www.w3.org/ns/credentials/v2",{"a":"b:c"}]`)); err != nil {
		t.Error(err)
	}
	if _, err := vcdm.OpenEnvelopedPresentation([]byte(`{`)); reason.Of(err) != reason.JSONSyntax {
		t.Error(err)
	}
	if !vcdm.IsEnveloped([]byte(envelopeV2)) || vcdm.IsEnveloped([]byte(envelopeV2+"}")) || !(vcdm.Envelope{}).IsZero() {
		t.Error("an envelope is not told from what is none")
	}
}

// TestVersionsMixed shows the base contexts of two versions in either order.
func TestVersionsMixed(t *testing.T) {
	both := `["https://www.w3.org/2018/credentials/v1","https://www.w3.org/ns/credentials/v2"]`
	if _, err := vcdm.CheckCredential(edit(t, credentialV1, "@context", both), open()); reason.Of(err) != reason.VCAmbiguous {
		t.Error(err)
	}
	twice := `["https://www.w3.org/2018/credentials/v1","https://www.w3.org/2018/credentials/v1"]`
	if s, err := vcdm.CheckCredential(edit(t, credentialV1, "@context", twice), open()); err != nil || s.Version != vcdm.V1 {
		t.Error(s.Version, err)
	}
}

// TestDigestEdges is the form of digests, value by value, over a resource whose digests are none of them.
func TestDigestEdges(t *testing.T) {
	zeros := func(n int) string { return strings.Repeat("A", n) }
	for text, want := range map[string]reason.Code{
		`"digestSRI":"sha256-` + zeros(43) + `="`:                   reason.SchemaUnusable,
		`"digestSRI":"sha384-` + zeros(64) + `"`:                    reason.SchemaUnusable,
		`"digestSRI":"sha512-` + zeros(86) + `=="`:                  reason.SchemaUnusable,
		`"digestSRI":"sha256` + zeros(43) + `="`:                    schemaInvalid,
		`"digestSRI":"-` + zeros(43) + `="`:                         schemaInvalid,
		`"digestSRI":"md5-` + zeros(22) + `=="`:                     schemaInvalid,
		`"digestSRI":"SHA256-` + zeros(43) + `="`:                   schemaInvalid,
		`"digestSRI":"sha256-` + zeros(42) + `B="`:                  schemaInvalid, // a bit that is not of the value
		`"digestSRI":"sha256-` + zeros(43) + `\n"`:                  schemaInvalid,
		`"digestSRI":"sha256-` + zeros(40) + `\n` + zeros(3) + `="`: schemaInvalid,
		`"digestSRI":"sha512-` + zeros(200) + `"`:                   schemaInvalid,
		`"digestSRI":"sha256-M` + zeros(44) + `="`:                  schemaInvalid,
		`"digestSRI":""`: schemaInvalid, `"digestSRI":4`: schemaInvalid, `"digestSRI":null`: schemaInvalid,
		`"digestMultibase":""`: schemaInvalid, `"digestMultibase":"u"`: schemaInvalid, `"digestMultibase":"uE"`: schemaInvalid,
		`"digestMultibase":"uEg"`: schemaInvalid, `"digestMultibase":"uEiA"`: schemaInvalid, `"digestMultibase":4`: schemaInvalid,
		`"digestMultibase":"uEiA` + zeros(43) + `"`:  reason.SchemaUnusable,
		`"digestMultibase":"uEiB` + zeros(43) + `"`:  reason.SchemaUnusable,
		`"digestMultibase":"uEiAA` + zeros(43) + `"`: schemaInvalid, // a byte too many
		`"digestMultibase":"uEh8` + zeros(43) + `"`:  schemaInvalid, // another length than it says
		`"digestMultibase":"uFiA` + zeros(43) + `"`:  schemaInvalid, // another hash
		`"digestMultibase":"mEiA` + zeros(43) + `"`:  schemaInvalid, // another base
		`"digestMultibase":"u` + zeros(200) + `"`:    schemaInvalid,
	} {
		rules := vcdm.Rules{Resources: map[string][]byte{"a:b": []byte("content")}}
		_, err := vcdm.CheckCredential(edit(t, credentialV2, "relatedResource", `{"id":"a:b",`+text+`}`), rules)
		if reason.Of(err) != want {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := vcdm.CheckCredential(edit(t, credentialV1, "relatedResource", `4`), open()); err != nil {
		t.Errorf("version 1.1 has no related resources: %v", err)
	}
}

// TestSchemaEdges shows schemas that are just not too large, and credentials that hold none.
func TestSchemaEdges(t *testing.T) {
	sized := func(n int) []byte {
		head, tail := `{"$ref":"#/$defs/a","$defs":{"a":{"title":"`, `"}}}`
		return []byte(head + strings.Repeat("a", n-len(head)-len(tail)) + tail)
	}
	known := map[string][]byte{
		"a:fits": sized(vcdm.MaxSchemaSize), "a:long": sized(vcdm.MaxSchemaSize + 1), "a:refers": []byte(`{"$ref":"a:fits"}`), "a:refers-long": []byte(`{"$ref":"a:long"}`),
		"a:refers-text": []byte(`{"$ref":"a:text"}`), "a:text": []byte(`text`),
		"a:about":  []byte(`{"type":["JsonSchemaCredential"],"credentialSubject":{"type":"Other","jsonSchema":{}}}`),
		"a:nobody": []byte(`{"type":["JsonSchemaCredential"],"credentialSubject":[{"type":"JsonSchema","jsonSchema":{}}]}`),
		"a:array":  []byte(`{"type":["JsonSchemaCredential"],"credentialSubject":{"type":"JsonSchema","jsonSchema":[]}}`),
		"a:list":   []byte(`[]`), "a:untyped": []byte(`{"credentialSubject":{"type":"JsonSchema","jsonSchema":{}}}`),
		"a:good": []byte(`{"type":"JsonSchemaCredential","credentialSubject":{"type":"JsonSchema","jsonSchema":{}}}`),
	}
	for url, typ := range map[string]string{"a:fits": "JsonSchema", "a:refers": "JsonSchema", "a:good": "JsonSchemaCredential"} {
		raw := edit(t, credentialV2, "credentialSchema", `{"id":"`+url+`","type":"`+typ+`"}`)
		if _, err := vcdm.CheckCredential(raw, vcdm.Rules{Resources: known}); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	for url, typ := range map[string]string{
		"a:long": "JsonSchema", "a:refers-long": "JsonSchema", "a:refers-text": "JsonSchema", "a:about": "JsonSchemaCredential", "a:nobody": "JsonSchemaCredential",
		"a:array": "JsonSchemaCredential", "a:list": "JsonSchemaCredential", "a:untyped": "JsonSchemaCredential",
	} {
		raw := edit(t, credentialV2, "credentialSchema", `{"id":"`+url+`","type":"`+typ+`"}`)
		if _, err := vcdm.CheckCredential(raw, vcdm.Rules{Resources: known}); reason.Of(err) != reason.SchemaUnusable {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// TestPresentationSummary shows what is learnt of a presentation.
func TestPresentationSummary(t *testing.T) {
	raw := edit(t, presentationV2, "verifiableCredential", `[`+credentialV2+`,`+envelopeV2+`]`, "id", `"urn:a:b"`)
	s, err := vcdm.CheckPresentation(raw, open())
	if err != nil {
		t.Fatal(err)
	}
	if s.Holder != "did:example:holder" || s.ID != "urn:a:b" || len(s.Held) != 2 || s.Issuer != "" {
		t.Errorf("%+v", s)
	}
	first, second := s.Held[0], s.Held[1]
	if !first.Envelope.IsZero() || first.Summary.Issuer != "did:example:issuer" || !strings.Contains(string(first.Raw), "did:example:issuer") {
		t.Errorf("%+v", first)
	}
	if second.Envelope.MediaType != vcdm.MediaCredentialJWT || second.Summary.Issuer != "" || !strings.Contains(string(second.Raw), "data:") {
		t.Errorf("%+v", second)
	}
	taken(t, false, "credentialSubject", `{"type":4}`)
	taken(t, false, "credentialSubject", `{"type":["https://a.example/",""]}`)
	if s, err := vcdm.CheckCredential(edit(t, credentialV2, "credentialSubject", `[{"name":"a"},{"id":"a:b"}]`), open()); err != nil || len(s.Subjects) != 1 {
		t.Errorf("%v %v", s.Subjects, err)
	}
}
