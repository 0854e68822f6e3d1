// SPDX-License-Identifier: Apache-2.0

package snapshot_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/delta"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/credential/status/snapshot"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/memory"
)

// host serves what a Publisher publishes, as an issuer's HTTP end does, until it is stopped.
type host struct {
	pub     *publisher.Publisher
	base    string
	stopped bool

	deltas, whole int // answers of either kind
}

func (h *host) Get(ctx context.Context, url string, want safehttp.Want) (safehttp.Response, error) {
	if h.stopped {
		return safehttp.Response{}, safehttp.ErrUnreachable
	}
	doc, err := h.find(ctx, strings.TrimPrefix(url, h.base))
	if err != nil {
		return safehttp.Response{}, &safehttp.StatusError{Status: 404}
	}
	if want.ETag == doc.ETag {
		return safehttp.Response{Status: 304, NotModified: true, ETag: doc.ETag}, nil
	}
	if doc, err = doc.Since(ctx, strings.Join(want.MediaTypes, ", "), want.ETag); err != nil {
		return safehttp.Response{}, err
	}
	if doc.MediaType == delta.MediaType {
		h.deltas++
		return safehttp.Response{Status: publisher.StatusDelta, Body: doc.Body, MediaType: doc.MediaType, ETag: doc.ETag}, nil
	}
	h.whole++
	return safehttp.Response{Status: 200, Body: doc.Body, MediaType: doc.MediaType, ETag: doc.ETag}, nil
}

func (h *host) find(ctx context.Context, path string) (*publisher.Document, error) {
	if name, ok := strings.CutPrefix(path, "/token/"); ok {
		id, err := publisher.ParseListID(name)
		if err != nil {
			return nil, err
		}
		return h.pub.Token(ctx, id)
	}
	id, purpose, err := publisher.ParseBitstringName(strings.TrimPrefix(path, "/bitstring/"))
	if err != nil {
		return nil, err
	}
	return h.pub.Bitstring(ctx, id, purpose)
}

// documents resolves one DID.
type documents struct{ doc *did.Document }

func (d documents) Resolve(_ context.Context, id did.DID) (*did.Document, error) {
	if id != d.doc.ID {
		return nil, reason.New(reason.DIDSyntax, "")
	}
	return d.doc, nil
}

// both is an issuer and a gateway with one clock.
type both struct {
	at    time.Time
	host  *host
	book  *publisher.Book
	alloc *publisher.Allocator
	src   *snapshot.Source
	did   string
	doc   *did.Document

	fetcher snapshot.Fetcher
}

func (b *both) now() time.Time { return b.at }

func newBoth() (*both, error) { return newBothAt("https://issuer.test/status") }

func newBothAt(base string) (*both, error) {
	b := &both{at: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), did: "did:web:issuer.test"}
	issued, err := memory.New(memory.Config{Now: b.now})
	if err != nil {
		return nil, err
	}
	k, err := key.Generate(key.EdDSA, rand.Reader)
	if err != nil {
		return nil, err
	}
	m, err := did.ParseURL(b.did + "#k1")
	if err != nil {
		return nil, err
	}
	if b.book, err = publisher.NewBook(issued); err != nil {
		return nil, err
	}
	if b.alloc, err = publisher.NewAllocator(publisher.AllocatorConfig{Store: issued, Rand: rand.Reader, Epoch: 1}); err != nil {
		return nil, err
	}
	b.host = &host{base: base}
	b.fetcher = b.host
	if b.host.pub, err = publisher.New(publisher.Config{
		Book: b.book, Store: issued, Base: b.host.base, Now: b.now,
		Signer: func() (did.Signer, error) { return did.Signer{Signer: k, Method: m}, nil },
	}); err != nil {
		return nil, err
	}
	b.doc = &did.Document{
		ID: m.DID(), Methods: []did.Method{{ID: m, Key: k.Public()}},
		Purposes: map[did.Relationship][]string{did.AssertionMethod: {"k1"}},
	}
	b.src, err = b.gateway(0)
	return b, err
}

// gateway returns one more gateway.
func (b *both) gateway(poll time.Duration) (*snapshot.Source, error) {
	marks, err := memory.New(memory.Config{Now: b.now})
	if err != nil {
		return nil, err
	}
	return snapshot.New(snapshot.Config{
		Fetcher: b.fetcher, Marks: marks, Now: b.now, Poll: poll, Resolver: documents{b.doc},
		Signer: func(issuer, url string) (did.DID, bool) {
			return b.doc.ID, issuer == b.did && strings.HasPrefix(url, b.host.base+"/")
		},
	})
}

