// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha256"
	"hash/adler32"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/reason"
)

// sizes of lists about the ends of parts.
func sizes() []int {
	return []int{0, 1, 7, 8, 9, PartSize - 1, PartSize, PartSize + 1, 3 * PartSize, 3*PartSize + 5}
}

// sample returns n octets of which about one in a hundred bits is set.
func sample(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	data := make([]byte, n)
	for range n * 8 / 100 {
		data[r.IntN(n)] |= 1 << r.IntN(8)
	}
	return data
}

// TestStreams: whatever the length and however it came about, a list is one gzip member and one
// zlib stream, which the standard library reads to the end, checksums included.
func TestStreams(t *testing.T) {
	for _, n := range sizes() {
		data := sample(n, uint64(n))
		changed := bytes.Clone(data)
		if n > 0 {
			changed[n-1] ^= 0x41
			changed[n/2] ^= 0x08
		}
		first := Octets{}.With(data)
		if _, err := first.Gzip(); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			octets Octets
			want   []byte
		}{"whole": {NewOctets(data), data}, "in parts": {first, data}, "changed": {first.With(changed), changed}, "changed back": {first.With(changed).With(data), data}} {
			for form, got := range map[string][]byte{"gzip": gunzipped(t, c.octets), "zlib": unzlibbed(t, c.octets)} {
				if !bytes.Equal(got, c.want) {
					t.Errorf("%d octets, %s, %s: other octets", n, name, form)
				}
			}
		}
	}
}

func gunzipped(t *testing.T, o Octets) []byte {
	t.Helper()
	compressed, err := o.Gzip()
	if err != nil {
		t.Fatal(err)
	}
	in := bytes.NewReader(compressed)
	r, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	r.Multistream(false) // one member alone, which every reader understands
	data, err := io.ReadAll(r)
	if err != nil || in.Len() != 0 {
		t.Fatalf("%v, %d octets left", err, in.Len())
	}
	return data
}

func unzlibbed(t *testing.T, o Octets) []byte {
	t.Helper()
	compressed, err := o.Zlib()
	if err != nil {
		t.Fatal(err)
	}
	in := bytes.NewReader(compressed)
	r, err := zlib.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil || in.Len() != 0 {
		t.Fatalf("%v, %d octets left", err, in.Len())
	}
	return data
}

// TestChecksums joins checksums of pieces of any length.
func TestChecksums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "a")
		b := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "b")
		all := slices.Concat(a, b)
		if got := multiply(crc32.ChecksumIEEE(a), power(len(b))) ^ crc32.ChecksumIEEE(b); got != crc32.ChecksumIEEE(all) {
			t.Fatalf("crc %x, want %x", got, crc32.ChecksumIEEE(all))
		}
		if got := joinAdler(adler32.Checksum(a), adler32.Checksum(b), uint32(len(b))); got != adler32.Checksum(all) {
			t.Fatalf("adler %x, want %x", got, adler32.Checksum(all))
		}
	})
	high := bytes.Repeat([]byte{255}, 1<<20) // sums that pass the modulus
	if got := joinAdler(adler32.Checksum(high), adler32.Checksum(high), uint32(len(high))); got != adler32.Checksum(slices.Concat(high, high)) {
		t.Errorf("adler %x", got)
	}
}

// TestShared: one changed bit costs one part, in memory, in compression and in digests.
func TestShared(t *testing.T) {
	data := sample(5*PartSize+3, 1)
	first := Octets{}.With(data)
	if _, err := first.Zlib(); err != nil {
		t.Fatal(err)
	}
	first.Root()
	data[2*PartSize] ^= 1
	second := first.With(data)
	flipped, err := first.Flip([]uint32{2 * PartSize * 8})
	if err != nil || !flipped.Equal(second) || second.Equal(first) {
		t.Fatal(err)
	}
	for _, o := range []Octets{second, flipped} {
		for i := range o.held.parts {
			same := o.held.parts[i] == first.held.parts[i] && o.held.memos[i] == first.held.memos[i]
			known := o.held.memos[i].packed.Load() != nil && o.held.memos[i].sum.Load() != nil
			if same != (i != 2) || known != same {
				t.Errorf("part %d: shared %v, known %v", i, same, known)
			}
		}
	}
	if !bytes.Equal(first.Bytes()[:2*PartSize], second.Bytes()[:2*PartSize]) || first.At(2*PartSize) == second.At(2*PartSize) {
		t.Error("a part was changed under the list that held it")
	}
}

// TestFlips: the difference of two lists makes the one out of the other, both ways.
func TestFlips(t *testing.T) {
	for _, n := range sizes() {
		a, b := NewOctets(sample(n, 1)), NewOctets(sample(n, 2))
		if got := a.Flips(a); a.Len() != n || len(got) != 0 || !a.Equal(a) {
			t.Fatalf("%d octets: %d flips to itself", a.Len(), len(got))
		}
		flips := a.Flips(b)
		if !slices.IsSorted(flips) || n > PartSize && len(flips) < n/100 {
			t.Fatalf("%d octets: %d flips", n, len(flips))
		}
		for _, pair := range [][2]Octets{{a, b}, {b, a}} {
			if got, err := pair[0].Flip(flips); err != nil || !got.Equal(pair[1]) || got.Root() != pair[1].Root() {
				t.Errorf("%d octets: %v", n, err)
			}
		}
	}
	if none := (Octets{}); none.Len() != 0 || !none.Equal(NewOctets(nil)) || none.Root() != NewOctets(nil).Root() || len(none.Bytes()) != 0 {
		t.Error("the zero Octets are not empty")
	}
	o := NewOctets(make([]byte, 10))
	for _, bad := range [][]uint32{{80}, {1 << 31}, {3, 3}, {3, 2}} {
		if _, err := o.Flip(bad); reason.Of(err) != reason.StatusEncoding {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if got := o.Flips(NewOctets([]byte{0, 0x80, 0, 0, 0, 0, 0, 0, 0, 1})); !slices.Equal(got, []uint32{15, 72}) {
		t.Errorf("positions %v", got)
	}
}

// TestRoot writes the root out by hand, and shows that it tells lengths and octets apart.
func TestRoot(t *testing.T) {
	data := sample(PartSize+2, 3)
	one, two := sha256.Sum256(data[:PartSize]), sha256.Sum256(data[PartSize:])
	want := sha256.Sum256(slices.Concat([]byte{0, 0, 0, 0, 0, 0, 0x40, 2}, one[:], two[:]))
	if got := NewOctets(data).Root(); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
	seen := map[[32]byte]bool{}
	for _, data := range [][]byte{nil, {0}, {0, 0}, {1}, make([]byte, PartSize), make([]byte, PartSize+1)} {
		seen[NewOctets(data).Root()] = true
	}
	if len(seen) != 6 {
		t.Errorf("%d roots of 6 lists", len(seen))
	}
}
