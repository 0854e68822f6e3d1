// SPDX-License-Identifier: Apache-2.0

package ecdsasd_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/cbor"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// TestDisclose shows that exactly the chosen parts are revealed and that they verify (conformance
// 60).
func TestDisclose(t *testing.T) {
	i := newIssuer(t, limiting)
	derived := i.derive(i.base(credential), selective...)
	if err := i.verify(derived); err != nil {
		t.Fatal(err)
	}
	got, full := parse(t, derived), parse(t, []byte(credential))
	delete(got, "proof")
	subject := full["credentialSubject"].(object)
	delegation := subject["delegation"].(object)
	delete(delegation, "identityAssurance")
	delegation["permission"] = delegation["permission"].([]any)[2:]
	if diff := cmp.Diff(full, got); diff != "" {
		t.Error(diff)
	}
	for _, hidden := range []string{"prescriptions", "appointments", "identityAssurance", "warn:repeat-request"} {
		if bytes.Contains(derived, []byte(hidden)) {
			t.Errorf("%s is shown", hidden)
		}
	}
}

// TestSelections derives what RFC 6901 can express, each of which must verify.
func TestSelections(t *testing.T) {
	i := newIssuer(t, []string{"/issuer"})
	base := i.base(credential)
	for name, pointers := range map[string][]string{
		"nothing more":             nil,
		"everything":               {""},
		"a string":                 {"/validUntil"},
		"an object":                {"/credentialSubject"},
		"one of an array":          {"/credentialStatus/1"},
		"two of an array":          {"/credentialStatus/1", "/credentialStatus/0"},
		"an array":                 {"/credentialStatus"},
		"array and one of it":      {"/credentialStatus", "/credentialStatus/0"},
		"one of it and array":      {"/credentialStatus/0", "/credentialStatus"},
		"item of strings":          {"/credentialSubject/delegation/permission/0/action/1"},
		"array of one":             {"/credentialSubject/delegation/purpose/0"},
		"a JSON literal":           {"/credentialSubject/delegation/redelegation"},
		"an empty JSON literal":    {"/credentialSubject/delegation/permission/0/constraint"},
		"the same twice":           {"/validUntil", "/validUntil"},
		"the same as mandatory":    {"/issuer"},
		"only an identifier":       {"/credentialSubject/id"},
		"deep, without its object": {"/credentialSubject/delegation/permission/2/constraint"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := i.verify(i.derive(base, pointers...)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestQuads counts the statements that decide whether a part of a limit can be hidden: a
// constraint, a prohibition and the like is one (delegation.md §3.3).
func TestQuads(t *testing.T) {
	quads, err := jsonld.ToRDF([]byte(credential), jsonld.Closed)
	if err != nil {
		t.Fatal(err)
	}
	literals := 0
	for _, q := range quads {
		if q.O.Datatype == "http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON" {
			literals++
		}
	}
	if literals != 7 {
		t.Errorf("%d JSON literals, want 7: identifier, identityAssurance, redelegation, prohibition and three constraints", literals)
	}
}

// TestPointersRefused has the pointers that select nothing (conformance 58, 59).
func TestPointersRefused(t *testing.T) {
	i := newIssuer(t, []string{"/issuer"})
	base := i.base(credential)
	long := "/" + strings.Repeat("x", ecdsasd.MaxPointer)
	for name, c := range map[string]struct {
		pointers      []string
		issue, derive reason.Code
	}{
		"absent":                    {[]string{"/operatedBy"}, reason.CredentialSchemaInvalid, reason.QueryUnsatisfied},
		"absent below":              {[]string{"/credentialSubject/parent"}, reason.CredentialSchemaInvalid, reason.QueryUnsatisfied},
		"into a string":             {[]string{"/issuer/id"}, reason.CredentialSchemaInvalid, reason.QueryUnsatisfied},
		"beyond an array":           {[]string{"/credentialStatus/2"}, reason.CredentialSchemaInvalid, reason.QueryUnsatisfied},
		"end of an array":           {[]string{"/credentialStatus/-"}, reason.CredentialSchemaInvalid, reason.QueryUnsatisfied},
		"leading zero":              {[]string{"/credentialStatus/01"}, reason.CredentialSchemaInvalid, reason.QueryUnsatisfied},
		"sign":                      {[]string{"/credentialStatus/+1"}, reason.CredentialSchemaInvalid, reason.QueryUnsatisfied},
		"name of an array":          {[]string{"/credentialStatus/id"}, reason.CredentialSchemaInvalid, reason.QueryUnsatisfied},
		"empty name":                {[]string{"/"}, reason.CredentialSchemaInvalid, reason.QueryUnsatisfied},
		"part of a literal":         {[]string{"/credentialSubject/delegation/redelegation/maxDepth"}, reason.CredentialSchemaInvalid, reason.QueryUnsatisfied},
		"the one item of a literal": {[]string{"/credentialSubject/delegation/prohibition/0"}, "", ""},
		"the proof":                 {[]string{"/proof"}, reason.CredentialSchemaInvalid, reason.QueryUnsatisfied},
		"no slash":                  {[]string{"issuer"}, reason.CredentialSchemaInvalid, reason.CredentialSchemaInvalid},
		"fragment":                  {[]string{"#/issuer"}, reason.CredentialSchemaInvalid, reason.CredentialSchemaInvalid},
		"bad escape":                {[]string{"/~2"}, reason.CredentialSchemaInvalid, reason.CredentialSchemaInvalid},
		"cut escape":                {[]string{"/issuer~"}, reason.CredentialSchemaInvalid, reason.CredentialSchemaInvalid},
		"too long":                  {[]string{long}, reason.LimitMembers, reason.LimitMembers},
		"too deep":                  {[]string{strings.Repeat("/a", 100)}, reason.LimitMembers, reason.LimitMembers},
		"too many":                  {slices.Repeat([]string{"/issuer"}, ecdsasd.MaxPointers+1), reason.LimitMembers, reason.LimitMembers},
		"good and absent":           {[]string{"/validFrom", "/absent"}, reason.CredentialSchemaInvalid, reason.QueryUnsatisfied},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newIssuer(t, c.pointers).create(credential)
			want(t, err, c.issue)
			_, err = ecdsasd.Derive(context.Background(), base, c.pointers, jsonld.Closed)
			want(t, err, c.derive)
		})
	}
}

// TestDeriveRefused has the documents that nothing can be derived from (conformance 59).
func TestDeriveRefused(t *testing.T) {
	i := newIssuer(t, []string{"/issuer"})
	base := i.base(credential)
	proof := parse(t, base)["proof"]
	set := func(v any) []byte {
		doc := parse(t, base)
		doc["proof"] = v
		return []byte(text(t, doc))
	}
	changed := parse(t, base)
	changed["name"] = "one statement more"
	cut := value(t, base)
	for name, c := range map[string]struct {
		doc  []byte
		code reason.Code
	}{
		"derived before":      {i.derive(base, "/validUntil"), reason.DIProofValue},
		"no proof":            {[]byte(credential), reason.DIProofMissing},
		"proof is text":       {set("proof"), reason.DIProofSet},
		"no proof in the set": {set([]any{}), reason.DIProofSet},
		"two of the suite":    {set([]any{proof, proof}), reason.DIProofSet},
		"too many":            {set([]any{proof, 1, 2, 3, 4}), reason.DIProofSet},
		"another suite":       {bytes.Replace(base, []byte("ecdsa-sd-2023"), []byte("ecdsa-jcs-2019"), 1), reason.DIProofSet},
		"another type":        {bytes.Replace(base, []byte("DataIntegrityProof"), []byte("Proof"), 1), reason.DIProofValue},
		"no value":            {bytes.Replace(base, []byte(`"proofValue"`), []byte(`"value"`), 1), reason.DIProofValue},
		"value cut":           {withValue(t, base, cut[:len(cut)-1]), reason.DIProofValue},
		"not the document":    {[]byte(text(t, changed)), reason.DIProofValue},
		"not an object":       {[]byte(`[]`), reason.JSONType},
		"not JSON":            {[]byte(`{`), reason.JSONSyntax},
		"a name twice":        {bytes.Replace(base, []byte(`"issuer"`), []byte(`"issuer":"did:web:x","issuer"`), 1), reason.JSONDuplicateName},
		"undefined term":      {[]byte(strings.Replace(string(base), `"issuer"`, `"noSuchTerm":"x","issuer"`, 1)), reason.JSONLDUndefinedTerm},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ecdsasd.Derive(context.Background(), c.doc, []string{"/validUntil"}, jsonld.Closed)
			want(t, err, c.code)
		})
	}
	bare := newIssuer(t, nil)
	_, err := ecdsasd.Derive(context.Background(), bare.base(credential), nil, jsonld.Closed)
	want(t, err, reason.QueryUnsatisfied)
	if err := bare.verify(bare.derive(bare.base(credential), "/validUntil")); err != nil {
		t.Errorf("without mandatory pointers: %v", err)
	}
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ecdsasd.Derive(over, base, selective, jsonld.Closed); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestDeriveFromSet shows that the proofs of other suites, which were made over the whole document,
// do not travel.
func TestDeriveFromSet(t *testing.T) {
	i := newIssuer(t, []string{"/issuer"})
	doc := parse(t, i.base(credential))
	doc["proof"] = []any{object{"type": dataintegrity.Type, "cryptosuite": "eddsa-jcs-2022", "proofValue": "z"}, doc["proof"]}
	derived := i.derive([]byte(text(t, doc)), "/validUntil")
	if bytes.Contains(derived, []byte("eddsa")) {
		t.Error("the other proof is there")
	}
	if err := i.verify(derived); err != nil {
		t.Error(err)
	}
}

// TestTampered changes what conformance 66 lists.
func TestTampered(t *testing.T) {
	i := newIssuer(t, limiting)
	derived := string(i.derive(i.base(credential), selective...))
	for name, change := range map[string][2]string{
		"a mandatory value":      {`"family-requested"`, `"staff"`},
		"a chosen value":         {`"risk":"sensitive"`, `"risk":"routine"`},
		"a literal":              {`"sexual-health"`, `"mental-health"`},
		"a mandatory member":     {`"reviewBy":"2027-03-01T00:00:00Z",`, ``},
		"a chosen member":        {`"risk":"sensitive",`, ``},
		"a member more":          {`"issuer"`, `"name":"more","issuer"`},
		"the purpose":            {`"assertionMethod"`, `"authentication"`},
		"created":                {`"created":"2026-06-01T00:00:00Z"`, `"created":"2026-06-01T00:00:01Z"`},
		"created left out":       {`"created":"2026-06-01T00:00:00Z",`, ``},
		"an option more":         {`"proofPurpose"`, `"domain":"https://a.example","proofPurpose"`},
		"the verificationMethod": {`proxy.example#k1`, `proxy.example#k2`},
		"the context":            {`"https://example.org/ns/delegation/v1"`, `{"@vocab":"https://example.org/"}`},
		"the meaning of a term":  {`"https://example.org/ns/delegation/v1"`, `"https://example.org/ns/delegation/v1",{"unused":"https://example.org/unused"}`},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(derived, change[0], change[1], 1)
			if changed == derived {
				t.Fatal("nothing was changed")
			}
			err := i.verify([]byte(changed))
			if name == "the meaning of a term" {
				if err != nil {
					t.Errorf("a context that defines what is not used: %v", err)
				}
				return
			}
			if code := reason.Of(err); code == "" {
				t.Errorf("got %v", err)
			}
		})
	}
	other := newIssuer(t, nil)
	want(t, other.verify([]byte(derived)), reason.CredentialSignatureInvalid)
}

