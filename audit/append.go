// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"context"
	"runtime"
	"sync/atomic"

	"github.com/behalf-id/behalf/store"
)

// The states of an entry: who gives up first withdraws it, unless the writer took it.
const (
	waiting = iota
	taken
	withdrawn
)

// entry is one Append on its way through the writer.
type entry struct {
	leaf  Leaf
	with  []store.Change
	state atomic.Int32
	done  chan result // gets one
}

type result struct {
	receipt Receipt
	err     error
}

// newEntry copies the values, as the caller may be gone before they are written.
func newEntry(leaf Leaf, with []store.Change) *entry {
	e := &entry{leaf: leaf, with: append([]store.Change(nil), with...), done: make(chan result, 1)}
	for i := range e.with {
		e.with[i].Value = bytes.Clone(e.with[i].Value)
	}
	return e
}

// submit hands e to the writer and waits for its result, within the timeout.
func (l *Log) submit(ctx context.Context, e *entry) (Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	if ctx.Err() != nil {
		return Receipt{}, gaveUp(ctx, "nothing was done")
	}
	select {
	case <-l.stop:
		return Receipt{}, errClosed()
	default:
	}
	select {
	case l.queue <- e:
	case <-ctx.Done():
		return Receipt{}, gaveUp(ctx, "nothing was done")
	case <-l.stop:
		return Receipt{}, errClosed()
	}
	select {
	case r := <-e.done:
		return r.receipt, r.err
	case <-ctx.Done():
		if e.state.CompareAndSwap(waiting, withdrawn) {
			return Receipt{}, gaveUp(ctx, "nothing was done")
		}
		return Receipt{}, gaveUp(ctx, "the result is unknown")
	case <-l.stopped:
	}
	select {
	case r := <-e.done:
		return r.receipt, r.err
	default:
		return Receipt{}, errClosed()
	}
}

func gaveUp(ctx context.Context, outcome string) error {
	return unavailable("no answer in time; "+outcome, context.Cause(ctx))
}

func errClosed() error { return unavailable("the log is closed; nothing was done", nil) }

// run is the one goroutine that writes. It ends after Close, when the batch in hand is done.
func (l *Log) run() {
	defer close(l.stopped)
	var carry []*entry // wait for the batch after, as they change what one in this batch changes
	for {
		if len(carry) == 0 {
			select {
			case e := <-l.queue:
				carry = append(carry, e)
			case <-l.stop:
				return
			}
		}
		select {
		case <-l.stop:
			return
		default:
		}
		var batch []*entry
		batch, carry = l.collect(carry)
		l.batches.Add(1)
		l.writer.commit(batch)
	}
}

// collect returns those who wait and can share one commit, and those who cannot. It waits for
// nobody: while this batch is written the next one gathers.
func (l *Log) collect(first []*entry) (batch, carry []*entry) {
	runtime.Gosched() // lets those whom the last batch released come back and join this one
	g := gathering{keys: make(map[string]struct{})}
	for _, e := range first {
		g.add(e)
	}
	for len(g.batch) < MaxBatch && len(g.carry) < MaxBatch {
		select {
		case e := <-l.queue:
			g.add(e)
		default:
			return g.batch, g.carry
		}
	}
	return g.batch, g.carry
}

// gathering is a batch in the making.
type gathering struct {
	batch, carry []*entry
	keys         map[string]struct{} // that the batch changes
	changes      int
}

// add takes e into the batch, unless it was withdrawn, or puts it off to the next one.
func (g *gathering) add(e *entry) {
	if !g.fits(e) {
		g.carry = append(g.carry, e)
		return
	}
	if !e.state.CompareAndSwap(waiting, taken) {
		return
	}
	g.batch = append(g.batch, e)
	g.changes += len(e.with) + 1
	for i := range e.with {
		g.keys[e.with[i].Key] = struct{}{}
	}
}

// fits reports whether e can share the commit: one commit cannot name a key twice, and has room
// for so many changes, the head among them.
func (g *gathering) fits(e *entry) bool {
	if len(g.batch) == MaxBatch || g.changes+len(e.with)+1 > store.MaxChanges-1 {
		return false
	}
	for i := range e.with {
		if _, named := g.keys[e.with[i].Key]; named {
			return false
		}
	}
	return true
}
