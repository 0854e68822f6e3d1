// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/bitstring"
	"github.com/behalf-id/behalf/credential/status/tokenlist"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

func TestStates(t *testing.T) {
	w := newWorld(t)
	w.put(tokenURL, w.token(issuer, tokenURL, nil, map[uint64]uint8{3: 1, 4: 2, 5: 3, entries - 1: 1}))
	w.put(bitsURL, w.bitstring(issuer, bitsURL, nil, 3, entries-1))
	w.state(tokenRef(0), status.Valid, "")
	w.state(tokenRef(3), status.Revoked, "")
	w.state(tokenRef(4), status.Suspended, "")
	w.state(tokenRef(5), status.Unknown, reason.StatusValueUnknown)
	w.state(tokenRef(entries-1), status.Revoked, "")
	w.state(bitsRef(0), status.Valid, "")
	w.state(bitsRef(3), status.Revoked, "")
	w.state(bitsRef(entries-1), status.Revoked, "")
	if w.fetched(tokenURL) != 1 || w.fetched(bitsURL) != 1 || w.src.Len() != 2 {
		t.Errorf("fetched %v", w.fetches)
	}
}

func TestSuspensionList(t *testing.T) {
	w := newWorld(t)
	url := "https://issuer.test/status/bitstring/1-1-suspension"
	w.put(url, w.bitstring(issuer, url, func(l *bitstring.List) { l.Purposes = []string{bitstring.Suspension} }, 9))
	ref := credential.StatusRef{Kind: credential.BitstringStatusList, List: url, Index: 9, Purpose: bitstring.Suspension}
	w.state(ref, status.Suspended, "")
	ref.Index = 8
	w.state(ref, status.Valid, "")
	for _, purpose := range []string{"", "message", "refresh", "Suspension"} {
		ref.Purpose = purpose
		w.state(ref, status.Unknown, reason.StatusPurpose)
	}
}

// TestOneCopyTwoEntries reads the two Bitstring entries of one credential, as a verifier does.
func TestOneCopyTwoEntries(t *testing.T) {
	w := newWorld(t)
	suspended := "https://issuer.test/status/bitstring/1-1-suspension"
	w.put(bitsURL, w.bitstring(issuer, bitsURL, nil, 3))
	w.clock.add(10 * time.Second)
	w.put(suspended, w.bitstring(issuer, suspended, func(l *bitstring.List) { l.Purposes = []string{bitstring.Suspension} }, 3, 4))
	for index, want := range map[uint64]status.State{3: status.Revoked, 4: status.Suspended, 5: status.Valid} {
		refs := []credential.StatusRef{bitsRef(index), {Kind: credential.BitstringStatusList, List: suspended, Index: index, Purpose: bitstring.Suspension}}
		state, asOf, err := status.Of(context.Background(), w.src, issuer, refs)
		if err != nil || state != want || !asOf.Equal(w.clock.now().Add(-10*time.Second)) {
			t.Errorf("%d: %v %v %v", index, state, asOf, err)
		}
	}
}

// TestIssuerStopped: answers go on until the age limit, counted from the list's own issue time.
func TestIssuerStopped(t *testing.T) {
	w := newWorld(t)
	w.put(tokenURL, w.token(issuer, tokenURL, nil, map[uint64]uint8{3: 1}))
	w.clock.add(100 * time.Second) // the list is not young when it is downloaded
	w.state(tokenRef(0), status.Valid, "")
	w.down(tokenURL)
	for range 19 {
		w.clock.add(10 * time.Second)
		w.src.Refresh(context.Background())
		w.state(tokenRef(0), status.Valid, "")
		w.state(tokenRef(3), status.Revoked, "")
	}
	w.clock.add(10*time.Second - 1)
	w.state(tokenRef(0), status.Valid, "")
	w.clock.add(1)
	w.state(tokenRef(0), status.Unknown, reason.StatusUnavailable)
	w.state(tokenRef(3), status.Unknown, reason.StatusUnavailable)
	// The issuer comes back.
	w.put(tokenURL, w.token(issuer, tokenURL, nil, nil))
	w.clock.add(NegativeAge)
	w.state(tokenRef(0), status.Valid, "")
}

