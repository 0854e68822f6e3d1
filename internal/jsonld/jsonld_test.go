// SPDX-License-Identifier: Apache-2.0

package jsonld

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/reason"
)

const v2 = `"https://www.w3.org/ns/credentials/v2"`

// canonical is the canonical form of doc.
func canonical(t testing.TB, doc string, p Profile) string {
	t.Helper()
	c, err := Canonicalize([]byte(doc), p, rdfc.SHA256)
	if err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	return string(c.Bytes())
}

func TestEmbeddedContexts(t *testing.T) {
	for _, s := range sources() {
		raw := Context(s.url)
		if raw == nil {
			t.Errorf("%s: absent, or not what is pinned", s.url)
			continue
		}
		raw[0] = 'x'
		if got := Context(s.url); got[0] == 'x' {
			t.Errorf("%s: can be changed from outside", s.url)
		}
		if _, err := Terms([]byte(`"`+s.url+`"`), Closed); err != nil {
			t.Errorf("%s: %v", s.url, err)
		}
	}
	for _, url := range []string{"", "https://www.w3.org/ns/credentials/v2#", "http://www.w3.org/ns/credentials/v2"} {
		if Context(url) != nil {
			t.Errorf("%q has a context", url)
		}
	}
}

func TestPinnedHash(t *testing.T) {
	s := sources()[0]
	s.hash = strings.Repeat("0", 64)
	if s.read() != nil {
		t.Error("a context that is not the pinned one is read")
	}
}

// TestStatementsOfDelegation counts the statements of the design's example. What limits is a JSON
// literal each, one statement that is shown whole or not at all (delegation.md §3.3).
func TestStatementsOfDelegation(t *testing.T) {
	doc := string(shared.Open(t, "design/delegation-examples/di-eddsa-rdfc-2022.json"))
	lines := strings.Split(strings.TrimSpace(canonical(t, doc, Closed)), "\n")
	if len(lines) != 72 {
		t.Errorf("%d statements, want 72", len(lines))
	}
	literals := map[string]int{}
	for _, line := range lines {
		if !strings.Contains(line, "^^<"+rdfJSON+">") {
			continue
		}
		_, rest, _ := strings.Cut(line, "<https://example.org/ns/delegation#")
		name, _, _ := strings.Cut(rest, ">")
		literals[name]++
	}
	want := map[string]int{"identifier": 1, "identityAssurance": 1, "redelegation": 1, "prohibition": 1, "constraint": 3}
	if diff := cmp.Diff(want, literals); diff != "" {
		t.Errorf("JSON literals (-want +got):\n%s", diff)
	}
}

