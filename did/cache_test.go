// SPDX-License-Identifier: Apache-2.0

package did_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// source is a resolver that counts, and answers as its function does.
type source struct {
	mu      sync.Mutex
	count   int
	resolve func(ctx context.Context, id did.DID) (*did.Document, error)
}

func (s *source) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	s.mu.Lock()
	s.count++
	resolve := s.resolve
	s.mu.Unlock()
	return resolve(ctx, id)
}

func (s *source) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

func (s *source) set(f func(context.Context, did.DID) (*did.Document, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resolve = f
}

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time          { return c.at }
func (c *clock) advance(d time.Duration) { c.at = c.at.Add(d) }

func fetchedAt(now func() time.Time) func(context.Context, did.DID) (*did.Document, error) {
	return func(_ context.Context, id did.DID) (*did.Document, error) {
		return &did.Document{ID: id, Fetched: now()}, nil
	}
}

func computed(_ context.Context, id did.DID) (*did.Document, error) {
	return &did.Document{ID: id}, nil
}

func unreachable(context.Context, did.DID) (*did.Document, error) {
	return nil, reason.New(reason.InternalIndeterminate, "down")
}

func newCache(t testing.TB, cfg did.CacheConfig) *did.Cache {
	t.Helper()
	c, err := did.NewCache(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCacheAge(t *testing.T) {
	clk := &clock{start()}
	src := &source{resolve: fetchedAt(clk.now)}
	c := newCache(t, did.CacheConfig{Resolver: src, Now: clk.now})
	id := mustParse(t, practice)
	resolve := func(after time.Duration, calls int) {
		t.Helper()
		clk.advance(after)
		d, err := c.Resolve(t.Context(), id)
		if err != nil || clk.at.Sub(d.Fetched) >= did.MaxAge || src.calls() != calls {
			t.Fatalf("%v after %d calls, want %d", err, src.calls(), calls)
		}
	}
	resolve(0, 1)
	resolve(did.MaxAge-1, 1)
	resolve(1, 2) // exactly MaxAge old: no more
	resolve(did.MaxAge-1, 2)
	resolve(did.MaxAge, 3)
	resolve(-time.Hour, 4) // the clock was put back: nobody knows how old it is

	clk.advance(time.Minute)
	if d, err := c.ResolveWithin(t.Context(), id, time.Minute); err != nil || src.calls() != 5 || !d.Fetched.Equal(clk.at) {
		t.Errorf("within a minute: %v after %d calls", err, src.calls())
	}
	clk.advance(did.MaxAge - 1)
	if _, err := c.ResolveWithin(t.Context(), id, 24*time.Hour); err != nil || src.calls() != 5 {
		t.Errorf("within a day: %v after %d calls", err, src.calls())
	}
	clk.advance(1)
	if _, err := c.ResolveWithin(t.Context(), id, 24*time.Hour); err != nil || src.calls() != 6 {
		t.Errorf("the bound was raised: %v after %d calls", err, src.calls())
	}
	if d, err := c.ResolveWithin(t.Context(), id, 0); err == nil || d != nil {
		t.Error("a document is no older than nothing")
	}
}

// Beyond the bound an issuer that can not be reached has no keys, whatever was known of it.
func TestCacheServesNothingStale(t *testing.T) {
	clk := &clock{start()}
	src := &source{resolve: fetchedAt(clk.now)}
	c := newCache(t, did.CacheConfig{Resolver: src, Now: clk.now, MaxAge: time.Minute})
	id := mustParse(t, practice)
	if _, err := c.Resolve(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	src.set(unreachable)
	clk.advance(time.Minute - 1)
	if _, err := c.Resolve(t.Context(), id); err != nil {
		t.Fatalf("still good: %v", err)
	}
	clk.advance(1)
	for range 3 {
		if d, err := c.Resolve(t.Context(), id); err == nil || d != nil {
			t.Fatal("a stale document was served")
		}
	}
	old := start()
	src.set(func(_ context.Context, id did.DID) (*did.Document, error) {
		return &did.Document{ID: id, Fetched: old}, nil
	})
	clk.advance(time.Hour)
	if d, err := c.Resolve(t.Context(), id); reason.Of(err) != reason.InternalIndeterminate || d != nil {
		t.Errorf("a resolver's stale document: %v", err)
	}
}

func TestCacheRefusals(t *testing.T) {
	clk := &clock{start()}
	src := &source{resolve: unreachable}
	c := newCache(t, did.CacheConfig{Resolver: src, Now: clk.now})
	id := mustParse(t, practice)
	resolve := func(after time.Duration, calls int) {
		t.Helper()
		clk.advance(after)
		if _, err := c.Resolve(t.Context(), id); reason.Of(err) != reason.InternalIndeterminate || src.calls() != calls {
			t.Fatalf("%v after %d calls, want %d", err, src.calls(), calls)
		}
	}
	resolve(0, 1)
	resolve(did.NegativeAge-1, 1)
	resolve(1, 2)
	src.set(fetchedAt(clk.now))
	clk.advance(did.NegativeAge)
	if _, err := c.Resolve(t.Context(), id); err != nil {
		t.Errorf("once the refusal is forgotten: %v", err)
	}
	if _, err := c.Resolve(t.Context(), did.DID{}); reason.Of(err) != reason.DIDSyntax {
		t.Errorf("zero DID: %v", err)
	}
	other := mustParse(t, "did:web:other.test")
	src.set(func(context.Context, did.DID) (*did.Document, error) {
		return &did.Document{ID: id, Fetched: clk.at}, nil
	})
	if d, err := c.Resolve(t.Context(), other); reason.Of(err) != reason.DIDDocumentMismatch || d != nil {
		t.Errorf("another DID's document: %v", err)
	}
	src.set(func(context.Context, did.DID) (*did.Document, error) { return nil, nil })
	if d, err := c.Resolve(t.Context(), mustParse(t, "did:web:third.test")); err == nil || d != nil {
		t.Error("no document and no error")
	}
}

// A computed document never ages, and a flood of them leaves the fetched ones alone.
func TestCacheRooms(t *testing.T) {
	clk := &clock{start()}
	src := &source{resolve: func(ctx context.Context, id did.DID) (*did.Document, error) {
		if id.Method() == "web" {
			return fetchedAt(clk.now)(ctx, id)
		}
		return computed(ctx, id)
	}}
	c := newCache(t, did.CacheConfig{Resolver: src, Now: clk.now, Size: 2})
	ask := func(s string) int {
		before := src.calls()
		if _, err := c.Resolve(t.Context(), mustParse(t, s)); err != nil {
			t.Fatal(err)
		}
		return src.calls() - before
	}
	ask(practice)
	for i := range 100 {
		ask(fmt.Sprintf("did:key:z%d", i))
	}
	if ask(practice) != 0 {
		t.Error("keys of strangers drove out an issuer")
	}
	clk.advance(did.MaxAge - 1)
	if ask("did:key:z99") != 0 || ask("did:key:z98") != 0 || ask("did:key:z97") != 1 {
		t.Error("not the two used last were kept")
	}
	ask("did:key:z99")
	ask("did:key:z1")
	if ask("did:key:z99") != 0 {
		t.Error("the one used last was let go")
	}
	clk.advance(24 * time.Hour)
	if ask("did:key:z99") != 0 {
		t.Error("a computed document grew old")
	}
}

func TestCacheOneFetchInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &source{resolve: func(_ context.Context, id did.DID) (*did.Document, error) {
			<-time.After(time.Second) // of the bubble's clock
			return &did.Document{ID: id, Fetched: time.Now()}, nil
		}}
		c := newCache(t, did.CacheConfig{Resolver: src, Now: time.Now})
		id := mustParse(t, practice)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := c.Resolve(t.Context(), id); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if src.calls() != 1 {
			t.Errorf("%d fetches", src.calls())
		}
	})
}

// One who gives up neither spoils the answer of those who wait with it nor is kept as a refusal.
func TestCacheLeaderGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &source{resolve: func(ctx context.Context, id did.DID) (*did.Document, error) {
			select {
			case <-time.After(time.Minute):
				return &did.Document{ID: id, Fetched: time.Now()}, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}}
		c := newCache(t, did.CacheConfig{Resolver: src, Now: time.Now})
		id := mustParse(t, practice)
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.Resolve(hasty, id); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("leader: %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if _, err := c.Resolve(t.Context(), id); err != nil {
				t.Errorf("follower: %v", err)
			}
		})
		shorter, stop := context.WithTimeout(t.Context(), time.Second/2)
		defer stop()
		if _, err := c.Resolve(shorter, id); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("impatient follower: %v", err)
		}
		wg.Wait()
		if src.calls() != 2 {
			t.Errorf("%d fetches", src.calls())
		}
	})
}

