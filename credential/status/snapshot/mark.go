// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// MarkPrefix begins the keys under which marks are stored.
const MarkPrefix = "status/seen/"

// MaxTries is how often a mark is tried to be stored while other gateways store it too.
const MaxTries = 5

// markLife is how long a mark is kept. A list older than CeilingMaxAge is refused for its age, so
// nothing is lost when its mark goes.
const markLife = CeilingMaxAge + 2*MaxAhead

// times are the bounds that a list sets itself.
type times struct {
	notBefore, expires time.Time
	ttl                time.Duration
}

// mark is the newest issue time seen of one list.
type mark struct {
	List   string `json:"list"`   // hex digest of what tells lists apart
	Issued int64  `json:"issued"` // Unix time in milliseconds
}

// admit lets l in if it is not older than any seen before, before a restart or now, and may be used.
func (s *Source) admit(ctx context.Context, want id, l *list, t times) error {
	for range MaxTries {
		seen, err := s.seen(ctx, want)
		if err != nil {
			return err
		}
		if l.issued.UnixMilli() < seen.mark.Issued {
			return reason.New(reason.StatusRollback, "a newer list of this address was seen before")
		}
		if err := l.limit(s.cfg.Now(), s.cfg.MaxAge, t.ttl, t.notBefore, t.expires); err != nil {
			return err
		}
		if l.issued.UnixMilli() == seen.mark.Issued {
			return nil
		}
		err = s.raise(ctx, seen, l.issued)
		if _, conflict := store.IsConflict(err); !conflict {
			return unmarked(err)
		}
	}
	return reason.New(reason.StatusUnavailable, "the mark of the list is contended")
}

// stored is a mark with the version of its record.
type stored struct {
	mark    mark
	key     string
	version uint64
}

// seen reads the mark of want. The zero mark means that no list was seen.
func (s *Source) seen(ctx context.Context, want id) (stored, error) {
	digest := want.digest()
	m := stored{mark{List: digest}, MarkPrefix + digest, 0}
	e, err := s.cfg.Marks.Get(ctx, m.key)
	if errors.Is(err, store.ErrNotFound) {
		return m, nil
	}
	if err != nil {
		return stored{}, unmarked(err)
	}
	if err := strictjson.Unmarshal(e.Value, &m.mark); err != nil || m.mark.List != digest {
		return stored{}, reason.Wrap(reason.StorageCorrupt, "the mark of a status list cannot be read", err)
	}
	m.version = e.Version
	return m, nil
}

// raise stores issued as the newest time seen.
func (s *Source) raise(ctx context.Context, m stored, issued time.Time) error {
	m.mark.Issued = issued.UnixMilli()
	value, err := strictjson.Marshal(m.mark)
	if err != nil {
		return err
	}
	return s.cfg.Marks.Commit(ctx, store.Change{Entry: store.Entry{
		Key: m.key, Value: value, Version: m.version, Expires: issued.Add(markLife),
	}})
}

// digest returns the name of the list in the store, which does not show its address.
func (w id) digest() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(rune('0' + w.kind)), w.signer.String(), w.url}, "\n")))
	return hex.EncodeToString(sum[:])
}

// unmarked returns what a failing store means for the list: it is not used.
func unmarked(err error) error {
	if err == nil {
		return nil
	}
	return reason.Wrap(reason.StatusUnavailable, "how new the list is cannot be recorded", err)
}
