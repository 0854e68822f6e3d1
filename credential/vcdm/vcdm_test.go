// SPDX-License-Identifier: Apache-2.0

package vcdm_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/reason"
)

// credentialV2, credentialV1 and presentationV2 are good documents that the cases change.
const credentialV2 = `{
	"@context":["https://www.w3.org/ns/credentials/v2"],
	"id":"urn:uuid:0d6f5c9e-3a61-4a2b-9c56-2f1b0f3f7c11",
	"type":["VerifiableCredential"],
	"issuer":"did:example:issuer",
	"validFrom":"2026-01-01T00:00:00Z",
	"credentialSubject":{"id":"did:example:subject"}}`

const credentialV1 = `{
	"@context":["https://www.w3.org/2018/credentials/v1"],
	"type":["VerifiableCredential"],
	"issuer":"did:example:issuer",
	"issuanceDate":"2026-01-01T00:00:00Z",
	"credentialSubject":{"id":"did:example:subject"}}`

const presentationV2 = `{
	"@context":["https://www.w3.org/ns/credentials/v2"],
	"type":["VerifiablePresentation"],
	"holder":"did:example:holder",
	"verifiableCredential":[` + credentialV2 + `]}`

const envelopeV2 = `{"@context":"https://www.w3.org/ns/credentials/v2",
	"type":"EnvelopedVerifiableCredential","id":"data:application/vc+jwt,eyJhbGciOiJFUzI1NiJ9.e30.c2ln"}`

const inline = `["https://www.w3.org/ns/credentials/v2",{"Mine":"https://example.org/#Mine","nowhere":null}]`

// edit returns base with each path, of names parted by "/", set to the JSON that follows it, or
// removed where that is "".
func edit(t testing.TB, base string, changes ...string) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(base), &doc); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		at, path := doc, strings.Split(changes[i], "/")
		for _, name := range path[:len(path)-1] {
			at = at[name].(map[string]any)
		}
		last := path[len(path)-1]
		if changes[i+1] == "" {
			delete(at, last)
			continue
		}
		var v any
		if err := json.Unmarshal([]byte(changes[i+1]), &v); err != nil {
			t.Fatalf("%s: %v", changes[i+1], err)
		}
		at[last] = v
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// open accepts what the test server accepts: both versions, inline contexts.
func open() vcdm.Rules {
	return vcdm.Rules{Profile: jsonld.Open, Oldest: vcdm.V1, Absent: vcdm.Report}
}

// modelCase is one change of a good document and what comes of it. The name begins with the number
// of the clause in the requirements of conformance, §3.
type modelCase struct {
	name    string
	changes []string
	want    reason.Code // "": it passes
}

func ok(name string, changes ...string) modelCase { return modelCase{name, changes, ""} }

func bad(want reason.Code, name string, changes ...string) modelCase {
	return modelCase{name, changes, want}
}

const (
	schemaInvalid = reason.CredentialSchemaInvalid
	notAbsolute   = reason.JSONLDRelativeIRI
	badContext    = reason.VCContextInvalid
)

func run(t *testing.T, base string, check func([]byte, vcdm.Rules) (vcdm.Summary, error), cases []modelCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := check(edit(t, base, c.changes...), open())
			if got := reason.Of(err); got != c.want {
				t.Errorf("got %q, want %q: %v", got, c.want, err)
			}
		})
	}
}

