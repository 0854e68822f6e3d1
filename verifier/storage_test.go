// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/verifier"
)

// faultyStore fails the steps that it is told to.
type faultyStore struct {
	store.Store
	get    func(key string) error
	commit func() error
}

func (f *faultyStore) Get(ctx context.Context, key string) (store.Entry, error) {
	if f.get != nil {
		if err := f.get(key); err != nil {
			return store.Entry{}, err
		}
	}
	return f.Store.Get(ctx, key)
}

func (f *faultyStore) Commit(ctx context.Context, changes ...store.Change) error {
	if f.commit != nil {
		if err := f.commit(); err != nil {
			return err
		}
	}
	return f.Store.Commit(ctx, changes...)
}

// broken returns a world whose gateway keeps its sessions in a store that fails as told.
func broken(t *testing.T) (*world, *faultyStore) {
	w := newWorld(t)
	w.mustPermit(sd)
	f := &faultyStore{Store: w.records}
	cfg := w.cfg
	cfg.Store = f
	w.start(cfg)
	return w, f
}

// TestStorageFails shows that a store that fails releases nothing, and that what was not spent can be tried again.
func TestStorageFails(t *testing.T) {
	w, f := broken(t)
	disk := errors.New("disk")
	f.commit = func() error { return disk }
	if _, err := w.Ask(t.Context(), verifier.Request{Access: booking()}); reason.Of(err) != reason.StorageUnavailable {
		t.Error(err)
	}
	f.commit = nil
	g := w.forge(sd)
	for name, fault := range map[string]func(){
		"get":    func() { f.get = func(string) error { return disk } },
		"commit": func() { f.commit = func() error { return disk } },
	} {
		fault()
		if got := g.send(); got.status != http.StatusServiceUnavailable || got.code != reason.StorageUnavailable || got.outcome != "" {
			t.Errorf("%s: %+v", name, got)
		}
		if name == "get" {
			if got := w.call("GET", "/v1/requests/"+g.session.ID, "", ""); got.Code != http.StatusServiceUnavailable {
				t.Errorf("%d", got.Code)
			}
		}
		f.get, f.commit = nil, nil
	}
	w.expect(g.send(), reason.OK)
	damaged := w.forge(sd)
	w.rewrite(damaged.session, func(s map[string]any) { s["expires"] = "soon" })
	w.expect(damaged.send(), reason.StorageCorrupt)
}

// TestUseCounterFails shows that uses that cannot be counted are not permitted.
func TestUseCounterFails(t *testing.T) {
	w, f := broken(t)
	c := w.root(sd)
	c.Permissions[0].Constraint = credential.ParseConstraint([]byte(`{"maxUses":3}`))
	raw := w.seal(sd, c, w.issuer)
	present := func() result {
		s := w.ask(booking())
		return w.post(s, map[string][]string{"delegation": {w.show(s, sd, raw, w.bob)}})
	}
	w.expect(present(), reason.OK)
	f.get = func(key string) error {
		if strings.HasPrefix(key, "gateway/uses/") {
			return errors.New("disk")
		}
		return nil
	}
	w.expect(present(), reason.StorageUnavailable)
	f.get = nil
	for e, err := range w.records.Scan(t.Context(), "gateway/uses/") {
		must(t, err)
		e.Value = []byte("damaged")
		must(t, w.records.Commit(t.Context(), store.Change{Entry: e}))
	}
	w.expect(present(), reason.StorageCorrupt)
}

// TestUsesAlwaysTaken is a permission that others use first each time: the decision ends in a recorded denial.
func TestUsesAlwaysTaken(t *testing.T) {
	w, f := broken(t)
	c := w.root(sd)
	c.Permissions[0].Constraint = credential.ParseConstraint([]byte(`{"maxUses":1000}`))
	raw := w.seal(sd, c, w.issuer)
	present := func() result {
		s := w.ask(booking())
		return w.post(s, map[string][]string{"delegation": {w.show(s, sd, raw, w.bob)}})
	}
	w.expect(present(), reason.OK)
	f.get = func(key string) error {
		if !strings.HasPrefix(key, "gateway/uses/") {
			return nil
		}
		e, err := w.records.Get(t.Context(), key) // another gateway counts a use just behind our back
		must(t, err)
		f.Store = &stale{Store: w.records, key: key, entry: e}
		return w.records.Commit(t.Context(), store.Change{Entry: e})
	}
	w.expect(present(), reason.InternalIndeterminate)
}

// stale answers with the entry as it was.
type stale struct {
	store.Store
	key   string
	entry store.Entry
}

func (s *stale) Get(ctx context.Context, key string) (store.Entry, error) {
	if key == s.key {
		return s.entry, nil
	}
	return s.Store.Get(ctx, key)
}

// TestDocument shows the gateway's own document, and what a ring that is closed does.
func TestDocument(t *testing.T) {
	w := newWorld(t)
	got := w.call("GET", "/.well-known/did.json", "", "")
	if got.Code != http.StatusOK || got.Body.String() != `{"id":"`+gatewayID+`"}` || got.Header().Get("Content-Type") != "application/did+json" {
		t.Errorf("%d %s %v", got.Code, got.Body, got.Header())
	}
	cfg := w.cfg
	cfg.Document = func() ([]byte, error) { return nil, errors.New("no ring") }
	cfg.Signer = func() (did.Signer, error) { return did.Signer{}, errors.New("no ring") }
	w.start(cfg)
	if got := w.call("GET", "/.well-known/did.json", "", ""); got.Code != http.StatusServiceUnavailable {
		t.Errorf("%d", got.Code)
	}
	s := w.asked()
	path := strings.TrimPrefix(s.RequestURI, origin)
	if got := w.call("GET", path, "", ""); got.Code != http.StatusServiceUnavailable {
		t.Errorf("%d", got.Code)
	}
	cfg.Signer = func() (did.Signer, error) { return w.gateway, nil }
	w.start(cfg)
	w.fetch(s) // a request that could not be signed was not used up
}
