// SPDX-License-Identifier: Apache-2.0

package strictjson

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/internal/conformance"
	"github.com/behalf-id/behalf/internal/shared"
)

// jcsDepartures are the published inputs that are no strict JSON: their form is right, and they are
// refused when they are read.
var jcsDepartures = map[string]string{
	"structures.json": "names of one object that differ in case alone are refused when read (json.case_variant); RFC 8785 §3.1 leaves to the reader what it takes",
}

func TestVectorsJCS(t *testing.T) {
	dir := shared.Dir(t, "vectors/jcs-rfc8785")
	inputs, err := filepath.Glob(filepath.Join(dir, "input", "*.json"))
	if err != nil || len(inputs) == 0 {
		t.Fatal("no vectors", err)
	}
	row := conformance.Row{Standard: "RFC 8785", Part: "§3.2 JCS", Source: "jcs-rfc8785"}
	for _, path := range inputs {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			row.Run++
			in, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(filepath.Join(dir, "output", name))
			if err != nil {
				t.Fatal(err)
			}
			got, err := AppendCanonical(nil, in)
			if err != nil || !bytes.Equal(got, bytes.TrimSpace(want)) {
				t.Fatalf("%s (%v), want %s", got, err, want)
			}
			if err := Check(in); err == nil {
				row.Passed++
			} else if why := jcsDepartures[name]; why != "" {
				row.Departures = append(row.Departures, conformance.Departure{Cases: 1, Why: why})
			}
		})
	}
	conformance.Record(t, row)
}

// drawJSON draws any JSON value as encoding/json holds it.
func drawJSON(t *rapid.T, depth int) any {
	kinds := 7
	if depth > 3 {
		kinds = 5
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return rapid.String().Draw(t, "text")
	case 1:
		return rapid.Int64Range(-MaxInteger, MaxInteger).Draw(t, "integer")
	case 2:
		return rapid.Float64().Draw(t, "number")
	case 3:
		return rapid.Bool().Draw(t, "flag")
	case 4:
		return nil
	case 5:
		list := make([]any, rapid.IntRange(0, 4).Draw(t, "items"))
		for i := range list {
			list[i] = drawJSON(t, depth+1)
		}
		return list
	}
	object := map[string]any{}
	for range rapid.IntRange(0, 6).Draw(t, "members") {
		object[rapid.String().Draw(t, "name")] = drawJSON(t, depth+1)
	}
	return object
}

// shuffled writes v with its members in a drawn order and white space between.
func shuffled(t *rapid.T, v any) []byte {
	switch v := v.(type) {
	case []any:
		out := []byte("[ ")
		for i, item := range v {
			if i > 0 {
				out = append(out, " ,\n"...)
			}
			out = append(out, shuffled(t, item)...)
		}
		return append(out, "\t]"...)
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		out := []byte("{ ")
		for i, name := range rapid.Permutation(names).Draw(t, "order") {
			if i > 0 {
				out = append(out, ',', ' ')
			}
			quoted, _ := json.Marshal(name)
			out = append(append(append(out, quoted...), " : "...), shuffled(t, v[name])...)
		}
		return append(out, " }"...)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// byLibrary returns raw in the form of RFC 8785 as the library makes it, and whether raw and that form
// are strict JSON.
func byLibrary(raw []byte) ([]byte, bool) {
	v := Value(bytes.Clone(raw))
	ok := Check(raw) == nil && v.Canonicalize() == nil && Check(v) == nil
	return v, ok
}

func TestCanonicalIsThatOfTheLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := shuffled(t, drawJSON(t, 0))
		want, ok := byLibrary(raw)
		if !ok {
			t.Skip("no strict JSON")
		}
		got, err := AppendCanonical([]byte("before"), raw)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, append([]byte("before"), want...)) {
			t.Fatalf("%s\nwant %s", got, want)
		}
	})
}

// TestCanonicalMembers compares what is told of an object with what is found in it.
func TestCanonicalMembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := shuffled(t, drawJSON(t, 0))
		want, ok := byLibrary(raw)
		if !ok {
			t.Skip("no strict JSON")
		}
		got, members, err := CanonicalMembers(raw, nil)
		if raw[0] != '{' {
			if err == nil {
				t.Fatal("not an object")
			}
			return
		}
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s, %v\nwant %s", got, err, want)
		}
		n := 0
		for m, err := range Members(got) {
			if err != nil || !bytes.Equal(m.Name, members[n].Name) || !bytes.Equal(m.Value, members[n].Value) {
				t.Fatalf("member %d is %s: %s, want %s: %s", n, members[n].Name, members[n].Value, m.Name, m.Value)
			}
			n++
		}
		if n != len(members) {
			t.Fatalf("%d members, want %d", len(members), n)
		}
	})
}

func TestNamesCompareByCodeUnits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		common := rapid.String().Draw(t, "common")
		runes := rapid.SampledFrom([]rune{'a', 'é', 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfffd, 0x10000, 0x10001, 0x10ffff})
		a := common + string(rapid.SliceOfN(runes, 0, 3).Draw(t, "a"))
		b := common + string(rapid.SliceOfN(runes, 0, 3).Draw(t, "b"))
		want := 0
		ua, ub := utf16.Encode([]rune(a)), utf16.Encode([]rune(b))
		for i := range min(len(ua), len(ub)) {
			if want == 0 && ua[i] != ub[i] {
				want = int(ua[i]) - int(ub[i])
			}
		}
		if want == 0 {
			want = len(ua) - len(ub)
		}
		if got := compareUTF16([]byte(a), []byte(b)); sign(got) != sign(want) {
			t.Fatalf("%q and %q: %d, want %d", a, b, got, want)
		}
	})
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
