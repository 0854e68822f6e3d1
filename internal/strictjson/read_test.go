// SPDX-License-Identifier: Apache-2.0

package strictjson_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

func TestMembers(t *testing.T) {
	type pair struct{ name, value string }
	var got []pair
	for m, err := range strictjson.Members([]byte(` {"a" : 1 ,"\u0062\n":"x\"}","c":{"d":[1,{"e":"]"}]},"f":[],"g":null, "h":-1.5e3} `)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, pair{string(m.Name), string(m.Value)})
	}
	want := []pair{{"a", "1"}, {"b\n", `"x\"}"`}, {"c", `{"d":[1,{"e":"]"}]}`}, {"f", "[]"}, {"g", "null"}, {"h", "-1.5e3"}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(pair{})); d != "" {
		t.Error(d)
	}
	for range strictjson.Members([]byte(`{}`)) {
		t.Error("an empty object has a member")
	}
}

func TestItems(t *testing.T) {
	var got []string
	for v, err := range strictjson.Items([]byte(`[ 1, "a,]" ,[2,[3]],{"x":[]} ]`)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(v))
	}
	if d := cmp.Diff([]string{"1", `"a,]"`, "[2,[3]]", `{"x":[]}`}, got); d != "" {
		t.Error(d)
	}
}

func TestReadersStopEarly(t *testing.T) {
	for range strictjson.Members([]byte(`{"a":1,"b":2}`)) {
		break
	}
	for range strictjson.Items([]byte(`[1,2]`)) {
		break
	}
}

func membersErr(data []byte) (err error) {
	for _, err = range strictjson.Members(data) {
	}
	return err
}

func itemsErr(data []byte) (err error) {
	for _, err = range strictjson.Items(data) {
	}
	return err
}

