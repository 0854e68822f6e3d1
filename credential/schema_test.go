// SPDX-License-Identifier: Apache-2.0

package credential_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/credential/internal/wire"
	"github.com/behalf-id/behalf/internal/shared"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(credential.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(credential.SchemaID, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(credential.SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// agree fails unless the schema and the reader both accept, or both refuse, raw.
func agree(t interface {
	Helper()
	Errorf(string, ...any)
}, s *jsonschema.Schema, what string, raw []byte) bool {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return false
	}
	schema := s.Validate(doc)
	_, code := wire.ReadVC(raw)
	if (schema == nil) != (code == nil) {
		t.Errorf("%s: the schema says %v, the reader %v\n%s", what, schema, code, raw)
	}
	return code == nil
}

func TestSchemaAcceptsTheExamples(t *testing.T) {
	s := compiled(t)
	if !agree(t, s, "fixed", fixture.Document()) {
		t.Error("the fixed document is refused")
	}
	var example struct{ Payload json.RawMessage }
	if err := json.Unmarshal(shared.Open(t, "design/delegation-examples/vc-jose.json"), &example); err != nil {
		t.Fatal(err)
	}
	child := shared.Open(t, "design/delegation-examples/child-vc.json")
	for name, raw := range map[string][]byte{"vc-jose": example.Payload, "child": child} {
		if !agree(t, s, name, raw) {
			t.Errorf("the example %s is refused", name)
		}
	}
}

// TestSchemaAgreesOnWhatIsWritten compares schema and reader on what the writer makes.
func TestSchemaAgreesOnWhatIsWritten(t *testing.T) {
	s := compiled(t)
	rapid.Check(t, func(t *rapid.T) {
		c := fixture.Bitstring(fixture.Draw(t, "did:web:a.example", "did:web:b.example"))
		if c.Type != credential.TypeDelegation {
			return
		}
		raw, err := wire.WriteVC(c)
		if err != nil {
			t.Fatal(err)
		}
		if !agree(t, s, "written", raw) {
			t.Fatal("what was written is refused")
		}
	})
}

// TestSchemaAgreesOnDefects puts one defect after another at every place of a full document.
func TestSchemaAgreesOnDefects(t *testing.T) {
	s := compiled(t)
	defects := []any{
		nil, "", "x", " ", 7, -1, 1.5, true, []any{}, []any{7}, []any{""}, []any{"x"}, map[string]any{}, map[string]any{"x": 1},
		"2026-06-01T00:00:00", "2026-06-01t00:00:00z", "2026-06-01T00:00:60Z", "2026-06-01T24:00:00Z", "2026-13-01T00:00:00Z",
		"10000-01-01T00:00:00Z", "2026-06-01T00:00:00.5+01:00", "2026-06-01T00:00:00.1234567890Z", "2026-06-01 00:00:00Z",
		"*", "/", "a//b", "a/", "a/b/c/d/e/f/g/h", "a/b/c/d/e/f/g/h/i", strings.Repeat("a", 129), strings.Repeat("é", 2048), strings.Repeat("é", 2049),
		"did:web", "did:web:x", "urn:x", "urn:", "URN:x", "a b:c", "00", "999999999999999", "9999999999999999", "person", "robot", "routine", "VerifiableCredential",
	}
	n, accepted := 0, 0
	check := func(what string, raw []byte) {
		n++
		if agree(t, s, what, raw) {
			accepted++
		}
	}
	for _, path := range places(t) {
		for i, d := range defects {
			check(fmt.Sprintf("%s = %v", path, d), change(t, path, func(o map[string]any, name string) { o[name] = defects[i] }))
		}
		check(path+" absent", change(t, path, func(o map[string]any, name string) { delete(o, name) }))
		check(path+" beside", change(t, path, func(o map[string]any, _ string) { o["unknown"] = 1 }))
	}
	t.Logf("%d documents, of which %d are accepted", n, accepted)
	if n < 2000 || accepted < 100 {
		t.Error("too few documents to say anything")
	}
}

// full returns a document that has every member.
func full(t *testing.T) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(fixture.Document(), &doc); err != nil {
		t.Fatal(err)
	}
	doc["refreshService"] = map[string]any{"id": "https://a.example/r", "type": "DelegationRefreshService"}
	doc["evidence"].([]any)[0].(map[string]any)["digestSRI"] = "sha256-x"
	doc["termsOfUse"].(map[string]any)["policyId"] = "x"
	subject := doc["credentialSubject"].(map[string]any)
	subject["operatedBy"] = "did:web:o.example"
	d := subject["delegation"].(map[string]any)
	d["transitionAt"], d["parent"] = "2028-01-01T00:00:00Z", map[string]any{"id": "urn:x:y", "digest": "sha-256:x"}
	d["identityAssurance"].(map[string]any)["scheme"] = "x"
	return doc
}

// places returns the path of every member, the first item of an array standing for all.
func places(t *testing.T) (out []string) {
	var walk func(v any, path string)
	walk = func(v any, path string) {
		switch v := v.(type) {
		case map[string]any:
			names := make([]string, 0, len(v))
			for name := range v {
				names = append(names, name)
			}
			sort.Strings(names)
			for _, name := range names {
				out = append(out, path+"|"+name)
				if name != "constraint" {
					walk(v[name], path+"|"+name)
				}
			}
		case []any:
			if len(v) > 0 {
				walk(v[0], path+"|0")
			}
		}
	}
	walk(full(t), "")
	return out
}

// change returns the full document with do done at path. The window of validity is kept open:
// that it is in order is no affair of the schema.
func change(t *testing.T, path string, do func(o map[string]any, name string)) []byte {
	t.Helper()
	doc := full(t)
	doc["validFrom"], doc["validUntil"] = "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"
	var at any = doc
	names := strings.Split(path, "|")[1:]
	for _, name := range names[:len(names)-1] {
		if list, ok := at.([]any); ok {
			at = list[0]
			continue
		}
		at = at.(map[string]any)[name]
	}
	do(at.(map[string]any), names[len(names)-1])
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
