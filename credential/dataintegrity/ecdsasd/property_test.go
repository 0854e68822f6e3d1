// SPDX-License-Identifier: Apache-2.0

package ecdsasd_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// TestProperty shows that whatever an issuer makes mandatory and whatever a holder selects in
// whatever document, twins of nodes and empty things included, the verifier accepts it, and sees
// nothing that was not selected.
func TestProperty(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		doc := object{"@context": []any{"https://www.w3.org/ns/credentials/v2", object{"@vocab": "https://a.example/"}}, "type": "VerifiableCredential"}
		g := generator{r: r}
		for _, name := range []string{"a", "b", "c"} {
			doc[name] = g.value(name, 0)
		}
		pointers := g.pointers("", doc)
		mandatory := rapid.SliceOfN(rapid.SampledFrom(pointers), 0, 4).Draw(r, "mandatory")
		selective := rapid.SliceOfN(rapid.SampledFrom(pointers), 1, 4).Draw(r, "selective")
		i := newIssuer(t, mandatory)
		base, err := i.create(text(t, doc))
		if err != nil {
			r.Fatal(err)
		}
		derived, err := ecdsasd.Derive(context.Background(), base, selective, jsonld.Open)
		if err != nil {
			r.Fatal(err)
		}
		if err := i.verify(derived); err != nil {
			r.Fatalf("%v: %s from %s by %q and %q", err, derived, base, mandatory, selective)
		}
		for at, pointer := range g.leaves {
			chosen := slices.ContainsFunc(slices.Concat(mandatory, selective), func(p string) bool { return p == pointer || strings.HasPrefix(pointer, p+"/") })
			if shown := bytes.Contains(derived, fmt.Appendf(nil, `"leaf %d"`, at)); shown != chosen {
				r.Fatalf("%s is shown: %v, is chosen: %v", pointer, shown, chosen)
			}
		}
	})
}

// generator draws JSON values. leaves has the pointer of each string that is there once.
type generator struct {
	r      *rapid.T
	leaves []string
}

func (g *generator) value(name string, depth int) any {
	kinds := 6
	if depth > 2 {
		kinds = 3
	}
	switch rapid.IntRange(0, kinds-1).Draw(g.r, name) {
	case 0:
		g.leaves = append(g.leaves, "")
		return fmt.Sprintf("leaf %d", len(g.leaves)-1)
	case 1:
		return rapid.SampledFrom([]any{1, true, "twin", object{}, object{"x": "twin"}, object{"type": "T", "x": object{"y": 1}}}).Draw(g.r, name)
	case 2:
		return rapid.SampledFrom([]any{object{"id": "https://node.example/" + name}, object{"@value": "v", "@language": "en"}}).Draw(g.r, name)
	case 3, 4:
		out := object{}
		for _, member := range []string{"p", "q", "id", "type"}[:rapid.IntRange(1, 4).Draw(g.r, name+".size")] {
			switch member {
			case "id":
				out[member] = fmt.Sprintf("https://node.example/%s/%d", name, len(g.leaves))
			case "type":
				out[member] = "T"
			default:
				out[member] = g.value(name+member, depth+1)
			}
		}
		return out
	}
	var out []any
	for i := range rapid.IntRange(1, 3).Draw(g.r, name+".items") {
		out = append(out, g.value(name+strconv.Itoa(i), depth+1))
	}
	return out
}

// pointers returns a pointer to everything in v that can be selected, and fills in leaves.
func (g *generator) pointers(at string, v any) []string {
	var out []string
	switch v := v.(type) {
	case object:
		if _, literal := v["@value"]; literal {
			return nil
		}
		for name, member := range v {
			if name != "@context" {
				out = append(append(out, at+"/"+name), g.pointers(at+"/"+name, member)...)
			}
		}
	case []any:
		for i, item := range v {
			to := at + "/" + strconv.Itoa(i)
			out = append(append(out, to), g.pointers(to, item)...)
		}
	case string:
		if n, ok := strings.CutPrefix(v, "leaf "); ok {
			i, _ := strconv.Atoi(n)
			g.leaves[i] = at
		}
	}
	slices.Sort(out)
	return out
}

// FuzzDerive derives from anything with any pointer. What comes out must be strict JSON with a
// proof from which nothing can be derived again.
func FuzzDerive(f *testing.F) {
	i := newIssuer(f, []string{"/issuer"})
	base := i.base(credential)
	f.Add(base, "/validUntil")
	f.Add(base, "/credentialSubject/delegation/permission/1/constraint")
	f.Add(bytes.Replace(base, []byte(`"purpose":["family-requested"]`), []byte(`"purpose":[null]`), 1), "/credentialSubject")
	f.Add([]byte(`{"proof":{"type":"DataIntegrityProof","cryptosuite":"ecdsa-sd-2023","proofValue":"u2V0AhQ"}}`), "")
	f.Fuzz(func(t *testing.T, doc []byte, pointer string) {
		derived, err := ecdsasd.Derive(context.Background(), doc, []string{pointer}, jsonld.Closed)
		if err != nil {
			return
		}
		if err := strictjson.Check(derived); err != nil {
			t.Fatalf("%v: %s", err, derived)
		}
		if _, _, err := dataintegrity.Split(derived); err != nil {
			t.Fatalf("%v: %s", err, derived)
		}
		_, err = ecdsasd.Derive(context.Background(), derived, []string{pointer}, jsonld.Closed)
		want(t, err, reason.DIProofValue)
	})
}
