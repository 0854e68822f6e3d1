// SPDX-License-Identifier: Apache-2.0

package bolt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
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

// TestFullIsFatalOnceTheHeaderLanded: a full disk leaves no trace only if the failed transaction
// is not what readers see; and an fsync that finds no space is a failed fsync.
func TestFullIsFatalOnceTheHeaderLanded(t *testing.T) {
	noRoom := &os.PathError{Op: "write", Path: "store.db", Err: syscall.ENOSPC}
	for name, test := range map[string]struct {
		ahead int
		cause error
		want  reason.Code
	}{
		"not landed": {1, noRoom, reason.StorageFull},
		"landed":     {0, noRoom, reason.StorageUnavailable},
		"fsync":      {1, syscall.ENOSPC, reason.StorageUnavailable},
		"growing":    {1, errors.New("file resize error: truncate store.db: " + syscall.ENOSPC.Error()), reason.StorageFull},
	} {
		s := openHere(t, filepath.Join(t.TempDir(), "store.db"), time.Now)
		err := s.settle(nil, s.lastTransaction(t)+test.ahead, test.cause)
		if reason.Of(err) != test.want || errors.Is(err, store.ErrFull) != (test.want == reason.StorageFull) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
		if usable := s.usable(context.Background()) == nil; usable != (test.want == reason.StorageFull) {
			t.Errorf("%s: usable afterwards: %v", name, usable)
		}
	}
}
