// SPDX-License-Identifier: Apache-2.0

package jsonld_test

import (
	"fmt"

	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/rdfc"
)

func Example() {
	doc := []byte(`{"@context":["https://www.w3.org/ns/credentials/v2"],"id":"urn:example:1",
		"type":"VerifiableCredential","issuer":"did:example:i"}`)
	canonical, err := jsonld.Canonicalize(doc, jsonld.Closed, rdfc.SHA256)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(string(canonical.Bytes()))

	_, err = jsonld.ToRDF([]byte(`{"@context":["https://example.org/unknown"],"id":"urn:example:1"}`), jsonld.Closed)
	fmt.Println(err)
	// Output:
	// <urn:example:1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://www.w3.org/2018/credentials#VerifiableCredential> .
	// <urn:example:1> <https://www.w3.org/2018/credentials#issuer> <did:example:i> .
	// jsonld.context_unknown
}
