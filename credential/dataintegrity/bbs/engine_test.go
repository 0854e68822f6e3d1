// SPDX-License-Identifier: Apache-2.0

package bbs_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/bbs"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/reason"
)

// TestEngine signs, derives and verifies through the engine of Data Integrity, which finds the key
// in the did:key itself.
func TestEngine(t *testing.T) {
	const doc = `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":"VerifiableCredential","issuer":"https://issuer.example",` +
		`"validUntil":"2027-06-01T00:00:00Z","credentialSubject":{"id":"did:example:bob"}}`
	ctx, now := context.Background(), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	k, err := bbs.NewKey([]byte("thirty-two bytes that are secret"), nil)
	if err != nil {
		t.Fatal(err)
	}
	text := k.Verifier().String()
	method, err := did.ParseURL("did:key:" + text + "#" + text)
	if err != nil {
		t.Fatal(err)
	}
	suite := bbs.New(jsonld.Closed, rand.Reader).WithMandatory([]string{"/issuer"})
	base, err := dataintegrity.Sign(ctx, []byte(doc), suite, dataintegrity.Options{Created: now, Purpose: did.AssertionMethod}, did.Signer{Signer: k, Method: method})
	if err != nil {
		t.Fatal(err)
	}
	shown, err := bbs.Derive(ctx, base, bbs.Presentation{Selective: []string{"/validUntil"}, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	suites, want, keys := dataintegrity.Suites{suite}, dataintegrity.Expect{Purpose: did.AssertionMethod}, credential.Keys{Resolver: didkey.New(), At: now}
	if _, err := suites.Verify(ctx, shown, want, keys); err != nil {
		t.Error(err)
	}
	if _, err := suites.Verify(ctx, base, want, keys); reason.Of(err) != reason.DIBaseProof {
		t.Errorf("a base proof: %v", err)
	}
}