// TestPresentation holds credentials of a presentation to a graph of their own, in which the
// contexts begin anew: the property has null for its scoped context.
func TestPresentation(t *testing.T) {
	got := canonical(t, `{"@context":[`+v2+`],"type":"VerifiablePresentation","verifiableCredential":[{"@context":[`+v2+`],
		"id":"urn:x:1","type":["VerifiableCredential"],"issuer":"did:example:i"}]}`, Closed)
	want := `<urn:x:1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://www.w3.org/2018/credentials#VerifiableCredential> _:c14n0 .
<urn:x:1> <https://www.w3.org/2018/credentials#issuer> <did:example:i> _:c14n0 .
_:c14n1 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://www.w3.org/2018/credentials#VerifiablePresentation> .
_:c14n1 <https://www.w3.org/2018/credentials#verifiableCredential> _:c14n0 .
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statements (-want +got):\n%s", diff)
	}
	_, err := ToRDF([]byte(`{"@context":[`+v2+`],"type":"VerifiablePresentation","verifiableCredential":[{"type":["VerifiableCredential"],
		"issuer":"did:example:i"}]}`), Closed)
	if code(err) != reason.JSONLDUndefinedTerm {
		t.Errorf("a credential without context of its own: %v", err)
	}
}

// TestValues goes through the forms that values have.
func TestValues(t *testing.T) {
	const context = `{"@context":{"@vocab":"urn:v:","id":"@id","type":"@type","ref":{"@type":"@id"},"term":{"@type":"@vocab"},
		"date":{"@type":"urn:date"},"double":{"@type":"http://www.w3.org/2001/XMLSchema#double"},"json":{"@type":"@json"},
		"list":{"@container":"@list"},"graph":{"@container":"@graph"},"by":{"@container":"@language"},"fr":{"@language":"fr"},
		"rtl":{"@direction":"rtl"},"none":{"@type":"@none"},"of":{"@reverse":"urn:v:has"},"also":"@included","in":"@nest","p":"urn:p:"},"id":"urn:s",`
	for _, c := range []struct{ member, want string }{
		{`"a":"x"`, `<urn:s> <urn:v:a> "x" .`},
		{`"a":["x","x"]`, `<urn:s> <urn:v:a> "x" .`},
		{`"a":{"@set":["x"]}`, `<urn:s> <urn:v:a> "x" .`},
		{`"p:a":true`, `<urn:s> <urn:p:a> "true"^^<http://www.w3.org/2001/XMLSchema#boolean> .`},
		{`"a":1`, `<urn:s> <urn:v:a> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .`},
		{`"a":-1.50`, `<urn:s> <urn:v:a> "-1.5E0"^^<http://www.w3.org/2001/XMLSchema#double> .`},
		{`"a":1e20`, `<urn:s> <urn:v:a> "100000000000000000000"^^<http://www.w3.org/2001/XMLSchema#integer> .`},
		{`"a":1e21`, `<urn:s> <urn:v:a> "1.0E21"^^<http://www.w3.org/2001/XMLSchema#double> .`},
		{`"a":1.25e-7`, `<urn:s> <urn:v:a> "1.25E-7"^^<http://www.w3.org/2001/XMLSchema#double> .`},
		{`"double":1`, `<urn:s> <urn:v:double> "1.0E0"^^<http://www.w3.org/2001/XMLSchema#double> .`},
		{`"date":1`, `<urn:s> <urn:v:date> "1"^^<urn:date> .`},
		{`"date":"x"`, `<urn:s> <urn:v:date> "x"^^<urn:date> .`},
		{`"ref":"urn:o"`, `<urn:s> <urn:v:ref> <urn:o> .`},
		{`"ref":5`, `<urn:s> <urn:v:ref> "5"^^<http://www.w3.org/2001/XMLSchema#integer> .`},
		{`"ref":{"id":"urn:o"}`, `<urn:s> <urn:v:ref> <urn:o> .`},
		{`"term":"x"`, `<urn:s> <urn:v:term> <urn:v:x> .`},
		{`"a":{"@value":"x","@type":"date"}`, `<urn:s> <urn:v:a> "x"^^<urn:v:date> .`},
		{`"a":{"@value":"x","@language":"EN-gb"}`, `<urn:s> <urn:v:a> "x"@en-gb .`},
		{`"a":{"@value":"x","@language":"ar","@direction":"rtl"}`, `<urn:s> <urn:v:a> "x"^^<https://www.w3.org/ns/i18n#ar_rtl> .`},
		{`"rtl":"x"`, `<urn:s> <urn:v:rtl> "x"^^<https://www.w3.org/ns/i18n#_rtl> .`},
		{`"fr":"x"`, `<urn:s> <urn:v:fr> "x"@fr .`},
		{`"none":"x"`, `<urn:s> <urn:v:none> "x" .`},
		{`"by":{"de":["x"],"@none":"x"}`, `<urn:s> <urn:v:by> "x" .` + "\n" + `<urn:s> <urn:v:by> "x"@de .`},
		{`"json":[{"b":1.0,"a":"é\n\u0001"},null]`, `<urn:s> <urn:v:json> "[{\"a\":\"é\\n\\u0001\",\"b\":1},null]"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON> .`},
		{`"json":null`, `<urn:s> <urn:v:json> "null"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON> .`},
		{`"json":"x\"y"`, `<urn:s> <urn:v:json> "\"x\\\"y\""^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON> .`},
		{`"a":{"@value":{"@context":1},"@type":"@json"}`, `<urn:s> <urn:v:a> "{\"@context\":1}"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON> .`},
		{`"list":[]`, `<urn:s> <urn:v:list> <http://www.w3.org/1999/02/22-rdf-syntax-ns#nil> .`},
		{`"a":{"@list":[]}`, `<urn:s> <urn:v:a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#nil> .`},
		{`"list":"x"`, `<urn:s> <urn:v:list> _:c14n0 .
_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> "x" .
_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> <http://www.w3.org/1999/02/22-rdf-syntax-ns#nil> .`},
		{`"list":[["x"]]`, `<urn:s> <urn:v:list> _:c14n1 .
_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> "x" .
_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> <http://www.w3.org/1999/02/22-rdf-syntax-ns#nil> .
_:c14n1 <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> _:c14n0 .
_:c14n1 <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> <http://www.w3.org/1999/02/22-rdf-syntax-ns#nil> .`},
		{`"graph":{"id":"urn:o","a":"x"}`, "<urn:o> <urn:v:a> \"x\" _:c14n0 .\n<urn:s> <urn:v:graph> _:c14n0 ."},
		{`"@graph":{"id":"urn:o","a":"x"}`, `<urn:o> <urn:v:a> "x" <urn:s> .`},
		{`"also":{"id":"urn:o","a":"x"}`, `<urn:o> <urn:v:a> "x" .`},
		{`"in":[{"a":"x"}]`, `<urn:s> <urn:v:a> "x" .`},
		{`"of":{"id":"urn:o"}`, `<urn:o> <urn:v:has> <urn:s> .`},
		{`"@reverse":{"has":{"id":"urn:o"},"of":{"id":"urn:q"}}`, "<urn:o> <urn:v:has> <urn:s> .\n<urn:s> <urn:v:has> <urn:q> ."},
		{`"type":["T","urn:u"]`, "<urn:s> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <urn:u> .\n<urn:s> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <urn:v:T> ."},
		{`"a":{"id":"_:x","a":{"id":"_:x"}}`, "<urn:s> <urn:v:a> _:c14n0 .\n_:c14n0 <urn:v:a> _:c14n0 ."},
	} {
		if diff := cmp.Diff(c.want+"\n", canonical(t, context+c.member+"}", Open)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.member, diff)
		}
	}
}

