// SPDX-License-Identifier: Apache-2.0

package didwebvh

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Bounds on what a Resolver remembers, so that a log that has grown costs its new lines alone.
const (
	maxRemembered = 256    // logs
	maxVersions   = 65_536 // versions of all of them together
)

// memory keeps what is known of the logs that were used last.
type memory struct {
	mu       sync.Mutex
	order    []string // SCIDs, used last at the end
	chains   map[string]chain
	versions int
}

func newMemory() *memory { return &memory{chains: map[string]chain{}} }

// get returns what is known of the log of scid, or the zero chain.
func (m *memory) get(scid string) chain {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.chains[scid]
	if ok {
		m.order = append(slices.DeleteFunc(m.order, func(s string) bool { return s == scid }), scid)
	}
	return c
}

// put keeps c and forgets what was used longest ago if there is no room. It shares the versions of c.
func (m *memory) put(scid string, c chain) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(scid)
	for len(m.order) > 0 && (len(m.order) >= maxRemembered || m.versions+len(c.versions) > maxVersions) {
		m.drop(m.order[0])
	}
	m.order = append(m.order, scid)
	m.chains[scid] = c
	m.versions += len(c.versions)
}

func (m *memory) drop(scid string) {
	c, ok := m.chains[scid]
	if !ok {
		return
	}
	m.versions -= len(c.versions)
	delete(m.chains, scid)
	m.order = slices.DeleteFunc(m.order, func(s string) bool { return s == scid })
}

// seen is the last version of a log that verified, as the store has it.
type seen struct {
	Number    int    `json:"number"`
	VersionID string `json:"versionId"`
}

// maxTries is how often remember reads anew when another process was faster.
const maxTries = 4

// remember compares l with the last version that was seen of its log, and keeps it if it is the
// later one and verifies to its end. A log that is shorter than what was seen, or has another version
// in its place, is webvh.rollback.
func (r *Resolver) remember(ctx context.Context, scid string, l *loaded) error {
	for range maxTries {
		entry, last, err := r.seen(ctx, scid)
		if err != nil {
			return err
		}
		versions := l.chain.versions
		switch {
		case last.Number > len(versions) && l.refused != nil:
			return nil // its end does not verify: nobody gets it as the latest
		case last.Number > len(versions), last.Number > 0 && versions[last.Number-1].id != last.VersionID:
			return reason.New(reason.WebVHRollback, "the log is older than one that was seen, or another")
		case l.refused != nil:
			return nil
		}
		l.chain.witnessed = len(versions)
		r.memory.put(scid, l.chain)
		if last.Number == len(versions) {
			return nil
		}
		if entry.Value, err = strictjson.Marshal(seen{len(versions), versions[len(versions)-1].id}); err != nil {
			return err
		}
		err = r.cfg.Seen.Commit(ctx, store.Change{Entry: entry})
		if _, conflict := store.IsConflict(err); !conflict {
			return err
		}
	}
	return reason.New(reason.StorageUnavailable, "the last version that was seen keeps changing")
}

// seen returns the entry of the store for scid, new if there is none.
func (r *Resolver) seen(ctx context.Context, scid string) (store.Entry, seen, error) {
	key := "webvh/" + scid
	entry, err := r.cfg.Seen.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return store.Entry{Key: key}, seen{}, nil
	}
	var last seen
	if err == nil {
		err = strictjson.UnmarshalClosed(entry.Value, &last)
	}
	return entry, last, err
}
