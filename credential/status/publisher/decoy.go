// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"math/bits"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential/status/tokenlist"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Decoys of a list.
const (
	DecoyShare = 32                   // one index in so many is a decoy
	DecoySpan  = 400 * 24 * time.Hour // over which the changes of a list's decoys are spread
	decoyAhead = DecoySpan / 4        // how much of that lies before the list is first published
	decoyPause = 60 * 24 * time.Hour  // the longest that a decoy is suspended
)

// decoy is one decoy and what it shows.
type decoy struct {
	from, until int64 // Unix times between which it shows value; until 0: for ever
	index       uint32
	value       byte // as stored, see valueOf
}

// schedule is what the decoys of one list show and when. It follows from the list's seed and the time
// of its first publication alone, so that every process that publishes the list shows the same.
type schedule struct{ decoys []decoy } // by from

// newSchedule makes the schedule of m, which was first published at begun. Of four decoys three are
// revoked at some time and one is suspended for a while, as credentials are.
func newSchedule(m meta, begun time.Time) *schedule {
	order := m.order()
	source := rand.NewChaCha8(sha256.Sum256(append([]byte("behalf status decoys\n"), m.Seed...)))
	below := func(n uint64) int64 {
		v, _ := bits.Mul64(source.Uint64(), n)
		return int64(v)
	}
	s := &schedule{make([]decoy, 0, m.Decoys)}
	first := begun.Add(-decoyAhead).Unix()
	for _, index := range order[uint64(len(order))-m.Decoys:] {
		d := decoy{from: first + below(uint64(DecoySpan/time.Second)), index: index, value: tokenlist.ValueInvalid}
		if below(4) == 0 {
			d.value, d.until = tokenlist.ValueSuspended, d.from+1+below(uint64(decoyPause/time.Second))
		}
		s.decoys = append(s.decoys, d)
	}
	slices.SortFunc(s.decoys, func(a, b decoy) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.index, b.index)) })
	return s
}

// show writes into packed, the state of the list, what its decoys show at a time. A state that was
// set is never hidden: should an index be both, it is what the Book says.
func (s *schedule) show(packed []byte, at time.Time) {
	now := at.Unix()
	for _, d := range s.decoys {
		if d.from > now {
			return
		}
		place, shift := d.index*width/8, d.index*width%8
		if (d.until == 0 || now < d.until) && packed[place]>>shift&valueMask == tokenlist.ValueValid {
			packed[place] |= d.value << shift
		}
	}
}

// begun is the record of when a list was first published.
type begun struct {
	Begun int64 `json:"begun"`
}

// schedule returns the schedule of the decoys of a list.
func (p *Publisher) schedule(ctx context.Context, id ListID) (*schedule, error) {
	p.mu.Lock()
	s := p.decoys[id]
	p.mu.Unlock()
	if s != nil {
		return s, nil
	}
	m, err := p.cfg.Book.meta(ctx, id)
	if err != nil {
		return nil, err
	}
	at, err := p.begun(ctx, id)
	if err != nil {
		return nil, err
	}
	s = newSchedule(m, at)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.decoys[id] = s
	return s, nil
}

// begun returns when the list was first published, which is now if it was not.
func (p *Publisher) begun(ctx context.Context, id ListID) (time.Time, error) {
	for range MaxTries {
		var b begun
		key := id.key("begun")
		_, err := readRecord(ctx, p.cfg.Store, key, &b)
		if err == nil {
			return time.Unix(b.Begun, 0), nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return time.Time{}, err
		}
		b.Begun = p.cfg.Now().Unix()
		change, err := record(key, b, 0)
		if err != nil {
			return time.Time{}, err
		}
		err = p.cfg.Store.Commit(ctx, change)
		if _, conflict := store.IsConflict(err); !conflict {
			return time.Unix(b.Begun, 0), err
		}
	}
	return time.Time{}, reason.New(reason.StorageUnavailable, "the beginning of a status list is contended")
}
