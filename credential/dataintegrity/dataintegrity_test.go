// SPDX-License-Identifier: Apache-2.0

package dataintegrity_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// kit is a suite with a world whose keys fit it, and a document that was secured with it.
type kit struct {
	*fixture.World
	suite  dataintegrity.Cryptosuite
	want   dataintegrity.Expect
	signed []byte
}

// kinds are the suites, with each kind of key that fits.
var kinds = []struct {
	suite string
	alg   key.Algorithm
}{
	{dataintegrity.EdDSARDFC, key.EdDSA},
	{dataintegrity.EdDSAJCS, key.EdDSA},
	{dataintegrity.ECDSARDFC, key.ES256},
	{dataintegrity.ECDSARDFC, key.ES384},
	{dataintegrity.ECDSAJCS, key.ES256},
	{dataintegrity.ECDSAJCS, key.ES384},
}

// document is the fixed credential with names of permissions that RDF takes.
func document() []byte {
	return bytes.ReplaceAll(fixture.Document(), []byte(`{"id":"p`), []byte(`{"id":"urn:example:p`))
}

func suite(t testing.TB, name string) dataintegrity.Cryptosuite {
	t.Helper()
	s, err := dataintegrity.Suite(name, jsonld.Closed)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newKit(t testing.TB, name string, alg key.Algorithm) *kit {
	return kitIn(t, fixture.New(t, alg), name)
}

func kitIn(t testing.TB, w *fixture.World, name string) *kit {
	t.Helper()
	k := &kit{World: w, suite: suite(t, name)}
	k.want = dataintegrity.Expect{Purpose: did.AssertionMethod, Controller: w.Issuer.Method.DID().String()}
	k.signed = k.sign(t, document(), k.options())
	return k
}

func (k *kit) options() dataintegrity.Options {
	return dataintegrity.Options{Created: k.Keys.At.Add(-time.Hour), Purpose: did.AssertionMethod}
}

func (k *kit) sign(t testing.TB, doc []byte, o dataintegrity.Options) []byte {
	t.Helper()
	signed, err := dataintegrity.Sign(context.Background(), doc, k.suite, o, k.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (k *kit) verify(signed []byte) (dataintegrity.Proved, error) {
	return dataintegrity.Suites{k.suite}.Verify(context.Background(), signed, k.want, k.Keys)
}

// refused fails unless signed is refused as code.
func (k *kit) refused(t *testing.T, what string, signed []byte, code reason.Code) {
	t.Helper()
	if _, err := k.verify(signed); reason.Of(err) != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// replace changes one piece of what was signed, which must be there.
func (k *kit) replace(t testing.TB, old, new string) []byte {
	t.Helper()
	out := strings.Replace(string(k.signed), old, new, 1)
	if out == string(k.signed) {
		t.Fatalf("there is no %s in %s", old, k.signed)
	}
	return []byte(out)
}

// proof changes the one proof.
func (k *kit) proof(t testing.TB, change func(p map[string]any)) []byte {
	t.Helper()
	unsecured, proofs, err := dataintegrity.Split(k.signed)
	if err != nil {
		t.Fatal(err)
	}
	var p map[string]any
	if err := json.Unmarshal(proofs[0], &p); err != nil {
		t.Fatal(err)
	}
	change(p)
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	joined, err := dataintegrity.Join(unsecured, raw)
	if err != nil {
		t.Fatal(err)
	}
	return joined
}

func each(t *testing.T, test func(t *testing.T, k *kit)) {
	for _, kind := range kinds {
		t.Run(fmt.Sprint(kind.suite, "-", kind.alg), func(t *testing.T) { test(t, newKit(t, kind.suite, kind.alg)) })
	}
}

func TestVerifies(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		proved, err := k.verify(k.signed)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(proved.Document(), document()) {
			t.Errorf("the document is\n%s", proved.Document())
		}
		p := proved.Proofs()[0]
		if p.Suite != k.suite.Name() || p.Method != k.Issuer.Method || p.Purpose != did.AssertionMethod || !p.Created.Equal(k.Keys.At.Add(-time.Hour)) {
			t.Errorf("the proof says %+v", p)
		}
		if got := (dataintegrity.Proved{}); got.Document() != nil || got.Proofs() != nil {
			t.Error("the zero Proved holds something")
		}
	})
}

// TestEveryChangeIsRefused is the list of changes that no suite may let pass.
func TestEveryChangeIsRefused(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		isRDF := strings.Contains(k.suite.Name(), "rdfc")
		sig := reason.CredentialSignatureInvalid
		unknown, undefined := sig, sig
		if isRDF {
			unknown, undefined = reason.JSONLDContextUnknown, reason.JSONLDUndefinedTerm
		}
		k.refused(t, "tampered value", k.replace(t, `"consent"`, `"guardian"`), sig)
		k.refused(t, "changed @context", k.replace(t, `https://example.org/ns/delegation/v1`, `https://example.org/ns/delegation/v2`), unknown)
		same := sig
		if isRDF { // the statements are: which contexts a credential may name, ldpvc says
			same = ""
		}
		k.refused(t, "known @context that changes no statement", k.replace(t, `"@context":[`, `"@context":["https://www.w3.org/ns/credentials/examples/v2",`), same)
		k.refused(t, "known @context left out", k.replace(t, `,"https://example.org/ns/delegation/v1"]`, `]`), undefined)
		k.refused(t, "reordered array", k.replace(t, `["person","agent"]`, `["agent","person"]`), sig)
		k.refused(t, "removed member", k.replace(t, `"relationship":"adult-to-adult",`, ``), sig)
		k.refused(t, "removed item", k.replace(t, `["view","book","cancel"]`, `["view","book"]`), sig)
		k.refused(t, "added item", k.replace(t, `["view","book","cancel"]`, `["view","book","cancel","decide"]`), sig)
		k.refused(t, "changed created", k.replace(t, `"created":"2026-11-22T09:00:00Z"`, `"created":"2026-11-22T09:00:01Z"`), sig)
		k.refused(t, "removed created", k.replace(t, `"created":"2026-11-22T09:00:00Z",`, ``), sig)
		k.refused(t, "added nonce", k.replace(t, `"created":`, `"nonce":"n","created":`), sig)
		k.refused(t, "added expires", k.replace(t, `"created":`, `"expires":"2027-01-01T00:00:00Z","created":`), sig)
		other := k.Web(t, k.Issuer.Method.DID().String(), k.Issuer.Public().Algorithm()) // another key under the same URL
		k.refused(t, "swapped key", k.signed, sig)
		k.Issuer = other
		k.refused(t, "swapped verificationMethod", k.replace(t, `#k1`, `#k2`), reason.DIDMethodUnsupported)
		k.want.Controller = ""
		k.refused(t, "another's verificationMethod", k.replace(t, `"verificationMethod":"did:web:proxy`, `"verificationMethod":"did:web:attacker`), sig)
	})
}