// TestOwnLimits: exp, ttl and validUntil shorten the life of a list, and the age limit does.
func TestOwnLimits(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*tokenlist.List)
		life   time.Duration
	}{
		{"age limit", func(l *tokenlist.List) { l.TTL, l.Expires = 0, time.Time{} }, 300 * time.Second},
		{"long ttl", func(l *tokenlist.List) { l.TTL = 12 * time.Hour }, 300 * time.Second},
		{"ttl", func(l *tokenlist.List) { l.TTL = 60 * time.Second }, 60 * time.Second},
		{"exp", func(l *tokenlist.List) { l.Expires = l.Issued.Add(45 * time.Second) }, 45 * time.Second},
		{"ttl beyond exp", func(l *tokenlist.List) { l.Expires, l.TTL = l.Issued.Add(45*time.Second), time.Minute }, 45 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.put(tokenURL, w.token(issuer, tokenURL, c.change, nil))
			w.state(tokenRef(0), status.Valid, "")
			w.clock.add(c.life - 1)
			w.state(tokenRef(0), status.Valid, "")
			w.clock.add(1)
			w.state(tokenRef(0), status.Unknown, reason.StatusUnavailable)
		})
	}
	t.Run("validUntil", func(t *testing.T) {
		w := newWorld(t)
		w.put(bitsURL, w.bitstring(issuer, bitsURL, func(l *bitstring.List) { l.Expires = l.Issued.Add(30 * time.Second) }))
		w.state(bitsRef(0), status.Valid, "")
		w.clock.add(30 * time.Second)
		w.state(bitsRef(0), status.Unknown, reason.StatusUnavailable)
	})
}

func TestNotYetValid(t *testing.T) {
	for _, c := range []struct {
		ahead time.Duration
		code  reason.Code
	}{{MaxAhead, ""}, {MaxAhead + time.Second, reason.StatusUnavailable}} {
		w := newWorld(t)
		w.put(tokenURL, w.token(issuer, tokenURL, func(l *tokenlist.List) { l.Issued = l.Issued.Add(c.ahead) }, nil))
		_, asOf, err := w.src.State(context.Background(), issuer, tokenRef(0))
		if reason.Of(err) != c.code || err == nil && !asOf.Equal(w.clock.now()) {
			t.Errorf("%v ahead: as of %v, %v", c.ahead, asOf, err)
		}
	}
	// A Bitstring list that was signed now and is valid from later.
	later := newWorld(t)
	raw := listCredential(later, `"revocation"`, gzipped(t, make([]byte, entries/8)), fmt.Sprintf(`"iat":%d,`, later.clock.now().Unix()))
	from := later.clock.now()
	for ahead, code := range map[time.Duration]reason.Code{MaxAhead: "", MaxAhead + time.Second: reason.StatusUnavailable} {
		moved := strings.Replace(raw, from.Format(time.RFC3339), from.Add(ahead).Format(time.RFC3339), 1)
		later.put(bitsURL, later.jws(issuer, bitstring.Type, moved))
		later.restart()
		if _, _, err := later.src.State(context.Background(), issuer, bitsRef(0)); reason.Of(err) != code {
			t.Errorf("valid from %v on: %v", ahead, err)
		}
	}
	// A clock that is set back does not make a list live longer.
	w := newWorld(t)
	w.put(tokenURL, w.token(issuer, tokenURL, nil, nil))
	w.state(tokenRef(0), status.Valid, "")
	w.clock.add(-2 * MaxAhead)
	w.state(tokenRef(0), status.Unknown, reason.StatusUnavailable)
}