// TestNothingIsLost adds to a document what a careless processor drops. Each must be refused.
func TestNothingIsLost(t *testing.T) {
	const (
		undefined = reason.JSONLDUndefinedTerm
		relative  = reason.JSONLDRelativeIRI
	)
	for _, c := range []struct {
		member string
		want   reason.Code
	}{
		{`"accessLevel":"all"`, undefined},
		{`"credentialSubject":{"id":"did:example:s","accessLevel":"all"}`, undefined},
		{`"credentialSubject":[{"evidence":[{"x":1}]}]`, undefined},
		{`"credentialSubject":{"@list":[{"accessLevel":"all"}]}`, undefined},
		{`"credentialSubject":{"@set":[{"accessLevel":"all"}]}`, undefined},
		{`"@unknown":"x"`, undefined},
		{`"_:x":"x"`, undefined},
		{`":x":"x"`, relative},
		{`"urn:x y":"x"`, relative},
		{`"urn:x>":"x"`, relative},
		{`"name":null`, undefined},
		{`"name":[null]`, undefined},
		{`"name":[]`, undefined},
		{`"name":[[]]`, undefined},
		{`"name":{"@value":null}`, undefined},
		{`"name":{"@set":[]}`, undefined},
		{`"name":{"@list":[null]}`, undefined},
		{`"name":{"@value":"x","@index":"y"}`, undefined},
		{`"name":{"@value":"x","@id":"urn:y"}`, undefined},
		{`"name":{"@value":["x"]}`, undefined},
		{`"name":{"@value":"x","@language":"en us"}`, undefined},
		{`"name":{"@value":"x","@language":""}`, undefined},
		{`"name":{"@value":"x","@language":null}`, undefined},
		{`"name":{"@value":"x","@direction":"up"}`, undefined},
		{`"name":{"@value":"x","@language":"en","@type":"urn:t"}`, undefined},
		{`"name":{"@value":1,"@language":"en"}`, undefined},
		{`"name":{"@value":"x","@type":null}`, relative},
		{`"name":{"@value":"x","@type":"nothing"}`, relative},
		{`"name":{"@value":"x","@type":"_:b"}`, relative},
		{`"name":{"@value":"x","@type":["urn:t"]}`, relative},
		{`"name":{"@list":["x"],"@index":"y"}`, undefined},
		{`"name":{"@list":[["x"]]}`, undefined},
		{`"name":{"@language":"en"}`, undefined},
		{`"@index":"x"`, undefined},
		{`"@graph":[{"id":"urn:x"}]`, undefined},
		{`"@graph":["x"]`, undefined},
		{`"@graph":[{"@value":"x"}]`, undefined},
		{`"@included":[{"id":"urn:x"}]`, undefined},
		{`"@included":"x"`, undefined},
		{`"@reverse":{"name":"x"}`, undefined},
		{`"@reverse":{"name":{"@list":[{"id":"urn:x"}]}}`, undefined},
		{`"@reverse":{"nothing":{"id":"urn:x"}}`, undefined},
		{`"@reverse":{"@id":"urn:x"}`, undefined},
		{`"@reverse":{}`, undefined},
		{`"@nest":{"nothing":"x"}`, undefined},
		{`"@nest":{}`, undefined},
		{`"@nest":"x"`, undefined},
		{`"@nest":{"@id":"urn:y"}`, undefined},
		{`"@id":"urn:y"`, undefined},
		{`"@type":"urn:y"`, undefined},
		{`"proof":"urn:x"`, undefined},
		{`"proof":{"id":"urn:x"}`, undefined},
		{`"proof":{"@value":"x"}`, undefined},
		{`"proof":{"@list":[{"id":"urn:x","name":"y"}]}`, undefined},
		{`"issuer":"example"`, relative},
		{`"issuer":{"id":"#x"}`, relative},
		{`"issuer":{"id":null}`, relative},
		{`"issuer":{"id":1}`, relative},
		{`"issuer":{"id":["urn:x"]}`, relative},
		{`"issuer":{"id":""}`, relative},
		{`"issuer":{"id":"@context"}`, relative},
		{`"issuer":{"id":"@nothing"}`, relative},
		{`"issuer":{"id":"urn:a b"}`, relative},
		{`"issuer":{"id":"urn:x","type":"Nothing"}`, relative},
		{`"issuer":{"id":"urn:x","type":[1]}`, relative},
		{`"issuer":{"id":"urn:x","type":{}}`, relative},
		{`"issuer":{"id":"urn:x","type":[]}`, undefined},
		{`"issuer":{"id":"urn:x","type":["@json"]}`, relative},
		{`"name":"x","name":"y"`, reason.JSONDuplicateName},
	} {
		doc := `{"@context":` + v2 + `,"id":"urn:s","type":"VerifiableCredential",` + c.member + `}`
		for _, p := range []Profile{Closed, Open} {
			if quads, err := ToRDF([]byte(doc), p); code(err) != c.want {
				t.Errorf("%s: %v, want %s; %v", c.member, err, c.want, quads)
			}
		}
	}
	for doc, want := range map[string]reason.Code{
		`{"@context":` + v2 + `,"id":"urn:x"}`:      undefined,
		`{"@context":` + v2 + `,"@value":"x"}`:      undefined,
		`{"@context":` + v2 + `,"@list":["x"]}`:     undefined,
		`{"@context":` + v2 + `,"@graph":["x"]}`:    undefined,
		`{"id":"urn:x","type":"urn:y"}`:             undefined,
		`"x"`:                                       undefined,
		`null`:                                      undefined,
		`{"@id":"x"`:                                reason.JSONSyntax,
		`{"@id":"x","@type":"y","urn:unknown":"z"}`: relative,
	} {
		if _, err := ToRDF([]byte(doc), Open); code(err) != want {
			t.Errorf("%s: %v, want %s", doc, err, want)
		}
	}
}