// TestReordered shows that the order of a set does not matter to RDF, and that of a JSON literal
// does.
func TestReordered(t *testing.T) {
	i := newIssuer(t, limiting)
	derived := string(i.derive(i.base(credential), "/credentialSubject/delegation/permission"))
	swapped := strings.Replace(derived, `["view","book","cancel"]`, `["cancel","book","view"]`, 1)
	if swapped == derived || i.verify([]byte(swapped)) != nil {
		t.Error("a set in another order is refused")
	}
	literal := strings.Replace(derived, `["person","agent"]`, `["agent","person"]`, 1)
	if literal == derived {
		t.Fatal("nothing was changed")
	}
	want(t, i.verify([]byte(literal)), reason.CredentialSignatureInvalid)
}

// TestSpliced shows that statements of two documents of one issuer cannot be put together.
func TestSpliced(t *testing.T) {
	i := newIssuer(t, []string{"/issuer", "/credentialSubject/id"})
	first, second := i.derive(i.base(credential), "/validUntil"), i.derive(i.base(strings.Replace(credential, "2027-06-01", "2037-06-01", 1)), "/validUntil")
	spliced := parse(t, first)
	spliced["validUntil"] = parse(t, second)["validUntil"]
	want(t, i.verify([]byte(text(t, spliced))), reason.CredentialSignatureInvalid)
	spliced["proof"] = parse(t, second)["proof"]
	if err := i.verify([]byte(text(t, spliced))); err != nil {
		t.Errorf("with the proof of the second, it is the second: %v", err)
	}
}

