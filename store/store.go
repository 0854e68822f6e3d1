// SPDX-License-Identifier: Apache-2.0

// Package store is the persistence contract: what Commit acknowledged survives kill -9 and power loss.
//
// A driver proves that it keeps the contract with storetest.Run. A refusal of a driver carries a
// reason: storage.unavailable (it failed, was closed, or did not answer in time), storage.full
// (together with ErrFull) or storage.corrupt (a record fails its checksum).
package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Bounds of the contract. A driver refuses what is larger with an error; CheckKey and
// CheckChanges do it for all drivers alike.
const (
	MaxKey     = 512     // bytes in a key; a key has at least one
	MaxValue   = 4 << 20 // bytes in a value
	MaxChanges = 4096    // changes in one Commit
)

// ErrNotFound is returned by Get for a key that is absent or expired.
var ErrNotFound = errors.New("store: not found")

// ErrFull says that there is no space: the commit left no trace and reads go on.
var ErrFull = errors.New("store: no space left")

// Entry is one record. Version is 0 for a record that is absent and rises by one with each
// change of a key that lives; a key that was deleted starts again at 1.
// The zero Expires means never; an entry has expired when now is not before Expires, and is
// then as good as absent, for Commit too. Expires is read back as the same instant, in UTC.
type Entry struct {
	Key     string
	Value   []byte
	Version uint64
	Expires time.Time
}

// Change is one step of a Commit. It applies only if the stored version is Entry.Version
// (0: absent). Delete removes the entry; its Value and Expires are then ignored. Deleting
// version 0 changes nothing and asserts that the key is absent.
type Change struct {
	Entry
	Delete bool
}

// Store is linearizable. It is safe for concurrent use.
type Store interface {
	// Get returns the entry of key, or ErrNotFound. The caller owns the value. Any error
	// but ErrNotFound means that it is not known whether there is such an entry.
	Get(ctx context.Context, key string) (Entry, error)
	// Scan yields the live entries whose keys begin with prefix, in ascending order of key,
	// out of one consistent view, and "" is the prefix of every key. It stops at the first
	// error, which it yields. The caller owns the values, and may use the store in its loop.
	Scan(ctx context.Context, prefix string) iter.Seq2[Entry, error]
	// Commit applies all changes or none, and returns only when they are durable.
	// A version that does not fit is a *ConflictError; any other error may have been
	// persisted all the same, so the caller reads back before it acts on it; ErrFull and
	// an error of CheckChanges alone say that nothing was.
	// A context that is done before the driver began leaves no trace either.
	// Naming one key twice in one Commit is an error. Values are copied before it returns.
	Commit(ctx context.Context, changes ...Change) error
}

// ConflictError names the first key whose stored version was not the expected one.
type ConflictError struct{ Key string }

// Error says which key was in conflict.
func (e *ConflictError) Error() string { return fmt.Sprintf("store: conflict on %q", e.Key) }

// IsConflict reports whether err is a conflict, and on which key.
func IsConflict(err error) (key string, ok bool) {
	c, ok := errors.AsType[*ConflictError](err)
	if !ok {
		return "", false
	}
	return c.Key, true
}