func TestModel(t *testing.T) {
	run(t, credentialV2, vcdm.CheckCredential, []modelCase{
		ok("0 the document as it is"),
		bad(badContext, "1 context missing", "@context", ""),
		bad(badContext, "1 context a string", "@context", `"https://www.w3.org/ns/credentials/v2"`),
		bad(badContext, "1 context empty", "@context", `[]`),
		bad(badContext, "1 context null", "@context", `null`),
		bad(badContext, "1 base context second", "@context", `["https://www.w3.org/ns/credentials/examples/v2","https://www.w3.org/ns/credentials/v2"]`),
		bad(badContext, "1 base context absent", "@context", `["https://www.w3.org/ns/credentials/examples/v2"]`),
		bad(badContext, "1 base context an object", "@context", `[{"Mine":"https://example.org/#Mine"}]`),
		bad(reason.VCAmbiguous, "1 base contexts of two versions", "@context", `["https://www.w3.org/ns/credentials/v2","https://www.w3.org/2018/credentials/v1"]`),
		ok("2 a URL and an object", "@context", `["https://www.w3.org/ns/credentials/v2","https://www.w3.org/ns/credentials/examples/v2",{"Mine":"https://example.org/#Mine"}]`),
		bad(badContext, "2 a number", "@context", `["https://www.w3.org/ns/credentials/v2",123]`),
		bad(badContext, "2 null", "@context", `["https://www.w3.org/ns/credentials/v2",null]`),
		bad(badContext, "2 a boolean", "@context", `["https://www.w3.org/ns/credentials/v2",true]`),
		bad(badContext, "2 an array", "@context", `["https://www.w3.org/ns/credentials/v2",[]]`),
		bad(badContext, "2 a string that is no URL", "@context", `["https://www.w3.org/ns/credentials/v2","examples"]`),
		bad(reason.JSONLDContextUnknown, "2 a URL that is not embedded", "@context", `["https://www.w3.org/ns/credentials/v2","https://contexts.example/unknown"]`),

		bad(badContext, "3 a protected term defined anew", "@context",
			`["https://www.w3.org/ns/credentials/v2",{"name":"https://example.org/#name"}]`),
		bad(badContext, "3 a protected type defined anew", "@context",
			`["https://www.w3.org/ns/credentials/v2",{"VerifiableCredential":"https://example.org/#Mine"}]`),

		ok("5 no id", "id", ""),
		ok("5 id of another scheme", "id", `"did:example:123#cred"`),
		ok("5 id an https URL", "id", `"https://issuer.example/credentials/1?a=b#c"`),
		ok("5 id an IRI", "id", `"https://issuer.example/Zoë"`),
		bad(schemaInvalid, "5 id null", "id", `null`),
		bad(schemaInvalid, "5 id a number", "id", `1`),
		bad(schemaInvalid, "5 id an array", "id", `["urn:a:b"]`),
		bad(schemaInvalid, "5 id two", "id", `["urn:a:b","urn:a:c"]`),
		bad(notAbsolute, "5 id no URL", "id", `"not-a-url"`),
		bad(notAbsolute, "5 id with a space", "id", `"urn:a: b"`),
		bad(notAbsolute, "5 id without host", "id", `"https://"`),
		bad(notAbsolute, "5 id with an odd scheme", "id", `"1a:b"`),
		bad(notAbsolute, "5 id empty", "id", `""`),
		bad(notAbsolute, "5 subject id no URL", "credentialSubject/id", `"someone"`),
		bad(schemaInvalid, "5 subject id null", "credentialSubject/id", `null`),
		bad(schemaInvalid, "5 subject ids", "credentialSubject/id", `["urn:a:b","urn:a:c"]`),

		bad(schemaInvalid, "6 type missing", "type", ""),
		ok("6 subject type", "credentialSubject/type", `"https://example.org/#Person"`),
		ok("7 one value as a string", "type", `"VerifiableCredential"`),
		ok("7 a URL", "type", `["VerifiableCredential","https://example.org/#Mine"]`),
		ok("7 another order", "type", `["https://example.org/#Mine","VerifiableCredential"]`),
		ok("7 a term of an inline context", "@context", inline, "type", `["Mine","VerifiableCredential"]`),
		bad(notAbsolute, "7 a term that nothing defines", "type", `["VerifiableCredential","Nobody"]`),
		bad(notAbsolute, "7 a term that is mapped to null", "@context", inline, "type", `["VerifiableCredential","nowhere"]`),
		bad(badContext, "7 a term that is mapped to no URL", "@context",
			`["https://www.w3.org/ns/credentials/v2",{"Odd":"not an IRI"}]`, "type", `["VerifiableCredential","Odd"]`),
		bad(schemaInvalid, "7 type a number", "type", `4`),
		bad(schemaInvalid, "7 type null", "type", `null`),
		bad(schemaInvalid, "7 type empty", "type", `[]`),
		bad(schemaInvalid, "7 a number among the types", "type", `["VerifiableCredential",4]`),
		bad(notAbsolute, "7 subject type that nothing defines", "credentialSubject/type", `"Nobody"`),
		bad(schemaInvalid, "8 another type alone", "type", `["https://example.org/#Mine"]`),
		bad(schemaInvalid, "8 a presentation's type", "type", `["VerifiablePresentation"]`),

		bad(schemaInvalid, "10 issuer missing", "issuer", ""),
		bad(schemaInvalid, "10 issuer null", "issuer", `null`),
		bad(schemaInvalid, "10 issuer a number", "issuer", `4`),
		bad(schemaInvalid, "10 issuer an array", "issuer", `["did:example:issuer"]`),
		bad(notAbsolute, "10 issuer no URL", "issuer", `"issuer"`),
		ok("10 issuer an object", "issuer", `{"id":"did:example:issuer","name":"Issuer"}`),
		bad(schemaInvalid, "10 issuer without id", "issuer", `{"name":"Issuer"}`),
		bad(schemaInvalid, "10 issuer id null", "issuer", `{"id":null}`),
		bad(notAbsolute, "10 issuer id no URL", "issuer", `{"id":"issuer"}`),

		bad(schemaInvalid, "11 subject missing", "credentialSubject", ""),
		bad(schemaInvalid, "11 subject a string", "credentialSubject", `"did:example:subject"`),
		bad(schemaInvalid, "11 subject null", "credentialSubject", `null`),
		bad(schemaInvalid, "11 subject empty", "credentialSubject", `{}`),
		bad(schemaInvalid, "11 no subjects", "credentialSubject", `[]`),
		ok("11 two subjects", "credentialSubject", `[{"id":"did:example:a"},{"id":"did:example:b"}]`),
		bad(schemaInvalid, "11 an empty subject among others", "credentialSubject", `[{"id":"did:example:a"},{}]`),
		bad(schemaInvalid, "11 a string among subjects", "credentialSubject", `[{"id":"did:example:a"},"did:example:b"]`),

		ok("13 an offset", "validFrom", `"2026-01-01T00:00:00-05:00"`),
		ok("13 a fraction", "validFrom", `"2026-01-01T00:00:00.123456789012Z"`),
		ok("13 midnight at the end of a day", "validFrom", `"2026-01-01T24:00:00Z"`),
		ok("13 midnight with a fraction of zeros", "validFrom", `"2026-01-01T24:00:00.000Z"`),
		bad(schemaInvalid, "13 after midnight at the end of a day", "validFrom", `"2026-01-01T24:00:01Z"`),
		bad(schemaInvalid, "13 after midnight by a fraction", "validFrom", `"2026-01-01T24:00:00.1Z"`),
		bad(schemaInvalid, "13 no zone", "validFrom", `"2026-01-01T00:00:00"`),
		bad(schemaInvalid, "13 two-digit year", "validFrom", `"26-01-01T00:00:00Z"`),
		bad(schemaInvalid, "13 a date alone", "validFrom", `"2026-01-01"`),
		bad(schemaInvalid, "13 no such day", "validFrom", `"2026-02-29T00:00:00Z"`),
		bad(schemaInvalid, "13 no such zone", "validFrom", `"2026-01-01T00:00:00+14:01"`),
		bad(schemaInvalid, "13 a leap second", "validFrom", `"2026-06-30T23:59:60Z"`),
		bad(schemaInvalid, "13 small letters", "validFrom", `"2026-01-01t00:00:00z"`),
		bad(schemaInvalid, "13 a fraction without digits", "validFrom", `"2026-01-01T00:00:00.Z"`),
		bad(schemaInvalid, "13 a number", "validFrom", `1767225600`),
		bad(schemaInvalid, "13 validUntil null", "validUntil", `null`),
		ok("14 equal", "validUntil", `"2026-01-01T01:00:00+01:00"`),
		bad(schemaInvalid, "14 the end before the start", "validUntil", `"2025-12-31T23:59:59Z"`),
		bad(reason.VCAmbiguous, "16 issuanceDate in 2.0", "issuanceDate", `"2026-01-01T00:00:00Z"`),
		bad(reason.VCAmbiguous, "16 expirationDate in 2.0", "expirationDate", `"2027-01-01T00:00:00Z"`),
	})
}

