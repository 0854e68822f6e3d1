// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/store"
)

func testScan(t *testing.T, open Open) {
	s := open(t, fixed)
	if got := scan(t, s, ""); len(got) != 0 {
		t.Fatalf("an empty store yields %v", keys(got))
	}
	for _, k := range []string{"b", "a/2", "a", "a/10", "a/1", "a0", "\xff\xff", "\xff", "a/"} {
		commit(t, s, put(k, "value of "+k, 0))
	}
	for prefix, want := range map[string][]string{
		"":     {"a", "a/", "a/1", "a/10", "a/2", "a0", "b", "\xff", "\xff\xff"},
		"a":    {"a", "a/", "a/1", "a/10", "a/2", "a0"},
		"a/":   {"a/", "a/1", "a/10", "a/2"},
		"a/1":  {"a/1", "a/10"},
		"\xff": {"\xff", "\xff\xff"},
		"c":    {},
	} {
		got := scan(t, s, prefix)
		if diff := cmp.Diff(want, keys(got)); diff != "" {
			t.Errorf("scan %q (-want +got):\n%s", prefix, diff)
		}
		for _, e := range got {
			if string(e.Value) != "value of "+e.Key || e.Version != 1 {
				t.Errorf("scan %q yields %+v", prefix, e)
			}
		}
	}
}

// testScanView commits while a scan runs: the scan must not see any of it.
func testScanView(t *testing.T, open Open) {
	s := open(t, fixed)
	for i := range 50 {
		commit(t, s, put(fmt.Sprintf("k%02d", i), "old", 0))
	}
	seen := 0
	for e, err := range s.Scan(context.Background(), "k") {
		if err != nil {
			t.Fatal(err)
		}
		if seen == 0 { // everything changes behind and before the cursor
			var changes []store.Change
			for i := range 50 {
				if i%2 == 0 {
					changes = append(changes, remove(fmt.Sprintf("k%02d", i), 1))
				} else {
					changes = append(changes, put(fmt.Sprintf("k%02d", i), "new", 1))
				}
				changes = append(changes, put(fmt.Sprintf("k%02d+", i), "new", 0))
			}
			commit(t, s, changes...)
		}
		if string(e.Value) != "old" {
			t.Fatalf("the scan sees %+v, which was committed after it began", e)
		}
		seen++
	}
	if seen != 50 {
		t.Errorf("the scan yields %d entries, want 50", seen)
	}
	if got := len(scan(t, s, "k")); got != 75 {
		t.Errorf("the next scan yields %d entries, want 75", got)
	}
}

func testScanStops(t *testing.T, open Open) {
	s := open(t, fixed)
	commit(t, s, put("a", "", 0), put("b", "", 0), put("c", "", 0))
	seq := s.Scan(context.Background(), "")
	for range 2 { // a sequence may be walked again
		n := 0
		for _, err := range seq {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 2 {
				break
			}
		}
		if n != 2 {
			t.Fatalf("the loop ran %d times, want 2", n)
		}
	}
	commit(t, s, put("d", "", 0)) // nothing was left locked
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n, failed := 0, false
	for _, err := range s.Scan(ctx, "") {
		if failed = err != nil; failed {
			break
		}
		n++
		cancel()
	}
	if n != 1 || !failed {
		t.Errorf("cancelled after one entry, the scan yields %d and an error: %v", n, failed)
	}
}

// testScanAndUse uses the store within the loop, with enough data for a file to grow.
func testScanAndUse(t *testing.T, open Open) {
	s, ctx := open(t, fixed), context.Background()
	for i := range 10 {
		commit(t, s, put(fmt.Sprintf("k%d", i), "v", 0))
	}
	big := string(make([]byte, 1<<20))
	for e, err := range s.Scan(ctx, "k") {
		if err != nil {
			t.Fatal(err)
		}
		commit(t, s, put("copy/"+e.Key, big, 0))
		if _, err := s.Get(ctx, e.Key); err != nil {
			t.Fatal(err)
		}
		for _, err := range s.Scan(ctx, "copy/") {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := len(scan(t, s, "copy/")); got != 10 {
		t.Errorf("%d entries were written within the loop, want 10", got)
	}
}
