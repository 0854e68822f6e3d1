// SPDX-License-Identifier: Apache-2.0

package key_test

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func Example() {
	k, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	message := []byte("may book appointments")
	sig, err := k.Sign(context.Background(), message)
	if err != nil {
		fmt.Println(err)
		return
	}
	public, err := k.Public().JWK().Public() // as another party reads it
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(public.Algorithm(), public.Verify(message, sig))
	fmt.Println(reason.Of(public.Verify([]byte("may do anything"), sig)))
	fmt.Println(k)
	// Output:
	// ES256 <nil>
	// credential.signature_invalid
	// [private key]
}
