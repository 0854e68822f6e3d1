// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/behalf-id/behalf/store"
)

const workers = 8

// together runs f in several goroutines at once and waits for them.
func together(t *testing.T, f func(worker int) error) {
	t.Helper()
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			if err := f(w); err != nil {
				t.Errorf("worker %d: %v", w, err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// read returns the number that key holds, 0 if it is absent, and its version.
func read(s store.Store, key string) (number int, version uint64, err error) {
	e, err := s.Get(context.Background(), key)
	if errors.Is(err, store.ErrNotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	number, err = strconv.Atoi(string(e.Value))
	return number, e.Version, err
}

// testCounter adds in parallel by compare-and-swap: no addition may be lost or done twice.
func testCounter(t *testing.T, open Open) {
	s := open(t, fixed)
	const each = 20
	together(t, func(int) error {
		for done := 0; done < each; {
			n, v, err := read(s, "n")
			if err != nil {
				return err
			}
			err = s.Commit(context.Background(), put("n", strconv.Itoa(n+1), v))
			if _, conflict := store.IsConflict(err); conflict {
				continue
			}
			if err != nil {
				return err
			}
			done++
		}
		return nil
	})
	if n, v, err := read(s, "n"); err != nil || n != workers*each || v != workers*each {
		t.Errorf("%d at version %d, %v: want %d", n, v, err, workers*each)
	}
}

// testOneWinner lets all try to be first, often: a nonce is spent once.
func testOneWinner(t *testing.T, open Open) {
	s := open(t, fixed)
	const rounds = 25
	var won [rounds]atomic.Int32
	together(t, func(w int) error {
		for r := range rounds {
			beside := put(fmt.Sprintf("beside/%d/%d", r, w), "", 0)
			err := s.Commit(context.Background(), beside, put(fmt.Sprintf("nonce/%d", r), strconv.Itoa(w), 0))
			if _, conflict := store.IsConflict(err); conflict {
				continue
			}
			if err != nil {
				return err
			}
			won[r].Add(1)
		}
		return nil
	})
	for r := range rounds {
		if n := won[r].Load(); n != 1 {
			t.Errorf("round %d has %d winners", r, n)
		}
	}
	if got := len(scan(t, s, "beside/")); got != rounds {
		t.Errorf("%d changes of losers or winners are there, want %d", got, rounds)
	}
}

// testTransfers moves amounts between accounts while others scan: every view has the same total.
func testTransfers(t *testing.T, open Open) {
	s := open(t, fixed)
	const accounts, each = 5, 25
	var opening []store.Change
	for i := range accounts {
		opening = append(opening, put(fmt.Sprintf("account/%d", i), "100", 0))
	}
	commit(t, s, opening...)
	together(t, func(w int) error {
		for i := range each {
			if w%2 == 0 {
				if err := audit(s, accounts*100); err != nil {
					return err
				}
				continue
			}
			if err := transfer(s, (w+i)%accounts, (w+2*i+1)%accounts); err != nil {
				return err
			}
		}
		return nil
	})
	if err := audit(s, accounts*100); err != nil {
		t.Error(err)
	}
}

// transfer moves 1 from one account to another; to lose against another transfer is no error.
func transfer(s store.Store, from, to int) error {
	if from == to {
		return nil
	}
	a, b := fmt.Sprintf("account/%d", from), fmt.Sprintf("account/%d", to)
	x, xv, err := read(s, a)
	if err != nil {
		return err
	}
	y, yv, err := read(s, b)
	if err != nil {
		return err
	}
	err = s.Commit(context.Background(), put(a, strconv.Itoa(x-1), xv), put(b, strconv.Itoa(y+1), yv))
	if _, conflict := store.IsConflict(err); conflict {
		return nil
	}
	return err
}

// audit returns an error unless one view of all accounts sums up to total.
func audit(s store.Store, total int) error {
	sum := 0
	for e, err := range s.Scan(context.Background(), "account/") {
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(e.Value))
		if err != nil {
			return err
		}
		sum += n
	}
	if sum != total {
		return fmt.Errorf("one view sums up to %d, want %d", sum, total)
	}
	return nil
}

// testReadYourAcks checks the order in real time: who reads after an acknowledgement sees it or
// something newer, and nobody sees a number go down.
func testReadYourAcks(t *testing.T, open Open) {
	s := open(t, fixed)
	var acked atomic.Int64
	together(t, func(w int) error {
		last := 0
		for i := range 60 {
			if w == 0 {
				if err := s.Commit(context.Background(), put("n", strconv.Itoa(i+1), uint64(i))); err != nil {
					return err
				}
				acked.Store(int64(i + 1))
			}
			floor := int(acked.Load())
			n, _, err := read(s, "n")
			if err != nil {
				return err
			}
			if n < floor || n < last {
				return fmt.Errorf("read %d after %d was acknowledged and %d was seen", n, floor, last)
			}
			last = n
		}
		return nil
	})
}