func TestModelNames(t *testing.T) {
	var cases []modelCase
	for _, member := range []string{"name", "description", "issuer/name", "issuer/description"} {
		cases = append(cases,
			ok("9 text "+member, member, `"A name"`),
			ok("9 value object "+member, member, `{"@value":"A name"}`),
			ok("9 language and direction "+member, member, `{"@value":"A name","@language":"en-GB","@direction":"ltr"}`),
			ok("9 array "+member, member, `[{"@value":"A name","@language":"en"},{"@value":"Ein Name","@language":"de"}]`),
			bad(schemaInvalid, "9 further member "+member, member, `{"@value":"A name","@language":"en","url":"did:example:a"}`),
			bad(schemaInvalid, "9 no value "+member, member, `{"@language":"en"}`),
			bad(schemaInvalid, "9 value a number "+member, member, `{"@value":4}`),
			bad(schemaInvalid, "9 language a number "+member, member, `{"@value":"A","@language":4}`),
			bad(schemaInvalid, "9 no such language "+member, member, `{"@value":"A","@language":"no language"}`),
			bad(schemaInvalid, "9 no such direction "+member, member, `{"@value":"A","@direction":"up"}`),
			bad(schemaInvalid, "9 a number "+member, member, `4`),
			bad(schemaInvalid, "9 null "+member, member, `null`),
			bad(schemaInvalid, "9 empty array "+member, member, `[]`),
			bad(schemaInvalid, "9 array of texts "+member, member, `["A"]`),
		)
	}
	run(t, string(edit(t, credentialV2, "issuer", `{"id":"did:example:issuer"}`)), vcdm.CheckCredential, cases)
}

func TestModelStatus(t *testing.T) {
	const entry = `{"id":"https://issuer.example/status/1#7","type":"BitstringStatusListEntry","statusPurpose":"revocation",
		"statusListIndex":"7","statusListCredential":"https://issuer.example/status/1"}`
	const at = "credentialStatus/"
	run(t, string(edit(t, credentialV2, "credentialStatus", entry)), vcdm.CheckCredential, []modelCase{
		ok("17 an entry"),
		ok("17 no id", at+"id", ""),
		ok("17 another type by URL", "credentialStatus", `{"id":"did:example:status","type":"https://example.org/#Other"}`),
		ok("17 two entries", "credentialStatus", `[`+entry+`,{"type":"https://example.org/#Other"}]`),
		bad(schemaInvalid, "17 no entries", "credentialStatus", `[]`),
		bad(schemaInvalid, "17 a string", "credentialStatus", `"https://issuer.example/status/1"`),
		bad(schemaInvalid, "17 null", "credentialStatus", `null`),
		bad(schemaInvalid, "17 no type", at+"type", ""),
		bad(notAbsolute, "17 a type that nothing defines", at+"type", `"Nobody"`),
		bad(notAbsolute, "17 id no URL", at+"id", `"seven"`),
		bad(schemaInvalid, "17 two ids", at+"id", `["urn:a:b","urn:a:c"]`),
		bad(reason.StatusIndex, "72 index a number", at+"statusListIndex", `7`),
		bad(reason.StatusIndex, "72 index negative", at+"statusListIndex", `"-1"`),
		bad(reason.StatusIndex, "72 index a fraction", at+"statusListIndex", `"1.5"`),
		bad(reason.StatusIndex, "72 index empty", at+"statusListIndex", `""`),
		bad(reason.StatusIndex, "72 index missing", at+"statusListIndex", ""),
		bad(schemaInvalid, "72 purpose missing", at+"statusPurpose", ""),
		bad(schemaInvalid, "72 purpose a number", at+"statusPurpose", `1`),
		bad(schemaInvalid, "72 list missing", at+"statusListCredential", ""),
		bad(schemaInvalid, "72 list no URL", at+"statusListCredential", `"list"`),
		bad(schemaInvalid, "72 id is the list", at+"id", `"https://issuer.example/status/1"`),
		ok("73 two bits with messages", at+"statusSize", `2`, at+"statusMessage",
			`[{"status":"0x0","message":"a"},{"status":"0x1","message":"b"},{"status":"0x2","message":"c"},{"status":"0x3","message":"d"}]`),
		bad(schemaInvalid, "73 two bits without messages", at+"statusSize", `2`),
		bad(schemaInvalid, "73 too few messages", at+"statusSize", `2`, at+"statusMessage", `[{"status":"0x0","message":"a"}]`),
		bad(schemaInvalid, "73 a status that is not hexadecimal", at+"statusMessage", `[{"status":"0","message":"a"},{"status":"0x1","message":"b"}]`),
		bad(schemaInvalid, "73 a message without text", at+"statusMessage", `[{"status":"0x0"},{"status":"0x1","message":"b"}]`),
		bad(schemaInvalid, "73 one message that is no array", at+"statusMessage", `{"status":"0x0","message":"a"}`),
		bad(schemaInvalid, "73 purpose message without messages", at+"statusPurpose", `"message"`),
		bad(reason.StatusValueUnknown, "73 size zero", at+"statusSize", `0`),
		bad(reason.StatusValueUnknown, "73 size a string", at+"statusSize", `"1"`),
		ok("73 references", at+"statusReference", `["https://issuer.example/about"]`),
		bad(schemaInvalid, "73 reference no URL", at+"statusReference", `"about"`),
	})
}

