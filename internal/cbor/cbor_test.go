// SPDX-License-Identifier: Apache-2.0

package cbor_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/internal/cbor"
	"github.com/behalf-id/behalf/reason"
)

// TestHeads has the examples of RFC 8949 appendix A of the types in use, both ways.
func TestHeads(t *testing.T) {
	for want, n := range map[string]uint64{
		"00": 0, "01": 1, "0a": 10, "17": 23, "1818": 24, "1819": 25, "1864": 100, "1903e8": 1000,
		"1a000f4240": 1000000, "1b000000e8d4a51000": 1000000000000, "1bffffffffffffffff": math.MaxUint64,
	} {
		raw := cbor.AppendUint(nil, n)
		if got := hex.EncodeToString(raw); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
		r := cbor.NewReader(raw)
		if got := r.Uint(); got != n || r.Close() != nil {
			t.Errorf("%s: read %d, %v", want, got, r.Close())
		}
	}
	for want, got := range map[string][]byte{
		"40":         cbor.AppendBytes(nil, nil),
		"4401020304": cbor.AppendBytes(nil, []byte{1, 2, 3, 4}),
		"60":         cbor.AppendText(nil, ""),
		"6449455446": cbor.AppendText(nil, "IETF"),
		"62c3bc":     cbor.AppendText(nil, "\u00fc"),
		"83010203":   cbor.AppendUint(cbor.AppendUint(cbor.AppendUint(cbor.AppendArray(nil, 3), 1), 2), 3),
		"a201020304": cbor.AppendUint(cbor.AppendUint(cbor.AppendUint(cbor.AppendUint(cbor.AppendMap(nil, 2), 1), 2), 3), 4),
		"9818":       cbor.AppendArray(nil, 24),
	} {
		if hex.EncodeToString(got) != want {
			t.Errorf("%x, want %s", got, want)
		}
	}
}

// TestRefused has one input for every rule of the Reader.
func TestRefused(t *testing.T) {
	uint1 := func(r *cbor.Reader) { r.Uint() }
	for name, c := range map[string]struct {
		in   string
		read func(*cbor.Reader)
	}{
		"nothing":               {"", uint1},
		"negative":              {"20", uint1},
		"bytes for integer":     {"4101", uint1},
		"integer for bytes":     {"01", func(r *cbor.Reader) { r.Bytes() }},
		"text for bytes":        {"6161", func(r *cbor.Reader) { r.Bytes() }},
		"bytes for text":        {"4161", func(r *cbor.Reader) { r.Text() }},
		"map for array":         {"a0", func(r *cbor.Reader) { r.Array(9) }},
		"array for map":         {"80", func(r *cbor.Reader) { r.Map(9) }},
		"tag":                   {"c001", uint1},
		"tagged bytes":          {"d8404101", func(r *cbor.Reader) { r.Bytes() }},
		"float":                 {"f93c00", uint1},
		"null":                  {"f6", uint1},
		"indefinite bytes":      {"5f4101ff", func(r *cbor.Reader) { r.Bytes() }},
		"indefinite text":       {"7f6161ff", func(r *cbor.Reader) { r.Text() }},
		"indefinite array":      {"9fff", func(r *cbor.Reader) { r.Array(9) }},
		"indefinite map":        {"bfff", func(r *cbor.Reader) { r.Map(9) }},
		"reserved":              {"1c", uint1},
		"long form of 23":       {"1817", uint1},
		"long form of 255":      {"1900ff", uint1},
		"long form of 65535":    {"1a0000ffff", uint1},
		"long form of 2^32-1":   {"1b00000000ffffffff", uint1},
		"long form of a length": {"580101", func(r *cbor.Reader) { r.Bytes() }},
		"head cut":              {"19ff", uint1},
		"bytes cut":             {"4201", func(r *cbor.Reader) { r.Bytes() }},
		"length of 2^64-1":      {"5bffffffffffffffff00", func(r *cbor.Reader) { r.Bytes() }},
		"text not UTF-8":        {"61ff", func(r *cbor.Reader) { r.Text() }},
		"array over the limit":  {"820102", func(r *cbor.Reader) { r.Array(1) }},
		"array of promises":     {"9a0000ffff00", func(r *cbor.Reader) { r.Array(1 << 20) }},
		"map over the limit":    {"a101020304", func(r *cbor.Reader) { r.Map(0) }},
		"trailing":              {"0100", uint1},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := hex.DecodeString(c.in)
			if err != nil {
				t.Fatal(err)
			}
			r := cbor.NewReader(raw)
			c.read(r)
			if err := r.Close(); reason.Of(err) != reason.DIProofValue {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestFirstErrorStays shows that nothing is read after an error.
func TestFirstErrorStays(t *testing.T) {
	r := cbor.NewReader([]byte{0x20, 0x01, 0x02})
	r.Uint()
	first := r.Err()
	if first == nil || r.Uint() != 0 || r.Bytes() != nil || r.Text() != "" || r.Array(9) != 0 || r.Map(9) != 0 {
		t.Fatal("read on after an error")
	}
	if !errors.Is(r.Close(), first) {
		t.Errorf("%v became %v", first, r.Close())
	}
}

// TestProperty shows that what is written is read again, and that it is the only form.
func TestProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64().Draw(t, "n")
		b := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "b")
		s := rapid.String().Draw(t, "s")
		raw := cbor.AppendText(cbor.AppendBytes(cbor.AppendUint(cbor.AppendArray(nil, 3), n), b), strings.ToValidUTF8(s, ""))
		r := cbor.NewReader(raw)
		if r.Array(3) != 3 || r.Uint() != n || !bytes.Equal(r.Bytes(), b) || r.Text() != strings.ToValidUTF8(s, "") || r.Close() != nil {
			t.Fatalf("%x does not come back: %v", raw, r.Err())
		}
	})
}

