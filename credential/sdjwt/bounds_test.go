// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// spent returns the bytes and the number of allocations of one run of do.
func spent(do func()) (bytes, mallocs uint64) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, after.Mallocs - before.Mallocs
}

// TestMillionDisclosures bounds, by allocation and step counts, what the largest tokens cost that
// pass the bound on bytes, and what larger ones cost before they are read.
func TestMillionDisclosures(t *testing.T) {
	g := newForge(t)
	jwt, _, _ := strings.Cut(string(g.raw()), "~")
	room := jose.MaxToken - len(jwt) - 1
	one := fixture.B64(`["salt","x",1]`)
	small := strings.Repeat("W10~", room/4)
	for name, c := range map[string]struct {
		raw     string
		want    reason.Code
		bytes   uint64 // at most
		mallocs uint64
	}{
		"a million that are empty":     {jwt + strings.Repeat("~", room), reason.SDJWTDisclosureForm, 64 << 10, 100},
		"a quarter of a million small": {jwt + "~" + small, reason.SDJWTDisclosureUnreferenced, 64 << 10, 400},
		"fifty thousand that read":     {jwt + "~" + strings.Repeat(one+"~", room/(len(one)+1)), reason.SDJWTDisclosureUnreferenced, 64 << 10, 400},
		"a million and too long":       {jwt + "~" + strings.Repeat("W10~", 1_000_000), reason.LimitBody, 4 << 10, 20},
		"one that is a megabyte":       {jwt + "~" + strings.Repeat("A", room-1) + "~", reason.LimitDisclosures, 64 << 10, 400},
	} {
		raw := []byte(c.raw)
		var err error
		open := func() { _, _, err = g.f.OpenPresentation(context.Background(), raw, g.w.Binding, g.w.Keys) }
		bytes, mallocs := spent(open)
		refused(t, err, c.want)
		if bytes > c.bytes || mallocs > c.mallocs {
			t.Errorf("%s, %d bytes: %d bytes in %d allocations", name, len(raw), bytes, mallocs)
		}
		if _, err := Process(context.Background(), raw, Expect{Type: Name, Keys: g.w.Keys, Binding: g.w.Binding}); reason.Of(err) != c.want {
			t.Errorf("%s, any claims: %v", name, err)
		}
	}
	// Steps: no more is cut out of a flood than one beyond the bound.
	p, err := split([]byte(jwt+"~"+strings.Repeat(one+"~", MaxDisclosures)), policy)
	if err != nil || len(p.disclosures) != MaxDisclosures {
		t.Error(len(p.disclosures), err)
	}
	digests := 0
	for i := range 300 { // the last of those that are looked at is the first that nothing refers to
		digests = i
		if _, err := split([]byte(jwt+strings.Repeat("~"+one, i)+"~"), policy); reason.Of(err) == reason.SDJWTDisclosureUnreferenced {
			break
		}
	}
	if digests != MaxDisclosures+1 {
		t.Errorf("a flood begins at %d", digests)
	}
}

// TestSaltsOverAMillion is SDJ-24: a million salts of 128 bits, none of which comes twice.
func TestSaltsOverAMillion(t *testing.T) {
	const all = 1_000_000
	c := fixture.Token(fixture.New(t, key.EdDSA).Delegation(t))
	for len(c.Permissions) < credential.MaxPermissions {
		c.Permissions = append(c.Permissions, c.Permissions[0])
	}
	random := newFormat(t, fixture.New(t, key.EdDSA)).random
	salts := make([][saltSize]byte, 0, all+credential.MaxPermissions)
	for len(salts) < all {
		s, err := newSealer(random, c)
		if err != nil {
			t.Fatal(err)
		}
		for range c.Permissions {
			start := len(s.disclosures)
			s.hide("", func(dst []byte) []byte { return append(dst, '1') })
			raw, err := jose.AppendDecode(nil, s.disclosures[start:len(s.disclosures)-1])
			if err != nil || len(raw) != len(`["","1]`)+22-1 {
				t.Fatalf("%s: %v", raw, err)
			}
			salt, err := jose.AppendDecode(nil, raw[2:24])
			if err != nil || len(salt) != saltSize {
				t.Fatal("a salt that is short: ", err)
			}
			salts = append(salts, [saltSize]byte(salt))
		}
	}
	slices.SortFunc(salts, func(a, b [saltSize]byte) int { return slices.Compare(a[:], b[:]) })
	for i := 1; i < len(salts); i++ {
		if salts[i] == salts[i-1] {
			t.Fatal("a salt came twice")
		}
	}
}

// TestEveryMemberHasItsType is JSN-13, generated: each member of the base case in turn has a value of each
// type that is not its own.
func TestEveryMemberHasItsType(t *testing.T) {
	base := newForge(t)
	ran := 0
	for _, path := range membersOf(base.claims, nil) {
		for _, v := range []any{nil, []any{}, object{}, 7, true, ""} {
			old := lookUp(base.claims, path)
			if fmt.Sprintf("%T", v) == fmt.Sprintf("%T", old) || isNumber(v) && isNumber(old) {
				continue
			}
			ran++
			g := forgeIn(t, base.w, base.f)
			g.disclosures = nil
			lookUp(g.claims, path[:len(path)-1]).(object)[path[len(path)-1]] = v
			if want := codeOf(path, v); reason.Of(g.open()) != want {
				t.Errorf("%v = %v: %v, want %s", path, v, g.open(), want)
			}
		}
	}
	if ran < 150 {
		t.Errorf("%d cases", ran)
	}
}

func isNumber(v any) bool {
	switch v.(type) {
	case int, float64:
		return true
	}
	return false
}

// codeOf is what a wrong type at path is refused with.
func codeOf(path []string, v any) reason.Code {
	last := path[len(path)-1]
	switch path[0] {
	case "iss", "sub", "jti", "nbf", "exp", "iat":
		if v == "" && (last == "iss" || last == "sub" || last == "jti") {
			return reason.CredentialSchemaInvalid
		}
		return reason.JSONType
	case "cnf":
		return reason.KBCnf
	case "_sd_alg":
		return reason.SDJWTHashAlg
	}
	if last == "_sd" {
		return reason.JSONType
	}
	return reason.CredentialSchemaInvalid
}

// membersOf returns the paths of all members of objects that are not elements of arrays.
func membersOf(o object, at []string) (all [][]string) {
	for name, v := range o {
		here := append(slices.Clone(at), name)
		all = append(all, here)
		if inner, ok := v.(object); ok {
			all = append(all, membersOf(inner, here)...)
		}
	}
	return all
}

func lookUp(o object, path []string) any {
	var v any = o
	for _, name := range path {
		v = v.(object)[name]
	}
	return v
}
