// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"fmt"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/verifier"
)

// Example reads what a relying service asks, as POST /v1/requests does. A purpose is never defaulted.
func Example() {
	r, err := verifier.ReadRequest([]byte(`{"principal":"urn:uuid:1","resource":"appointments","action":"book","purpose":"family-requested","controller":"https://surgery.example",
		"flow":"cross_device"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Action, r.Resource, r.Flow)
	_, err = verifier.ReadRequest([]byte(`{"principal":"urn:uuid:1","resource":"appointments","action":"book","controller":"https://surgery.example"}`))
	fmt.Println(reason.Of(err))
	// Output:
	// book appointments cross_device
	// request.purpose_missing
}
