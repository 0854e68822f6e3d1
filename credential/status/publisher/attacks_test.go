// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"context"
	mathrand "math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/memory"
)

// elsewhere lists the rows of category status that are not tested here, each with the reason.
var elsewhere = map[string]string{
	"STS-01": "credential/status/snapshot", "STS-02": "credential/status/snapshot", "STS-03": "credential/status/snapshot",
	"STS-04": "credential/status and credential/status/bitstring",
	"STS-08": "credential/status/snapshot", "STS-09": "credential/status/snapshot", "STS-10": "credential/status/snapshot",
	"STS-11": "credential/status/snapshot", "STS-12": "credential/status/snapshot", "STS-15": "credential/status/snapshot",
	"STS-16": "credential/status",
	"STS-17": "credential/status/snapshot", "STS-18": "credential/status/snapshot",
}

func TestAttacks(t *testing.T) {
	tests := map[string]func(*testing.T){
		"STS-19": attackSequential, "STS-20": attackDuplicates, "STS-21": attackReuse, "STS-23": attackUnrevoke,
		"STS-24": attackNotStored, "STS-25": attackFlood, "STS-26": attackCaches, "STS-27": attackSize,
	}
	for name, f := range tests {
		t.Run(name, f)
	}
	t.Run("every row has its place", func(t *testing.T) {
		var file struct {
			Attacks []struct {
				ID       string `json:"id"`
				Category string `json:"category"`
			} `json:"attacks"`
		}
		if err := strictjson.Unmarshal(shared.Open(t, "data/attacks.json"), &file); err != nil {
			t.Fatal(err)
		}
		for _, a := range file.Attacks {
			if a.Category == "status" && (tests[a.ID] == nil) == (elsewhere[a.ID] == "") {
				t.Errorf("%s is tested here or elsewhere, and not both", a.ID)
			}
		}
	})
}

// attackSequential: 100,000 indices are uniform over the list, in all and in each tenth of the
// issues, and one issue tells nothing of the next.
func attackSequential(t *testing.T) {
	const n, cells = 100_000, 256
	w := newWorld(t)
	var counts [cells]float64
	var part [16]float64
	neighbours, rising := 0, 0
	var last uint64
	for i := range n {
		at := w.allocate().Index
		counts[at*cells/DefaultCapacity]++
		part[at*16/DefaultCapacity]++
		if i > 0 && (at == last+1 || at+1 == last) {
			neighbours++
		}
		if at > last {
			rising++
		}
		last = at
		if i%10_000 == 9_999 {
			if chi := chiSquare(part[:], 10_000); chi > 60 { // of 15 degrees of freedom
				t.Errorf("issues up to %d: chi-square %.0f", i+1, chi)
			}
			part = [16]float64{}
		}
	}
	if chi := chiSquare(counts[:], n); chi > 400 { // of 255 degrees of freedom
		t.Errorf("chi-square %.0f", chi)
	}
	if neighbours > 20 { // 1.5 are to be expected
		t.Errorf("%d neighbours were given one after another", neighbours)
	}
	if rising < n*48/100 || rising > n*52/100 {
		t.Errorf("%d of %d rise", rising, n)
	}
	block := make([]uint32, BlockSize)
	for i := range block {
		block[i] = uint32(i)
	}
	want(t, selfTest(block, DefaultCapacity), reason.StatusAllocRandom)
}

func chiSquare(counts []float64, n float64) float64 {
	expected, chi := n/float64(len(counts)), 0.0
	for _, c := range counts {
		chi += (c - expected) * (c - expected) / expected
	}
	return chi
}

