// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

const (
	// maxDoubts is how many commits of unknown result are remembered. If an older one turns
	// out to have been done, it is taken for another writer's, and the log refuses.
	maxDoubts = 16
	// maxRetries is how often a batch is tried again because the head had moved.
	maxRetries = 3
)

// writer extends the chain. Only the goroutine of the log uses it.
type writer struct {
	cfg     Config
	head    head
	certain bool   // the store is known to hold head
	doubts  []head // that a commit of unknown result may have made the head
	fenced  error  // why nothing is appended any more
}

// commit makes a batch durable and gives each entry its result. Whoever is in conflict leaves the
// batch and the rest is chained anew, so that no sequence number is skipped.
func (w *writer) commit(batch []*entry) {
	ctx, cancel := context.WithTimeout(context.Background(), w.cfg.Timeout)
	defer cancel()
	for retries := 0; len(batch) > 0; {
		next, err := w.try(ctx, batch)
		if err == nil {
			w.head, w.doubts = next, nil
			answer(batch, nil)
			return
		}
		key, conflict := store.IsConflict(err)
		if loser := owner(batch, key); conflict && loser >= 0 {
			answer(batch[loser:loser+1], err)
			batch = slices.Delete(batch, loser, loser+1)
			continue
		}
		if retries++; conflict && retries <= maxRetries {
			w.certain = false // the head is not where it was: look before trying again
			continue
		}
		answer(batch, unavailableBecause(err))
		return
	}
}

// try chains batch to the head and commits it. It returns the new head. After an error of unknown
// result the head is no longer certain.
func (w *writer) try(ctx context.Context, batch []*entry) (head, error) {
	if err := w.look(ctx); err != nil {
		return head{}, err
	}
	next, changes, err := w.chain(batch)
	if err != nil {
		return head{}, err
	}
	err = w.cfg.Store.Commit(ctx, changes...)
	if _, conflict := store.IsConflict(err); err != nil && !conflict && !errors.Is(err, store.ErrFull) {
		w.certain = false
		w.doubts = append(w.doubts, next)
		w.doubts = w.doubts[max(0, len(w.doubts)-maxDoubts):]
	}
	return next, err
}

// look makes sure where the chain ends, by reading it back if that is in doubt. It may end where
// it did, or with a commit of ours of which no answer came; else another writer is at work.
func (w *writer) look(ctx context.Context) error {
	if w.certain || w.fenced != nil {
		return w.fenced
	}
	stored, err := readHead(ctx, w.cfg)
	if err != nil {
		return err
	}
	same := func(h head) bool { return h.Hash == stored.Hash && h.Seq == stored.Seq }
	switch {
	case same(w.head): // the doubts stay: until a commit succeeds, one of them may still be done
	case slices.ContainsFunc(w.doubts, same):
		w.doubts = nil // the head moved on, so none of the others fits any more
	default:
		w.fenced = unavailable("another writer has appended to this log: stop one of the two and start again; nothing was done", nil)
		return w.fenced
	}
	w.head, w.certain = stored, true
	return nil
}

// chain gives the leaves of batch their places and returns the head after them with all changes.
func (w *writer) chain(batch []*entry) (next head, changes []store.Change, err error) {
	now, err := w.now()
	if err != nil {
		return head{}, nil, err
	}
	salts := make([]byte, saltSize*len(batch))
	if _, err := io.ReadFull(w.cfg.Rand, salts); err != nil {
		return head{}, nil, unavailable("no randomness; nothing was done", err)
	}
	next = head{Hash: w.head.Hash, Seq: w.head.Seq, Time: now, version: w.head.version + 1}
	for i, e := range batch {
		e.leaf.Seq, e.leaf.Prev, e.leaf.Time = next.Seq+1, next.Hash, time.Unix(now, 0).UTC()
		e.leaf.Salt = base64.RawURLEncoding.EncodeToString(salts[i*saltSize : (i+1)*saltSize])
		raw, err := e.leaf.seal()
		if err != nil {
			return head{}, nil, unavailable("a leaf could not be written; nothing was done", err)
		}
		next.Seq, next.Hash = e.leaf.Seq, e.leaf.Hash
		changes = append(changes, store.Change{Entry: store.Entry{Key: leafKey(w.cfg.Prefix, next.Seq), Value: raw}})
		changes = append(changes, e.with...)
	}
	raw, err := next.encode()
	if err != nil {
		return head{}, nil, unavailable("the head could not be written; nothing was done", err)
	}
	return next, append(changes, store.Change{Entry: store.Entry{Key: headKey(w.cfg.Prefix), Value: raw, Version: w.head.version}}), nil
}

// now returns the time for the next leaf, in seconds. A clock that lies a little behind the last
// leaf does not make the log go back; one that lies far behind makes it refuse.
func (w *writer) now() (int64, error) {
	now := w.cfg.Now().Unix()
	if w.head.Seq == 0 || now >= w.head.Time {
		return now, nil
	}
	if behind := time.Duration(w.head.Time-now) * time.Second; behind > MaxStepBack {
		return 0, unavailable(fmt.Sprintf("the clock is %v behind the last leaf: set it right; nothing was done", behind), nil)
	}
	return w.head.Time, nil
}

// unavailableBecause withholds what was to be released. A conflict on the log's own records must
// not look like one of the caller's, so its cause is told in words alone.
func unavailableBecause(err error) error {
	_, conflict := store.IsConflict(err)
	switch {
	case conflict:
		return unavailable("the head of the log keeps moving; nothing was done", errors.New(err.Error()))
	case reason.Of(err) == reason.AuditUnavailable:
		return err
	case errors.Is(err, store.ErrFull):
		return unavailable("the store is full; nothing was done", err)
	}
	return unavailable("the store failed; the result is unknown", err)
}

// owner returns the index of the entry whose changes name key, or -1.
func owner(batch []*entry, key string) int {
	return slices.IndexFunc(batch, func(e *entry) bool {
		return slices.ContainsFunc(e.with, func(c store.Change) bool { return c.Key == key })
	})
}

// answer gives each entry its result: err, or the receipt of its leaf.
func answer(batch []*entry, err error) {
	for _, e := range batch {
		r := result{err: err}
		if err == nil {
			r.receipt = Receipt{Seq: e.leaf.Seq, Hash: e.leaf.Hash}
		}
		e.done <- r
	}
}
