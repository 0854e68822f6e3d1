// SPDX-License-Identifier: Apache-2.0

package ecdsasd_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// credential is a delegation in the form of delegation.md §3.3, with three permissions.
const credential = `{"@context":["https://www.w3.org/ns/credentials/v2","https://example.org/ns/delegation/v1"],
"id":"urn:uuid:0d6f5c9e-3a61-4a2b-9c56-2f1b0f3f7c11","type":["VerifiableCredential","DelegationCredential"],
"issuer":"did:web:proxy.example","validFrom":"2026-06-01T00:00:00Z","validUntil":"2027-06-01T00:00:00Z",
"credentialSubject":{"id":"did:example:bob","type":"Delegate","delegateKind":"person",
"onBehalfOf":{"id":"did:example:alice","identifier":{"system":"https://id.example/number","value":"9000000009"}},
"delegation":{"type":"Delegation","relationship":"adult-to-adult","legalBasis":"consent","grantedBy":"did:example:alice",
"identityAssurance":{"principal":"high","delegate":"high"},"jurisdiction":["GB-ENG"],"purpose":["family-requested"],
"dataController":["https://directory.example/A81001"],"reviewBy":"2027-03-01T00:00:00Z",
"redelegation":{"maxDepth":1,"kinds":["person","agent"]},"prohibition":[{"resource":"gp-record/consultations","actions":["view"]}],
"permission":[{"id":"urn:uuid:6b1f0b52-0001-4000-8000-000000000001","type":"Permission","resource":"appointments",
"action":["view","book","cancel"],"risk":"routine","constraint":{}},
{"id":"urn:uuid:6b1f0b52-0002-4000-8000-000000000002","type":"Permission","resource":"prescriptions/repeat",
"action":["view","request"],"risk":"routine","constraint":{"requires":["warn:repeat-request"]}},
{"id":"urn:uuid:6b1f0b52-0003-4000-8000-000000000003","type":"Permission","resource":"gp-record/test-results",
"action":["view"],"risk":"sensitive","constraint":{"dateFrom":"2024-01-01","excludeCategories":["sexual-health"]}}]}},
"credentialStatus":[{"id":"https://proxy.example/status/7#94567","type":"BitstringStatusListEntry","statusPurpose":"revocation",
"statusListIndex":"94567","statusListCredential":"https://proxy.example/status/7"},
{"id":"https://proxy.example/status/8#94567","type":"BitstringStatusListEntry","statusPurpose":"suspension",
"statusListIndex":"94567","statusListCredential":"https://proxy.example/status/8"}],
"credentialSchema":{"id":"https://example.org/schemas/delegation-credential-1.json","type":"JsonSchema"},
"termsOfUse":{"type":"TrustFrameworkPolicy","trustFramework":"tf:example","policyId":"https://tf.example/policies/7"}}`

// limiting is the mandatory pointers of delegation.md §3.3.
var limiting = strings.Fields(`/@context /id /type /issuer /validFrom /validUntil /credentialStatus /credentialSchema /termsOfUse
	/credentialSubject/id /credentialSubject/type /credentialSubject/delegateKind /credentialSubject/onBehalfOf/id
	/credentialSubject/delegation/type /credentialSubject/delegation/relationship /credentialSubject/delegation/legalBasis
	/credentialSubject/delegation/grantedBy /credentialSubject/delegation/jurisdiction /credentialSubject/delegation/purpose
	/credentialSubject/delegation/dataController /credentialSubject/delegation/reviewBy
	/credentialSubject/delegation/redelegation /credentialSubject/delegation/prohibition`)

// selective is what a holder shows beside.
var selective = []string{"/credentialSubject/onBehalfOf/identifier", "/credentialSubject/delegation/permission/2"}

const config = `{"type":"DataIntegrityProof","cryptosuite":"ecdsa-sd-2023","created":"2026-06-01T00:00:00Z",` +
	`"verificationMethod":"did:web:proxy.example#k1","proofPurpose":"assertionMethod"}`

// issuer is an issuer with one key, and what it signs with.
type issuer struct {
	t     testing.TB
	key   *key.Private
	suite *ecdsasd.Suite
}

func newIssuer(t testing.TB, pointers []string) issuer {
	t.Helper()
	k, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return issuer{t, k, ecdsasd.New(jsonld.Open, rand.Reader).WithMandatory(pointers)}
}

// create returns doc with a base proof.
func (i issuer) create(doc string) ([]byte, error) {
	value, err := i.suite.Create(context.Background(), []byte(doc), []byte(config), did.Signer{Signer: i.key})
	if err != nil {
		return nil, err
	}
	return join(i.t, doc, config, value), nil
}

func (i issuer) base(doc string) []byte {
	i.t.Helper()
	out, err := i.create(doc)
	if err != nil {
		i.t.Fatal(err)
	}
	return out
}

func join(t testing.TB, doc, config, value string) []byte {
	t.Helper()
	out, err := dataintegrity.Join([]byte(doc), []byte(strings.TrimSuffix(config, "}")+`,"proofValue":"`+value+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (i issuer) derive(base []byte, pointers ...string) []byte {
	i.t.Helper()
	out, err := ecdsasd.Derive(context.Background(), base, pointers, jsonld.Open)
	if err != nil {
		i.t.Fatal(err)
	}
	return out
}

// verify verifies secured under the issuer's key.
func (i issuer) verify(secured []byte) error {
	i.t.Helper()
	unsecured, proofs, err := dataintegrity.Split(secured)
	if err != nil {
		i.t.Fatal(err)
	}
	config, value, err := dataintegrity.SplitProof(proofs[0])
	if err != nil {
		i.t.Fatal(err)
	}
	return i.suite.Verify(context.Background(), unsecured, config, value, dataintegrity.Method{Key: i.key.Public()})
}

// want fails unless err has the code.
func want(t testing.TB, err error, code reason.Code) {
	t.Helper()
	if reason.Of(err) != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// object is a document as encoding/json reads it.
type object = map[string]any

func parse(t testing.TB, doc []byte) object {
	t.Helper()
	var out object
	if err := json.Unmarshal(doc, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func text(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// value returns the bytes of the proofValue of secured.
func value(t testing.TB, secured []byte) []byte {
	t.Helper()
	proof := parse(t, secured)["proof"].(object)
	raw, err := base64.RawURLEncoding.DecodeString(proof["proofValue"].(string)[1:])
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// withValue returns secured with another proofValue.
func withValue(t testing.TB, secured, raw []byte) []byte {
	t.Helper()
	doc := parse(t, secured)
	doc["proof"].(object)["proofValue"] = "u" + base64.RawURLEncoding.EncodeToString(raw)
	return []byte(text(t, doc))
}

// without returns pointers less one.
func without(pointers []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(pointers), func(p string) bool { return p == one })
}
