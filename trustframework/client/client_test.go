// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/client"
	"github.com/behalf-id/behalf/trustframework/internal/sample"
)

const origin = "https://registry.example.org"

// registry answers as one does, as well or as badly as a test wants.
type registry struct {
	mu       sync.Mutex
	at       time.Time
	by       did.Signer
	versions []version // all that were published, from 1
	served   []byte    // in place of the newest, if not nil
	err      error
	asked    []string // ETags of requests for the snapshot
	attest   []byte   // what it says of any verifier
	attested []string // verifiers it was asked about
	store    store.Store
}

type version struct {
	snapshot *trustframework.Snapshot
	etag     string
}

func newRegistry(t testing.TB) *registry {
	t.Helper()
	k, err := key.Generate(key.EdDSA, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	by, err := didkey.Signer(k)
	if err != nil {
		t.Fatal(err)
	}
	r := &registry{at: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), by: by}
	if r.store, err = memory.New(memory.Config{Now: r.now}); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *registry) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at
}

func (r *registry) add(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = r.at.Add(d)
}

// seal signs a version as r would: after previous, of a framework with this maximum age.
func (r *registry) seal(t testing.TB, n int, previous string, age int64) *trustframework.Snapshot {
	t.Helper()
	f := sample.Framework()
	f.MaxAgeSeconds = age
	now := r.now()
	raw, err := trustframework.Seal(context.Background(), trustframework.Draft{
		Version: n, Previous: previous, Issued: now, Expires: now.Add(trustframework.Life(f)), Framework: f,
	}, r.by)
	if err != nil {
		t.Fatal(err)
	}
	s, err := trustframework.Open(raw, []key.Public{r.by.Public()}, now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// publish makes the next version.
func (r *registry) publish(t testing.TB, age int64) *trustframework.Snapshot {
	t.Helper()
	previous := ""
	if n := len(r.versions); n > 0 {
		previous = r.versions[n-1].snapshot.Digest()
	}
	s := r.seal(t, len(r.versions)+1, previous, age)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.versions = append(r.versions, version{s, strconv.Quote("v" + strconv.Itoa(s.Version()))})
	return s
}

func (r *registry) serve(raw []byte, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.served, r.err = raw, err
}

// Get implements client.Fetcher.
func (r *registry) Get(_ context.Context, url string, want safehttp.Want) (safehttp.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return safehttp.Response{}, r.err
	}
	path, ok := strings.CutPrefix(url, origin)
	if !ok || want.MaxBytes <= 0 {
		return safehttp.Response{}, errors.New("asked elsewhere, or without bound")
	}
	if after, ok := strings.CutPrefix(path, "/v1/log?after="); ok {
		return r.log(after)
	}
	if verifier, ok := strings.CutPrefix(path, "/v1/attestations/"); ok {
		r.attested = append(r.attested, verifier)
		return safehttp.Response{Status: 200, Body: r.attest}, nil
	}
	if path != "/v1/snapshot" || len(want.MediaTypes) != 1 || want.MediaTypes[0] != trustframework.SnapshotMediaType {
		return safehttp.Response{}, errors.New("asked for something else")
	}
	r.asked = append(r.asked, want.ETag)
	if r.served != nil {
		return safehttp.Response{Status: 200, Body: r.served}, nil
	}
	newest := r.versions[len(r.versions)-1]
	if want.ETag == newest.etag {
		return safehttp.Response{Status: 304, NotModified: true}, nil
	}
	return safehttp.Response{Status: 200, Body: newest.snapshot.Raw(), ETag: newest.etag}, nil
}

// log gives two entries a page.
func (r *registry) log(after string) (safehttp.Response, error) {
	n, err := strconv.Atoi(after)
	if err != nil {
		return safehttp.Response{}, err
	}
	type entry struct {
		Version  int    `json:"version"`
		Previous string `json:"previous,omitzero"`
		Content  string `json:"content"`
		Digest   string `json:"digest"`
	}
	doc := struct {
		Entries []entry `json:"entries"`
	}{[]entry{}}
	for _, v := range r.versions[min(n, len(r.versions)):min(n+2, len(r.versions))] {
		doc.Entries = append(doc.Entries, entry{v.snapshot.Version(), v.snapshot.Previous(), v.snapshot.Content(), v.snapshot.Digest()})
	}
	raw, err := strictjson.Marshal(doc)
	return safehttp.Response{Status: 200, Body: raw}, err
}

func (r *registry) config() client.Config {
	return client.Config{
		URL: origin, Trusted: []key.Public{r.by.Public()}, Fetcher: r, Store: r.store,
		Now: r.now, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// reader is a client as it starts, with what the store remembers.
func (r *registry) reader(t testing.TB) *client.Client {
	t.Helper()
	c, err := client.New(context.Background(), r.config())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func refresh(t testing.TB, c *client.Client) {
	t.Helper()
	if err := c.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func wantRefused(t testing.TB, c *client.Client, code reason.Code) {
	t.Helper()
	before := c.Snapshot()
	if err := c.Refresh(context.Background()); reason.Of(err) != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	if c.Snapshot() != before {
		t.Fatal("a refused refresh changed what is in force")
	}
}

func TestNewRefuses(t *testing.T) {
	for name, do := range map[string]func(c *client.Config){
		"no URL":       func(c *client.Config) { c.URL = "" },
		"plain http":   func(c *client.Config) { c.URL = "http://registry.example.org" },
		"user in URL":  func(c *client.Config) { c.URL = "https://a@registry.example.org" },
		"query in URL": func(c *client.Config) { c.URL = origin + "?x" },
		"no keys":      func(c *client.Config) { c.Trusted = nil },
		"zero key":     func(c *client.Config) { c.Trusted = []key.Public{{}} },
		"many keys":    func(c *client.Config) { c.Trusted = make([]key.Public, trustframework.MaxTrusted+1) },
		"no fetcher":   func(c *client.Config) { c.Fetcher = nil },
		"no store":     func(c *client.Config) { c.Store = nil },
		"no clock":     func(c *client.Config) { c.Now = nil },
		"no logger":    func(c *client.Config) { c.Logger = nil },
		"fast":         func(c *client.Config) { c.Refresh = time.Millisecond },
		"slow":         func(c *client.Config) { c.Refresh = time.Hour },
	} {
		cfg := newRegistry(t).config()
		do(&cfg)
		if _, err := client.New(context.Background(), cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestRefresh(t *testing.T) {
	r := newRegistry(t)
	c := r.reader(t)
	if f := c.Current(); !f.Unavailable || c.Snapshot() != nil || c.Ready(t.Context()) == nil {
		t.Fatal("something is in force before anything was fetched")
	}
	if f := new(client.Client).Current(); !f.Unavailable {
		t.Fatal("the zero client has a framework")
	}
	one := r.publish(t, 3600)
	refresh(t, c)
	f := c.Current()
	if f.Unavailable || f.Version != 1 || !f.AsOf.Equal(one.Issued()) || c.Ready(t.Context()) != nil {
		t.Fatalf("%+v", f)
	}
	if c.Current() != f {
		t.Fatal("two readings of one snapshot are two frameworks")
	}
	refresh(t, c)
	if c.Current() != f || r.asked[0] != "" || r.asked[1] != `"v1"` {
		t.Fatalf("asked with %q", r.asked)
	}
	r.publish(t, 1800)
	refresh(t, c)
	if g := c.Current(); g.Version != 2 || g.MaxAgeSeconds != 1800 || f.MaxAgeSeconds != 3600 {
		t.Fatal("the new version is not in force, or changed the old one")
	}
}

// From the maximum age on the framework is stale, from the end of the snapshot's life on gone.
func TestStaleAndExpired(t *testing.T) {
	r := newRegistry(t)
	c := r.reader(t)
	r.publish(t, 3600)
	refresh(t, c)
	r.serve(nil, errors.New("partitioned"))
	start := r.now()
	for _, step := range []struct {
		age         time.Duration
		code        reason.Code
		unavailable bool
	}{
		{time.Hour, "", false},
		{time.Hour + time.Second, reason.TrustRegistryStale, false},
		{4*time.Hour - time.Second, reason.TrustRegistryStale, false},
		{4 * time.Hour, reason.TrustRegistryUnavailable, true},
		{-trustframework.MaxClockError, "", false},
		{-trustframework.MaxClockError - time.Second, reason.TrustRegistryUnavailable, true},
	} {
		r.add(start.Add(step.age).Sub(r.now()))
		if err := c.Ready(t.Context()); reason.Of(err) != step.code || c.Current().Unavailable != step.unavailable {
			t.Errorf("after %v: %v", step.age, err)
		}
		wantRefused(t, c, reason.TrustRegistryUnavailable)
	}
	r.add(start.Add(5 * time.Hour).Sub(r.now()))
	r.serve(nil, nil)
	wantRefused(t, c, reason.TrustRegistryStale) // an expired snapshot is served
	if r.asked[len(r.asked)-1] != "" {
		t.Error("asked whether an expired snapshot had changed")
	}
	r.publish(t, 3600)
	refresh(t, c)
	if c.Ready(t.Context()) != nil {
		t.Error("not ready after the partition healed")
	}
}

// TestAttacks holds the rows of attacks.json that need a reader with a memory; the package
// trustframework says where the others are.
func TestAttacks(t *testing.T) {
	t.Run("REG-05", attackRollback)
	t.Run("REG-07", attackSplitView)
}

func wantRow(t *testing.T, code reason.Code) {
	t.Helper()
	if e, _ := reason.Lookup(code); e.Problem != "dependency-failed" || e.Status != 503 {
		t.Fatalf("%s is %s %d", code, e.Problem, e.Status)
	}
}

func attackRollback(t *testing.T) {
	wantRow(t, reason.RegistryRollback)
	r := newRegistry(t)
	one := r.publish(t, 3600)
	c := r.reader(t)
	refresh(t, c)
	r.add(time.Minute)
	two := r.publish(t, 1800)
	refresh(t, c)
	r.serve(one.Raw(), nil)
	wantRefused(t, c, reason.RegistryRollback)

	restarted := r.reader(t)
	if restarted.Current().Version != 2 {
		t.Fatal("a restart forgets what was in force")
	}
	wantRefused(t, restarted, reason.RegistryRollback)

	// The mark outlives the snapshot: expired, it still says what was seen.
	r.add(24 * time.Hour)
	late := r.reader(t)
	if !late.Current().Unavailable {
		t.Fatal("an expired snapshot is in force after a restart")
	}
	old := r.seal(t, 1, "", 3600)
	r.serve(old.Raw(), nil)
	wantRefused(t, late, reason.RegistryRollback)

	again := r.seal(t, 2, one.Digest(), 1800) // the same version, signed anew
	r.serve(again.Raw(), nil)
	refresh(t, late)
	r.serve(two.Raw(), nil)
	wantRefused(t, late, reason.TrustRegistryStale)
}

func attackSplitView(t *testing.T) {
	wantRow(t, reason.RegistrySplitView)
	r := newRegistry(t)
	one := r.publish(t, 3600)
	c := r.reader(t)
	refresh(t, c)
	forged := r.seal(t, 1, "", 900)
	for name, s := range map[string]*trustframework.Snapshot{
		"same version":         forged,
		"next of another":      r.seal(t, 2, forged.Digest(), 900),
		"beyond the log":       r.seal(t, 5, one.Digest(), 900),
		"too far ahead to see": r.seal(t, client.MaxMissed+2, one.Digest(), 900),
	} {
		r.serve(s.Raw(), nil)
		wantRefused(t, c, reason.RegistrySplitView)
		if restarted := r.reader(t); restarted.Current().MaxAgeSeconds != 3600 {
			t.Errorf("%s: was kept", name)
		}
	}
}

// A reader that missed versions follows the log to the one that is served, and only there.
func TestMissedVersions(t *testing.T) {
	r := newRegistry(t)
	r.publish(t, 3600)
	c := r.reader(t)
	refresh(t, c)
	for i := range 6 {
		r.publish(t, int64(1000+i))
	}
	real := r.versions
	forged := r.seal(t, 1, "", 900)
	for name, do := range map[string]func(){
		"log rewritten below":  func() { r.versions[1].snapshot = r.seal(t, 2, forged.Digest(), 900) },
		"log rewritten within": func() { r.versions[3].snapshot = r.seal(t, 4, r.versions[2].snapshot.Digest(), 900) },
		"log with a gap":       func() { r.versions[2] = r.versions[3] },
		"last not in the log":  func() { r.versions[5].snapshot = r.seal(t, 6, r.versions[4].snapshot.Digest(), 900) },
	} {
		r.versions = append([]version(nil), real...)
		do()
		t.Log(name)
		wantRefused(t, c, reason.RegistrySplitView)
	}
	r.versions = real
	refresh(t, c)
	if c.Current().Version != 7 {
		t.Fatal("the log leads on, and yet the version is refused")
	}
}

func TestRefusesWhatDoesNotVerify(t *testing.T) {
	r := newRegistry(t)
	s := r.publish(t, 3600)
	other := newRegistry(t).publish(t, 3600)
	c := r.reader(t)
	tampered := append([]byte(nil), s.Raw()...)
	tampered[len(tampered)/2] ^= 1
	for name, raw := range map[string][]byte{
		"tampered": tampered, "by another": other.Raw(), "nothing": {}, "not a token": []byte("<html>"),
	} {
		r.serve(raw, nil)
		t.Log(name)
		wantRefused(t, c, reason.RegistrySignature)
	}
	r.serve(nil, safehttp.ErrUnreachable)
	wantRefused(t, c, reason.TrustRegistryUnavailable)
	if _, err := r.store.Get(t.Context(), client.StoreKey); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("something was kept: %v", err)
	}
}

// failing is a store that cannot do one of two things.
type failing struct {
	store.Store
	get, commit error
}

func (f *failing) Get(ctx context.Context, k string) (store.Entry, error) {
	if f.get != nil {
		return store.Entry{}, f.get
	}
	return f.Store.Get(ctx, k)
}

func (f *failing) Commit(ctx context.Context, changes ...store.Change) error {
	if f.commit != nil {
		return f.commit
	}
	return f.Store.Commit(ctx, changes...)
}

// What is not durable is not in force; a mark that cannot be read is not taken for none.
func TestStoreFails(t *testing.T) {
	r := newRegistry(t)
	r.publish(t, 3600)
	down := reason.New(reason.StorageUnavailable, "")
	f := &failing{Store: r.store, commit: down}
	r.store = f
	c := r.reader(t)
	wantRefused(t, c, reason.StorageUnavailable)
	f.commit, f.get = nil, down
	wantRefused(t, c, reason.StorageUnavailable)
	if _, err := client.New(t.Context(), r.config()); reason.Of(err) != reason.StorageUnavailable {
		t.Fatal(err)
	}
	f.get = nil
	if err := r.store.Commit(t.Context(), store.Change{Entry: store.Entry{Key: client.StoreKey, Value: []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.New(t.Context(), r.config()); reason.Of(err) != reason.StorageCorrupt {
		t.Fatal(err)
	}
}

// Two processes that share a store never put it back: the slower adopts what the faster has.
func TestSharedStore(t *testing.T) {
	r := newRegistry(t)
	one := r.publish(t, 3600)
	slow, fast := r.reader(t), r.reader(t)
	r.publish(t, 1800)
	refresh(t, fast)
	r.serve(one.Raw(), nil)
	if err := slow.Refresh(t.Context()); reason.Of(err) != reason.RegistryRollback || slow.Current().Version != 2 {
		t.Fatalf("%v, version %d", err, slow.Current().Version)
	}
	r.serve(nil, nil)
	for range 20 {
		r.publish(t, int64(1000+len(r.versions)))
		var wg sync.WaitGroup
		for _, c := range []*client.Client{slow, fast} {
			wg.Go(func() {
				if err := c.Refresh(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := len(r.versions); slow.Current().Version != n || fast.Current().Version != n {
			t.Fatalf("%d and %d of %d", slow.Current().Version, fast.Current().Version, n)
		}
	}
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry(t)
		r.publish(t, 3600)
		c := r.reader(t)
		r.serve(nil, safehttp.ErrUnreachable)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- c.Run(ctx) }()
		start := time.Now()
		synctest.Wait()
		if !c.Current().Unavailable {
			t.Fatal("available")
		}
		<-time.After(10 * time.Second) // tried at 0, 1, 3 and 7 s; the next time is 15 s
		r.serve(nil, nil)
		<-time.After(5*time.Second + time.Nanosecond)
		synctest.Wait()
		if c.Current().Version != 1 {
			t.Fatalf("not taken after %v", time.Since(start))
		}
		r.publish(t, 1800)
		<-time.After(client.DefaultRefresh - time.Second)
		synctest.Wait()
		if c.Current().Version != 1 {
			t.Fatal("asked too early")
		}
		<-time.After(time.Second)
		synctest.Wait()
		if c.Current().Version != 2 {
			t.Fatal("not refreshed after the interval")
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	})
}

func TestDiscover(t *testing.T) {
	get := func(body string, err error) client.Fetcher {
		return fetch(func(url string) (safehttp.Response, error) {
			if url != origin+"/.well-known/behalf-registry" {
				t.Errorf("asked %s", url)
			}
			return safehttp.Response{Status: 200, Body: []byte(body)}, err
		})
	}
	keys, err := client.Discover(t.Context(), get(`{"keys":["did:key:a","did:key:b"],"more":1}`, nil), origin+"/")
	if err != nil || len(keys) != 2 || keys[1] != "did:key:b" {
		t.Fatalf("%v, %v", keys, err)
	}
	for body, code := range map[string]reason.Code{
		`{"keys":[]}`: reason.RegistrySignature, `{}`: reason.RegistrySignature, `{"keys":1}`: reason.JSONType, `x`: reason.JSONSyntax,
		`{"keys":[` + strings.Repeat(`"a",`, trustframework.MaxTrusted) + `"a"]}`: reason.RegistrySignature,
	} {
		if _, err := client.Discover(t.Context(), get(body, nil), origin); reason.Of(err) != code {
			t.Errorf("%.30s: %v", body, err)
		}
	}
	if _, err := client.Discover(t.Context(), get("", safehttp.ErrUnreachable), origin); reason.Of(err) != reason.TrustRegistryUnavailable {
		t.Error(err)
	}
}

type fetch func(url string) (safehttp.Response, error)

func (f fetch) Get(_ context.Context, url string, _ safehttp.Want) (safehttp.Response, error) {
	return f(url)
}

func BenchmarkCurrent(b *testing.B) {
	r := newRegistry(b)
	r.publish(b, 3600)
	c := r.reader(b)
	refresh(b, c)
	for b.Loop() {
		if c.Current().Unavailable {
			b.Fatal("unavailable")
		}
	}
}
