// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/store/bolt"
)

func openBolt(t testing.TB, path string) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(bolt.Config{Path: path, Now: time.Now, Timeout: bolt.MaxTimeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func boltConfig(s *bolt.Store) audit.Config {
	return audit.Config{Store: s, Now: time.Now, Rand: rand.Reader, Prefix: prefix, Timeout: audit.MaxTimeout}
}

// TestConcurrentOverBolt appends from 64 goroutines, beside other commits to the same store, and
// opens all of it again: each receipt names the leaf that it was given for.
func TestConcurrentOverBolt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openBolt(t, path)
	l := openLog(t, boltConfig(s))
	const callers, each = 64, 5
	var receipts sync.Map
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				id := fmt.Sprintf("id-%d-%d", c, i)
				r, err := l.Append(context.Background(), event(id), put("nonce/"+id, "", 0))
				if err != nil {
					t.Errorf("%s: %v", id, err)
					return
				}
				if other, twice := receipts.LoadOrStore(r.Seq, id); twice {
					t.Errorf("leaf %d was given to %s and %v", r.Seq, id, other)
				}
				if c%8 == 0 {
					if err := s.Commit(context.Background(), put("other/"+id, "", 0)); err != nil {
						t.Errorf("other: %v", err)
					}
				}
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openBolt(t, path)
	verified(t, s, callers*each)
	again := openLog(t, boltConfig(s))
	seq := uint64(0)
	for leaf, err := range again.Leaves(context.Background(), 1, callers*each) {
		if err != nil {
			t.Fatal(err)
		}
		seq++
		if id, _ := receipts.Load(seq); id != leaf.ID {
			t.Errorf("leaf %d is of %s, its receipt was given to %v", seq, leaf.ID, id)
		}
	}
	if r := add(t, again, "after"); r.Seq != callers*each+1 {
		t.Errorf("the next leaf is %d", r.Seq)
	}
}

// BenchmarkAppend appends leaves, each with one change, from 1 and 64 goroutines over bolt.
func BenchmarkAppend(b *testing.B) {
	for _, goroutines := range []int{1, 64} {
		b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) {
			l := openLog(b, boltConfig(openBolt(b, filepath.Join(b.TempDir(), "store.db"))))
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for range goroutines {
				wg.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						if _, err := l.Append(context.Background(), event("id"), put(fmt.Sprintf("nonce/%016x", n), "", 0)); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "leaves/s")
		})
	}
}

// BenchmarkAppendInMemory is the processor's part of an append.
func BenchmarkAppendInMemory(b *testing.B) {
	l := newWorld(b).open(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Append(context.Background(), event("id")); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	w := newWorld(b)
	l := w.open(b)
	for range 1000 {
		add(b, l, "id")
	}
	b.ReportAllocs()
	for b.Loop() {
		verified(b, w, 1000)
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "leaves/s")
}
