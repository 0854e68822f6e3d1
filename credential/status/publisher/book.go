// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"context"
	"errors"
	"sync"

	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Shape of the stored state: 2 bits each, packed as a Token Status List packs them, in chunks.
const (
	width     = 2
	chunkSize = 1024                  // bytes of a chunk: small, so that few changes meet in one
	perChunk  = chunkSize * 8 / width // indices of a chunk
	valueMask = 1<<width - 1
)

// MaxFlips is the number of indices that one Flip may change: those of all copies of one delegation.
// They meet in at most as many chunks as their lists have, 32 of a list of the usual capacity.
const MaxFlips = 512

// Book holds the state of every index. It keeps nothing in memory that another process could
// change under it: what it says is what the store says. It is safe for concurrent use.
type Book struct {
	store store.Store

	mu      sync.Mutex
	metas   map[ListID]meta   // as stored, which never changes; at most MaxLists per epoch
	changes map[ListID]uint64 // rises when a list is known to have changed
}

// NewBook returns the Book of the lists that an Allocator began in s.
func NewBook(s store.Store) (*Book, error) {
	if s == nil {
		return nil, errors.New("publisher: a Book needs a store")
	}
	return &Book{store: s, metas: make(map[ListID]meta), changes: make(map[ListID]uint64)}, nil
}

// State returns the state of ref, which is Valid until it was set. An index outside its list is
// status.index, an unknown list object.unknown.
func (b *Book) State(ctx context.Context, ref Ref) (status.State, error) {
	if err := b.check(ctx, ref); err != nil {
		return status.Unknown, err
	}
	c, err := b.chunk(ctx, ref)
	if err != nil {
		return status.Unknown, err
	}
	return c.state(ref)
}

// Flip returns the changes that bring refs to the state to, for the caller to commit together with
// its own records; they are none where all have it already. After the commit call Committed. A
// conflict on one of the changes means that the list has changed meanwhile: begin with Flip again.
//
// Valid and Suspended may follow one another. Revoked is for ever: leaving it is revoke.irreversible.
// Errors further: status.value_unknown for another state, status.index, object.unknown, and those of the store.
func (b *Book) Flip(ctx context.Context, refs []Ref, to status.State) ([]store.Change, error) {
	value, err := valueOf(to)
	if err != nil {
		return nil, err
	}
	if len(refs) == 0 || len(refs) > MaxFlips {
		return nil, reason.New(reason.StatusIndex, "no index to change, or too many")
	}
	chunks := make(map[string]*chunk)
	var order []*chunk
	for _, ref := range refs {
		c, err := b.within(ctx, ref, chunks)
		if err != nil {
			return nil, err
		}
		if chunks[c.entry.Key] == nil {
			chunks[c.entry.Key] = c
			order = append(order, c)
		}
		if err := c.set(ref, to, value); err != nil {
			return nil, err
		}
	}
	var changes []store.Change
	for _, c := range order {
		if c.changed {
			changes = append(changes, store.Change{Entry: c.entry})
		}
	}
	return changes, nil
}

// Committed tells the Book that changes of Flip on refs were committed, so that their lists are
// signed anew at once. Without it a Publisher sees the change within CheckEvery.
func (b *Book) Committed(refs []Ref) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, ref := range refs {
		b.changes[ref.List]++
	}
}

// Set brings refs to the state to and commits that together with the changes in with. When it
// returns nil the state is durable; setting a state again is no error.
//
// Errors: those of Flip; revoke.not_durable if a revocation could not be committed, and the store's
// error for other states; a conflict on a key of with is returned as it is.
func (b *Book) Set(ctx context.Context, refs []Ref, to status.State, with ...store.Change) error {
	var err error
	for range MaxTries {
		if err = b.trySet(ctx, refs, to, with); err == nil {
			b.Committed(refs)
			return nil
		}
		key, conflict := store.IsConflict(err)
		if !conflict || mentions(with, key) {
			break
		}
	}
	return undone(err, to, with)
}

// undone says what an error of Set means. That the commit may have been persisted all the same
// changes nothing: the caller was not promised it, and setting the state again is no error.
func undone(err error, to status.State, with []store.Change) error {
	key, conflict := store.IsConflict(err)
	switch code := reason.Of(err); {
	case conflict && mentions(with, key):
		return err
	case code == reason.RevokeIrreversible, code == reason.StatusIndex, code == reason.StatusValueUnknown, code == reason.ObjectUnknown:
		return err
	case to == status.Revoked:
		return reason.Wrap(reason.RevokeNotDurable, "", err)
	case conflict:
		return reason.Wrap(reason.StorageUnavailable, "the status list is contended", err)
	}
	return err
}

func (b *Book) trySet(ctx context.Context, refs []Ref, to status.State, with []store.Change) error {
	changes, err := b.Flip(ctx, refs, to)
	if err != nil {
		return err
	}
	if changes = append(changes, with...); len(changes) == 0 {
		return nil
	}
	return b.store.Commit(ctx, changes...)
}

func mentions(changes []store.Change, key string) bool {
	for i := range changes {
		if changes[i].Key == key {
			return true
		}
	}
	return false
}
