// SPDX-License-Identifier: Apache-2.0

package issuer_test

import (
	"fmt"

	"github.com/behalf-id/behalf/issuer"
	"github.com/behalf-id/behalf/reason"
)

// What a request to grant leaves out is not granted, and what it may not say is refused by name.
func ExampleReadGrant() {
	_, err := issuer.ReadGrant([]byte(`{"profile":"default","formats":["dc+sd-jwt"],"grant":{"issuer":"did:web:elsewhere.example"}}`))
	fmt.Println(reason.Of(err))
	_, err = issuer.ReadGrant([]byte(`{"profile":"default","formats":["dc+sd-jwt"],"grant":{"delegate":{"kind":"person"}}}`))
	fmt.Println(reason.Of(err))
	// Output:
	// issue.claim_forbidden
	// credential.schema_invalid
}
