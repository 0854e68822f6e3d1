// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"math/rand/v2"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// MaxTries is how often a compare-and-swap is tried while others win it.
const MaxTries = 64

// AllocatorConfig is what an Allocator needs.
type AllocatorConfig struct {
	// Store decides who leased what; required. It must be durable.
	Store store.Store
	// Rand makes the order of indices unpredictable; required: crypto/rand.Reader.
	Rand io.Reader
	// Epoch is the life of the store, from 1; required. Raise it whenever the store was restored
	// from a backup or may have lost writes: allocation then moves to lists with new ids, so that
	// what was given before the loss is never given again.
	Epoch uint32
	// Capacity is the number of indices of the lists that are begun from now on. 0 is
	// DefaultCapacity; at most MaxCapacity.
	Capacity uint64
}

// Allocator hands out indices. It leases a block of BlockSize of them by compare-and-swap and
// gives them in random order; those left when the process ends are burnt. Any number of
// Allocators may share a store. Make one with NewAllocator; it is safe for concurrent use.
type Allocator struct {
	cfg  AllocatorConfig
	turn chan struct{} // holds one token; who has it may use list and left
	list ListID
	left []uint32
}

// NewAllocator returns an Allocator, which leases nothing before the first Allocate.
func NewAllocator(cfg AllocatorConfig) (*Allocator, error) {
	if cfg.Store == nil || cfg.Rand == nil || cfg.Epoch == 0 {
		return nil, errors.New("publisher: AllocatorConfig needs Store, Rand and Epoch")
	}
	if cfg.Capacity == 0 {
		cfg.Capacity = DefaultCapacity
	}
	if err := checkCapacity(cfg.Capacity); err != nil {
		return nil, err
	}
	a := &Allocator{cfg: cfg, turn: make(chan struct{}, 1)}
	a.turn <- struct{}{}
	return a, nil
}

// Allocate returns an index that was never returned before, by this or any other Allocator over
// the same store and epoch.
//
// Errors: storage.unavailable (with a lease that may have been persisted: it is burnt),
// status.alloc_random (the source of randomness is broken), storage.full (MaxLists).
func (a *Allocator) Allocate(ctx context.Context) (Ref, error) {
	select {
	case <-a.turn:
		defer func() { a.turn <- struct{}{} }()
	case <-ctx.Done():
		return Ref{}, reason.Wrap(reason.StorageUnavailable, "the caller gave up waiting for an index", ctx.Err())
	}
	if len(a.left) == 0 {
		if err := a.lease(ctx); err != nil {
			return Ref{}, err
		}
	}
	last := len(a.left) - 1
	index := a.left[last]
	a.left = a.left[:last]
	return Ref{a.list, uint64(index)}, nil
}

// cursor says which block is leased next.
type cursor struct {
	Serial uint32 `json:"serial"`
	Block  uint64 `json:"block"`
	Blocks uint64 `json:"blocks"` // of the list that are leased, to know its end
}

func (a *Allocator) cursorKey() string { return fmt.Sprintf("%scursor/%08x", Prefix, a.cfg.Epoch) }

// lease takes the next block. Whatever goes wrong after the commit was tried leaves the block burnt.
func (a *Allocator) lease(ctx context.Context) error {
	for range MaxTries {
		err := a.tryLease(ctx)
		if _, conflict := store.IsConflict(err); !conflict {
			return err
		}
	}
	return reason.New(reason.StorageUnavailable, "the lease of status indices is contended")
}

func (a *Allocator) tryLease(ctx context.Context) error {
	var c cursor
	version, err := readRecord(ctx, a.cfg.Store, a.cursorKey(), &c)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	var m meta
	var changes []store.Change
	if c.Block == c.Blocks {
		m, changes, err = a.begin(&c)
	} else {
		m, err = readMeta(ctx, a.cfg.Store, ListID{a.cfg.Epoch, c.Serial})
	}
	if err != nil {
		return err
	}
	block := c.Block
	c.Block++
	moved, err := record(a.cursorKey(), c, version)
	if err != nil {
		return err
	}
	if err := a.cfg.Store.Commit(ctx, append(changes, moved)...); err != nil {
		return err
	}
	left, err := a.shuffled(m, block)
	if err != nil {
		return err
	}
	a.list, a.left = ListID{a.cfg.Epoch, c.Serial}, left
	return nil
}