func TestReaderRefusals(t *testing.T) {
	text := func(b []byte) error { _, err := strictjson.Text(b); return err }
	integer := func(b []byte) error { _, err := strictjson.Int(b); return err }
	boolean := func(b []byte) error { _, err := strictjson.Bool(b); return err }
	for _, c := range []struct {
		name string
		read func([]byte) error
		in   string
		want reason.Code
	}{
		{"members", membersErr, `[]`, reason.JSONType},
		{"members", membersErr, `null`, reason.JSONType},
		{"members", membersErr, ``, reason.JSONType},
		{"members", membersErr, `{"a":1`, reason.JSONSyntax},
		{"members", membersErr, `{"a"`, reason.JSONSyntax},
		{"members", membersErr, `{"a":[[[`, reason.JSONSyntax},
		{"members", membersErr, `{"a":]}`, reason.JSONSyntax},
		{"members", membersErr, `{"a":1}}`, reason.JSONSyntax},
		{"members", membersErr, `{"a":1,}`, reason.JSONSyntax},
		{"members", membersErr, `{"a":1 2}`, reason.JSONSyntax},
		{"items", itemsErr, `{}`, reason.JSONType},
		{"items", itemsErr, `"a"`, reason.JSONType},
		{"items", itemsErr, `[1`, reason.JSONSyntax},
		{"items", itemsErr, `[1}`, reason.JSONSyntax},
		{"items", itemsErr, `[x]`, reason.JSONSyntax},
		{"items", itemsErr, `[]]`, reason.JSONSyntax},
		{"text", text, `7`, reason.JSONType},
		{"text", text, `null`, reason.JSONType},
		{"text", text, `"a`, reason.JSONSyntax},
		{"text", text, `"a"b`, reason.JSONSyntax},
		{"text", text, `"\ud800"`, reason.JSONInvalidUTF8},
		{"int", integer, `"1"`, reason.JSONType},
		{"int", integer, `true`, reason.JSONType},
		{"int", integer, `null`, reason.JSONType},
		{"int", integer, `1.0`, reason.JSONNumberForm},
		{"int", integer, `1e2`, reason.JSONNumberForm},
		{"int", integer, `-0`, reason.JSONNumberForm},
		{"int", integer, `01`, reason.JSONSyntax},
		{"int", integer, `9007199254740992`, reason.JSONUnsafeInteger},
		{"bool", boolean, `1`, reason.JSONType},
		{"bool", boolean, `null`, reason.JSONType},
		{"bool", boolean, `"true"`, reason.JSONType},
		{"bool", boolean, `truer`, reason.JSONSyntax},
	} {
		if got := reason.Of(c.read([]byte(c.in))); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

func TestScalars(t *testing.T) {
	if b, err := strictjson.Bool([]byte(` false `)); b || err != nil {
		t.Error(b, err)
	}
	if b, err := strictjson.Bool([]byte(`true`)); !b || err != nil {
		t.Error(b, err)
	}
	if n, err := strictjson.Int([]byte(`-9007199254740991`)); n != -strictjson.MaxInteger || err != nil {
		t.Error(n, err)
	}
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.String().Draw(t, "text")
		quoted, _ := json.Marshal(want)
		if got, err := strictjson.String(quoted); got != want || err != nil {
			t.Fatalf("%s: got %q, %v", quoted, got, err)
		}
		ascii := []byte(`"`)
		for _, r := range want {
			if r > 0xffff {
				ascii = fmt.Appendf(ascii, `\u%04x\u%04X`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
			} else {
				ascii = fmt.Appendf(ascii, `\u%04x`, r)
			}
		}
		if got, err := strictjson.String(append(ascii, '"')); got != want || err != nil {
			t.Fatalf("%s: got %q, %v", ascii, got, err)
		}
	})
}

// FuzzCheck holds Check against two other readers: what it accepts both accept, with the same
// content, and the canonical form of it is its own canonical form.
func FuzzCheck(f *testing.F) {
	for _, c := range verdicts {
		if len(c.text) < 4096 {
			f.Add([]byte(c.text))
		}
	}
	f.Add(payload(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		err := strictjson.Check(data)
		_ = membersErr(data)
		_ = itemsErr(data)
		inOnePass(t, data, err)
		if err != nil {
			if _, ok := reason.Lookup(reason.Of(err)); !ok {
				t.Fatalf("no code: %v", err)
			}
			return
		}
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			t.Fatalf("accepted, but encoding/json says %v", err)
		}
		if !jsontext.Value(data).IsValid() {
			t.Fatal("accepted, but jsontext refuses it")
		}
		once, err := strictjson.Canonical(data)
		if reason.Of(err) == reason.JSONUnsafeInteger {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		twice, err := strictjson.Canonical(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s became %s, %v", once, twice, err)
		}
		rebuild(t, data)
	})
}

// inOnePass expects of CheckMembers and CheckItems what Check, which gave want, and then Members
// and Items give.
func inOnePass(t *testing.T, data []byte, want error) {
	members, err := strictjson.CheckMembers(data, nil)
	if want == nil {
		want = membersErr(data)
	}
	if reason.Of(err) != reason.Of(want) {
		t.Fatalf("members: got %v, want %v", err, want)
	}
	i := 0
	for m := range strictjson.Members(data) {
		if err == nil && !(bytes.Equal(m.Name, members[i].Name) && bytes.Equal(m.Value, members[i].Value)) {
			t.Fatalf("member %d: %s, want %s", i, members[i].Value, m.Value)
		}
		i++
	}
	if err == nil && i != len(members) {
		t.Fatalf("%d members, want %d", len(members), i)
	}
	var room [3]strictjson.Value
	n, err := strictjson.CheckItems(data, room[:])
	if want = strictjson.Check(data); want == nil {
		want = itemsErr(data)
	}
	if reason.Of(err) != reason.Of(want) {
		t.Fatalf("items: got %v, want %v", err, want)
	}
	i = 0
	for v := range strictjson.Items(data) {
		if err == nil && i < len(room) && !bytes.Equal(v, room[i]) {
			t.Fatalf("item %d: %s, want %s", i, room[i], v)
		}
		i++
	}
	if err == nil && i != n {
		t.Fatalf("%d items, want %d", n, i)
	}
}

// TestInOnePass does for every verdict what the fuzz target does.
func TestInOnePass(t *testing.T) {
	for _, c := range verdicts {
		inOnePass(t, []byte(c.text), strictjson.Check([]byte(c.text)))
	}
	for _, text := range []string{`{}`, ` { } `, `[]`, ` [ ] `, `[ 1 , [2,3], {"a":4} ,"x"]`, `{ "a" : [1,{"b":2}] , "\u0062" : "c\n" }`, `[[],[[]]]`} {
		inOnePass(t, []byte(text), strictjson.Check([]byte(text)))
	}
}

// rebuild reads data with Members, Items and the rest, writes it again, and expects what
// encoding/json reads from it.
func rebuild(t *testing.T, data []byte) {
	var got, want any
	if err := json.Unmarshal([]byte(rewrite(t, data)), &got); err != nil {
		t.Fatal(err)
	}
	_ = json.Unmarshal(data, &want)
	if !reflect.DeepEqual(want, got) { // cmp takes exponential time on deep nesting
		t.Fatalf("want %v, got %v", want, got)
	}
}

func rewrite(t *testing.T, data []byte) string {
	var parts []string
	switch strictjson.Value(data).Kind() {
	case '{':
		for m, err := range strictjson.Members(data) {
			if err != nil {
				t.Fatal(err)
			}
			q, _ := json.Marshal(string(m.Name))
			parts = append(parts, string(q)+":"+rewrite(t, m.Value))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case '[':
		for v, err := range strictjson.Items(data) {
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, rewrite(t, v))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case '"':
		s, err := strictjson.String(data)
		if err != nil {
			t.Fatal(err)
		}
		q, _ := json.Marshal(s)
		return string(q)
	}
	return string(data)
}
