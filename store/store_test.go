// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/memory"
)

func TestIsConflict(t *testing.T) {
	for _, test := range []struct {
		err  error
		key  string
		want bool
	}{
		{nil, "", false},
		{errors.New("other"), "", false},
		{store.ErrFull, "", false},
		{&store.ConflictError{Key: "k"}, "k", true},
		{fmt.Errorf("issue: %w", &store.ConflictError{Key: "k"}), "k", true},
	} {
		if key, got := store.IsConflict(test.err); got != test.want || key != test.key {
			t.Errorf("IsConflict(%v) = %q, %v", test.err, key, got)
		}
	}
}

// Example changes a record by compare-and-swap, until nobody was faster.
func Example() {
	s, err := memory.New(memory.Config{Now: time.Now})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	for {
		e, err := s.Get(ctx, "counter")
		if errors.Is(err, store.ErrNotFound) {
			e = store.Entry{Key: "counter"}
		} else if err != nil {
			fmt.Println(err)
			return
		}
		e.Value = append(e.Value, '+')
		err = s.Commit(ctx, store.Change{Entry: e})
		if _, conflict := store.IsConflict(err); conflict {
			continue
		}
		fmt.Println(string(e.Value), err)
		return
	}
	// Output: + <nil>
}
