// SPDX-License-Identifier: Apache-2.0

package disclose

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/reason"
)

const credential = `{"@context":["https://www.w3.org/ns/credentials/v2",{"@vocab":"https://a.example/"}],"type":"VerifiableCredential",` +
	`"issuer":"https://issuer.example","credentialSubject":{"name":"Ann","cards":[{"no":"1"},{"no":"2"}]},` +
	`"proof":[{"type":"DataIntegrityProof","cryptosuite":"other","proofValue":"z"},` +
	`{"type":"DataIntegrityProof","proofValue":"uAAAA","cryptosuite":"a-suite","created":"2026-06-01T00:00:00Z"}]}`

// TestPart goes from a document to what is shown of it: the proofs of other suites stay behind, the
// labels are those of the whole document, and the verifier has the same statements.
func TestPart(t *testing.T) {
	secured, err := Read([]byte(credential), "a-suite")
	if err != nil || secured.Value() != "uAAAA" {
		t.Fatal(secured, err)
	}
	key := []byte("secret")
	doc, err := secured.Open(jsonld.Open, key, HMACLabels(key))
	if err != nil {
		t.Fatal(err)
	}
	part, err := doc.Select([]string{"/issuer", "/credentialSubject/cards/1/no"})
	if err != nil {
		t.Fatal(err)
	}
	shown := secured.Attach(part, "uBBBB")
	const subject = `"credentialSubject":{"cards":[{"no":"2"}]}`
	want := credential[:strings.Index(credential, `"credentialSubject"`)] + subject +
		`,"proof":{"type":"DataIntegrityProof","cryptosuite":"a-suite","created":"2026-06-01T00:00:00Z","proofValue":"uBBBB"}}`
	if string(shown) != want {
		t.Errorf("%s, want %s", shown, want)
	}
	labels, err := part.Labels()
	if err != nil || len(labels) != 3 {
		t.Fatal(labels, err)
	}
	unsecured, _, err := dataintegrity.Split(shown)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := Lines(unsecured, jsonld.Open, GivenLabels(labels))
	if err != nil || !slices.Equal(seen, Pick(doc.Lines(), part.shown)) {
		t.Errorf("%q %v", seen, err)
	}
}

