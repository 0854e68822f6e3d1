// SPDX-License-Identifier: Apache-2.0

package didwebvh_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/behalf-id/behalf/did/didwebvh"
	"github.com/behalf-id/behalf/key"
)

// A log begins with one entry. It is served where URL says, and grows by Update and Rotate.
func ExampleCreate() {
	ctx, start := context.Background(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	signer, err := key.Generate(key.EdDSA, rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	id, log, err := didwebvh.Create(ctx, didwebvh.Change{
		Time:       start,
		Document:   []byte(`{"@context":["https://www.w3.org/ns/did/v1"],"id":"did:webvh:{SCID}:issuer.example"}`),
		UpdateKeys: []key.Public{signer.Public()},
	}, signer)
	if err != nil {
		fmt.Println(err)
		return
	}
	log, err = didwebvh.Deactivate(ctx, log, start.Add(time.Hour), signer)
	if err != nil {
		fmt.Println(err)
		return
	}
	where, err := didwebvh.URL(id)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(where, "has", bytes.Count(log, []byte("\n")), "versions")
	// Output: https://issuer.example/.well-known/did.jsonl has 2 versions
}
