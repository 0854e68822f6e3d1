// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"context"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

func TestStatesMayFollow(t *testing.T) {
	w := newWorld(t)
	states := []status.State{status.Valid, status.Suspended, status.Revoked}
	for _, from := range states {
		for _, to := range states {
			ref := w.allocate()
			w.set(from, ref)
			err := w.book.Set(context.Background(), []Ref{ref}, to)
			left := to
			if from == status.Revoked && to != status.Revoked {
				want(t, err, reason.RevokeIrreversible)
				left = status.Revoked
			} else if err != nil {
				t.Errorf("%v to %v: %v", from, to, err)
			}
			if s, err := w.book.State(context.Background(), ref); err != nil || s != left {
				t.Errorf("%v to %v: is %v %v", from, to, s, err)
			}
		}
	}
}

func TestSetRefuses(t *testing.T) {
	w := newWorld(t)
	ref := w.allocate()
	ctx := context.Background()
	for name, c := range map[string]struct {
		refs []Ref
		to   status.State
		code reason.Code
	}{
		"unknown state":        {[]Ref{ref}, status.Unknown, reason.StatusValueUnknown},
		"another state":        {[]Ref{ref}, 9, reason.StatusValueUnknown},
		"no ref":               {nil, status.Revoked, reason.StatusIndex},
		"too many":             {make([]Ref, MaxFlips+1), status.Revoked, reason.StatusIndex},
		"outside":              {[]Ref{{ref.List, DefaultCapacity}}, status.Revoked, reason.StatusIndex},
		"far outside":          {[]Ref{{ref.List, 1<<64 - 1}}, status.Revoked, reason.StatusIndex},
		"unknown list":         {[]Ref{{ListID{1, 2}, 0}}, status.Revoked, reason.ObjectUnknown},
		"zero list":            {[]Ref{{}}, status.Revoked, reason.ObjectUnknown},
		"good one and bad one": {[]Ref{ref, {ref.List, DefaultCapacity}}, status.Revoked, reason.StatusIndex},
	} {
		if err := w.book.Set(ctx, c.refs, c.to); reason.Of(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s, err := w.book.State(ctx, ref); err != nil || s != status.Valid {
		t.Errorf("a refusal changed the state to %v %v", s, err)
	}
	_, err := w.book.State(ctx, Ref{ref.List, DefaultCapacity})
	want(t, err, reason.StatusIndex)
}

// TestFlipTogether: the flips of all copies and the caller's own record are one commit.
func TestFlipTogether(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.allocate()
	id := ListID{1, 1}
	refs := []Ref{{id, 5}, {id, 6}, {id, perChunk + 5}, {id, 5}} // two in one chunk, one elsewhere, one twice
	changes, err := w.book.Flip(ctx, refs, status.Revoked)
	if err != nil || len(changes) != 2 {
		t.Fatalf("%d changes, %v", len(changes), err)
	}
	if s, err := w.book.State(ctx, refs[0]); err != nil || s != status.Valid {
		t.Fatalf("Flip alone changed the state: %v %v", s, err)
	}
	record := store.Change{Entry: store.Entry{Key: "credential/1", Value: []byte("revoked")}}
	if err := w.store.Commit(ctx, append(changes, record)...); err != nil {
		t.Fatal(err)
	}
	for _, ref := range refs {
		if s, err := w.book.State(ctx, ref); err != nil || s != status.Revoked {
			t.Errorf("%v is %v %v", ref, s, err)
		}
	}
	if changes, err = w.book.Flip(ctx, refs, status.Revoked); err != nil || len(changes) != 0 {
		t.Errorf("again: %d changes, %v", len(changes), err)
	}
	// One that cannot be done keeps all from being done.
	fresh := Ref{id, 7}
	_, err = w.book.Flip(ctx, []Ref{fresh, refs[0]}, status.Valid)
	want(t, err, reason.RevokeIrreversible)
}

// TestSetWith: what goes with a state is committed with it, also when the state is there already,
// and its conflict is the caller's.
func TestSetWith(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	ref := w.allocate()
	leaf := func(key string, version uint64) store.Change {
		return store.Change{Entry: store.Entry{Key: key, Value: []byte("x"), Version: version}}
	}
	if err := w.book.Set(ctx, []Ref{ref}, status.Revoked, leaf("audit/1", 0)); err != nil {
		t.Fatal(err)
	}
	if err := w.book.Set(ctx, []Ref{ref}, status.Revoked, leaf("audit/2", 0)); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"audit/1", "audit/2"} {
		if _, err := w.store.Get(ctx, key); err != nil {
			t.Error(key, err)
		}
	}
	other := w.allocate()
	err := w.book.Set(ctx, []Ref{other}, status.Revoked, leaf("audit/1", 0))
	if own, ok := err.(*store.ConflictError); !ok || own.Key != "audit/1" {
		t.Errorf("got %v", err)
	}
	if s, err := w.book.State(ctx, other); err != nil || s != status.Valid {
		t.Errorf("half of a commit was made: %v %v", s, err)
	}
}

func TestContendedFlips(t *testing.T) {
	w := newWorld(t)
	w.allocate()
	w.store.set(&store.ConflictError{Key: chunkKey(Ref{ListID{1, 1}, 0})}, false)
	ref := Ref{ListID{1, 1}, 0}
	want(t, w.book.Set(context.Background(), []Ref{ref}, status.Suspended), reason.StorageUnavailable)
	want(t, w.book.Set(context.Background(), []Ref{ref}, status.Revoked), reason.RevokeNotDurable)
}

// TestParallelFlips: flips that meet in one chunk all happen.
func TestParallelFlips(t *testing.T) {
	w := newWorld(t)
	w.allocate()
	var wait sync.WaitGroup
	for i := range uint64(12) {
		wait.Go(func() {
			if err := w.book.Set(context.Background(), []Ref{{ListID{1, 1}, i}}, status.Revoked); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	_, l := w.token(ListID{1, 1})
	for i := range uint64(13) {
		if s, err := l.Bits.State(i); err != nil || (s == status.Revoked) != (i < 12) {
			t.Errorf("%d is %v %v", i, s, err)
		}
	}
}

func TestDamagedRecords(t *testing.T) {
	ctx := context.Background()
	for key, value := range map[string]string{
		(ListID{1, 1}).key("list"):            `{"capacity":5}`,
		(ListID{1, 1}).chunkPrefix() + "0000": "short",
		"status/cursor/00000001":              `[]`,
	} {
		w := newWorld(t)
		ref := w.allocate()
		w.restart()
		e, err := w.store.Get(ctx, key)
		if err == nil || e.Version == 0 {
			e.Key = key
		}
		e.Value = []byte(value)
		if err := w.store.Commit(ctx, store.Change{Entry: e}); err != nil {
			t.Fatal(err)
		}
		_, errAlloc := w.alloc.Allocate(ctx)
		_, errToken := w.pub.Token(ctx, ref.List)
		_, errState := w.book.State(ctx, Ref{ref.List, 0})
		found := 0
		for _, err := range []error{errAlloc, errToken, errState} {
			if reason.Of(err) == reason.StorageCorrupt {
				found++
			} else if err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
		if found == 0 {
			t.Errorf("%s: damage was not seen", key)
		}
	}
}

// TestBookModel drives a Book and what it publishes against a map, with restarts: issue, suspend,
// resume, revoke, publish, restart.
func TestBookModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		model := map[Ref]status.State{}
		var refs []Ref
		lastIssued := time.Time{}
		pick := func(rt *rapid.T) Ref {
			if len(refs) == 0 {
				rt.Skip("nothing issued yet")
			}
			return rapid.SampledFrom(refs).Draw(rt, "ref")
		}
		rt.Repeat(map[string]func(*rapid.T){
			"allocate": func(rt *rapid.T) {
				ref := w.allocate()
				if _, twice := model[ref]; twice {
					rt.Fatalf("%v twice", ref)
				}
				model[ref] = status.Valid
				refs = append(refs, ref)
			},
			"set": func(rt *rapid.T) {
				ref := pick(rt)
				to := rapid.SampledFrom([]status.State{status.Valid, status.Suspended, status.Revoked}).Draw(rt, "to")
				err := w.book.Set(context.Background(), []Ref{ref}, to)
				if was := model[ref]; was == status.Revoked && to != status.Revoked {
					if reason.Of(err) != reason.RevokeIrreversible {
						rt.Fatalf("%v to %v: %v", was, to, err)
					}
					return
				}
				if err != nil {
					rt.Fatal(err)
				}
				model[ref] = to
			},
			"restart": func(*rapid.T) { w.restart() },
			"wait":    func(rt *rapid.T) { w.add(time.Duration(rapid.IntRange(0, 60).Draw(rt, "seconds")) * time.Second) },
			"publish": func(rt *rapid.T) { lastIssued = published(rt, w, model, lastIssued) },
		})
	})
}

// published compares all that is published with model, and returns the issue time.
func published(rt *rapid.T, w *world, model map[Ref]status.State, last time.Time) time.Time {
	if len(model) == 0 {
		rt.Skip("no list yet")
	}
	id := ListID{1, 1}
	w.add(time.Second) // the dates of lists may not run ahead of a clock that stands
	doc, l := w.token(id)
	if doc.Issued.Before(last) || !l.Issued.Equal(doc.Issued) {
		rt.Fatalf("issued %v after %v", doc.Issued, last)
	}
	purpose := rapid.SampledFrom([]Purpose{Revocation, Suspension}).Draw(rt, "purpose")
	bits := w.bitstring(id, purpose)
	for ref, state := range model {
		s, err := l.Bits.State(ref.Index)
		on, errBit := bits.Bits.Set(ref.Index)
		set := state == map[Purpose]status.State{Revocation: status.Revoked, Suspension: status.Suspended}[purpose]
		if ref.List != id || err != nil || errBit != nil || s != state || on != set {
			rt.Fatalf("%v is %v; published %v, %s %v", ref, state, s, purpose, on)
		}
	}
	return doc.Issued
}

func BenchmarkStatusSet(b *testing.B) {
	w := newWorld(b)
	w.allocate()
	ctx := context.Background()
	var i uint64
	b.ReportAllocs()
	for b.Loop() {
		to := []status.State{status.Suspended, status.Valid}[i/DefaultCapacity%2]
		if err := w.book.Set(ctx, []Ref{{ListID{1, 1}, i % DefaultCapacity}}, to); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkStatusFlipAndSign is one revocation until it is published.
func BenchmarkStatusFlipAndSign(b *testing.B) {
	w := newWorld(b)
	w.allocate()
	ctx := context.Background()
	var i uint64
	b.ReportAllocs()
	for b.Loop() {
		if err := w.book.Set(ctx, []Ref{{ListID{1, 1}, i % DefaultCapacity}}, status.Revoked); err != nil {
			b.Fatal(err)
		}
		w.add(time.Second)
		if _, err := w.pub.Token(ctx, ListID{1, 1}); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
