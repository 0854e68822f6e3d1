// SPDX-License-Identifier: Apache-2.0

package vcdm_test

import (
	"fmt"
	"time"

	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/reason"
)

// A document is held to the data model before and apart from the check of its proof.
func ExampleCheckCredential() {
	raw := []byte(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],
		"issuer":"did:example:issuer","validUntil":"2026-06-30T24:00:00Z","credentialSubject":{"id":"did:example:subject"}}`)
	s, err := vcdm.CheckCredential(raw, vcdm.Rules{})
	if err != nil {
		fmt.Println("refused:", reason.Of(err))
		return
	}
	fmt.Println(s.Issuer, s.ValidUntil.Format(time.RFC3339))
	fmt.Println(reason.Of(s.Valid(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))))
	// Output:
	// did:example:issuer 2026-07-01T00:00:00Z
	// credential.expired
}
