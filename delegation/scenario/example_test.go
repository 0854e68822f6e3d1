// SPDX-License-Identifier: Apache-2.0

package scenario_test

import (
	"fmt"

	"github.com/behalf-id/behalf/delegation/scenario"
)

func ExampleLoad() {
	f, err := scenario.Load([]byte(`{"format":"delegation-scenarios/1","scenarios":[
		{"id":"empty","area":"single","title":"nothing is asked",
		 "expect":{"outcome":"deny","reason":"request.malformed","obligations":[]}}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range f.Cases() {
		d := c.Decide()
		fmt.Println(c.Result(d), c.Check(d))
	}
	// Output: {"id":"empty","outcome":"deny","reason":"request.malformed","obligations":[]} <nil>
}
