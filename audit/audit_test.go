// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/store/storetest"
)

const prefix = "audit/"

func epoch() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// world is a store with a clock, and what opens logs in it.
type world struct {
	*storetest.Faults
	inner store.Store
	clock *storetest.Clock
}

func newWorld(t testing.TB) *world {
	t.Helper()
	clock := storetest.NewClock(epoch())
	s, err := memory.New(memory.Config{Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return &world{Faults: storetest.NewFaults(s), inner: s, clock: clock}
}

func (w *world) config() audit.Config {
	return audit.Config{Store: w, Now: w.clock.Now, Rand: rand.Reader, Prefix: prefix, Timeout: audit.MaxTimeout}
}

func (w *world) open(t testing.TB) *audit.Log {
	t.Helper()
	return openLog(t, w.config())
}

func openLog(t testing.TB, cfg audit.Config) *audit.Log {
	t.Helper()
	l, err := audit.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func event(id string) audit.Event {
	return audit.Event{Type: audit.Decision, ID: id, Outcome: "deny", Reasons: []reason.Code{reason.StatusRevoked}}
}

func put(key, value string, version uint64) store.Change {
	return store.Change{Entry: store.Entry{Key: key, Value: []byte(value), Version: version}}
}

func add(t testing.TB, l *audit.Log, id string, with ...store.Change) audit.Receipt {
	t.Helper()
	r, err := l.Append(context.Background(), event(id), with...)
	if err != nil {
		t.Fatalf("append %s: %v", id, err)
	}
	return r
}

// verified fails the test unless the log is whole and has n leaves.
func verified(t testing.TB, s store.Store, n uint64) audit.Report {
	t.Helper()
	report, err := audit.Verify(context.Background(), s, prefix)
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	if report.Leaves != n {
		t.Fatalf("%d leaves, want %d", report.Leaves, n)
	}
	return report
}

// withheld fails the test unless err is audit.unavailable with the text, and no conflict.
func withheld(t testing.TB, err error, text string) {
	t.Helper()
	if _, conflict := store.IsConflict(err); conflict || reason.Of(err) != reason.AuditUnavailable || !strings.Contains(err.Error(), text) {
		t.Fatalf("%v, want %s: %s", err, reason.AuditUnavailable, text)
	}
}

func ids(t testing.TB, l *audit.Log, from uint64, max int) []string {
	t.Helper()
	var all []string
	for leaf, err := range l.Leaves(context.Background(), from, max) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, leaf.ID)
	}
	return all
}

func TestAppend(t *testing.T) {
	w := newWorld(t)
	l := w.open(t)
	tagger, err := audit.OpenTagger(context.Background(), w.config())
	if err != nil {
		t.Fatal(err)
	}
	evidence := "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
	full := audit.Event{
		Type: audit.Decision, ID: "ev_01", Outcome: "permit_with_obligations",
		Reasons: []reason.Code{reason.OK, reason.StatusStale, reason.StatusRevoked, reason.StatusSuspended, reason.StatusIndex, reason.StatusIssuer},
		Subject: tagger.Subject(epoch(), "urn:uuid:one"), Actor: tagger.Actor(epoch(), "did:example:two"),
		Evidence: evidence, Framework: 7, StatusAge: 90*time.Second + 1, Flow: "cross_device",
	}
	first, err := l.Append(context.Background(), full, put("nonce/1", "spent", 0))
	if err != nil || first.Seq != 1 {
		t.Fatalf("append: %+v, %v", first, err)
	}
	w.clock.Advance(time.Second)
	second := add(t, l, "ev_02")
	if e, err := w.Get(context.Background(), "nonce/1"); err != nil || string(e.Value) != "spent" {
		t.Errorf("the change that went with the leaf: %+v, %v", e, err)
	}
	var got []audit.Leaf
	for leaf, err := range l.Leaves(context.Background(), 1, 10) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, leaf)
	}
	if len(got) != 2 {
		t.Fatalf("%d leaves, want 2", len(got))
	}
	if got[0].Salt == got[1].Salt || len(got[0].Salt) != 43 {
		t.Errorf("salts %q and %q", got[0].Salt, got[1].Salt)
	}
	want := []audit.Leaf{
		{
			Seq: 1, Time: epoch(), Type: full.Type, ID: full.ID, Outcome: full.Outcome, Reasons: full.Reasons[:4], MoreReasons: 2,
			Subject: full.Subject, Actor: full.Actor, Evidence: evidence, Framework: 7, StatusAge: 90 * time.Second, Flow: "cross_device",
			Salt: got[0].Salt, Hash: first.Hash,
		},
		{
			Seq: 2, Time: epoch().Add(time.Second), Type: audit.Decision, ID: "ev_02", Outcome: "deny",
			Reasons: []reason.Code{reason.StatusRevoked}, Salt: got[1].Salt, Prev: first.Hash, Hash: second.Hash,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("leaves (-want +got):\n%s", diff)
	}
	if r := verified(t, w, 2); r.Head != second.Hash || !r.Last.Equal(epoch().Add(time.Second)) {
		t.Errorf("report %+v", r)
	}
}

func TestEventsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	l := w.open(t)
	change := func(f func(*audit.Event)) audit.Event {
		e := event("id")
		f(&e)
		return e
	}
	for name, e := range map[string]audit.Event{
		"zero":            {},
		"no id":           change(func(e *audit.Event) { e.ID = "" }),
		"unknown type":    change(func(e *audit.Event) { e.Type = "other" }),
		"did as id":       change(func(e *audit.Event) { e.ID = "did:key:z6Mk" }),
		"long id":         change(func(e *audit.Event) { e.ID = strings.Repeat("i", audit.MaxID+1) }),
		"text as outcome": change(func(e *audit.Event) { e.Outcome = "because Jane said so" }),
		"long outcome":    change(func(e *audit.Event) { e.Outcome = strings.Repeat("o", audit.MaxOutcome+1) }),
		"text as flow":    change(func(e *audit.Event) { e.Flow = "on her phone" }),
		"long flow":       change(func(e *audit.Event) { e.Flow = strings.Repeat("f", audit.MaxFlow+1) }),
		"unknown reason":  change(func(e *audit.Event) { e.Reasons = []reason.Code{"no.such"} }),
		"did as subject":  change(func(e *audit.Event) { e.Subject = "did:key:z6Mk" }),
		"number as actor": change(func(e *audit.Event) { e.Actor = "9000000009" }),
		"loose tag":       change(func(e *audit.Event) { e.Actor = "AAAAAAAAAAAAAAAAAAAAAB" }),
		"text evidence":   change(func(e *audit.Event) { e.Evidence = "a statement" }),
		"padded evidence": change(func(e *audit.Event) { e.Evidence = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=" }),
		"negative":        change(func(e *audit.Event) { e.Framework = -1 }),
		"negative age":    change(func(e *audit.Event) { e.StatusAge = -1 }),
	} {
		_, err := l.Append(context.Background(), e)
		if reason.Of(err) != reason.AuditUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, with := range map[string][]store.Change{
		"of the log": {put(prefix+"head", "x", 0)},
		"twice":      {put("k", "x", 0), put("k", "y", 0)},
		"no key":     {put("", "x", 0)},
		"too many":   make([]store.Change, audit.MaxWith+1),
	} {
		_, err := l.Append(context.Background(), event("id"), with...)
		if reason.Of(err) != reason.AuditUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := w.Commits(); n != 0 {
		t.Errorf("%d commits were tried", n)
	}
}

func TestConfigIsRefused(t *testing.T) {
	w := newWorld(t)
	for name, f := range map[string]func(*audit.Config){
		"no store":  func(c *audit.Config) { c.Store = nil },
		"no clock":  func(c *audit.Config) { c.Now = nil },
		"no rand":   func(c *audit.Config) { c.Rand = nil },
		"no prefix": func(c *audit.Config) { c.Prefix = "" },
		"no slash":  func(c *audit.Config) { c.Prefix = "audit" },
		"long":      func(c *audit.Config) { c.Prefix = strings.Repeat("p", audit.MaxPrefix) + "/" },
		"timeout":   func(c *audit.Config) { c.Timeout = audit.MaxTimeout + 1 },
	} {
		cfg := w.config()
		f(&cfg)
		if l, err := audit.Open(context.Background(), cfg); err == nil || l != nil {
			t.Errorf("%s: Open accepts it", name)
		}
		if g, err := audit.OpenTagger(context.Background(), cfg); err == nil || g != nil {
			t.Errorf("%s: OpenTagger accepts it", name)
		}
	}
}

// TestConflictIsTheCallersAlone lets many append at once, one of them in conflict: only that one
// may fail, and the chain has neither a gap nor its leaf.
func TestConflictIsTheCallersAlone(t *testing.T) {
	w := newWorld(t)
	l := w.open(t)
	if err := w.Commit(context.Background(), put("taken", "v", 0)); err != nil {
		t.Fatal(err)
	}
	const callers = 32
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			with := []store.Change{put(fmt.Sprint("own/", i), "v", 0)}
			if i%8 == 3 {
				with = append(with, put("taken", "v2", 0))
			}
			_, err := l.Append(context.Background(), event(fmt.Sprint("id-", i)), with...)
			key, conflict := store.IsConflict(err)
			if i%8 == 3 && (!conflict || key != "taken") {
				t.Errorf("caller %d: %v, want a conflict on taken", i, err)
			}
			if i%8 != 3 && err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	verified(t, w, callers-callers/8)
	for i := range callers {
		_, err := w.Get(context.Background(), fmt.Sprint("own/", i))
		if i%8 == 3 != errors.Is(err, store.ErrNotFound) {
			t.Errorf("change of caller %d: %v", i, err)
		}
	}
}

// TestSameKeyAtOnce lets all spend one nonce: they cannot share a commit, and one wins.
func TestSameKeyAtOnce(t *testing.T) {
	w := newWorld(t)
	l := w.open(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 32 {
		wg.Go(func() {
			_, err := l.Append(context.Background(), event(fmt.Sprint("id-", i)), put("nonce", "spent", 0))
			if key, conflict := store.IsConflict(err); conflict && key == "nonce" {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if won++; err != nil {
				t.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d winners", won)
	}
	verified(t, w, 1)
}

func TestClockGoesBack(t *testing.T) {
	w := newWorld(t)
	l := w.open(t)
	add(t, l, "one")
	w.clock.Advance(-audit.MaxStepBack)
	add(t, l, "two")
	w.clock.Advance(-time.Second)
	_, err := l.Append(context.Background(), event("three"), put("k", "v", 0))
	withheld(t, err, "the clock is 1m1s behind the last leaf")
	if _, err := w.Get(context.Background(), "k"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the change was done without its leaf: %v", err)
	}
	again := w.open(t) // a restart does not forget
	_, err = again.Append(context.Background(), event("three"))
	withheld(t, err, "behind the last leaf")
	w.clock.Advance(time.Second)
	add(t, again, "three")
	report := verified(t, w, 3)
	if !report.Last.Equal(epoch()) {
		t.Errorf("the time of the log went back to %v", report.Last)
	}
}

func TestStoreFails(t *testing.T) {
	w := newWorld(t)
	l, ctx := w.open(t), context.Background()
	add(t, l, "one")

	w.Next(storetest.Lost)
	_, err := l.Append(ctx, event("lost"), put("lost", "v", 0))
	withheld(t, err, "the result is unknown")
	if !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("%v lacks its cause", err)
	}
	add(t, l, "two")
	verified(t, w, 2)

	w.Next(storetest.Persisted)
	_, err = l.Append(ctx, event("persisted"), put("persisted", "v", 0))
	withheld(t, err, "the result is unknown")
	add(t, l, "three")
	if diff := cmp.Diff([]string{"one", "two", "persisted", "three"}, ids(t, l, 1, 10)); diff != "" {
		t.Errorf("leaves (-want +got):\n%s", diff)
	}
	verified(t, w, 4)

	w.Next(storetest.Full)
	_, err = l.Append(ctx, event("full"))
	withheld(t, err, "the store is full")
	if !errors.Is(err, store.ErrFull) {
		t.Errorf("%v is not store.ErrFull", err)
	}
	add(t, l, "four")

	w.Always(storetest.Broken)
	for range 20 {
		_, err = l.Append(ctx, event("broken"))
		withheld(t, err, "")
	}
	w.Always(storetest.None)
	add(t, l, "five")
	verified(t, w, 6)
	if _, err := w.Get(ctx, "lost"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a change was done without its leaf: %v", err)
	}
}

// late keeps a commit back and says that its result is unknown; the commit is done later.
type late struct {
	store.Store
	mu   sync.Mutex
	hold bool
	held []store.Change
}

func (s *late) Commit(ctx context.Context, changes ...store.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hold {
		s.hold, s.held = false, changes
		return errors.New("no answer")
	}
	if s.held != nil { // just before the next one
		if err := s.Store.Commit(context.Background(), s.held...); err != nil {
			return err
		}
		s.held = nil
	}
	return s.Store.Commit(ctx, changes...)
}

// TestCommitIsDoneLate: a commit of unknown result is done after the log has read its head back.
func TestCommitIsDoneLate(t *testing.T) {
	w := newWorld(t)
	s := &late{Store: w}
	cfg := w.config()
	cfg.Store = s
	l := openLog(t, cfg)
	add(t, l, "one")
	s.mu.Lock()
	s.hold = true
	s.mu.Unlock()
	_, err := l.Append(context.Background(), event("late"), put("late", "v", 0))
	withheld(t, err, "the result is unknown")
	r := add(t, l, "two")
	if r.Seq != 3 {
		t.Errorf("the next leaf is %d, want 3", r.Seq)
	}
	if diff := cmp.Diff([]string{"one", "late", "two"}, ids(t, l, 1, 10)); diff != "" {
		t.Errorf("leaves (-want +got):\n%s", diff)
	}
	verified(t, w, 3)
}

// TestTwoWriters: the one that finds the other's leaves refuses from then on.
func TestTwoWriters(t *testing.T) {
	w := newWorld(t)
	a, b := w.open(t), w.open(t)
	add(t, a, "one")
	for range 2 {
		_, err := b.Append(context.Background(), event("two"), put("k", "v", 0))
		withheld(t, err, "another writer")
	}
	add(t, a, "three")
	verified(t, w, 2)
	if _, err := w.Get(context.Background(), "k"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the change of the refused one: %v", err)
	}
}

func TestRandomnessFails(t *testing.T) {
	w := newWorld(t)
	cfg := w.config()
	cfg.Rand = strings.NewReader("not enough")
	_, err := openLog(t, cfg).Append(context.Background(), event("one"))
	withheld(t, err, "no randomness")
	_, err = audit.OpenTagger(context.Background(), cfg)
	withheld(t, err, "no randomness")
	verified(t, w, 0)
}

func TestContextIsDone(t *testing.T) {
	w := newWorld(t)
	l := w.open(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := l.Append(ctx, event("one"), put("k", "v", 0))
	withheld(t, err, "nothing was done")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v lacks its cause", err)
	}
	add(t, l, "two")
	verified(t, w, 1)
}

func TestClose(t *testing.T) {
	defer goleak.VerifyNone(t)
	w := newWorld(t)
	l := w.open(t)
	add(t, l, "one")
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, err := l.Append(context.Background(), event("two"))
	withheld(t, err, "closed")
	verified(t, w, 1)
}

// TestRestart opens a log again and again, past the number of leaves that Open looks at.
func TestRestart(t *testing.T) {
	w := newWorld(t)
	n := uint64(0)
	for range 4 {
		l := w.open(t)
		for range audit.CheckedAtOpen/2 + 1 {
			n++
			if r := add(t, l, fmt.Sprint("id-", n)); r.Seq != n {
				t.Fatalf("leaf %d, want %d", r.Seq, n)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	verified(t, w, n)
}

func TestLeavesAreBounded(t *testing.T) {
	w := newWorld(t)
	l := w.open(t)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		add(t, l, id)
	}
	for _, test := range []struct {
		from uint64
		max  int
		want []string
	}{
		{1, 2, []string{"a", "b"}}, {4, 10, []string{"d", "e"}}, {6, 10, nil}, {0, 3, nil}, {1, 0, nil},
	} {
		if diff := cmp.Diff(test.want, ids(t, l, test.from, test.max)); diff != "" {
			t.Errorf("from %d max %d (-want +got):\n%s", test.from, test.max, diff)
		}
	}
	for range l.Leaves(context.Background(), 1, 5) {
		break
	}
	w.Always(storetest.Broken)
	for _, err := range l.Leaves(context.Background(), 1, 5) {
		withheld(t, err, "")
	}
}

func TestTags(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	tagger, err := audit.OpenTagger(ctx, w.config())
	if err != nil {
		t.Fatal(err)
	}
	same, err := audit.OpenTagger(ctx, w.config())
	if err != nil {
		t.Fatal(err)
	}
	other, err := audit.OpenTagger(ctx, newWorld(t).config())
	if err != nil {
		t.Fatal(err)
	}
	tag := tagger.Subject(epoch(), "urn:uuid:one")
	if tag == "" || tag != same.Subject(epoch().AddDate(0, 9, 0), "urn:uuid:one") {
		t.Error("the tag of one person differs within a year")
	}
	for name, differs := range map[string]audit.Tag{
		"person": tagger.Subject(epoch(), "urn:uuid:two"),
		"year":   tagger.Subject(epoch().AddDate(1, 0, 0), "urn:uuid:one"),
		"role":   tagger.Actor(epoch(), "urn:uuid:one"),
		"key":    other.Subject(epoch(), "urn:uuid:one"),
	} {
		if differs == tag || differs == "" {
			t.Errorf("the tag does not depend on the %s", name)
		}
	}
	zone := time.FixedZone("east", 14*3600)
	if at := time.Date(2027, 1, 1, 1, 0, 0, 0, zone); tagger.Subject(at, "urn:uuid:one") != tag {
		t.Error("the year of a tag is not that of UTC")
	}
	for name, none := range map[string]audit.Tag{
		"nobody": tagger.Subject(epoch(), ""), "zero": (&audit.Tagger{}).Subject(epoch(), "x"), "nil": (*audit.Tagger)(nil).Actor(epoch(), "x"),
	} {
		if none != "" {
			t.Errorf("%s has a tag", name)
		}
	}
}

func TestTaggerAfterFaults(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	w.Next(storetest.Lost)
	if _, err := audit.OpenTagger(ctx, w.config()); reason.Of(err) != reason.AuditUnavailable {
		t.Fatalf("%v", err)
	}
	w.Next(storetest.Persisted)
	a, err := audit.OpenTagger(ctx, w.config())
	if err != nil {
		t.Fatal(err)
	}
	b, err := audit.OpenTagger(ctx, w.config())
	if err != nil || a.Subject(epoch(), "x") != b.Subject(epoch(), "x") {
		t.Fatalf("the key was made twice: %v", err)
	}
	e, err := w.Get(ctx, prefix+"tag-key")
	if err != nil {
		t.Fatal(err)
	}
	e.Value = e.Value[1:]
	if err := w.Commit(ctx, store.Change{Entry: e}); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.OpenTagger(ctx, w.config()); reason.Of(err) != reason.AuditInconsistent {
		t.Errorf("a short key: %v", err)
	}
}

func TestTaggerIsSecret(t *testing.T) {
	tagger, err := audit.OpenTagger(context.Background(), newWorld(t).config())
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		for _, v := range []any{tagger, *tagger, struct{ T *audit.Tagger }{tagger}} {
			if got := fmt.Sprintf(format, v); !strings.Contains(got, "[secret]") && !strings.Contains(got, "0x") {
				t.Errorf("%s prints %s", format, got)
			}
		}
	}
	var out strings.Builder
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "tagger", tagger)
	if !strings.Contains(out.String(), "tagger=[secret]") {
		t.Errorf("a log line has %s", out.String())
	}
	if raw, err := json.Marshal(tagger); err != nil || string(raw) != `"[secret]"` {
		t.Errorf("JSON is %s, %v", raw, err)
	}
}

// TestLeafSize keeps a leaf small and free of everything but what it is made of.
func TestLeafSize(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	l := w.open(t)
	tagger, err := audit.OpenTagger(ctx, w.config())
	if err != nil {
		t.Fatal(err)
	}
	typical := audit.Event{
		Type: audit.Decision, ID: "0190f6d0-9d5e-7c3a-8a51-b3f0e6a1c2d4", Outcome: "permit", Reasons: []reason.Code{reason.OK},
		Subject: tagger.Subject(epoch(), "Jane Doe 9000000009"), Actor: tagger.Actor(epoch(), "did:key:z6MkCanary"),
		Evidence: "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", Framework: 12, StatusAge: time.Minute, Flow: "cross_device",
	}
	largest := typical
	largest.ID, largest.Outcome, largest.Flow = strings.Repeat("i", audit.MaxID), strings.Repeat("o", audit.MaxOutcome), strings.Repeat("f", audit.MaxFlow)
	largest.Framework, largest.StatusAge = 1<<53-1, 1<<63-1
	largest.Reasons = make([]reason.Code, 100)
	for i := range largest.Reasons {
		largest.Reasons[i] = reason.TrustRelationshipNotAccredited
	}
	for i, e := range []audit.Event{typical, typical, largest} {
		if _, err := l.Append(ctx, e); err != nil {
			t.Fatal(err)
		}
		stored, err := w.Get(ctx, fmt.Sprintf("%sleaf/%016x", prefix, i+1))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d bytes: %s", len(stored.Value), stored.Value)
		if max := []int{480, 480, 800}[i]; len(stored.Value) > max {
			t.Errorf("leaf %d has %d bytes, want at most %d", i+1, len(stored.Value), max)
		}
		for _, canary := range []string{"Jane", "9000000009", "z6Mk"} {
			if strings.Contains(string(stored.Value), canary) {
				t.Errorf("leaf %d says %s", i+1, canary)
			}
		}
	}
	verified(t, w, 3)
}

func Example() {
	ctx := context.Background()
	s, err := memory.New(memory.Config{Now: time.Now})
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg := audit.Config{Store: s, Now: time.Now, Rand: rand.Reader, Prefix: "audit/"}
	log, err := audit.Open(ctx, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer log.Close()
	// The nonce is spent and the decision is recorded, or neither.
	spend := store.Change{Entry: store.Entry{Key: "nonce/1"}}
	decision := audit.Event{Type: audit.Decision, ID: "ev_1", Outcome: "deny", Reasons: []reason.Code{reason.StatusRevoked}}
	receipt, err := log.Append(ctx, decision, spend)
	fmt.Println(receipt.Seq, err)
	_, err = log.Append(ctx, decision, spend)
	fmt.Println(err)
	report, err := audit.Verify(ctx, s, "audit/")
	fmt.Println(report.Leaves, err)
	// Output:
	// 1 <nil>
	// store: conflict on "nonce/1"
	// 1 <nil>
}