func TestModelServices(t *testing.T) {
	var cases []modelCase
	for _, member := range []string{"refreshService", "termsOfUse", "evidence"} {
		cases = append(cases,
			ok("22 "+member, member, `{"id":"https://issuer.example/x","type":"https://example.org/#Mine"}`),
			ok("22 "+member+" without id", member, `{"type":"https://example.org/#Mine"}`),
			ok("22 "+member+" twice", member, `[{"type":"https://example.org/#Mine"},{"type":"https://example.org/#Yours"}]`),
			bad(schemaInvalid, "22 "+member+" without type", member, `{"id":"https://issuer.example/x"}`),
			bad(schemaInvalid, "22 "+member+" without type among others", member, `[{"type":"https://example.org/#Mine"},{"id":"urn:a:b"}]`),
			bad(notAbsolute, "22 "+member+" type that nothing defines", member, `{"type":"Nobody"}`),
			bad(notAbsolute, "5 "+member+" id no URL", member, `{"id":"x","type":"https://example.org/#Mine"}`),
			bad(schemaInvalid, "5 "+member+" id null", member, `{"id":null,"type":"https://example.org/#Mine"}`),
			bad(schemaInvalid, "22 "+member+" a string", member, `"x"`),
			bad(schemaInvalid, "22 "+member+" empty", member, `[]`),
		)
	}
	cases = append(cases,
		ok("23 confidenceMethod is carried along", "confidenceMethod", `{"anything":[1]}`),
		ok("23 renderMethod is carried along", "renderMethod", `"anything"`),
	)
	run(t, credentialV2, vcdm.CheckCredential, cases)
}

func TestModelSchema(t *testing.T) {
	const at = "credentialSchema/"
	base := edit(t, credentialV2, "credentialSchema", `{"id":"https://issuer.example/schema.json","type":"JsonSchema"}`)
	run(t, string(base), vcdm.CheckCredential, []modelCase{
		ok("18 a schema"),
		ok("18 two schemas", "credentialSchema", `[{"id":"https://a.example/","type":"JsonSchema"},{"id":"did:example:schemas/1","type":"https://example.org/#Other"}]`),
		bad(schemaInvalid, "18 no id", at+"id", ""),
		bad(schemaInvalid, "18 numeric id", at+"id", `7`),
		bad(notAbsolute, "18 id no URL", at+"id", `"schema"`),
		bad(schemaInvalid, "18 no type", at+"type", ""),
		bad(notAbsolute, "18 a type that nothing defines", at+"type", `"Nobody"`),
		bad(schemaInvalid, "18 a string", "credentialSchema", `"https://a.example/"`),
		bad(schemaInvalid, "18 digestSRI malformed", at+"digestSRI", `"sha256-short"`),
	})
}

func TestVersion1(t *testing.T) {
	run(t, credentialV1, vcdm.CheckCredential, []modelCase{
		ok("16 the document as it is"),
		ok("16 expirationDate", "expirationDate", `"2026-01-01T00:00:00Z"`),
		bad(schemaInvalid, "16 issuanceDate missing", "issuanceDate", ""),
		bad(schemaInvalid, "16 issuanceDate malformed", "issuanceDate", `"2026-01-01"`),
		bad(schemaInvalid, "16 expirationDate malformed", "expirationDate", `"tomorrow"`),
		bad(schemaInvalid, "16 expirationDate earlier", "expirationDate", `"2025-01-01T00:00:00Z"`),
		bad(reason.VCAmbiguous, "16 validFrom in 1.1", "validFrom", `"2026-01-01T00:00:00Z"`),
		bad(reason.VCAmbiguous, "16 validUntil in 1.1", "validUntil", `"2026-01-01T00:00:00Z"`),
		bad(schemaInvalid, "16 status without id", "credentialStatus", `{"type":"https://example.org/#Mine"}`),
		bad(schemaInvalid, "16 refreshService without id", "refreshService", `{"type":"https://example.org/#Mine"}`),
		ok("16 evidence without id", "evidence", `{"type":"https://example.org/#Mine"}`),
		bad(schemaInvalid, "16 issuer missing", "issuer", ""),
	})
	t.Run("16 only where it is allowed", func(t *testing.T) {
		_, err := vcdm.CheckCredential([]byte(credentialV1), vcdm.Rules{})
		if reason.Of(err) != badContext {
			t.Error(err)
		}
	})
}