// TestFresh shows that no two base proofs share a key pair or labels (conformance 61, 62).
func TestFresh(t *testing.T) {
	i := newIssuer(t, []string{"/issuer"})
	seen := map[string]bool{}
	for range 3 {
		r := cbor.NewReader(value(t, i.base(credential))[3:])
		r.Array(5)
		r.Bytes()
		for _, secret := range []string{string(r.Bytes()), string(r.Bytes())} {
			if seen[secret] || r.Err() != nil {
				t.Error("a key is used twice", r.Err())
			}
			seen[secret] = true
		}
	}
}

// TestBaseProofRefused shows that a base proof verifies nowhere (conformance 57).
func TestBaseProofRefused(t *testing.T) {
	i := newIssuer(t, limiting)
	want(t, i.verify(i.base(credential)), reason.DIBaseProof)
}

// TestCreateRefused has what an issuer cannot sign.
func TestCreateRefused(t *testing.T) {
	p384, err := key.Generate(key.ES384, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := newIssuer(t, nil)
	many := make([]string, ecdsasd.MaxStatements+1)
	for n := range many {
		many[n] = fmt.Sprintf(`"p%d"`, n)
	}
	for name, c := range map[string]struct {
		doc    string
		random io.Reader
		by     key.Signer
		code   reason.Code
	}{
		"no randomness":       {credential, nil, i.key, reason.DISuite},
		"no key":              {credential, rand.Reader, nil, reason.DISuite},
		"P-384":               {credential, rand.Reader, p384, reason.DISuite},
		"undefined term":      {strings.Replace(credential, `"issuer"`, `"noSuchTerm":1,"issuer"`, 1), rand.Reader, i.key, reason.JSONLDUndefinedTerm},
		"blank node by name":  {strings.Replace(credential, `"id":"did:example:bob"`, `"id":"_:bob"`, 1), rand.Reader, i.key, reason.CredentialSchemaInvalid},
		"proofs below it":     {string(newIssuer(t, nil).base(credential)), rand.Reader, i.key, reason.CredentialSchemaInvalid},
		"too many statements": {strings.Replace(credential, `["family-requested"]`, `[`+strings.Join(many, ",")+`]`, 1), rand.Reader, i.key, reason.LimitMembers},
		"a list": {`{"@context":["https://www.w3.org/ns/credentials/v2",{"l":{"@id":"https://a.example/l","@container":"@list"}}],` +
			`"type":"VerifiableCredential","l":["a","b"]}`, rand.Reader, i.key, reason.CredentialSchemaInvalid},
		"a language map": {`{"@context":["https://www.w3.org/ns/credentials/v2",{"l":{"@id":"https://a.example/l","@container":"@language"}}],` +
			`"type":"VerifiableCredential","l":{"en":"a"}}`, rand.Reader, i.key, reason.JSONLDUndefinedTerm},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ecdsasd.New(jsonld.Open, c.random).Create(context.Background(), []byte(c.doc), []byte(config), did.Signer{Signer: c.by})
			want(t, err, c.code)
		})
	}
	most := make([]string, 2*ecdsasd.MaxStatements+1)
	for n := range most {
		most[n] = fmt.Sprintf(`"p%d"`, n)
	}
	_, err = newIssuer(t, []string{""}).create(strings.Replace(credential, `["family-requested"]`, `[`+strings.Join(most, ",")+`]`, 1))
	want(t, err, reason.LimitMembers)
	for _, random := range []io.Reader{strings.NewReader(""), strings.NewReader("some"), io.LimitReader(rand.Reader, 31)} {
		if _, err := ecdsasd.New(jsonld.Closed, random).Create(context.Background(), []byte(credential), []byte(config), did.Signer{Signer: i.key}); err == nil {
			t.Error("signed without randomness")
		}
	}
}

