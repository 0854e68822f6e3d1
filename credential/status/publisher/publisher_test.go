// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func TestPublished(t *testing.T) {
	w := newWorld(t)
	a, b, c := w.allocate(), w.allocate(), w.allocate()
	doc, l := w.token(a.List)
	if l.Bits.Len() != DefaultCapacity || l.Bits.Width() != 2 || l.TTL != DefaultTTL || !l.Issued.Equal(w.now()) || !l.Expires.Equal(w.now().Add(DefaultTTL)) {
		t.Errorf("%d values of %d bits, %v, %v to %v", l.Bits.Len(), l.Bits.Width(), l.TTL, l.Issued, l.Expires)
	}
	decoys := w.decoys(a.List)
	if !bytes.Equal(l.Bits.Bytes(), decoys) {
		t.Error("a new list is not all valid but for its decoys")
	}
	if doc.MediaType != "application/statuslist+jwt" {
		t.Error(doc.MediaType)
	}
	w.set(status.Revoked, a)
	w.set(status.Suspended, b)
	_, l = w.token(a.List)
	for ref, want := range map[Ref]status.State{a: status.Revoked, b: status.Suspended, c: status.Valid} {
		if s, err := l.Bits.State(ref.Index); err != nil || s != want {
			t.Errorf("%v is %v %v, want %v", ref, s, err, want)
		}
	}
	for purpose, set := range map[Purpose]uint64{Revocation: a.Index, Suspension: b.Index} {
		l := w.bitstring(a.List, purpose)
		if l.Bits.Len() != DefaultCapacity || l.TTL != DefaultTTL || !l.Expires.Equal(l.Issued.Add(DefaultTTL)) {
			t.Errorf("%s: %d bits, %v", purpose, l.Bits.Len(), l.TTL)
		}
		if diff := cmp.Diff([]string{string(purpose)}, l.Purposes); diff != "" {
			t.Error(diff)
		}
		shown := extract(decoys, purpose)
		for i := range l.Bits.Len() {
			decoy := shown[i/8]>>(7-i%8)&1 == 1
			if on, err := l.Bits.Set(i); err != nil || on != (i == set || decoy) {
				t.Fatalf("%s: bit %d is %v %v", purpose, i, on, err)
			}
		}
	}
}

// TestSignedAnew: for a change, for age and for another key, and for nothing else.
func TestSignedAnew(t *testing.T) {
	w := newWorld(t)
	ref := w.allocate()
	first, _ := w.token(ref.List)
	again, _ := w.token(ref.List)
	if first != again {
		t.Error("signed twice for nothing")
	}
	w.add(DefaultTTL/10 - 1)
	if again, _ = w.token(ref.List); again.ETag != first.ETag || &again.Body[0] != &first.Body[0] {
		t.Error("signed twice for nothing after a while")
	}
	w.add(1)
	aged, _ := w.token(ref.List)
	if aged.ETag == first.ETag || !aged.Issued.After(first.Issued) {
		t.Error("not signed for its age")
	}
	w.set(status.Suspended, ref)
	changed, l := w.token(ref.List)
	if s, err := l.Bits.State(ref.Index); err != nil || s != status.Suspended || !changed.Issued.After(aged.Issued) {
		t.Errorf("not signed for a change at once: %v %v", s, err)
	}
	w.signer = newSigner(t, "k2")
	rotated, _ := w.token(ref.List) // opens with the new key alone
	if !rotated.Issued.After(changed.Issued) {
		t.Error("not signed for another key")
	}
}

// TestTimesRise: the issue time rises over restarts and over a clock that stands or goes back.
func TestTimesRise(t *testing.T) {
	w := newWorld(t)
	ref := w.allocate()
	last := time.Time{}
	for i, step := range []time.Duration{0, 0, 0, -time.Second, -time.Hour, 0, 2 * time.Hour, 2 * time.Hour} {
		w.add(step)
		w.set([]status.State{status.Suspended, status.Valid}[i%2], ref)
		if i%2 == 1 {
			w.restart()
		}
		doc, l := w.token(ref.List)
		if !doc.Issued.After(last) {
			t.Errorf("step %d: %v does not follow %v", i, doc.Issued, last)
		}
		last = doc.Issued
		if s, err := l.Bits.State(ref.Index); err != nil || (s == status.Suspended) != (i%2 == 0) {
			t.Errorf("step %d: the change is not in the list: %v %v", i, s, err)
		}
	}
}

