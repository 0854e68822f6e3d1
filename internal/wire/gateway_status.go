// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/snapshot"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/store"
)

// MaxSubscriptions is how many status lists a gateway remembers over a restart.
const MaxSubscriptions = 256

// subscriptionsKey is the one record of the lists in use.
const subscriptionsKey = "gateway/lists"

// subscription is one list that was asked for.
type subscription struct {
	Issuer string                `json:"issuer"`
	List   string                `json:"list"`
	Kind   credential.StatusKind `json:"kind"`
}

// subscribed remembers which lists were needed, so that the next run fetches them before the
// first presentation does. It never answers anything itself.
type subscribed struct {
	*snapshot.Source
	store store.Store

	seen  sync.Map // subscription of each list that note has met
	mu    sync.Mutex
	known []subscription
	saved int // how many of known are in the store; run's alone
}

func newSubscribed(s *snapshot.Source, records store.Store) *subscribed {
	return &subscribed{Source: s, store: records}
}

// State implements status.Source.
func (s *subscribed) State(ctx context.Context, issuer string, ref credential.StatusRef) (status.State, time.Time, error) {
	state, asOf, err := s.Source.State(ctx, issuer, ref)
	if err == nil {
		s.note(subscription{issuer, ref.List, ref.Kind})
	}
	return state, asOf, err
}

func (s *subscribed) note(one subscription) {
	if _, met := s.seen.Load(one); met {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) < MaxSubscriptions && !slices.Contains(s.known, one) {
		s.known = append(s.known, one)
		s.seen.Store(one, true)
	}
}

// restore fetches the lists of the last run as soon as the framework says whose they are. A list
// that cannot be had is left to the presentation that needs it.
func (s *subscribed) restore(ctx context.Context, ready func() bool) {
	e, err := s.store.Get(ctx, subscriptionsKey)
	if err != nil {
		return
	}
	var last []subscription
	if err := strictjson.Unmarshal(e.Value, &last); err != nil || len(last) > MaxSubscriptions {
		return
	}
	if !wait(ctx, ready) {
		return
	}
	for _, one := range last {
		if s.Watch(ctx, one.Issuer, credential.StatusRef{Kind: one.Kind, List: one.List}) == nil {
			s.note(one)
		}
	}
}

// wait polls ready until it is true, and reports false if ctx ends first.
func wait(ctx context.Context, ready func() bool) bool {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

// run refreshes what is held at each tick, and saves what is new.
func (s *subscribed) run(ctx context.Context, tick <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
			s.Refresh(ctx)
			s.save(ctx)
		}
	}
}

// save writes the lists in use. It may fail: then the next tick tries again, and nothing depends on it.
func (s *subscribed) save(ctx context.Context) {
	s.mu.Lock()
	known := slices.Clone(s.known)
	s.mu.Unlock()
	if len(known) == s.saved {
		return
	}
	raw, err := strictjson.Marshal(known)
	if err != nil {
		return
	}
	e, err := s.store.Get(ctx, subscriptionsKey)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return
	}
	if s.store.Commit(ctx, store.Change{Entry: store.Entry{Key: subscriptionsKey, Value: raw, Version: e.Version}}) == nil {
		s.saved = len(known)
	}
}
