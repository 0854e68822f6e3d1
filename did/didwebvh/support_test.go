// SPDX-License-Identifier: Apache-2.0

package didwebvh

import (
	"context"
	"crypto/rand"
	"sync/atomic"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/store"
	storemem "github.com/behalf-id/behalf/store/memory"
)

func start() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }

func mustParse(t testing.TB, s string) did.DID {
	t.Helper()
	id, err := did.Parse(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return id
}

func generate(t testing.TB) *key.Private {
	t.Helper()
	k, err := key.Generate(key.EdDSA, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// host is the web as a resolver sees it: files by their address.
type host struct {
	files   map[string][]byte
	fetched atomic.Int64
	seen    store.Store
	allowed func(string) bool
	now     time.Time
}

func newHost(t testing.TB) *host {
	t.Helper()
	h := &host{files: map[string][]byte{}, allowed: func(string) bool { return true }, now: start()}
	m, err := storemem.New(storemem.Config{Now: func() time.Time { return h.now }})
	if err != nil {
		t.Fatal(err)
	}
	h.seen = m
	return h
}

// Get implements didweb.Fetcher.
func (h *host) Get(_ context.Context, url string, want safehttp.Want) (safehttp.Response, error) {
	h.fetched.Add(1)
	body, ok := h.files[url]
	if !ok {
		return safehttp.Response{}, &safehttp.StatusError{Status: 404}
	}
	return safehttp.Response{Status: 200, Body: body}, nil
}

func (h *host) put(t testing.TB, id did.DID, log, witness []byte) {
	t.Helper()
	url, err := URL(id)
	if err != nil {
		t.Fatal(err)
	}
	h.files[url] = log
	if witness != nil {
		h.files[url[:len(url)-len("did.jsonl")]+"did-witness.json"] = witness
	}
}

func (h *host) resolver(t testing.TB) *Resolver {
	t.Helper()
	r, err := New(Config{
		Fetch: h, Allowed: func(s string) bool { return h.allowed(s) }, Now: func() time.Time { return h.now }, Seen: h.seen,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