// attackDuplicates: 1,000 parallel issues over 3 replicas on one list, of which one goes away in
// the middle and comes back. TestKill does the same with SIGKILL and a store on disk.
func attackDuplicates(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	replicas := []*Allocator{w.allocator(1), w.allocator(1), w.allocator(1)}
	results := make(chan Ref, 1000)
	var wait sync.WaitGroup
	for i := range 1000 {
		wait.Go(func() {
			mu.Lock()
			if i == 500 {
				replicas[1] = w.allocator(1)
			}
			a := replicas[i%3]
			mu.Unlock()
			ref, err := a.Allocate(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			results <- ref
		})
	}
	wait.Wait()
	close(results)
	unique(t, results, 1000)
}

func attackReuse(t *testing.T) {
	t.Run("after revocation", func(t *testing.T) {
		w := newWorld(t)
		results := make(chan Ref, 2*BlockSize)
		for range 2 * BlockSize {
			ref := w.allocate()
			w.set(status.Revoked, ref)
			results <- ref
		}
		close(results)
		unique(t, results, 2*BlockSize)
	})
	t.Run("over the end of a list", func(t *testing.T) {
		w := newWorld(t)
		results := make(chan Ref, 3*DefaultCapacity/BlockSize)
		for range cap(results) {
			results <- w.allocate()
			w.restart() // a block for each
		}
		close(results)
		unique(t, results, cap(results))
	})
	t.Run("after a restore from a backup", func(t *testing.T) {
		w := newWorld(t)
		var given []Ref
		for range 10 {
			given = append(given, w.allocate())
		}
		backup := copyOf(t, w)
		for range 3 * BlockSize {
			given = append(given, w.allocate())
		}
		w.store = &faulty{Store: backup}
		w.restart()
		a := w.allocator(2) // what the operator does after a restore
		results := make(chan Ref, len(given)+3*BlockSize)
		for _, ref := range given {
			results <- ref
		}
		for range 3 * BlockSize {
			ref, err := a.Allocate(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			results <- ref
		}
		close(results)
		unique(t, results, cap(results))
	})
}

func copyOf(t *testing.T, w *world) store.Store {
	t.Helper()
	mem, err := memory.New(memory.Config{Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range w.store.Scan(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		e.Version = 0
		if err := mem.Commit(context.Background(), store.Change{Entry: e}); err != nil {
			t.Fatal(err)
		}
	}
	return mem
}

func attackUnrevoke(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	revoked, suspended := w.allocate(), w.allocate()
	w.set(status.Revoked, revoked)
	w.set(status.Suspended, suspended)
	for _, to := range []status.State{status.Valid, status.Suspended} {
		want(t, w.book.Set(ctx, []Ref{revoked}, to), reason.RevokeIrreversible)
		_, err := w.book.Flip(ctx, []Ref{revoked}, to)
		want(t, err, reason.RevokeIrreversible)
	}
	w.set(status.Valid, suspended) // control: a suspension may be cleared
	w.set(status.Revoked, revoked) // control: revoking twice is no error
	w.restart()
	want(t, w.book.Set(ctx, []Ref{revoked}, status.Valid), reason.RevokeIrreversible)
	if _, l := w.token(revoked.List); true {
		if s, err := l.Bits.State(revoked.Index); err != nil || s != status.Revoked {
			t.Errorf("%v %v", s, err)
		}
	}
	// A change that was prepared before the revocation cannot undo it after.
	w.set(status.Suspended, suspended)
	late, err := w.book.Flip(ctx, []Ref{suspended}, status.Valid)
	if err != nil {
		t.Fatal(err)
	}
	w.set(status.Revoked, suspended)
	if _, conflict := store.IsConflict(w.store.Commit(ctx, late...)); !conflict {
		t.Error("a late change was committed over a revocation")
	}
}

func attackNotStored(t *testing.T) {
	for name, keep := range map[string]bool{"lost": false, "persisted all the same": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			ctx := context.Background()
			ref := w.allocate()
			w.store.set(errDisk, keep)
			want(t, w.book.Set(ctx, []Ref{ref}, status.Revoked), reason.RevokeNotDurable)
			w.store.set(nil, false)
			// Whatever happened, the next try succeeds and is then in the list.
			w.set(status.Revoked, ref)
			if _, l := w.token(ref.List); true {
				if s, err := l.Bits.State(ref.Index); err != nil || s != status.Revoked {
					t.Errorf("%v %v", s, err)
				}
			}
		})
	}
	t.Run("full", func(t *testing.T) {
		w := newWorld(t)
		ref := w.allocate()
		w.store.set(reason.Wrap(reason.StorageFull, "", store.ErrFull), false)
		want(t, w.book.Set(context.Background(), []Ref{ref}, status.Revoked), reason.RevokeNotDurable)
		want(t, w.book.Set(context.Background(), []Ref{ref}, status.Suspended), reason.StorageFull)
	})
}

// attackFlood: requests for 100,000 lists that do not exist take no memory, and serving one that
// does allocates nothing.
func attackFlood(t *testing.T) {
	t.Run("over HTTP", attackRequests)
	w := newWorld(t)
	ref := w.allocate()
	w.token(ref.List)
	ctx := context.Background()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range uint32(100_000) {
		if _, err := w.pub.Token(ctx, ListID{1, i + 2}); reason.Of(err) != reason.ObjectUnknown {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if len(w.pub.slots) != 1 || len(w.book.metas) != 1 {
		t.Errorf("%d slots and %d lists are kept", len(w.pub.slots), len(w.book.metas))
	}
	if after.HeapAlloc > before.HeapAlloc+1<<20 {
		t.Errorf("the heap grew by %d bytes", after.HeapAlloc-before.HeapAlloc)
	}
	if n := testing.AllocsPerRun(1000, func() {
		if _, err := w.pub.Token(ctx, ref.List); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations to serve a list", n)
	}
}

func attackCaches(t *testing.T) {
	t.Run("over HTTP", attackHeaders)
	w := newWorld(t)
	ref := w.allocate()
	first, l := w.token(ref.List)
	body := slices.Clone(first.Body)
	if first.MaxAge > l.TTL/2 || first.MaxAge <= 0 || first.MaxAge%time.Second != 0 {
		t.Errorf("max-age %v of a ttl of %v", first.MaxAge, l.TTL)
	}
	if len(first.ETag) < 18 || !strings.HasPrefix(first.ETag, `"`) || !strings.HasSuffix(first.ETag, `"`) {
		t.Errorf("ETag %s is not strong", first.ETag)
	}
	tags := map[string]bool{first.ETag: true}
	for i := range 10 {
		w.set([]status.State{status.Suspended, status.Valid}[i%2], ref)
		w.add(time.Second)
		doc, _ := w.token(ref.List)
		if tags[doc.ETag] {
			t.Error("two bodies with one ETag")
		}
		tags[doc.ETag] = true
	}
	if !slices.Equal(body, first.Body) {
		t.Error("a document was changed after it was served")
	}
}

// attackSize: what is published is the same, to the octet, whether one credential was issued or the
// list is nearly full, and how many entries are set does not tell how many were revoked.
func attackSize(t *testing.T) {
	var first []byte
	for _, issued := range []int{1, 100, DefaultCapacity / 2} {
		w := newWorld(t)
		w.alloc.cfg.Rand = mathrand.NewChaCha8([32]byte{1}) // the same seed of the list for all
		for range issued {
			if ref := w.allocate(); ref.List != (ListID{1, 1}) {
				t.Fatal(ref)
			}
		}
		_, l := w.token(ListID{1, 1})
		compressed, err := l.Bits.Compress()
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = compressed
		}
		if l.Bits.Len() != DefaultCapacity || !slices.Equal(first, compressed) {
			t.Errorf("%d issued: %d values, %d octets and not %d", issued, l.Bits.Len(), len(compressed), len(first))
		}
	}
}
