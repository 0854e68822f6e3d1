// SPDX-License-Identifier: Apache-2.0

package did

import (
	"container/list"
	"time"
)

// lru keeps the entries that were used last. It is not safe for concurrent use.
type lru struct {
	size  int
	order *list.List // of *entry, used last first
	byID  map[DID]*list.Element
}

// entry is what a Cache knows of one DID: a document, or a refusal and its time.
type entry struct {
	id       DID
	document *Document
	err      error
	at       time.Time
}

func newLRU(size int) *lru {
	return &lru{size: size, order: list.New(), byID: map[DID]*list.Element{}}
}

// get returns the entry of id, which is then the one used last, or nil.
func (l *lru) get(id DID) *entry {
	e := l.byID[id]
	if e == nil {
		return nil
	}
	l.order.MoveToFront(e)
	return e.Value.(*entry)
}

// put keeps e in place of what was kept for its DID, and lets go of the entry used longest ago
// if there is no room.
func (l *lru) put(e *entry) {
	l.remove(e.id)
	if l.order.Len() >= l.size {
		l.remove(l.order.Back().Value.(*entry).id)
	}
	l.byID[e.id] = l.order.PushFront(e)
}

func (l *lru) remove(id DID) {
	if e := l.byID[id]; e != nil {
		l.order.Remove(e)
		delete(l.byID, id)
	}
}