// begin moves c to a new list and returns it with the change that makes it.
func (a *Allocator) begin(c *cursor) (meta, []store.Change, error) {
	if c.Serial >= MaxLists {
		return meta{}, nil, reason.New(reason.StorageFull, "this epoch has no more status lists")
	}
	seed, err := a.seed()
	if err != nil {
		return meta{}, nil, err
	}
	blocks := a.cfg.Capacity / BlockSize
	decoys := blocks / DecoyShare
	*c = cursor{c.Serial + 1, 0, blocks - decoys}
	m := meta{a.cfg.Capacity, seed[:], decoys * BlockSize}
	change, err := record(ListID{a.cfg.Epoch, c.Serial}.key("list"), m, 0)
	return m, []store.Change{change}, err
}

// members returns the indices of a block: not a range of the list but BlockSize places spread over
// all of it, so that indices do not tell who was issued to at about the same time.
func (m meta) members(block uint64) []uint32 {
	return append([]uint32(nil), m.order()[block*BlockSize:(block+1)*BlockSize]...)
}

// order returns all indices of the list in the order in which they are leased, the decoys last.
func (m meta) order() []uint32 {
	order := make([]uint32, m.Capacity)
	for i := range order {
		order[i] = uint32(i)
	}
	shuffle(order, [seedSize]byte(m.Seed))
	return order
}

// shuffled puts a block into an order that nothing that is stored tells, and checks the result.
func (a *Allocator) shuffled(m meta, block uint64) ([]uint32, error) {
	seed, err := a.seed()
	if err != nil {
		return nil, err
	}
	members := m.members(block)
	shuffle(members, seed)
	return members, selfTest(members, m.Capacity)
}

// seed draws one from Rand and refuses the constant ones that a broken source gives.
func (a *Allocator) seed() ([seedSize]byte, error) {
	var seed [seedSize]byte
	if _, err := io.ReadFull(a.cfg.Rand, seed[:]); err != nil {
		return seed, reason.Wrap(reason.StatusAllocRandom, "no randomness for status indices", err)
	}
	for _, b := range seed {
		if b != seed[0] {
			return seed, nil
		}
	}
	return seed, reason.New(reason.StatusAllocRandom, "the source of randomness gives the same byte again and again")
}

// shuffle is the Fisher–Yates shuffle driven by ChaCha8. It is written out and does not use
// rand.Shuffle because the order of a list must stay the same for as long as the list lives,
// whatever version of the library reads it.
func shuffle(order []uint32, seed [seedSize]byte) {
	source := rand.NewChaCha8(seed)
	for i := len(order) - 1; i > 0; i-- {
		j, _ := bits.Mul64(source.Uint64(), uint64(i)+1)
		order[i], order[j] = order[j], order[i]
	}
}

// Limits of selfTest. Good randomness passes them less than once in 10^12 blocks.
const (
	buckets       = 16
	maxChiSquare  = 120 // of buckets-1 degrees of freedom
	maxNeighbours = 16  // indices given one after another that are neighbours in the list
)

// selfTest refuses a block whose indices are not spread over the list or are given in the order of
// the list: status.alloc_random.
func selfTest(block []uint32, capacity uint64) error {
	var counts [buckets]float64
	neighbours := 0
	for i, at := range block {
		counts[uint64(at)*buckets/capacity]++
		if i > 0 && (at == block[i-1]+1 || at+1 == block[i-1]) {
			neighbours++
		}
	}
	expected := float64(len(block)) / buckets
	chi := 0.0
	for _, n := range counts {
		chi += (n - expected) * (n - expected) / expected
	}
	if chi > maxChiSquare || neighbours > maxNeighbours {
		return reason.New(reason.StatusAllocRandom, "a block of status indices is not spread at random")
	}
	return nil
}