func TestCacheResolverPanics(t *testing.T) {
	clk := &clock{start()}
	src := &source{resolve: func(context.Context, did.DID) (*did.Document, error) { panic("resolver") }}
	c := newCache(t, did.CacheConfig{Resolver: src, Now: clk.now})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, _ = c.Resolve(t.Context(), mustParse(t, practice))
	}()
	if _, err := c.Resolve(t.Context(), mustParse(t, practice)); reason.Of(err) != reason.InternalIndeterminate {
		t.Errorf("afterwards: %v", err)
	}
}

// A key that an issuer takes out of its document dies within the age bound, and is told from one
// that never was.
func TestCacheRemembersFormerMethods(t *testing.T) {
	clk := &clock{start()}
	k1, k2 := jwkMethod(generate(t, key.ES256), practice+"#k1"), jwkMethod(generate(t, key.ES256), practice+"#k2")
	serve := func(methods ...object) func(context.Context, did.DID) (*did.Document, error) {
		doc := document(methods...)
		doc["assertionMethod"] = []any{"#k1", "#k2"}
		raw := text(t, doc)
		return func(_ context.Context, id did.DID) (*did.Document, error) { return did.ReadDocument(raw, id, clk.at) }
	}
	src := &source{resolve: serve(k1)}
	c := newCache(t, did.CacheConfig{Resolver: src, Now: clk.now})
	expect := func(fragment string, want reason.Code) {
		t.Helper()
		d, err := c.Resolve(t.Context(), mustParse(t, practice))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Key(mustURL(t, practice+"#"+fragment), did.AssertionMethod, clk.at); reason.Of(err) != want {
			t.Errorf("%s: %v, want %q", fragment, err, want)
		}
	}
	expect("k1", "")
	expect("k2", reason.DIDMethodUnsupported)
	for range 3 { // remembered beyond the document that follows
		src.set(serve(k2))
		clk.advance(did.MaxAge)
		expect("k1", reason.KeyRevoked)
		expect("k2", "")
		expect("k3", reason.DIDMethodUnsupported)
	}
	src.set(serve(k1))
	clk.advance(did.MaxAge)
	expect("k1", "")
	expect("k2", reason.KeyRevoked)
}

