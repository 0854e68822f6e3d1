// SPDX-License-Identifier: Apache-2.0

package dataintegrity_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/key"
)

func Example() {
	ctx, now := context.Background(), time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	k, err := key.Generate(key.EdDSA, rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	by, err := didkey.Signer(k)
	if err != nil {
		fmt.Println(err)
		return
	}
	suite, err := dataintegrity.Suite(dataintegrity.EdDSAJCS, jsonld.Closed)
	if err != nil {
		fmt.Println(err)
		return
	}
	o := dataintegrity.Options{Created: now, Purpose: did.AssertionMethod}
	signed, err := dataintegrity.Sign(ctx, []byte(`{"hello":"world"}`), suite, o, by)
	if err != nil {
		fmt.Println(err)
		return
	}
	want := dataintegrity.Expect{Purpose: did.AssertionMethod, Controller: by.Method.DID().String()}
	proved, err := dataintegrity.Suites{suite}.Verify(ctx, signed, want, credential.Keys{Resolver: didkey.New(), At: now})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(proved.Document()))
	// Output: {"hello":"world"}
}
