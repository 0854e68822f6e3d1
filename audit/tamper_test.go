// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/memory"
)

// forgery is a log of ten leaves in a store whose records can be changed at will.
type forgery struct {
	t   testing.TB
	s   store.Store
	cfg Config
}

func newForgery(t testing.TB) *forgery {
	t.Helper()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now := func() time.Time { return at }
	s, err := memory.New(memory.Config{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	f := &forgery{t: t, s: s, cfg: Config{Store: s, Now: now, Rand: rand.Reader, Prefix: "audit/"}}
	l, err := Open(context.Background(), f.cfg)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		at = at.Add(time.Second)
		if _, err := l.Append(context.Background(), Event{Type: Decision, ID: fmt.Sprint("id-", i+1), Outcome: "deny"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *forgery) get(key string) store.Entry {
	f.t.Helper()
	e, err := f.s.Get(context.Background(), key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		f.t.Fatal(err)
	}
	e.Key = key
	return e
}

// set puts value in the place of a record; nil deletes it.
func (f *forgery) set(key string, value []byte) {
	f.t.Helper()
	e := f.get(key)
	e.Value = value
	if err := f.s.Commit(context.Background(), store.Change{Entry: e, Delete: value == nil}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *forgery) leaf(seq uint64) Leaf {
	f.t.Helper()
	l, err := parseLeaf(f.get(leafKey("audit/", seq)).Value)
	if err != nil {
		f.t.Fatal(err)
	}
	return l
}

// put stores l, with a hash that fits, at a place.
func (f *forgery) put(at uint64, l Leaf) {
	f.t.Helper()
	raw, err := l.seal()
	if err != nil {
		f.t.Fatal(err)
	}
	f.set(leafKey("audit/", at), raw)
}

func (f *forgery) head(h head) {
	f.t.Helper()
	raw, err := h.encode()
	if err != nil {
		f.t.Fatal(err)
	}
	f.set(headKey("audit/"), raw)
}

// forged is something that can be done to a log, and the first leaf that it makes bad.
type forged struct {
	forge func(*forgery)
	first uint64
}

func editsAndCuts() map[string]forged {
	return map[string]forged{
		"edit a byte": {func(f *forgery) {
			f.set(leafKey("audit/", 4), bytes.Replace(f.get(leafKey("audit/", 4)).Value, []byte("deny"), []byte("fine"), 1))
		}, 4},
		"edit and hash anew":           {func(f *forgery) { l := f.leaf(4); l.Outcome = "permit"; f.put(4, l) }, 5},
		"edit the last and hash anew":  {func(f *forgery) { l := f.leaf(10); l.Outcome = "permit"; f.put(10, l) }, 10},
		"edit the first and hash anew": {func(f *forgery) { l := f.leaf(1); l.Outcome = "permit"; f.put(1, l) }, 2},
		"add a space": {func(f *forgery) {
			f.set(leafKey("audit/", 4), append(f.get(leafKey("audit/", 4)).Value, ' '))
		}, 4},
		"name a member twice": {func(f *forgery) {
			f.set(leafKey("audit/", 4), bytes.Replace(f.get(leafKey("audit/", 4)).Value, []byte(`"v":1`), []byte(`"v":1,"v":1`), 1))
		}, 4},
		"delete the first":         {func(f *forgery) { f.set(leafKey("audit/", 1), nil) }, 1},
		"delete one":               {func(f *forgery) { f.set(leafKey("audit/", 4), nil) }, 4},
		"cut the last":             {func(f *forgery) { f.set(leafKey("audit/", 10), nil) }, 10},
		"cut the tail":             {func(f *forgery) { f.set(leafKey("audit/", 9), nil); f.set(leafKey("audit/", 10), nil) }, 9},
		"delete the head":          {func(f *forgery) { f.set(headKey("audit/"), nil) }, 1},
		"damage the head":          {func(f *forgery) { f.set(headKey("audit/"), []byte("{}")) }, 0},
		"set the head back":        {func(f *forgery) { l := f.leaf(9); f.head(head{Seq: 9, Hash: l.Hash, Time: l.Time.Unix()}) }, 10},
		"set the head's hash back": {func(f *forgery) { l := f.leaf(9); f.head(head{Seq: 10, Hash: l.Hash, Time: l.Time.Unix()}) }, 10},
	}
}

func movesAndInsertions() map[string]forged {
	return map[string]forged{
		"set the head forward": {func(f *forgery) { f.head(head{Seq: 11, Hash: f.leaf(10).Hash, Time: f.leaf(10).Time.Unix()}) }, 11},
		"move the head's time": {func(f *forgery) { f.head(head{Seq: 10, Hash: f.leaf(10).Hash, Time: 1}) }, 10},
		"swap two": {func(f *forgery) {
			a, b := f.get(leafKey("audit/", 4)).Value, f.get(leafKey("audit/", 5)).Value
			f.set(leafKey("audit/", 4), b)
			f.set(leafKey("audit/", 5), a)
		}, 4},
		"swap two and number anew": {func(f *forgery) {
			a, b := f.leaf(4), f.leaf(5)
			a.Seq, b.Seq = 5, 4
			f.put(4, b)
			f.put(5, a)
		}, 4},
		"insert": {func(f *forgery) {
			for seq := uint64(10); seq >= 5; seq-- {
				l := f.leaf(seq)
				l.Seq++
				f.put(seq+1, l)
			}
			l := f.leaf(4)
			l.Seq, l.Prev, l.ID = 5, l.Hash, "inserted"
			f.put(5, l)
		}, 6},
		"append behind the head": {func(f *forgery) {
			l := f.leaf(10)
			l.Seq, l.Prev = 11, l.Hash
			f.put(11, l)
		}, 11},
		"repeat one": {func(f *forgery) { f.set(leafKey("audit/", 6), f.get(leafKey("audit/", 5)).Value) }, 6},
		"set a time back": {func(f *forgery) {
			l := f.leaf(10)
			l.Time = f.leaf(3).Time
			f.put(10, l)
			f.head(head{Seq: 10, Hash: f.leaf(10).Hash, Time: l.Time.Unix()})
		}, 10},
	}
}

// TestTampering does each thing that can be done to a log, and wants the first bad leaf named, by
// Verify and, as all lies within the last leaves, by Open too.
func TestTampering(t *testing.T) {
	all := editsAndCuts()
	maps.Copy(all, movesAndInsertions())
	for name, test := range all {
		t.Run(name, func(t *testing.T) {
			f := newForgery(t)
			test.forge(f)
			_, err := Verify(context.Background(), f.s, "audit/")
			found(t, err, test.first)
			l, err := Open(context.Background(), f.cfg)
			found(t, err, test.first)
			if l != nil {
				t.Error("Open returns a log")
			}
		})
	}
}

// TestForeignRecord: Open does not look for it, Verify does.
func TestForeignRecord(t *testing.T) {
	for _, key := range []string{"audit/leaf/", "audit/leaf/0000000000000004 ", "audit/a", "audit/leaf/x", "audit/z"} {
		f := newForgery(t)
		f.set(key, []byte("{}"))
		if _, err := Verify(context.Background(), f.s, "audit/"); reason.Of(err) != reason.AuditInconsistent {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func found(t *testing.T, err error, first uint64) {
	t.Helper()
	e, ok := errors.AsType[*reason.Error](err)
	if !ok || e.Code != reason.AuditInconsistent || !strings.HasPrefix(e.Detail, fmt.Sprintf("leaf %d: ", first)) {
		t.Errorf("%v, want %s at leaf %d", err, reason.AuditInconsistent, first)
	}
}

// TestLeavesAreChecked reads a damaged log page by page, as an operator does.
func TestLeavesAreChecked(t *testing.T) {
	f := newForgery(t)
	l, err := Open(context.Background(), f.cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	edited := f.leaf(4)
	edited.Outcome = "permit"
	f.put(4, edited)
	n, last := 0, error(nil)
	for _, err := range l.Leaves(context.Background(), 1, 10) {
		if last = err; err == nil {
			n++
		}
	}
	if n != 4 {
		t.Errorf("%d leaves before the error, want 4", n)
	}
	found(t, last, 5)
}

// TestEveryBitCounts flips each bit of a stored leaf.
func TestEveryBitCounts(t *testing.T) {
	raw := newForgery(t).get(leafKey("audit/", 4)).Value
	for i := range len(raw) * 8 {
		raw[i/8] ^= 1 << (i % 8)
		if l, err := parseLeaf(raw); err == nil {
			t.Errorf("bit %d of %s may be flipped: %+v", i, raw, l)
		}
		raw[i/8] ^= 1 << (i % 8)
	}
}

// TestCanonical compares what seal writes with the canonical form of RFC 8785.
func TestCanonical(t *testing.T) {
	codes := reason.All()
	rapid.Check(t, func(t *rapid.T) {
		digest := rapid.Custom(func(t *rapid.T) string {
			return strings.Repeat("A", 42) + rapid.SampledFrom([]string{"A", "E", "8"}).Draw(t, "end")
		})
		l := Leaf{
			Seq: rapid.Uint64Range(1, maxInteger).Draw(t, "seq"), Time: time.Unix(rapid.Int64Range(-1e9, 1e11).Draw(t, "time"), 0).UTC(),
			Type: rapid.SampledFrom([]Type{Decision, Issue}).Draw(t, "type"), ID: rapid.StringMatching(`[A-Za-z0-9._-]{1,64}`).Draw(t, "id"),
			Outcome: rapid.StringMatching(`[a-z_]{0,32}`).Draw(t, "outcome"), MoreReasons: rapid.IntRange(0, 9).Draw(t, "more"),
			Evidence: digest.Draw(t, "evidence"), Framework: rapid.IntRange(0, maxInteger).Draw(t, "framework"),
			StatusAge: time.Duration(rapid.IntRange(0, 1e6).Draw(t, "age")) * time.Second, Salt: digest.Draw(t, "salt"),
			Flow: rapid.StringMatching(`[a-z_]{0,16}`).Draw(t, "flow"),
			Prev: rapid.SampledFrom([]string{"", digest.Draw(t, "prev")}).Draw(t, "first"),
		}
		for range rapid.IntRange(0, MaxReasons).Draw(t, "reasons") {
			l.Reasons = append(l.Reasons, rapid.SampledFrom(codes).Draw(t, "reason").Code)
		}
		raw, err := l.seal()
		if err != nil {
			t.Fatal(err)
		}
		canonical := jsontext.Value(bytes.Clone(raw))
		if err := canonical.Canonicalize(); err != nil || !bytes.Equal(canonical, raw) {
			t.Fatalf("%s is canonically %s (%v)", raw, canonical, err)
		}
		if got, err := parseLeaf(raw); err != nil || got.Hash != l.Hash || got.Seq != l.Seq || !got.Time.Equal(l.Time) {
			t.Fatalf("%s is read as %+v, %v", raw, got, err)
		}
	})
}

func FuzzParseLeaf(f *testing.F) {
	for seq := range uint64(3) {
		f.Add(newForgery(f).get(leafKey("audit/", seq+1)).Value)
	}
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"id":"a","salt":"","seq":1,"time":0,"type":"issue","v":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := parseLeaf(raw)
		if err != nil {
			return
		}
		if again, err := l.seal(); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("%s is written as %s, %v", raw, again, err)
		}
	})
}

func FuzzParseHead(f *testing.F) {
	f.Add(newForgery(f).get(headKey("audit/")).Value)
	f.Add([]byte(`{"hash":"","seq":1,"time":0}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, ok := parseHead(raw, 1)
		if !ok {
			return
		}
		if again, err := h.encode(); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("%s is written as %s, %v", raw, again, err)
		}
	})
}
