// SPDX-License-Identifier: Apache-2.0

package bolt_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/bolt"
)

// BenchmarkCommit commits one record of 400 bytes at a time-ordered key, from 1, 16 and 128
// goroutines: what they share is the fsync.
func BenchmarkCommit(b *testing.B) {
	for _, goroutines := range []int{1, 16, 128} {
		b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "store.db"), time.Now)
			value := strings.Repeat("v", 400)
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for range goroutines {
				wg.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						if err := s.Commit(context.Background(), put(fmt.Sprintf("leaf/%016x", n), value, 0)); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
		})
	}
}

// BenchmarkRawSync is the limit of BenchmarkCommit with one goroutine: the two fsyncs that a
// bbolt transaction needs, each after a write of one page.
func BenchmarkRawSync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	for i := 0; b.Loop(); i++ {
		for n := range 2 {
			if _, err := f.WriteAt(page, int64(2*i+n)%256*4096); err != nil {
				b.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

const benchRecords = 20_000

// filled is a store of many small records, written in few transactions.
func filled(b *testing.B, path string) *bolt.Store {
	b.Helper()
	s := open(b, path, time.Now)
	value := strings.Repeat("v", 400)
	var changes []store.Change
	for i := range benchRecords {
		if changes = append(changes, put(fmt.Sprintf("leaf/%016x", i), value, 0)); len(changes) == 2000 {
			commit(b, s, changes...)
			changes = nil
		}
	}
	return s
}

func BenchmarkGet(b *testing.B) {
	s := filled(b, filepath.Join(b.TempDir(), "store.db"))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, err := s.Get(context.Background(), fmt.Sprintf("leaf/%016x", i*7919%benchRecords)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "gets/s")
}

// BenchmarkOpen opens a store of 20,000 records, which reads every page of it.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "store.db")
	if err := filled(b, path).Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := bolt.Open(bolt.Config{Path: path, Now: time.Now})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenEmpty is the price of a start.
func BenchmarkOpenEmpty(b *testing.B) {
	path := filepath.Join(b.TempDir(), "store.db")
	for b.Loop() {
		s, err := bolt.Open(bolt.Config{Path: path, Now: time.Now})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