// TestAheadOfTheClock: dates do not run away from the clock, and catch up with it.
func TestAheadOfTheClock(t *testing.T) {
	w := newWorld(t)
	ref := w.allocate()
	for i := range 50 {
		w.set([]status.State{status.Suspended, status.Valid}[i%2], ref)
		doc, _ := w.token(ref.List)
		if doc.Issued.Sub(w.now()) > MaxAhead {
			t.Fatalf("dated %v ahead", doc.Issued.Sub(w.now()))
		}
	}
	restarted, err := New(w.config()) // one with nothing to serve meanwhile signs at once
	if err != nil {
		t.Fatal(err)
	}
	if _, err := restarted.Token(context.Background(), ref.List); err != nil {
		t.Error(err)
	}
	w.set(status.Revoked, ref)
	w.add(2 * time.Second) // less than the 5 s within which a revocation is to be published
	if _, l := w.token(ref.List); l.Issued.Sub(w.now()) > MaxAhead {
		t.Error("dated too far ahead")
	} else if s, err := l.Bits.State(ref.Index); err != nil || s != status.Revoked {
		t.Errorf("%v %v", s, err)
	}
}

// TestOtherProcess: a change made by another process is published within CheckEvery.
func TestOtherProcess(t *testing.T) {
	w := newWorld(t)
	ref := w.allocate()
	w.token(ref.List)
	other, err := NewBook(w.store)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Set(context.Background(), []Ref{ref}, status.Revoked); err != nil {
		t.Fatal(err)
	}
	w.add(CheckEvery)
	if _, l := w.token(ref.List); true {
		if s, err := l.Bits.State(ref.Index); err != nil || s != status.Revoked {
			t.Errorf("%v %v", s, err)
		}
	}
}

// TestCommitted: an own commit of the changes of Flip is published at once when the Book is told.
func TestCommitted(t *testing.T) {
	w := newWorld(t)
	ref := w.allocate()
	w.token(ref.List)
	changes, err := w.book.Flip(context.Background(), []Ref{ref}, status.Revoked)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.Commit(context.Background(), changes...); err != nil {
		t.Fatal(err)
	}
	w.book.Committed([]Ref{ref})
	if _, l := w.token(ref.List); true {
		if s, err := l.Bits.State(ref.Index); err != nil || s != status.Revoked {
			t.Errorf("%v %v", s, err)
		}
	}
}

// TestStoreDown: what cannot be dated or read is not signed; what was signed is served on while it
// is known to be current, and no longer.
func TestStoreDown(t *testing.T) {
	w := newWorld(t)
	ref := w.allocate()
	w.store.set(errDisk, false)
	_, err := w.pub.Token(context.Background(), ref.List)
	want(t, err, reason.StorageUnavailable)
	w.store.set(nil, false)
	w.token(ref.List)
	w.add(DefaultTTL / 10)
	w.store.set(errDisk, false)
	_, err = w.pub.Token(context.Background(), ref.List)
	want(t, err, reason.StorageUnavailable)
}

// TestSelfCheck: a signature that does not verify does not leave.
func TestSelfCheck(t *testing.T) {
	w := newWorld(t)
	ref := w.allocate()
	w.signer.Signer = liar{newSigner(t, "k1"), w.signer.Public()}
	_, err := w.pub.Token(context.Background(), ref.List)
	want(t, err, reason.IssueSelfCheck)
	_, err = w.pub.Bitstring(context.Background(), ref.List, Revocation)
	want(t, err, reason.IssueSelfCheck)
	w.signer = did.Signer{}
	_, err = w.pub.Token(context.Background(), ref.List)
	want(t, err, reason.InternalIndeterminate)
}

type liar struct {
	key.Signer
	public key.Public
}

func (l liar) Public() key.Public { return l.public }

func TestNoSigner(t *testing.T) {
	w := newWorld(t)
	ref := w.allocate()
	cfg := w.config()
	gone := errors.New("the HSM is gone")
	cfg.Signer = func() (did.Signer, error) { return did.Signer{}, gone }
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Token(context.Background(), ref.List); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}

func TestUnknownLists(t *testing.T) {
	w := newWorld(t)
	ref := w.allocate()
	for _, id := range []ListID{{}, {1, 2}, {2, 1}, {1, 0}} {
		_, err := w.pub.Token(context.Background(), id)
		want(t, err, reason.ObjectUnknown)
		_, err = w.pub.Bitstring(context.Background(), id, Suspension)
		want(t, err, reason.ObjectUnknown)
	}
	for _, purpose := range []Purpose{"", "message", "Revocation"} {
		_, err := w.pub.Bitstring(context.Background(), ref.List, purpose)
		want(t, err, reason.ObjectUnknown)
	}
}

func TestRefs(t *testing.T) {
	w := newWorld(t)
	ref := Ref{ListID{2, 7}, 94567}
	if diff := cmp.Diff(credential.StatusRef{Kind: credential.TokenStatusList, List: base + "/token/2-7", Index: 94567}, w.pub.TokenRef(ref)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]credential.StatusRef{
		{Kind: credential.BitstringStatusList, List: base + "/bitstring/2-7-revocation", Index: 94567, Purpose: "revocation"},
		{Kind: credential.BitstringStatusList, List: base + "/bitstring/2-7-suspension", Index: 94567, Purpose: "suspension"},
	}, w.pub.BitstringRefs(ref)); diff != "" {
		t.Error(diff)
	}
}

