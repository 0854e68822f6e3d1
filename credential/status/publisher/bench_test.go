// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"bytes"
	"compress/gzip"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/bitstring"
	"github.com/behalf-id/behalf/credential/status/delta"
	"github.com/behalf-id/behalf/credential/status/internal/wire"
	"github.com/behalf-id/behalf/credential/status/tokenlist"
)

// The table "Status lists, memory, start" of performance.md §5: 100 million entries of which one in a
// hundred is revoked, beside the 2^17 and 2^20 of lists in use.
const (
	hundredMillion = 100_000_000
	perHundred     = 100
)

// revoked returns n entries of a bit each, of which one in a hundred is set, at random.
func revoked(n int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	data := make([]byte, n/8)
	for left := n / perHundred; left > 0; {
		if i := r.IntN(n); data[i/8]>>(7-i%8)&1 == 0 {
			data[i/8] |= 128 >> (i % 8)
			left--
		}
	}
	return data
}

// limit returns log2 C(n,k) in octets.
func limit(n, k int) float64 {
	lg := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	return (lg(n) - lg(k) - lg(n-k)) / math.Ln2 / 8
}

// BenchmarkStatusEncode tells B/limit: octets against what n choose k needs at least. Whole is one
// stream as everybody makes it, parts what a Publisher makes, compact the form of package delta.
func BenchmarkStatusEncode(b *testing.B) {
	for name, n := range map[string]int{"100M": hundredMillion, "2^20": 1 << 20} {
		data := revoked(n)
		least := limit(n, n/perHundred)
		whole, empty := wire.NewOctets(data), wire.NewOctets(make([]byte, len(data)))
		for form, encode := range map[string]func() ([]byte, error){
			"whole":   whole.Zlib,
			"parts":   func() ([]byte, error) { return wire.Octets{}.With(data).Zlib() },
			"compact": func() ([]byte, error) { return delta.AppendGaps(nil, empty.Flips(whole)), nil },
		} {
			b.Run(form+"/"+name, func(b *testing.B) {
				for b.Loop() {
					out, err := encode()
					if err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(len(out))/least, "B/limit")
					b.ReportMetric(float64(len(out)), "B")
				}
			})
		}
	}
}

// BenchmarkStatusRead reads one bit at random places.
func BenchmarkStatusRead(b *testing.B) {
	const places = 1 << 16
	for name, n := range map[string]int{"100M": hundredMillion, "2^17": 1 << 17} {
		bits := bitstring.Pack(revoked(n))
		token, err := tokenlist.Of(1, bits.Octets())
		if err != nil {
			b.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, 2))
		at := make([]uint64, places)
		for i := range at {
			at[i] = r.Uint64N(uint64(n))
		}
		b.Run("bitstring/"+name, func(b *testing.B) {
			b.ReportAllocs()
			found := 0
			for i := 0; b.Loop(); i++ {
				on, err := bits.Set(at[i&(places-1)])
				if err != nil {
					b.Fatal(err)
				}
				if on { // so that the bit is read at all
					found++
				}
			}
			b.ReportMetric(float64(found)/float64(b.N), "set/op")
		})
		b.Run("token/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := token.State(at[i&(places-1)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRawSignES256 is the limit of what a revocation costs.
func BenchmarkRawSignES256(b *testing.B) {
	by := newSigner(b, "k1")
	message := make([]byte, 200)
	for b.Loop() {
		if _, err := by.Sign(context.Background(), message); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRawRecompress compresses all of a list again: the limit that a flip is set against.
func BenchmarkRawRecompress(b *testing.B) {
	for name, n := range map[string]int{"100M": hundredMillion, "2^20": 1 << 20} {
		data := revoked(n)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var out bytes.Buffer
				w, err := gzip.NewWriterLevel(&out, gzip.DefaultCompression)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = w.Write(data)
				_ = w.Close()
			}
		})
	}
}

// BenchmarkStatusFlip revokes one entry and makes the list anew out of what is known of the one
// before: compressed, in base64url, in JSON, and signed.
func BenchmarkStatusFlip(b *testing.B) {
	by := newSigner(b, "k1")
	for name, n := range map[string]int{"100M": hundredMillion, "2^20": 1 << 20, "2^17": 1 << 17} {
		b.Run(name, func(b *testing.B) {
			held := wire.Octets{}.With(revoked(n))
			if _, err := held.Gzip(); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				now, err := held.Flip([]uint32{uint32(i*40503) % uint32(n)})
				if err != nil {
					b.Fatal(err)
				}
				l := bitstring.List{ID: base, Issued: time.Unix(1, 0), Purposes: []string{bitstring.Revocation}, Bits: bitstring.Of(now)}
				if _, err := bitstring.Seal(context.Background(), l, by); err != nil {
					b.Fatal(err)
				}
				held = now
			}
		})
	}
}

