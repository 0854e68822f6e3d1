// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/reason"
)

// The environment variables that choose the cases.
const (
	envCases = "BEHALF_CASES" // how many; 100,000 by default
	envSeed  = "BEHALF_SEED"  // where chance starts from; 1 by default
	envCase  = "BEHALF_CASE"  // the number of one case of that seed, to look at it alone
)

const (
	defaultCases = 100_000
	batch        = 1000 // cases that a worker takes at a time
	fewestPermit = 15   // percent of the cases that have to be permitted
	fewestLong   = 5    // percent that have to be permitted through two links or more
	mostReported = 40   // kinds of disagreement that are printed whole
)

// tally counts what the cases came to.
type tally struct {
	cases, permitted, long int
	reasons                map[reason.Code]int
	outcomes               map[string]int
}

func newTally() *tally { return &tally{reasons: map[reason.Code]int{}, outcomes: map[string]int{}} }

func (t *tally) count(q *question, a answer) {
	t.cases++
	t.reasons[a.Reason]++
	t.outcomes[a.Outcome]++
	if a.Reason == reason.OK {
		t.permitted++
		if len(q.Presentation.Chain) > 1 {
			t.long++
		}
	}
}

func (t *tally) merge(u *tally) {
	t.cases, t.permitted, t.long = t.cases+u.cases, t.permitted+u.permitted, t.long+u.long
	for code, n := range u.reasons {
		t.reasons[code] += n
	}
	for outcome, n := range u.outcomes {
		t.outcomes[outcome] += n
	}
}

// worker makes and answers cases. It remembers constraints by their text.
type worker struct {
	seed        uint64
	constraints map[string]credential.Constraint
	limits      map[string]*limits
	tally       *tally
}

func newWorker(seed uint64) *worker {
	return &worker{seed: seed, constraints: map[string]credential.Constraint{}, limits: map[string]*limits{}, tally: newTally()}
}

// read is read, once for each text.
func (w *worker) read(raw string) *limits {
	l, known := w.limits[raw]
	if !known {
		l = read(raw)
		w.limits[raw] = l
	}
	return l
}

// question makes case number n of the seed; the same number gives the same case.
func (w *worker) question(n uint64) *question {
	g := &gen{Rand: rand.New(rand.NewPCG(w.seed, n)), constraints: w.constraints}
	return g.question()
}

// both answers q by the product and by the oracle.
func (w *worker) both(q *question) (product, oracle answer) {
	d := delegation.Decide(q.World, q.Presentation, q.Request)
	product = answer{Outcome: d.Outcome.String(), Reason: d.Reason, Obligations: d.Obligations, NarrowTo: d.NarrowTo,
		Permission: d.Permission, RootPermission: d.RootPermission}
	return product, decide(q.World, q.Presentation, q.Request, w.read)
}

// same compares what delegation.md settles. The permission of the root is compared with a permit
// alone, as uses are counted by it.
func same(a, b answer) bool {
	return a.Outcome == b.Outcome && a.Reason == b.Reason && slices.Equal(a.Obligations, b.Obligations) &&
		slices.Equal(a.NarrowTo, b.NarrowTo) && a.Permission == b.Permission &&
		(a.Reason != reason.OK || a.RootPermission == b.RootPermission)
}

// TestOracle compares delegation.Decide with the oracle on random chains.
//
//	BEHALF_CASES=10000000 go test ./test/oracle -run TestOracle -timeout 0
func TestOracle(t *testing.T) {
	seed, cases := number(t, envSeed, 1), number(t, envCases, defaultCases)
	if os.Getenv(envCase) != "" {
		w, n := newWorker(seed), number(t, envCase, 0)
		w.report(t, n)
		return
	}
	total, wrong := run(seed, cases)
	t.Logf("seed %d: %d cases, %d permitted, %d of them through a chain, outcomes %v", seed, total.cases, total.permitted, total.long, total.outcomes)
	reportKinds(t, seed, wrong)
	if cases < defaultCases {
		return
	}
	if p := 100 * total.permitted / total.cases; p < fewestPermit {
		t.Errorf("%d %% of the cases are permitted, want %d %% at least", p, fewestPermit)
	}
	if p := 100 * total.long / total.cases; p < fewestLong {
		t.Errorf("%d %% of the cases are permitted through two links or more, want %d %% at least", p, fewestLong)
	}
	everyCode(t, total)
}

