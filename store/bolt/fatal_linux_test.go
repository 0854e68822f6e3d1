// SPDX-License-Identifier: Apache-2.0

package bolt

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/behalf-id/behalf/reason"
)

// TestFailureIsFatal puts the null device in the place of the open file: writes seem to work and
// the fsync fails. Nothing may be acknowledged or answered until the store is opened again.
func TestFailureIsFatal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	var file *os.File
	s, err := open(Config{Path: path, Now: time.Now, Timeout: MaxTimeout}, func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
		file, err = os.OpenFile(name, flag, mode)
		return file, err
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := s.Commit(ctx, change("before", "v", 0)); err != nil {
		t.Fatal(err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if err := syscall.Dup3(int(null.Fd()), int(file.Fd()), syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	for i := range uint64(3) {
		if err := s.Commit(ctx, change("after", "v", i)); reason.Of(err) != reason.StorageUnavailable {
			t.Errorf("commit: %v, want %s", err, reason.StorageUnavailable)
		}
		if _, err := s.Get(ctx, "before"); reason.Of(err) != reason.StorageUnavailable {
			t.Errorf("get: %v, want %s", err, reason.StorageUnavailable)
		}
		for _, err := range s.Scan(ctx, "") {
			if reason.Of(err) != reason.StorageUnavailable {
				t.Errorf("scan: %v, want %s", err, reason.StorageUnavailable)
			}
		}
	}
	_ = s.Close() // whatever it says of a file that failed
	again := openHere(t, path, time.Now)
	if _, err := again.Get(ctx, "before"); err != nil {
		t.Errorf("what was acknowledged is lost: %v", err)
	}
}