// TestWhoMaySign: a list counts for an issuer only if the framework says that its signer speaks for it.
func TestWhoMaySign(t *testing.T) {
	w := newWorld(t)
	w.put(tokenURL, w.token(issuer, tokenURL, nil, map[uint64]uint8{1: 1}))
	ask := func(of string) (status.State, error) {
		s, _, err := w.src.State(context.Background(), of, tokenRef(1))
		return s, err
	}
	if s, err := ask(person); s != status.Revoked || err != nil {
		t.Errorf("a person's list at its host: %v %v", s, err)
	}
	if _, err := ask(attacker); reason.Of(err) != reason.FetchNotAllowed {
		t.Errorf("an issuer for which the host is not listed: %v", err)
	}
	// The attacker is listed with the same address, but the list is not its own; that of the
	// issuer is not harmed.
	w.allowed[attacker] = w.signers[attacker].Method.DID()
	if _, err := ask(attacker); reason.Of(err) != reason.StatusIssuer {
		t.Errorf("another party's list: %v", err)
	}
	if s, err := ask(issuer); s != status.Revoked || err != nil {
		t.Errorf("the issuer's own: %v %v", s, err)
	}
	// What the framework withdraws is withdrawn at once, though the list is held.
	delete(w.allowed, issuer)
	if _, err := ask(issuer); reason.Of(err) != reason.FetchNotAllowed {
		t.Errorf("after withdrawal: %v", err)
	}
	w.allowed[issuer] = did.DID{}
	if _, err := ask(issuer); reason.Of(err) != reason.FetchNotAllowed {
		t.Errorf("a zero signer: %v", err)
	}
}

func TestKeys(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		code   reason.Code
	}{
		"other key": {func(w *world) {
			w.signers[issuer] = did.Signer{Signer: w.signers[attacker].Signer, Method: w.signers[issuer].Method}
		}, reason.StatusSignature},
		"not an assertion":  {func(w *world) { w.docs[issuer].Purposes = map[did.Relationship][]string{did.Authentication: {"k1"}} }, reason.StatusSignature},
		"key removed":       {func(w *world) { w.docs[issuer].Methods = nil }, reason.StatusSignature},
		"key expired":       {func(w *world) { w.docs[issuer].Methods[0].Expires = w.clock.now() }, reason.StatusSignature},
		"no document":       {func(w *world) { delete(w.docs, issuer) }, reason.StatusUnavailable},
		"nothing is broken": {func(*world) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.change(w)
			w.put(tokenURL, w.token(issuer, tokenURL, nil, nil))
			_, _, err := w.src.State(context.Background(), issuer, tokenRef(0))
			if reason.Of(err) != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
}

// TestRefresh: a list is refreshed between 50 and 75 % of its life, and a revocation is seen then.
func TestRefresh(t *testing.T) {
	w := newWorld(t)
	w.put(tokenURL, w.token(issuer, tokenURL, nil, nil))
	w.state(tokenRef(3), status.Valid, "")
	w.clock.add(149 * time.Second)
	w.src.Refresh(context.Background())
	if n := w.fetched(tokenURL); n != 1 {
		t.Fatalf("refreshed before half of its life: %d fetches", n)
	}
	w.put(tokenURL, w.token(issuer, tokenURL, nil, map[uint64]uint8{3: 1}))
	w.clock.add(76 * time.Second)
	w.src.Refresh(context.Background())
	if n := w.fetched(tokenURL); n != 2 {
		t.Fatalf("not refreshed at 75 %% of its life: %d fetches", n)
	}
	w.state(tokenRef(3), status.Revoked, "")
	if n := w.fetched(tokenURL); n != 2 {
		t.Errorf("a question fetched: %d", n)
	}
}

// TestNotModified: an unchanged list stays, and does not get younger.
func TestNotModified(t *testing.T) {
	w := newWorld(t)
	w.put(tokenURL, w.token(issuer, tokenURL, nil, nil))
	w.state(tokenRef(0), status.Valid, "")
	w.clock.add(280 * time.Second)
	w.src.Refresh(context.Background())
	if n := w.fetched(tokenURL); n != 2 {
		t.Fatalf("%d fetches", n)
	}
	w.state(tokenRef(0), status.Valid, "")
	w.clock.add(20 * time.Second)
	w.state(tokenRef(0), status.Unknown, reason.StatusUnavailable)

	// 304 to a question without an ETag is no answer.
	lie := newWorld(t)
	lie.serve[tokenURL] = func(safehttp.Want) (safehttp.Response, error) { return safehttp.Response{NotModified: true}, nil }
	lie.state(tokenRef(0), status.Unknown, reason.StatusUnavailable)
}

// TestBadRefresh: a list that cannot be had or does not verify leaves the held one in use until its end.
func TestBadRefresh(t *testing.T) {
	w := newWorld(t)
	w.put(tokenURL, w.token(issuer, tokenURL, nil, map[uint64]uint8{3: 1}))
	w.state(tokenRef(3), status.Revoked, "")
	w.clock.add(250 * time.Second)
	w.put(tokenURL, w.token(attacker, tokenURL, nil, nil))
	w.src.Refresh(context.Background())
	w.state(tokenRef(3), status.Revoked, "")
	w.clock.add(51 * time.Second)
	w.state(tokenRef(3), status.Unknown, reason.StatusIssuer)
}

// TestNegative: a failure is not repeated for each request.
func TestNegative(t *testing.T) {
	w := newWorld(t)
	for range 100 {
		w.state(tokenRef(0), status.Unknown, reason.StatusUnavailable)
	}
	if n := w.fetched(tokenURL); n != 1 {
		t.Errorf("%d fetches", n)
	}
	w.clock.add(NegativeAge)
	w.state(tokenRef(0), status.Unknown, reason.StatusUnavailable)
	if n := w.fetched(tokenURL); n != 2 {
		t.Errorf("%d fetches", n)
	}
}

// TestCallerGivesUp: who gives up is answered, and does not take the list from those who wait on.
func TestCallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		body := w.token(issuer, tokenURL, nil, nil)
		release := make(chan struct{})
		w.serve[tokenURL] = func(safehttp.Want) (safehttp.Response, error) {
			<-release
			return safehttp.Response{Body: body}, nil
		}
		ctx, cancel := context.WithCancel(context.Background())
		errs := make(chan error, 2)
		ask := func(ctx context.Context) {
			_, _, err := w.src.State(ctx, issuer, tokenRef(0))
			errs <- err
		}
		go ask(ctx)
		synctest.Wait()
		go ask(context.Background())
		synctest.Wait()
		cancel()
		if err := <-errs; reason.Of(err) != reason.StatusUnavailable || !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up got %v", err)
		}
		close(release)
		if err := <-errs; err != nil {
			t.Errorf("who waited got %v", err)
		}
		if n := w.fetched(tokenURL); n != 1 {
			t.Errorf("%d fetches", n)
		}
	})
}

