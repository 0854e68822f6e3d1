// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/behalf-id/behalf/internal/strictjson"
)

// drawnWorlds is how many random worlds a test of this file looks at.
const drawnWorlds = 400

// worlds yields worlds of every sort: the permitted ones, each with each single thing broken, and
// random ones.
func worlds(yield func(name string, f *fixture) bool) {
	for name, of := range standing() {
		if !yield(name, of()) {
			return
		}
	}
	for _, list := range [][]refusal{
		requestRefusals(), presentationRefusals(), linkRefusals(), permissionRefusals(), trustRefusals(), accreditationRefusals(),
		statusRefusals(), chainRefusals(), wideningRefusals(), authorityRefusals(), permissionChainRefusals(), matchRefusals(), conditionRefusals(),
	} {
		for _, c := range list {
			f := c.of()
			if c.do(f); !yield(c.name, f) {
				return
			}
		}
	}
	for seed := range uint64(drawnWorlds) {
		r := &roll{}
		r.seeded(seed, 77)
		if !yield("drawn", drawChain(r, 45)) {
			return
		}
	}
}

// standing are the permitted worlds.
func standing() map[string]func() *fixture {
	return map[string]func() *fixture{
		"one link":    one,
		"two links":   two,
		"three links": func() *fixture { return chainOf(3) },
		"self-issued": func() *fixture { return one().selfIssued() },
		"workgroup":   func() *fixture { return one().team() },
		"mediated": func() *fixture {
			f := two()
			f.leafCredential().Issuer = "proxy"
			return f
		},
		"sensitive": func() *fixture {
			f := one()
			f.r.Resource, f.r.Action = "record/tests", "view"
			return f
		},
		"overdue": func() *fixture {
			f := one()
			f.root().ReviewBy = f.w.Now.Add(-1)
			return f
		},
		"agent": func() *fixture {
			f := two()
			f.leafCredential().Delegate.Kind = agent
			return f
		},
	}
}

// asJSON is v in the form that equal values have equal bytes of.
func asJSON(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := strictjson.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// rebuilt is f with every map made anew in another order and every list in other memory.
func (f *fixture) rebuilt(r *rand.Rand) *fixture {
	return &fixture{
		w: rebuild(r, reflect.ValueOf(f.w)).Interface().(World),
		p: rebuild(r, reflect.ValueOf(f.p)).Interface().(Presentation),
		r: rebuild(r, reflect.ValueOf(f.r)).Interface().(Request),
	}
}

func rebuild(r *rand.Rand, v reflect.Value) reflect.Value {
	n := reflect.New(v.Type()).Elem()
	n.Set(v)
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		n.Set(reflect.New(v.Type().Elem()))
		n.Elem().Set(rebuild(r, v.Elem()))
	case v.Kind() == reflect.Slice && !v.IsNil():
		n.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()+r.IntN(3)))
		for i := range v.Len() {
			n.Index(i).Set(rebuild(r, v.Index(i)))
		}
	case v.Kind() == reflect.Map && !v.IsNil():
		n.Set(rebuildMap(r, v))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				n.Field(i).Set(rebuild(r, v.Field(i)))
			}
		}
	}
	return n
}

func rebuildMap(r *rand.Rand, v reflect.Value) reflect.Value {
	n, keys := reflect.MakeMap(v.Type()), v.MapKeys()
	r.Shuffle(len(keys), reflect.Swapper(keys))
	for _, k := range keys {
		n.SetMapIndex(k, rebuild(r, v.MapIndex(k)))
	}
	return n
}

// TestRebuilt proves the copy: it is equal and shares nothing that a decision could write to.
func TestRebuilt(t *testing.T) {
	f := chainOf(2)
	n := f.rebuilt(rand.New(rand.NewPCG(1, 2)))
	if !reflect.DeepEqual(f, n) {
		t.Fatal("the copy differs")
	}
	n.root().Permissions[0].Actions[0] = "changed"
	n.w.Framework.Controllers["gp"].ByRisk["routine"] = n.w.Framework.Controllers["gp"].ByRisk["high"]
	if f.root().Permissions[0].Actions[0] == "changed" || f.w.Framework.Controllers["gp"].ByRisk["routine"].MinAssurance != "" {
		t.Error("the copy shares memory")
	}
}

// TestDeterministic decides and explains the same again and again, with other maps and lists.
func TestDeterministic(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for name, f := range worlds {
		d, x := Explain(f.w, f.p, f.r)
		decision, explanation, text := asJSON(t, d), asJSON(t, x), x.String()
		for range 4 {
			n := f.rebuilt(r)
			again, y := Explain(n.w, n.p, n.r)
			if !bytes.Equal(asJSON(t, again), decision) || !bytes.Equal(asJSON(t, y), explanation) || y.String() != text {
				t.Fatalf("%s: the same was decided or explained in another way:\n%s\n%s", name, text, y)
			}
			if !bytes.Equal(asJSON(t, n.decide()), decision) {
				t.Fatalf("%s: the same was decided in another way", name)
			}
		}
	}
}

// TestNothingIsWritten shows that a decision leaves its arguments as they were.
func TestNothingIsWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for name, f := range worlds {
		before := f.rebuilt(r)
		first := asJSON(t, f.decide())
		Explain(f.w, f.p, f.r)
		if !reflect.DeepEqual(before, f) {
			t.Fatalf("%s: a decision wrote to its arguments", name)
		}
		if !slices.Equal(first, asJSON(t, f.decide())) {
			t.Fatalf("%s: decided otherwise the second time", name)
		}
	}
}