// TestUndefinedTermsAreRefused shows what the suites with RDF would drop in silence.
func TestUndefinedTermsAreRefused(t *testing.T) {
	for _, kind := range kinds {
		k := newKit(t, kind.suite, kind.alg)
		added := k.replace(t, `"delegateKind"`, `"accessLevel":"all","delegateKind"`)
		want := reason.CredentialSignatureInvalid
		if strings.Contains(kind.suite, "rdfc") {
			want = reason.JSONLDUndefinedTerm
			doc, _, _ := dataintegrity.Split(added)
			_, err := dataintegrity.Sign(context.Background(), doc, k.suite, k.options(), k.Issuer)
			refusedAs(t, "when signing", err, want)
		}
		k.refused(t, kind.suite, added, want)
	}
}

func refusedAs(t *testing.T, what string, err error, code reason.Code) {
	t.Helper()
	if reason.Of(err) != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// TestProofForms is the grammar of one proof (VC Data Integrity 1.0 §2.1).
func TestProofForms(t *testing.T) {
	k := newKit(t, dataintegrity.EdDSAJCS, key.EdDSA)
	unsecured, _, err := dataintegrity.Split(k.signed)
	if err != nil {
		t.Fatal(err)
	}
	with := func(proof string) []byte {
		return append(bytes.TrimSuffix(bytes.Clone(unsecured), []byte("}")), (`,"proof":` + proof + "}")...)
	}
	for proof, code := range map[string]reason.Code{
		`null`: reason.DIProofMissing, `{}`: reason.DIProofMissing, `[]`: reason.DIProofMissing,
		`"x"`: reason.JSONType, `7`: reason.JSONType, `true`: reason.JSONType, `["x"]`: reason.JSONType, `[null]`: reason.JSONType, `[[]]`: reason.JSONType,
	} {
		k.refused(t, proof, with(proof), code)
	}
	k.refused(t, "no proof", unsecured, reason.DIProofMissing)
	for _, doc := range []string{`[]`, `"x"`, `7`, `null`} {
		k.refused(t, doc, []byte(doc), reason.JSONType)
	}
	k.refused(t, "no JSON", []byte(`{`), reason.JSONSyntax)
	k.refused(t, "member twice", with(`{"type":"a","type":"b"}`), reason.JSONDuplicateName)
	k.refused(t, "huge", bytes.Repeat([]byte(" "), dataintegrity.MaxDocument+1), reason.LimitBody)
}

func TestProofMembers(t *testing.T) {
	k := newKit(t, dataintegrity.EdDSAJCS, key.EdDSA)
	for name, code := range map[string]reason.Code{
		"type": reason.DISuite, "cryptosuite": reason.DISuite, "verificationMethod": reason.JSONMemberMissing,
		"proofPurpose": reason.DIPurpose, "proofValue": reason.DIProofValue, "@context": reason.DISuite,
	} {
		k.refused(t, "no "+name, k.proof(t, func(p map[string]any) { delete(p, name) }), code)
		if name != "@context" {
			k.refused(t, name+" of another type", k.proof(t, func(p map[string]any) { p[name] = 7 }), reason.JSONType)
			k.refused(t, name+" null", k.proof(t, func(p map[string]any) { p[name] = nil }), reason.JSONType)
		}
	}
	long := strings.Repeat("x", dataintegrity.MaxOption+1)
	for _, c := range []struct {
		name  string
		value any
		code  reason.Code
	}{
		{"type", "Ed25519Signature2020", reason.DISuite},
		{"type", "dataIntegrityProof", reason.DISuite},
		{"cryptosuite", "eddsa-rdfc-2022", reason.DISuite}, // known, and not accepted here
		{"cryptosuite", "eddsa-jcs-2023", reason.DISuite},
		{"cryptosuite", "", reason.DIProofOptions},
		{"verificationMethod", "did:web:proxy.example.org", reason.DIDMethodUnsupported},
		{"verificationMethod", "#k1", reason.DIDSyntax},
		{"verificationMethod", "", reason.DIDSyntax},
		{"proofPurpose", "authentication", reason.DIPurpose},
		{"proofPurpose", "assertionmethod", reason.DIPurpose},
		{"id", "no url", reason.DIProofOptions},
		{"id", "", reason.DIProofOptions},
		{"id", 7, reason.JSONType},
		{"created", "2026-11-22", reason.DITime},
		{"created", "2026-11-22T09:00:00", reason.DITime},
		{"created", "2026-11-22 09:00:00Z", reason.DITime},
		{"created", "", reason.DITime},
		{"created", 1795000000, reason.JSONType},
		{"created", "2026-11-22T10:01:01Z", reason.DITime},
		{"expires", "2026-11-22T10:00:00Z", reason.DITime},
		{"expires", "2026-11-22T11:00:00", reason.DITime},
		{"challenge", long, reason.DIProofOptions},
		{"nonce", 7, reason.JSONType},
		{"domain", []string{}, reason.DIProofOptions},
		{"domain", []string{"a", "a"}, reason.DIProofOptions},
		{"domain", []string{"a", "b", "c", "d", "e"}, reason.LimitMembers},
		{"domain", []any{7}, reason.JSONType},
		{"previousProof", "urn:x:absent", reason.DIChain},
		{"previousProof", []string{"a", "b", "c", "d", "e"}, reason.LimitMembers},
		{"unknown", "x", reason.DIProofOptions},
		{"jws", "x", reason.DIProofOptions},
		{"@context", "https://www.w3.org/ns/credentials/v2", reason.CredentialSignatureInvalid},
		{"@context", []string{"https://example.org/ns/delegation/v1"}, reason.CredentialSignatureInvalid},
		{"@context", []string{}, reason.CredentialSignatureInvalid},
	} {
		k.refused(t, fmt.Sprint(c.name, " = ", c.value), k.proof(t, func(p map[string]any) { p[c.name] = c.value }), c.code)
	}
}

// TestTimes is the edges of created and expires: 60 seconds of grace, and none.
func TestTimes(t *testing.T) {
	k := newKit(t, dataintegrity.EdDSAJCS, key.EdDSA)
	for _, c := range []struct {
		created, expires time.Duration
		code             reason.Code
	}{
		{60 * time.Second, time.Hour, ""},
		{61 * time.Second, time.Hour, reason.DITime},
		{0, time.Second, ""},
		{0, 0, reason.DITime},
		{0, -time.Second, reason.DITime},
	} {
		o := k.options()
		o.Created, o.Expires = k.Keys.At.Add(c.created), k.Keys.At.Add(c.expires)
		k.refused(t, fmt.Sprint(c), k.sign(t, document(), o), c.code)
	}
	k.refused(t, "no created", k.sign(t, document(), dataintegrity.Options{Purpose: did.AssertionMethod}), "")
}

// TestProofValues is what stands in proofValue beside a signature that verifies.
func TestProofValues(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		signature := bytes.Repeat([]byte{7}, 64)
		if k.Issuer.Public().Algorithm() == key.ES384 {
			signature = bytes.Repeat([]byte{7}, 96)
		}
		b58 := func(raw []byte) string {
			s, err := multiformat.Encode(multiformat.Base58BTC, raw)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		good := b58(signature)
		for what, value := range map[string]string{
			"base64url": "u" + fixture.B64(signature), "hex": "f" + fmt.Sprintf("%x", signature), "base64": "m" + fixture.B64(signature),
			"no prefix": good[1:], "alphabet": good[:5] + "0" + good[6:], "space": good[:5] + " " + good[6:],
			"short": b58(signature[1:]), "long": b58(append(signature, 7)), "leading ones": "z1" + good[1:], "empty": "", "prefix alone": "z",
			"too long": "z" + strings.Repeat("2", dataintegrity.MaxValue),
		} {
			k.refused(t, what, k.proof(t, func(p map[string]any) { p["proofValue"] = value }), reason.DIProofValue)
		}
		k.refused(t, "no signature", k.proof(t, func(p map[string]any) { p["proofValue"] = good }), reason.CredentialSignatureInvalid)
	})
}

