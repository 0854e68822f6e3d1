// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"fmt"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/verifier"
)

// Example reads what a relying service asks, as POST /v1/requests does. A purpose is never defaulted.
func Example() {
	a, err := verifier.ReadAccess([]byte(`{"principal":"urn:uuid:1","resource":"appointments","action":"book","purpose":"family-requested","controller":"https://surgery.example"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Action, a.Resource)
	_, err = verifier.ReadAccess([]byte(`{"principal":"urn:uuid:1","resource":"appointments","action":"book","controller":"https://surgery.example"}`))
	fmt.Println(reason.Of(err))
	// Output:
	// book appointments
	// request.purpose_missing
}
