// SPDX-License-Identifier: Apache-2.0

package delegation_test

import (
	"fmt"

	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/trustframework"
)

// An operator asks why a request that names no purpose is refused.
func ExampleExplain() {
	world := delegation.World{Framework: &trustframework.Framework{
		Controllers: map[string]trustframework.ControllerPolicy{"practice": {}},
	}}
	request := delegation.Request{Principal: "alice", Resource: "appointments", Action: "book", Controller: "practice"}

	d, why := delegation.Explain(world, delegation.Presentation{}, request)
	fmt.Println(d.Outcome, d.Reason)
	fmt.Print(why)
	// Output:
	// deny request.purpose_missing
	// ✗ S1 the request
	//   ✓ S1.1 principal, resource and action are named, and every member is well formed
	//   ✗ S1.2 not so: a purpose is named (request.purpose_missing)
	//   ✓ S1.3 a controller is named
	//   ✓ S1.4 the framework has a policy for the controller
	// · not reached: S2, S3, S3b, S4, S5, S6, S7, S8, §9, §10
	// ✗ the answer is deny (request.purpose_missing)
	//   · The relying service's request names no purpose.
}
