// SPDX-License-Identifier: Apache-2.0

// Package file keeps the signing keys of a server in a folder, sealed under a passphrase.
//
// The folder holds ring.sealed, which says what keys there are and when each signs, and one
// key-ID.sealed per key. ring.sealed is replaced in one step and alone decides: a key file that
// it does not name is a leftover of a crash.
package file

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Bounds of a ring.
const (
	MaxKeys = 64 // keys in one ring; Prune makes room
	MaxID   = 64 // bytes of an id
)

// Key is what is known of one key of a ring. Times are in UTC, to the second.
type Key struct {
	ID        string
	Public    key.Public // its Algorithm is the key's
	Created   time.Time  // from then on it is published
	Activates time.Time  // from then on it may sign
	Retires   time.Time  // from then on it neither signs nor is published; zero: no end is set
}

// Published reports whether verifiers are shown k at now: Created ≤ now < Retires. That it is
// longer than k signs, at both ends, is the overlap of a rotation.
func (k Key) Published(now time.Time) bool {
	return !now.Before(k.Created) && (k.Retires.IsZero() || now.Before(k.Retires))
}

// MaySign reports whether k is published and active at now.
func (k Key) MaySign(now time.Time) bool {
	return k.Published(now) && !now.Before(k.Activates)
}

// Ring is the keys of one folder. It is safe for concurrent use, by several processes too: each
// change is made under the folder's lock to what is then on disk. The zero Ring has no keys and
// takes none.
type Ring struct {
	dir    string
	random io.Reader
	seal   *sealed.Key
	change sync.Mutex
	state  atomic.Pointer[state]
}

// state is one reading of the folder; it is never changed.
type state struct {
	keys    []Key
	private map[string]*key.Private
}

// Open opens the ring in the folder dir, or makes folder and ring if there is neither. It derives
// the sealing key once, which takes about 0.1 s. random feeds new keys and signatures.
//
// A wrong passphrase is sealed.ErrPassphrase; a folder that others can look into is
// store.permissions; a file that is missing, damaged, or not the one that was sealed is
// store.tampered.
func Open(ctx context.Context, dir string, passphrase []byte, random io.Reader) (*Ring, error) {
	if random == nil {
		return nil, errors.New("key file: there is no source of randomness")
	}
	r := &Ring{dir: dir, random: random}
	if err := r.open(ctx, passphrase); err != nil {
		return nil, wrap("open the key folder", err)
	}
	return r, nil
}

// Generate makes a key for alg that signs from activates on, and returns once it is durable. now
// is its time of creation; activates must not be before it. The id names the key in the folder
// and to verifiers: 1 to MaxID of A-Z a-z 0-9 _ -, else jose.kid_invalid; one that is taken is
// key.ambiguous. A ring that is full is limit.members.
func (r *Ring) Generate(ctx context.Context, alg key.Algorithm, id string, now, activates time.Time) error {
	return r.update(ctx, "make a key", func(s *state) (*state, error) {
		return s.with(alg, r.random, func(*key.Private) string { return id }, now, activates)
	})
}

