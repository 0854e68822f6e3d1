// SPDX-License-Identifier: Apache-2.0

package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/bolt"
)

// tiny mounts a file system of one megabyte.
func tiny(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m,mode=0700"); err != nil {
		required(t, fmt.Sprintf("no tmpfs can be mounted (%v)", err))
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestDiskFull fills the disk: writes are refused with storage.full, reads go on, and once
// there is room again writes do too, without a restart.
func TestDiskFull(t *testing.T) {
	dir := tiny(t)
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 300<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "store.db")
	s, ctx := open(t, path, time.Now), context.Background()
	value := strings.Repeat("v", 2000)
	written, refusedTimes := 0, 0
	for refusedTimes < 20 {
		if written > 1000 {
			t.Fatal("the disk does not fill")
		}
		err := s.Commit(ctx, put(fmt.Sprintf("a/%04d", written), value, 0), put(fmt.Sprintf("b/%04d", written), value, 0))
		if err == nil {
			written++
			continue
		}
		refusal(t, err, reason.StorageFull, "no space left", "make room")
		if !errors.Is(err, store.ErrFull) {
			t.Fatalf("%v is not store.ErrFull", err)
		}
		refusedTimes++
		holds(t, s, written, value)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		commit(t, s, put(fmt.Sprintf("a/%04d", written), value, 0), put(fmt.Sprintf("b/%04d", written), value, 0))
		written++
	}
	holds(t, s, written, value)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, path, time.Now) // reads every page and compares the checksum of all records
	holds(t, again, written, value)
	if err := again.Close(); err != nil { // before the file system goes
		t.Error(err)
	}
}

// holds wants exactly n commits, each whole.
func holds(t *testing.T, s store.Store, n int, value string) {
	t.Helper()
	for _, prefix := range []string{"a/", "b/"} {
		i := 0
		for e, err := range s.Scan(context.Background(), prefix) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Key != fmt.Sprintf("%s%04d", prefix, i) || string(e.Value) != value {
				t.Fatalf("entry %d is %q", i, e.Key)
			}
			i++
		}
		if i != n {
			t.Fatalf("%d entries below %s, want %d", i, prefix, n)
		}
	}
}

func TestOpenOnFullDisk(t *testing.T) {
	dir := tiny(t)
	filler, path := filepath.Join(dir, "filler"), filepath.Join(dir, "store.db")
	if err := os.WriteFile(filler, make([]byte, 2<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("filling the disk: %v", err)
	}
	_, err := bolt.Open(bolt.Config{Path: path, Now: time.Now})
	refusal(t, err, reason.StorageFull, path, "make room")
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	s := open(t, path, time.Now)
	commit(t, s, put("k", "v", 0))
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
