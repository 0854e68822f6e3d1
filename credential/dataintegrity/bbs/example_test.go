// SPDX-License-Identifier: Apache-2.0

package bbs_test

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/bbs"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
)

// An issuer makes a base proof, and the holder derives from it what one verifier is to see.
func ExampleDerive() {
	const doc = `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":"VerifiableCredential","issuer":"https://issuer.example",` +
		`"validUntil":"2027-06-01T00:00:00Z","credentialSubject":{"id":"did:example:bob"}}`
	ctx := context.Background()
	material := make([]byte, bbs.MinMaterial)
	if _, err := rand.Read(material); err != nil {
		fmt.Println(err)
		return
	}
	k, err := bbs.NewKey(material, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	method := k.Verifier().String()
	options := `{"type":"DataIntegrityProof","cryptosuite":"bbs-2023","proofPurpose":"assertionMethod","verificationMethod":"did:key:` + method + "#" + method + `"}`
	suite := bbs.New(jsonld.Closed, rand.Reader).WithMandatory([]string{"/issuer"})
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
	shown, err := bbs.Derive(ctx, base, bbs.Presentation{Selective: []string{"/validUntil"}, Header: []byte("nonce of the verifier"), Random: rand.Reader})
	if err != nil {
		fmt.Println(err)
		return
	}
	unsecured, _, err := dataintegrity.Split(shown)
	fmt.Println(string(unsecured), err)
	// Output: {"@context":["https://www.w3.org/ns/credentials/v2"],"type":"VerifiableCredential","issuer":"https://issuer.example","validUntil":"2027-06-01T00:00:00Z"} <nil>
}
