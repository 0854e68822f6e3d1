// SPDX-License-Identifier: Apache-2.0

package bolt

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

func openHere(t testing.TB, path string, now func() time.Time) *Store {
	t.Helper()
	s, err := Open(Config{Path: path, Now: now, Timeout: MaxTimeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func change(key, value string, version uint64) store.Change {
	return store.Change{Entry: store.Entry{Key: key, Value: []byte(value), Version: version}}
}

// hold keeps the writer from beginning a transaction until release is called.
func hold(t testing.TB, s *Store) (release func()) {
	t.Helper()
	tx, err := s.db.Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

// until waits for a condition that other goroutines bring about.
func until(t testing.TB, what string, met func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !met() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		runtime.Gosched()
	}
}

func (s *Store) lastTransaction(t testing.TB) (id int) {
	t.Helper()
	if err := s.view(func(tx *bbolt.Tx) error { id = tx.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return id
}

// TestGroupCommit lets 64 commits wait: they must share one transaction, and a conflict, a
// damaged record or a change that builds on another in the batch concerns nobody else.
func TestGroupCommit(t *testing.T) {
	s, ctx := openHere(t, filepath.Join(t.TempDir(), "store.db"), time.Now), context.Background()
	if err := s.Commit(ctx, change("taken", "v", 0), change("damaged", "v", 0)); err != nil {
		t.Fatal(err)
	}
	damage(t, s, "damaged")
	before, batches := s.lastTransaction(t), s.batches.Load()
	release := hold(t, s)
	const commits = 64
	results := make([]error, commits)
	var wg sync.WaitGroup
	start := func(i int, changes ...store.Change) {
		wg.Go(func() { results[i] = s.Commit(ctx, changes...) })
		until(t, "the commit to queue", func() bool { return s.batches.Load() == batches+1 && len(s.queue) == i })
	}
	for i := range commits {
		switch i {
		case 10:
			start(i, change("beside 10", "v", 0), change("taken", "v2", 0))
		case 20:
			start(i, change("beside 20", "v", 0), change("damaged", "v2", 1))
		case 30:
			start(i, change("k29", "v2", 1)) // on top of one in the same batch
		default:
			start(i, change(fmt.Sprintf("k%d", i), "v", 0))
		}
	}
	release()
	wg.Wait()
	if used := s.lastTransaction(t) - before; used != 2 {
		t.Errorf("%d commits took %d transactions, want 2", commits, used)
	}
	for i, err := range results {
		key, conflict := store.IsConflict(err)
		switch {
		case i == 10 && (!conflict || key != "taken"):
			t.Errorf("commit 10: %v, want a conflict on taken", err)
		case i == 20 && reason.Of(err) != reason.StorageCorrupt:
			t.Errorf("commit 20: %v, want %s", err, reason.StorageCorrupt)
		case i != 10 && i != 20 && err != nil:
			t.Errorf("commit %d: %v", i, err)
		}
	}
	for key, want := range map[string]uint64{"k0": 1, "k29": 2, "k63": 1, "beside 10": 0, "beside 20": 0, "taken": 1} {
		if e, err := s.Get(ctx, key); e.Version != want || (err == nil) != (want != 0) {
			t.Errorf("%s: version %d, %v, want %d", key, e.Version, err, want)
		}
	}
}

// damage flips one bit of a record behind the store's back.
func damage(t testing.TB, s *Store, key string) {
	t.Helper()
	err := s.db.Update(func(tx *bbolt.Tx) error {
		raw := append([]byte(nil), tx.Bucket(recordsBucket()).Get([]byte(key))...)
		raw[len(raw)-1] ^= 1
		return tx.Bucket(recordsBucket()).Put([]byte(key), raw)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDamagedRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s, ctx := openHere(t, path, time.Now), context.Background()
	if err := s.Commit(ctx, change("a", "v", 0), change("b", "v", 0), change("c", "v", 0)); err != nil {
		t.Fatal(err)
	}
	damage(t, s, "b")
	if _, err := s.Get(ctx, "b"); reason.Of(err) != reason.StorageCorrupt {
		t.Errorf("get: %v, want %s", err, reason.StorageCorrupt)
	}
	for _, c := range []store.Change{change("b", "v2", 1), change("b", "v2", 0)} {
		if err := s.Commit(ctx, c); reason.Of(err) != reason.StorageCorrupt {
			t.Errorf("commit at version %d: %v, want %s", c.Version, err, reason.StorageCorrupt)
		}
	}
	if e, err := s.Get(ctx, "c"); err != nil || string(e.Value) != "v" {
		t.Errorf("a neighbour of the damaged record: %+v, %v", e, err)
	}
	var seen []string
	var last error
	for e, err := range s.Scan(ctx, "") {
		if last = err; err == nil {
			seen = append(seen, e.Key)
		}
	}
	if len(seen) != 1 || reason.Of(last) != reason.StorageCorrupt {
		t.Errorf("scan yields %v and then %v", seen, last)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Path: path, Now: time.Now}); reason.Of(err) != reason.StorageCorrupt {
		t.Errorf("open: %v, want %s", err, reason.StorageCorrupt)
	}
}

// TestLostRecord removes a record behind the store's back: no checksum within a record can tell.
func TestLostRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s, ctx := openHere(t, path, time.Now), context.Background()
	if err := s.Commit(ctx, change("revoked/1", "v", 0), change("other", "v", 0)); err != nil {
		t.Fatal(err)
	}
	err := s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(recordsBucket()).Delete([]byte("revoked/1")) })
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Path: path, Now: time.Now}); reason.Of(err) != reason.StorageCorrupt {
		t.Errorf("open: %v, want %s", err, reason.StorageCorrupt)
	}
}

// TestTimeout holds the writer back: one commit is in its hands, of unknown result; the other
// still waits, and must never be done.
func TestTimeout(t *testing.T) {
	s, err := Open(Config{Path: filepath.Join(t.TempDir(), "store.db"), Now: time.Now, Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	release := hold(t, s)
	var first error
	var wg sync.WaitGroup
	wg.Go(func() { first = s.Commit(ctx, change("first", "v", 0)) })
	until(t, "the writer to take the first", func() bool { return s.batches.Load() == 1 })
	second := s.Commit(ctx, change("second", "v", 0))
	wg.Wait()
	for which, err := range map[string]error{"the result is unknown": first, "nothing was done": second} {
		if e, ok := errors.AsType[*reason.Error](err); !ok || e.Code != reason.StorageUnavailable ||
			e.Detail != "no answer in time; "+which || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want %q", err, which)
		}
	}
	release()
	until(t, "the first to be written", func() bool { _, err := s.Get(ctx, "first"); return err == nil })
	until(t, "another commit", func() bool { return s.Commit(ctx, change("third", "v", 0)) == nil })
	if _, err := s.Get(ctx, "second"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a withdrawn commit was done: %v", err)
	}
}

func TestCloseAnswersAll(t *testing.T) {
	s, ctx := openHere(t, filepath.Join(t.TempDir(), "store.db"), time.Now), context.Background()
	release := hold(t, s)
	const commits = 20
	results := make([]error, commits)
	var wg sync.WaitGroup
	for i := range commits {
		wg.Go(func() { results[i] = s.Commit(ctx, change(fmt.Sprint(i), "v", 0)) })
		until(t, "the commit to queue", func() bool { return s.batches.Load() == 1 && len(s.queue) == i })
	}
	wg.Go(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	until(t, "closing", func() bool { return s.usable(ctx) != nil })
	release()
	wg.Wait()
	done := 0
	for i, err := range results {
		if err != nil && reason.Of(err) != reason.StorageUnavailable {
			t.Errorf("commit %d: %v", i, err)
		}
		if err == nil {
			done++
		}
	}
	if done == 0 {
		t.Error("the commit in hand was not finished")
	}
}

func TestCollectBounds(t *testing.T) {
	s := &Store{queue: make(chan *request, MaxQueue)}
	large := newRequest([]store.Change{change("k", string(make([]byte, store.MaxValue)), 0)})
	for range 10 {
		s.queue <- newRequest([]store.Change{change("k", string(make([]byte, store.MaxValue)), 0)})
	}
	batch, next := s.collect(large)
	size := 0
	for _, r := range batch {
		size += r.size
	}
	if size > MaxBatchBytes || next == nil || next.state.Load() != taken {
		t.Errorf("a batch of %d has %d bytes, next %v", len(batch), size, next)
	}
	s = &Store{queue: make(chan *request, MaxQueue)}
	for range MaxQueue {
		s.queue <- newRequest([]store.Change{change("k", "v", 0)})
	}
	if batch, next = s.collect(newRequest(nil)); len(batch) != MaxBatch || next != nil {
		t.Errorf("a batch has %d commits, want %d", len(batch), MaxBatch)
	}
}

// TestSweepRemoves looks behind the contract: what has expired must leave the file.
func TestSweepRemoves(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	now := at
	path := filepath.Join(t.TempDir(), "store.db")
	s, ctx := openHere(t, path, func() time.Time { return now }), context.Background()
	var changes []store.Change
	for i := range 3*SweepLimit + 1 {
		c := change(fmt.Sprint("k", i), "v", 0)
		c.Expires = at.Add(time.Duration(i) * time.Second)
		changes = append(changes, c)
	}
	if err := s.Commit(ctx, changes...); err != nil {
		t.Fatal(err)
	}
	now = at.Add(time.Hour)
	left := func() (n int) {
		err := s.view(func(tx *bbolt.Tx) error {
			n = tx.Bucket(recordsBucket()).Stats().KeyN
			if indexed := tx.Bucket(expiryBucket()).Stats().KeyN; indexed != n-1 {
				t.Errorf("%d records and %d in the index", n, indexed)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return n - 1 // less the one that never expires
	}
	for i := range uint64(4) {
		if err := s.Commit(ctx, change("tick", "v", i)); err != nil {
			t.Fatal(err)
		}
		// The first commit swept one already: k0 had expired as it was written.
		if want := max(0, 3*SweepLimit-int(i+1)*SweepLimit); left() != want {
			t.Errorf("after %d commits %d expired records are left, want %d", i+1, left(), want)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	openHere(t, path, time.Now) // the checksum of all records was kept in step
}

func FuzzDecode(f *testing.F) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 5, time.UTC)
	f.Add("k", encode(store.Entry{Key: "k", Value: []byte("value")}, 7))
	f.Add("k", encode(store.Entry{Key: "k", Expires: at}, 1))
	f.Add("", []byte{})
	f.Fuzz(func(t *testing.T, key string, raw []byte) {
		r, err := decode(key, raw)
		if err != nil {
			if reason.Of(err) != reason.StorageCorrupt {
				t.Fatalf("%v", err)
			}
			return
		}
		if again := encode(r.entry(key), r.version); !r.expires.IsZero() && len(again) != len(raw) {
			t.Fatalf("%x is read as %+v and written as %x", raw, r, again)
		}
	})
}

func TestDecodeFindsEveryFlip(t *testing.T) {
	raw := encode(store.Entry{Key: "key", Value: []byte("value"), Expires: time.Unix(1, 2)}, 3)
	for i := range len(raw) * 8 {
		raw[i/8] ^= 1 << (i % 8)
		if _, err := decode("key", raw); err == nil {
			t.Errorf("bit %d may be flipped", i)
		}
		raw[i/8] ^= 1 << (i % 8)
	}
	for i := range raw {
		if _, err := decode("key", raw[:i]); err == nil {
			t.Errorf("a record cut to %d bytes is accepted", i)
		}
	}
	if _, err := decode("kez", raw); err == nil {
		t.Error("a record is accepted under another's key")
	}
	if _, err := decode("key", raw); err != nil {
		t.Error(err)
	}
}