// TestContextsOfDocuments is DI-02 to DI-04: what a document may say about contexts.
func TestContextsOfDocuments(t *testing.T) {
	const (
		inline  = reason.JSONLDContextInlineForbidden
		unknown = reason.JSONLDContextUnknown
		invalid = reason.VCContextInvalid
	)
	for _, c := range []struct {
		context      string
		closed, open reason.Code
	}{
		{`"https://attacker.test/c?pid=123"`, unknown, unknown},
		{`[` + v2 + `,"https://attacker.test/c"]`, unknown, unknown},
		{`"credentials/v2"`, unknown, unknown},
		{`[` + v2 + `,{"name":"urn:name"}]`, inline, invalid},
		{`[` + v2 + `,{"title":"urn:name"}]`, inline, ""},
		{`[` + v2 + `,{"VerifiableCredential":"urn:other"}]`, inline, invalid},
		{`[` + v2 + `,{"id":"urn:id"}]`, inline, invalid},
		{`[` + v2 + `,null]`, inline, invalid},
		{`[` + v2 + `,1]`, inline, invalid},
		{`[` + v2 + `,[` + v2 + `]]`, inline, invalid},
		{`[` + v2 + `,{"@vocab":"urn:v:"}]`, inline, ""},
		{`[` + v2 + `,{"@vocab":"relative"}]`, inline, invalid},
		{`[` + v2 + `,{"@base":"urn:b:"}]`, inline, invalid},
		{`[` + v2 + `,{"@import":` + v2 + `}]`, inline, invalid},
		{`[` + v2 + `,{"@propagate":false}]`, inline, ""},
		{`[` + v2 + `,{"@propagate":1}]`, inline, invalid},
		{`[` + v2 + `,{"@version":1.0}]`, inline, invalid},
		{`[` + v2 + `,{"@protected":"no"}]`, inline, invalid},
		{`[` + v2 + `,{"@language":1}]`, inline, invalid},
		{`[` + v2 + `,{"@direction":"up"}]`, inline, invalid},
		{`[` + v2 + `,{"@context":{}}]`, inline, invalid},
		{`[` + v2 + `,{"a":{"@id":"b:x"},"b":{"@id":"a:y"}}]`, inline, invalid},
		{`[` + v2 + `,{"a":{"@id":"urn:a","@container":"@everything"}}]`, inline, invalid},
		{`[` + v2 + `,{"a":{"@id":"urn:a","@container":["@list","@set"]}}]`, inline, invalid},
		{`[` + v2 + `,{"a":{"@id":"urn:a","@type":"relative"}}]`, inline, invalid},
		{`[` + v2 + `,{"a":{"@id":"urn:a","@type":1}}]`, inline, invalid},
		{`[` + v2 + `,{"a":{"@id":"urn:a","@nothing":1}}]`, inline, invalid},
		{`[` + v2 + `,{"a":{"@id":"urn:a","@context":{"b":1}}}]`, inline, invalid},
		{`[` + v2 + `,{"a":{"@id":"urn:a","@index":"urn:i"}}]`, inline, invalid},
		{`[` + v2 + `,{"a":{"@id":"urn:a","@prefix":1}}]`, inline, invalid},
		{`[` + v2 + `,{"a":{"@id":"urn:a","@nest":"@id"}}]`, inline, invalid},
		{`[` + v2 + `,{"a":{"@id":1}}]`, inline, invalid},
		{`[` + v2 + `,{"a":{"@id":"@context"}}]`, inline, invalid},
		{`[` + v2 + `,{"a":{"@id":"@nothing"}}]`, inline, invalid},
		{`[` + v2 + `,{"a":{"@reverse":"urn:a","@id":"urn:b"}}]`, inline, invalid},
		{`[` + v2 + `,{"a":{"@reverse":"urn:a","@container":"@list"}}]`, inline, invalid},
		{`[` + v2 + `,{"a":{"@reverse":"relative"}}]`, inline, invalid},
		{`[` + v2 + `,{"a":"relative"}]`, inline, invalid},
		{`[` + v2 + `,{"a":{}}]`, inline, invalid},
		{`[` + v2 + `,{"urn:a":"urn:b"}]`, inline, invalid},
		{`[` + v2 + `,{"@type":"urn:t"}]`, inline, invalid},
		{`[` + v2 + `,{"@id":"urn:t"}]`, inline, invalid},
		{`[` + v2 + `,{"":"urn:t"}]`, inline, invalid},
		{`[` + v2 + `,` + v2 + `]`, "", ""},
		{`[{"@protected":true,"a":{"@id":"urn:a","@context":{"b":"urn:b","c":"urn:c"}}},{"a":{"@context":{"c":"urn:c","b":"urn:b"},"@id":"urn:a"}},` + v2 + `]`, inline, ""},
		{`[{"@protected":true,"a":{"@id":"urn:a","@context":{"b":"urn:b","c":"urn:c"}}},{"a":{"@context":{"c":"urn:c","b":"urn:d"},"@id":"urn:a"}},` + v2 + `]`, inline, invalid},
		{`[{"@protected":true,"a":{"@id":"urn:a","@context":{"b":"urn:b","c":"urn:c"}}},{"a":{"@context":{"c":"urn:c","d":"urn:b"},"@id":"urn:a"}},` + v2 + `]`, inline, invalid},
		{v2, "", ""},
	} {
		doc := `{"@context":` + c.context + `,"type":"VerifiableCredential"}`
		for p, want := range map[Profile]reason.Code{Closed: c.closed, Open: c.open, 9: c.closed} {
			if _, err := ToRDF([]byte(doc), p); code(err) != want {
				t.Errorf("%s in profile %d: %v, want %q", c.context, p, err, want)
			}
			if _, err := Terms([]byte(c.context), p); code(err) != want {
				t.Errorf("terms of %s in profile %d: %v, want %q", c.context, p, err, want)
			}
		}
	}
}

