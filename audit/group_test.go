// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// gate lets no commit through until it is opened.
type gate struct {
	store.Store
	open    chan struct{}
	mu      sync.Mutex
	commits int
}

func (g *gate) Commit(ctx context.Context, changes ...store.Change) error {
	g.mu.Lock()
	g.commits++
	g.mu.Unlock()
	select {
	case <-g.open:
		return g.Store.Commit(ctx, changes...)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.commits
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

func gated(t testing.TB, timeout time.Duration) (*gate, *Log, *forgery) {
	t.Helper()
	f := newForgery(t)
	g := &gate{Store: f.s, open: make(chan struct{})}
	cfg := f.cfg
	cfg.Store, cfg.Timeout = g, timeout
	l, err := Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return g, l, f
}

func spend(key string) store.Change { return store.Change{Entry: store.Entry{Key: key}} }

// TestMergedCommit makes 40 appends wait behind one. They share one commit, less those in
// conflict (each costs one more try) and those that change what another one changes.
func TestMergedCommit(t *testing.T) {
	g, l, f := gated(t, MaxTimeout)
	f.set("taken", []byte("v"))
	const callers = 40
	receipts, errs := make([]Receipt, callers), make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		with := []store.Change{spend(fmt.Sprint("own/", i))}
		switch i {
		case 10, 20, 39:
			with = append(with, spend("taken"))
		case 30, 31:
			with = append(with, spend("shared"))
		}
		wg.Go(func() {
			receipts[i], errs[i] = l.Append(context.Background(), Event{Type: Issue, ID: fmt.Sprint("id-", i)}, with...)
		})
		until(t, "the append to queue", func() bool { return g.count() == 1 && len(l.queue) == i })
	}
	close(g.open)
	wg.Wait()
	for i, err := range errs {
		key, conflict := store.IsConflict(err)
		want := map[int]string{10: "taken", 20: "taken", 39: "taken", 31: "shared"}[i]
		if key != want || conflict != (want != "") || !conflict && err != nil {
			t.Errorf("append %d: %v, want a conflict on %q", i, err, want)
		}
	}
	// The first; the rest with three tries that are in conflict; the second one of the shared key.
	if got := g.count(); got != 1+4+1 {
		t.Errorf("%d commits, want 6", got)
	}
	next := uint64(11)
	for i, r := range receipts {
		if errs[i] != nil {
			continue
		}
		if leaf := f.leaf(next); r.Seq != next || leaf.ID != fmt.Sprint("id-", i) || leaf.Hash != r.Hash {
			t.Errorf("append %d has receipt %+v, leaf %d is %+v", i, r, next, leaf)
		}
		next++
	}
	if report, err := Verify(context.Background(), f.s, "audit/"); err != nil || report.Leaves != 10+callers-4 {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestNoAnswer: the store hangs. What is in its hands is of unknown result; what still waits is
// withdrawn and must never be written.
func TestNoAnswer(t *testing.T) {
	g, l, f := gated(t, time.Second)
	ctx := context.Background()
	var first error
	var wg sync.WaitGroup
	wg.Go(func() { _, first = l.Append(ctx, Event{Type: Issue, ID: "first"}) })
	until(t, "the first to be taken", func() bool { return g.count() == 1 })
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	_, second := l.Append(short, Event{Type: Issue, ID: "second"}, spend("second"))
	wg.Wait()
	for text, err := range map[string]error{"result is unknown": first, "nothing was done": second} {
		if reason.Of(err) != reason.AuditUnavailable || !strings.Contains(err.Error(), text) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want %s", err, text)
		}
	}
	close(g.open)
	until(t, "the log to go on", func() bool { _, err := l.Append(ctx, Event{Type: Issue, ID: "third"}); return err == nil })
	if e := f.get("second"); e.Version != 0 {
		t.Error("a withdrawn append was done")
	}
	if _, err := Verify(ctx, f.s, "audit/"); err != nil {
		t.Error(err)
	}
}

// TestQueueIsBounded: who finds no place in the queue in time is refused.
func TestQueueIsBounded(t *testing.T) {
	g, l, _ := gated(t, MaxTimeout)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = l.Append(ctx, Event{Type: Issue, ID: "taken"}) })
	until(t, "the first to be taken", func() bool { return g.count() == 1 })
	for range MaxQueue {
		wg.Go(func() { _, _ = l.Append(ctx, Event{Type: Issue, ID: "waits"}) })
	}
	until(t, "a full queue", func() bool { return len(l.queue) == MaxQueue })
	short, end := context.WithTimeout(ctx, time.Millisecond)
	defer end()
	if _, err := l.Append(short, Event{Type: Issue, ID: "late"}); reason.Of(err) != reason.AuditUnavailable {
		t.Errorf("%v, want %s", err, reason.AuditUnavailable)
	}
	cancel()
	wg.Wait()
	close(g.open)
}

// TestGatheringBounds fills a batch to each of its bounds.
func TestGatheringBounds(t *testing.T) {
	many := func(n int) []store.Change { return make([]store.Change, n) }
	g := gathering{keys: map[string]struct{}{}}
	for range MaxBatch + 5 {
		g.add(newEntry(Leaf{}, nil))
	}
	if len(g.batch) != MaxBatch || len(g.carry) != 5 {
		t.Errorf("%d in the batch and %d put off", len(g.batch), len(g.carry))
	}
	g = gathering{keys: map[string]struct{}{}}
	for i := range 5 {
		with := many(MaxWith)
		for n := range with {
			with[n].Key = fmt.Sprint(i, "/", n)
		}
		g.add(newEntry(Leaf{}, with))
	}
	total := 1
	for _, e := range g.batch {
		total += len(e.with) + 1
	}
	if total > store.MaxChanges || len(g.batch) != 3 || len(g.carry) != 2 {
		t.Errorf("%d changes in %d, %d put off", total, len(g.batch), len(g.carry))
	}
	gone := newEntry(Leaf{}, nil)
	gone.state.Store(withdrawn)
	g = gathering{keys: map[string]struct{}{}}
	g.add(gone)
	if len(g.batch)+len(g.carry) != 0 {
		t.Error("a withdrawn append is written")
	}
}
