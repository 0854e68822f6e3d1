// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/trustframework"
)

// MaxPage is how many entries of the log one page has.
const MaxPage = 100

// Log returns the versions after the one given, oldest first, at most MaxPage of them. A page
// that is empty ends the log.
func (r *Registry) Log(ctx context.Context, after int) ([]Entry, error) {
	newest, err := r.newest(ctx)
	if err != nil || after < 0 {
		return nil, err
	}
	page := []Entry{}
	for n := after + 1; n <= newest && len(page) < MaxPage; n++ {
		e, err := r.entry(ctx, n)
		if err != nil {
			return nil, err
		}
		page = append(page, e)
	}
	return page, nil
}

// Version returns version n of the log with its framework, which states that version; one that
// there is not is object.unknown.
func (r *Registry) Version(ctx context.Context, n int) (Entry, *trustframework.Framework, error) {
	newest, err := r.newest(ctx)
	if err != nil {
		return Entry{}, nil, err
	}
	if n < 1 || n > newest {
		return Entry{}, nil, reason.New(reason.ObjectUnknown, "")
	}
	e, err := r.entry(ctx, n)
	if err != nil {
		return Entry{}, nil, err
	}
	f, err := r.framework(ctx, e)
	if err != nil {
		return Entry{}, nil, err
	}
	f.Version = n
	return e, f, nil
}

// First returns version n as it was first signed. A version that is not there, or that was
// replaced before it could be signed, is object.unknown.
func (r *Registry) First(ctx context.Context, n int) ([]byte, error) {
	if n < 1 || n > trustframework.MaxVersion {
		return nil, reason.New(reason.ObjectUnknown, "")
	}
	e, err := r.cfg.Store.Get(ctx, keyFirst(n))
	if errors.Is(err, store.ErrNotFound) {
		return nil, reason.New(reason.ObjectUnknown, "")
	}
	return e.Value, err
}

// Verified is what Verify found.
type Verified struct {
	Versions int    `json:"versions"`
	Digest   string `json:"digest"` // of the newest version: write it down to compare later
}

// Verify walks the whole log: every framework has its digest, every entry follows the one before,
// and what was signed last is of the chain. The first that does not is audit.inconsistent, with
// its version; one that cannot be read is storage.corrupt.
func (r *Registry) Verify(ctx context.Context) (Verified, error) {
	newest, err := r.newest(ctx)
	if err != nil {
		return Verified{}, err
	}
	last, err := r.last(ctx)
	if err != nil {
		return Verified{}, err
	}
	var before Entry
	for n := 1; n <= newest; n++ {
		e, f, err := r.Version(ctx, n)
		if err != nil {
			return Verified{}, err
		}
		if err := follows(before, e, f, last.mark); err != nil {
			return Verified{}, err
		}
		before = e
	}
	if last.mark.Version > newest {
		return Verified{}, broken(last.mark.Version, "was signed and is not in the log")
	}
	return Verified{newest, before.Digest}, nil
}

func follows(before, e Entry, f *trustframework.Framework, signed trustframework.Mark) error {
	switch {
	case e.Previous != before.Digest:
		return broken(e.Version, "does not follow the one before")
	case e.Digest != trustframework.ChainDigest(e.Version, e.Previous, e.Content):
		return broken(e.Version, "does not have its digest")
	case e.Applied.Before(before.Applied):
		return broken(e.Version, "is older than the one before")
	case signed.Version == e.Version && (signed.Digest != e.Digest || signed.ID != f.ID):
		return broken(e.Version, "is not what was signed")
	}
	return nil
}

func broken(version int, what string) error {
	return reason.New(reason.AuditInconsistent, fmt.Sprintf("version %d %s", version, what))
}

// newest returns the version in force, 0 if there is none.
func (r *Registry) newest(ctx context.Context) (int, error) {
	n, err := r.version(ctx)
	if reason.Of(err) == reason.TrustRegistryUnavailable {
		return 0, nil
	}
	return n, err
}
