// SPDX-License-Identifier: Apache-2.0

// Package warm remembers issuer signatures that were verified, never a verdict
// (performance.md §4.2).
package warm

import (
	"container/list"
	"sync"
)

// DefaultBytes is the size of a Cache that was made with 0.
const DefaultBytes = 64 << 20

const (
	shards   = 16  // each with its own lock
	overhead = 256 // bytes that an entry costs beside its content
)

// Key is the SHA-256 of the exact bytes that an issuer signed, signature included.
type Key = [32]byte

// Cache holds what was read from issuer-signed bytes, bounded in bytes. Put is called after
// verification alone, so that garbage evicts nothing. It is safe for concurrent use.
type Cache[V any] struct {
	shards [shards]shard[V]
}

type shard[V any] struct {
	mu    sync.Mutex
	items map[Key]*list.Element
	order *list.List // most recently used first
	used  int
	most  int
}

type entry[V any] struct {
	key   Key
	value V
	cost  int
}

// New returns a Cache of at most most bytes; 0 means DefaultBytes.
func New[V any](most int) *Cache[V] {
	if most == 0 {
		most = DefaultBytes
	}
	c := new(Cache[V])
	for i := range c.shards {
		c.shards[i] = shard[V]{items: make(map[Key]*list.Element), order: list.New(), most: most / shards}
	}
	return c
}

// Get returns what was put under k.
func (c *Cache[V]) Get(k Key) (v V, ok bool) {
	s := &c.shards[k[0]%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.items[k]
	if !ok {
		return v, false
	}
	s.order.MoveToFront(e)
	return e.Value.(*entry[V]).value, true
}

// Put remembers v, of about cost bytes, under k, and forgets what was used longest ago to make
// room. What is larger than a shard is not remembered.
func (c *Cache[V]) Put(k Key, v V, cost int) {
	s := &c.shards[k[0]%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(s.items[k])
	cost += overhead
	if cost > s.most {
		return
	}
	for s.used+cost > s.most {
		s.drop(s.order.Back())
	}
	s.items[k] = s.order.PushFront(&entry[V]{k, v, cost})
	s.used += cost
}

// Used returns the bytes that the entries are taken to cost.
func (c *Cache[V]) Used() (n int) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		n += s.used
		s.mu.Unlock()
	}
	return n
}

func (s *shard[V]) drop(e *list.Element) {
	if e == nil {
		return
	}
	gone := s.order.Remove(e).(*entry[V])
	delete(s.items, gone.key)
	s.used -= gone.cost
}