func TestPresentation(t *testing.T) {
	const vc = "verifiableCredential"
	long := `[` + strings.Repeat(credentialV2+",", vcdm.MaxCredentials) + credentialV2 + `]`
	change := func(changes ...string) string { return string(edit(t, credentialV2, changes...)) }
	wrap := func(changes ...string) string { return string(edit(t, envelopeV2, changes...)) }
	run(t, presentationV2, vcdm.CheckPresentation, []modelCase{
		ok("25 the document as it is"),
		ok("25 no credential", vc, ""),
		ok("25 one credential that is no array", vc, credentialV2),
		ok("28 two credentials", vc, `[`+credentialV2+`,`+credentialV1+`]`),
		bad(reason.LimitChain, "25 too many credentials", vc, long),
		bad(reason.JSONType, "25 a string", vc, `["eyJhbGciOiJFUzI1NiJ9.e30.c2ln"]`),
		bad(reason.JSONType, "25 a URL", vc, `"https://issuer.example/credentials/1"`),
		bad(reason.JSONType, "25 a number", vc, `[1]`),
		bad(reason.JSONType, "25 null", vc, `null`),
		bad(reason.JSONType, "25 an empty array", vc, `[]`),
		bad(badContext, "1 context missing", "@context", ""),
		bad(badContext, "1 base context absent", "@context", `["https://www.w3.org/ns/credentials/examples/v2"]`),
		bad(reason.JSONMemberMissing, "6 type missing", "type", ""),
		bad(reason.JSONType, "8 another type", "type", `["VerifiableCredential"]`),
		ok("8 a further type", "type", `["VerifiablePresentation","https://example.org/#Mine"]`),
		bad(notAbsolute, "7 a type that nothing defines", "type", `["VerifiablePresentation","Nobody"]`),
		bad(notAbsolute, "5 id no URL", "id", `"x"`),
		bad(reason.JSONType, "5 id null", "id", `null`),
		ok("28 no holder", "holder", ""),
		ok("28 holder an object", "holder", `{"id":"did:example:holder"}`),
		bad(reason.JSONMemberMissing, "28 holder without id", "holder", `{"name":"Bob"}`),
		bad(reason.JSONType, "28 holder a number", "holder", `1`),
		bad(notAbsolute, "28 holder no URL", "holder", `"Bob"`),
		bad(reason.JSONMemberMissing, "22 terms without type", "termsOfUse", `{"id":"urn:a:b"}`),
		bad(schemaInvalid, "30 a malformed credential", vc, `[`+change("issuer", "")+`]`),
		bad(schemaInvalid, "30 a malformed credential among good ones", vc, `[`+credentialV2+`,`+change("type", `"https://example.org/#Mine"`)+`]`),
		ok("26 an envelope", vc, `[`+envelopeV2+`]`),
		ok("26 an envelope with an array of contexts", vc, wrap("@context", `["https://www.w3.org/ns/credentials/v2"]`)),
		ok("26 sd-jwt", vc, wrap("id", `"data:application/vc+sd-jwt,a.b.c~"`)),
		ok("26 cose", vc, wrap("id", `"data:application/vc+cose;base64,0oRE"`)),
		bad(schemaInvalid, "26 no data URL", vc, wrap("id", `"https://issuer.example/1"`)),
		bad(schemaInvalid, "26 empty payload", vc, wrap("id", `"data:application/vc+jwt,"`)),
		bad(schemaInvalid, "26 no comma", vc, wrap("id", `"data:application/vc+jwt;eyJ"`)),
		bad(schemaInvalid, "26 another media type", vc, wrap("id", `"data:text/plain,eyJ"`)),
		bad(schemaInvalid, "26 a presentation's media type", vc, wrap("id", `"data:application/vp+jwt,eyJ"`)),
		bad(schemaInvalid, "26 no id", vc, wrap("id", "")),
		bad(schemaInvalid, "26 a broken escape", vc, wrap("id", `"data:application/vc+jwt,%zz"`)),
		bad(badContext, "26 no context", vc, wrap("@context", "")),
		bad(badContext, "26 another context first", vc, wrap("@context", `["https://www.w3.org/ns/credentials/examples/v2"]`)),
		bad(badContext, "26 a number behind the context", vc, wrap("@context", `["https://www.w3.org/ns/credentials/v2",1]`)),
		bad(badContext, "26 no type", vc, wrap("type", "")), // it is held to be a credential then
		bad(schemaInvalid, "26 a further type", vc, wrap("type", `["EnvelopedVerifiableCredential","https://example.org/#Mine"]`)),
	})
}

func TestEnvelopedPresentation(t *testing.T) {
	const envelope = `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":"EnvelopedVerifiablePresentation",
		"id":"data:application/vp+jwt,eyJhbGciOiJFUzI1NiJ9.e30.c2ln"}`
	e, err := vcdm.OpenEnvelopedPresentation([]byte(envelope))
	if err != nil || e.MediaType != vcdm.MediaPresentationJWT || e.Content != "eyJhbGciOiJFUzI1NiJ9.e30.c2ln" || e.IsZero() {
		t.Errorf("27 an envelope: %+v, %v", e, err)
	}
	if !vcdm.IsEnveloped([]byte(envelope)) || vcdm.IsEnveloped([]byte(credentialV2)) || vcdm.IsEnveloped([]byte(`[]`)) {
		t.Error("27 an envelope is not told from a credential")
	}
	for name, c := range map[string][]string{
		"27 a credential's media type": {"id", `"data:application/vc+jwt,eyJ"`},
		"27 another type":              {"type", `"EnvelopedVerifiableCredential"`},
		"27 empty payload":             {"id", `"data:application/vp+jwt,"`},
		"27 id a number":               {"id", `7`},
		"27 no context":                {"@context", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if e, err := vcdm.OpenEnvelopedPresentation(edit(t, envelope, c...)); err == nil {
				t.Errorf("taken: %+v", e)
			}
		})
	}
	if _, err := vcdm.OpenEnvelopedCredential([]byte(`[`)); reason.Of(err) != reason.JSONSyntax {
		t.Error(err)
	}
}

