// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/store"
)

func testGet(t *testing.T, open Open) {
	s := open(t, fixed)
	want(t, s, "a", "", 0)
	commit(t, s, put("a", "1", 0), put("b", "", 0))
	want(t, s, "a", "1", 1)
	want(t, s, "b", "", 1)
	want(t, s, "ab", "", 0)
	commit(t, s) // nothing to do is no error
}

func testVersions(t *testing.T, open Open) {
	s := open(t, fixed)
	for v := range uint64(5) {
		commit(t, s, put("k", fmt.Sprint(v), v))
		want(t, s, "k", fmt.Sprint(v), v+1)
	}
	refused(t, s, "k", put("k", "old", 4))
	refused(t, s, "k", put("k", "new", 6))
	refused(t, s, "k", put("k", "first", 0))
	want(t, s, "k", "4", 5)
}

func testDelete(t *testing.T, open Open) {
	s := open(t, fixed)
	commit(t, s, put("k", "1", 0))
	commit(t, s, put("k", "2", 1))
	refused(t, s, "k", remove("k", 1))
	refused(t, s, "k", remove("k", 0))
	commit(t, s, remove("k", 2))
	want(t, s, "k", "", 0)
	refused(t, s, "k", remove("k", 2))
	commit(t, s, remove("k", 0)) // asserts absence
	want(t, s, "k", "", 0)
	commit(t, s, put("k", "again", 0))
	want(t, s, "k", "again", 1)
}

func testConflict(t *testing.T, open Open) {
	s := open(t, fixed)
	commit(t, s, put("a", "1", 0), put("b", "1", 0), put("c", "1", 0))
	refused(t, s, "b", put("a", "2", 1), put("b", "2", 7), put("c", "2", 7))
	refused(t, s, "c", put("c", "2", 7), put("b", "2", 7))
	refused(t, s, "absent", put("absent", "2", 1))
}

func testAllOrNone(t *testing.T, open Open) {
	s := open(t, fixed)
	commit(t, s, put("a", "1", 0), put("b", "1", 0))
	refused(t, s, "b", put("a", "2", 1), remove("z", 0), put("new", "2", 0), put("b", "2", 0))
	want(t, s, "a", "1", 1)
	want(t, s, "b", "1", 1)
	want(t, s, "new", "", 0)
	commit(t, s, remove("a", 1), put("b", "2", 1), put("new", "2", 0))
	want(t, s, "a", "", 0)
	want(t, s, "b", "2", 2)
	want(t, s, "new", "2", 1)
}

func testTwice(t *testing.T, open Open) {
	s := open(t, fixed)
	for _, second := range []store.Change{put("k", "2", 0), put("k", "2", 1), remove("k", 1)} {
		err := s.Commit(context.Background(), put("k", "1", 0), put("other", "1", 0), second)
		if err == nil {
			t.Fatal("a key named twice was accepted")
		}
		if _, conflict := store.IsConflict(err); conflict {
			t.Fatalf("a key named twice is no conflict: %v", err)
		}
	}
	want(t, s, "k", "", 0)
	want(t, s, "other", "", 0)
}

