// SPDX-License-Identifier: Apache-2.0

package did_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

const practice = "did:web:h.test"

func start() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }

func generate(t testing.TB, alg key.Algorithm) key.Public {
	t.Helper()
	k, err := key.Generate(alg, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k.Public()
}

// object is JSON that a test changes before it is read.
type object = map[string]any

func text(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func jwkMethod(k key.Public, id string) object {
	return object{"id": id, "type": "JsonWebKey", "controller": practice, "publicKeyJwk": k.JWK()}
}

func multikeyMethod(t testing.TB, k key.Public, id string) object {
	t.Helper()
	m, err := multiformat.EncodeKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return object{"id": id, "type": "Multikey", "controller": practice, "publicKeyMultibase": m}
}

func document(methods ...object) object {
	return object{"id": practice, "verificationMethod": methods, "assertionMethod": []any{practice + "#k1"}}
}

func read(t testing.TB, v any) (*did.Document, error) {
	t.Helper()
	return did.ReadDocument(text(t, v), mustParse(t, practice), start())
}

func mustRead(t testing.TB, v any) *did.Document {
	t.Helper()
	d, err := read(t, v)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestReadDocumentForms(t *testing.T) {
	ed, ec, p384 := generate(t, key.EdDSA), generate(t, key.ES256), generate(t, key.ES384)
	old := jwkMethod(ec, practice+"#k2")
	old["type"] = "JsonWebKey2020"
	suite := multikeyMethod(t, ed, practice+"#k3")
	suite["type"] = "Ed25519VerificationKey2020"
	doc := document(jwkMethod(p384, practice+"#k1"), old, suite, multikeyMethod(t, ec, practice+"#k4"))
	doc["assertionMethod"] = []any{practice + "#k1", "#k2", jwkMethod(ed, practice+"#k5"), practice + "#gone", "did:web:other.test#k", "did:web:other.test?a=b"}
	doc["authentication"] = []any{"#k3", practice + "#k4", "#k5"}
	doc["controller"] = []any{practice}
	doc["alsoKnownAs"] = []any{"https://h.test"}
	doc["service"] = []any{object{"id": "#s", "type": []any{"A"}, "serviceEndpoint": object{}}, object{"id": "#t", "type": "B", "serviceEndpoint": "https://h.test"}}
	doc["unknown"] = object{"kept": false}
	d := mustRead(t, doc)
	want := map[did.Relationship][]string{
		did.AssertionMethod: {"k1", "k2", "k5"},
		did.Authentication:  {"k3", "k4"}, // an embedded method serves where it stands and nowhere else
	}
	if diff := cmp.Diff(want, d.Purposes); diff != "" {
		t.Error(diff)
	}
	for fragment, k := range map[string]key.Public{"k1": p384, "k2": ec, "k5": ed} {
		if got, err := d.Key(mustURL(t, practice+"#"+fragment), did.AssertionMethod, start()); err != nil || !got.Equal(k) {
			t.Errorf("%s: %v", fragment, err)
		}
	}
	for fragment, k := range map[string]key.Public{"k3": ed, "k4": ec} {
		if got, err := d.Key(mustURL(t, practice+"#"+fragment), did.Authentication, start()); err != nil || !got.Equal(k) {
			t.Errorf("%s: %v", fragment, err)
		}
	}
	if d.ID != mustParse(t, practice) || !d.Fetched.Equal(start()) {
		t.Errorf("of %s, fetched %s", d.ID, d.Fetched)
	}
}

func TestKeyRefuses(t *testing.T) {
	k := generate(t, key.ES256)
	foreign := jwkMethod(k, practice+"#foreign")
	foreign["controller"] = "did:web:other.test"
	rsa := object{"id": practice + "#rsa", "type": "JsonWebKey", "controller": practice, "publicKeyJwk": object{"kty": "RSA", "n": "AQAB", "e": "AQAB"}}
	unknown := object{"id": practice + "#unknown", "type": "Fancy2031", "controller": practice, "publicKeyFancy": "x"}
	mixed := jwkMethod(k, practice+"#mixed")
	mixed["type"] = "Multikey"
	enc := jwkMethod(k, practice+"#enc")
	enc["publicKeyJwk"] = object{"kty": "EC", "crv": "P-256", "x": k.JWK().X, "y": k.JWK().Y, "use": "enc"}
	off := jwkMethod(k, practice+"#off")
	off["publicKeyJwk"] = object{"kty": "EC", "crv": "P-256", "x": k.JWK().X, "y": k.JWK().X}
	suite := multikeyMethod(t, k, practice+"#suite")
	suite["type"] = "Ed25519VerificationKey2020"
	expired := jwkMethod(k, practice+"#expired")
	expired["expires"] = start().Format(time.RFC3339)
	revoked := jwkMethod(k, practice+"#revoked")
	revoked["revoked"] = "2026-11-22T11:00:00+01:00"
	later := jwkMethod(k, practice+"#later")
	later["expires"] = "2026-11-22T10:00:00.5Z"
	doc := document(jwkMethod(k, practice+"#k1"), foreign, rsa, unknown, mixed, enc, off, suite, expired, revoked, later)
	doc["assertionMethod"] = []any{"#foreign", "#rsa", "#unknown", "#mixed", "#enc", "#off", "#suite", "#expired", "#revoked", "#later"}
	doc["authentication"] = []any{"#k1"}
	d := mustRead(t, doc)
	for u, want := range map[string]reason.Code{
		practice + "#foreign":        reason.KeyControllerMismatch,
		"did:web:other.test#foreign": reason.KeyControllerMismatch,
		practice + "#rsa":            reason.KeyWeak,
		practice + "#unknown":        reason.DIDMethodUnsupported,
		practice + "#mixed":          reason.DIDMethodUnsupported,
		practice + "#enc":            reason.KeyAmbiguous,
		practice + "#off":            reason.KeyWeak,
		practice + "#suite":          reason.KeyWeak,
		practice + "#expired":        reason.KeyOutsideValidity,
		practice + "#revoked":        reason.KeyOutsideValidity,
		practice + "#later":          "",
		practice + "#absent":         reason.DIDMethodUnsupported,
		practice + "#k1":             reason.KeyPurposeMismatch,
	} {
		got, err := d.Key(mustURL(t, u), did.AssertionMethod, start())
		if reason.Of(err) != want || (err == nil) == got.IsZero() {
			t.Errorf("%s: %v, want %q", u, err, want)
		}
	}
	if got, err := d.Key(mustURL(t, practice+"#expired"), did.AssertionMethod, start().Add(-1)); err != nil || !got.Equal(k) {
		t.Errorf("before its end: %v", err)
	}
	for _, d := range []*did.Document{nil, {}} {
		if _, err := d.Key(did.URL{}, did.AssertionMethod, start()); reason.Of(err) != reason.KeyControllerMismatch {
			t.Errorf("no document: %v", err)
		}
	}
	hollow := &did.Document{ID: d.ID, Methods: []did.Method{{ID: mustURL(t, practice+"#k")}}, Purposes: map[did.Relationship][]string{did.Authentication: {"k"}}}
	if _, err := hollow.Key(mustURL(t, practice+"#k"), did.Authentication, start()); reason.Of(err) != reason.KeyWeak {
		t.Errorf("method without a key: %v", err)
	}
}

func TestReadDocumentRefuses(t *testing.T) {
	k := generate(t, key.EdDSA)
	good := func() object { return jwkMethod(k, practice+"#k1") }
	with := func(name string, v any) object { m := good(); m[name] = v; return document(m) }
	without := func(name string) object { m := good(); delete(m, name); return document(m) }
	doc := func(name string, v any) object { d := document(good()); d[name] = v; return d }
	refuseAll(t, map[string]refusal{
		"no id":                   {object{}, reason.DIDDocumentMismatch},
		"null id":                 {object{"id": nil}, reason.JSONType},
		"not an object":           {[]any{}, reason.JSONType},
		"method without id":       {without("id"), reason.DIDDocumentMismatch},
		"method without type":     {without("type"), reason.JSONMemberMissing},
		"method of no controller": {without("controller"), reason.JSONMemberMissing},
		"method without key":      {without("publicKeyJwk"), reason.JSONMemberMissing},
		"two kinds of key":        {with("publicKeyMultibase", "z6Mk"), reason.KeyAmbiguous},
		"two kinds, one unread":   {with("publicKeyBase58", "x"), reason.KeyAmbiguous},
		"secret multibase":        {with("secretKeyMultibase", "z"), reason.KeyPrivateMaterial},
		"private JWK beside":      {with("privateKeyJwk", object{}), reason.KeyPrivateMaterial},
		"private member of JWK":   {with("publicKeyJwk", object{"kty": "OKP", "crv": "Ed25519", "x": k.JWK().X, "d": "AA"}), reason.KeyPrivateMaterial},
		"private JWK, other type": {document(object{"id": practice + "#k1", "type": "X", "controller": "did:web:o.test", "publicKeyJwk": object{"d": 1}}), reason.KeyPrivateMaterial},
		"controllers in a list":   {with("controller", []any{practice}), reason.JSONType},
		"expires empty":           {with("expires", ""), reason.JSONType},
		"expires without zone":    {with("expires", "2026-11-22T10:00:00"), reason.JSONType},
		"expires in the year 1":   {with("expires", "0001-01-01T00:00:00Z"), reason.JSONType},
		"expires too long":        {with("expires", "2026-11-22T10:00:00."+strings.Repeat("0", 40)+"Z"), reason.JSONType},
		"expires a number":        {with("expires", 1), reason.JSONType},
		"revoked null":            {with("revoked", nil), reason.JSONType},
		"relationship a string":   {doc("authentication", "#k1"), reason.JSONType},
		"reference a number":      {doc("authentication", []any{1}), reason.JSONType},
		"reference no URL":        {doc("authentication", []any{"k1"}), reason.DIDDocumentMismatch},
		"reference bad fragment":  {doc("authentication", []any{"#"}), reason.DIDDocumentMismatch},
		"embedded id used twice":  {doc("authentication", []any{good()}), reason.DIDDocumentMismatch},
		"embedded private":        {doc("keyAgreement", []any{object{"id": practice + "#x", "type": "X", "controller": practice, "privateKeyHex": "00"}}), reason.KeyPrivateMaterial},
	})
}

func TestReadDocumentRefusesNames(t *testing.T) {
	doc := func(name string, v any) object {
		d := document(jwkMethod(generate(t, key.EdDSA), practice+"#k1"))
		d[name] = v
		return d
	}
	service := func(s ...object) object { return doc("service", s) }
	ok := object{"id": "#s", "type": "A", "serviceEndpoint": "https://h.test"}
	same := object{"id": practice + "#s", "type": "A", "serviceEndpoint": []any{}}
	many := make([]any, did.MaxListed+1)
	for i := range many {
		many[i] = practice + "#k1"
	}
	refuseAll(t, map[string]refusal{
		"too many references":         {doc("authentication", many), reason.FetchLimit},
		"too many names":              {doc("alsoKnownAs", many), reason.FetchLimit},
		"too many controllers":        {doc("controller", many), reason.FetchLimit},
		"no controller in list":       {doc("controller", []any{}), reason.JSONType},
		"controller an object":        {doc("controller", object{}), reason.JSONType},
		"other names a string":        {doc("alsoKnownAs", "x"), reason.JSONType},
		"controller no URL":           {doc("controller", "practice"), reason.JSONType},
		"one controller no URL":       {doc("controller", []any{practice, ":h.test"}), reason.JSONType},
		"controller a number":         {doc("controller", 1), reason.JSONType},
		"other name no URL":           {doc("alsoKnownAs", []any{"https://h.test", "h.test"}), reason.JSONType},
		"other name relative":         {doc("alsoKnownAs", []any{"/h:test"}), reason.JSONType},
		"other name spaced":           {doc("alsoKnownAs", []any{"urn:a b"}), reason.JSONType},
		"other name empty":            {doc("alsoKnownAs", []any{""}), reason.JSONType},
		"service twice":               {service(ok, ok), reason.DIDDocumentMismatch},
		"service twice, in two forms": {service(ok, same), reason.DIDDocumentMismatch},
		"service end no URL":          {service(object{"id": "#s", "type": "A", "serviceEndpoint": "h.test"}), reason.JSONType},
		"service without id":          {service(object{"type": "A", "serviceEndpoint": "x"}), reason.JSONMemberMissing},
		"service without type":        {service(object{"id": "#s", "serviceEndpoint": "x"}), reason.JSONMemberMissing},
		"service without end":         {service(object{"id": "#s", "type": "A"}), reason.JSONMemberMissing},
		"service end a number":        {service(object{"id": "#s", "type": "A", "serviceEndpoint": 1}), reason.JSONType},
	})
}

// A key for agreement, and one of a kind that nothing is verified with, spoil nothing but themselves.
func TestReadDocumentAgreement(t *testing.T) {
	k := generate(t, key.EdDSA)
	multikey := object{"id": practice + "#x1", "type": "Multikey", "controller": practice, "publicKeyMultibase": "z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc"}
	jwk := object{"id": practice + "#x2", "type": "JsonWebKey2020", "controller": practice, "publicKeyJwk": object{"kty": "OKP", "crv": "X25519", "x": k.JWK().X}}
	doc := document(jwkMethod(k, practice+"#k1"), multikey, jwk)
	doc["keyAgreement"] = []any{"#x1", "#x2"}
	d := mustRead(t, doc)
	if got, err := d.Key(mustURL(t, practice+"#k1"), did.AssertionMethod, start()); err != nil || !got.Equal(k) {
		t.Error(err)
	}
	for _, fragment := range []string{"x1", "x2"} {
		u := mustURL(t, practice+"#"+fragment)
		if _, err := d.Key(u, did.KeyAgreement, start()); reason.Of(err) != reason.KeyWeak {
			t.Errorf("%s: %v", fragment, err)
		}
		if _, err := d.Key(u, did.AssertionMethod, start()); reason.Of(err) != reason.KeyPurposeMismatch {
			t.Errorf("%s for assertions: %v", fragment, err)
		}
	}
}

// refusal is a document and the code with which it is refused.
type refusal struct {
	doc  any
	want reason.Code
}

func refuseAll(t *testing.T, cases map[string]refusal) {
	t.Helper()
	for name, c := range cases {
		if d, err := read(t, c.doc); reason.Of(err) != c.want || d != nil {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestReadDocumentBounds(t *testing.T) {
	good := document(jwkMethod(generate(t, key.EdDSA), practice+"#k1"))
	if _, err := did.ReadDocument([]byte(`{"id":"did:web:h.test","id":"did:web:h.test"}`), mustParse(t, practice), start()); reason.Of(err) != reason.JSONDuplicateName {
		t.Errorf("name twice: %v", err)
	}
	full := text(t, good)
	full = append(full, strings.Repeat(" ", did.MaxDocument-len(full))...)
	if _, err := did.ReadDocument(full, mustParse(t, practice), start()); err != nil {
		t.Errorf("just not too long: %v", err)
	}
	if _, err := did.ReadDocument(append(full, ' '), mustParse(t, practice), start()); reason.Of(err) != reason.FetchLimit {
		t.Errorf("a byte too long: %v", err)
	}
	for name, f := range map[string]func() (*did.Document, error){
		"zero time": func() (*did.Document, error) {
			return did.ReadDocument(text(t, good), mustParse(t, practice), time.Time{})
		},
		"zero DID": func() (*did.Document, error) { return did.ReadDocument([]byte(`{"id":""}`), did.DID{}, start()) },
	} {
		if d, err := f(); reason.Of(err) != reason.InternalIndeterminate || d != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWriteDocument(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		id := mustParse(t, practice)
		n := rapid.IntRange(1, 5).Draw(r, "keys")
		var keys []did.Publication
		for i := range n {
			p := did.Publication{
				Fragment:      fmt.Sprintf("k%d", i),
				Key:           generate(t, rapid.SampledFrom([]key.Algorithm{key.EdDSA, key.ES256, key.ES384}).Draw(r, "alg")),
				Relationships: rapid.SliceOfNDistinct(rapid.SampledFrom([]did.Relationship{did.AssertionMethod, did.Authentication, did.CapabilityDelegation, did.CapabilityInvocation}), 1, 4, rapid.ID).Draw(r, "for"),
				Type:          rapid.SampledFrom([]did.MethodType{"", did.JSONWebKey, did.Multikey}).Draw(r, "type"),
			}
			if rapid.Bool().Draw(r, "expires") {
				p.Expires = start().Add(time.Duration(rapid.IntRange(1, 1e6).Draw(r, "after")) * time.Second)
			}
			keys = append(keys, p)
		}
		raw, err := did.WriteDocument(id, keys)
		if err != nil {
			r.Fatal(err)
		}
		d, err := did.ReadDocument(raw, id, start())
		if err != nil || len(d.Methods) != n {
			r.Fatalf("%d methods, %v", len(d.Methods), err)
		}
		for i, p := range keys {
			u := mustURL(t, practice+"#"+p.Fragment)
			for _, rel := range p.Relationships {
				if k, err := d.Key(u, rel, start()); err != nil || !k.Equal(p.Key) {
					r.Fatalf("%s under %s: %v", u, rel, err)
				}
			}
			if !d.Methods[i].Expires.Equal(p.Expires) {
				r.Fatalf("expires %s, want %s", d.Methods[i].Expires, p.Expires)
			}
		}
	})
}

func TestWriteDocumentRefuses(t *testing.T) {
	id := mustParse(t, practice)
	good := did.Publication{Fragment: "k1", Key: generate(t, key.ES256), Relationships: []did.Relationship{did.AssertionMethod}}
	change := func(f func(*did.Publication)) []did.Publication { p := good; f(&p); return []did.Publication{p} }
	many := make([]did.Publication, did.MaxMethods+1)
	for i := range many {
		many[i] = good
		many[i].Fragment = fmt.Sprintf("k%d", i)
	}
	for name, c := range map[string]struct {
		keys []did.Publication
		want reason.Code
	}{
		"no keys":         {nil, reason.JSONMemberMissing},
		"same fragment":   {[]did.Publication{good, good}, reason.DIDDocumentMismatch},
		"too many":        {many, reason.FetchLimit},
		"no fragment":     {change(func(p *did.Publication) { p.Fragment = "" }), reason.DIDSyntax},
		"zero key":        {change(func(p *did.Publication) { p.Key = key.Public{} }), reason.KeyWeak},
		"for nothing":     {change(func(p *did.Publication) { p.Relationships = nil }), reason.KeyPurposeMismatch},
		"for agreement":   {change(func(p *did.Publication) { p.Relationships = []did.Relationship{did.KeyAgreement} }), reason.KeyPurposeMismatch},
		"unknown type":    {change(func(p *did.Publication) { p.Type = "JsonWebKey2020" }), reason.DIDMethodUnsupported},
		"unknown purpose": {change(func(p *did.Publication) { p.Relationships = []did.Relationship{"x"} }), reason.KeyPurposeMismatch},
	} {
		if raw, err := did.WriteDocument(id, c.keys); reason.Of(err) != c.want || raw != nil {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := did.WriteDocument(did.DID{}, []did.Publication{good}); err == nil {
		t.Error("zero DID was written")
	}
}

// What issuers serve is looked at by other software: its form is stated here.
func TestWrittenForm(t *testing.T) {
	k := generate(t, key.ES256)
	raw, err := did.WriteDocument(mustParse(t, practice), []did.Publication{{Fragment: "k1", Key: k, Relationships: []did.Relationship{did.AssertionMethod}, Expires: start()}})
	if err != nil {
		t.Fatal(err)
	}
	j := k.JWK()
	want := fmt.Sprintf(`{"@context":["https://www.w3.org/ns/did/v1","https://w3id.org/security/jwk/v1"],"id":"did:web:h.test",`+
		`"verificationMethod":[{"id":"did:web:h.test#k1","type":"JsonWebKey","controller":"did:web:h.test","expires":"2026-11-22T10:00:00Z",`+
		`"publicKeyJwk":{"kty":"EC","crv":"P-256","x":%q,"y":%q,"kid":%q,"alg":"ES256"}}],"assertionMethod":["did:web:h.test#k1"]}`, j.X, j.Y, k.Thumbprint())
	if string(raw) != want {
		t.Error(cmp.Diff(want, string(raw)))
	}
}

func FuzzReadDocument(f *testing.F) {
	ed, ec := generate(f, key.EdDSA), generate(f, key.ES256)
	full := document(jwkMethod(ec, practice+"#k1"), multikeyMethod(f, ed, practice+"#k2"))
	full["authentication"] = []any{"#k2", jwkMethod(ed, practice+"#k3")}
	full["service"] = []any{object{"id": "#s", "type": "A", "serviceEndpoint": "x"}}
	f.Add(text(f, full))
	f.Add(text(f, document(jwkMethod(ec, "#k1"))))
	f.Add([]byte(`{"id":"did:web:h.test"}`))
	f.Add([]byte(`{"id":"did:web:h.test","verificationMethod":[{"id":"did:web:h.test#k","type":"X","controller":"y","expires":"2026-01-01T00:00:00Z"}],"authentication":["#k"]}`))
	id := mustParse(f, practice)
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := did.ReadDocument(raw, id, start())
		if err != nil {
			if d != nil || reason.Of(err) == reason.InternalIndeterminate {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		checkDocument(t, raw, id, d)
	})
}

// checkDocument states what holds of every document that was read.
func checkDocument(t *testing.T, raw []byte, id did.DID, d *did.Document) {
	t.Helper()
	if d.ID != id || d.Fetched.IsZero() || len(d.Methods) > did.MaxMethods {
		t.Fatalf("%s has %d methods", d.ID, len(d.Methods))
	}
	seen := map[string]bool{}
	for _, m := range d.Methods {
		if m.ID.DID() != id || seen[m.ID.Fragment()] {
			t.Fatalf("method %s", m.ID)
		}
		seen[m.ID.Fragment()] = true
	}
	for r, fragments := range d.Purposes {
		for _, fragment := range fragments {
			if !seen[fragment] {
				t.Fatalf("%s lists %s", r, fragment)
			}
		}
	}
	var m map[string]any
	if json.Unmarshal(raw, &m) != nil || m["id"] != id.String() || hasSecret(m) {
		t.Fatalf("another reader sees another document in %q", raw)
	}
}

// hasSecret looks for a secret in the methods of m as a lax reader sees them.
func hasSecret(m map[string]any) bool {
	methods, _ := m["verificationMethod"].([]any)
	for _, v := range methods {
		if o, ok := v.(object); ok && o["secretKeyMultibase"] != nil {
			return true
		}
	}
	return false
}

func ExampleDocument_Key() {
	id, err := did.Parse("did:web:practice.example")
	if err != nil {
		fmt.Println(err)
		return
	}
	served := `{"id":"did:web:practice.example","verificationMethod":[{"id":"did:web:practice.example#k1","type":"Multikey",
		"controller":"did:web:practice.example","publicKeyMultibase":"z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"}],
		"assertionMethod":["#k1"]}`
	doc, err := did.ReadDocument([]byte(served), id, start())
	if err != nil {
		fmt.Println(err)
		return
	}
	u, err := did.ParseURL("did:web:practice.example#k1")
	if err != nil {
		fmt.Println(err)
		return
	}
	k, err := doc.Key(u, did.AssertionMethod, start())
	fmt.Println(k.Algorithm(), err)
	_, err = doc.Key(u, did.Authentication, start())
	fmt.Println(reason.Of(err))
	// Output:
	// EdDSA <nil>
	// key.purpose_mismatch
}
