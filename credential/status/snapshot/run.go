// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"context"
	"maps"
	"sync"
	"time"
)

// Refresh is to be called each second. It fetches the lists that are due, at most MaxRefresh at a time and each at most once at a
// time, and returns when it is done with them or ctx is. It drops lists that are idle. A list that
// cannot be refreshed stays in use until its own end, and is tried again.
func (s *Source) Refresh(ctx context.Context) {
	now := s.cfg.Now()
	var wait sync.WaitGroup
	defer wait.Wait()
	places := make(chan struct{}, MaxRefresh)
	for _, want := range s.due(now) {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		wait.Go(func() {
			defer func() { <-places }()
			if err := s.reload(ctx, want, now); err != nil {
				s.postpone(want, now)
			}
		})
	}
}

// due drops the lists that are idle and returns those to be refreshed at now.
func (s *Source) due(now time.Time) []id {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := *s.lists.Load()
	var ids []id
	idle := 0
	for want, e := range all {
		switch {
		case e.idle(now):
			idle++
		case !now.Before(e.due):
			ids = append(ids, want)
		}
	}
	if idle > 0 {
		kept := maps.Clone(all)
		maps.DeleteFunc(kept, func(_ id, e *entry) bool { return e.idle(now) })
		s.lists.Store(&kept)
	}
	return ids
}

// postpone sets when want is tried again after a failure.
func (s *Source) postpone(want id, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := (*s.lists.Load())[want]; e != nil {
		e.due = now.Add(NegativeAge)
	}
}