// TestSuitesAndKeys gives every suite every kind of key.
func TestSuitesAndKeys(t *testing.T) {
	for _, kind := range kinds {
		for _, alg := range []key.Algorithm{key.EdDSA, key.ES256, key.ES384} {
			fits := strings.HasPrefix(kind.suite, "eddsa") == (alg == key.EdDSA)
			k := newKit(t, kind.suite, kind.alg)
			if got := k.suite.Fits(dataintegrity.Method{Key: fixture.NewKey(t, alg).Public()}); got != fits {
				t.Errorf("%s fits %s: %v", kind.suite, alg, got)
			}
			if fits {
				continue
			}
			k.Web(t, k.Issuer.Method.DID().String(), alg)
			k.refused(t, "key of another kind", k.signed, reason.DISuite)
			_, err := dataintegrity.Sign(context.Background(), document(), k.suite, k.options(), fixture.New(t, alg).Issuer)
			refusedAs(t, "sign", err, reason.DISuite)
		}
		if suite(t, kind.suite).Fits(dataintegrity.Method{}) {
			t.Errorf("%s fits no key", kind.suite)
		}
	}
	_, err := dataintegrity.Suite("eddsa-2022", jsonld.Closed)
	refusedAs(t, "unknown suite", err, reason.DISuite)
	_, err = dataintegrity.Suite("", jsonld.Closed)
	refusedAs(t, "no suite", err, reason.DISuite)
}

