// SPDX-License-Identifier: Apache-2.0

package bolt

import (
	"bytes"
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// view runs f in a read transaction.
func (s *Store) view(f func(*bbolt.Tx) error) error {
	return guard(func() error {
		tx, err := s.db.Begin(false)
		if err != nil {
			return errClosed()
		}
		defer tx.Rollback() // of a read transaction: it has nothing to lose
		return f(tx)
	})
}

// scan yields what Scan promises. Only its steps are guarded: a panic of the caller's loop is
// the caller's.
func (s *Store) scan(ctx context.Context, prefix string, yield func(store.Entry, error) bool) {
	if len(prefix) > store.MaxKey {
		yield(store.Entry{}, store.CheckKey(prefix))
		return
	}
	if err := s.usable(ctx); err != nil {
		yield(store.Entry{}, err)
		return
	}
	tx, err := s.db.Begin(false)
	if err != nil {
		yield(store.Entry{}, errClosed())
		return
	}
	defer tx.Rollback() // of a read transaction: it has nothing to lose
	w := &walk{cursor: tx.Bucket(recordsBucket()).Cursor(), prefix: []byte(prefix), now: s.now()}
	for {
		e, more, err := w.next()
		if err == nil {
			err = s.usable(ctx)
		}
		if err != nil {
			yield(store.Entry{}, err)
			return
		}
		if !more || !yield(e, nil) {
			return
		}
	}
}

// walk goes through the live records below a prefix.
type walk struct {
	cursor *bbolt.Cursor
	prefix []byte
	now    time.Time
	begun  bool
}

// next returns the next entry and whether there is one.
func (w *walk) next() (e store.Entry, more bool, err error) {
	err = guard(func() error {
		for k, v := w.step(); k != nil && bytes.HasPrefix(k, w.prefix); k, v = w.step() {
			r, err := decode(string(k), v)
			if err != nil {
				return err
			}
			if r.live(w.now) {
				e, more = r.entry(string(k)), true
				return nil
			}
		}
		return nil
	})
	return e, more, err
}

func (w *walk) step() (key, value []byte) {
	if w.begun {
		return w.cursor.Next()
	}
	w.begun = true
	return w.cursor.Seek(w.prefix)
}

// guard runs f and turns a panic into an error: bbolt panics on pages that make no sense, and
// memory that is mapped from a damaged or shortened file faults. Neither may end the process,
// and neither may be taken for an answer.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = damaged(fmt.Errorf("panic: %v", p))
		}
	}()
	return f()
}

func damaged(cause error) error {
	return reason.Wrap(reason.StorageCorrupt, "the store file is damaged: restore it from a backup", cause)
}
