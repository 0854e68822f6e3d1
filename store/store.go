// SPDX-License-Identifier: Apache-2.0

// Package store is the persistence contract: what Commit acknowledged survives kill -9 and power loss.
package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Bounds of the contract. A driver refuses what is larger with an error.
const (
	MaxKey     = 512     // bytes in a key
	MaxValue   = 4 << 20 // bytes in a value
	MaxChanges = 4096    // changes in one Commit
)

// ErrNotFound is returned by Get for a key that is absent or expired.
var ErrNotFound = errors.New("store: not found")

// ErrFull says that there is no space: the commit left no trace and reads go on.
var ErrFull = errors.New("store: no space left")

// Entry is one record. Version is 0 for a record that is absent and rises by one with each
// change of a key that lives; a key that was deleted starts again at 1.
// The zero Expires means never; an expired entry is as good as absent, for Commit too.
type Entry struct {
	Key     string
	Value   []byte
	Version uint64
	Expires time.Time
}

// Change is one step of a Commit. It applies only if the stored version is Entry.Version
// (0: absent). Delete removes the entry; its Value and Expires are then ignored.
type Change struct {
	Entry
	Delete bool
}

// Store is linearizable. It is safe for concurrent use.
type Store interface {
	// Get returns the entry of key, or ErrNotFound. The caller owns the value.
	Get(ctx context.Context, key string) (Entry, error)
	// Scan yields the live entries whose keys begin with prefix, in ascending order of key,
	// out of one consistent view. It stops at the first error, which it yields.
	Scan(ctx context.Context, prefix string) iter.Seq2[Entry, error]
	// Commit applies all changes or none, and returns only when they are durable.
	// A version that does not fit is a *ConflictError; any other error may have been
	// persisted all the same, so the caller reads back before it acts on it.
	// Naming one key twice in one Commit is an error.
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