func TestSummary(t *testing.T) {
	raw := edit(t, credentialV2, "validUntil", `"2026-06-01T24:00:00.5Z"`, "issuer", `{"id":"did:example:issuer"}`)
	if _, err := vcdm.CheckCredential(raw, open()); err == nil {
		t.Error("a fraction behind 24:00:00")
	}
	raw = edit(t, credentialV2, "validFrom", `"2026-01-01T00:00:00.25-05:00"`, "validUntil", `"2026-06-01T24:00:00Z"`,
		"issuer", `{"id":"did:example:issuer"}`,
		"credentialStatus", `{"type":"BitstringStatusListEntry","statusPurpose":"revocation","statusListIndex":"7","statusListCredential":"https://issuer.example/status/1"}`)
	s, err := vcdm.CheckCredential(raw, open())
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 1, 1, 5, 0, 0, 250_000_000, time.UTC)
	until := time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC)
	if s.Version != vcdm.V2 || s.Issuer != "did:example:issuer" || len(s.Subjects) != 1 || !s.ValidFrom.Equal(from) || !s.ValidUntil.Equal(until) {
		t.Errorf("%+v", s)
	}
	if len(s.Status) != 1 || !s.Status[0].Bitstring() || s.Status[0].Index != 7 || s.Status[0].Size != 1 || s.Status[0].List != "https://issuer.example/status/1" {
		t.Errorf("%+v", s.Status)
	}
	for at, want := range map[time.Time]reason.Code{
		{}:                       reason.InternalIndeterminate,
		from.Add(-1):             reason.CredentialNotYetValid,
		from:                     "",
		until.Add(-1):            "",
		until:                    reason.CredentialExpired,
		until.Add(24 * 365 * 99): reason.CredentialExpired,
	} {
		if got := reason.Of(s.Valid(at)); got != want {
			t.Errorf("15 at %v: %q, want %q", at, got, want)
		}
	}
}

