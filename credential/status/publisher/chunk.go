// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"context"
	"errors"
	"fmt"

	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/tokenlist"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// chunk is one record of the stored state, and what is to become of it.
type chunk struct {
	entry   store.Entry
	changed bool
}

// chunkPrefix begins the keys of the chunks of a list, which sort by place.
func (id ListID) chunkPrefix() string { return id.key("chunk") + "/" }

func chunkKey(ref Ref) string {
	return fmt.Sprintf("%s%04x", ref.List.chunkPrefix(), ref.Index/perChunk)
}

// chunk reads the record that holds ref; one that was never written holds zeros: all valid.
func (b *Book) chunk(ctx context.Context, ref Ref) (*chunk, error) {
	key := chunkKey(ref)
	e, err := b.store.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return &chunk{entry: store.Entry{Key: key, Value: make([]byte, chunkSize)}}, nil
	}
	if err != nil {
		return nil, err
	}
	if len(e.Value) != chunkSize {
		return nil, badChunk()
	}
	return &chunk{entry: e}, nil
}

// within returns the chunk of ref out of chunks, or else as stored.
func (b *Book) within(ctx context.Context, ref Ref, chunks map[string]*chunk) (*chunk, error) {
	if err := b.check(ctx, ref); err != nil {
		return nil, err
	}
	if c := chunks[chunkKey(ref)]; c != nil {
		return c, nil
	}
	return b.chunk(ctx, ref)
}

func (c *chunk) state(ref Ref) (status.State, error) {
	bits, err := tokenlist.Pack(width, c.entry.Value)
	if err != nil {
		return status.Unknown, err
	}
	return bits.State(ref.Index % perChunk)
}

// set writes the value of to at ref, unless that would undo a revocation.
func (c *chunk) set(ref Ref, to status.State, value byte) error {
	was, err := c.state(ref)
	switch {
	case err != nil:
		return err
	case was == to:
		return nil
	case was == status.Revoked:
		return reason.New(reason.RevokeIrreversible, "")
	}
	place := ref.Index % perChunk
	at, shift := place*width/8, place*width%8
	c.entry.Value[at] = c.entry.Value[at]&^(valueMask<<shift) | value<<shift
	c.changed = true
	return nil
}

// check refuses a ref outside its list.
func (b *Book) check(ctx context.Context, ref Ref) error {
	m, err := b.meta(ctx, ref.List)
	if err != nil {
		return err
	}
	if ref.Index >= m.Capacity {
		return reason.New(reason.StatusIndex, "the index is outside the list")
	}
	return nil
}

func (b *Book) meta(ctx context.Context, id ListID) (meta, error) {
	b.mu.Lock()
	m, ok := b.metas[id]
	b.mu.Unlock()
	if ok {
		return m, nil
	}
	m, err := readMeta(ctx, b.store, id)
	if err != nil {
		return meta{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.metas[id] = m
	return m, nil
}

// generation returns a number that rises when the list is known to have changed.
func (b *Book) generation(id ListID) uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changes[id]
}

// all returns the state of the whole list, of one moment, packed.
func (b *Book) all(ctx context.Context, id ListID) ([]byte, error) {
	m, err := b.meta(ctx, id)
	if err != nil {
		return nil, err
	}
	packed := make([]byte, m.Capacity*width/8)
	prefix := id.chunkPrefix()
	for e, err := range b.store.Scan(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		var place uint64
		n, err := fmt.Sscanf(e.Key[len(prefix):], "%04x", &place)
		if n != 1 || err != nil || len(e.Value) != chunkSize || (place+1)*chunkSize > uint64(len(packed)) {
			return nil, badChunk()
		}
		copy(packed[place*chunkSize:], e.Value)
	}
	return packed, nil
}

// valueOf returns how a state is stored.
func valueOf(s status.State) (byte, error) {
	switch s {
	case status.Valid:
		return tokenlist.ValueValid, nil
	case status.Revoked:
		return tokenlist.ValueInvalid, nil
	case status.Suspended:
		return tokenlist.ValueSuspended, nil
	}
	return 0, reason.New(reason.StatusValueUnknown, "not a state to set")
}

func badChunk() error {
	return reason.New(reason.StorageCorrupt, "a part of a status list is not one")
}
