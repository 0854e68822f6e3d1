// SPDX-License-Identifier: Apache-2.0

package warm

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"testing"
)

func keyOf(n int) Key {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	return sha256.Sum256(b[:])
}

func TestBounded(t *testing.T) {
	const most = 1 << 20
	c := New[int](most)
	for i := range 10_000 {
		c.Put(keyOf(i), i, 1000)
		if got, ok := c.Get(keyOf(i)); !ok || got != i {
			t.Fatal("what was put is not there")
		}
		if n := c.Used(); n > most {
			t.Fatalf("%d bytes of %d", n, most)
		}
	}
	if c.Used() < most*8/10 {
		t.Error("little is remembered: ", c.Used())
	}
	before := c.Used()
	c.Put(keyOf(1), 1, most) // larger than a shard
	if _, ok := c.Get(keyOf(1)); ok || c.Used() > before {
		t.Error("too large an entry is kept")
	}
}

// TestUsedLast keeps what is in use and forgets the rest.
func TestUsedLast(t *testing.T) {
	c := New[int](shards * 4 * (overhead + 100))
	keep := keyOf(0)
	c.Put(keep, 7, 100)
	for i := 1; i < 1000; i++ {
		c.Put(keyOf(i), i, 100)
		if _, ok := c.Get(keep); !ok {
			t.Fatalf("what is in use was forgotten after %d others", i)
		}
	}
	c.Put(keep, 8, 100)
	if got, _ := c.Get(keep); got != 8 {
		t.Error("an entry is not replaced")
	}
}

func TestConcurrent(t *testing.T) {
	c := New[int](64 << 10)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 2000 {
				c.Put(keyOf(i%300), i%300, 500+g)
				if got, ok := c.Get(keyOf(i % 300)); ok && got != i%300 {
					t.Error("a value under another key")
				}
			}
		})
	}
	wg.Wait()
}

func TestNoAllocation(t *testing.T) {
	c := New[int](0)
	c.Put(keyOf(1), 1, 1)
	k := keyOf(1)
	if n := testing.AllocsPerRun(100, func() { c.Get(k) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
