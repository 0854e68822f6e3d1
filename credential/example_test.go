// SPDX-License-Identifier: Apache-2.0

package credential_test

import (
	"fmt"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
)

func ExampleParseConstraint() {
	c := credential.ParseConstraint([]byte(`{"dateFrom":"2024-01-01","minAssurance":"very-high"}`))
	fmt.Println(c.DateFrom, c.Void)
	// Output: 2024-01-01 true
}

func ExampleLint() {
	err := credential.Lint(&credential.Credential{Type: credential.TypeDelegation})
	fmt.Println(reason.Of(err))
	// Output: credential.schema_invalid
}
