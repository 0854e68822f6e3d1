// SPDX-License-Identifier: Apache-2.0

// Package memory is the store driver that forgets: for tests, and for state that may be lost with the process.
package memory

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// SweepLimit is how many records one Commit looks at to forget those that have expired.
const SweepLimit = 32

// Config is what a Store needs.
type Config struct {
	Now func() time.Time // the clock that decides what has expired; required
}

// Store keeps its records in memory. It keeps the contract of store.Store except for durability:
// what Commit acknowledged lives as long as the process. Make one with New.
type Store struct {
	now     func() time.Time
	mu      sync.RWMutex
	records map[string]store.Entry // the values are never changed in place
}

// New returns an empty store, or an error if the configuration lacks its clock.
func New(cfg Config) (*Store, error) {
	if cfg.Now == nil {
		return nil, errors.New("store/memory: Config.Now is required")
	}
	return &Store{now: cfg.Now, records: make(map[string]store.Entry)}, nil
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key string) (store.Entry, error) {
	if err := alive(ctx); err != nil {
		return store.Entry{}, err
	}
	if err := store.CheckKey(key); err != nil {
		return store.Entry{}, err
	}
	now := s.now()
	s.mu.RLock()
	e, ok := s.records[key]
	s.mu.RUnlock()
	if !ok || expired(e, now) {
		return store.Entry{}, store.ErrNotFound
	}
	return owned(e), nil
}

// Scan implements store.Store. The view is the one of the moment at which the loop begins.
func (s *Store) Scan(ctx context.Context, prefix string) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		if len(prefix) > store.MaxKey {
			yield(store.Entry{}, store.CheckKey(prefix))
			return
		}
		for _, e := range s.view(prefix) {
			if err := alive(ctx); err != nil {
				yield(store.Entry{}, err)
				return
			}
			if !yield(owned(e), nil) {
				return
			}
		}
		if err := alive(ctx); err != nil {
			yield(store.Entry{}, err)
		}
	}
}

// Commit implements store.Store.
func (s *Store) Commit(ctx context.Context, changes ...store.Change) error {
	if err := store.CheckChanges(changes); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := alive(ctx); err != nil {
		return err
	}
	now := s.now()
	for _, c := range changes {
		if s.version(c.Key, now) != c.Version {
			return &store.ConflictError{Key: c.Key}
		}
	}
	for _, c := range changes {
		s.apply(c)
	}
	s.sweep(now)
	return nil
}

// view returns the live entries below prefix in order; their values are still the store's.
func (s *Store) view(prefix string) []store.Entry {
	now := s.now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	var view []store.Entry
	for e := range maps.Values(s.records) {
		if strings.HasPrefix(e.Key, prefix) && !expired(e, now) {
			view = append(view, e)
		}
	}
	slices.SortFunc(view, func(a, b store.Entry) int { return strings.Compare(a.Key, b.Key) })
	return view
}

func (s *Store) version(key string, now time.Time) uint64 {
	e, ok := s.records[key]
	if !ok || expired(e, now) {
		return 0
	}
	return e.Version
}

func (s *Store) apply(c store.Change) {
	if c.Delete {
		delete(s.records, c.Key)
		return
	}
	e := owned(c.Entry)
	e.Key = strings.Clone(c.Key)
	e.Version = c.Version + 1
	e.Expires = e.Expires.UTC().Round(0) // the monotonic reading would not survive a real store
	s.records[e.Key] = e
}

// sweep looks at a few records, others each time because map order is random, so that
// expired ones do not pile up and no Commit pays for all of them.
func (s *Store) sweep(now time.Time) {
	looked := 0
	for key, e := range s.records {
		if expired(e, now) {
			delete(s.records, key)
		}
		if looked++; looked == SweepLimit {
			return
		}
	}
}

func expired(e store.Entry, now time.Time) bool {
	return !e.Expires.IsZero() && !now.Before(e.Expires)
}

// owned returns e with a value of its own.
func owned(e store.Entry) store.Entry {
	e.Value = append([]byte{}, e.Value...)
	return e
}

func alive(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return reason.Wrap(reason.StorageUnavailable, "the caller gave up", err)
	}
	return nil
}
