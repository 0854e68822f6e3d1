// SPDX-License-Identifier: Apache-2.0

package ecdsasd_test

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/key"
)

// An issuer makes a base proof, the holder derives from it what one verifier is to see, and the
// verifier checks that.
func ExampleDerive() {
	const doc = `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":"VerifiableCredential","issuer":"did:web:issuer.example",` +
		`"name":"Delegation","validUntil":"2027-06-01T00:00:00Z","credentialSubject":{"id":"did:example:bob"}}`
	const options = `{"type":"DataIntegrityProof","cryptosuite":"ecdsa-sd-2023","proofPurpose":"assertionMethod",` +
		`"verificationMethod":"did:web:issuer.example#k1"}`
	ctx := context.Background()
	k, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	suite := ecdsasd.New(jsonld.Closed, rand.Reader).WithMandatory([]string{"/issuer", "/credentialSubject/id"})
	value, err := suite.Create(ctx, []byte(doc), []byte(options), did.Signer{Signer: k})
	if err != nil {
		fmt.Println(err)
		return
	}
	base, err := dataintegrity.Join([]byte(doc), []byte(options[:len(options)-1]+`,"proofValue":"`+value+`"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	shown, err := ecdsasd.Derive(ctx, base, []string{"/validUntil"}, jsonld.Closed)
	if err != nil {
		fmt.Println(err)
		return
	}
	unsecured, proofs, err := dataintegrity.Split(shown)
	if err != nil {
		fmt.Println(err)
		return
	}
	config, value, err := dataintegrity.SplitProof(proofs[0])
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(unsecured))
	fmt.Println(suite.Verify(ctx, unsecured, config, value, dataintegrity.Method{Key: k.Public()}))
	// Output:
	// {"@context":["https://www.w3.org/ns/credentials/v2"],"type":"VerifiableCredential","issuer":"did:web:issuer.example","validUntil":"2027-06-01T00:00:00Z","credentialSubject":{"id":"did:example:bob"}}
	// <nil>
}
