// SPDX-License-Identifier: Apache-2.0

// Package audit is the append-only, tamper-evident record of decisions and issuances.
//
// The log lives in the store of its role, so that a leaf and the changes that it testifies to are
// durable in one commit: what was released is in the log, and the log may hold more, never fewer
// (INV-4). Each leaf holds the hash of the one before. An edited, deleted, inserted or reordered
// leaf is found by Verify, as is a cut tail, by the head record. Who can rewrite the whole store
// can rewrite the whole log: only heads that were kept elsewhere show that.
package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Bounds of a log.
const (
	DefaultTimeout = time.Second      // how long an Append may take if Config.Timeout is 0
	MaxTimeout     = 10 * time.Second // the ceiling of Config.Timeout
	MaxStepBack    = time.Minute      // how far the clock may lie behind the last leaf
	MaxQueue       = 1024             // appends that wait for the writer
	MaxBatch       = 256              // appends that share one commit
	MaxWith        = 1024             // changes that go with one leaf
	MaxPrefix      = 64               // bytes in Config.Prefix
	MaxPage        = 10_000           // leaves in one walk of Leaves
	CheckedAtOpen  = 64               // leaves that Open verifies, the last ones
)

// Config says where a log lives. Every part is required but Timeout.
type Config struct {
	Store  store.Store
	Now    func() time.Time
	Rand   io.Reader // salts of leaves; cryptographically random
	Prefix string    // of all keys of the log, with a slash at its end: "audit/"
	// Timeout is how long an Append may take before the decision is withheld with
	// audit.unavailable. 0 is DefaultTimeout; at most MaxTimeout.
	Timeout time.Duration
}

// Receipt names a leaf that is durable. Seq counts from 1 without gaps; both are final.
type Receipt struct {
	Seq  uint64
	Hash string
}

// Log appends leaves. One Log at a time writes to one prefix: a second one makes the first or
// itself refuse, and the chain stays whole. It is safe for concurrent use. Make one with Open.
type Log struct {
	cfg     Config
	queue   chan *entry
	stop    chan struct{} // closed by Close
	stopped chan struct{} // closed when the writer has ended
	closing sync.Once
	writer  writer
	batches atomic.Uint64 // commits that the writer began
}

// Open reads the head of the log and verifies its last leaves.
//
// Errors: audit.inconsistent if head and leaves do not match, audit.unavailable if the store
// cannot be read.
func Open(ctx context.Context, cfg Config) (*Log, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultTimeout
	}
	h, err := openHead(ctx, cfg)
	if err != nil {
		return nil, err
	}
	l := &Log{
		cfg: cfg, writer: writer{cfg: cfg, head: h, certain: true},
		queue: make(chan *entry, MaxQueue), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	go l.run()
	return l, nil
}

// Append writes a leaf that testifies to e, together with the changes that go with it, and
// returns when all of it is durable in one commit. Nothing of it is kept without the rest.
// Appends that arrive at once share a commit; each gets its own result.
//
// Errors: *store.ConflictError if one of with does not fit what is stored (no leaf is written);
// else audit.unavailable: e or with break a bound, the clock lies more than MaxStepBack behind
// the last leaf, the store failed, another writer is at work, or there was no answer in time.
// Unless the detail says that nothing was done, leaf and changes may then be there all the same:
// the caller releases nothing, and reads back before it tries again.
func (l *Log) Append(ctx context.Context, e Event, with ...store.Change) (Receipt, error) {
	draft, err := e.draft()
	if err != nil {
		return Receipt{}, unavailable("the event is refused; nothing was done", err)
	}
	if err := l.cfg.checkWith(with); err != nil {
		return Receipt{}, unavailable("a change is refused; nothing was done", err)
	}
	return l.submit(ctx, newEntry(draft, with))
}

// Leaves yields at most max leaves (and never more than MaxPage) from the given sequence number
// on, in order. Each was checked against its own hash and the one before it in the walk. It stops
// at the first error: audit.inconsistent names the leaf, audit.unavailable is the store's.
func (l *Log) Leaves(ctx context.Context, from uint64, max int) iter.Seq2[Leaf, error] {
	return func(yield func(Leaf, error) bool) {
		prev, first := "", true
		for seq := from; seq-from < uint64(min(max, MaxPage)); seq++ {
			leaf, ok, err := readLeaf(ctx, l.cfg, seq)
			if err == nil && ok && !first && leaf.Prev != prev {
				err = inconsistent(seq, "it does not follow the one before")
			}
			if err != nil {
				yield(Leaf{}, err)
				return
			}
			if !ok || !yield(leaf, nil) {
				return
			}
			prev, first = leaf.Hash, false
		}
	}
}

// Close refuses what has not begun, waits for what has, and ends the writer. It does not close
// the store. Closing again does nothing.
func (l *Log) Close() error {
	l.closing.Do(func() { close(l.stop) })
	<-l.stopped
	return nil
}

func (c Config) check() error {
	switch {
	case c.Store == nil || c.Now == nil || c.Rand == nil:
		return errors.New("audit: Config.Store, Now and Rand are required")
	case len(c.Prefix) < 2 || len(c.Prefix) > MaxPrefix || !strings.HasSuffix(c.Prefix, "/"):
		return fmt.Errorf("audit: Config.Prefix has at most %d bytes and ends with a slash", MaxPrefix)
	case c.Timeout < 0 || c.Timeout > MaxTimeout:
		return fmt.Errorf("audit: Config.Timeout is %v, want 0 to %v", c.Timeout, MaxTimeout)
	}
	return nil
}

// checkWith refuses changes that the store would refuse, as they would make it refuse the leaves
// of others too, and changes of the log itself.
func (c Config) checkWith(with []store.Change) error {
	if len(with) > MaxWith {
		return fmt.Errorf("%d changes, at most %d", len(with), MaxWith)
	}
	for i := range with {
		if strings.HasPrefix(with[i].Key, c.Prefix) {
			return errors.New("a change of the log itself")
		}
	}
	return store.CheckChanges(with)
}

func unavailable(detail string, cause error) error {
	return reason.Wrap(reason.AuditUnavailable, detail, cause)
}

func inconsistent(seq uint64, what string) error {
	return reason.New(reason.AuditInconsistent, fmt.Sprintf("leaf %d: %s", seq, what))
}
