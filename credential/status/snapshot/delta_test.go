// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/bitstring"
	"github.com/behalf-id/behalf/credential/status/delta"
	"github.com/behalf-id/behalf/credential/status/internal/wire"
	"github.com/behalf-id/behalf/credential/status/tokenlist"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/reason"
)

// twice serves whole to whoever does not take deltas, and change to whoever does.
func (w *world) twice(url string, change, whole []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.serve[url] = func(want safehttp.Want) (safehttp.Response, error) {
		if slices.Contains(want.MediaTypes, delta.MediaType) {
			if want.ETag != `"first"` || !slices.Contains(want.Statuses, 226) {
				w.Errorf("a delta is asked for from %s, with statuses %v", want.ETag, want.Statuses)
			}
			return safehttp.Response{Status: 226, Body: change, MediaType: delta.MediaType, ETag: `"second"`}, nil
		}
		if want.ETag != "" {
			w.Errorf("a whole list is asked for with %s", want.ETag)
		}
		return safehttp.Response{Status: 200, Body: whole, MediaType: want.MediaTypes[0], ETag: `"second"`}, nil
	}
}

// follows is a gateway that holds a list, and the list that follows it with one revocation at index 7.
type follows struct {
	*world
	ref   credential.StatusRef
	old   wire.Octets
	delta delta.Delta
	whole []byte
}

func newFollows(t *testing.T, ref credential.StatusRef) *follows {
	f := &follows{world: newWorld(t), ref: ref}
	raw := f.sealed()
	f.mu.Lock()
	f.serve[ref.List] = func(safehttp.Want) (safehttp.Response, error) {
		return safehttp.Response{Status: 200, Body: raw, ETag: `"first"`}, nil
	}
	f.mu.Unlock()
	f.state(ref, status.Valid, "")
	before := f.clock.now()
	f.clock.add(250 * time.Second)
	f.whole = f.sealed(7)
	flip := uint32(14) // value 1 at index 7 of 2 bits each
	size := entries / 4
	if ref.Kind == credential.BitstringStatusList {
		flip, size = 0, entries/8 // the last bit of the first octet is that of value 1
	}
	f.old = wire.NewOctets(make([]byte, size))
	now, err := f.old.Flip([]uint32{flip})
	if err != nil {
		t.Fatal(err)
	}
	if f.delta, err = delta.New(ref.List, before, f.old, f.clock.now(), now, 300*time.Second); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *follows) sealed(revoked ...uint64) []byte {
	if f.ref.Kind == credential.BitstringStatusList {
		return f.bitstring(issuer, f.ref.List, nil, revoked...)
	}
	set := map[uint64]uint8{}
	for _, i := range revoked {
		set[i] = tokenlist.ValueInvalid
	}
	return f.token(issuer, f.ref.List, nil, set)
}

func (f *follows) sign(d delta.Delta, by string) []byte {
	raw, err := delta.Seal(context.Background(), d, f.signers[by])
	if err != nil {
		f.Fatal(err)
	}
	return raw
}

// TestDeltaIsFollowed: the answer is that of the new list, and no whole list is fetched.
func TestDeltaIsFollowed(t *testing.T) {
	for _, ref := range []credential.StatusRef{tokenRef(7), bitsRef(7)} {
		f := newFollows(t, ref)
		f.twice(ref.List, f.sign(f.delta, issuer), nil)
		f.src.Refresh(context.Background())
		f.state(ref, status.Revoked, "")
		if n := f.fetched(ref.List); n != 2 {
			t.Errorf("%d fetches", n)
		}
		if _, asOf, err := f.src.State(context.Background(), issuer, ref); err != nil || !asOf.Equal(f.delta.To) {
			t.Errorf("as of %v, %v", asOf, err)
		}
		f.clock.add(299 * time.Second)
		f.state(ref, status.Revoked, "")
		// What a delta brought is marked as a list is: the older list is a rollback, also after a restart.
		f.put(ref.List, f.bad(ref, f.delta.To.Add(-time.Second)))
		f.restart()
		f.state(ref, status.Unknown, reason.StatusRollback)
	}
}

