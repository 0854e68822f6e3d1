// SPDX-License-Identifier: Apache-2.0

package bolt_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/bolt"
)

func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	s, err := bolt.Open(bolt.Config{Path: filepath.Join(dir, "store.db"), Now: time.Now})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	ctx := context.Background()
	grant := store.Entry{Key: "delegation/1", Value: []byte("offered")}
	if err := s.Commit(ctx, store.Change{Entry: grant}); err != nil {
		fmt.Println(err)
		return
	}
	stored, err := s.Get(ctx, grant.Key)
	fmt.Println(string(stored.Value), stored.Version, err)
	// Output: offered 1 <nil>
}
