// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/trustframework"
)

// MaxChanges is how many lines of what changed an Entry keeps, and MaxChange how many bytes of each.
const (
	MaxChanges = 200
	MaxChange  = 512
)

// Entry is one version in the log. Digest is trustframework.ChainDigest of the three before it.
type Entry struct {
	Version  int       `json:"version"`
	Previous string    `json:"previous,omitzero"` // Digest of the version before
	Content  string    `json:"content"`           // digest of the framework
	Digest   string    `json:"digest"`
	Applied  time.Time `json:"applied"`
	Changes  []string  `json:"changes"`
	More     int       `json:"more,omitzero"` // lines of change that were left out
}

// The keys in the store. The number of a version is written so that keys sort as versions do.
const keyHead = "registry/head"     // {"version": n}: the compare-and-swap of every Apply
const keySigned = "registry/signed" // the newest signed snapshot, as Snapshot.Keep writes it

func keyEntry(n int) string     { return fmt.Sprintf("registry/entry/%010d", n) }
func keyFramework(n int) string { return fmt.Sprintf("registry/framework/%010d", n) }
func keyFirst(n int) string     { return fmt.Sprintf("registry/first/%010d", n) } // as first signed

// head is what is in force: the version, 0 for none, with its entry and framework.
type head struct {
	version   int
	entry     Entry
	framework *trustframework.Framework
	stored    uint64 // version of keyHead in the store
}

type headRecord struct {
	Version int `json:"version"`
}

// head reads what is in force. Versions are never changed, so reading its parts one by one is
// reading them at once.
func (r *Registry) head(ctx context.Context) (head, error) {
	e, err := r.cfg.Store.Get(ctx, keyHead)
	if errors.Is(err, store.ErrNotFound) {
		return head{}, nil
	}
	if err != nil {
		return head{}, err
	}
	version, err := readHead(e.Value)
	if err != nil {
		return head{}, err
	}
	entry, err := r.entry(ctx, version)
	if err != nil {
		return head{}, err
	}
	f, err := r.framework(ctx, entry)
	return head{version, entry, f, e.Version}, err
}

func readHead(value []byte) (int, error) {
	var rec headRecord
	if err := strictjson.UnmarshalClosed(value, &rec); err != nil || rec.Version < 1 {
		return 0, corrupt("the head", err)
	}
	return rec.Version, nil
}

// entry reads one version of the log, which must be there.
func (r *Registry) entry(ctx context.Context, n int) (Entry, error) {
	e, err := r.cfg.Store.Get(ctx, keyEntry(n))
	if err != nil {
		return Entry{}, lost(err, "an entry of the log")
	}
	var entry Entry
	if err := strictjson.UnmarshalClosed(e.Value, &entry); err != nil || entry.Version != n {
		return Entry{}, corrupt("an entry of the log", err)
	}
	return entry, nil
}

// framework reads the framework of an entry and holds it against the entry's digest.
func (r *Registry) framework(ctx context.Context, entry Entry) (*trustframework.Framework, error) {
	e, err := r.cfg.Store.Get(ctx, keyFramework(entry.Version))
	if err != nil {
		return nil, lost(err, "a framework")
	}
	f, err := trustframework.Read(e.Value)
	if err != nil {
		return nil, corrupt("a framework", err)
	}
	if content, err := f.Digest(); err != nil || content != entry.Content {
		return nil, corrupt("a framework does not have its digest", err)
	}
	return f, nil
}

// record makes f the version after now, in one step or not at all.
func (r *Registry) record(ctx context.Context, now head, f *trustframework.Framework, changes []string) error {
	raw, err := f.Write()
	if err != nil {
		return err
	}
	if len(raw) > trustframework.MaxFramework {
		return reason.New(reason.LimitBody, "a framework has at most 720 KiB")
	}
	entry, err := newEntry(now, f, changes, r.cfg.Now())
	if err != nil {
		return err
	}
	line, err := strictjson.Marshal(entry)
	if err != nil {
		return err
	}
	top, err := strictjson.Marshal(headRecord{entry.Version})
	if err != nil {
		return err
	}
	err = r.cfg.Store.Commit(ctx,
		store.Change{Entry: store.Entry{Key: keyHead, Value: top, Version: now.stored}},
		store.Change{Entry: store.Entry{Key: keyEntry(entry.Version), Value: line}},
		store.Change{Entry: store.Entry{Key: keyFramework(entry.Version), Value: raw}},
	)
	if _, raced := store.IsConflict(err); raced {
		return conflict()
	}
	return err
}

func newEntry(now head, f *trustframework.Framework, changes []string, at time.Time) (Entry, error) {
	content, err := f.Digest()
	if err != nil {
		return Entry{}, err
	}
	if at.Before(now.entry.Applied) {
		at = now.entry.Applied // the log never goes back, whatever the clock does
	}
	e := Entry{
		Version: now.version + 1, Previous: now.entry.Digest, Content: content, Applied: at.UTC().Truncate(time.Second),
		Changes: make([]string, min(len(changes), MaxChanges)), More: max(0, len(changes)-MaxChanges),
	}
	for i := range e.Changes {
		e.Changes[i] = clip(changes[i])
	}
	e.Digest = trustframework.ChainDigest(e.Version, e.Previous, e.Content)
	return e, nil
}

// clip cuts a line between two characters.
func clip(line string) string {
	if len(line) <= MaxChange {
		return line
	}
	end := MaxChange
	for end > 0 && line[end]&0xc0 == 0x80 {
		end--
	}
	return line[:end] + "…"
}

func corrupt(what string, err error) error {
	return reason.Wrap(reason.StorageCorrupt, what+" of the registry cannot be read", err)
}

// lost is corrupt for what is not there although the head says so.
func lost(err error, what string) error {
	if errors.Is(err, store.ErrNotFound) {
		return corrupt(what, err)
	}
	return err
}
