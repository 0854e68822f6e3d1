// SPDX-License-Identifier: Apache-2.0

package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/bolt"
)

func put(key, value string, version uint64) store.Change {
	return store.Change{Entry: store.Entry{Key: key, Value: []byte(value), Version: version}}
}

func commit(t testing.TB, s store.Store, changes ...store.Change) {
	t.Helper()
	if err := s.Commit(context.Background(), changes...); err != nil {
		t.Fatalf("commit: %v", err)
	}
}

// refusal fails the test unless err has the code, is one line, and contains every text.
func refusal(t *testing.T, err error, code reason.Code, texts ...string) {
	t.Helper()
	if reason.Of(err) != code {
		t.Fatalf("error %v has code %q, want %q", err, reason.Of(err), code)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error has more than one line: %v", err)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q does not say %q", err, text)
		}
	}
}

func TestOpenMakesPrivateFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "new", "folders", "store.db")
	open(t, path, time.Now)
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700, filepath.Join(dir, "new"): 0o700} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %v, want %v", name, got, want)
		}
	}
}

func TestOpenKeepsWhatWasCommitted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	for round := range uint64(3) {
		s, err := bolt.Open(bolt.Config{Path: path, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		if round > 0 {
			e, err := s.Get(context.Background(), "k")
			if err != nil || string(e.Value) != fmt.Sprint(round-1) || e.Version != round {
				t.Fatalf("round %d: %+v, %v", round, e, err)
			}
		}
		commit(t, s, put("k", fmt.Sprint(round), round))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenRefusesConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	for name, cfg := range map[string]bolt.Config{
		"zero":             {},
		"no clock":         {Path: path},
		"no path":          {Now: time.Now},
		"negative timeout": {Path: path, Now: time.Now, Timeout: -1},
		"beyond ceiling":   {Path: path, Now: time.Now, Timeout: bolt.MaxTimeout + 1},
	} {
		if s, err := bolt.Open(cfg); err == nil || s != nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a refused configuration made a file: %v", err)
	}
}

func TestOpenTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := open(t, path, time.Now)
	commit(t, s, put("k", "v", 0))
	_, err := bolt.Open(bolt.Config{Path: path, Now: time.Now})
	refusal(t, err, reason.StorageUnavailable, path, "in use by another process", "stop that one or choose another path")
	commit(t, s, put("k", "v2", 1)) // the first one goes on
}

func TestOpenRefusesFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content []byte, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	foreign := filepath.Join(dir, "foreign.db")
	db, err := bbolt.Open(foreign, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		path string
		code reason.Code
		text string
	}{
		"garbage":        {write("garbage", []byte(strings.Repeat("garbage ", 5000)), 0o600), reason.StorageCorrupt, "restore it from a backup"},
		"short garbage":  {write("short", []byte("garbage"), 0o600), reason.StorageCorrupt, "restore it from a backup"},
		"foreign":        {foreign, reason.StorageCorrupt, "not those of a store"},
		"open to others": {write("public", nil, 0o644), reason.StorageUnavailable, "chmod 600"},
		"folder":         {dir, reason.StorageUnavailable, "not a regular file"},
		"below a file":   {filepath.Join(write("file", nil, 0o600), "store.db"), reason.StorageUnavailable, "cannot be used"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bolt.Open(bolt.Config{Path: test.path, Now: time.Now})
			refusal(t, err, test.code, test.path, test.text)
		})
	}
	open(t, write("empty", nil, 0o600), time.Now) // what a maker leaves that died at once
}

func TestClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s, ctx := open(t, path, time.Now), context.Background()
	commit(t, s, put("k", "v", 0))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	refusal(t, s.Commit(ctx, put("k", "v2", 1)), reason.StorageUnavailable)
	_, err := s.Get(ctx, "k")
	refusal(t, err, reason.StorageUnavailable)
	n := 0
	for _, err := range s.Scan(ctx, "") {
		refusal(t, err, reason.StorageUnavailable)
		n++
	}
	if n != 1 {
		t.Errorf("scan of a closed store yields %d times, want one error", n)
	}
}

// TestFlippedBytes flips one byte at a time all over a closed file. Either Open refuses, or
// every record reads as it was written: nothing in between.
func TestFlippedBytes(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "store.db")
	want := fill(t, path)
	original, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	used := len(bytes.TrimRight(original, "\x00")) // the file grows in steps
	const page, head = 4096, 48
	for offset := range used { // the head of every page, and a part of the rest
		if (offset%page < head || offset%61 == 0) && flip(t, path, original, offset, want) {
			refused++
		}
	}
	if refused < 100 {
		t.Errorf("only %d flips were refused: the file is not what this test means to damage", refused)
	}
}

// fill makes a store with several pages of every kind and returns what it holds.
func fill(t *testing.T, path string) map[string]string {
	t.Helper()
	s, err := bolt.Open(bolt.Config{Path: path, Now: time.Now, Timeout: bolt.MaxTimeout})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for i := range 120 {
		c := put(fmt.Sprintf("key/%03d", i), strings.Repeat(fmt.Sprint(i), 60), 0)
		if i%4 == 0 {
			c.Expires = time.Now().Add(time.Hour)
		}
		commit(t, s, c)
		want[c.Key] = string(c.Value)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return want
}

func flip(t *testing.T, path string, original []byte, offset int, want map[string]string) (refused bool) {
	t.Helper()
	damaged := append([]byte(nil), original...)
	damaged[offset] ^= 1 << (offset % 8)
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := bolt.Open(bolt.Config{Path: path, Now: time.Now, Timeout: bolt.MaxTimeout})
	if err != nil {
		refusal(t, err, reason.StorageCorrupt)
		return true
	}
	defer s.Close()
	n := 0
	for e, err := range s.Scan(context.Background(), "") {
		if err != nil {
			t.Fatalf("offset %d: scan: %v", offset, err)
		}
		if want[e.Key] != string(e.Value) {
			t.Fatalf("offset %d: %q reads %q", offset, e.Key, e.Value)
		}
		n++
	}
	if n != len(want) {
		t.Fatalf("offset %d: %d records, want %d", offset, n, len(want))
	}
	return false
}
