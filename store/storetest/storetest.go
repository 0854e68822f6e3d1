// SPDX-License-Identifier: Apache-2.0

// Package storetest is the contract of package store as a test suite, with a store that fails on demand.
package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/behalf-id/behalf/store"
)

// Open makes an empty store whose clock is now, and closes it when the test ends.
type Open func(t *testing.T, now func() time.Time) store.Store

// Run checks that the stores which open makes keep the contract of store.Store.
func Run(t *testing.T, open Open) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Open){
		"Get":          testGet,
		"Versions":     testVersions,
		"Delete":       testDelete,
		"Conflict":     testConflict,
		"AllOrNone":    testAllOrNone,
		"Twice":        testTwice,
		"Bounds":       testBounds,
		"Largest":      testLargest,
		"Expiry":       testExpiry,
		"ExpiryForm":   testExpiryForm,
		"Sweep":        testSweep,
		"Scan":         testScan,
		"ScanView":     testScanView,
		"ScanStops":    testScanStops,
		"ScanAndUse":   testScanAndUse,
		"Context":      testContext,
		"Ownership":    testOwnership,
		"Counter":      testCounter,
		"OneWinner":    testOneWinner,
		"Transfers":    testTransfers,
		"ReadYourAcks": testReadYourAcks,
		"Model":        testModel,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

// epoch is when the clocks of the suite begin.
func epoch() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func fixed() time.Time { return epoch() }

// put is a change that writes value at a version.
func put(key, value string, version uint64) store.Change {
	return store.Change{Entry: store.Entry{Key: key, Value: []byte(value), Version: version}}
}

// remove is a change that deletes a version.
func remove(key string, version uint64) store.Change {
	return store.Change{Entry: store.Entry{Key: key, Version: version}, Delete: true}
}

// commit commits and ends the test if that fails.
func commit(t testing.TB, s store.Store, changes ...store.Change) {
	t.Helper()
	if err := s.Commit(context.Background(), changes...); err != nil {
		t.Fatalf("commit: %v", err)
	}
}

// want fails the test unless key holds value at version; version 0 wants it absent.
func want(t testing.TB, s store.Store, key, value string, version uint64) {
	t.Helper()
	got, err := s.Get(context.Background(), key)
	if version == 0 {
		if !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("get %q: %+v, %v, want it absent", key, got, err)
		}
		return
	}
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	if got.Key != key || string(got.Value) != value || got.Version != version || !got.Expires.IsZero() {
		t.Fatalf("get %q: %.200v, want %.50q at version %d", key, got, value, version)
	}
}

// refused fails the test unless the commit is a conflict on key.
func refused(t testing.TB, s store.Store, key string, changes ...store.Change) {
	t.Helper()
	err := s.Commit(context.Background(), changes...)
	if got, ok := store.IsConflict(err); !ok || got != key {
		t.Fatalf("commit: %v, want a conflict on %q", err, key)
	}
}

// scan returns what a scan yields, and ends the test on an error.
func scan(t testing.TB, s store.Store, prefix string) []store.Entry {
	t.Helper()
	var all []store.Entry
	for e, err := range s.Scan(context.Background(), prefix) {
		if err != nil {
			t.Fatalf("scan %q: %v", prefix, err)
		}
		all = append(all, e)
	}
	return all
}

func keys(entries []store.Entry) []string {
	all := make([]string, 0, len(entries))
	for _, e := range entries {
		all = append(all, e.Key)
	}
	return all
}
