// SPDX-License-Identifier: Apache-2.0

package delta

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"math"
	randv2 "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential/status/internal/wire"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

const listURL = "https://issuer.example.org/status/token/1-7"

func signer(t testing.TB) did.Signer {
	t.Helper()
	k, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	m, err := did.ParseURL("did:web:issuer.example.org#k1")
	if err != nil {
		t.Fatal(err)
	}
	return did.Signer{Signer: k, Method: m}
}

// positions returns n of limit positions at random, rising.
func positions(n int, limit uint64, seed uint64) []uint32 {
	r := randv2.New(randv2.NewPCG(seed, 7))
	seen := make(map[uint32]bool, n)
	out := make([]uint32, 0, n)
	for len(out) < n {
		if p := uint32(r.Uint64N(limit)); !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// TestGaps: what is written is read, whatever the positions are.
func TestGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Uint64Range(1, 1<<32).Draw(t, "limit")
		p := rapid.SliceOfNDistinct(rapid.Uint32Range(0, uint32(limit-1)), 0, int(min(limit, 200)), func(p uint32) uint32 { return p }).Draw(t, "positions")
		slices.Sort(p)
		coded := AppendGaps([]byte("x"), p)
		back, err := ReadGaps(coded[1:], limit)
		if err != nil || !slices.Equal(back, p) {
			t.Fatalf("%v became %v, %v", p, back, err)
		}
		if len(p) > 0 {
			if _, err := ReadGaps(coded[1:], uint64(p[len(p)-1])); reason.Of(err) != reason.StatusEncoding {
				t.Fatalf("a position beyond the limit: %v", err)
			}
		}
		if _, err := ReadGaps(coded[1:len(coded)-1], limit); reason.Of(err) != reason.StatusEncoding {
			t.Fatalf("cut short: %v", err)
		}
		if _, err := ReadGaps(append(slices.Clone(coded[1:]), 0), limit); reason.Of(err) != reason.StatusEncoding {
			t.Fatalf("something behind it: %v", err)
		}
	})
	crowd := append(positions(200, 400, 1), 1<<20) // one gap of very many ones
	if back, err := ReadGaps(AppendGaps(nil, crowd), 1<<21); err != nil || !slices.Equal(back, crowd) {
		t.Errorf("a crowd and one far away became %v, %v", back, err)
	}
	dense := make([]uint32, 1000) // all set: one bit each
	for i := range dense {
		dense[i] = uint32(i)
	}
	if n := len(AppendGaps(nil, dense)); n != 2+1+125 {
		t.Errorf("%d octets for 1000 in a row", n)
	}
}

