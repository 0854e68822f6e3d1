// SPDX-License-Identifier: Apache-2.0

package did

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/behalf-id/behalf/reason"
)

// Bounds of a Cache (security.md §5.1).
const (
	MaxAge      = 300 * time.Second // how old a fetched document may be and still be used
	NegativeAge = 30 * time.Second  // how long a refusal is remembered
	DefaultSize = 4096              // documents of each of the two kinds that a Cache keeps apart
	MaxSize     = 1 << 20           // the largest Size
	MaxRefusals = 1024              // refusals that a Cache remembers

	maxAttempts  = 4           // how often one call waits for a fetch whose leader gives up
	maxClockBack = time.Second // how far behind the time of a fetch the clock may read
)

// CacheConfig says what a Cache keeps, and how long.
type CacheConfig struct {
	// Resolver finds what is not in the cache. It must not be nil.
	Resolver Resolver
	// Now tells the time. It must not be nil.
	Now func() time.Time
	// MaxAge bounds the age of a fetched document; 0 means the constant MaxAge, more is refused.
	MaxAge time.Duration
	// Size bounds the documents that are kept, those fetched and those computed each;
	// 0 means DefaultSize, more than the constant MaxSize is refused.
	Size int
}

// Cache is a Resolver that remembers. It never gives a document beyond its age bound: when that
// cannot be refreshed the answer is a refusal. Of any DID one fetch is in flight at a time.
// Documents that methods compute (did:key, did:jwk) and fetched ones have a room each, so that
// strangers' keys never drive out an issuer's document. It also remembers which methods a
// document had before, so that Document.Key tells key.revoked; this memory ends with the entry.
type Cache struct {
	cfg CacheConfig

	mu       sync.Mutex
	computed *lru
	fetched  *lru
	refusals *lru
	flights  map[DID]*flight
}

// flight is a resolution under way. err, document and given are set before done is closed.
type flight struct {
	done     chan struct{}
	document *Document
	err      error
	given    bool // the leader saw it to the end; else followers try for themselves
}

// NewCache returns a cache for cfg, or says what is wrong with cfg.
func NewCache(cfg CacheConfig) (*Cache, error) {
	switch {
	case cfg.Resolver == nil || cfg.Now == nil:
		return nil, errors.New("did: a cache needs a resolver and a clock")
	case cfg.MaxAge < 0 || cfg.MaxAge > MaxAge:
		return nil, errors.New("did: the age bound of a cache is 0 to " + MaxAge.String())
	case cfg.Size < 0 || cfg.Size > MaxSize:
		return nil, errors.New("did: the size of a cache is out of bounds")
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = MaxAge
	}
	if cfg.Size == 0 {
		cfg.Size = DefaultSize
	}
	return &Cache{
		cfg:      cfg,
		computed: newLRU(cfg.Size),
		fetched:  newLRU(cfg.Size),
		refusals: newLRU(MaxRefusals),
		flights:  map[DID]*flight{},
	}, nil
}

// Resolve implements Resolver with the age bound of the configuration.
func (c *Cache) Resolve(ctx context.Context, id DID) (*Document, error) {
	return c.ResolveWithin(ctx, id, c.cfg.MaxAge)
}

// ResolveWithin is Resolve for one who needs a document no older than maxAge, such as 60 s where
// the risk is high; it can only lower the bound of the configuration. What cannot be had
// that fresh is refused, and so is every fetched document if maxAge is not positive.
func (c *Cache) ResolveWithin(ctx context.Context, id DID, maxAge time.Duration) (*Document, error) {
	if id.IsZero() {
		return nil, reason.New(reason.DIDSyntax, "there is no DID to resolve")
	}
	maxAge = min(maxAge, c.cfg.MaxAge)
	for range maxAttempts {
		c.mu.Lock()
		if d, err, ok := c.lookup(id, maxAge); ok {
			c.mu.Unlock()
			return d, err
		}
		f, led := c.flights[id]
		if !led {
			f = &flight{done: make(chan struct{})}
			c.flights[id] = f
		}
		c.mu.Unlock()
		if !led {
			c.lead(ctx, id, f)
			return c.answer(f, maxAge)
		}
		if err := f.wait(ctx); err != nil {
			return nil, err
		}
		if f.given {
			return c.answer(f, maxAge)
		}
	}
	return nil, reason.New(reason.InternalIndeterminate, "others gave up the resolution that this one waited for")
}

// lookup answers from what is kept. The caller holds c.mu.
func (c *Cache) lookup(id DID, maxAge time.Duration) (*Document, error, bool) {
	if e := c.computed.get(id); e != nil {
		return e.document, nil, true
	}
	now := c.cfg.Now()
	if e := c.fetched.get(id); e != nil && fresh(now, e.document.Fetched, maxAge) {
		return e.document, nil, true
	}
	if e := c.refusals.get(id); e != nil && fresh(now, e.at, NegativeAge) {
		return nil, e.err, true
	}
	return nil, nil, false
}

// lead resolves id for f and all who wait for it.
func (c *Cache) lead(ctx context.Context, id DID, f *flight) {
	defer c.land(ctx, id, f)
	f.err = reason.New(reason.InternalIndeterminate, "the resolver did not return") // stands if it panics
	d, err := c.cfg.Resolver.Resolve(ctx, id)
	if err == nil && (d == nil || d.ID != id) {
		err = reason.New(reason.DIDDocumentMismatch, "the resolver gave another DID's document")
	}
	if err != nil {
		d = nil
	}
	f.document, f.err = d, err
}

// land keeps what f found and wakes those who wait. What a leader whose own time was up found
// is no answer for them.
func (c *Cache) land(ctx context.Context, id DID, f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.given = f.err == nil || ctx.Err() == nil
	if f.given {
		f.document = c.keep(id, f.document, f.err)
	}
	delete(c.flights, id)
	close(f.done)
}

// keep puts an answer in its place and returns the document as it is kept. The caller holds c.mu.
func (c *Cache) keep(id DID, d *Document, err error) *Document {
	if err != nil {
		c.refusals.put(&entry{id: id, err: err, at: c.cfg.Now()})
		return nil
	}
	c.refusals.remove(id)
	if d.Fetched.IsZero() {
		c.computed.put(&entry{id: id, document: d})
		return d
	}
	if old := c.fetched.get(id); old != nil {
		d = d.after(old.document)
	}
	c.fetched.put(&entry{id: id, document: d})
	return d
}

// answer returns what f found to one who needs it no older than maxAge.
func (c *Cache) answer(f *flight, maxAge time.Duration) (*Document, error) {
	if f.err != nil {
		return nil, f.err
	}
	if at := f.document.Fetched; !at.IsZero() && !fresh(c.cfg.Now(), at, maxAge) {
		return nil, reason.New(reason.InternalIndeterminate, "the resolver gave a document that is too old")
	}
	return f.document, nil
}

func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fresh reports whether what was had at the time at is younger than bound. A clock that was put
// back makes things old, not young.
func fresh(now, at time.Time, bound time.Duration) bool {
	age := now.Sub(at)
	return age < bound && age >= -maxClockBack
}
