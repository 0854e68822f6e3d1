// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/internal/sample"
	"github.com/behalf-id/behalf/trustframework/registry"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// flaky is a store whose commits to a key can be made to fail.
type flaky struct {
	store.Store
	mu     sync.Mutex
	prefix string
	err    error
}

func (f *flaky) fail(prefix string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.prefix, f.err = prefix, err
}

func (f *flaky) Commit(ctx context.Context, changes ...store.Change) error {
	f.mu.Lock()
	prefix, err := f.prefix, f.err
	f.mu.Unlock()
	for _, c := range changes {
		if err != nil && strings.HasPrefix(c.Key, prefix) {
			return err
		}
	}
	return f.Store.Commit(ctx, changes...)
}

// signer counts what it signs and can be made to fail.
type signer struct {
	key.Signer
	mu    sync.Mutex
	count int
	err   error
}

func (s *signer) Sign(ctx context.Context, message []byte) ([]byte, error) {
	s.mu.Lock()
	s.count++
	err := s.err
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return s.Signer.Sign(ctx, message)
}

func (s *signer) signed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

type fixture struct {
	*registry.Registry
	clock  *clock
	store  *flaky
	signer *signer
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	c := newClock()
	m, err := memory.New(memory.Config{Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	k, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{clock: c, store: &flaky{Store: m}, signer: &signer{Signer: k}}
	f.Registry = f.again(t)
	return f
}

// again is another registry on the same store: a restart, or a second process.
func (f *fixture) again(t testing.TB) *registry.Registry {
	t.Helper()
	by, err := didkey.Signer(f.signer)
	if err != nil {
		t.Fatal(err)
	}
	r, err := registry.New(registry.Config{Store: f.store, Signer: by, Now: f.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (f *fixture) apply(t testing.TB, do func(f *trustframework.Framework)) registry.Applied {
	t.Helper()
	tf := sample.Framework()
	do(tf)
	done, err := f.Apply(context.Background(), tf)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func (f *fixture) current(t testing.TB) *trustframework.Snapshot {
	t.Helper()
	s, err := f.Current(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	// What comes out opens for a reader that has nothing but the key.
	if _, err := trustframework.Open(s.Raw(), []key.Public{f.signer.Public()}, f.clock.now()); err != nil {
		t.Fatal(err)
	}
	return s
}

func nothing(*trustframework.Framework) {}

func age(seconds int64) func(f *trustframework.Framework) {
	return func(f *trustframework.Framework) { f.MaxAgeSeconds = seconds }
}

func TestNewRefuses(t *testing.T) {
	good := newFixture(t)
	by, err := didkey.Signer(good.signer)
	if err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func(c *registry.Config){
		"no store":      func(c *registry.Config) { c.Store = nil },
		"no clock":      func(c *registry.Config) { c.Now = nil },
		"no signer":     func(c *registry.Config) { c.Signer = did.Signer{} },
		"no method":     func(c *registry.Config) { c.Signer.Method = did.URL{} },
		"zero key":      func(c *registry.Config) { c.Announce = []key.Public{{}} },
		"too many keys": func(c *registry.Config) { c.Announce = make([]key.Public, trustframework.MaxTrusted) },
	} {
		c := registry.Config{Store: good.store, Signer: by, Now: good.clock.now}
		do(&c)
		if _, err := registry.New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestEmptyRegistry(t *testing.T) {
	f := newFixture(t)
	ctx := context.Background()
	if _, err := f.Current(ctx); reason.Of(err) != reason.TrustRegistryUnavailable {
		t.Errorf("Current: %v", err)
	}
	if _, err := f.Export(ctx); reason.Of(err) != reason.TrustRegistryUnavailable {
		t.Errorf("Export: %v", err)
	}
	if err := f.Ready(ctx); err == nil {
		t.Error("ready with nothing to give")
	}
	if v, err := f.Verify(ctx); err != nil || v.Versions != 0 {
		t.Errorf("Verify: %v, %v", v, err)
	}
	if page, err := f.Log(ctx, 0); err != nil || len(page) != 0 {
		t.Errorf("Log: %v, %v", page, err)
	}
	if f.signer.signed() != 0 {
		t.Error("something was signed")
	}
}

func TestApply(t *testing.T) {
	f := newFixture(t)
	ctx := context.Background()
	first := f.apply(t, nothing)
	if first.Version != 1 || len(first.Changes) == 0 {
		t.Fatalf("%+v", first)
	}
	one := f.current(t)
	if again := f.apply(t, nothing); again.Version != 1 || again.Changes != nil {
		t.Fatalf("the same framework again: %+v", again)
	}
	f.clock.add(time.Minute)
	second := f.apply(t, age(1800))
	if d := cmp.Diff(registry.Applied{Version: 2, Changes: []string{"~ maxAgeSeconds: 3600 → 1800"}}, second); d != "" {
		t.Fatal(d)
	}
	two := f.current(t)
	if err := trustframework.Supersedes(one, two); err != nil || two.Version() != 2 || two.Previous() != one.Digest() {
		t.Fatalf("version %d, %v", two.Version(), err)
	}
	if !two.Framework().AsOf.Equal(f.clock.now()) {
		t.Errorf("as of %v", two.Framework().AsOf)
	}
	got, err := f.Export(ctx)
	if err != nil || got.Version != 2 || got.MaxAgeSeconds != 1800 {
		t.Fatalf("%+v, %v", got, err)
	}
	if raw, err := f.First(ctx, 1); err != nil || !bytes.Equal(raw, one.Raw()) {
		t.Errorf("version 1 as first signed: %v", err)
	}
}

func TestApplyRefuses(t *testing.T) {
	f := newFixture(t)
	ctx := context.Background()
	f.apply(t, nothing)
	f.apply(t, age(1800))
	for name, c := range map[string]struct {
		do   func(f *trustframework.Framework)
		code reason.Code
	}{
		"invalid":              {func(f *trustframework.Framework) { f.Accreditations[0].Status = "x" }, reason.JSONType},
		"made from before":     {func(f *trustframework.Framework) { f.Version, f.MaxAgeSeconds = 1, 900 }, reason.IdempotencyMismatch},
		"made from the future": {func(f *trustframework.Framework) { f.Version, f.MaxAgeSeconds = 3, 900 }, reason.IdempotencyMismatch},
		"another framework":    {func(f *trustframework.Framework) { f.ID = "tf:other" }, reason.JSONType},
		"a person": {func(f *trustframework.Framework) {
			f.Accreditations[0].Issuer = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
		}, reason.RegistryPersonalData},
	} {
		tf := sample.Framework()
		c.do(tf)
		if _, err := f.Apply(ctx, tf); reason.Of(err) != c.code {
			t.Errorf("%s: Apply: %v", name, err)
		}
		if _, err := f.Preview(ctx, tf); reason.Of(err) != c.code {
			t.Errorf("%s: Preview: %v", name, err)
		}
	}
	if got := f.current(t); got.Version() != 2 {
		t.Fatalf("a refused framework made version %d", got.Version())
	}
	tf := sample.Framework()
	tf.Version, tf.MaxAgeSeconds = 2, 900
	if lines, err := f.Preview(ctx, tf); err != nil || len(lines) != 1 || f.current(t).Version() != 2 {
		t.Errorf("preview: %v, %v", lines, err)
	}
	if done, err := f.Apply(ctx, tf); err != nil || done.Version != 3 {
		t.Errorf("made from what is in force: %+v, %v", done, err)
	}
	tf.Version = 1 // an old base, and yet nothing to change: a file that is applied twice
	if done, err := f.Apply(ctx, tf); err != nil || done.Version != 3 || done.Changes != nil {
		t.Errorf("applied twice: %+v, %v", done, err)
	}
}

// Of two writers from one base exactly one wins, in one process and in two.
func TestApplyRace(t *testing.T) {
	f := newFixture(t)
	f.apply(t, nothing)
	const writers = 8
	for round := range 10 {
		base := f.current(t).Version()
		errs := make([]error, writers)
		var wg sync.WaitGroup
		for i := range writers {
			r := f.Registry
			if i%2 == 1 {
				r = f.again(t)
			}
			tf := sample.Framework()
			tf.Version, tf.MaxAgeSeconds = base, int64(1000+100*round+i)
			wg.Go(func() { _, errs[i] = r.Apply(context.Background(), tf) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if reason.Of(err) != reason.IdempotencyMismatch {
				t.Errorf("round %d: %v", round, err)
			}
		}
		if won != 1 || f.current(t).Version() != base+1 {
			t.Fatalf("round %d: %d writers won, version %d", round, won, f.current(t).Version())
		}
	}
	if v, err := f.Verify(context.Background()); err != nil || v.Versions != 11 {
		t.Fatalf("%+v, %v", v, err)
	}
}

// A snapshot is signed anew at half its maximum age, and what comes may follow what was.
func TestSignedAnew(t *testing.T) {
	f := newFixture(t)
	f.apply(t, nothing)
	one := f.current(t)
	f.clock.add(30*time.Minute - time.Second)
	if got := f.current(t); !bytes.Equal(got.Raw(), one.Raw()) || f.signer.signed() != 1 {
		t.Fatal("signed too early")
	}
	f.clock.add(time.Second)
	two := f.current(t)
	if two.Digest() != one.Digest() || !two.Issued().After(one.Issued()) || trustframework.Supersedes(one, two) != nil {
		t.Fatal("signed anew it is not the same version, later")
	}
	if reason.Of(trustframework.Supersedes(two, one)) != reason.RegistryRollback {
		t.Fatal("the older signature may come back")
	}
	if raw, err := f.First(context.Background(), 1); err != nil || !bytes.Equal(raw, one.Raw()) {
		t.Fatal("the first signature is not kept")
	}
	if again, err := f.again(t).Current(context.Background()); err != nil || !bytes.Equal(again.Raw(), two.Raw()) {
		t.Fatal("a restart forgets")
	}
	f.clock.add(24 * time.Hour) // nobody asked for a day: what there was has expired
	if got := f.current(t); !got.Issued().Equal(f.clock.now()) {
		t.Fatal("not signed anew after the end")
	}
}

// The same value at every reading while many ask at the moment it is due.
func TestSignedOnceByMany(t *testing.T) {
	f := newFixture(t)
	f.apply(t, nothing)
	f.clock.add(time.Hour)
	var wg sync.WaitGroup
	for i := range 16 {
		r := f.Registry
		if i%4 == 3 {
			r = f.again(t)
		}
		wg.Go(func() {
			if s, err := r.Current(context.Background()); err != nil || !s.Issued().Equal(f.clock.now()) {
				t.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
}

func TestClockGoesBack(t *testing.T) {
	f := newFixture(t)
	f.apply(t, nothing)
	one := f.current(t)
	f.clock.add(-30 * time.Second)
	f.apply(t, age(1800))
	two := f.current(t)
	if err := trustframework.Supersedes(one, two); err != nil || two.Issued().Before(one.Issued()) {
		t.Fatalf("%v", err)
	}
	if _, err := f.Verify(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// A key store that fails costs nothing while the last snapshot lives; a version that could not
// be signed is recorded, and signed when it can be.
func TestSignerFails(t *testing.T) {
	f := newFixture(t)
	ctx := context.Background()
	f.apply(t, nothing)
	one := f.current(t)
	f.signer.err = errors.New("no key store")
	f.clock.add(40 * time.Minute)
	if got := f.current(t); !bytes.Equal(got.Raw(), one.Raw()) {
		t.Fatal("the last snapshot is not given")
	}
	tf := sample.Framework()
	tf.MaxAgeSeconds = 1800
	if _, err := f.Apply(ctx, tf); err == nil {
		t.Fatal("applied without a signature")
	}
	if s, err := f.Current(ctx); err == nil {
		t.Fatalf("version %d is given although another is in force", s.Version())
	}
	f.signer.err = nil
	if done, err := f.Apply(ctx, tf); err != nil || done.Version != 2 || done.Changes != nil {
		t.Fatalf("%+v, %v", done, err)
	}
	if got := f.current(t); got.Version() != 2 {
		t.Fatalf("version %d", got.Version())
	}
}

// Nothing is signed that was not recorded, and nothing is given out that was not kept.
func TestStoreFails(t *testing.T) {
	f := newFixture(t)
	ctx := context.Background()
	full := reason.New(reason.StorageFull, "")
	f.store.fail("registry/head", full)
	if _, err := f.Apply(ctx, sample.Framework()); reason.Of(err) != reason.StorageFull || f.signer.signed() != 0 {
		t.Fatalf("%v, %d signed", err, f.signer.signed())
	}
	f.store.fail("registry/signed", full)
	if _, err := f.Apply(ctx, sample.Framework()); reason.Of(err) != reason.StorageFull {
		t.Fatal(err)
	}
	if _, err := f.Current(ctx); reason.Of(err) != reason.StorageFull {
		t.Fatal("a snapshot that was not kept is given out")
	}
	f.store.fail("", nil)
	if got := f.current(t); got.Version() != 1 {
		t.Fatal("the recorded version is lost")
	}
}

func TestKeyChange(t *testing.T) {
	f := newFixture(t)
	f.apply(t, nothing)
	one := f.current(t)
	k, err := key.Generate(key.EdDSA, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f.signer = &signer{Signer: k}
	f.Registry = f.again(t)
	two := f.current(t)
	if trustframework.Supersedes(one, two) != nil || two.Issuer() == one.Issuer() {
		t.Fatal("the new key does not sign the same version")
	}
}

func TestLogPages(t *testing.T) {
	f := newFixture(t)
	ctx := context.Background()
	for i := range registry.MaxPage + 5 {
		f.apply(t, age(int64(1000+i)))
	}
	page, err := f.Log(ctx, 0)
	if err != nil || len(page) != registry.MaxPage || page[0].Version != 1 || page[1].Previous != page[0].Digest {
		t.Fatalf("%d, %v", len(page), err)
	}
	if rest, err := f.Log(ctx, registry.MaxPage); err != nil || len(rest) != 5 || rest[4].Version != registry.MaxPage+5 {
		t.Fatalf("%d, %v", len(rest), err)
	}
	e, tf, err := f.Version(ctx, 3)
	if err != nil || e.Version != 3 || tf.Version != 3 || tf.MaxAgeSeconds != 1002 || len(e.Changes) != 1 {
		t.Fatalf("%+v, %v", e, err)
	}
	for _, n := range []int{-1, 0, registry.MaxPage + 6} {
		if _, _, err := f.Version(ctx, n); reason.Of(err) != reason.ObjectUnknown {
			t.Errorf("version %d: %v", n, err)
		}
		if _, err := f.First(ctx, n); reason.Of(err) != reason.ObjectUnknown {
			t.Errorf("first of %d: %v", n, err)
		}
	}
}

func TestEntryIsBounded(t *testing.T) {
	f := newFixture(t)
	f.apply(t, func(tf *trustframework.Framework) {
		for i := range 300 {
			tf.Relationships[fmt.Sprintf("relationship-%c%c%c", 'a'+i/26/26, 'a'+i/26%26, 'a'+i%26)] = trustframework.Relationship{LegalBases: []string{strings.Repeat("é", 200)}}
		}
		tf.Parties[sample.Issuer] = trustframework.Party{Name: strings.Repeat("é", 250), DIDHosts: make250("host-%d.example.org")}
	})
	e, _, err := f.Version(context.Background(), 1)
	if err != nil || len(e.Changes) != registry.MaxChanges || e.More == 0 {
		t.Fatalf("%d lines, %d more, %v", len(e.Changes), e.More, err)
	}
	for _, line := range e.Changes {
		if len(line) > registry.MaxChange+len("…") || strings.ToValidUTF8(line, "") != line {
			t.Fatalf("%d bytes: %q", len(line), line)
		}
	}
}

func make250(format string) []string {
	var out []string
	for i := range 250 {
		out = append(out, fmt.Sprintf(format, i))
	}
	return out
}

// Verify finds a version that was changed, at every place of the log.
func TestVerifyFindsTampering(t *testing.T) {
	ctx := context.Background()
	for n := 1; n <= 4; n++ {
		for _, part := range []struct {
			key, old, new string
			code          reason.Code
		}{
			{"registry/framework/%010d", `"consent"`, `"content"`, reason.StorageCorrupt},
			{"registry/entry/%010d", `"content":"sha-256:`, `"content":"sha-256:A`, reason.StorageCorrupt},
			{"registry/entry/%010d", `"digest":"sha-256:`, `"digest":"sha-256:A`, reason.AuditInconsistent},
			{"registry/entry/%010d", `"applied":"2026`, `"applied":"2025`, reason.AuditInconsistent},
		} {
			f := newFixture(t)
			for i := range 4 {
				f.apply(t, age(int64(1000+i)))
			}
			if _, err := f.Verify(ctx); err != nil {
				t.Fatal(err)
			}
			k := fmt.Sprintf(part.key, n)
			e, err := f.store.Get(ctx, k)
			if err != nil {
				t.Fatal(err)
			}
			was := e.Value
			e.Value = bytes.Replace(was, []byte(part.old), []byte(part.new), 1)
			if bytes.Equal(was, e.Value) {
				t.Fatal("nothing was changed")
			}
			if err := f.store.Commit(ctx, store.Change{Entry: e}); err != nil {
				t.Fatal(err)
			}
			if n == 1 && strings.Contains(part.old, "applied") {
				continue // nothing stands before the first to compare its time with
			}
			if _, err := f.Verify(ctx); reason.Of(err) != part.code {
				t.Errorf("version %d, %s: %v", n, part.old, err)
			}
		}
	}
}

// A store that was put back to an earlier state does not sign below what it signed.
func TestStorePutBack(t *testing.T) {
	f := newFixture(t)
	ctx := context.Background()
	f.apply(t, nothing)
	f.apply(t, age(1800))
	e, err := f.store.Get(ctx, "registry/head")
	if err != nil {
		t.Fatal(err)
	}
	e.Value = []byte(`{"version":1}`)
	if err := f.store.Commit(ctx, store.Change{Entry: e}); err != nil {
		t.Fatal(err)
	}
	if s, err := f.Current(ctx); err == nil {
		t.Fatalf("version %d is signed after version 2", s.Version())
	}
	if _, err := f.Verify(ctx); reason.Of(err) != reason.AuditInconsistent {
		t.Fatal(err)
	}
}