func testBounds(t *testing.T, open Open) {
	s, ctx := open(t, fixed), context.Background()
	long := strings.Repeat("k", store.MaxKey+1)
	for name, c := range map[string]store.Change{
		"empty key":   put("", "v", 0),
		"long key":    put(long, "v", 0),
		"long value":  {Entry: store.Entry{Key: "k", Value: make([]byte, store.MaxValue+1)}},
		"long delete": remove(long, 0),
	} {
		if err := s.Commit(ctx, put("beside", "v", 0), c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	many := make([]store.Change, store.MaxChanges+1)
	for i := range many {
		many[i] = put(fmt.Sprintf("k%05d", i), "", 0)
	}
	if err := s.Commit(ctx, many...); err == nil {
		t.Errorf("%d changes: accepted", len(many))
	}
	for _, key := range []string{"", long} {
		if _, err := s.Get(ctx, key); err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("get of a key of %d bytes: %v", len(key), err)
		}
	}
	if got := scan(t, s, ""); len(got) != 0 {
		t.Errorf("a refused commit left %d entries", len(got))
	}
	for _, err := range s.Scan(ctx, long) {
		if err == nil {
			t.Error("scan of a prefix that is too long yields an entry")
		}
		return
	}
	t.Error("scan of a prefix that is too long yields no error")
}

// testLargest uses exactly the bounds, which are allowed.
func testLargest(t *testing.T, open Open) {
	s := open(t, fixed)
	key, value := strings.Repeat("k", store.MaxKey), strings.Repeat("v", store.MaxValue)
	commit(t, s, put(key, value, 0))
	want(t, s, key, value, 1)
	if got := keys(scan(t, s, key)); len(got) != 1 {
		t.Errorf("scan of the longest prefix yields %d entries", len(got))
	}
	many := make([]store.Change, store.MaxChanges)
	for i := range many {
		many[i] = put(fmt.Sprintf("many/%05d", i), "v", 0)
	}
	commit(t, s, many...)
	if got := len(scan(t, s, "many/")); got != store.MaxChanges {
		t.Errorf("%d of %d changes were applied", got, store.MaxChanges)
	}
}

func testExpiry(t *testing.T, open Open) {
	clock := NewClock(epoch())
	s, ctx := open(t, clock.Now), context.Background()
	expiring := put("k", "1", 0)
	expiring.Expires = epoch().Add(time.Minute)
	commit(t, s, expiring, put("beside", "v", 0))
	clock.Advance(time.Minute - 1)
	if e, err := s.Get(ctx, "k"); err != nil || e.Version != 1 || !e.Expires.Equal(expiring.Expires) {
		t.Fatalf("get just before it expires: %+v, %v", e, err)
	}
	refused(t, s, "k", put("k", "2", 0))
	clock.Advance(1)
	want(t, s, "k", "", 0)
	if got := keys(scan(t, s, "")); !cmp.Equal(got, []string{"beside"}) {
		t.Fatalf("scan after it expired: %v", got)
	}
	refused(t, s, "k", put("k", "2", 1))
	refused(t, s, "k", remove("k", 1))
	commit(t, s, put("k", "again", 0))
	want(t, s, "k", "again", 1)
	clock.Advance(time.Hour)
	want(t, s, "k", "again", 1) // what takes its place does not inherit its end
}

// testExpiryForm wants an instant back, whatever its zone and however far away it is.
func testExpiryForm(t *testing.T, open Open) {
	s := open(t, fixed)
	for i, at := range []time.Time{
		time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
		epoch().Add(1).In(time.FixedZone("elsewhere", 3600)),
	} {
		c := put(fmt.Sprint(i), "v", 0)
		c.Expires = at
		commit(t, s, c)
		e, err := s.Get(context.Background(), c.Key)
		if err != nil || !e.Expires.Equal(at) || e.Expires.Location() != time.UTC {
			t.Errorf("expires %v is read back as %v, %v", at, e.Expires, err)
		}
	}
	past := put("past", "v", 0)
	past.Expires = time.Date(1901, 1, 1, 0, 0, 0, 0, time.UTC)
	commit(t, s, past)
	want(t, s, "past", "", 0)
}

// testSweep gives a driver every occasion to remove what has expired, and wants the rest kept.
func testSweep(t *testing.T, open Open) {
	clock := NewClock(epoch())
	s := open(t, clock.Now)
	var changes []store.Change
	for i := range 300 {
		c := put(fmt.Sprintf("k%03d", i), "v", 0)
		if i%3 != 0 {
			c.Expires = epoch().Add(time.Duration(i) * time.Second)
		}
		changes = append(changes, c)
	}
	commit(t, s, changes...)
	clock.Advance(200 * time.Second)
	for i := range uint64(20) {
		commit(t, s, put("tick", "v", i))
	}
	live := 0
	for i, c := range changes {
		if gone := i%3 != 0 && i <= 200; gone {
			want(t, s, c.Key, "", 0)
			continue
		}
		live++
		if e, err := s.Get(context.Background(), c.Key); err != nil || !bytes.Equal(e.Value, c.Value) {
			t.Fatalf("get %q: %+v, %v", c.Key, e, err)
		}
	}
	if got := len(scan(t, s, "k")); got != live {
		t.Errorf("scan yields %d, want %d", got, live)
	}
}

func testContext(t *testing.T, open Open) {
	s := open(t, fixed)
	commit(t, s, put("k", "1", 0))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Commit(ctx, put("k", "2", 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("commit: %v, want %v", err, context.Canceled)
	}
	want(t, s, "k", "1", 1)
	if _, err := s.Get(ctx, "k"); !errors.Is(err, context.Canceled) {
		t.Errorf("get: %v, want %v", err, context.Canceled)
	}
	var last error
	for _, last = range s.Scan(ctx, "") {
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("scan: %v, want %v", last, context.Canceled)
	}
}

func testOwnership(t *testing.T, open Open) {
	s, ctx := open(t, fixed), context.Background()
	value := []byte("value")
	commit(t, s, store.Change{Entry: store.Entry{Key: "k", Value: value}})
	copy(value, "XXXXX")
	want(t, s, "k", "value", 1)
	e, err := s.Get(ctx, "k")
	if err != nil {
		t.Fatal(err)
	}
	copy(e.Value, "YYYYY")
	want(t, s, "k", "value", 1)
	for e, err := range s.Scan(ctx, "k") {
		if err != nil {
			t.Fatal(err)
		}
		copy(e.Value, "ZZZZZ")
		_ = append(e.Value, "more"...)
	}
	want(t, s, "k", "value", 1)
}