// bad returns a list with no revocation, issued at another time.
func (f *follows) bad(ref credential.StatusRef, at time.Time) []byte {
	if ref.Kind == credential.TokenStatusList {
		return f.token(issuer, ref.List, func(l *tokenlist.List) { l.Issued = at }, nil)
	}
	return f.bitstring(issuer, ref.List, func(l *bitstring.List) { l.Issued = at })
}

// TestDeltaIsRefused: a delta that is not what it must be changes nothing, and the whole list is fetched at once.
func TestDeltaIsRefused(t *testing.T) {
	for name, change := range map[string]func(f *follows) []byte{
		"by another party":       func(f *follows) []byte { return f.sign(f.delta, attacker) },
		"of another list":        func(f *follows) []byte { f.delta.List += "x"; return f.sign(f.delta, issuer) },
		"from another version":   func(f *follows) []byte { f.delta.From = f.delta.From.Add(-time.Second); return f.sign(f.delta, issuer) },
		"from the empty list":    func(f *follows) []byte { f.delta.From = time.Time{}; return f.sign(f.delta, issuer) },
		"to another root":        func(f *follows) []byte { f.delta.Root[0] ^= 1; return f.sign(f.delta, issuer) },
		"with another flip":      func(f *follows) []byte { f.delta.Flips[0]++; return f.sign(f.delta, issuer) },
		"of another length":      func(f *follows) []byte { f.delta.Size++; return f.sign(f.delta, issuer) },
		"far ahead of the clock": func(f *follows) []byte { f.delta.To = f.delta.To.Add(time.Hour); return f.sign(f.delta, issuer) },
		"past its end": func(f *follows) []byte {
			f.delta.To, f.delta.TTL = f.delta.From.Add(time.Second), time.Second
			return f.sign(f.delta, issuer)
		},
		"tampered":     func(f *follows) []byte { raw := f.sign(f.delta, issuer); raw[len(raw)-2] ^= 1; return raw },
		"nothing":      func(*follows) []byte { return nil },
		"a whole list": func(f *follows) []byte { return f.whole },
	} {
		for _, ref := range []credential.StatusRef{tokenRef(7), bitsRef(7)} {
			t.Run(name, func(t *testing.T) {
				f := newFollows(t, ref)
				f.twice(ref.List, change(f), f.whole)
				f.src.Refresh(context.Background())
				f.state(ref, status.Revoked, "")
				if n := f.fetched(ref.List); n != 3 {
					t.Errorf("%d fetches", n)
				}
			})
		}
	}
}

// TestDeltaAlone: where neither the delta nor the whole list can be used, what is held answers until its end.
func TestDeltaAlone(t *testing.T) {
	f := newFollows(t, tokenRef(7))
	f.twice(f.ref.List, nil, nil)
	f.src.Refresh(context.Background())
	f.state(f.ref, status.Valid, "")
	f.clock.add(50 * time.Second)
	f.state(f.ref, status.Unknown, reason.StatusSignature)
}

// TestNoDeltaUnasked: a delta is no answer to who holds no list.
func TestNoDeltaUnasked(t *testing.T) {
	f := newFollows(t, tokenRef(7))
	f.restart()
	raw := f.sign(f.delta, issuer)
	f.serve[f.ref.List] = func(safehttp.Want) (safehttp.Response, error) {
		return safehttp.Response{Status: 200, Body: raw, MediaType: delta.MediaType}, nil
	}
	f.state(f.ref, status.Unknown, reason.StatusSignature)
}

// proving returns the suites of a gateway that accepts lists with proofs, and one of them.
func proving(t *testing.T) dataintegrity.Suites {
	t.Helper()
	s, err := dataintegrity.Suite(dataintegrity.ECDSAJCS, jsonld.Closed)
	if err != nil {
		t.Fatal(err)
	}
	return dataintegrity.Suites{s}
}