// TestPanic: a panic while a list is read is an error for who asked and ends nothing else.
func TestPanic(t *testing.T) {
	w := newWorld(t)
	w.serve[tokenURL] = func(safehttp.Want) (safehttp.Response, error) { panic("broken") }
	w.state(tokenRef(0), status.Unknown, reason.InternalIndeterminate)
}

// TestMarksFail: a list whose mark cannot be kept is not used.
func TestMarksFail(t *testing.T) {
	w := newWorld(t)
	w.marks = broken{w.marks}
	w.restart()
	w.put(tokenURL, w.token(issuer, tokenURL, nil, nil))
	w.state(tokenRef(0), status.Unknown, reason.StatusUnavailable)
}

type broken struct{ store.Store }

func (broken) Commit(context.Context, ...store.Change) error {
	return reason.New(reason.StorageUnavailable, "")
}

// TestMarkShared: two gateways over one store, of which the slower one does not bring an older list back.
func TestMarkShared(t *testing.T) {
	w := newWorld(t)
	older := w.token(issuer, tokenURL, nil, nil)
	w.clock.add(5 * time.Second)
	w.put(tokenURL, w.token(issuer, tokenURL, nil, map[uint64]uint8{3: 1}))
	w.state(tokenRef(3), status.Revoked, "")
	w.restart() // the other gateway
	w.put(tokenURL, older)
	w.state(tokenRef(3), status.Unknown, reason.StatusRollback)
}

