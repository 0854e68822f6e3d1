// SPDX-License-Identifier: Apache-2.0

package ecdsasd

import (
	"slices"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/reason"
)

// document is a JSON-LD document of which parts can be disclosed, with its statements.
//
// VC-DI-ECDSA 1.0 §3.4.8 gives the nameless nodes names by expanding and compacting the document
// again, which costs time and may change what a pointer leads to. Here the names are written into
// the JSON text itself: into every object that could be a nameless node. Where the object turns
// out to be (part of) a JSON literal, the name is taken out again; where it turns out to be
// anything else, the document is refused.
type document struct {
	root    *value
	count   int
	profile jsonld.Profile
	marker  string
	labels  map[string]string // label of a blank node, as marks gives it -> label in lines
	lines   []string          // canonical N-Quads, sorted
}

// labeler returns, for each label of canonical (label -> "c14nN"), the label in the statements.
type labeler func(canonical map[string]string) map[string]string

// openDocument reads doc, which has passed strictjson.Check and has no proof. token keeps the
// names of nodes apart from everything that the author of doc could have written.
func openDocument(doc []byte, p jsonld.Profile, token string, label labeler) (*document, error) {
	root, count, err := parseTree(doc)
	if err != nil {
		return nil, err
	}
	return newDocument(root, count, p, token, label)
}

// newDocument is openDocument of a root with count values.
func newDocument(root *value, count int, p jsonld.Profile, token string, label labeler) (*document, error) {
	d := &document{root: root, count: count, profile: p, marker: "urn:bnid:" + token + ":"}
	quads, err := d.quads(selection{})
	if err != nil {
		return nil, err
	}
	canonical, err := canonicalLabels(quads)
	if err != nil {
		return nil, err
	}
	d.labels = label(canonical)
	d.lines = relabel(quads, d.labels)
	return d, nil
}

// canonicalLabels returns the canonical label of each blank node in quads. It depends on no
// statement but those with blank nodes (RDFC-1.0 §4.4.3), so that the others are left out.
func canonicalLabels(quads []rdfc.Quad) (map[string]string, error) {
	n := 0
	for i := range quads {
		if hasBlank(&quads[i]) {
			n++
		}
	}
	blank := make([]rdfc.Quad, 0, n)
	for i := range quads {
		if hasBlank(&quads[i]) {
			blank = append(blank, quads[i])
		}
	}
	canonical, err := rdfc.Canonicalize(blank, rdfc.SHA256)
	return canonical.Labels, err
}

func hasBlank(q *rdfc.Quad) bool {
	return q.S.Kind == rdfc.Blank || q.O.Kind == rdfc.Blank || q.G.Kind == rdfc.Blank
}

// group returns the indexes of the statements that pointers select, ascending. Without pointers
// there are none. missing is the code for a pointer that matches nothing, or nothing that is a
// statement of its own, such as a part of a JSON literal.
func (d *document) group(pointers []string, missing reason.Code) ([]int, error) {
	if len(pointers) == 0 {
		return nil, nil
	}
	sel, err := selectAll(d.root, d.count, pointers, missing)
	if err != nil {
		return nil, err
	}
	quads, err := d.quads(sel)
	if err != nil {
		return nil, err
	}
	return d.find(quads, missing)
}

// find returns the indexes of quads, ascending.
func (d *document) find(quads []rdfc.Quad, missing reason.Code) ([]int, error) {
	lines := relabel(quads, d.labels)
	out := make([]int, 0, len(lines))
	for _, line := range lines {
		i, ok := slices.BinarySearch(d.lines, line)
		if !ok {
			return nil, reason.New(missing, "a JSON pointer leads into the midst of a statement")
		}
		out = append(out, i)
	}
	return out, nil
}

// pick returns the lines at indexes.
func pick(lines []string, indexes []int) []string {
	out := make([]string, len(indexes))
	for i, n := range indexes {
		out[i] = lines[n]
	}
	return out
}

// quads returns the statements of the selected part, where blank nodes have the numbers of their
// objects as labels.
func (d *document) quads(sel selection) ([]rdfc.Quad, error) {
	w := writer{sel: sel, marker: d.marker, out: make([]byte, 0, 8<<10)}
	w.write(d.root, sel.state(d.root) == wholly)
	quads, err := jsonld.ToRDF(w.out, d.profile)
	if err != nil {
		return nil, err
	}
	for i := range quads {
		q := &quads[i]
		if !d.term(&q.S) || !d.term(&q.O) || !d.term(&q.G) {
			return nil, reason.New(reason.CredentialSchemaInvalid, "a list, a map or a blank node of its own cannot be disclosed in part")
		}
	}
	return quads, nil
}

// term takes a name that was written into the document out of t, and reports whether it stood
// where it should.
func (d *document) term(t *rdfc.Term) bool {
	switch t.Kind {
	case rdfc.Blank:
		return false // not one of ours: no part of the document could be told to hold it
	case rdfc.IRI:
		if label, ours := strings.CutPrefix(t.Value, d.marker); ours {
			*t = rdfc.Term{Kind: rdfc.Blank, Value: label}
		}
	case rdfc.Literal:
		if strings.Contains(t.Value, d.marker) {
			t.Value = unmark(t.Value, d.marker)
			return t.Datatype == jsonLiteral && !strings.Contains(t.Value, d.marker)
		}
	}
	return true
}

// jsonLiteral is the datatype of JSON literals (JSON-LD 1.1 §10.2).
const jsonLiteral = "http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON"

// relabel returns quads as sorted lines without duplicates, each blank node with its label in
// labels.
func relabel(quads []rdfc.Quad, labels map[string]string) []string {
	lines := make([]string, len(quads))
	buf := make([]byte, 0, 512)
	for i, q := range quads {
		for _, t := range []*rdfc.Term{&q.S, &q.O, &q.G} {
			if t.Kind == rdfc.Blank {
				t.Value = labels[t.Value]
			}
		}
		buf = rdfc.AppendQuad(buf[:0], q)
		lines[i] = string(buf)
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// canonicalNumber reads N of "c14nN" (RDFC-1.0 §4.5).
func canonicalNumber(label string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimPrefix(label, "c14n"))
	return n, err == nil
}

// others returns the numbers below n that are not in indexes, which ascend.
func others(indexes []int, n int) []int {
	out := make([]int, 0, n-len(indexes))
	for i := range n {
		if len(indexes) > 0 && indexes[0] == i {
			indexes = indexes[1:]
		} else {
			out = append(out, i)
		}
	}
	return out
}
