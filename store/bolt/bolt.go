// SPDX-License-Identifier: Apache-2.0

// Package bolt is the embedded store driver: one file, real transactions, one fsync for all who commit at once.
package bolt

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Bounds of the driver.
const (
	LockTimeout    = time.Second      // how long Open waits for another process to let the file go
	DefaultTimeout = time.Second      // how long a Commit may take if Config.Timeout is 0
	MaxTimeout     = 10 * time.Second // the ceiling of Config.Timeout
	MaxQueue       = 1024             // commits that wait for the writer; more wait for a place, within their timeout
	MaxBatch       = 512              // commits that share one transaction
	MaxBatchBytes  = 16 << 20         // bytes of records that share one transaction, unless one commit alone has more
	SweepLimit     = 64               // expired records that one transaction removes
	MaxFile        = 64 << 30         // bytes of the file on 64-bit systems; beyond it the store is full
)

// Config is what an operator says about a Store.
type Config struct {
	// Path is the file; required. Folders that are missing are made, for the owner alone.
	Path string
	// Now is the clock that decides what has expired; required.
	Now func() time.Time
	// Timeout is how long a Commit may take before it is answered with storage.unavailable,
	// so that a hung disk does not hang its callers. 0 is DefaultTimeout; at most MaxTimeout.
	Timeout time.Duration
}

// Store keeps records in one bbolt file. It implements store.Store, and after a failed write
// or fsync it acknowledges and answers nothing more until it is opened again. Make one with Open.
type Store struct {
	db      *bbolt.DB
	now     func() time.Time
	timeout time.Duration

	queue   chan *request
	stop    chan struct{} // closed by Close
	stopped chan struct{} // closed when the writer has ended
	closing sync.Once
	closed  error                 // what closing the file returned
	failed  atomic.Pointer[error] // why nothing is answered any more

	sum     checksum      // of all records; the writer alone touches it
	batches atomic.Uint64 // transactions that the writer began
}

// Open opens the store file, makes it (mode 0600) if it is absent, takes its lock, and reads
// every record once, so that damage is found before anyone relies on the store.
//
// Errors: storage.unavailable if the file is in use, not private or not accessible, storage.full
// if it cannot be made for want of space, storage.corrupt if a record or the file is damaged.
func Open(cfg Config) (*Store, error) { return open(cfg, nil) }

// Close waits for the commits that have begun, refuses those that have not, and releases the
// file. It waits for open Scans, so it must not be called within the loop of one.
// Closing again returns what the first call returned.
func (s *Store) Close() error {
	s.closing.Do(func() {
		close(s.stop)
		<-s.stopped
		s.closed = s.db.Close()
	})
	return s.closed
}

// Get implements store.Store. A record that fails its checksum is storage.corrupt; others
// are served on.
func (s *Store) Get(ctx context.Context, key string) (store.Entry, error) {
	if err := store.CheckKey(key); err != nil {
		return store.Entry{}, err
	}
	if err := s.usable(ctx); err != nil {
		return store.Entry{}, err
	}
	var found store.Entry
	err := s.view(func(tx *bbolt.Tx) (err error) {
		found, err = lookup(tx, key, s.now())
		return err
	})
	return found, err
}

// Scan implements store.Store. The view is the one of the moment at which the loop begins; as
// long as the loop runs, the space of what is changed meanwhile is not used again.
func (s *Store) Scan(ctx context.Context, prefix string) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) { s.scan(ctx, prefix, yield) }
}

// Commit implements store.Store. Commits that arrive while another is being written share the
// next transaction and its fsync; each is applied or refused on its own.
//
// Errors: *store.ConflictError; storage.full, with store.ErrFull in its chain, which left no
// trace; storage.unavailable, of which the result is unknown unless the detail says otherwise.
func (s *Store) Commit(ctx context.Context, changes ...store.Change) error {
	if err := store.CheckChanges(changes); err != nil {
		return err
	}
	if err := s.usable(ctx); err != nil {
		return err
	}
	if len(changes) == 0 {
		return nil
	}
	return s.submit(ctx, newRequest(changes))
}

// usable says whether the store may be asked at all.
func (s *Store) usable(ctx context.Context) error {
	if cause := s.failed.Load(); cause != nil {
		return reason.Wrap(reason.StorageUnavailable, "the store has failed and must be opened again", *cause)
	}
	select {
	case <-s.stop:
		return errClosed()
	default:
	}
	if err := ctx.Err(); err != nil {
		return reason.Wrap(reason.StorageUnavailable, "the caller gave up before anything was done", err)
	}
	return nil
}

// fail makes the store answer nothing more: what a disk that failed holds is known only after
// it was read again. The first cause is kept.
func (s *Store) fail(cause error) error {
	s.failed.CompareAndSwap(nil, &cause)
	return reason.Wrap(reason.StorageUnavailable, "the store has failed and must be opened again; the result is unknown", cause)
}

func errClosed() error {
	return reason.New(reason.StorageUnavailable, "the store is closed; nothing was done")
}

// timeoutOf returns the commit timeout that cfg asks for, within the ceiling.
func timeoutOf(cfg Config) (time.Duration, error) {
	switch {
	case cfg.Timeout == 0:
		return DefaultTimeout, nil
	case cfg.Timeout < 0 || cfg.Timeout > MaxTimeout:
		return 0, fmt.Errorf("store/bolt: Config.Timeout is %v, want 0 to %v", cfg.Timeout, MaxTimeout)
	}
	return cfg.Timeout, nil
}
