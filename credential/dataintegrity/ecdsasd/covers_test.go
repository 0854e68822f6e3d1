// SPDX-License-Identifier: Apache-2.0

package ecdsasd_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/reason"
)

// TestLimiting holds the pointers of these tests to the published example.
func TestLimiting(t *testing.T) {
	var published struct {
		MandatoryPointers             []string
		HolderSelectivePointersSample []string `json:"holderSelectivePointersExample"`
	}
	if err := json.Unmarshal(shared.Open(t, "design/delegation-examples/di-ecdsa-sd-2023.json"), &published); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(published.MandatoryPointers, limiting) + cmp.Diff(published.HolderSelectivePointersSample, selective); diff != "" {
		t.Error(diff)
	}
}

// TestMandatoryCovers shows that a limiting member which the holder was free to hide is found,
// whichever it is (delegation.md §3.3).
func TestMandatoryCovers(t *testing.T) {
	optional := append([]string{"/credentialSubject/operatedBy", "/credentialSubject/delegation/transitionAt", "/credentialSubject/delegation/parent"}, limiting...)
	i := newIssuer(t, limiting)
	derived := i.derive(i.base(credential), selective...)
	if err := ecdsasd.MandatoryCovers(derived, optional, jsonld.Closed); err != nil {
		t.Fatalf("all are mandatory: %v", err)
	}
	want(t, ecdsasd.MandatoryCovers(derived, selective[:1], jsonld.Closed), reason.CredentialSchemaInvalid)
	want(t, ecdsasd.MandatoryCovers(derived, []string{""}, jsonld.Closed), reason.CredentialSchemaInvalid)
	for _, one := range limiting {
		switch one {
		case "/@context", "/id", "/type", "/credentialSubject/id", "/credentialSubject/type", "/credentialSubject/delegation/type", "/credentialSubject/onBehalfOf/id":
			continue // these go with the objects that hold them
		}
		lax := newIssuer(t, without(limiting, one))
		base := lax.base(credential)
		want(t, ecdsasd.MandatoryCovers(lax.derive(base, append(selective, one)...), limiting, jsonld.Closed), reason.CredentialSchemaInvalid)
		// What the holder hides leaves no trace: only a schema that demands it can tell.
		if err := ecdsasd.MandatoryCovers(lax.derive(base, selective...), limiting, jsonld.Closed); err != nil {
			t.Errorf("%s is hidden: %v", one, err)
		}
	}
}

// TestMandatoryCoversItems shows that every item of an array counts.
func TestMandatoryCoversItems(t *testing.T) {
	lax := newIssuer(t, append(without(limiting, "/credentialStatus"), "/credentialStatus/0"))
	base := lax.base(credential)
	want(t, ecdsasd.MandatoryCovers(lax.derive(base, "/credentialStatus"), limiting, jsonld.Closed), reason.CredentialSchemaInvalid)
}

func TestMandatoryCoversRefused(t *testing.T) {
	i := newIssuer(t, limiting)
	base := i.base(credential)
	derived := i.derive(base, selective...)
	raw := value(t, derived)
	for name, c := range map[string]struct {
		doc      []byte
		pointers []string
		code     reason.Code
	}{
		"a base proof":      {base, limiting, reason.DIBaseProof},
		"no proof":          {[]byte(credential), limiting, reason.DIProofMissing},
		"proof cut":         {withValue(t, derived, raw[:40]), limiting, reason.DIProofValue},
		"labels of another": {bytes.Replace(derived, []byte(`"termsOfUse"`), []byte(`"evidence":{"type":"ConsentRecord"},"termsOfUse"`), 1), limiting, reason.DIProofValue},
		"not a pointer":     {derived, []string{"issuer"}, reason.CredentialSchemaInvalid},
		"into a literal":    {derived, []string{"/credentialSubject/delegation/redelegation/kinds"}, reason.CredentialSchemaInvalid},
		"too many":          {derived, strings.Split(strings.Repeat("/issuer ", ecdsasd.MaxPointers)+"/issuer", " "), reason.LimitMembers},
		"not JSON":          {[]byte(`{`), limiting, reason.JSONSyntax},
		"not an object":     {[]byte(`[]`), limiting, reason.JSONType},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, ecdsasd.MandatoryCovers(c.doc, c.pointers, jsonld.Closed), c.code)
		})
	}
}
