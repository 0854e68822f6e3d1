// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/behalf-id/behalf/store"
)

// Report says what a verified log holds.
type Report struct {
	Leaves uint64
	Head   string    // hash of the last leaf; keep it elsewhere to notice a log that was rewritten whole
	Last   time.Time // time of the last leaf; zero in an empty log
}

// Verify walks the whole chain below prefix in one view of the store, while a Log may append.
//
// Errors: audit.inconsistent, whose detail names the first leaf that is edited, missing, inserted
// or out of order, or that lies beyond the head (0 is the head record itself); audit.unavailable
// if the store cannot be read.
func Verify(ctx context.Context, s store.Store, prefix string) (Report, error) {
	var (
		c chain
		h head
	)
	for e, err := range s.Scan(ctx, prefix) {
		if err != nil {
			return Report{}, unavailable("the store could not be read", err)
		}
		switch e.Key { // the order of keys: the head, the leaves, the key of tags
		case headKey(prefix):
			var ok bool
			if h, ok = parseHead(e.Value, e.Version); !ok {
				return Report{}, inconsistent(0, "the head record is damaged")
			}
			continue
		case tagKeyKey(prefix):
			continue
		}
		if err := c.read(e, prefix); err != nil {
			return Report{}, err
		}
	}
	if err := c.end(h); err != nil {
		return Report{}, err
	}
	report := Report{Leaves: c.seq, Head: c.hash}
	if c.seq > 0 {
		report.Last = time.Unix(c.time, 0).UTC()
	}
	return report, nil
}

// chain is a walk along the leaves: what the last one was.
type chain struct {
	seq  uint64
	hash string
	time int64
}

// read adds the leaf that is stored in e.
func (c *chain) read(e store.Entry, prefix string) error {
	next := c.seq + 1
	if e.Key > leafKey(prefix, next) {
		return inconsistent(next, "it is missing")
	}
	leaf, err := parseLeaf(e.Value)
	if e.Key != leafKey(prefix, next) || err != nil || leaf.Seq != next {
		return inconsistent(next, "it is not as it was written")
	}
	return c.add(leaf)
}

// add goes on to the next leaf.
func (c *chain) add(l Leaf) error {
	switch {
	case l.Seq != c.seq+1 || l.Prev != c.hash:
		return inconsistent(c.seq+1, "it does not follow the one before")
	case c.seq > 0 && l.Time.Unix() < c.time:
		return inconsistent(l.Seq, "its time lies before the one before")
	}
	*c = chain{seq: l.Seq, hash: l.Hash, time: l.Time.Unix()}
	return nil
}

// end checks that the walk ended where the head says that the log does.
func (c *chain) end(h head) error {
	switch {
	case c.seq < h.Seq:
		return inconsistent(c.seq+1, "it is missing")
	case c.seq > h.Seq:
		return inconsistent(h.Seq+1, "it lies beyond the head")
	case c.hash != h.Hash || c.time != h.Time:
		return inconsistent(c.seq, fmt.Sprintf("the head record of leaf %d is another one's", h.Seq))
	}
	return nil
}