func TestTooManyFlights(t *testing.T) {
	w := newWorld(t)
	ref := tokenRef(0)
	for i := range MaxFlights {
		ref.List = fmt.Sprintf("https://issuer.test/status/token/none-%d", i)
		w.state(ref, status.Unknown, reason.StatusUnavailable)
	}
	w.put(tokenURL, w.token(issuer, tokenURL, nil, nil))
	w.state(tokenRef(0), status.Unknown, reason.StatusUnavailable)
	if n := w.fetched(tokenURL); n != 0 || len(w.src.flights) != MaxFlights {
		t.Fatalf("%d fetches, %d flights", n, len(w.src.flights))
	}
	w.clock.add(NegativeAge) // what failed is forgotten, and there is room again
	w.state(tokenRef(0), status.Valid, "")
	if len(w.src.flights) != 0 {
		t.Errorf("%d flights are left", len(w.src.flights))
	}
}

// TestTooManyLists fills the Source with lists; those that are not asked for make way.
func TestTooManyLists(t *testing.T) {
	w := newWorld(t)
	l := &list{kind: credential.TokenStatusList, issued: w.clock.now(), until: w.clock.now().Add(2 * IdleAfter)}
	w.src.mu.Lock()
	for i := range MaxLists {
		if err := w.src.install(id{url: fmt.Sprint(i)}, l, w.clock.now()); err != nil {
			t.Fatal(err)
		}
	}
	w.src.mu.Unlock()
	w.put(tokenURL, w.token(issuer, tokenURL, nil, nil))
	w.state(tokenRef(0), status.Unknown, reason.StatusUnavailable)
	if w.src.Len() != MaxLists {
		t.Fatalf("%d lists", w.src.Len())
	}
	w.clock.add(IdleAfter + time.Second)
	w.put(tokenURL, w.token(issuer, tokenURL, nil, nil))
	w.state(tokenRef(0), status.Valid, "")
	if w.src.Len() != 1 {
		t.Errorf("%d lists", w.src.Len())
	}
}

// TestTooMuchMemory: few lists that are large are too many as well.
func TestTooMuchMemory(t *testing.T) {
	w := newWorld(t)
	values, err := tokenlist.Pack(8, make([]byte, 8<<20)) // one array for all: it is counted for each
	if err != nil {
		t.Fatal(err)
	}
	large := &list{kind: credential.TokenStatusList, token: values, issued: w.clock.now(), until: w.clock.now().Add(time.Hour)}
	w.src.mu.Lock()
	for i := range MaxMemory / (8 << 20) {
		if err := w.src.install(id{url: fmt.Sprint(i)}, large, w.clock.now()); err != nil {
			t.Fatal(err)
		}
	}
	w.src.mu.Unlock()
	w.put(tokenURL, w.token(issuer, tokenURL, nil, nil))
	w.state(tokenRef(0), status.Unknown, reason.StatusUnavailable)
}

// TestSwappedMark: a store that answers with another record is not believed.
func TestSwappedMark(t *testing.T) {
	w := newWorld(t)
	w.put(tokenURL, w.token(issuer, tokenURL, nil, nil))
	w.put(bitsURL, w.bitstring(issuer, bitsURL, nil))
	w.state(tokenRef(0), status.Valid, "")
	w.state(bitsRef(0), status.Valid, "")
	w.marks = swapped{w.marks}
	w.restart()
	w.state(tokenRef(0), status.Unknown, reason.StorageCorrupt)
}

// swapped answers each question with the first record that it holds for another.
type swapped struct{ store.Store }

func (s swapped) Get(ctx context.Context, key string) (store.Entry, error) {
	for e, err := range s.Scan(ctx, MarkPrefix) {
		if err != nil || e.Key != key {
			return e, err
		}
	}
	return store.Entry{}, store.ErrNotFound
}

func TestIdleListsGo(t *testing.T) {
	w := newWorld(t)
	w.put(tokenURL, w.token(issuer, tokenURL, nil, nil))
	w.state(tokenRef(0), status.Valid, "")
	w.clock.add(IdleAfter + time.Second)
	w.src.Refresh(context.Background())
	if w.src.Len() != 0 || w.fetched(tokenURL) != 1 {
		t.Errorf("%d lists, %d fetches", w.src.Len(), w.fetched(tokenURL))
	}
}