// TestLanguage shows that values with a language are disclosed as they are.
func TestLanguage(t *testing.T) {
	i := newIssuer(t, []string{"/issuer"})
	doc := strings.Replace(credential, `"issuer"`, `"name":[{"@value":"Carer","@language":"en"},{"@value":"Gofalwr","@language":"cy"}],"issuer"`, 1)
	derived := i.derive(i.base(doc), "/name/1")
	if err := i.verify(derived); err != nil || !bytes.Contains(derived, []byte("Gofalwr")) || bytes.Contains(derived, []byte(`"Carer"`)) {
		t.Errorf("%v %s", err, derived)
	}
}

// TestNamesTaken shows that a document cannot be made to look like the names that are written into
// it on the way.
func TestNamesTaken(t *testing.T) {
	i := newIssuer(t, []string{"/issuer"})
	for _, taken := range []string{"urn:bnid:5", "urn:bnid:AAAAAAAAAAAAAAAAAAAAAA:5"} {
		doc := strings.Replace(credential, `{"principal":"high"`, `{"@id":"`+taken+`","principal":"`+taken+`"`, 1)
		doc = strings.Replace(doc, "did:example:alice", taken, -1)
		derived := i.derive(i.base(doc), "/credentialSubject")
		if err := i.verify(derived); err != nil || bytes.Count(derived, []byte(taken)) != 4 {
			t.Errorf("%v %s", err, derived)
		}
	}
}

