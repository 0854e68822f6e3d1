// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// TestWholeList allocates a list and a bit: every index of it once but for the decoys, then a new list.
func TestWholeList(t *testing.T) {
	w := newWorld(t)
	const given = DefaultCapacity - DefaultCapacity/DecoyShare
	seen := make([]bool, DefaultCapacity)
	for range given {
		ref := w.allocate()
		if ref.List != (ListID{1, 1}) || seen[ref.Index] {
			t.Fatalf("%v is given twice or out of turn", ref)
		}
		seen[ref.Index] = true
	}
	if ref := w.allocate(); ref.List != (ListID{1, 2}) {
		t.Errorf("after the end of a list comes %v", ref)
	}
	decoys, err := w.pub.schedule(context.Background(), ListID{1, 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range decoys.decoys {
		if seen[d.index] {
			t.Fatalf("the decoy %d was given", d.index)
		}
		seen[d.index] = true
	}
	if n := len(decoys.decoys); n != DefaultCapacity-given || slices.Contains(seen, false) {
		t.Errorf("%d decoys", n)
	}
}

// TestRestartBurns: what is left of a block when the process ends is not given again.
func TestRestartBurns(t *testing.T) {
	w := newWorld(t)
	seen := map[Ref]bool{}
	for range 140 { // more than a list has blocks
		for range 3 {
			ref := w.allocate()
			if seen[ref] {
				t.Fatalf("%v twice", ref)
			}
			seen[ref] = true
		}
		w.restart()
	}
	last := w.allocate()
	if last.List.Serial != 2 {
		t.Errorf("140 leases of 124 blocks end in %v", last)
	}
}

// TestDoubtBurns: a lease that may have been persisted is not used.
func TestDoubtBurns(t *testing.T) {
	for name, c := range map[string]struct {
		keep bool
		next uint64 // the block leased after the doubt
	}{"persisted": {true, 2}, "lost": {false, 1}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.store.set(errDisk, c.keep)
			_, err := w.alloc.Allocate(context.Background())
			want(t, err, reason.StorageUnavailable)
			w.store.set(nil, false)
			w.allocate()
			var got cursor
			if _, err := readRecord(context.Background(), w.store, w.alloc.cursorKey(), &got); err != nil || got.Block != c.next {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
}

func TestAllocatorsShareAStore(t *testing.T) {
	w := newWorld(t)
	const each = 2500
	results := make(chan Ref, 4*each)
	var wait sync.WaitGroup
	for range 4 {
		a := w.allocator(1)
		for range 5 {
			wait.Go(func() {
				for range each / 5 {
					ref, err := a.Allocate(context.Background())
					if err != nil {
						t.Error(err)
						return
					}
					results <- ref
				}
			})
		}
	}
	wait.Wait()
	close(results)
	unique(t, results, 4*each)
}

func unique(t *testing.T, refs <-chan Ref, n int) {
	t.Helper()
	seen := map[Ref]bool{}
	for ref := range refs {
		if seen[ref] {
			t.Fatalf("%v is given twice", ref)
		}
		seen[ref] = true
	}
	if len(seen) != n {
		t.Errorf("%d indices, want %d", len(seen), n)
	}
}

// TestContention: a lease that others win again and again ends in an error and not in a loop.
func TestContention(t *testing.T) {
	w := newWorld(t)
	w.store.set(&store.ConflictError{Key: "x"}, false)
	_, err := w.alloc.Allocate(context.Background())
	want(t, err, reason.StorageUnavailable)
}

func TestCallerGivesUp(t *testing.T) {
	w := newWorld(t)
	<-w.alloc.turn // another call has the turn and does not come back
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := w.alloc.Allocate(ctx)
	want(t, err, reason.StorageUnavailable)
}

func TestBrokenRandomness(t *testing.T) {
	w := newWorld(t)
	for name, r := range map[string]io.Reader{
		"empty": bytes.NewReader(nil), "short": bytes.NewReader(make([]byte, 31)), "zeros": zeros{}, "good once, then zeros": io.MultiReader(io.LimitReader(rand.Reader, seedSize), zeros{}),
	} {
		a, err := NewAllocator(AllocatorConfig{Store: w.store, Rand: r, Epoch: 1})
		if err != nil {
			t.Fatal(err)
		}
		if name == "good once, then zeros" { // the list has its seed; the order of the block is what fails
			a.cfg.Epoch = 2
		}
		_, err = a.Allocate(context.Background())
		if reason.Of(err) != reason.StatusAllocRandom {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestSelfTest(t *testing.T) {
	sequential, narrow, good := make([]uint32, BlockSize), make([]uint32, BlockSize), make([]uint32, BlockSize)
	for i := range sequential {
		sequential[i] = uint32(i * 128) // spread over the list, but…
		narrow[i] = uint32(i * 7 % 8192)
		good[i] = uint32(i * 40503 % DefaultCapacity)
	}
	if err := selfTest(good, DefaultCapacity); err != nil {
		t.Error(err)
	}
	for i := range 20 { // …with neighbours given one after another
		sequential[i*2+1] = sequential[i*2] + 1
	}
	want(t, selfTest(sequential, DefaultCapacity), reason.StatusAllocRandom)
	want(t, selfTest(narrow, DefaultCapacity), reason.StatusAllocRandom)
	for range 200 {
		block := slices.Clone(good)
		var seed [seedSize]byte
		if _, err := rand.Read(seed[:]); err != nil {
			t.Fatal(err)
		}
		shuffle(block, seed)
		if err := selfTest(block, DefaultCapacity); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOrderIsFixed pins the order that a seed gives: were it to change with a library, a list
// would be leased twice over.
func TestOrderIsFixed(t *testing.T) {
	m := meta{DefaultCapacity, bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 4), 0}
	first, last := m.members(0), m.members(DefaultCapacity/BlockSize-1) // the last: decoys in a list of today
	got := []uint32{first[0], first[1], first[1023], last[0], last[1023]}
	if want := []uint32{98726, 51751, 35805, 94998, 87310}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestOrderIsSecret: what is stored tells which indices a block has, and not in which order they are given.
func TestOrderIsSecret(t *testing.T) {
	w := newWorld(t)
	var given []uint32
	for range BlockSize {
		given = append(given, uint32(w.allocate().Index))
	}
	m, err := readMeta(context.Background(), w.store, ListID{1, 1})
	if err != nil {
		t.Fatal(err)
	}
	stored := m.members(0)
	same := 0
	for i := range stored {
		if given[i] == stored[i] || given[i] == stored[BlockSize-1-i] {
			same++
		}
	}
	if same > 30 { // 2 are to be expected
		t.Errorf("%d indices are given in the order of the store", same)
	}
	slices.Sort(given)
	slices.Sort(stored)
	if !slices.Equal(given, stored) {
		t.Error("the block has other members")
	}
}

func TestNewAllocatorRefuses(t *testing.T) {
	w := newWorld(t)
	good := AllocatorConfig{Store: w.store, Rand: rand.Reader, Epoch: 1, Capacity: MaxCapacity}
	if _, err := NewAllocator(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*AllocatorConfig){
		"no store":        func(c *AllocatorConfig) { c.Store = nil },
		"no randomness":   func(c *AllocatorConfig) { c.Rand = nil },
		"no epoch":        func(c *AllocatorConfig) { c.Epoch = 0 },
		"small":           func(c *AllocatorConfig) { c.Capacity = DefaultCapacity / 2 },
		"large":           func(c *AllocatorConfig) { c.Capacity = MaxCapacity * 2 },
		"not in chunks":   func(c *AllocatorConfig) { c.Capacity = DefaultCapacity + BlockSize },
		"not in anything": func(c *AllocatorConfig) { c.Capacity = DefaultCapacity + 1 },
	} {
		cfg := good
		change(&cfg)
		if _, err := NewAllocator(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestCapacityChanges: a list keeps the capacity that it began with.
func TestCapacityChanges(t *testing.T) {
	w := newWorld(t)
	w.allocate()
	a, err := NewAllocator(AllocatorConfig{Store: w.store, Rand: rand.Reader, Epoch: 1, Capacity: MaxCapacity})
	if err != nil {
		t.Fatal(err)
	}
	for range 4 * BlockSize {
		ref, err := a.Allocate(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if ref.List.Serial != 1 || ref.Index >= DefaultCapacity {
			t.Fatalf("%v is outside a list of the first capacity", ref)
		}
	}
}

// TestLargestList: a list of the greatest capacity, all valid, is within what every reader accepts.
func TestLargestList(t *testing.T) {
	w := newWorld(t)
	a, err := NewAllocator(AllocatorConfig{Store: w.store, Rand: rand.Reader, Epoch: 1, Capacity: MaxCapacity})
	if err != nil {
		t.Fatal(err)
	}
	ref, err := a.Allocate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, l := w.token(ref.List); l.Bits.Len() != MaxCapacity {
		t.Errorf("%d values", l.Bits.Len())
	}
	w.set(status.Revoked, ref)
	if on, err := w.bitstring(ref.List, Revocation).Bits.Set(ref.Index); err != nil || !on {
		t.Errorf("%v %v", on, err)
	}
}

// TestLastList: an epoch ends, and says so.
func TestLastList(t *testing.T) {
	w := newWorld(t)
	end, err := record(w.alloc.cursorKey(), cursor{MaxLists, 128, 128}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.Commit(context.Background(), end); err != nil {
		t.Fatal(err)
	}
	_, err = w.alloc.Allocate(context.Background())
	want(t, err, reason.StorageFull)
	if _, err = w.allocator(2).Allocate(context.Background()); err != nil {
		t.Error(err)
	}
}

func BenchmarkStatusAllocate(b *testing.B) {
	w := newWorld(b)
	b.ReportAllocs()
	for b.Loop() {
		w.allocate()
	}
}