// TestSuitesAreNotMixedUp puts the value of one suite under the name of another.
func TestSuitesAreNotMixedUp(t *testing.T) {
	w := fixture.New(t, key.EdDSA)
	rdf, jcs := kitIn(t, w, dataintegrity.EdDSARDFC), kitIn(t, w, dataintegrity.EdDSAJCS)
	renamed := rdf.proof(t, func(p map[string]any) { p["cryptosuite"] = dataintegrity.EdDSAJCS })
	jcs.refused(t, "an RDF proof without context", renamed, reason.DISuite)
	renamed = rdf.proof(t, func(p map[string]any) {
		p["cryptosuite"], p["@context"] = dataintegrity.EdDSAJCS, []string{"https://www.w3.org/ns/credentials/v2", "https://example.org/ns/delegation/v1"}
	})
	jcs.refused(t, "an RDF proof with context", renamed, reason.CredentialSignatureInvalid)
	renamed = jcs.proof(t, func(p map[string]any) { p["cryptosuite"] = dataintegrity.EdDSARDFC })
	rdf.refused(t, "a JCS proof", renamed, reason.CredentialSignatureInvalid)
	rdf.refused(t, "a context of the proof's own", rdf.proof(t, func(p map[string]any) { p["@context"] = []string{"https://www.w3.org/ns/credentials/v2"} }), reason.DIProofOptions)
	rdf.refused(t, "the document's context", rdf.proof(t, func(p map[string]any) {
		p["@context"] = []string{"https://www.w3.org/ns/credentials/v2", "https://example.org/ns/delegation/v1"}
	}), "")
}