func TestNames(t *testing.T) {
	for _, bad := range []string{
		"", "1", "-", "1-", "-1", "0-1", "1-0", "01-1", "1-01", "1-1-", "+1-1", "1-+1", " 1-1", "1-1 ", "1_1", "4294967296-1", "1-4294967296", "1-1-1", "٣-1",
	} {
		_, err := ParseListID(bad)
		want(t, err, reason.ObjectUnknown)
		_, _, err = ParseBitstringName(bad + "-revocation")
		want(t, err, reason.ObjectUnknown)
	}
	for _, bad := range []string{"1-1", "1-1-", "1-1-message", "1-1-Revocation", "revocation", "-revocation", "1-1-revocation-suspension"} {
		_, _, err := ParseBitstringName(bad)
		want(t, err, reason.ObjectUnknown)
	}
	for _, id := range []ListID{{1, 1}, {1<<32 - 1, 1<<32 - 1}} {
		text, err := id.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back ListID
		if err := back.UnmarshalText(text); err != nil || back != id {
			t.Errorf("%s: %v %v", text, back, err)
		}
		for _, purpose := range []Purpose{Revocation, Suspension} {
			if got, p, err := ParseBitstringName(id.String() + "-" + string(purpose)); got != id || p != purpose || err != nil {
				t.Errorf("%v %v %v", got, p, err)
			}
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add("1-7")
	f.Add("1-7-revocation")
	f.Add("4294967295-1-suspension")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := ParseListID(s); err == nil && id.String() != s {
			t.Fatalf("%q is read as %v", s, id)
		}
		if id, purpose, err := ParseBitstringName(s); err == nil && id.String()+"-"+string(purpose) != s {
			t.Fatalf("%q is read as %v %s", s, id, purpose)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	good := newWorld(t).config()
	for name, change := range map[string]func(*Config){
		"no book":       func(c *Config) { c.Book = nil },
		"no store":      func(c *Config) { c.Store = nil },
		"no signer":     func(c *Config) { c.Signer = nil },
		"no clock":      func(c *Config) { c.Now = nil },
		"no base":       func(c *Config) { c.Base = "" },
		"http":          func(c *Config) { c.Base = "http://issuer.test/status" },
		"slash":         func(c *Config) { c.Base += "/" },
		"query":         func(c *Config) { c.Base += "?x" },
		"user":          func(c *Config) { c.Base = "https://a@issuer.test" },
		"short ttl":     func(c *Config) { c.TTL = MinTTL - 1 },
		"long ttl":      func(c *Config) { c.TTL = MaxTTL + 1 },
		"late renewal":  func(c *Config) { c.Renew = DefaultTTL/2 + 1 },
		"early renewal": func(c *Config) { c.Renew = time.Second - 1 },
	} {
		cfg := good
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := NewBook(nil); err == nil {
		t.Error("a Book without a store")
	}
}

// TestFlipsWhilePublishing: INV-2 and INV-7 under load. Each acknowledged revocation is in every
// list that is asked for afterwards, and issue times rise.
func TestFlipsWhilePublishing(t *testing.T) {
	w := newWorld(t)
	w.allocate()
	id := ListID{1, 1}
	var wait sync.WaitGroup
	for g := range uint64(4) {
		wait.Go(func() {
			for i := range uint64(25) {
				ref := Ref{id, g*5000 + i}
				if err := w.book.Set(context.Background(), []Ref{ref}, status.Revoked); err != nil {
					t.Error(err)
					return
				}
				w.add(2 * time.Second)
				doc, err := w.pub.Token(context.Background(), id)
				if err != nil {
					t.Error(err)
					return
				}
				l := openToken(t, doc, w.signer)
				if s, err := l.Bits.State(ref.Index); err != nil || s != status.Revoked {
					t.Errorf("an acknowledged revocation is not in the list: %v %v", s, err)
				}
			}
		})
	}
	wait.Wait()
}

func BenchmarkStatusSign(b *testing.B) {
	w := newWorld(b)
	ref := w.allocate()
	b.ReportAllocs()
	for b.Loop() {
		w.add(time.Minute)
		if _, err := w.pub.Token(context.Background(), ref.List); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStatusServe(b *testing.B) {
	w := newWorld(b)
	ref := w.allocate()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.pub.Token(context.Background(), ref.List); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleParseBitstringName() {
	id, purpose, err := ParseBitstringName("1-7-suspension")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(id, purpose)
	_, _, err = ParseBitstringName(strings.Repeat("9", 30))
	fmt.Println(reason.Of(err))
	// Output:
	// 1-7 suspension
	// object.unknown
}
