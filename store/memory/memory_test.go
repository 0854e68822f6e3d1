// SPDX-License-Identifier: Apache-2.0

package memory_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/store/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) store.Store {
		s, err := memory.New(memory.Config{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestNewRefusesNoClock(t *testing.T) {
	if s, err := memory.New(memory.Config{}); err == nil || s != nil {
		t.Errorf("New without a clock returns %v, %v", s, err)
	}
}

func Example() {
	s, err := memory.New(memory.Config{Now: time.Now})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	spend := store.Change{Entry: store.Entry{Key: "nonce/1", Expires: time.Now().Add(time.Minute)}}
	fmt.Println(s.Commit(ctx, spend))
	fmt.Println(s.Commit(ctx, spend))
	// Output:
	// <nil>
	// store: conflict on "nonce/1"
}