func TestTerms(t *testing.T) {
	set, err := Terms([]byte(`[`+v2+`,"https://example.org/ns/delegation/v1"]`), Closed)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"VerifiableCredential": true, "DelegationCredential": true, "urn:t": true, "https://example.org/T": true,
		"Nothing": false, "": false, "_:b": false, "type": false, "@type": false, "@json": false, "#x": false, "urn:a b": false,
	} {
		if got := set.Type(name); got != want {
			t.Errorf("%q is a type: %v", name, got)
		}
	}
	if (TermSet{}).Type("urn:t") {
		t.Error("the zero set has a type")
	}
	open, err := Terms([]byte(`{"@vocab":"urn:v:","Gone":null}`), Open)
	if err != nil {
		t.Fatal(err)
	}
	if !open.Type("Any") || open.Type("Gone") {
		t.Error("@vocab is not looked at, or null is not")
	}
}

// TestPoison is DI-06 as a document.
func TestPoison(t *testing.T) {
	var nodes []string
	for i := range 12 {
		var to []string
		for j := range 12 {
			if i != j {
				to = append(to, fmt.Sprintf(`{"id":"_:n%d"}`, j))
			}
		}
		nodes = append(nodes, fmt.Sprintf(`{"id":"_:n%d","evidence":[%s]}`, i, strings.Join(to, ",")))
	}
	doc := `{"@context":` + v2 + `,"type":"VerifiableCredential","credentialSubject":{"type":"VerifiableCredential","evidence":[` +
		strings.Join(nodes, ",") + `]}}`
	doc = strings.ReplaceAll(doc, `{"id":"_:n`, `{"type":"VerifiableCredential","id":"_:n`)
	if _, err := Canonicalize([]byte(doc), Closed, rdfc.SHA256); code(err) != reason.LimitCanonicalization {
		t.Errorf("%v, want limit.canonicalization", err)
	}
}

