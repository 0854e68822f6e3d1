// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"context"
	"maps"
	"math/rand/v2"
	"time"

	"github.com/behalf-id/behalf/reason"
)

// flight is one fetch of a list that any number of callers wait for. After a failure it is kept
// for NegativeAge and answers for itself.
type flight struct {
	done  chan struct{} // closed when list, err and ended are set
	list  *list
	err   error
	ended time.Time
}

// load returns the list that want names, fetched once for all who ask at the same time.
func (s *Source) load(ctx context.Context, want id, now time.Time) (*list, error) {
	s.mu.Lock()
	if l := s.held(want, now); l != nil { // another's fetch has ended meanwhile
		s.mu.Unlock()
		return l, nil
	}
	f, err := s.join(ctx, want, now)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return f.wait(ctx, now)
}

// reload is load for a list that may still be used.
func (s *Source) reload(ctx context.Context, want id, now time.Time) error {
	s.mu.Lock()
	f, err := s.join(ctx, want, now)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	_, err = f.wait(ctx, now)
	return err
}

// wait returns what f found. It waits no longer than ctx lasts; the fetch itself goes on, because
// others may wait for it.
func (f *flight) wait(ctx context.Context, now time.Time) (*list, error) {
	select {
	case <-f.done:
	case <-ctx.Done():
		return nil, reason.Wrap(reason.StatusUnavailable, "the caller gave up waiting for the list", ctx.Err())
	}
	switch {
	case f.err != nil:
		return nil, f.err
	case !f.list.usable(now):
		return nil, reason.New(reason.StatusUnavailable, "no list is within its validity and the age limit")
	}
	return f.list, nil
}

// join returns the flight of want, and starts one if there is none under way or remembered.
// s.mu is held.
func (s *Source) join(ctx context.Context, want id, now time.Time) (*flight, error) {
	if f := s.flights[want]; f != nil && !f.forgotten(now) {
		return f, nil
	}
	if len(s.flights) >= MaxFlights {
		maps.DeleteFunc(s.flights, func(_ id, f *flight) bool { return f.forgotten(now) })
	}
	if len(s.flights) >= MaxFlights {
		return nil, reason.New(reason.StatusUnavailable, "too many status lists are being fetched")
	}
	f := &flight{done: make(chan struct{})}
	s.flights[want] = f
	go s.fly(context.WithoutCancel(ctx), want, f)
	return f, nil
}

// forgotten reports whether f has ended too long ago to answer. s.mu is held.
func (f *flight) forgotten(now time.Time) bool {
	select {
	case <-f.done:
		age := now.Sub(f.ended)
		return age < 0 || age >= NegativeAge
	default:
		return false
	}
}

// fly fetches want and takes it up.
func (s *Source) fly(ctx context.Context, want id, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, LoadTimeout)
	defer cancel()
	l, err := s.fetchSafely(ctx, want)
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(f.done)
	f.ended = s.cfg.Now()
	if err == nil {
		err = s.install(want, l, f.ended)
	}
	if f.list, f.err = l, err; err == nil {
		delete(s.flights, want)
	}
}

// fetchSafely is fetch; a panic in it ends the one question and not the process.
func (s *Source) fetchSafely(ctx context.Context, want id) (l *list, err error) {
	defer func() {
		if recover() != nil {
			l, err = nil, reason.New(reason.InternalIndeterminate, "reading a status list panicked")
		}
	}()
	return s.fetch(ctx, want)
}

// install makes l the list that want names. s.mu is held.
func (s *Source) install(want id, l *list, now time.Time) error {
	e := (*s.lists.Load())[want]
	if e == nil {
		all, err := s.room(l, now)
		if err != nil {
			return err
		}
		e = &entry{}
		e.used.Store(now.Unix())
		e.current.Store(l)
		all[want] = e
		s.lists.Store(&all)
	}
	e.current.Store(l)
	e.due = due(l, now, s.cfg.Poll)
	return nil
}

// room returns a copy of the lists in which there is room for l. Those that are idle or past use
// make way. s.mu is held.
func (s *Source) room(l *list, now time.Time) (map[id]*entry, error) {
	all := maps.Clone(*s.lists.Load())
	if fits(all, l) {
		return all, nil
	}
	maps.DeleteFunc(all, func(_ id, e *entry) bool { return e.idle(now) || !e.current.Load().usable(now) })
	if fits(all, l) {
		return all, nil
	}
	return nil, reason.New(reason.StatusUnavailable, "too many status lists are held")
}

func fits(all map[id]*entry, l *list) bool {
	total := l.size()
	for _, e := range all {
		total += e.current.Load().size()
	}
	return len(all) < MaxLists && total <= MaxMemory
}

func (e *entry) idle(now time.Time) bool {
	return now.Sub(time.Unix(e.used.Load(), 0)) > IdleAfter
}

// due returns when l is to be refreshed: at random between 50 and 75 % of its life, so that many
// gateways do not ask at once. A list that came late in its life is asked for again soon. Poll, if it is
// not 0, is the longest to wait.
func due(l *list, now time.Time, poll time.Duration) time.Time {
	life := l.until.Sub(l.issued)
	at := l.issued.Add(life/2 + rand.N(life/4+1))
	if l.renew > 0 {
		if sooner := now.Add(l.renew/2 + rand.N(l.renew/4+1)); sooner.Before(at) {
			at = sooner
		}
	}
	if soon := now.Add(retry(life)); at.Before(soon) {
		at = soon
	}
	if often := now.Add(poll); poll > 0 && often.Before(at) {
		return often
	}
	return at
}

// retry returns how long to wait for another try at a list of this life.
func retry(life time.Duration) time.Duration {
	return min(max(life/20, time.Second), NegativeAge)
}
