// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/trustframework"
)

// Current returns the snapshot of the version in force, signed anew when half of its maximum age
// is over: a reader that asks often enough never finds the framework stale. Where it cannot be
// signed anew, the last one is given for as long as it lives. Before the first Apply it is
// trust.registry_unavailable.
func (r *Registry) Current(ctx context.Context) (*trustframework.Snapshot, error) {
	last, fresh, err := r.stored(ctx)
	if err != nil || fresh {
		return last.snapshot, err
	}
	r.signing.Lock()
	defer r.signing.Unlock()
	const tries = 4
	for range tries {
		var s *trustframework.Snapshot
		if s, err = r.fresh(ctx); err == nil {
			return s, nil
		}
		if _, raced := store.IsConflict(err); !raced {
			break // another registry on this store signed at the same moment: read what it signed
		}
	}
	return nil, err
}

// stored returns what was signed last, and whether it is of the version in force and fresh. A
// version that is not signed yet has no snapshot.
func (r *Registry) stored(ctx context.Context) (last signed, fresh bool, err error) {
	if last, err = r.last(ctx); err != nil {
		return signed{}, false, err
	}
	version, err := r.version(ctx)
	if err != nil {
		return signed{}, false, err
	}
	if last.mark.Version != version {
		last.snapshot = nil
	}
	return last, last.snapshot != nil && r.cfg.Now().Before(due(last.snapshot)), nil
}

// fresh returns the stored snapshot if it is fresh, else a new one, else the stored one after all.
func (r *Registry) fresh(ctx context.Context) (*trustframework.Snapshot, error) {
	last, fresh, err := r.stored(ctx)
	if err != nil || fresh {
		return last.snapshot, err
	}
	s, err := r.sign(ctx, last, r.cfg.Now())
	if _, raced := store.IsConflict(err); err != nil && !raced && last.snapshot != nil {
		return last.snapshot, nil
	}
	return s, err
}

// due is when half of the maximum age is over.
func due(s *trustframework.Snapshot) time.Time {
	return s.Issued().Add(time.Duration(s.Framework().MaxAgeSeconds) * time.Second / 2)
}

// signed is what was signed last. Snapshot is nil if it does not open now: expired, or signed
// by another key than the present one. Its mark holds all the same.
type signed struct {
	mark     trustframework.Mark
	snapshot *trustframework.Snapshot
	stored   uint64
}

func (r *Registry) last(ctx context.Context) (signed, error) {
	e, err := r.cfg.Store.Get(ctx, keySigned)
	if errors.Is(err, store.ErrNotFound) {
		return signed{}, nil
	}
	if err != nil {
		return signed{}, err
	}
	mark, raw, err := trustframework.Recall(e.Value)
	if err != nil {
		return signed{}, err
	}
	return signed{mark, r.remembered(raw), e.Version}, nil
}

// remembered opens stored bytes, once for as long as they stay the same; nil if they do not open now.
func (r *Registry) remembered(raw []byte) *trustframework.Snapshot {
	now := r.cfg.Now()
	s := r.opened.Load()
	if s != nil && bytes.Equal(s.Raw(), raw) && now.Before(s.Expires()) && !s.Issued().After(now.Add(trustframework.MaxClockError)) {
		return s
	}
	s, err := r.open(raw)
	if err != nil {
		return nil
	}
	r.opened.Store(s)
	return s
}

func (r *Registry) open(raw []byte) (*trustframework.Snapshot, error) {
	return trustframework.Open(raw, []key.Public{r.cfg.Signer.Public()}, r.cfg.Now())
}

// sign signs the version in force, opens what came out as a reader would, and keeps it. The time
// of issue never goes back, whatever the clock does.
func (r *Registry) sign(ctx context.Context, last signed, now time.Time) (*trustframework.Snapshot, error) {
	h, err := r.head(ctx)
	if err != nil {
		return nil, err
	}
	if h.framework == nil {
		return nil, empty()
	}
	if now.Before(last.mark.Issued) {
		now = last.mark.Issued
	}
	raw, err := trustframework.Seal(ctx, trustframework.Draft{
		Version: h.version, Previous: h.entry.Previous, Framework: h.framework,
		Issued: now, Expires: now.Truncate(time.Second).Add(trustframework.Life(h.framework)),
	}, r.cfg.Signer)
	if err != nil {
		return nil, err
	}
	s, err := r.open(raw)
	if err == nil {
		err = last.mark.Admit(s)
	}
	if err != nil {
		return nil, reason.Wrap(reason.IssueSelfCheck, "the snapshot that was signed does not open", err)
	}
	return s, r.keep(ctx, s, last)
}

// keep stores s as the newest snapshot, and as the first of its version if it is.
func (r *Registry) keep(ctx context.Context, s *trustframework.Snapshot, last signed) error {
	kept, err := s.Keep()
	if err != nil {
		return err
	}
	changes := []store.Change{{Entry: store.Entry{Key: keySigned, Value: kept, Version: last.stored}}}
	if s.Version() != last.mark.Version {
		changes = append(changes, store.Change{Entry: store.Entry{Key: keyFirst(s.Version()), Value: s.Raw()}})
	}
	return r.cfg.Store.Commit(ctx, changes...)
}

// version reads the version in force alone.
func (r *Registry) version(ctx context.Context) (int, error) {
	e, err := r.cfg.Store.Get(ctx, keyHead)
	if errors.Is(err, store.ErrNotFound) {
		return 0, empty()
	}
	if err != nil {
		return 0, err
	}
	return readHead(e.Value)
}