// TestContextIsThatOfTheProof: what a JCS proof does not cover, no one reads.
func TestContextIsThatOfTheProof(t *testing.T) {
	k := newKit(t, dataintegrity.EdDSAJCS, key.EdDSA)
	longer := k.replace(t, `"https://example.org/ns/delegation/v1"]`, `"https://example.org/ns/delegation/v1","https://attacker.example/v1"]`)
	proved, err := k.verify(longer)
	if err != nil {
		t.Fatal(err) // VC-DI-EDDSA 1.0 §3.3.2
	}
	if !bytes.Equal(proved.Document(), document()) {
		t.Errorf("a context that no one signed is in\n%s", proved.Document())
	}
	k.refused(t, "shorter", k.replace(t, `"https://www.w3.org/ns/credentials/v2",`, ``), reason.CredentialSignatureInvalid)
}

func TestExpectations(t *testing.T) {
	k := newKit(t, dataintegrity.EdDSAJCS, key.EdDSA)
	o := k.options()
	o.Challenge, o.Domain, o.Purpose = "c", []string{"d"}, did.Authentication
	one := k.sign(t, document(), o)
	o.Domain = []string{"d", "e"}
	two := k.sign(t, document(), o)
	for _, c := range []struct {
		signed []byte
		want   dataintegrity.Expect
		code   reason.Code
	}{
		{one, dataintegrity.Expect{Purpose: did.Authentication, Challenge: "c", Domain: "d"}, ""},
		{one, dataintegrity.Expect{Purpose: did.Authentication}, ""},
		{one, dataintegrity.Expect{Purpose: did.AssertionMethod}, reason.DIPurpose},
		{one, dataintegrity.Expect{}, reason.InternalIndeterminate},
		{one, dataintegrity.Expect{Purpose: did.Authentication, Challenge: "C"}, reason.PresentationNonceMismatch},
		{k.signed, dataintegrity.Expect{Purpose: did.AssertionMethod, Challenge: "c"}, reason.PresentationNonceMismatch},
		{one, dataintegrity.Expect{Purpose: did.Authentication, Domain: "e"}, reason.PresentationAudienceMismatch},
		{two, dataintegrity.Expect{Purpose: did.Authentication, Domain: "d"}, reason.PresentationAudienceMismatch},
		{k.signed, dataintegrity.Expect{Purpose: did.AssertionMethod, Domain: "d"}, reason.PresentationAudienceMismatch},
		{one, dataintegrity.Expect{Purpose: did.Authentication, Controller: "did:web:attacker.example.org"}, reason.KeyControllerMismatch},
	} {
		k.want = c.want
		k.refused(t, fmt.Sprintf("%+v", c.want), c.signed, c.code)
	}
	k.want = dataintegrity.Expect{Purpose: did.AssertionMethod}
	k.Keys.Resolver = nil
	k.refused(t, "no resolver", k.signed, reason.InternalIndeterminate)
	_, err := dataintegrity.Suites(nil).Verify(context.Background(), k.signed, k.want, k.Keys)
	refusedAs(t, "no suites", err, reason.DISuite)
	_, err = dataintegrity.Proved{}.Again(context.Background(), newKit(t, dataintegrity.EdDSAJCS, key.EdDSA).Keys)
	refusedAs(t, "nothing", err, reason.InternalIndeterminate)
}

