// SPDX-License-Identifier: Apache-2.0

// Package registry publishes a trust framework: it keeps every version that was ever in force
// and signs the newest, again and again while it is.
//
// A version is recorded before it is signed, and recorded once: so there are never two signed
// frameworks of one version, whoever else writes and whatever crashes in between. Versions form a
// chain by digest (trustframework.ChainDigest), which Verify walks.
package registry

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/trustframework"
)

// Config is what a Registry is made of. All but Announce is required.
type Config struct {
	// Store keeps the versions. Several registries may share one; compare-and-swap decides.
	Store store.Store
	// Signer signs snapshots. Its method's DID is their iss: a did:key, or the did:web of the registry's host.
	Signer did.Signer
	// Announce lists further keys that readers are told to pin, such as the one that comes next.
	Announce []key.Public
	// Now tells the time.
	Now func() time.Time
}

// Registry is one trust framework and its history. It is safe for concurrent use.
type Registry struct {
	cfg      Config
	signing  sync.Mutex                              // one signature at a time within this process
	opened   atomic.Pointer[trustframework.Snapshot] // the stored snapshot that was opened last
	attested atomic.Pointer[attested]
}

// New returns a registry for cfg. It reads and writes nothing yet.
func New(cfg Config) (*Registry, error) {
	switch {
	case cfg.Store == nil || cfg.Now == nil:
		return nil, errors.New("registry: Store and Now are required")
	case cfg.Signer.Signer == nil || cfg.Signer.Method.DID().IsZero() || cfg.Signer.Public().IsZero():
		return nil, errors.New("registry: Signer needs a key and a method")
	case len(cfg.Announce) >= trustframework.MaxTrusted:
		return nil, errors.New("registry: Announce names more keys than a reader may trust")
	}
	for _, k := range cfg.Announce {
		if k.IsZero() {
			return nil, errors.New("registry: a key in Announce is zero")
		}
	}
	return &Registry{cfg: cfg}, nil
}

// Applied is what Apply did.
type Applied struct {
	Version int      // the version that is in force
	Changes []string // from the version before, as trustframework.Diff writes them; nil if nothing changed
}

// Apply puts f in force as the next version and returns once it is durable and signed. A
// framework equal to the one in force changes nothing and makes no version.
//
// If f.Version is not 0 it names the version that f was made from: should another be in force,
// f is refused as idempotency.mismatch (409), and so is the one of two writers that comes second.
// The first version has none before it. A framework that trustframework.Validate refuses keeps
// that code; the id of a framework never changes (json.type).
//
// An error after the version was recorded, such as a key store that does not answer, says so by
// its code; the version stays, and the next Apply or Current signs it.
func (r *Registry) Apply(ctx context.Context, f *trustframework.Framework) (Applied, error) {
	now, changes, err := r.preview(ctx, f)
	if err != nil {
		return Applied{}, err
	}
	version := now.version
	if len(changes) > 0 {
		version++
		if err := r.record(ctx, now, f, changes); err != nil {
			return Applied{}, err
		}
	}
	if _, err := r.Current(ctx); err != nil {
		return Applied{}, err
	}
	return Applied{version, changes}, nil
}

// Preview returns what Apply of f would change, with the same refusals, and changes nothing.
func (r *Registry) Preview(ctx context.Context, f *trustframework.Framework) ([]string, error) {
	_, changes, err := r.preview(ctx, f)
	return changes, err
}

func (r *Registry) preview(ctx context.Context, f *trustframework.Framework) (head, []string, error) {
	if err := trustframework.Validate(f); err != nil {
		return head{}, nil, err
	}
	now, err := r.head(ctx)
	if err != nil {
		return head{}, nil, err
	}
	changes := trustframework.Diff(now.framework, f)
	switch {
	case len(changes) == 0:
		return now, nil, nil
	case f.Version != 0 && f.Version != now.version:
		return head{}, nil, conflict()
	case now.framework != nil && now.framework.ID != f.ID:
		return head{}, nil, reason.New(reason.JSONType, "id: the id of a framework does not change; another framework is another registry")
	}
	return now, changes, nil
}

func conflict() error {
	return reason.New(reason.IdempotencyMismatch, "another version is in force than the one this framework was made from: export, merge and apply again")
}

// Export returns the framework in force with its version, for an operator to edit and Apply
// again, signed or not. Before the first it is trust.registry_unavailable.
func (r *Registry) Export(ctx context.Context) (*trustframework.Framework, error) {
	now, err := r.head(ctx)
	if err != nil {
		return nil, err
	}
	if now.framework == nil {
		return nil, empty()
	}
	now.framework.Version = now.version
	return now.framework, nil
}

// Ready returns nil if there is a snapshot that can be given out now.
func (r *Registry) Ready(ctx context.Context) error {
	_, err := r.Current(ctx)
	return err
}

// Keys returns the keys that readers are told to pin: the one that signs, and those announced.
func (r *Registry) Keys() []key.Public {
	return append([]key.Public{r.cfg.Signer.Public()}, r.cfg.Announce...)
}

func empty() error {
	return reason.New(reason.TrustRegistryUnavailable, "no framework was applied to this registry yet")
}
