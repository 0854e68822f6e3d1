// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/bitstring"
	"github.com/behalf-id/behalf/credential/status/tokenlist"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/memory"
)

const base = "https://issuer.test/status"

// world is an issuer with its store, whose clock and key tests change.
type world struct {
	testing.TB
	store *faulty
	book  *Book
	alloc *Allocator
	pub   *Publisher

	mu     sync.Mutex
	at     time.Time
	signer did.Signer
}

// faulty is a store that can be told to fail.
type faulty struct {
	store.Store
	mu   sync.Mutex
	fail error // what Commit returns
	keep bool  // whether it has committed all the same
}

func (f *faulty) set(fail error, keep bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail, f.keep = fail, keep
}

func (f *faulty) Commit(ctx context.Context, changes ...store.Change) error {
	f.mu.Lock()
	fail, keep := f.fail, f.keep
	f.mu.Unlock()
	if fail != nil && !keep {
		return fail
	}
	if err := f.Store.Commit(ctx, changes...); err != nil || fail == nil {
		return err
	}
	return fail
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, at: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	mem, err := memory.New(memory.Config{Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	w.store = &faulty{Store: mem}
	w.signer = newSigner(t, "k1")
	w.restart()
	return w
}

func newSigner(t testing.TB, fragment string) did.Signer {
	t.Helper()
	k, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	m, err := did.ParseURL("did:web:issuer.test#" + fragment)
	if err != nil {
		t.Fatal(err)
	}
	return did.Signer{Signer: k, Method: m}
}

// restart forgets all that is in memory but the store.
func (w *world) restart() {
	w.Helper()
	var err error
	if w.book, err = NewBook(w.store); err != nil {
		w.Fatal(err)
	}
	w.alloc = w.allocator(1)
	if w.pub, err = New(w.config()); err != nil {
		w.Fatal(err)
	}
}

func (w *world) allocator(epoch uint32) *Allocator {
	w.Helper()
	a, err := NewAllocator(AllocatorConfig{Store: w.store, Rand: rand.Reader, Epoch: epoch})
	if err != nil {
		w.Fatal(err)
	}
	return a
}

func (w *world) config() Config {
	return Config{Book: w.book, Store: w.store, Signer: func() (did.Signer, error) { return w.signer, nil }, Base: base, Now: w.now}
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) add(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func (w *world) allocate() Ref {
	w.Helper()
	ref, err := w.alloc.Allocate(context.Background())
	if err != nil {
		w.Fatal(err)
	}
	return ref
}

func (w *world) set(to status.State, refs ...Ref) {
	w.Helper()
	if err := w.book.Set(context.Background(), refs, to); err != nil {
		w.Fatal(err)
	}
}

// decoys returns the state of a list of which nothing was set, as it is to be shown now.
func (w *world) decoys(id ListID) []byte {
	w.Helper()
	s, err := w.pub.schedule(context.Background(), id)
	if err != nil {
		w.Fatal(err)
	}
	packed := make([]byte, DefaultCapacity*width/8)
	s.show(packed, w.now())
	return packed
}

func (w *world) token(id ListID) (*Document, tokenlist.List) {
	w.Helper()
	doc, err := w.pub.Token(context.Background(), id)
	if err != nil {
		w.Fatal(err)
	}
	return doc, openToken(w, doc, w.signer)
}

func openToken(t testing.TB, doc *Document, by did.Signer) tokenlist.List {
	t.Helper()
	s, err := tokenlist.Parse(doc.Body)
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.Open(by.Public(), base+"/token/1-1")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (w *world) bitstring(id ListID, purpose Purpose) bitstring.List {
	w.Helper()
	doc, err := w.pub.Bitstring(context.Background(), id, purpose)
	if err != nil {
		w.Fatal(err)
	}
	s, err := bitstring.Parse(doc.Body)
	if err != nil {
		w.Fatal(err)
	}
	l, err := s.Open(w.signer.Public(), base+"/bitstring/"+id.String()+"-"+string(purpose))
	if err != nil {
		w.Fatal(err)
	}
	return l
}

func want(t testing.TB, err error, code reason.Code) {
	t.Helper()
	if reason.Of(err) != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

var errDisk = reason.New(reason.StorageUnavailable, "the disk is gone")
