// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/store"
)

// testModel runs random histories against one store and a map that says what the store should
// do. Each history has a prefix of its own, so that they share the store.
func testModel(t *testing.T, open Open) {
	clock := NewClock(epoch())
	s := open(t, clock.Now)
	history := 0
	rapid.Check(t, func(t *rapid.T) {
		history++
		m := &model{store: s, clock: clock, prefix: fmt.Sprintf("%d/", history), live: map[string]store.Entry{}}
		t.Repeat(map[string]func(*rapid.T){
			"commit": m.commit,
			"get":    m.get,
			"scan":   m.scan,
			"wait":   m.wait,
		})
	})
}

type model struct {
	store  store.Store
	clock  *Clock
	prefix string
	live   map[string]store.Entry
}

func (m *model) key(t *rapid.T) string {
	return m.prefix + rapid.SampledFrom([]string{"a", "a/b", "b", "b/", "c"}).Draw(t, "key")
}

func (m *model) commit(t *rapid.T) {
	chosen := rapid.SliceOfNDistinct(rapid.Custom(m.key), 1, 4, rapid.ID).Draw(t, "keys")
	var changes []store.Change
	for _, k := range chosen {
		c := store.Change{Entry: store.Entry{Key: k, Value: rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "value")}}
		c.Version = m.live[k].Version
		if rapid.IntRange(0, 9).Draw(t, "stale") == 0 {
			c.Version = rapid.Uint64Range(0, 3).Draw(t, "version")
		}
		if rapid.Bool().Draw(t, "expires") {
			c.Expires = m.clock.Now().Add(time.Duration(rapid.IntRange(-5, 60).Draw(t, "seconds")) * time.Second)
		}
		c.Delete = rapid.IntRange(0, 3).Draw(t, "delete") == 0
		changes = append(changes, c)
	}
	err := m.store.Commit(context.Background(), changes...)
	key, conflict := store.IsConflict(err)
	if err != nil && !conflict {
		t.Fatalf("commit: %v", err)
	}
	if want := m.apply(changes); key != want {
		t.Fatalf("conflict on %q, want %q", key, want)
	}
}

// apply does to the model what a commit should do, and returns the key in conflict, if any.
func (m *model) apply(changes []store.Change) string {
	for _, c := range changes {
		if m.live[c.Key].Version != c.Version {
			return c.Key
		}
	}
	for _, c := range changes {
		c.Version++
		c.Expires = c.Expires.UTC()
		m.live[c.Key] = c.Entry
		if c.Delete {
			delete(m.live, c.Key)
		}
	}
	m.forget()
	return ""
}

func (m *model) forget() {
	maps.DeleteFunc(m.live, func(_ string, e store.Entry) bool {
		return !e.Expires.IsZero() && !m.clock.Now().Before(e.Expires)
	})
}

func (m *model) wait(t *rapid.T) {
	m.clock.Advance(time.Duration(rapid.IntRange(1, 30).Draw(t, "seconds")) * time.Second)
	m.forget()
}

func (m *model) get(t *rapid.T) {
	key := m.key(t)
	got, err := m.store.Get(context.Background(), key)
	want, ok := m.live[key]
	if !ok {
		if !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("get %q: %+v, %v, want it absent", key, got, err)
		}
		return
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatalf("get %q: %v (-want +got):\n%s", key, err, diff)
	}
}

func (m *model) scan(t *rapid.T) {
	prefix := m.prefix + rapid.SampledFrom([]string{"", "a", "a/", "b", "d"}).Draw(t, "prefix")
	want := []store.Entry{}
	for _, k := range slices.Sorted(maps.Keys(m.live)) {
		if strings.HasPrefix(k, prefix) {
			want = append(want, m.live[k])
		}
	}
	got := []store.Entry{}
	for e, err := range m.store.Scan(context.Background(), prefix) {
		if err != nil {
			t.Fatalf("scan: %v", err)
		}
		got = append(got, e)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("scan %q (-want +got):\n%s", prefix, diff)
	}
}