// TestGapsKnown holds the code to an example that was written out by hand: k is 1, the gaps are
// 0, 2, 5, so the bits are 00 100 1101 and zeros to fill up.
func TestGapsKnown(t *testing.T) {
	want := []byte{3, 1, 0b00_100_110, 0b1_0000000}
	got := AppendGaps(nil, []uint32{0, 3, 9})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for name, bad := range map[string][]byte{
		"nothing": {}, "no parameter": {1}, "number in two octets": {0x83, 0, 1, 0b00_100_110, 0b1_0000000},
		"parameter too large": {3, 32, 0, 0}, "another parameter": {3, 2, 0, 0, 0, 0}, "bits that fill up": {3, 1, 0b00_100_110, 0b1_0000001},
		"none, with a parameter": {0, 0}, "endless number": bytes.Repeat([]byte{255}, 12),
		"a run of ones":   append([]byte{1, 0}, bytes.Repeat([]byte{255}, 100)...),
		"far too many":    {255, 255, 255, 255, 15, 0},
		"more than there": {200, 1, 0, 0, 0},
	} {
		if _, err := ReadGaps(bad, 1<<32); reason.Of(err) != reason.StatusEncoding {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCompact: the compact form of a list is within 1.01 of the information limit log2 C(n,k) where
// one in a hundred is revoked, and within 1.03 at every density up to a tenth.
func TestCompact(t *testing.T) {
	for _, c := range []struct {
		n, k  int
		limit float64
	}{
		{100_000_000, 1_000_000, 1.01}, {1 << 20, 1 << 20 / 100, 1.01}, {1 << 20, 100_000, 1.03}, {1 << 20, 50_000, 1.03},
		{1 << 20, 30_000, 1.03}, {1 << 20, 20_000, 1.03}, {1 << 22, 4_000, 1.03}, {1 << 22, 3_000, 1.03}, {1 << 22, 2_000, 1.03},
	} {
		got := float64(len(AppendGaps(nil, positions(c.k, uint64(c.n), 5))))
		if ratio := got / information(c.n, c.k); ratio > c.limit || ratio < 1 {
			t.Errorf("%d of %d: %.0f octets, %.4f of the limit", c.k, c.n, got, ratio)
		}
	}
}

// information returns log2 C(n,k) in octets.
func information(n, k int) float64 {
	lg := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	return (lg(n) - lg(k) - lg(n-k)) / math.Ln2 / 8
}

func sample(n int, set []uint32) wire.Octets {
	o, err := wire.NewOctets(make([]byte, n)).Flip(set)
	if err != nil {
		panic(err)
	}
	return o
}

var issued = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// TestSize: a delta of n revocations has a payload of at most 150 octets and 2 for each of them, at
// the lengths of list that a publisher makes, in either form, whatever n is.
func TestSize(t *testing.T) {
	for _, entries := range []int{1 << 17, 1 << 20} {
		for _, width := range []int{1, 2} {
			for n := 1; n <= 1<<14; n = n*2 + n/3 {
				var flips []uint32
				for _, p := range positions(n, uint64(entries), uint64(n)) {
					flips = append(flips, p*uint32(width)) // valid becomes invalid: the low bit of each
				}
				d := Delta{List: listURL, From: issued, To: issued.Add(time.Second), TTL: 300 * time.Second, Size: entries * width / 8, Flips: flips}
				payload, err := d.payload()
				if err != nil {
					t.Fatal(err)
				}
				if len(payload) > 150+2*n {
					t.Errorf("%d of %d, %d bits each: %d octets", n, entries, width, len(payload))
				}
			}
		}
	}
}

// TestSequence follows a list through changes, by deltas from version to version and over several.
func TestSequence(t *testing.T) {
	by := signer(t)
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 3*wire.PartSize).Draw(t, "size")
		versions := []wire.Octets{sample(size, nil)}
		for range rapid.IntRange(1, 5).Draw(t, "versions") {
			flips := rapid.SliceOfNDistinct(rapid.Uint32Range(0, uint32(size*8-1)), 0, 20, func(p uint32) uint32 { return p }).Draw(t, "flips")
			slices.Sort(flips)
			next, err := versions[len(versions)-1].Flip(flips)
			if err != nil {
				t.Fatal(err)
			}
			versions = append(versions, next)
		}
		at := func(i int) time.Time { return issued.Add(time.Duration(i) * time.Second) }
		for to := 1; to < len(versions); to++ {
			for from := range to {
				d, err := New(listURL, at(from), versions[from], at(to), versions[to], 300*time.Second)
				if err != nil {
					t.Fatal(err)
				}
				back := sealed(t, d, by)
				if diff := cmp.Diff(d, back, cmp.Comparer(func(a, b []uint32) bool { return slices.Equal(a, b) })); diff != "" {
					t.Fatal(diff)
				}
				now, err := back.Apply(versions[from])
				if err != nil || !now.Equal(versions[to]) {
					t.Fatalf("from %d to %d: %v", from, to, err)
				}
				for other := range versions { // it fits no other version
					if _, err := back.Apply(versions[other]); (err == nil) != versions[other].Equal(versions[from]) {
						t.Fatalf("from %d to %d, applied to %d: %v", from, to, other, err)
					}
				}
			}
			d, err := New(listURL, time.Time{}, wire.Octets{}, at(to), versions[to], 0)
			if err != nil {
				t.Fatal(err)
			}
			if whole, err := sealed(t, d, by).Whole(); err != nil || !whole.Equal(versions[to]) {
				t.Fatalf("compact: %v", err)
			}
		}
	})
}

type fataler interface{ Fatal(...any) }