// Rotate makes a key for alg that is published from now and signs from at on, and lets the keys
// of alg before it be published until at plus overlap, unless they retire earlier. It returns the
// new key's id, a part of its thumbprint. Choose at - now no shorter than verifiers keep a key
// document, and overlap no shorter than what the old keys signed is valid.
func (r *Ring) Rotate(ctx context.Context, alg key.Algorithm, now, at time.Time, overlap time.Duration) (id string, err error) {
	if overlap < 0 {
		return "", errors.New("key file: an overlap is not negative")
	}
	err = r.update(ctx, "rotate keys", func(s *state) (*state, error) {
		next, err := s.with(alg, r.random, named, now, at)
		if err != nil {
			return nil, err
		}
		last := len(next.keys) - 1
		for i, k := range next.keys[:last] {
			if end := second(at.Add(overlap)); k.Public.Algorithm() == alg && (k.Retires.IsZero() || end.Before(k.Retires)) {
				next.keys[i].Retires = end
			}
		}
		id = next.keys[last].ID
		return next, nil
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// Retire ends the life of the key called id at the time at, for good: an end that is set can be
// brought forward, never put off. An unknown id is object.unknown.
func (r *Ring) Retire(ctx context.Context, id string, at time.Time) error {
	return r.update(ctx, "retire a key", func(s *state) (*state, error) {
		next := s.clone()
		i := slices.IndexFunc(next.keys, func(k Key) bool { return k.ID == id })
		if i < 0 {
			return nil, reason.New(reason.ObjectUnknown, "no such key")
		}
		if k := &next.keys[i]; k.Retires.IsZero() || at.Before(k.Retires) {
			k.Retires = second(at)
		}
		return next, nil
	})
}

// Prune forgets the keys that are retired at now and removes their files.
func (r *Ring) Prune(ctx context.Context, now time.Time) error {
	return r.update(ctx, "prune keys", func(s *state) (*state, error) {
		next := s.clone()
		next.keys = slices.DeleteFunc(next.keys, func(k Key) bool { return !k.Retires.IsZero() && !now.Before(k.Retires) })
		return next, nil
	})
}

// Reload reads the folder again, which another process may have changed.
func (r *Ring) Reload() error {
	r.change.Lock()
	defer r.change.Unlock()
	return wrap("read the key folder", r.load())
}

// Active returns the key that signs with alg at now: of those that may, the one that was
// activated last. Where there is none it is key.outside_validity.
func (r *Ring) Active(alg key.Algorithm, now time.Time) (key.Signer, string, error) {
	s := r.now()
	best := -1
	for i, k := range s.keys {
		if k.Public.Algorithm() == alg && k.MaySign(now) && (best < 0 || !k.Activates.Before(s.keys[best].Activates)) {
			best = i
		}
	}
	if best < 0 {
		return nil, "", reason.New(reason.KeyOutsideValidity, "no key of this algorithm is active")
	}
	id := s.keys[best].ID
	return s.private[id], id, nil
}

// Keys returns all keys, in the order in which they were made.
func (r *Ring) Keys() []Key { return slices.Clone(r.now().keys) }

// now returns the last reading, which is empty for the zero Ring.
func (r *Ring) now() *state {
	if s := r.state.Load(); s != nil {
		return s
	}
	return &state{}
}

func (s *state) clone() *state {
	private := make(map[string]*key.Private, len(s.private))
	for id, k := range s.private {
		private[id] = k
	}
	return &state{keys: slices.Clone(s.keys), private: private}
}

// with returns s with one more key, its last.
func (s *state) with(alg key.Algorithm, random io.Reader, name func(*key.Private) string, now, activates time.Time) (*state, error) {
	if now.IsZero() || activates.Before(now) {
		return nil, errors.New("a key signs no earlier than it is published")
	}
	if len(s.keys) >= MaxKeys {
		return nil, reason.New(reason.LimitMembers, "the ring is full")
	}
	k, err := key.Generate(alg, random)
	if err != nil {
		return nil, err
	}
	id := name(k)
	if !fit(id) {
		return nil, reason.New(reason.JOSEKidInvalid, "an id is 1 to 64 of A-Z a-z 0-9 _ -")
	}
	if s.private[id] != nil {
		return nil, reason.New(reason.KeyAmbiguous, "the id is taken")
	}
	next := s.clone()
	next.keys = append(next.keys, Key{ID: id, Public: k.Public(), Created: second(now), Activates: second(activates)})
	next.private[id] = k
	return next, nil
}

// named is the id of a key that got none.
func named(k *key.Private) string { return k.Public().Thumbprint()[:16] }

func fit(id string) bool {
	for i := range len(id) {
		c := id[i]
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return len(id) > 0 && len(id) <= MaxID
}

func second(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
