// SPDX-License-Identifier: Apache-2.0

package ldpvc

import (
	"context"
	"encoding/json"
	"slices"
	"sort"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/internal/wire"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// place is one value in a JSON document, with how to put another in its stead; drop takes it away.
type place struct {
	path  string
	value any
	set   func(any)
	drop  func()
}

// places returns every value below v, by path.
func places(v any, path string, set func(any)) (out []place) {
	switch v := v.(type) {
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			into := func(x any) { v[name] = x }
			out = append(out, place{path + "/" + name, v[name], into, func() { delete(v, name) }})
			out = append(out, places(v[name], path+"/"+name, into)...)
		}
	case []any:
		for i := range v {
			into := func(x any) { v[i] = x }
			out = append(out, place{path + "/*", v[i], into, func() { set(slices.Delete(slices.Clone(v), i, i+1)) }})
			out = append(out, places(v[i], path+"/*", into)...)
		}
	}
	return out
}

// mutate returns raw changed in one drawn way that an attacker may try.
func mutate(t *rapid.T, raw []byte) []byte {
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	all := places(doc, "", nil)
	one := rapid.SampledFrom(all).Draw(t, "place")
	switch rapid.IntRange(0, 8).Draw(t, "kind") {
	case 0:
		one.drop()
	case 1: // exchanged with any other value
		other := rapid.SampledFrom(all).Draw(t, "other")
		one.set(other.value)
		other.set(one.value)
	case 2: // copied from any other place
		one.set(rapid.SampledFrom(all).Draw(t, "source").value)
	case 3:
		one.set([]any{one.value})
	case 4:
		one.set([]any{one.value, one.value})
	case 5:
		one.set(map[string]any{"@value": one.value})
	case 6:
		one.set(map[string]any{"id": one.value})
	case 7:
		one.set(rapid.SampledFrom([]any{nil, "", "x", 1, 1.5, true, []any{}, map[string]any{}, "urn:example:p1", "*"}).Draw(t, "value"))
	case 8:
		if list, ok := one.value.([]any); ok {
			one.set(append(slices.Clone(list), rapid.SampledFrom(append(list, "x")).Draw(t, "item")))
		}
	}
	out, err := json.Marshal(doc)
	if err != nil {
		t.Skip("an object in itself")
	}
	return out
}

// meaning writes what c says with its sets in order and without repetitions: RDF has no order.
func meaning(t interface{ Fatal(...any) }, c *credential.Credential) string {
	same := *c
	set := func(list []string) []string {
		list = slices.Clone(list)
		slices.Sort(list)
		return slices.Compact(list)
	}
	same.Jurisdiction, same.Purposes, same.Controllers = set(c.Jurisdiction), set(c.Purposes), set(c.Controllers)
	same.Permissions = slices.Clone(c.Permissions)
	for i := range same.Permissions {
		same.Permissions[i].Actions = set(same.Permissions[i].Actions)
	}
	slices.SortFunc(same.Permissions, func(a, b credential.Permission) int { return strings.Compare(a.ID, b.ID) })
	same.Status = slices.Clone(c.Status)
	slices.SortFunc(same.Status, func(a, b credential.StatusRef) int { return strings.Compare(a.Purpose, b.Purpose) })
	same.Evidence = slices.Clone(c.Evidence)
	slices.SortFunc(same.Evidence, func(a, b credential.Evidence) int { return strings.Compare(a.ID, b.ID) })
	same.Evidence = slices.Compact(same.Evidence)
	out, err := wire.WriteVC(&same)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestNothingElsePasses changes a credential once or twice. What opens still says what was signed.
func TestNothingElsePasses(t *testing.T) {
	s := newSelective(t)
	shown, err := s.Disclose(credential.Selection{Raw: s.cred, Permissions: []string{"urn:example:p2", "urn:example:p3"}, Claims: []credential.Claim{credential.ClaimEvidence}})
	if err != nil {
		t.Fatal(err)
	}
	s.cred = shown
	for _, g := range []*forge{newForge(t, dataintegrity.EdDSARDFC, key.EdDSA), newForge(t, dataintegrity.EdDSAJCS, key.EdDSA), s} {
		original, err := g.Open(context.Background(), g.cred, g.w.Keys)
		if err != nil {
			t.Fatal(err)
		}
		want, passed := meaning(t, original.Credential), 0
		t.Run(g.Name(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				raw := g.cred
				for range rapid.IntRange(1, 2).Draw(t, "changes") {
					raw = mutate(t, raw)
				}
				o, err := g.Open(context.Background(), raw, g.w.Keys)
				if reason.Of(err) == reason.InternalIndeterminate {
					t.Fatalf("a refusal without a name: %v", err)
				}
				if err != nil {
					return
				}
				passed++
				if got := meaning(t, o.Credential); got != want {
					t.Fatalf("it says\n%s\nand what was signed is\n%s", got, want)
				}
			})
		})
		t.Logf("%s: %d of the changed ones open, and say the same", g.Name(), passed)
	}
}
