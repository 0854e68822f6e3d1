// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/storetest"
)

// TestCacheContract holds a Cache against the contract of a store. Its file is written to memory
// there, because the suite commits thousands of times; that it is durable is TestCacheComesBack's.
func TestCacheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) store.Store {
		v := newVault(t)
		v.disk.write = func(string, []byte) error { return nil }
		c, err := v.Cache(now)
		check(t, err)
		return c
	})
}

func TestCacheComesBack(t *testing.T) {
	v := newVault(t)
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	now := func() time.Time { return at }
	c, err := v.Cache(now)
	check(t, err)
	check(t, c.Commit(t.Context(),
		store.Change{Entry: store.Entry{Key: "a", Value: []byte("one")}},
		store.Change{Entry: store.Entry{Key: "b", Value: []byte{}, Expires: at.Add(time.Minute)}},
	))
	again, err := v.Cache(now)
	check(t, err)
	e, err := again.Get(t.Context(), "a")
	check(t, err)
	b, err := again.Get(t.Context(), "b")
	check(t, err)
	if string(e.Value) != "one" || e.Version != 1 || !b.Expires.Equal(at.Add(time.Minute)) {
		t.Errorf("came back as %+v, %+v", e, b)
	}
	at = at.Add(time.Minute)
	if _, err := again.Get(t.Context(), "b"); err == nil {
		t.Error("it did not expire")
	}
	v.disk = fullDisk()
	err = again.Commit(t.Context(), store.Change{Entry: store.Entry{Key: "c"}})
	want(t, err, reason.StorageUnavailable)
	if _, err := again.Get(t.Context(), "c"); err == nil {
		t.Error("what could not be written is there")
	}
}

func TestCacheDamage(t *testing.T) {
	v := newVault(t)
	c, err := v.Cache(time.Now)
	check(t, err)
	check(t, c.Commit(t.Context(), store.Change{Entry: store.Entry{Key: "a", Value: bytes.Repeat([]byte("x"), 300)}}))
	whole, err := os.ReadFile(v.path(cacheFile))
	check(t, err)
	for _, raw := range [][]byte{{}, whole[:len(whole)-1], flip(whole, len(whole)-20)} {
		check(t, os.WriteFile(v.path(cacheFile), raw, 0o600))
		_, err = v.Cache(time.Now)
		want(t, err, reason.StoreTampered)
	}
	if err := c.Commit(t.Context(), large("b"), large("c"), large("d"), large("e")); reason.Of(err) != reason.StorageFull {
		t.Errorf("beyond the bound: %v", err)
	}
	if _, err := v.Cache(nil); err == nil {
		t.Error("made without a clock")
	}
}

func large(key string) store.Change {
	return store.Change{Entry: store.Entry{Key: key, Value: make([]byte, store.MaxValue)}}
}
