// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// reference collects sites as walk does, by calling itself for each value inside another. It
// is slower and easier to see through.
type reference struct{ scan }

func (s *reference) value(v strictjson.Value, at place) error {
	switch v.Kind() {
	case '{':
		for m := range strictjson.Members(v) {
			if err := s.member(m, at); err != nil {
				return err
			}
		}
	case '[':
		pos := int32(0)
		for item := range strictjson.Items(v) {
			if err := s.item(item, at, pos); err != nil {
				return err
			}
			pos++
		}
	}
	return nil
}

func (s *reference) member(m strictjson.Member, at place) error {
	switch string(m.Name) {
	case "_sd":
		if m.Value.Kind() != '[' {
			return reason.New(reason.JSONType, "")
		}
		for item := range strictjson.Items(m.Value) {
			if err := s.add(item, site{place: at, owner: s.owner}); err != nil {
				return err
			}
		}
		return nil
	case "_sd_alg":
		if string(m.Value) != `"sha-256"` || at != atTop || s.owner >= 0 {
			return reason.New(reason.SDJWTHashAlg, "")
		}
		return nil
	case "...":
		return reason.New(reason.SDJWTReservedName, "")
	}
	return s.value(m.Value, at.child(m.Name))
}

func (s *reference) item(item strictjson.Value, at place, pos int32) error {
	digest := dots(item)
	if digest == nil {
		return s.value(item, elsewhere)
	}
	n := 0
	for range strictjson.Members(item) {
		n++
	}
	if n > 1 {
		return reason.New(reason.SDJWTDisclosureForm, "")
	}
	return s.add(digest, site{place: at, element: true, pos: pos, owner: s.owner})
}

// FuzzWalk compares the two on any JSON: the same sites, or a refusal by both.
func FuzzWalk(f *testing.F) {
	d := fixture.Digest("x")
	for _, seed := range []string{
		`{"_sd":["D"],"_sd_alg":"sha-256","on_behalf_of":{"_sd":["D"]},"delegation":{"permission":[{"...":"D"},{"id":"a\"b\\"},{"...":"D"}],"_sd":["D"]}}`,
		`[1,{"...":"D"},[{"...":"D"}],{"a":[{"...":"D"}]}]`, `{"\u005fsd":["D"],"x":{"_sd":[]}}`, `{"_sd":"D"}`, `{"_sd":[["D"]]}`, `{"_sd":[1]}`, `{"_sd":{}}`,
		`{"a":{"_sd_alg":"sha-256"}}`, `{"_sd_alg":7}`, `{"...":"D"}`, `[{"...":"D","x":1}]`, `[{"x":1,"...":"D"}]`, `[{"...":7}]`, `[{"...":["D"]}]`, `[{"...":{}}]`,
		`{"a":["_sd",":","{"],"b":null,"c":-1.5e3,"d":true}`, `"_sd"`, `{"delegation":[{"permission":[{"...":"D"}]}]}`, `{"_sd_alg":"sha-\u00325\u0036"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		raw := bytes.ReplaceAll([]byte(text), []byte(`"D"`), []byte(`"`+d+`"`))
		if strictjson.Check(raw) != nil || bytes.Contains(raw, []byte(`\u003`)) {
			return
		}
		want, got := reference{scan{owner: -1}}, scan{owner: -1}
		err1, err2 := want.value(raw, atTop), got.value(raw, atTop)
		if (err1 == nil) != (err2 == nil) {
			t.Fatalf("%s: %v, %v", raw, err1, err2)
		}
		if err1 == nil && !slices.Equal(want.sites, got.sites) {
			t.Fatalf("%s: %s", raw, cmp.Diff(len(want.sites), len(got.sites)))
		}
	})
}