// TestContextWork holds what contexts cost to a count: the same context over and over, and one
// great inline context that every node applies again.
func TestContextWork(t *testing.T) {
	again := `{"@context":[` + strings.Repeat(v2+`,"https://w3id.org/citizenship/v4rc1",`, 1000) + v2 + `],"type":"VerifiableCredential"}`
	var terms, nodes []string
	for i := range 2000 {
		terms = append(terms, fmt.Sprintf(`"t%d":"urn:t:%d"`, i, i))
		nodes = append(nodes, `{"t1":"x"}`)
	}
	great := `{"@context":{"p":{"@id":"urn:p","@context":{` + strings.Join(terms, ",") + `}}},"p":[` + strings.Join(nodes, ",") + `]}`
	for name, doc := range map[string]string{"again": again, "great": great} {
		if _, err := ToRDF([]byte(doc), Open); code(err) != reason.LimitCanonicalization {
			t.Errorf("%s: %v, want limit.canonicalization", name, err)
		}
	}
}

// TestRemembered holds the number of contexts that are remembered to its bound, and results to be
// the same after they were forgotten.
func TestRemembered(t *testing.T) {
	s := session{engine: newEngine(), work: 1 << 40}
	c := s.engine.root
	for i := range 2 * MaxContexts {
		next, err := s.named(c, sources()[i%2].url, 0)
		if err != nil {
			t.Fatal(err)
		}
		c = next
		if n := len(s.engine.known); n > MaxContexts {
			t.Fatalf("%d contexts are remembered", n)
		}
	}
	if c.iri("DelegationCredential", true) != "https://example.org/ns/delegation#DelegationCredential" {
		t.Error("the context changed when others were forgotten")
	}
	inline, err := parse([]byte(`{"a":{"@id":"urn:a","@context":{"b":"urn:b"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	before := len(s.engine.known)
	own, err := s.local(c, inline, Open)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ofProperty(own, own.terms["a"]); err != nil || len(s.engine.known) != before {
		t.Errorf("a context that a document brought is remembered (%v)", err)
	}
}

func TestConcurrent(t *testing.T) {
	raw := payload(t)
	want := canonical(t, string(raw), Closed)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			c, err := Canonicalize(raw, Closed, rdfc.SHA256)
			if err != nil || string(c.Bytes()) != want {
				t.Errorf("another result: %v", err)
			}
		})
	}
	wait.Wait()
}
