// SPDX-License-Identifier: Apache-2.0

package client

import (
	"bytes"
	"context"
	"errors"

	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/trustframework"
)

// StoreKey is the one key that a client writes.
const StoreKey = "trustframework/snapshot"

// seen is what the store remembers: the mark, the signed bytes, and the record's version.
type seen struct {
	mark    trustframework.Mark
	raw     []byte
	version uint64
}

// load returns what the store remembers, which is the zero seen if that is nothing.
func (c *Client) load(ctx context.Context) (seen, error) {
	e, err := c.cfg.Store.Get(ctx, StoreKey)
	if errors.Is(err, store.ErrNotFound) {
		return seen{}, nil
	}
	if err != nil {
		return seen{}, err
	}
	mark, raw, err := trustframework.Recall(e.Value)
	return seen{mark, raw, e.Version}, err
}

// adopt puts a remembered snapshot in force if it still verifies and may follow what is.
func (c *Client) adopt(was seen) {
	h := c.current.Load()
	if h != nil && bytes.Equal(h.snapshot.Raw(), was.raw) {
		return
	}
	s, err := trustframework.Open(was.raw, c.cfg.Trusted, c.cfg.Now())
	if err != nil || was.mark.Admit(s) != nil {
		return
	}
	if h == nil || trustframework.Supersedes(h.snapshot, s) == nil {
		c.current.Store(&held{snapshot: s})
	}
}

// take makes s durable and then puts it in force. Several processes may share the store: one that
// finds that another was faster looks at the mark again, so that it never goes down.
func (c *Client) take(ctx context.Context, s *trustframework.Snapshot, etag string) error {
	const tries = 4
	kept, err := s.Keep()
	if err != nil {
		return err
	}
	for range tries {
		was, failed := c.load(ctx)
		if failed != nil {
			return failed
		}
		if refused := was.mark.Admit(s); refused != nil {
			c.adopt(was) // another process may have been faster
			return refused
		}
		err = c.cfg.Store.Commit(ctx, store.Change{Entry: store.Entry{Key: StoreKey, Value: kept, Version: was.version}})
		if err == nil {
			c.current.Store(&held{s, etag})
			return nil
		}
		if _, conflict := store.IsConflict(err); !conflict {
			return err
		}
	}
	return err
}
