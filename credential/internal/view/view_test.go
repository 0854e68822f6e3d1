// SPDX-License-Identifier: Apache-2.0

package view

import (
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
	if s, err := (Text{}).String(foreign); err != nil || s != "elsewhere" {
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