// BenchmarkStatusDelta revokes one entry and signs the delta; B is its payload.
func BenchmarkStatusDelta(b *testing.B) {
	by := newSigner(b, "k1")
	for name, n := range map[string]int{"100M": hundredMillion, "2^20": 1 << 20, "2^17": 1 << 17} {
		b.Run(name, func(b *testing.B) {
			held := wire.NewOctets(revoked(n))
			held.Root()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				flips := []uint32{uint32(i*40503) % uint32(n)}
				now, err := held.Flip(flips)
				if err != nil {
					b.Fatal(err)
				}
				d := delta.Delta{List: base + "/token/1-1", From: time.Unix(1, 0), To: time.Unix(2, 0), TTL: DefaultTTL, Size: now.Len(), Root: now.Root(), Flips: flips}
				raw, err := delta.Seal(context.Background(), d, by)
				if err != nil {
					b.Fatal(err)
				}
				payload := bytes.Split(raw, []byte("."))[1]
				b.ReportMetric(float64(len(payload)*3/4), "B")
				held = now
			}
		})
	}
}

// BenchmarkStatusPublish revokes one entry of a list in use and asks for the list: store, decoys, both
// looks at the state, compression, signature and the self-check.
func BenchmarkStatusPublish(b *testing.B) {
	w := newWorld(b)
	id := w.allocate().List
	w.token(id)
	ctx := context.Background()
	b.ReportAllocs()
	for i := uint64(0); b.Loop(); i++ {
		w.add(time.Second)
		if err := w.book.Set(ctx, []Ref{{id, i % DefaultCapacity}}, status.Revoked); err != nil {
			b.Fatal(err)
		}
		if _, err := w.pub.Token(ctx, id); err != nil {
			b.Fatal(err)
		}
	}
}

// TestSizes holds the sizes of the table, which are exact.
func TestSizes(t *testing.T) {
	if testing.Short() {
		t.Skip("100 million entries")
	}
	data := revoked(hundredMillion)
	o := wire.NewOctets(data)
	if held := (o.Len() + wire.PartSize - 1) / wire.PartSize * (wire.PartSize + 3*8 + 24); held > 13_000_000 {
		t.Errorf("100 million entries take %d octets", held)
	}
	n, least := 1<<20, limit(1<<20, 1<<20/perHundred)
	small := revoked(n)
	whole, err := wire.NewOctets(small).Zlib()
	if err != nil {
		t.Fatal(err)
	}
	parts, err := wire.Octets{}.With(small).Zlib()
	if err != nil {
		t.Fatal(err)
	}
	compact := delta.AppendGaps(nil, wire.NewOctets(make([]byte, len(small))).Flips(wire.NewOctets(small)))
	for form, c := range map[string]struct {
		size int
		most float64
	}{"whole": {len(whole), 1.40}, "parts": {len(parts), 1.60}, "compact": {len(compact), 1.01}} {
		if ratio := float64(c.size) / least; ratio > c.most {
			t.Errorf("%s: %.3f of the limit", form, ratio)
		}
	}
	if !slices.Equal(small, wire.NewOctets(small).Bytes()) {
		t.Error("other octets")
	}
}