// TestGivenLabels shows that labels are those of the document, no more and no fewer.
func TestGivenLabels(t *testing.T) {
	canonical := map[string]string{"x": "c14n0", "y": "c14n1"}
	got, err := GivenLabels(map[int]string{0: "b7", 1: "b3"})(canonical)
	if err != nil || len(got) != 2 || got["x"] != "b7" || got["y"] != "b3" {
		t.Error(got, err)
	}
	for name, labels := range map[string]map[int]string{
		"none": nil, "one less": {0: "a"}, "one more": {0: "a", 1: "b", 2: "c"}, "another number": {0: "a", 2: "b"},
	} {
		if _, err := GivenLabels(labels)(canonical); reason.Of(err) != reason.DIProofValue {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPresent shows which pointers match something.
func TestPresent(t *testing.T) {
	doc, err := Open([]byte(credential[:strings.Index(credential, `,"proof"`)]+"}"), jsonld.Open, nil, HMACLabels(nil))
	if err != nil {
		t.Fatal(err)
	}
	got, err := doc.Present([]string{"", "/absent", "/issuer/id", "/credentialSubject/cards/1", "/credentialSubject/cards/2"})
	if err != nil || !slices.Equal(got, []string{"", "/credentialSubject/cards/1"}) {
		t.Error(got, err)
	}
	if _, err := doc.Present([]string{"issuer"}); reason.Of(err) != reason.CredentialSchemaInvalid {
		t.Error(err)
	}
}

// TestNamesOutOfPlace shows that a name which was written into a document is taken where a node or a
// JSON literal has it, and nowhere else: a reader of JSON-LD with maps would put it elsewhere.
func TestNamesOutOfPlace(t *testing.T) {
	d := Document{marker: "urn:bnid:x:"}
	for _, c := range []struct {
		in, out rdfc.Term
		ok      bool
	}{
		{rdfc.Term{Kind: rdfc.IRI, Value: "urn:bnid:x:3"}, rdfc.Term{Kind: rdfc.Blank, Value: "3"}, true},
		{rdfc.Term{Kind: rdfc.IRI, Value: "urn:bnid:y:3"}, rdfc.Term{Kind: rdfc.IRI, Value: "urn:bnid:y:3"}, true},
		{rdfc.Term{Kind: rdfc.Blank, Value: "b0"}, rdfc.Term{Kind: rdfc.Blank, Value: "b0"}, false},
		{rdfc.Term{Kind: rdfc.Literal, Value: "urn:bnid:x:3"}, rdfc.Term{Kind: rdfc.Literal, Value: "urn:bnid:x:3"}, false},
		{rdfc.Term{Kind: rdfc.Literal, Value: `{"@id":"urn:bnid:x:3"}`, Datatype: jsonLiteral}, rdfc.Term{Kind: rdfc.Literal, Value: `{}`, Datatype: jsonLiteral}, true},
		{rdfc.Term{Kind: rdfc.Literal, Value: `["urn:bnid:x:3"]`, Datatype: jsonLiteral}, rdfc.Term{Kind: rdfc.Literal, Value: `["urn:bnid:x:3"]`, Datatype: jsonLiteral}, false},
	} {
		got := c.in
		if ok := d.term(&got); ok != c.ok || ok && got != c.out {
			t.Errorf("%v became %v, %v", c.in, got, ok)
		}
	}
	for in, out := range map[string]string{
		`{"!":1,"@id":"urn:bnid:x:3","a":{"@id":"urn:bnid:x:4"}}`: `{"!":1,"a":{}}`, `[{"!":1,"@id":"urn:bnid:x:3"}]`: `[{"!":1}]`,
		`{"@id":"urn:bnid:x:3","@type":"b"}`: `{"@type":"b"}`, `{"@id":"urn:other"}`: `{"@id":"urn:other"}`,
	} {
		if got := unmark(in, "urn:bnid:x:"); got != out {
			t.Errorf("%s became %s", in, got)
		}
	}
}

// TestSplit shows which statements are told from which by what is mandatory.
func TestSplit(t *testing.T) {
	must, chosen, err := Part{shown: []int{1, 2, 4, 5}}.Split([]int{1, 4})
	if err != nil || !slices.Equal(must, []int{0, 2}) || !slices.Equal(chosen, []int{1, 3}) {
		t.Error(must, chosen, err)
	}
	if _, _, err := (Part{shown: []int{0, 1}}).Split([]int{1, 4}); reason.Of(err) != reason.QueryUnsatisfied {
		t.Errorf("shown without a mandatory statement: %v", err)
	}
	if all := Pick([]string{"a", "b", "c", "d"}, Others([]int{0, 2}, 4)); !slices.Equal(all, []string{"b", "d"}) {
		t.Error(all)
	}
}

// TestTrailingBits has the same bytes written in two ways, of which one is taken.
func TestTrailingBits(t *testing.T) {
	if raw, err := DecodeValue("u2V0BhA"); err != nil || !bytes.Equal(raw, []byte("\xd9\x5d\x01\x84")) {
		t.Errorf("%x %v", raw, err)
	}
	if _, err := DecodeValue("u2V0BhB"); reason.Of(err) != reason.DIProofValue {
		t.Error(err)
	}
}

// TestValueBounds shows that the longest value that is written is read, and that no longer one is
// either.
func TestValueBounds(t *testing.T) {
	longest := base64.RawURLEncoding.DecodedLen(dataintegrity.MaxValue - 1)
	text, err := EncodeValue(make([]byte, longest))
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := DecodeValue(text); err != nil || len(raw) != longest {
		t.Error(len(raw), err)
	}
	if _, err := EncodeValue(make([]byte, longest+1)); reason.Of(err) != reason.LimitMembers {
		t.Error(err)
	}
	if _, err := DecodeValue("u" + strings.Repeat("A", dataintegrity.MaxValue)); reason.Of(err) != reason.DIProofValue {
		t.Error(err)
	}
}

// FuzzPointer reads anything as a pointer; what is taken must be written in the form it came in.
func FuzzPointer(f *testing.F) {
	for _, seed := range []string{"", "/", "/issuer", "/a~1b/~0c//0", "/~", "a", "/credentialStatus/01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path, err := parsePointer(text)
		if err != nil {
			return
		}
		var again []byte
		for _, step := range path {
			again = append(again, '/')
			again = append(again, bytes.ReplaceAll(bytes.ReplaceAll([]byte(step), []byte("~"), []byte("~0")), []byte("/"), []byte("~1"))...)
		}
		if string(again) != text {
			t.Errorf("%q is read as %q", text, again)
		}
	})
}