// TestWatch: a list is fetched before it is needed, once.
func TestWatch(t *testing.T) {
	w := newWorld(t)
	w.put(tokenURL, w.token(issuer, tokenURL, nil, nil))
	if err := w.src.Watch(context.Background(), issuer, tokenRef(0)); err != nil {
		t.Fatal(err)
	}
	if err := w.src.Watch(context.Background(), issuer, tokenRef(0)); err != nil || w.fetched(tokenURL) != 1 {
		t.Fatalf("a held list is watched: %v, %d fetches", err, w.fetched(tokenURL))
	}
	w.clock.add(250 * time.Second)
	w.src.Refresh(context.Background())
	if n := w.fetched(tokenURL); n != 2 {
		t.Errorf("%d fetches", n)
	}
	if err := w.src.Watch(context.Background(), attacker, tokenRef(0)); reason.Of(err) != reason.FetchNotAllowed {
		t.Errorf("watching what is not listed: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	good := newWorld(t).config()
	for name, change := range map[string]func(*Config){
		"no fetcher":       func(c *Config) { c.Fetcher = nil },
		"no resolver":      func(c *Config) { c.Resolver = nil },
		"no signer":        func(c *Config) { c.Signer = nil },
		"no marks":         func(c *Config) { c.Marks = nil },
		"no clock":         func(c *Config) { c.Now = nil },
		"negative age":     func(c *Config) { c.MaxAge = -1 },
		"negative poll":    func(c *Config) { c.Poll = -time.Second },
		"poll too often":   func(c *Config) { c.Poll = MinPoll - 1 },
		"age over ceiling": func(c *Config) { c.MaxAge = CeilingMaxAge + 1 },
	} {
		cfg := good
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestZeroKindRefused(t *testing.T) {
	w := newWorld(t)
	ref := tokenRef(0)
	ref.Kind = 0
	w.state(ref, status.Unknown, reason.StatusUnavailable)
	ref.Kind = 3
	w.state(ref, status.Unknown, reason.StatusUnavailable)
}

// TestReadWithoutAllocation holds performance.md §5: status read 0.
func TestReadWithoutAllocation(t *testing.T) {
	w := newWorld(t)
	w.put(tokenURL, w.token(issuer, tokenURL, nil, nil))
	w.state(tokenRef(0), status.Valid, "")
	ctx, ref := context.Background(), tokenRef(77)
	if n := testing.AllocsPerRun(1000, func() {
		if _, _, err := w.src.State(ctx, issuer, ref); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestRace asks, refreshes and moves the clock at once; run it with -race.
func TestRace(t *testing.T) {
	w := newWorld(t)
	w.serve[tokenURL] = func(safehttp.Want) (safehttp.Response, error) {
		return safehttp.Response{Body: w.token(issuer, tokenURL, nil, map[uint64]uint8{3: 1})}, nil
	}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 200 {
				if s, _, err := w.src.State(context.Background(), issuer, tokenRef(3)); err == nil && s != status.Revoked {
					t.Errorf("got %v", s)
				}
			}
		})
	}
	wait.Go(func() {
		for range 20 {
			w.clock.add(40 * time.Second)
			w.src.Refresh(context.Background())
		}
	})
	wait.Wait()
}

func BenchmarkStatusState(b *testing.B) {
	w := newWorld(b)
	w.put(tokenURL, w.token(issuer, tokenURL, nil, nil))
	ctx := context.Background()
	ref := tokenRef(0)
	b.ReportAllocs()
	for b.Loop() {
		ref.Index = (ref.Index + 40503) & (entries - 1)
		if _, _, err := w.src.State(ctx, issuer, ref); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStatusLoad(b *testing.B) {
	w := newWorld(b)
	body := w.token(issuer, tokenURL, nil, map[uint64]uint8{3: 1})
	want := id{credential.TokenStatusList, tokenURL, w.signers[issuer].Method.DID()}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.src.open(context.Background(), want, body); err != nil {
			b.Fatal(err)
		}
	}
}
