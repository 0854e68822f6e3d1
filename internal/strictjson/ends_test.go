// SPDX-License-Identifier: Apache-2.0

package strictjson_test

import (
	"bytes"
	"testing"

	"github.com/behalf-id/behalf/internal/strictjson"
)

// sameWay goes through v with and without knowing where things end, and compares.
func sameWay(t *testing.T, e *strictjson.Ends, v []byte) {
	t.Helper()
	switch strictjson.Value(v).Kind() {
	case '{':
		var plain []strictjson.Member
		for m, err := range strictjson.Members(v) {
			if err != nil {
				t.Fatalf("%s: %v", v, err)
			}
			plain = append(plain, m)
		}
		i := 0
		for m, err := range e.Members(v) {
			if err != nil || i == len(plain) || !bytes.Equal(m.Name, plain[i].Name) || !bytes.Equal(m.Value, plain[i].Value) {
				t.Fatalf("%s: member %d differs: %v", v, i, err)
			}
			i++
			sameWay(t, e, m.Value)
		}
		if i != len(plain) {
			t.Fatalf("%s: %d members of %d", v, i, len(plain))
		}
	case '[':
		var plain []strictjson.Value
		for item, err := range strictjson.Items(v) {
			if err != nil {
				t.Fatalf("%s: %v", v, err)
			}
			plain = append(plain, item)
		}
		i := 0
		for item, err := range e.Items(v) {
			if err != nil || i == len(plain) || !bytes.Equal(item, plain[i]) {
				t.Fatalf("%s: item %d differs: %v", v, i, err)
			}
			i++
			sameWay(t, e, item)
		}
		if i != len(plain) {
			t.Fatalf("%s: %d items of %d", v, i, len(plain))
		}
	}
}

func FuzzEnds(f *testing.F) {
	long := string(bytes.Repeat([]byte("a"), 200))
	for _, seed := range []string{
		`{}`, ` { "a" : [ ] , "b":{"c":{},"d":[[],{"e":"]}"}]},"f":"\\\"}" } `, `{"a":"` + long + `\"}` + long + `","b":["` + long + `\\"]}`,
		`{"a":[1,[2,[3,[{"x":[{}]}]]]],"b":{"a":{"a":{"a":{}}}},"é":"\u0022"}`, `{"a":"\\","b":"\\\\","c":["\"","\\\""]}`, string(payload(f)),
		`{"` + long + `\"":"` + long + `\\\"","z":[{"` + long + `":{}}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want, err1 := strictjson.CheckMembers(data, nil)
		got, ends, err2 := strictjson.CheckEnds(data, nil, make([]strictjson.Span, 0, 2))
		if (err1 == nil) != (err2 == nil) || len(got) != len(want) {
			t.Fatalf("%s: %v, %v", data, err1, err2)
		}
		if err1 != nil {
			return
		}
		for i := range want {
			if !bytes.Equal(want[i].Name, got[i].Name) || !bytes.Equal(want[i].Value, got[i].Value) {
				t.Fatalf("%s: member %d", data, i)
			}
		}
		sameWay(t, &ends, data)
		sameWay(t, &ends, data)              // in the same order once more
		sameWay(t, &ends, bytes.Clone(data)) // of another text
		sameWay(t, &strictjson.Ends{}, data) // that knows nothing
		for i := len(got) - 1; i >= 0; i-- { // from the back
			sameWay(t, &ends, got[i].Value)
		}
	})
}

// TestPassing passes values by their ends: no byte of what is inside is looked at twice, which is
// seen by what happens when those bytes are spoiled after the check.
func TestPassing(t *testing.T) {
	data := []byte(`{"a":{"b":"x"},"c":1}`)
	_, ends, err := strictjson.CheckEnds(data, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[5:], `{[[[[[[[}`)
	n := 0
	for m, err := range ends.Members(data) {
		if err != nil || len(m.Value) != len(`{"b":"x"}`) && n == 0 {
			t.Fatalf("%s: %v", m.Value, err)
		}
		n++
	}
	if n != 2 {
		t.Error(n)
	}
}

func TestCheckedText(t *testing.T) {
	for _, text := range []string{`""`, `"a"`, `"a\"b"`, `"\u0041"`, `"é"`, `7`, `null`, `{}`, `"`} {
		got, err1 := strictjson.CheckedText([]byte(text))
		want, err2 := strictjson.Text([]byte(text))
		if !bytes.Equal(got, want) || (err1 == nil) != (err2 == nil) {
			t.Errorf("%s: %q %v, %q %v", text, got, err1, want, err2)
		}
	}
}
