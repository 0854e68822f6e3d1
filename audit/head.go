// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"context"
	"errors"

	"github.com/go-json-experiment/json"

	"github.com/behalf-id/behalf/store"
)

// head is where the chain ends. The zero head is the one of an empty log.
type head struct {
	Hash string `json:"hash"`
	Seq  uint64 `json:"seq"`
	Time int64  `json:"time"`

	version uint64 // of its record
}

func (h head) encode() ([]byte, error) { return json.Marshal(h) }

// parseHead accepts exactly what encode writes.
func parseHead(raw []byte, version uint64) (head, bool) {
	h := head{version: version}
	if len(raw) > maxLeaf || json.Unmarshal(raw, &h, json.RejectUnknownMembers(true)) != nil || h.Seq == 0 {
		return head{}, false
	}
	again, err := h.encode()
	return h, err == nil && bytes.Equal(again, raw)
}

// readHead returns the head of the log; an absent one is the zero head.
func readHead(ctx context.Context, cfg Config) (head, error) {
	e, err := cfg.Store.Get(ctx, headKey(cfg.Prefix))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return head{}, nil
	case err != nil:
		return head{}, unavailable("the store could not be read", err)
	}
	h, ok := parseHead(e.Value, e.Version)
	if !ok {
		return head{}, inconsistent(0, "the head record is damaged")
	}
	return h, nil
}

// openHead reads the head and verifies that it ends the leaves that are there.
func openHead(ctx context.Context, cfg Config) (head, error) {
	h, err := readHead(ctx, cfg)
	if err != nil {
		return head{}, err
	}
	c := chain{}
	if h.Seq > CheckedAtOpen {
		before, ok, err := readLeaf(ctx, cfg, h.Seq-CheckedAtOpen)
		if err != nil {
			return head{}, err
		}
		if !ok {
			return head{}, inconsistent(h.Seq-CheckedAtOpen, "it is missing")
		}
		c = chain{seq: before.Seq, hash: before.Hash, time: before.Time.Unix()}
	}
	for {
		leaf, ok, err := readLeaf(ctx, cfg, c.seq+1)
		if err != nil {
			return head{}, err
		}
		if !ok {
			return h, c.end(h)
		}
		if err := c.add(leaf); err != nil {
			return head{}, err
		}
		if c.seq > h.Seq {
			return head{}, inconsistent(c.seq, "it lies beyond the head")
		}
	}
}