func TestBounds(t *testing.T) {
	many := func(item string, n int) string {
		return `[` + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + `]`
	}
	for name, c := range map[string]modelCase{
		"contexts": bad(reason.LimitMembers, "", "@context", many(`"https://www.w3.org/ns/credentials/v2"`, vcdm.MaxContexts+1)),
		"types":    bad(reason.LimitMembers, "", "type", many(`"VerifiableCredential"`, vcdm.MaxTypes+1)),
		"subjects": bad(reason.LimitMembers, "", "credentialSubject", many(`{"id":"urn:a:b"}`, vcdm.MaxObjects+1)),
		"schemas":  bad(reason.LimitMembers, "", "credentialSchema", many(`{"id":"urn:a:b","type":"JsonSchema"}`, vcdm.MaxSchemas+1)),
		"resources": bad(reason.LimitMembers, "", "relatedResource",
			many(`{"id":"urn:a:b","digestSRI":"sha256-short"}`, vcdm.MaxResources+1)),
		"document": bad(reason.LimitBody, "", "name", `"`+strings.Repeat("a", vcdm.MaxDocument)+`"`),
		"a URL":    bad(notAbsolute, "", "id", `"urn:a:`+strings.Repeat("a", vcdm.MaxURL)+`"`),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := vcdm.CheckCredential(edit(t, credentialV2, c.changes...), open()); reason.Of(err) != c.want {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	for text, want := range map[string]reason.Code{
		`[]`:                reason.JSONType,
		`{`:                 reason.JSONSyntax,
		`{"a":1,"a":1}`:     reason.JSONDuplicateName,
		`{"a":{"b":1e999}}`: reason.JSONNumberForm,
	} {
		if _, err := vcdm.CheckCredential([]byte(text), open()); reason.Of(err) != want {
			t.Errorf("%s: %v", text, err)
		}
		if _, err := vcdm.CheckPresentation([]byte(text), open()); reason.Of(err) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestRelatedResource(t *testing.T) {
	content := []byte(`{"an":"image"}`)
	s256, s384, s512 := sha256.Sum256(content), sha512.Sum384(content), sha512.Sum512(content)
	sri := func(name string, sum []byte) string { return name + "-" + base64.StdEncoding.EncodeToString(sum) }
	hash := func(base multiformat.Base, code byte, sum []byte) string {
		text, err := multiformat.Encode(base, append([]byte{code, byte(len(sum))}, sum...))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	entry := func(parts ...string) string {
		m := map[string]string{"id": "https://issuer.example/image"}
		for i := 0; i < len(parts); i += 2 {
			m[parts[i]] = parts[i+1]
		}
		raw, _ := json.Marshal(m)
		return string(raw)
	}
	wrong := sha256.Sum256([]byte("else"))
	for name, c := range map[string]struct {
		value string
		want  reason.Code
	}{
		"21 sha256":                              {entry("digestSRI", sri("sha256", s256[:])), ""},
		"21 sha384":                              {entry("digestSRI", sri("sha384", s384[:])), ""},
		"21 sha512":                              {entry("digestSRI", sri("sha512", s512[:])), ""},
		"21 sha256 with the prefix of multibase": {entry("digestSRI", strings.Replace(sri("sha256", s256[:]), "-", "-M", 1)), ""},
		"21 another prefix":                      {entry("digestSRI", strings.Replace(sri("sha256", s256[:]), "-", "-m", 1)), schemaInvalid},
		"20 wrong digestSRI with the prefix":     {entry("digestSRI", strings.Replace(sri("sha256", wrong[:]), "-", "-M", 1)), reason.SchemaUnusable},
		"21 multihash base64url":                 {entry("digestMultibase", hash(multiformat.Base64URL, 0x12, s256[:])), ""},
		"21 multihash base58btc":                 {entry("digestMultibase", hash(multiformat.Base58BTC, 0x13, s512[:])), ""},
		"21 multihash sha384":                    {entry("digestMultibase", hash(multiformat.Base58BTC, 0x20, s384[:])), ""},
		"21 both":                                {entry("digestSRI", sri("sha256", s256[:]), "digestMultibase", hash(multiformat.Base64URL, 0x12, s256[:])), ""},
		"21 both, one of them wrong":             {entry("digestSRI", sri("sha256", s256[:]), "digestMultibase", hash(multiformat.Base64URL, 0x12, wrong[:])), reason.SchemaUnusable},
		"20 wrong digestSRI":                     {entry("digestSRI", sri("sha256", wrong[:])), reason.SchemaUnusable},
		"20 wrong digestMultibase":               {entry("digestMultibase", hash(multiformat.Base64URL, 0x12, wrong[:])), reason.SchemaUnusable},
		"20 not to be had":                       {entry("id", "https://issuer.example/other", "digestSRI", sri("sha256", s256[:])), reason.SchemaUnusable},
		"21 sha1":                                {entry("digestSRI", sri("sha1", s256[:20])), schemaInvalid},
		"21 without padding":                     {entry("digestSRI", strings.TrimRight(sri("sha256", s256[:]), "=")), schemaInvalid},
		"21 of another length":                   {entry("digestSRI", sri("sha384", s256[:])), schemaInvalid},
		"21 no multihash":                        {entry("digestMultibase", hash(multiformat.Base64URL, 0x99, s256[:])), schemaInvalid},
		"21 not multibase":                       {entry("digestMultibase", "xyz"), schemaInvalid},
		"19 no digest":                           {entry(), schemaInvalid},
		"19 no id":                               {`{"digestSRI":"` + sri("sha256", s256[:]) + `"}`, schemaInvalid},
		"19 id no URL":                           {entry("id", "image", "digestSRI", sri("sha256", s256[:])), notAbsolute},
		"19 the same id twice":                   {`[` + entry("digestSRI", sri("sha256", s256[:])) + `,` + entry("digestSRI", sri("sha256", s256[:])) + `]`, schemaInvalid},
		"19 a string":                            {`"https://issuer.example/image"`, schemaInvalid},
		"20 an embedded context": {entry("id", vcdm.BaseV2, "digestSRI",
			"sha256-"+base64.StdEncoding.EncodeToString(digestOfBase[:])), ""},
		"20 an embedded context with another digest": {entry("id", vcdm.BaseV2, "digestSRI", sri("sha256", wrong[:])), reason.SchemaUnusable},
	} {
		t.Run(name, func(t *testing.T) {
			rules := vcdm.Rules{Profile: jsonld.Open, Resources: map[string][]byte{"https://issuer.example/image": content}}
			_, err := vcdm.CheckCredential(edit(t, credentialV2, "relatedResource", c.value), rules)
			if reason.Of(err) != c.want {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	t.Run("20 reported where that is the policy", func(t *testing.T) {
		raw := edit(t, credentialV2, "relatedResource", entry("id", "https://issuer.example/other", "digestSRI", sri("sha256", s256[:])))
		s, err := vcdm.CheckCredential(raw, open())
		if err != nil || len(s.Unchecked) != 1 || s.Unchecked[0] != "https://issuer.example/other" {
			t.Errorf("%+v, %v", s.Unchecked, err)
		}
	})
}

// digestOfBase is the SHA-256 of the base context as the data model prints it, appendix B.1.
var digestOfBase = [32]byte{
	0x59, 0x95, 0x5c, 0xed, 0x66, 0x97, 0xd6, 0x1e, 0x03, 0xf2, 0xb2, 0x55, 0x6f, 0xeb, 0xe5, 0x30,
	0x8a, 0xb1, 0x68, 0x42, 0x84, 0x6f, 0x5b, 0x58, 0x6d, 0x7f, 0x1f, 0x7a, 0xde, 0xc9, 0x27, 0x34,
}

func TestSchemaEvaluation(t *testing.T) {
	const person = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
		"properties":{"credentialSubject":{"required":["alumniOf"],"properties":{"alumniOf":{"type":"string","pattern":"^[A-Z]"}}}}}`
	known := map[string][]byte{
		"https://a.example/person":  []byte(person),
		"https://a.example/refers":  []byte(`{"$ref":"https://a.example/person"}`),
		"https://a.example/absent":  []byte(`{"$ref":"https://elsewhere.example/schema"}`),
		"https://a.example/file":    []byte(`{"$ref":"file:///etc/passwd"}`),
		"https://a.example/broken":  []byte(`{"type":4}`),
		"https://a.example/text":    []byte(`not JSON`),
		"https://a.example/large":   []byte(`{"title":"` + strings.Repeat("a", vcdm.MaxSchemaSize) + `"}`),
		"https://a.example/old":     []byte(`{"$schema":"http://json-schema.org/draft-07/schema#","required":["issuer"]}`),
		"https://a.example/never":   []byte(`{"not":{}}`),
		"https://a.example/vc":      []byte(`{"type":["VerifiableCredential","JsonSchemaCredential"],"credentialSubject":{"id":"https://a.example/person","type":"JsonSchema","jsonSchema":` + person + `}}`),
		"https://a.example/vc-none": []byte(`{"type":["VerifiableCredential","JsonSchemaCredential"],"credentialSubject":{"type":"JsonSchema"}}`),
		"https://a.example/vc-type": []byte(`{"type":["VerifiableCredential"],"credentialSubject":{"type":"JsonSchema","jsonSchema":{}}}`),
	}
	for name, c := range map[string]struct {
		schema, typ, alumni string
		want                reason.Code
	}{
		"18 fits":                             {"person", "JsonSchema", `"Example University"`, ""},
		"18 does not fit":                     {"person", "JsonSchema", `"example"`, schemaInvalid},
		"18 fits one that refers":             {"refers", "JsonSchema", `"Example"`, ""},
		"18 does not fit one that refers":     {"refers", "JsonSchema", `4`, schemaInvalid},
		"18 an older draft":                   {"old", "JsonSchema", `4`, ""},
		"18 fits nothing":                     {"never", "JsonSchema", `4`, schemaInvalid},
		"18 a credential holds it":            {"vc", "JsonSchemaCredential", `"Example"`, ""},
		"18 a credential holds it, no fit":    {"vc", "JsonSchemaCredential", `"example"`, schemaInvalid},
		"18 a credential without schema":      {"vc-none", "JsonSchemaCredential", `"Example"`, reason.SchemaUnusable},
		"18 a credential of another type":     {"vc-type", "JsonSchemaCredential", `"Example"`, reason.SchemaUnusable},
		"18 another type":                     {"person", "https://example.org/#Other", `"Example"`, reason.SchemaUnusable},
		"18 refers to what is not there":      {"absent", "JsonSchema", `"Example"`, reason.SchemaUnusable},
		"18 refers to a file of this machine": {"file", "JsonSchema", `"Example"`, reason.SchemaUnusable},
		"18 no schema":                        {"broken", "JsonSchema", `"Example"`, reason.SchemaUnusable},
		"18 no JSON":                          {"text", "JsonSchema", `"Example"`, reason.SchemaUnusable},
		"18 too large":                        {"large", "JsonSchema", `"Example"`, reason.SchemaUnusable},
		"18 not there":                        {"other", "JsonSchema", `"Example"`, reason.SchemaUnusable},
	} {
		t.Run(name, func(t *testing.T) {
			raw := edit(t, credentialV2, "@context", `["https://www.w3.org/ns/credentials/v2","https://www.w3.org/ns/credentials/examples/v2"]`,
				"credentialSchema", `{"id":"https://a.example/`+c.schema+`","type":"`+c.typ+`"}`, "credentialSubject/alumniOf", c.alumni)
			_, err := vcdm.CheckCredential(raw, vcdm.Rules{Profile: jsonld.Open, Resources: known})
			if reason.Of(err) != c.want {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	t.Run("18 a proof is no part of it", func(t *testing.T) {
		raw := edit(t, credentialV2, "credentialSchema", `{"id":"https://a.example/closed","type":"JsonSchema"}`, "proof", `{"type":"DataIntegrityProof"}`)
		closed := map[string][]byte{"https://a.example/closed": []byte(`{"properties":{"proof":false}}`)}
		if _, err := vcdm.CheckCredential(raw, vcdm.Rules{Resources: closed}); err != nil {
			t.Error(err)
		}
	})
	t.Run("18 every one is evaluated", func(t *testing.T) {
		raw := edit(t, credentialV2, "credentialSchema", `[{"id":"https://a.example/old","type":"JsonSchema"},{"id":"https://a.example/never","type":"JsonSchema"}]`)
		if _, err := vcdm.CheckCredential(raw, vcdm.Rules{Resources: known}); reason.Of(err) != schemaInvalid {
			t.Error(err)
		}
	})
	t.Run("18 a type that is not evaluated is reported", func(t *testing.T) {
		raw := edit(t, credentialV2, "credentialSchema", `{"id":"https://a.example/person","type":"https://example.org/#Other"}`)
		rules := open()
		rules.Resources = known
		if s, err := vcdm.CheckCredential(raw, rules); err != nil || len(s.Unchecked) != 1 {
			t.Errorf("%v, %v", s.Unchecked, err)
		}
	})
}

// TestScopedType shows that a type of a context with a narrower scope is one.
func TestScopedType(t *testing.T) {
	context := func(id string) string {
		return `["https://www.w3.org/ns/credentials/v2",{"evidence":{"@id":"https://example.org/#e"},
			"Holder":{"@id":"https://example.org/#Holder","@context":{"Inner":"` + id + `"}}}]`
	}
	// Outside of a type-scoped context the term is none.
	raw := edit(t, credentialV2, "@context", strings.Replace(context("https://example.org/#Inner"), `"evidence":{"@id":"https://example.org/#e"},`, "", 1),
		"credentialSubject/type", `"Inner"`)
	if _, err := vcdm.CheckCredential(raw, open()); reason.Of(err) != notAbsolute {
		t.Errorf("out of scope: %v", err)
	}
	// Types are expanded by the context around them, so a property-scoped context defines them.
	scoped := `["https://www.w3.org/ns/credentials/v2",{"kind":{"@id":"https://example.org/#kind"}}]`
	raw = edit(t, credentialV2, "@context", scoped, "credentialSubject",
		`{"@context":{"Inner":"https://example.org/#Inner"},"id":"did:example:subject","type":"Inner"}`)
	if _, err := vcdm.CheckCredential(raw, open()); err != nil {
		t.Errorf("in scope: %v", err)
	}
}
