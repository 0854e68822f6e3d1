// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/internal/sample"
	"github.com/behalf-id/behalf/trustframework/registry"
)

// An operator applies a framework, suspends an issuer, and gives out the newest version.
func Example() {
	now := func() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }
	if err := example(now); err != nil {
		fmt.Println(err)
	}
	// Output:
	// version 1
	// version 2: ~ accreditations["acc-proxy"].status: "active" → "suspended"
	// given out: version 2, 2 in the log
}

func example(now func() time.Time) error {
	ctx := context.Background()
	db, err := memory.New(memory.Config{Now: now})
	if err != nil {
		return err
	}
	private, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		return err
	}
	by, err := didkey.Signer(private)
	if err != nil {
		return err
	}
	r, err := registry.New(registry.Config{Store: db, Signer: by, Now: now})
	if err != nil {
		return err
	}
	f := sample.Framework()
	done, err := r.Apply(ctx, f)
	if err != nil {
		return err
	}
	fmt.Println("version", done.Version)
	f.Accreditations[0].Status = trustframework.Suspended
	if done, err = r.Apply(ctx, f); err != nil {
		return err
	}
	fmt.Printf("version %d: %s\n", done.Version, done.Changes[0])
	s, err := r.Current(ctx)
	if err != nil {
		return err
	}
	v, err := r.Verify(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("given out: version %d, %d in the log\n", s.Version(), v.Versions)
	return nil
}
