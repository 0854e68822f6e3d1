// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"iter"
	"sync"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Fault is how a store fails. The zero Fault is none.
type Fault int

// The faults of a Commit, and Broken for every operation.
const (
	None      Fault = iota
	Lost            // the commit is not done and says storage.unavailable
	Persisted       // the commit is done and says storage.unavailable all the same
	Full            // the commit is not done and says storage.full
	Broken          // no operation does anything; each says storage.unavailable
)

// ErrInjected is in the chain of every error that Faults makes.
var ErrInjected = errors.New("storetest: injected fault") // never changed

// Faults is a store that fails on demand and is otherwise the store that it wraps.
// The zero Faults is of no use; make one with NewFaults.
type Faults struct {
	inner store.Store
	mu    sync.Mutex
	next  []Fault
	stuck Fault
	calls int
}

// NewFaults wraps s.
func NewFaults(s store.Store) *Faults { return &Faults{inner: s} }

// Next makes the next commits fail in the given ways, one fault each.
func (f *Faults) Next(faults ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = append(f.next, faults...)
}

// Always makes every commit (and if it is Broken, every operation) fail until Always(None).
func (f *Faults) Always(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stuck = fault
}

// Commits returns how many commits were tried.
func (f *Faults) Commits() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// Get implements store.Store.
func (f *Faults) Get(ctx context.Context, key string) (store.Entry, error) {
	if f.broken() {
		return store.Entry{}, unavailable()
	}
	return f.inner.Get(ctx, key)
}

// Scan implements store.Store.
func (f *Faults) Scan(ctx context.Context, prefix string) iter.Seq2[store.Entry, error] {
	if f.broken() {
		return func(yield func(store.Entry, error) bool) { yield(store.Entry{}, unavailable()) }
	}
	return f.inner.Scan(ctx, prefix)
}

// Commit implements store.Store, less the faults that were asked for.
func (f *Faults) Commit(ctx context.Context, changes ...store.Change) error {
	switch f.take() {
	case None:
		return f.inner.Commit(ctx, changes...)
	case Full:
		return reason.Wrap(reason.StorageFull, "injected", errors.Join(store.ErrFull, ErrInjected))
	case Persisted:
		if err := f.inner.Commit(ctx, changes...); err != nil {
			return err
		}
	}
	return unavailable()
}

func (f *Faults) broken() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stuck == Broken
}

func (f *Faults) take() Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if len(f.next) == 0 {
		return f.stuck
	}
	fault := f.next[0]
	f.next = f.next[1:]
	return fault
}

func unavailable() error {
	return reason.Wrap(reason.StorageUnavailable, "injected", ErrInjected)
}
