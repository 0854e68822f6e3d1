// SPDX-License-Identifier: Apache-2.0

package view

import (
	"bytes"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

func TestString(t *testing.T) {
	raw := []byte(`["plain","esc\"aped","","` + "\u00e9" + `"]`)
	text := Of(raw)
	got, err := text.Strings(raw, 4)
	if err != nil || len(got) != 4 || got[0] != "plain" || got[1] != `esc"aped` || got[2] != "" || got[3] != "\u00e9" {
		t.Fatal(got, err)
	}
	copy(raw, `["XXXXX"`)
	if got[0] != "plain" {
		t.Error("a string changes with the bytes")
	}
	if _, err := text.Strings(raw, 3); reason.Of(err) != reason.LimitMembers {
		t.Error(err)
	}
	foreign := []byte(`"elsewhere"`)
	if s, err := text.String(foreign); err != nil || s != "elsewhere" {
		t.Error(s, err)
	}
	if s, err := new(Text).String(foreign); err != nil || s != "elsewhere" {
		t.Error(s, err)
	}
	if _, err := text.String([]byte("7")); reason.Of(err) != reason.JSONType {
		t.Error(err)
	}
}

func TestNoCopyOfEach(t *testing.T) {
	raw := []byte(`["one","two","three"]`)
	text := Of(raw)
	var values []strictjson.Value
	for v := range strictjson.Items(raw) {
		values = append(values, v)
	}
	if n := testing.AllocsPerRun(100, func() {
		for _, v := range values {
			_, _ = text.String(v)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestListsDoNotMeet fills more than one block, and writes behind the end of each list.
func TestListsDoNotMeet(t *testing.T) {
	raw := []byte(`["a","b","c","d","e"]`)
	raw = append(raw, bytes.Repeat([]byte(" "), 7*perString)...) // room for eight: the second list needs a new block
	text := Of(raw)
	var lists [][]string
	for range 9 {
		list, err := text.Strings(raw, 5)
		if err != nil {
			t.Fatal(err)
		}
		if empty, err := text.Strings([]byte("[]"), 5); err != nil || empty == nil || len(empty) != 0 {
			t.Fatal(empty, err)
		}
		lists = append(lists, list)
	}
	for _, list := range lists {
		_ = append(list, "x", "y")
	}
	for i, list := range lists {
		if got := strings.Join(list, ""); got != "abcde" {
			t.Errorf("list %d is %q", i, got)
		}
	}
}
