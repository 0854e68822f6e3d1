// SPDX-License-Identifier: Apache-2.0

package vcjwt

import (
	"bytes"
	"context"
	"reflect"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// sameKey compares keys, of which the zero one equals none.
var sameKey = cmp.Comparer(func(a, b key.Public) bool { return a.Equal(b) || a.IsZero() && b.IsZero() })

// sameAsCold opens raw with f and fails unless a format that remembers nothing says the same, to
// the byte: the same credential with the same constraints as received, or the same refusal.
func sameAsCold(t testing.TB, f *Format, w *fixture.World, raw []byte) (credential.Opened, error) {
	t.Helper()
	want, refusal := newFormat(t).Open(context.Background(), raw, w.Keys)
	got, err := f.Open(context.Background(), raw, w.Keys)
	if d := cmp.Diff(want, got, sameKey); d != "" {
		t.Fatal(d)
	}
	if reason.Of(err) != reason.Of(refusal) || (err == nil) != (refusal == nil) {
		t.Fatalf("%v, without memory %v", err, refusal)
	}
	return got, err
}

// TestWarmAsCold opens some credential thrice: never seen, remembered, remembered and handed out before.
func TestWarmAsCold(t *testing.T) {
	w := fixture.New(t, key.EdDSA)
	f := newFormat(t)
	rapid.Check(t, func(rt *rapid.T) {
		c := fixture.Bitstring(fixture.Draw(rt, w.Issuer.Method.DID().String(), w.Holder.Method.DID().String()))
		raw, err := f.Seal(context.Background(), c, w.Issuer)
		if err != nil {
			rt.Fatal(err)
		}
		for range 3 {
			if _, err := sameAsCold(t, f, w, raw); err != nil {
				rt.Fatal(err)
			}
		}
	})
}

// TestWarmIsNotChanged does to what is handed out all that does not go through a shared list, and
// to the bytes that were opened as well.
func TestWarmIsNotChanged(t *testing.T) {
	g := newForge(t)
	raw := []byte(g.credential())
	sent := bytes.Clone(raw)
	for range 3 {
		o, err := g.f.Open(context.Background(), sent, g.w.Keys)
		if err != nil {
			t.Fatal(err)
		}
		clear(sent)
		fixture.NoRoom(t, reflect.ValueOf(o.Credential))
		*o.Credential = credential.Credential{ID: "changed"}
		if _, err := sameAsCold(t, g.f, g.w, raw); err != nil {
			t.Fatal(err)
		}
		copy(sent, raw)
	}
}

// TestEveryByteOfAWarmOne changes each byte of what is remembered in turn.
func TestEveryByteOfAWarmOne(t *testing.T) {
	g := newForge(t)
	raw := []byte(g.credential())
	if _, err := sameAsCold(t, g.f, g.w, raw); err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		forged := bytes.Clone(raw)
		forged[i] ^= 1
		if _, err := g.f.Open(context.Background(), forged, g.w.Keys); err == nil {
			t.Fatalf("byte %d of %d may change", i, len(raw))
		}
	}
}

// TestWarmOpenWithoutKey publishes another key of the issuer.
func TestWarmOpenWithoutKey(t *testing.T) {
	g := newForge(t)
	raw := []byte(g.credential())
	for range 2 {
		if _, err := sameAsCold(t, g.f, g.w, raw); err != nil {
			t.Fatal(err)
		}
	}
	g.w.Web(t, g.w.Issuer.Method.DID().String(), key.ES256)
	_, err := sameAsCold(t, g.f, g.w, raw)
	refused(t, err, reason.CredentialSignatureInvalid)
}

// TestConcurrentWarm opens one credential many times at once.
func TestConcurrentWarm(t *testing.T) {
	g := newForge(t)
	raw := []byte(g.credential())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				o, err := g.f.Open(context.Background(), raw, g.w.Keys)
				if err != nil || o.Credential.ID != g.vc["id"] {
					t.Error("not what the bytes say: ", err)
					return
				}
				o.Credential.ID = "changed" // the top is the caller's own
			}
		})
	}
	wg.Wait()
}

// TestAllocationsOfAWarmOne holds what a remembered link above allocates: the copy.
func TestAllocationsOfAWarmOne(t *testing.T) {
	g := newForge(t)
	raw := []byte(g.credential())
	open := func() {
		if _, err := credential.Open(context.Background(), g.f, raw, g.w.Keys); err != nil {
			t.Fatal(err)
		}
	}
	open()
	if n := testing.AllocsPerRun(100, open); n > 1 {
		t.Errorf("%v allocations", n)
	}
}
