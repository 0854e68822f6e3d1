// SPDX-License-Identifier: Apache-2.0

package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/store/storetest"
)

// TestFaults wants each fault to do what it says, as other tests believe it.
func TestFaults(t *testing.T) {
	clock := storetest.NewClock(time.Unix(0, 0))
	inner, err := memory.New(memory.Config{Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	s, ctx := storetest.NewFaults(inner), context.Background()
	s.Next(storetest.Lost, storetest.Persisted, storetest.Full, storetest.None)
	for _, want := range []struct {
		key  string
		code reason.Code
		done bool
	}{
		{"lost", reason.StorageUnavailable, false},
		{"persisted", reason.StorageUnavailable, true},
		{"full", reason.StorageFull, false},
		{"none", "", true},
		{"after", "", true},
	} {
		err := s.Commit(ctx, store.Change{Entry: store.Entry{Key: want.key}})
		if reason.Of(err) != want.code || errors.Is(err, store.ErrFull) != (want.code == reason.StorageFull) {
			t.Errorf("%s: %v", want.key, err)
		}
		if _, err := s.Get(ctx, want.key); (err == nil) != want.done {
			t.Errorf("%s: get: %v", want.key, err)
		}
	}
	s.Always(storetest.Broken)
	_, getErr := s.Get(ctx, "none")
	commitErr := s.Commit(ctx)
	var scanErr error
	for _, scanErr = range s.Scan(ctx, "") {
	}
	for _, err := range []error{getErr, commitErr, scanErr} {
		if !errors.Is(err, storetest.ErrInjected) {
			t.Errorf("broken: %v", err)
		}
	}
	if s.Commits() != 6 {
		t.Errorf("%d commits were counted, want 6", s.Commits())
	}
}

// A driver proves itself in a few lines.
func ExampleRun() {
	_ = func(t *testing.T) {
		storetest.Run(t, func(t *testing.T, now func() time.Time) store.Store {
			s, err := memory.New(memory.Config{Now: now})
			if err != nil {
				t.Fatal(err)
			}
			return s
		})
	}
	fmt.Println("go test")
	// Output: go test
}
