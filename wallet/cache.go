// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// cacheFile holds what may be had again from the network: which services and issuers a person deals
// with is nobody's business, so it is sealed like the rest.
const cacheFile = "cache.age"

// MaxCache is the number of bytes that a Cache holds.
const MaxCache = 15 << 20

// Cache is a store.Store in one sealed file of a vault: for the newest snapshot of the framework,
// and the marks by which an older one, or an older status list, is known. Each Commit replaces the
// file as a whole. It is safe for concurrent use, and for little data.
type Cache struct {
	vault *Vault
	now   func() time.Time

	mu      sync.Mutex
	records map[string]store.Entry
}

// Cache returns the cache of the vault, whose entries expire by the clock now. A file that is damaged
// is store.tampered: what was seen before is then not known any more, and its owner has to remove it.
func (v *Vault) Cache(now func() time.Time) (*Cache, error) {
	if now == nil {
		return nil, errors.New("wallet: a cache needs a clock")
	}
	c := &Cache{vault: v, now: now, records: map[string]store.Entry{}}
	plain, err := v.readPlain(cacheFile)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = c.read(plain)
	}
	if reason.Of(err) == reason.StoreTampered {
		err = reason.Wrap(reason.StoreTampered, cacheFile+" is damaged; remove it, and it is fetched anew", err)
	}
	return c, err
}

// Get implements store.Store.
func (c *Cache) Get(ctx context.Context, key string) (store.Entry, error) {
	if err := errors.Join(ctx.Err(), store.CheckKey(key)); err != nil {
		return store.Entry{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.live(c.records, key)
	if !ok {
		return store.Entry{}, store.ErrNotFound
	}
	return copied(e), nil
}

// Scan implements store.Store.
func (c *Cache) Scan(ctx context.Context, prefix string) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		if len(prefix) > store.MaxKey {
			yield(store.Entry{}, store.CheckKey(prefix))
			return
		}
		for _, e := range c.view(prefix) {
			if err := ctx.Err(); err != nil {
				yield(store.Entry{}, err)
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(store.Entry{}, err)
		}
	}
}

func (c *Cache) view(prefix string) []store.Entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []store.Entry
	for key := range c.records {
		if e, ok := c.live(c.records, key); ok && strings.HasPrefix(key, prefix) {
			out = append(out, copied(e))
		}
	}
	slices.SortFunc(out, func(a, b store.Entry) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// Commit implements store.Store.
func (c *Cache) Commit(ctx context.Context, changes ...store.Change) error {
	if err := errors.Join(ctx.Err(), store.CheckChanges(changes)); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	next := maps.Clone(c.records)
	maps.DeleteFunc(next, func(key string, _ store.Entry) bool { _, ok := c.live(c.records, key); return !ok })
	for _, change := range changes {
		if err := apply(next, change); err != nil {
			return err
		}
	}
	if len(changes) == 0 {
		return nil
	}
	plain := write(next)
	if len(plain) > MaxCache {
		return errors.Join(reason.New(reason.StorageFull, "the wallet's cache is full"), store.ErrFull)
	}
	if err := c.vault.writePlain(cacheFile, plain); err != nil {
		return reason.Wrap(reason.StorageUnavailable, "the wallet's cache cannot be written", err)
	}
	c.records = next
	return nil
}

func (c *Cache) live(records map[string]store.Entry, key string) (store.Entry, bool) {
	e, ok := records[key]
	return e, ok && (e.Expires.IsZero() || c.now().Before(e.Expires))
}

func apply(records map[string]store.Entry, change store.Change) error {
	e := change.Entry
	if records[e.Key].Version != e.Version {
		return &store.ConflictError{Key: e.Key}
	}
	if change.Delete {
		delete(records, e.Key)
		return nil
	}
	e.Version++
	records[e.Key] = copied(e)
	return nil
}

func copied(e store.Entry) store.Entry {
	e.Value = slices.Clone(e.Value)
	if !e.Expires.IsZero() {
		e.Expires = e.Expires.UTC()
	}
	return e
}

// write joins the records: key, value, version and expiry of each, lengths before what they measure.
func write(records map[string]store.Entry) []byte {
	var out []byte
	for _, key := range slices.Sorted(maps.Keys(records)) {
		e := records[key]
		out = append(binary.AppendUvarint(out, uint64(len(key))), key...)
		out = append(binary.AppendUvarint(out, uint64(len(e.Value))), e.Value...)
		out = binary.AppendUvarint(out, e.Version)
		expires := int64(0)
		if !e.Expires.IsZero() {
			expires = e.Expires.UnixNano()
		}
		out = binary.AppendVarint(out, expires)
	}
	return out
}

// read reads what write wrote.
func (c *Cache) read(plain []byte) error {
	r := reader{rest: plain}
	for len(r.rest) > 0 && !r.bad {
		e := store.Entry{Key: string(r.text()), Value: slices.Clone(r.text()), Version: r.uint()}
		if nano := r.int(); nano != 0 {
			e.Expires = time.Unix(0, nano).UTC()
		}
		c.records[e.Key] = e
	}
	if r.bad {
		return reason.New(reason.StoreTampered, "the cache is of another version")
	}
	return nil
}

// reader takes numbers and texts off the front of rest. Once bad, it gives nothing more.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) take(n int) {
	if n <= 0 {
		r.bad, r.rest = true, nil
		return
	}
	r.rest = r.rest[n:]
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.rest)
	r.take(n)
	return v
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.rest)
	r.take(n)
	return v
}

func (r *reader) text() []byte {
	n := r.uint()
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}
