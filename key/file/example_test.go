// SPDX-License-Identifier: Apache-2.0

package file_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/key/file"
)

func ExampleRing_Rotate() {
	parent, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(parent) }()
	ctx, now := context.Background(), time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	ring, err := file.Open(ctx, filepath.Join(parent, "keys"), []byte("passphrase"), rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := ring.Generate(ctx, key.ES256, "first", now, now); err != nil {
		fmt.Println(err)
		return
	}
	// In an hour a new key signs; what the first one signed can be verified for a day longer.
	next, err := ring.Rotate(ctx, key.ES256, now, now.Add(time.Hour), 24*time.Hour)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, id, err := ring.Active(key.ES256, now)
	fmt.Println(id, err)
	_, id, err = ring.Active(key.ES256, now.Add(time.Hour))
	fmt.Println(id == next, err)
	// Output:
	// first <nil>
	// true <nil>
}