// sealed signs d and opens it again.
func sealed(t fataler, d Delta, by did.Signer) Delta {
	raw, err := Seal(context.Background(), d, by)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	back, err := s.Open(by.Public(), listURL)
	if err != nil {
		t.Fatal(err)
	}
	if s.Method() != by.Method {
		t.Fatal("another method")
	}
	return back
}

// TestOpenRefuses changes one thing at a time in a delta that opens.
func TestOpenRefuses(t *testing.T) {
	by, other := signer(t), signer(t)
	good := Delta{List: listURL, From: issued, To: issued.Add(time.Second), TTL: 300 * time.Second, Size: 100, Flips: []uint32{5}}
	payload, err := good.payload()
	if err != nil {
		t.Fatal(err)
	}
	open := func(payload []byte, typ string, k key.Public, url string) error {
		raw, err := jose.Sign(context.Background(), jose.Header{Type: typ, KeyID: by.Method.String()}, payload, by)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(raw)
		if err != nil {
			return err
		}
		_, err = s.Open(k, url)
		return err
	}
	with := func(change func(*Delta)) []byte {
		d := good
		change(&d)
		out, err := d.payload()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for name, c := range map[string]struct {
		err  error
		code reason.Code
	}{
		"good":              {open(payload, Type, by.Public(), listURL), ""},
		"another key":       {open(payload, Type, other.Public(), listURL), reason.StatusSignature},
		"no key":            {open(payload, Type, key.Public{}, listURL), reason.StatusSignature},
		"another list":      {open(payload, Type, by.Public(), listURL+"x"), reason.StatusSubject},
		"another type":      {open(payload, "statuslist+jwt", by.Public(), listURL), reason.StatusSignature},
		"another version":   {open(append([]byte{2}, payload[1:]...), Type, by.Public(), listURL), reason.StatusEncoding},
		"cut short":         {open(payload[:fixed], Type, by.Public(), listURL), reason.StatusEncoding},
		"cut in the list":   {open(payload[:fixed+9], Type, by.Public(), listURL), reason.StatusEncoding},
		"nothing":           {open([]byte{}, Type, by.Public(), listURL), reason.StatusEncoding},
		"back in time":      {open(with(func(d *Delta) { d.From = d.To.Add(time.Second) }), Type, by.Public(), listURL), reason.StatusEncoding},
		"no time":           {open(with(func(d *Delta) { d.From = d.To }), Type, by.Public(), listURL), reason.StatusEncoding},
		"before time":       {open(with(func(d *Delta) { d.To = time.Unix(-1, 0) }), Type, by.Public(), listURL), reason.StatusEncoding},
		"beyond the list":   {open(with(func(d *Delta) { d.Size = 0 }), Type, by.Public(), listURL), reason.StatusEncoding},
		"too large a list":  {open(with(func(d *Delta) { d.Size = wire.MaxList + 1 }), Type, by.Public(), listURL), reason.StatusEncoding},
		"something behind":  {open(append(slices.Clone(payload), 0), Type, by.Public(), listURL), reason.StatusEncoding},
		"ttl beyond a day":  {open(slices.Concat(payload[:17], []byte{0, 1, 0x51, 0x81}, payload[21:]), Type, by.Public(), listURL), reason.StatusEncoding},
		"JSON":              {open([]byte(`{"sub":"`+listURL+`"}`), Type, by.Public(), listURL), reason.StatusEncoding},
		"longest ttl":       {open(slices.Concat(payload[:17], []byte{0, 1, 0x51, 0x80}, payload[21:]), Type, by.Public(), listURL), ""},
		"length of nothing": {open(slices.Concat(payload[:fixed], []byte{0, 100}, payload[fixed+2:]), Type, by.Public(), listURL), reason.StatusEncoding},
	} {
		if reason.Of(c.err) != c.code {
			t.Errorf("%s: %v, want %s", name, c.err, c.code)
		}
	}
	if _, err := Parse(bytes.Repeat([]byte("a"), wire.MaxToken+1)); reason.Of(err) != reason.StatusTooLarge {
		t.Error(err)
	}
}

// TestApplyRefuses: a delta that does not lead to what was signed changes nothing.
func TestApplyRefuses(t *testing.T) {
	old, now := sample(100, []uint32{1}), sample(100, []uint32{1, 9})
	d, err := New(listURL, issued, old, issued.Add(time.Second), now, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*Delta)
		base   wire.Octets
	}{
		"another base":   {func(*Delta) {}, sample(100, nil)},
		"another length": {func(*Delta) {}, sample(101, []uint32{1})},
		"another root":   {func(d *Delta) { d.Root[31] ^= 1 }, old},
		"another flip":   {func(d *Delta) { d.Flips = []uint32{10} }, old},
		"outside":        {func(d *Delta) { d.Flips = []uint32{9, 800} }, old},
		"no order":       {func(d *Delta) { d.Flips = []uint32{9, 9} }, old},
	} {
		bad := d
		c.change(&bad)
		if _, err := bad.Apply(c.base); reason.Of(err) != reason.StatusEncoding {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.Whole(); reason.Of(err) != reason.StatusEncoding {
		t.Errorf("a delta is no whole list: %v", err)
	}
	if _, err := New(listURL, issued, old, issued.Add(time.Second), sample(101, nil), 0); reason.Of(err) != reason.StatusTooLarge {
		t.Errorf("another length: %v", err)
	}
	for name, d := range map[string]Delta{
		"no list": {}, "long list": {List: strings.Repeat("a", MaxURL+1)}, "ttl": {List: "a", TTL: MaxTTL + 1}, "no ttl": {List: "a", TTL: -1},
	} {
		if _, err := d.payload(); reason.Of(err) != reason.StatusEncoding {
			t.Errorf("%s: %v", name, err)
		}
	}
	full := make([]byte, MaxFlips/8+1)
	for i := range full {
		full[i] = 255
	}
	if _, err := New(listURL, time.Time{}, wire.Octets{}, issued, wire.NewOctets(full), 0); reason.Of(err) != reason.StatusTooLarge {
		t.Errorf("too many flips: %v", err)
	}
}

func FuzzGaps(f *testing.F) {
	f.Add(AppendGaps(nil, []uint32{0, 3, 9}), uint64(10))
	f.Add(AppendGaps(nil, positions(100, 1<<20, 1)), uint64(1<<20))
	f.Add([]byte{0}, uint64(0))
	f.Fuzz(func(t *testing.T, data []byte, limit uint64) {
		p, err := ReadGaps(data, limit&(1<<32-1))
		if err != nil {
			return
		}
		if again := AppendGaps(nil, p); !bytes.Equal(again, data) {
			t.Fatalf("%x was read as %v, which is %x", data, p, again)
		}
	})
}

func FuzzRead(f *testing.F) {
	d := Delta{List: listURL, From: issued, To: issued.Add(time.Second), TTL: 300 * time.Second, Size: 100, Flips: []uint32{5}}
	payload, err := d.payload()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	f.Add(payload[:60])
	f.Fuzz(func(t *testing.T, payload []byte) {
		d, err := read(payload)
		if err != nil {
			return
		}
		again, err := d.payload()
		if err != nil {
			t.Fatal(err)
		}
		back, err := read(again)
		if err != nil || !cmp.Equal(d, back) || len(d.Flips) > len(payload)*8 {
			t.Fatalf("%+v became %+v, %v", d, back, err)
		}
	})
}

func Example() {
	k, err := key.Generate(key.EdDSA, rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := did.ParseURL("did:web:issuer.example.org#k1")
	if err != nil {
		fmt.Println(err)
		return
	}
	old := wire.NewOctets(make([]byte, 32<<10))
	now, err := old.Flip([]uint32{94567})
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := New(listURL, issued, old, issued.Add(time.Second), now, 300*time.Second)
	if err != nil {
		fmt.Println(err)
		return
	}
	raw, err := Seal(context.Background(), d, did.Signer{Signer: k, Method: m})
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed, err := Parse(raw)
	if err != nil {
		fmt.Println(err)
		return
	}
	read, err := sealed.Open(k.Public(), listURL)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := read.Apply(old)
	fmt.Println(result.Equal(now), read.Flips, err)
	// Output: true [94567] <nil>
}