func ExampleReader() {
	raw := cbor.AppendText(cbor.AppendUint(cbor.AppendArray(nil, 2), 7), "/issuer")
	r := cbor.NewReader(raw)
	for range r.Array(8) / 2 {
		fmt.Println(r.Uint(), r.Text())
	}
	if err := r.Close(); err != nil {
		fmt.Println(err)
	}
	// Output: 7 /issuer
}

// FuzzReader reads anything as a tree by what its first byte says; what is taken must be written
// in the very bytes it came in.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{"83010203", "a1014102", "8240616100", "1bffffffffffffffff", "9fff", "c001", "5bffffffffffffffff00"} {
		raw, err := hex.DecodeString(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := cbor.NewReader(raw)
		again := copyItem(r, raw, 0)
		if r.Close() == nil && !bytes.Equal(again, raw) {
			t.Errorf("%x is read as %x", raw, again)
		}
	})
}

// copyItem writes what it reads. at is the first byte that is not yet written.
func copyItem(r *cbor.Reader, raw []byte, depth int) []byte {
	if depth > 8 || len(raw) == 0 || r.Err() != nil {
		r.Uint()
		return nil
	}
	var out []byte
	switch n := 0; raw[0] >> 5 {
	case 2:
		return cbor.AppendBytes(nil, r.Bytes())
	case 3:
		return cbor.AppendText(nil, r.Text())
	case 4:
		n = r.Array(64)
		out = cbor.AppendArray(nil, n)
		for range n {
			out = append(out, copyItem(r, raw[min(len(out), len(raw)):], depth+1)...)
		}
		return out
	case 5:
		n = r.Map(64)
		out = cbor.AppendMap(nil, n)
		for range 2 * n {
			out = append(out, copyItem(r, raw[min(len(out), len(raw)):], depth+1)...)
		}
		return out
	}
	return cbor.AppendUint(nil, r.Uint())
}
