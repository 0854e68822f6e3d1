// SPDX-License-Identifier: Apache-2.0

// Package client keeps the newest snapshot of a trust framework at hand: fetched from a
// registry, verified, never older than one seen before, and swapped in one step.
package client

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/trustframework"
)

// Bounds on how often a registry is asked (security.md §5.1: 15 min is the soft bound on age).
const (
	DefaultRefresh = time.Minute
	MinRefresh     = time.Second
	MaxRefresh     = 15 * time.Minute
)

// Fetcher fetches over https; *safehttp.Client is the one there is.
type Fetcher interface {
	Get(ctx context.Context, url string, want safehttp.Want) (safehttp.Response, error)
}

// Config is what a Client is made of. Every member but Refresh and Verifier is required.
type Config struct {
	// URL is the registry's origin, such as "https://registry.example.org"; a path before /v1 may follow.
	URL string
	// Trusted are the keys that may sign, of which one must have. At most trustframework.MaxTrusted.
	Trusted []key.Public
	// Fetcher fetches.
	Fetcher Fetcher
	// Store keeps the newest snapshot and the high-water mark, so that an older snapshot is
	// refused after a restart too. It may be shared with other uses: the client's one key is StoreKey.
	Store store.Store
	// Now tells the time.
	Now func() time.Time
	// Logger is told of refreshes that fail; a fork or rollback is an error, an outage a warning.
	Logger *slog.Logger
	// Refresh is how long Run waits between two fetches: DefaultRefresh if 0, and between MinRefresh and MaxRefresh.
	Refresh time.Duration
	// Verifier is the DID of a verifier whose attestation is kept at hand too; "" for none.
	Verifier string
}

// Client holds the newest verified snapshot. It is safe for concurrent use; reading it takes no
// lock and touches no network. The zero Client gives an unavailable framework.
type Client struct {
	cfg      Config
	current  atomic.Pointer[held]
	attested atomic.Pointer[attestation]
	one      sync.Mutex // one refresh at a time
}

// held is what was taken last, with what is needed to ask for a newer one.
type held struct {
	snapshot *trustframework.Snapshot
	etag     string
}

// New checks cfg and returns a client that has read what the store remembers. A snapshot there
// that is still good is in force at once, so that a restart needs no registry; a store that
// cannot be read is an error, because a mark that is not known cannot be kept.
func New(ctx context.Context, cfg Config) (*Client, error) {
	if cfg.Refresh == 0 {
		cfg.Refresh = DefaultRefresh
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	cfg.URL = strings.TrimSuffix(cfg.URL, "/")
	c := &Client{cfg: cfg}
	seen, err := c.load(ctx)
	if err != nil {
		return nil, err
	}
	c.adopt(seen)
	return c, nil
}

// Current returns the framework in force, never nil and never to be changed. It is
// unavailable before the first snapshot was verified, from the end of the last one's life on,
// and while this clock is more than trustframework.MaxClockError behind the one that signed.
// Between the framework's maximum age and that end, Usable says trust.registry_stale.
func (c *Client) Current() *trustframework.Framework { return c.Snapshot().Framework() }

// Snapshot returns the snapshot that Current is of, or nil while there is none.
func (c *Client) Snapshot() *trustframework.Snapshot {
	h := c.current.Load()
	if h == nil {
		return nil
	}
	now := c.cfg.Now()
	if !now.Before(h.snapshot.Expires()) || h.snapshot.Issued().After(now.Add(trustframework.MaxClockError)) {
		return nil
	}
	return h.snapshot
}

// Ready returns nil if the framework in force may be relied on now (Framework.Usable).
func (c *Client) Ready(context.Context) error { return c.Current().Usable(c.cfg.Now()) }

// Refresh asks the registry once and takes what it says if that verifies, is good now and may
// follow what was seen (trustframework.Mark.Admit). It is durable in the store before Current
// shows it. On an error Current is what it was.
//
// If versions were missed in between, the registry's log must join them to what was seen, else it
// is registry.split_view.
//
// A registry that cannot be reached, or answers with anything but a snapshot, is
// trust.registry_unavailable; what Open, Admit and the store refuse keeps its code.
func (c *Client) Refresh(ctx context.Context) error {
	c.one.Lock()
	defer c.one.Unlock()
	err := c.refresh(ctx)
	if err == nil {
		c.attest(ctx)
	}
	return err
}

func (c *Client) refresh(ctx context.Context) error {
	want := safehttp.Want{MediaTypes: []string{trustframework.SnapshotMediaType}, MaxBytes: trustframework.MaxSnapshot}
	if c.Snapshot() != nil {
		want.ETag = c.current.Load().etag
	}
	res, err := c.cfg.Fetcher.Get(ctx, c.cfg.URL+"/v1/snapshot", want)
	if err != nil {
		return reason.Wrap(reason.TrustRegistryUnavailable, "the registry gave no snapshot", err)
	}
	if res.NotModified && want.ETag != "" {
		return nil
	}
	s, err := trustframework.Open(res.Body, c.cfg.Trusted, c.cfg.Now())
	if err != nil {
		return err
	}
	if err := c.join(ctx, s); err != nil {
		return err
	}
	return c.take(ctx, s, res.ETag)
}

// Run refreshes until ctx ends, and returns its error. After a failure it tries again after
// MinRefresh, then after twice as long each time, up to Refresh.
func (c *Client) Run(ctx context.Context) error {
	wait := time.Duration(0)
	for {
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		err := c.Refresh(ctx)
		if err == nil {
			wait = c.cfg.Refresh
			continue
		}
		c.report(ctx, err)
		wait = min(c.cfg.Refresh, max(MinRefresh, 2*wait))
		if wait > c.cfg.Refresh/2 {
			wait = c.cfg.Refresh
		}
	}
}

func (cfg *Config) check() error {
	u, err := url.Parse(cfg.URL)
	switch {
	case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("trustframework/client: URL is not an https address without query")
	case len(cfg.Trusted) == 0 || len(cfg.Trusted) > trustframework.MaxTrusted:
		return errors.New("trustframework/client: Trusted needs 1 to 16 keys")
	case cfg.Fetcher == nil || cfg.Store == nil || cfg.Now == nil || cfg.Logger == nil:
		return errors.New("trustframework/client: Fetcher, Store, Now and Logger are required")
	case cfg.Refresh < MinRefresh || cfg.Refresh > MaxRefresh:
		return errors.New("trustframework/client: Refresh is not between 1 s and 15 min")
	}
	for _, k := range cfg.Trusted {
		if k.IsZero() {
			return errors.New("trustframework/client: a trusted key is zero")
		}
	}
	return nil
}

// report logs a failed refresh: loudly if the registry contradicts itself.
func (c *Client) report(ctx context.Context, err error) {
	level := slog.LevelWarn
	switch reason.Of(err) {
	case reason.RegistrySplitView, reason.RegistryRollback, reason.RegistrySignature:
		level = slog.LevelError
	}
	c.cfg.Logger.Log(ctx, level, "trust framework not refreshed", "reason", string(reason.Of(err)), "error", err)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