// TestSeenByThousand: of 1,000 gateways that ask each second, each at its own instant, all but one in a
// hundred see a revocation within a second of its publication, and none fetches the list for it.
func TestSeenByThousand(t *testing.T) {
	const gateways, step = 1000, 50 * time.Millisecond
	b, err := newBoth()
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	ref, err := b.alloc.Allocate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	entry := b.host.pub.TokenRef(ref)
	sources := make([]*snapshot.Source, gateways)
	const perSecond = int(time.Second / step)
	for tick := range perSecond {
		b.at = b.at.Add(step)
		for i := perSecond - 1 - tick; i < gateways; i += perSecond { // each begins at its own instant
			if sources[i], err = b.gateway(snapshot.MinPoll); err != nil {
				t.Fatal(err)
			}
			if err := sources[i].Watch(ctx, b.did, entry); err != nil {
				t.Fatal(err)
			}
		}
	}
	whole := b.host.whole
	if err := b.book.Set(ctx, []publisher.Ref{ref}, status.Revoked); err != nil {
		t.Fatal(err)
	}
	published := b.at
	var late int
	seen := make([]bool, gateways)
	for tick := range 2 * perSecond {
		b.at = b.at.Add(step)
		for i, src := range sources {
			if (i+tick+1)%perSecond != 0 || seen[i] {
				continue
			}
			src.Refresh(ctx)
			state, _, err := src.State(ctx, b.did, entry)
			if err != nil {
				t.Fatal(err)
			}
			if seen[i] = state == status.Revoked; seen[i] && b.at.Sub(published) > time.Second {
				late++
			}
		}
	}
	for i := range seen {
		if !seen[i] {
			late++
		}
	}
	if late > gateways/100 {
		t.Errorf("%d gateways saw it later than a second after", late)
	}
	if b.host.whole != whole || b.host.deltas < gateways-late {
		t.Errorf("%d whole lists and %d deltas", b.host.whole-whole, b.host.deltas)
	}
}

// TestRevocationBites follows one credential in both forms through its life: at each second, what
// the gateway says is what the issuer has said at most 300 s ago, and a revocation bites within
// 305 s and for ever (INV-6).
func TestRevocationBites(t *testing.T) {
	b, err := newBoth()
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	token, err := b.alloc.Allocate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	bits, err := b.alloc.Allocate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	copies := map[string][]credential.StatusRef{"sd-jwt": {b.host.pub.TokenRef(token)}, "vc": b.host.pub.BitstringRefs(bits)}
	states := []status.State{status.Valid, status.Suspended, status.Valid, status.Revoked}
	for i, state := range states {
		if err := b.book.Set(ctx, []publisher.Ref{token, bits}, state); err != nil {
			t.Fatal(err)
		}
		since := b.at
		for range 400 {
			b.at = b.at.Add(time.Second)
			b.src.Refresh(ctx)
			for name, refs := range copies {
				got, asOf, err := status.Of(ctx, b.src, b.did, refs)
				if err != nil || b.at.Sub(asOf) >= 300*time.Second {
					t.Fatalf("%s: as of %v at %v: %v", name, asOf, b.at, err)
				}
				if late := b.at.Sub(since) > 305*time.Second; got != state && (late || got != states[max(i-1, 0)] && got != status.Valid) {
					t.Fatalf("%s: %v, %v after it was set to %v", name, got, b.at.Sub(since), state)
				}
			}
		}
	}
	if b.host.deltas < 20 || b.host.whole != len(copies)+1 { // the first of each list alone
		t.Errorf("%d deltas and %d whole lists were fetched", b.host.deltas, b.host.whole)
	}
	b.host.stopped = true
	last := b.at
	for range 600 {
		b.at = b.at.Add(time.Second)
		b.src.Refresh(ctx)
		for name, refs := range copies {
			got, _, err := status.Of(ctx, b.src, b.did, refs)
			switch {
			case err == nil && got != status.Revoked:
				t.Fatalf("%s: %v after the issuer has stopped", name, got)
			case err == nil && b.at.Sub(last) >= 300*time.Second, err != nil && reason.Of(err) != reason.StatusUnavailable:
				t.Fatalf("%s: %v, %v after the issuer has stopped", name, err, b.at.Sub(last))
			}
		}
	}
	for name, refs := range copies {
		if _, _, err := status.Of(ctx, b.src, b.did, refs); reason.Of(err) != reason.StatusUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func Example() {
	b, err := newBoth()
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	ref, err := b.alloc.Allocate(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := b.book.Set(ctx, []publisher.Ref{ref}, status.Revoked); err != nil {
		fmt.Println(err)
		return
	}
	state, asOf, err := b.src.State(ctx, b.did, b.host.pub.TokenRef(ref))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(state, asOf.Format(time.RFC3339))
	// Output: revoked 2026-11-22T10:00:00Z
}
