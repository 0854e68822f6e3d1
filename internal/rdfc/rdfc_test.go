// SPDX-License-Identifier: Apache-2.0

package rdfc_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/reason"
)

func Example() {
	quads, err := rdfc.Parse([]byte("_:x <ex:knows> _:y .\n_:y <ex:name> \"Bob\" .\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	canonical, err := rdfc.Canonicalize(quads, rdfc.SHA256)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s%s is %s\n", canonical.Bytes(), "y", canonical.Labels["y"])
	// Output:
	// _:c14n0 <ex:knows> _:c14n1 .
	// _:c14n1 <ex:name> "Bob" .
	// y is c14n1
}

func iri(s string) rdfc.Term   { return rdfc.Term{Kind: rdfc.IRI, Value: s} }
func blank(s string) rdfc.Term { return rdfc.Term{Kind: rdfc.Blank, Value: s} }
func text(s string) rdfc.Term  { return rdfc.Term{Kind: rdfc.Literal, Value: s} }

// clique is n blank nodes that all point to one another.
func clique(n int) (quads []rdfc.Quad) {
	for i := range n {
		for j := range n {
			if i != j {
				quads = append(quads, rdfc.Quad{S: blank(fmt.Sprint("e", i)), P: iri("ex:p"), O: blank(fmt.Sprint("e", j))})
			}
		}
	}
	return quads
}

// list is an RDF list of n equal items.
func list(n int) (quads []rdfc.Quad) {
	for i := range n {
		s := blank(fmt.Sprint("l", i))
		quads = append(quads, rdfc.Quad{S: s, P: iri("ex:first"), O: text("x")})
		if i+1 < n {
			quads = append(quads, rdfc.Quad{S: s, P: iri("ex:rest"), O: blank(fmt.Sprint("l", i+1))})
		}
	}
	return quads
}

// allocated is how many bytes f asks for.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestPoison is DI-06: what a graph costs is counted in steps and in bytes, not by a clock.
func TestPoison(t *testing.T) {
	graphs := map[string][]rdfc.Quad{"list of 1000": list(1000), "list of 20000": list(20000)}
	for n := 7; n <= 12; n++ {
		graphs[fmt.Sprintf("clique of %d", n)] = clique(n)
	}
	for name, quads := range graphs {
		t.Run(name, func(t *testing.T) {
			var err error
			bytes := allocated(func() { _, err = rdfc.Canonicalize(quads, rdfc.SHA256) })
			if code(err) != reason.LimitCanonicalization {
				t.Errorf("error %v, want limit.canonicalization", err)
			}
			if bytes > 16<<20+uint64(len(quads))*1000 {
				t.Errorf("%d bytes allocated", bytes)
			}
			if got := rdfc.Work(quads, rdfc.SHA256); got != rdfc.MaxWork+1 {
				t.Errorf("stopped after %d steps", got)
			}
		})
	}
}

func TestWorkOfHonestGraphs(t *testing.T) {
	for _, c := range []struct {
		name  string
		quads []rdfc.Quad
		max   int
	}{
		{"no two nodes alike", []rdfc.Quad{{S: blank("a"), P: iri("ex:p"), O: blank("b")}}, 0},
		{"clique of 5", clique(5), 20_000},
		{"list of 10", list(10), 2_000},
	} {
		if got := rdfc.Work(c.quads, rdfc.SHA256); got > c.max {
			t.Errorf("%s: %d steps, want at most %d", c.name, got, c.max)
		}
	}
}

func TestCanonicalizeRefuses(t *testing.T) {
	good := rdfc.Quad{S: iri("ex:s"), P: iri("ex:p"), O: text("o")}
	with := func(change func(q *rdfc.Quad)) []rdfc.Quad {
		q := good
		change(&q)
		return []rdfc.Quad{q}
	}
	for name, quads := range map[string][]rdfc.Quad{
		"no subject":          with(func(q *rdfc.Quad) { q.S = rdfc.Term{} }),
		"literal subject":     with(func(q *rdfc.Quad) { q.S = text("s") }),
		"blank predicate":     with(func(q *rdfc.Quad) { q.P = blank("p") }),
		"no object":           with(func(q *rdfc.Quad) { q.O = rdfc.Term{} }),
		"literal graph":       with(func(q *rdfc.Quad) { q.G = text("g") }),
		"unknown kind":        with(func(q *rdfc.Quad) { q.G.Kind = 9 }),
		"empty IRI":           with(func(q *rdfc.Quad) { q.S = iri("") }),
		"IRI that ends early": with(func(q *rdfc.Quad) { q.S = iri("ex:s> <ex:p> <ex:o> .\n<ex:s") }),
		"IRI with a space":    with(func(q *rdfc.Quad) { q.P = iri("ex:p p") }),
		"IRI not UTF-8":       with(func(q *rdfc.Quad) { q.P = iri("ex:\xff") }),
		"datatype with >":     with(func(q *rdfc.Quad) { q.O.Datatype = "ex:d> <ex:g" }),
		"langString alone": with(func(q *rdfc.Quad) {
			q.O.Datatype = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"
		}),
		"language with space": with(func(q *rdfc.Quad) { q.O.Language = "en <ex:g>" }),
		"language en-":        with(func(q *rdfc.Quad) { q.O.Language = "en-" }),
		"language 1a":         with(func(q *rdfc.Quad) { q.O.Language = "1a" }),
		"literal not UTF-8":   with(func(q *rdfc.Quad) { q.O.Value = "\xff" }),
		"label with space":    with(func(q *rdfc.Quad) { q.S = blank("a b") }),
		"empty label":         with(func(q *rdfc.Quad) { q.S = blank("") }),
		"label with dot":      with(func(q *rdfc.Quad) { q.S = blank("a.") }),
	} {
		if _, err := rdfc.Canonicalize(quads, rdfc.SHA256); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := rdfc.Canonicalize([]rdfc.Quad{good}, 0); err == nil {
		t.Error("the zero hash function: accepted")
	}
	if _, err := rdfc.Canonicalize([]rdfc.Quad{good}, rdfc.SHA384); err != nil {
		t.Error(err)
	}
	many := slices.Repeat([]rdfc.Quad{good}, rdfc.MaxQuads+1)
	if _, err := rdfc.Canonicalize(many, rdfc.SHA256); code(err) != reason.LimitCanonicalization {
		t.Errorf("too many quads: %v", err)
	}
	long := with(func(q *rdfc.Quad) { q.O.Value = strings.Repeat("x", rdfc.MaxNQuads) })
	if _, err := rdfc.Canonicalize(long, rdfc.SHA256); code(err) != reason.LimitCanonicalization {
		t.Errorf("too many bytes: %v", err)
	}
}

// TestHashMatters holds the hash function to be used: nodes are in the order of their hashes.
func TestHashMatters(t *testing.T) {
	var quads []rdfc.Quad
	for i := range 12 {
		quads = append(quads, rdfc.Quad{S: blank(fmt.Sprint("n", i)), P: iri("ex:p"), O: text(fmt.Sprint(i))})
	}
	a, err := rdfc.Canonicalize(quads, rdfc.SHA256)
	b, err2 := rdfc.Canonicalize(quads, rdfc.SHA384)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if cmp.Equal(a.Labels, b.Labels) {
		t.Error("SHA-256 and SHA-384 give the same labels")
	}
}

func TestParse(t *testing.T) {
	quads, err := rdfc.Parse([]byte("# one\r\n\n  <ex:s>\t<ex:\\u0070> \"a\\tb\\U0001F600\\\"\"@en-GB _:g.h . # two\n" +
		"_:b<ex:p>\"1\"^^<ex:d>."))
	if err != nil {
		t.Fatal(err)
	}
	want := []rdfc.Quad{
		{S: iri("ex:s"), P: iri("ex:p"), O: rdfc.Term{Kind: rdfc.Literal, Value: "a\tb😀\"", Language: "en-GB"}, G: blank("g.h")},
		{S: blank("b"), P: iri("ex:p"), O: rdfc.Term{Kind: rdfc.Literal, Value: "1", Datatype: "ex:d"}},
	}
	if diff := cmp.Diff(want, quads); diff != "" {
		t.Errorf("quads (-want +got):\n%s", diff)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{
		"<ex:s> <ex:p> .", "<ex:s> <ex:p> <ex:o>", "<ex:s> <ex:p> <ex:o> . x", "<ex:s> _:p <ex:o> .",
		`"s" <ex:p> <ex:o> .`, "<ex:s> <ex:p> <ex:o> \"g\" .", "<ex:s> <ex:p> <ex:o .", "<ex:s> <ex:p> \"o .",
		`<ex:s> <ex:p> "\x" .`, `<ex:s> <ex:p> "\uD800" .`, `<ex:s> <ex:p> "\u12" .`, `<ex:s> <ex:p> "\U00110000" .`,
		`<ex:\n> <ex:p> "o" .`, "<ex:s> <ex:p> \"o\"@ .", "<ex:s> <ex:p> \"o\"@1 .", "_:-a <ex:p> <ex:o> .",
		"_: <ex:p> <ex:o> .", "<> <ex:p> <ex:o> .", "<ex:\\u0020> <ex:p> <ex:o> .", "\xff", "<ex:s> <ex:p> <ex:o> <ex:g> <ex:x> .",
		`<ex:s> <ex:p> "\u+041" .`, "s p o .",
	} {
		if quads, err := rdfc.Parse([]byte(s)); err == nil {
			t.Errorf("%s: read as %v", s, quads)
		}
	}
	if _, err := rdfc.Parse(make([]byte, rdfc.MaxNQuads+1)); code(err) != reason.LimitCanonicalization {
		t.Errorf("too many bytes: %v", err)
	}
	many := strings.Repeat("<a:> <a:> <a:> .\n", rdfc.MaxQuads+1)
	if _, err := rdfc.Parse([]byte(many)); code(err) != reason.LimitCanonicalization {
		t.Errorf("too many statements: %v", err)
	}
}

func TestEscapes(t *testing.T) {
	got := string(rdfc.AppendQuad(nil, rdfc.Quad{S: blank("s"), P: iri("ex:p"), O: rdfc.Term{
		Kind: rdfc.Literal, Value: "\x00\b\t\n\v\f\r\"\\\x1f\x7fé", Datatype: "http://www.w3.org/2001/XMLSchema#string",
	}, G: iri("ex:g")}))
	want := `_:s <ex:p> "\u0000\b\t\n\u000B\f\r\"\\\u001F\u007Fé" <ex:g> .` + "\n"
	if got != want {
		t.Errorf("written %s, want %s", got, want)
	}
}

// TestInvariant relabels and reorders generated datasets, repeats statements, and expects the same
// canonical form, which is its own.
func TestInvariant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		quads := rapid.SliceOfN(rapid.Custom(quad), 0, 14).Draw(t, "quads")
		first, err := rdfc.Canonicalize(quads, rdfc.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		names := rapid.Permutation([]string{"q", "zz", "c14n1", "c14n0", "b0", "X"}).Draw(t, "names")
		other := make([]rdfc.Quad, 0, len(quads))
		for _, q := range rapid.Permutation(quads).Draw(t, "order") {
			for _, term := range []*rdfc.Term{&q.S, &q.O, &q.G} {
				if term.Kind == rdfc.Blank {
					term.Value = names[term.Value[1]-'0']
				}
			}
			other = append(other, q)
		}
		if len(other) > 0 {
			other = append(other, other[0])
		}
		second, err := rdfc.Canonicalize(other, rdfc.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first.Lines, second.Lines); diff != "" {
			t.Fatalf("after relabelling (-before +after):\n%s", diff)
		}
		for label, c14n := range first.Labels {
			// Nodes that are the same but for their labels may exchange these.
			if _, found := second.Labels[names[label[1]-'0']]; !found || !strings.HasPrefix(c14n, "c14n") {
				t.Fatalf("label %s is %s, and lost after relabelling", label, c14n)
			}
		}
		idempotent(t, first)
	})
}

// idempotent fails t if the canonical form of what c says is not c.
func idempotent(t interface{ Fatal(...any) }, c rdfc.Canonical) {
	quads, err := rdfc.Parse(c.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	again, err := rdfc.Canonicalize(quads, rdfc.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.Lines, again.Lines); diff != "" {
		t.Fatal("canonicalized again (-once +twice):\n" + diff)
	}
}

// quad draws a statement over few terms, so that nodes look alike often.
func quad(t *rapid.T) rdfc.Quad {
	node := rapid.Custom(func(t *rapid.T) rdfc.Term {
		if n := rapid.IntRange(0, 6).Draw(t, "node"); n < 6 {
			return blank(fmt.Sprint("n", n))
		}
		return iri("ex:a")
	})
	q := rdfc.Quad{S: node.Draw(t, "s"), P: iri(rapid.SampledFrom([]string{"ex:p", "ex:q"}).Draw(t, "p")), O: node.Draw(t, "o")}
	if rapid.IntRange(0, 5).Draw(t, "kind") == 0 {
		q.O = rdfc.Term{Kind: rdfc.Literal, Value: rapid.String().Draw(t, "text"), Language: rapid.SampledFrom([]string{"", "en"}).Draw(t, "language")}
	}
	if rapid.IntRange(0, 3).Draw(t, "in graph") == 0 {
		q.G = node.Draw(t, "g")
	}
	return q
}

func FuzzCanonicalize(f *testing.F) {
	f.Add([]byte("_:a <ex:p> _:b .\n_:b <ex:p> _:a <ex:g> .\n"))
	f.Add([]byte(`<ex:s> <ex:p> "\u0000\\é"@en-GB .`))
	f.Add([]byte(`_:a <ex:p> "1"^^<http://www.w3.org/2001/XMLSchema#string> _:a . # comment`))
	f.Fuzz(func(t *testing.T, data []byte) {
		quads, err := rdfc.Parse(data)
		if err != nil {
			return
		}
		canonical, err := rdfc.Canonicalize(quads, rdfc.SHA256)
		if err != nil {
			if code(err) != reason.LimitCanonicalization {
				t.Fatal("what Parse read cannot be canonicalized:", err)
			}
			return
		}
		idempotent(t, canonical)
	})
}

func code(err error) reason.Code {
	if r, ok := errors.AsType[*reason.Error](err); ok {
		return r.Code
	}
	return ""
}