func TestNewCacheRefuses(t *testing.T) {
	src := &source{}
	for name, cfg := range map[string]did.CacheConfig{
		"no resolver":  {Now: time.Now},
		"no clock":     {Resolver: src},
		"older":        {Resolver: src, Now: time.Now, MaxAge: did.MaxAge + 1},
		"negative age": {Resolver: src, Now: time.Now, MaxAge: -1},
		"larger":       {Resolver: src, Now: time.Now, Size: did.MaxSize + 1},
		"negative":     {Resolver: src, Now: time.Now, Size: -1},
	} {
		if c, err := did.NewCache(cfg); err == nil || c != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Whatever is asked, served and waited for, no answer is older than the bound.
func TestCacheAgeProperty(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		clk := &clock{start()}
		src := &source{resolve: fetchedAt(clk.now)}
		c := newCache(t, did.CacheConfig{Resolver: src, Now: clk.now, Size: 2})
		ids := []did.DID{mustParse(t, "did:web:a.test"), mustParse(t, "did:web:b.test"), mustParse(t, "did:web:c.test")}
		for range rapid.IntRange(1, 40).Draw(r, "steps") {
			clk.advance(time.Duration(rapid.IntRange(-10, 400).Draw(r, "seconds")) * time.Second)
			switch rapid.IntRange(0, 4).Draw(r, "turn") {
			case 0:
				src.set(unreachable)
			case 1:
				src.set(fetchedAt(clk.now))
			}
			bound := time.Duration(rapid.IntRange(1, 600).Draw(r, "bound")) * time.Second
			d, err := c.ResolveWithin(t.Context(), rapid.SampledFrom(ids).Draw(r, "id"), bound)
			if err == nil && clk.at.Sub(d.Fetched) >= min(bound, did.MaxAge) {
				r.Fatalf("a document of age %s within %s", clk.at.Sub(d.Fetched), bound)
			}
		}
	})
}

func TestMux(t *testing.T) {
	m, err := did.NewMux(map[string]did.Resolver{"key": &source{resolve: computed}})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := m.Resolve(t.Context(), mustParse(t, "did:key:z1")); err != nil || d.ID.String() != "did:key:z1" {
		t.Errorf("known method: %v", err)
	}
	for s, mux := range map[string]*did.Mux{"did:foo:x": m, "did:key:z1": {}} {
		if _, err := mux.Resolve(t.Context(), mustParse(t, s)); reason.Of(err) != reason.DIDMethodUnsupported {
			t.Errorf("%s: %v", s, err)
		}
	}
	if _, err := m.Resolve(t.Context(), did.DID{}); reason.Of(err) != reason.DIDSyntax {
		t.Errorf("zero DID: %v", err)
	}
	for name, methods := range map[string]map[string]did.Resolver{
		"none": nil, "nil resolver": {"key": nil}, "bad name": {"Key": &source{}}, "no name": {"": &source{}},
	} {
		if _, err := did.NewMux(methods); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func BenchmarkCacheResolve(b *testing.B)         { benchmarkCache(b, fetchedAt(start)) }
func BenchmarkCacheResolveComputed(b *testing.B) { benchmarkCache(b, computed) }

func benchmarkCache(b *testing.B, resolve func(context.Context, did.DID) (*did.Document, error)) {
	c := newCache(b, did.CacheConfig{Resolver: &source{resolve: resolve}, Now: start})
	id := mustParse(b, practice)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Resolve(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCacheResolveParallel(b *testing.B) {
	c := newCache(b, did.CacheConfig{Resolver: &source{resolve: fetchedAt(start)}, Now: start})
	id := mustParse(b, practice)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.Resolve(b.Context(), id); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkReadDocument(b *testing.B) {
	doc := document(jwkMethod(generate(b, key.ES256), practice+"#k1"), jwkMethod(generate(b, key.EdDSA), practice+"#k2"))
	raw, id := text(b, doc), mustParse(b, practice)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := did.ReadDocument(raw, id, start()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseURL(b *testing.B) {
	s := "did:key:" + strings.Repeat("z", 49) + "#" + strings.Repeat("z", 49)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := did.ParseURL(s); err != nil {
			b.Fatal(err)
		}
	}
}
