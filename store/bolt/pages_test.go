// SPDX-License-Identifier: Apache-2.0

package bolt

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/behalf-id/behalf/reason"
)

// bucketNames are the buckets of a store, in the order of the file.
func bucketNames() [][]byte { return [][]byte{expiryBucket(), recordsBucket(), stateBucket()} }

// TestReadPages compares the strict reader with bbolt over a store that grew and shrank.
func TestReadPages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s, ctx := openHere(t, path, time.Now), context.Background()
	for i := range 400 {
		c := change(fmt.Sprintf("k%03d", i), string(make([]byte, 37*i)), 0)
		if i%3 == 0 {
			c.Expires = time.Now().Add(time.Hour)
		}
		if err := s.Commit(ctx, c); err != nil {
			t.Fatal(err)
		}
		if i%5 == 4 {
			gone := change(fmt.Sprintf("k%03d", i/2), "", 1)
			gone.Delete = true
			if err := s.Commit(ctx, gone); err != nil && i%10 == 4 {
				t.Fatal(err)
			}
		}
	}
	var want []string
	err := s.view(func(tx *bbolt.Tx) error {
		for _, name := range bucketNames() {
			_ = tx.Bucket(name).ForEach(func(k, v []byte) error {
				want = append(want, fmt.Sprintf("%s %x %x", name, k, v))
				return nil
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	err = readPages(f, func(bucket string, k, v []byte) error {
		if got := fmt.Sprintf("%s %x %x", bucket, k, v); n >= len(want) || got != want[n] {
			return fmt.Errorf("element %d is %.80s", n, got)
		}
		n++
		return nil
	})
	if err != nil || n != len(want) {
		t.Errorf("%d of %d elements are as bbolt reads them: %v", n, len(want), err)
	}
}

func FuzzReadPages(f *testing.F) {
	path := filepath.Join(f.TempDir(), "store.db")
	s := openHere(f, path, time.Now)
	for i := range 40 {
		if err := s.Commit(context.Background(), change(fmt.Sprint(i), string(make([]byte, 10*i)), 0)); err != nil {
			f.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bytes.TrimRight(raw, "\x00"), 0, byte(0))
	f.Add(raw[:1<<15], 1<<14, byte(1))
	f.Add([]byte{}, 0, byte(0))
	f.Fuzz(func(t *testing.T, file []byte, offset int, flip byte) {
		if offset >= 0 && offset < len(file) {
			file = bytes.Clone(file)
			file[offset] ^= flip
		}
		err := readPages(bytes.NewReader(file), func(string, []byte, []byte) error { return nil })
		if err != nil && reason.Of(err) != reason.StorageCorrupt {
			t.Fatalf("%v", err)
		}
	})
}