// TestWithMandatory shows that a Suite does not change behind the back of who shares it.
func TestWithMandatory(t *testing.T) {
	pointers := []string{"/issuer"}
	i := newIssuer(t, pointers)
	i.suite.WithMandatory([]string{"/validUntil"})
	pointers[0] = "/validFrom"
	if derived := i.derive(i.base(credential), "/type"); !bytes.Contains(derived, []byte(`"issuer"`)) || bytes.Contains(derived, []byte(`"validUntil"`)) {
		t.Errorf("%s", derived)
	}
}

func TestSuite(t *testing.T) {
	i := newIssuer(t, nil)
	if i.suite.Name() != "ecdsa-sd-2023" || !i.suite.Fits(dataintegrity.Method{Key: i.key.Public()}) || i.suite.Fits(dataintegrity.Method{}) {
		t.Error("not the suite it says")
	}
	var zero ecdsasd.Suite
	_, err := zero.Create(context.Background(), []byte(credential), []byte(config), did.Signer{Signer: i.key})
	want(t, err, reason.DISuite)
	derived := i.derive(i.base(credential), "/type")
	unsecured, proofs, err := dataintegrity.Split(derived)
	if err != nil {
		t.Fatal(err)
	}
	config, value, err := dataintegrity.SplitProof(proofs[0])
	if err != nil {
		t.Fatal(err)
	}
	want(t, zero.Verify(context.Background(), unsecured, config, value, dataintegrity.Method{}), reason.DISuite)
}

// TestArmour has the texts that are no proofValue (conformance 49, 56).
func TestArmour(t *testing.T) {
	i := newIssuer(t, []string{"/issuer"})
	derived := i.derive(i.base(credential), "/type")
	raw := value(t, derived)
	text := base64.RawURLEncoding.EncodeToString(raw)
	unsecured, _, err := dataintegrity.Split(derived)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"empty": "", "prefix alone": "u", "base58": "z" + text, "no prefix": text, "padded": "u" + text + "=", "line end": "u" + text[:8] + "\n" + text[8:],
		"carriage return": "u" + text + "\r", "plain base64": "u" + base64.RawStdEncoding.EncodeToString(raw) + "+", "space": "u " + text,
		"capital": "U" + text, "too long": "u" + strings.Repeat("A", dataintegrity.MaxValue), "header alone": "u2V0B",
	} {
		t.Run(name, func(t *testing.T) {
			err := i.suite.Verify(context.Background(), unsecured, []byte(config), value, dataintegrity.Method{Key: i.key.Public()})
			want(t, err, reason.DIProofValue)
		})
	}
}
