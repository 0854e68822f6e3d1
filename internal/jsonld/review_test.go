// SPDX-License-Identifier: Apache-2.0

package jsonld

import (
	"runtime"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// list is a document with lists of as many values each as an array may have.
func list(lists int, value string) []byte {
	one := "[" + strings.Repeat(value+",", strictjson.MaxMembers-1) + value + "]"
	return []byte(`{"@context":"https://www.w3.org/ns/credentials/v2","name":[` + strings.Repeat(one+",", lists-1) + one + `]}`)
}

// TestManyValues: a megabyte of short values is refused before it is hundreds of them.
func TestManyValues(t *testing.T) {
	const most = rdfc.MaxQuads / strictjson.MaxMembers
	if _, err := ToRDF(list(most, "1"), Closed); err != nil {
		t.Errorf("as many statements as may be: %v", err)
	}
	for what, doc := range map[string][]byte{
		"one more list":      list(most+1, "1"),
		"a megabyte":         list(126, "1"),
		"a megabyte of none": list(87, "[]"),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ToRDF(doc, Closed)
		runtime.ReadMemStats(&after)
		if code(err) != reason.LimitCanonicalization {
			t.Errorf("%s: %v", what, err)
		}
		if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 160 {
			t.Errorf("%s of %d bytes: %d MB", what, len(doc), mb)
		} else {
			t.Logf("%s: %d MB", what, mb)
		}
	}
}

// TestReverseOfTyped: a type-scoped context does not reach into @reverse, where the term is another
// one, or none.
func TestReverseOfTyped(t *testing.T) {
	const rest = `],"type":"VerifiableCredential","@reverse":{"credentialSubject":{"id":"urn:a"}}}`
	const open = `{"@context":["https://www.w3.org/ns/credentials/v2"`
	if _, err := ToRDF([]byte(open+rest), Closed); code(err) != reason.JSONLDUndefinedTerm {
		t.Errorf("%v, want %s", err, reason.JSONLDUndefinedTerm)
	}
	doc := []byte(open + `,"https://www.w3.org/ns/credentials/undefined-terms/v2"` + rest)
	if diff := differs(doc, Closed); diff != "" {
		t.Error(diff)
	}
	if c, err := Canonicalize(doc, Closed, rdfc.SHA256); err != nil || !strings.Contains(string(c.Bytes()), "undefined-term#credentialSubject") {
		t.Errorf("%v: %s", err, c.Bytes())
	}
}

// TestScopedJSON: a property-scoped context can make its own property one of JSON (§5.1.2 step 4, §5.3).
func TestScopedJSON(t *testing.T) {
	doc := []byte(`{"@context":{"b":{"@id":"urn:b","@context":{"b":{"@id":"urn:b","@type":"@json"}}}},"b":"a"}`)
	if diff := differs(doc, Open); diff != "" {
		t.Error(diff)
	}
}

// TestLongIRIs: an inline context that gives a long IRI to what has a short name is refused, and so are
// many statements about one long name.
func TestLongIRIs(t *testing.T) {
	long := "urn:" + strings.Repeat("x", 100_000)
	types := "[" + strings.Repeat(`"a",`, strictjson.MaxMembers-1) + `"b"]`
	for what, c := range map[string]struct {
		doc  string
		code reason.Code
	}{
		"vocabulary": {`{"@context":{"@vocab":"` + long + `"},"@type":` + types + `}`, reason.VCContextInvalid},
		"prefix":     {`{"@context":{"p":"` + long + `:"},"@type":"p:a"}`, reason.VCContextInvalid},
		"term":       {`{"@context":{"a":{"@id":"` + long + `"}},"@type":` + types + `}`, reason.VCContextInvalid},
		"implied":    {`{"@context":{"@vocab":"urn:` + strings.Repeat("x", MaxIRI-6) + `:","abc":{}},"abc":"x"}`, reason.VCContextInvalid},
		"name":       {`{"@id":"` + long + `","urn:p":` + types + `}`, reason.LimitCanonicalization},
	} {
		if _, err := ToRDF([]byte(c.doc), Open); code(err) != c.code {
			t.Errorf("%s: %v, want %s", what, err, c.code)
		}
	}
}

// TestPropagateInList: what @propagate means at the head of a list of contexts, processors disagree on.
func TestPropagateInList(t *testing.T) {
	const body = `"T":{"@type":"U","a":{"a":"x"}}}`
	for contexts, want := range map[string]reason.Code{
		`[{"@propagate":false,"a":"urn:b"},{"@vocab":"urn:w:"}]`: reason.VCContextInvalid,
		`[{"@vocab":"urn:w:"},{"@propagate":false,"a":"urn:b"}]`: "",
		`{"@propagate":false,"a":"urn:b"}`:                       "",
	} {
		for _, doc := range []string{
			`{"@context":{"@vocab":"urn:v:","T":{"@id":"urn:t","@context":` + contexts + `}},` + body,
			`{"@context":[{"@vocab":"urn:v:"},{"U":{"@id":"urn:u","@context":` + contexts + `}}],` + body,
		} {
			if _, err := ToRDF([]byte(doc), Open); code(err) != want || want == "" && err != nil {
				t.Errorf("%s: %v, want %q", doc, err, want)
			}
			if diff := differs([]byte(doc), Open); want == "" && diff != "" {
				t.Errorf("%s: %s", doc, diff)
			}
		}
	}
}