// TestProved: a list secured with Data Integrity is held to what the other is.
func TestProved(t *testing.T) {
	for name, c := range map[string]struct {
		by     string
		proofs bool
		change func(*bitstring.List)
		ref    credential.StatusRef
		state  status.State
		code   reason.Code
	}{
		"revoked":           {by: issuer, proofs: true, ref: bitsRef(7), state: status.Revoked},
		"valid":             {by: issuer, proofs: true, ref: bitsRef(8), state: status.Valid},
		"no suite accepted": {by: issuer, ref: bitsRef(7), code: reason.StatusSignature},
		"another signer":    {by: attacker, proofs: true, ref: bitsRef(7), code: reason.StatusIssuer},
		"another list":      {by: issuer, proofs: true, ref: bitsRef(7), change: func(l *bitstring.List) { l.ID += "x" }, code: reason.StatusSubject},
		"too old":           {by: issuer, proofs: true, ref: bitsRef(7), change: func(l *bitstring.List) { l.Issued = l.Issued.Add(-301 * time.Second) }, code: reason.StatusUnavailable},
		"for a token":       {by: issuer, proofs: true, ref: credential.StatusRef{Kind: credential.TokenStatusList, List: bitsURL, Index: 7}, code: reason.StatusSignature},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			data := make([]byte, entries/8)
			data[0] = 1
			l := bitstring.List{ID: bitsURL, Issued: w.clock.now(), TTL: 300 * time.Second, Purposes: []string{bitstring.Revocation}, Bits: bitstring.Pack(data)}
			if c.change != nil {
				c.change(&l)
			}
			raw, err := bitstring.Prove(context.Background(), l, proving(t)[0], w.signers[c.by])
			if err != nil {
				t.Fatal(err)
			}
			w.put(bitsURL, raw)
			cfg := w.config()
			if c.proofs {
				cfg.Proofs = proving(t)
			}
			if w.src, err = New(cfg); err != nil {
				t.Fatal(err)
			}
			w.state(c.ref, c.state, c.code)
		})
	}
}

// TestProvedWithoutDocument: that the signer cannot be found is no matter of its signature.
func TestProvedWithoutDocument(t *testing.T) {
	w := newWorld(t)
	raw, err := bitstring.Prove(context.Background(), bitstring.List{ID: bitsURL, Issued: w.clock.now(), Purposes: []string{bitstring.Revocation}}, proving(t)[0], w.signers[issuer])
	if err != nil {
		t.Fatal(err)
	}
	w.put(bitsURL, raw)
	delete(w.docs, issuer)
	w.state(bitsRef(7), status.Unknown, reason.StatusUnavailable)
}

// TestRenewedWithoutTTL: a Bitstring Status List that does not say ttl is asked for again within 300 s,
// however old it may become, and not more often for being old.
func TestRenewedWithoutTTL(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for _, age := range []time.Duration{0, 11 * time.Hour} {
		l := &list{issued: now.Add(-age), until: now.Add(24*time.Hour - age), renew: bitstring.DefaultTTL}
		for range 100 {
			if after := due(l, now, 0).Sub(now); after < 150*time.Second || after > 225*time.Second {
				t.Fatalf("%v old: asked for again after %v", age, after)
			}
		}
	}
	w := newWorld(t)
	w.put(bitsURL, w.bitstring(issuer, bitsURL, func(l *bitstring.List) { l.TTL = 0 }))
	w.state(bitsRef(0), status.Valid, "")
	for want, e := range *w.src.lists.Load() {
		if e.current.Load().renew != bitstring.DefaultTTL {
			t.Errorf("%v", want)
		}
	}
}

// TestReadsAllocateNothing: nor does a list of 2^17 entries, nor one that deltas have changed.
func TestReadsAllocateNothing(t *testing.T) {
	f := newFollows(t, tokenRef(7))
	f.twice(f.ref.List, f.sign(f.delta, issuer), nil)
	f.src.Refresh(context.Background())
	ctx := context.Background()
	if n := testing.AllocsPerRun(1000, func() {
		if s, _, err := f.src.State(ctx, issuer, f.ref); err != nil || s != status.Revoked {
			t.Fatal(s, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a question", n)
	}
}