// TestAgain shows that what was verified is held to the keys and times of now.
func TestAgain(t *testing.T) {
	ctx := context.Background()
	k := newKit(t, dataintegrity.EdDSAJCS, key.EdDSA)
	o := k.options()
	o.Expires = k.Keys.At.Add(time.Minute)
	proved, err := k.verify(k.sign(t, document(), o))
	if err != nil {
		t.Fatal(err)
	}
	if proved, err = proved.Again(ctx, k.Keys); err != nil {
		t.Fatal(err)
	}
	later := k.Keys
	later.At = o.Expires
	_, err = proved.Again(ctx, later)
	refusedAs(t, "expired", err, reason.DITime)
	k.Web(t, k.Issuer.Method.DID().String(), key.EdDSA)
	_, err = proved.Again(ctx, k.Keys)
	refusedAs(t, "another key", err, reason.CredentialSignatureInvalid)
	k.Web(t, k.Issuer.Method.DID().String(), key.ES256)
	_, err = proved.Again(ctx, k.Keys)
	refusedAs(t, "a key of another kind", err, reason.DISuite)
}

func FuzzVerify(f *testing.F) {
	w := fixture.NewFrom(f, key.EdDSA, mathrand.NewChaCha8([32]byte{1})) // alike in every process
	k := kitIn(f, w, dataintegrity.EdDSAJCS)
	doc := string(document())
	o := k.options()
	o.ID = "urn:x:1"
	first := k.sign(f, []byte(doc), o)
	second := k.sign(f, first, dataintegrity.Options{Purpose: did.AssertionMethod, Previous: []string{"urn:x:1"}})
	for _, seed := range [][]byte{k.signed, first, second, []byte(`{"proof":[{"type":"DataIntegrityProof","domain":["a"],"previousProof":["b"]}]}`)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		proved, err := k.verify(raw)
		if err == nil && !sameJSON(t, proved.Document(), []byte(doc)) {
			t.Errorf("what no one signed passes: %s", raw)
		}
		if err != nil && reason.Of(err) == reason.InternalIndeterminate {
			t.Error("a refusal without a name: ", err)
		}
	})
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"type":"DataIntegrityProof","cryptosuite":"x","created":"2026-01-01T00:00:00Z","verificationMethod":"did:web:a.example#k","proofPurpose":"p","proofValue":"z"}`))
	f.Add([]byte(`{"domain":["a","b"],"previousProof":"c","@context":{},"id":"urn:x:y"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		config, value, err := dataintegrity.SplitProof(raw)
		if err != nil && reason.Of(err) == reason.InternalIndeterminate {
			t.Error("a refusal without a name: ", err)
		}
		if err == nil && bytes.Contains(config, []byte(`"proofValue":"`+value+`"`)) && value != "" {
			t.Errorf("the options hold the value: %s", config)
		}
	})
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	ca, err1 := strictjson.AppendCanonical(nil, a)
	cb, err2 := strictjson.AppendCanonical(nil, b)
	return err1 == nil && err2 == nil && bytes.Equal(ca, cb)
}
