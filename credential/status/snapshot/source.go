// SPDX-License-Identifier: Apache-2.0

// Package snapshot answers for the state of credentials out of status lists that it holds in memory and refreshes in the background.
package snapshot

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Bounds of a Source.
const (
	DefaultMaxAge = 300 * time.Second // the hard age limit if Config.MaxAge is 0 (security.md §5.1)
	CeilingMaxAge = 24 * time.Hour    // the most that Config.MaxAge may be
	MaxAhead      = 60 * time.Second  // how far ahead of the clock a list may be issued
	MinPoll       = time.Second       // the least that Config.Poll may be
	NegativeAge   = 10 * time.Second  // how long a failure is remembered, so that it is not repeated for each request
	IdleAfter     = time.Hour         // a list that nobody asked for is then no longer refreshed or held
	LoadTimeout   = safehttp.BudgetTimeout
	MaxLists      = 1024      // lists held
	MaxMemory     = 256 << 20 // bytes of all lists held, decoded
	MaxFlights    = 256       // lists that are being fetched, or whose failure is remembered
	MaxRefresh    = 8         // lists that are refreshed at one time
	MaxBody       = 2 << 20   // bytes read of an answer; more than a list may have, to tell which limit was passed
)

// Fetcher gets what is at an https URL. *safehttp.Client is one.
type Fetcher interface {
	Get(ctx context.Context, url string, want safehttp.Want) (safehttp.Response, error)
}

var (
	_ Fetcher       = (*safehttp.Client)(nil)
	_ status.Source = (*Source)(nil)
)

// Config is what a Source needs. Every part but Proofs, MaxAge and Poll is required.
type Config struct {
	// Fetcher reaches the hosts of status lists, and refuses addresses that are not public.
	Fetcher Fetcher
	// Resolver finds the documents of those who sign lists.
	Resolver did.Resolver
	// Signer returns the one party whose signature on the list at url counts for credentials of
	// issuer, and false where the framework does not list the host of url for that issuer: then
	// nothing is fetched. It is asked at every use and must be quick.
	Signer func(issuer, url string) (did.DID, bool)
	// Marks remembers the newest issue time seen of each list, so that a restart does not let an
	// older one in.
	Marks store.Store
	// Now is the clock.
	Now func() time.Time
	// Proofs are the cryptosuites of lists that are accepted secured with Data Integrity. Without
	// any such a list is status.signature.
	Proofs dataintegrity.Suites
	// MaxAge is the hard age limit of a list, counted from its own issue time: an older one is
	// not used. 0 is DefaultMaxAge; at most CeilingMaxAge.
	MaxAge time.Duration
	// Poll is how often a list is asked for again at the least, so that a revocation is seen soon: an
	// answer is then mostly that nothing has changed, or a delta. 0 leaves it to the life of each
	// list; at least MinPoll.
	Poll time.Duration
}

// Source implements status.Source. A list is fetched and verified when it is first asked for, and
// then held, decoded and immutable, while Refresh renews it: a question that finds a list that may
// be used costs no lock, no allocation and no network. It is safe for concurrent use. Make one with New.
type Source struct {
	cfg   Config
	lists atomic.Pointer[map[id]*entry] // copied on change

	mu      sync.Mutex // guards changes of lists, due of each entry, and flights
	flights map[id]*flight
}

// id tells lists apart. Who must have signed is a part of it, so that no issuer spoils the list of another.
type id struct {
	kind   credential.StatusKind
	url    string
	signer did.DID
}

// entry is the place of a list.
type entry struct {
	current atomic.Pointer[list]
	used    atomic.Int64 // Unix time of the last question, in seconds
	due     time.Time    // when to refresh
}

// New returns a Source that holds no list yet.
func New(cfg Config) (*Source, error) {
	switch {
	case cfg.Fetcher == nil, cfg.Resolver == nil, cfg.Signer == nil, cfg.Marks == nil, cfg.Now == nil:
		return nil, errors.New("snapshot: every part of Config but Proofs, MaxAge and Poll is required")
	case cfg.MaxAge < 0 || cfg.MaxAge > CeilingMaxAge:
		return nil, errors.New("snapshot: Config.MaxAge is 0 to 24 h")
	case cfg.Poll != 0 && cfg.Poll < MinPoll:
		return nil, errors.New("snapshot: Config.Poll is 1 s or more")
	case cfg.MaxAge == 0:
		cfg.MaxAge = DefaultMaxAge
	}
	s := &Source{cfg: cfg, flights: make(map[id]*flight)}
	s.lists.Store(&map[id]*entry{})
	return s, nil
}

// State implements status.Source. The time is when the list was issued by its own account, and
// never later than now.
//
// Errors: fetch.not_allowed (the host is not listed for this issuer), fetch.blocked (nor could it be),
// other fetch codes of the Fetcher, status.unavailable (not reachable, not yet or no longer valid, past
// the age limit), status.signature, status.issuer, status.subject, status.recursion, status.purpose,
// status.rollback, status.encoding, status.too_large, status.length, status.index, status.value_unknown.
func (s *Source) State(ctx context.Context, issuer string, ref credential.StatusRef) (status.State, time.Time, error) {
	want, err := s.wanted(issuer, ref)
	if err != nil {
		return status.Unknown, time.Time{}, err
	}
	now := s.cfg.Now()
	l := s.held(want, now)
	if l == nil {
		if l, err = s.load(ctx, want, now); err != nil {
			return status.Unknown, time.Time{}, err
		}
	}
	state, err := l.state(ref)
	if err != nil {
		return status.Unknown, time.Time{}, err
	}
	if l.issued.After(now) {
		return state, now, nil
	}
	return state, l.issued, nil
}

// Watch fetches the list of ref now unless a usable one is held, and so spares the first request
// that needs it. Errors are those of State.
func (s *Source) Watch(ctx context.Context, issuer string, ref credential.StatusRef) error {
	want, err := s.wanted(issuer, ref)
	if err != nil {
		return err
	}
	now := s.cfg.Now()
	if s.held(want, now) != nil {
		return nil
	}
	_, err = s.load(ctx, want, now)
	return err
}

// Len returns how many lists are held, usable or not.
func (s *Source) Len() int { return len(*s.lists.Load()) }

// wanted says which list answers for ref, if any may.
func (s *Source) wanted(issuer string, ref credential.StatusRef) (id, error) {
	if ref.Kind != credential.TokenStatusList && ref.Kind != credential.BitstringStatusList || len(ref.List) > safehttp.MaxURL {
		return id{}, reason.New(reason.StatusUnavailable, "the status entry is of no known kind or its address too long")
	}
	signer, ok := s.cfg.Signer(issuer, ref.List)
	if !ok || signer.IsZero() {
		return id{}, unlisted(ref.List)
	}
	return id{ref.Kind, ref.List, signer}, nil
}

// held returns the list that may be used now, or nil.
func (s *Source) held(want id, now time.Time) *list {
	e := (*s.lists.Load())[want]
	if e == nil {
		return nil
	}
	if at := now.Unix(); e.used.Load() != at {
		e.used.Store(at)
	}
	if l := e.current.Load(); l.usable(now) {
		return l
	}
	return nil
}
