// SPDX-License-Identifier: Apache-2.0

package vcjwt_test

import (
	"fmt"

	"github.com/behalf-id/behalf/credential/vcjwt"
)

func ExampleNew() {
	f, err := vcjwt.New(vcjwt.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.Name(), f.Recognises([]byte("e.y.j")))
	// Output: vc+jwt true
}
