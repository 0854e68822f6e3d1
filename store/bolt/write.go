// SPDX-License-Identifier: Apache-2.0

package bolt

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// The states of a request: who gives up first withdraws it, unless the writer took it.
const (
	waiting = iota
	taken
	withdrawn
)

// request is one Commit on its way through the writer.
type request struct {
	ops   []op
	size  int
	state atomic.Int32
	done  chan error // gets one result
}

// op is one change, encoded already: the caller may use its slices again.
type op struct {
	key     string
	want    uint64
	raw     []byte // nil deletes
	expires time.Time
}

func newRequest(changes []store.Change) *request {
	r := &request{ops: make([]op, len(changes)), done: make(chan error, 1)}
	for i, c := range changes {
		r.ops[i] = op{key: c.Key, want: c.Version}
		if !c.Delete {
			r.ops[i].raw, r.ops[i].expires = encode(c.Entry, c.Version+1), c.Expires
		}
		r.size += len(c.Key) + len(r.ops[i].raw)
	}
	return r
}

// submit hands r to the writer and waits for its result, within the timeout.
func (s *Store) submit(ctx context.Context, r *request) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	select {
	case s.queue <- r:
	case <-ctx.Done():
		return gaveUp(ctx, "nothing was done")
	case <-s.stop:
		return errClosed()
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		if r.state.CompareAndSwap(waiting, withdrawn) {
			return gaveUp(ctx, "nothing was done")
		}
		return gaveUp(ctx, "the result is unknown")
	case <-s.stopped:
	}
	select {
	case err := <-r.done:
		return err
	default:
		return errClosed()
	}
}

func gaveUp(ctx context.Context, outcome string) error {
	return reason.Wrap(reason.StorageUnavailable, "no answer in time; "+outcome, context.Cause(ctx))
}

// write is the one goroutine that changes the file. It ends after Close, when the batch in
// hand is done.
func (s *Store) write() {
	defer close(s.stopped)
	var next *request // taken, but too large for the batch before
	for {
		if next == nil {
			select {
			case next = <-s.queue:
			case <-s.stop:
				return
			}
			if !next.state.CompareAndSwap(waiting, taken) {
				next = nil
				continue
			}
		}
		var batch []*request
		batch, next = s.collect(next)
		s.commit(batch)
	}
}

// collect returns first with all who wait already, within the bounds of a batch, and the one
// that did not fit in. It waits for nobody: while this batch is written the next one gathers.
func (s *Store) collect(first *request) (batch []*request, next *request) {
	runtime.Gosched() // lets those whom the last batch released come back and join this one
	batch = []*request{first}
	size := first.size
	for len(batch) < MaxBatch {
		select {
		case r := <-s.queue:
			if !r.state.CompareAndSwap(waiting, taken) {
				continue
			}
			if size += r.size; size > MaxBatchBytes {
				return batch, r
			}
			batch = append(batch, r)
		default:
			return batch, nil
		}
	}
	return batch, nil
}

// commit writes a batch and tells each its own result. If the transaction fails, a conflict
// too is no more certain than the changes that caused it, so all get the failure.
func (s *Store) commit(batch []*request) {
	s.batches.Add(1)
	results := make([]error, len(batch))
	if err := s.transact(batch, results); err != nil {
		for i := range results {
			results[i] = err
		}
	}
	for i, r := range batch {
		r.done <- results[i]
	}
}

// transact applies what fits of batch in one transaction and makes it durable.
func (s *Store) transact(batch []*request, results []error) error {
	if cause := s.failed.Load(); cause != nil {
		return reason.Wrap(reason.StorageUnavailable, "the store has failed and must be opened again", *cause)
	}
	var (
		tx  *bbolt.Tx
		id  int
		sum = s.sum
	)
	err := guard(func() (err error) {
		if tx, err = s.db.Begin(true); err != nil {
			return err
		}
		id = tx.ID()
		t := newTransaction(tx, sum, s.now())
		changed, err := t.run(batch, results)
		if err != nil || !changed {
			return errors.Join(err, tx.Rollback())
		}
		sum = t.sum
		return tx.Commit()
	})
	if err != nil {
		return s.settle(tx, id, err)
	}
	s.sum = sum
	return nil
}

// settle ends a transaction that failed. Only if there was no space, and the header that would
// make it the current one was not written either, is it as if it had never been.
func (s *Store) settle(tx *bbolt.Tx, id int, cause error) error {
	if tx != nil {
		_ = guard(tx.Rollback) // does nothing if bbolt did it; releases its lock if bbolt panicked
	}
	if full(cause) && !s.landed(id) {
		return reason.Wrap(reason.StorageFull, "there is no space left for the store: make room; nothing was done",
			fmt.Errorf("%w: %w", store.ErrFull, cause))
	}
	return s.fail(cause)
}

// landed reports whether transaction id, or a later one, is what readers see.
func (s *Store) landed(id int) bool {
	var seen int
	err := s.view(func(tx *bbolt.Tx) error { seen = tx.ID(); return nil })
	return err != nil || seen >= id
}
