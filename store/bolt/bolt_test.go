// SPDX-License-Identifier: Apache-2.0

package bolt_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/bolt"
	"github.com/behalf-id/behalf/store/storetest"
)

// open opens the store at path with the ceiling as its timeout: tests share their disk.
func open(t testing.TB, path string, now func() time.Time) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(bolt.Config{Path: path, Now: now, Timeout: bolt.MaxTimeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) store.Store {
		return open(t, filepath.Join(t.TempDir(), "store.db"), now)
	})
}