// reportKinds prints one case of each kind of disagreement, and how many there are of it.
func reportKinds(t *testing.T, seed uint64, wrong []uint64) {
	w, first, count := newWorker(seed), map[string]uint64{}, map[string]int{}
	for _, n := range wrong {
		product, oracle := w.both(w.question(n))
		kind := fmt.Sprintf("Decide says %s %s, the oracle %s %s", product.Outcome, product.Reason, oracle.Outcome, oracle.Reason)
		if count[kind]++; count[kind] == 1 {
			first[kind] = n
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		t.Errorf("seed %d: %d times: %s", seed, count[kind], kind)
	}
	for _, kind := range slices.Sorted(maps.Keys(first))[:min(len(first), mostReported)] {
		w.report(t, first[kind])
	}
}

// everyCode asks that each code of a decision was reached, and no other.
func everyCode(t *testing.T, total *tally) {
	for _, e := range reason.All() {
		switch n := total.reasons[e.Code]; {
		case e.Decision && n == 0:
			t.Errorf("%s was never reached", e.Code)
		case !e.Decision && n > 0:
			t.Errorf("%s was given, and is no code of a decision", e.Code)
		case e.Decision:
			t.Logf("%8d %s", n, e.Code)
		}
	}
}

func number(t *testing.T, name string, fallback uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return fallback
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// run answers the cases on all processors and returns the numbers of those that disagree, sorted.
func run(seed, cases uint64) (*tally, []uint64) {
	var next atomic.Uint64
	var lock sync.Mutex
	var wrong []uint64
	total, progress := newTally(), newProgress(cases)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			w := newWorker(seed)
			bad := w.work(&next, cases, progress)
			lock.Lock()
			defer lock.Unlock()
			total.merge(w.tally)
			wrong = append(wrong, bad...)
		})
	}
	group.Wait()
	slices.Sort(wrong)
	return total, wrong
}

func (w *worker) work(next *atomic.Uint64, cases uint64, progress *progress) (wrong []uint64) {
	for {
		first := next.Add(batch) - batch
		if first >= cases {
			return wrong
		}
		for n := first; n < min(first+batch, cases); n++ {
			q := w.question(n)
			product, oracle := w.both(q)
			w.tally.count(q, oracle)
			if !same(product, oracle) || !sound(q, product, w.read) {
				wrong = append(wrong, n)
				progress.wrong.Add(1)
			}
		}
		progress.done(first + batch)
	}
}

// progress tells on standard error how far a long run is.
type progress struct {
	start time.Time
	cases uint64
	wrong atomic.Uint64
}

func newProgress(cases uint64) *progress { return &progress{start: time.Now(), cases: cases} }

func (p *progress) done(n uint64) {
	if n%1_000_000 == 0 {
		fmt.Fprintf(os.Stderr, "oracle: %d of %d after %s, %d disagree\n", n, p.cases, time.Since(p.start).Round(time.Second), p.wrong.Load())
	}
}

// report makes case n again, makes it as small as it can, and prints it whole if it disagrees.
func (w *worker) report(t *testing.T, n uint64) {
	t.Helper()
	q := w.question(n)
	product, oracle := w.both(q)
	agree := same(product, oracle)
	if agree && sound(q, product, w.read) {
		t.Logf("case %d agrees: %+v", n, oracle)
		return
	}
	shrink(q, func() bool {
		p, o := w.both(q)
		return p.Reason == product.Reason && o.Reason == oracle.Reason && same(p, o) == agree && !(agree && sound(q, p, w.read))
	})
	product, oracle = w.both(q)
	text, err := json.MarshalIndent(q, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if agree {
		t.Error("both permit more than some link does")
	}
	t.Errorf("%s=%d %s=%d: Decide says\n  %+v\nthe oracle says\n  %+v\nto\n%s", envSeed, w.seed, envCase, n, product, oracle, text)
}
