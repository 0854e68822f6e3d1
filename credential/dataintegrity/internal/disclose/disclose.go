// SPDX-License-Identifier: Apache-2.0

// Package disclose is what the suites whose proofs show some statements of a document and hide
// others have in common, ecdsa-sd-2023 and bbs-2023: which statements JSON pointers select, how
// blank nodes are labelled, and what the document that is shown looks like (VC-DI-ECDSA 1.0 §3.4).
//
// It knows no keys and no signatures: nothing it returns was verified.
package disclose

import (
	"slices"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/reason"
)

// Document is a JSON-LD document of which parts can be disclosed, with its statements. Only Open and
// Secured.Open make one; it is safe for concurrent use.
//
// VC-DI-ECDSA 1.0 §3.4.8 gives the nameless nodes names by expanding and compacting the document
// again, which costs time and may change what a pointer leads to. Here the names are written into
// the JSON text itself: into every object that could be a nameless node. Where the object turns
// out to be (part of) a JSON literal, the name is taken out again; where it turns out to be
// anything else, the document is refused.
type Document struct {
	root    *value
	count   int
	profile jsonld.Profile
	marker  string
	labels  map[string]string // label of a blank node, as quads gives it -> label in lines
	lines   []string          // canonical N-Quads, sorted
}

// Open reads doc, which has passed strictjson.Check and has no proof. secret keeps the names of
// nodes apart from everything that the author of doc could have written: it is a key that is made
// after the document, or a hash of all of it. A document with lists, maps or labels of blank
// nodes, of which parts could not be told apart, is credential.schema_invalid, one that is no
// object json.type and one too deep limit.nesting. Other errors are those of jsonld.ToRDF, of
// rdfc.Canonicalize and of label.
func Open(doc []byte, p jsonld.Profile, secret []byte, label Labeler) (*Document, error) {
	root, count, err := parseTree(doc)
	if err != nil {
		return nil, err
	}
	return newDocument(root, count, p, secret, label)
}

// Lines returns the statements of d: canonical N-Quads, sorted, without duplicates, each with its
// line end. They are shared with d and must not be changed.
func (d *Document) Lines() []string { return d.lines }

// Lines returns the statements of doc, as Document.Lines does for one that is only to be verified:
// it may be of any form (VC-DI-ECDSA 1.0 §3.4.2). Errors are those of jsonld.ToRDF, of
// rdfc.Canonicalize and of label.
func Lines(doc []byte, p jsonld.Profile, label Labeler) ([]string, error) {
	quads, err := jsonld.ToRDF(doc, p)
	if err != nil {
		return nil, err
	}
	_, lines, err := labelled(quads, label)
	return lines, err
}

// Group returns the indexes of the lines that pointers select, ascending (VC-DI-ECDSA 1.0
// §3.4.15). Without pointers there are none. missing is the code for a pointer that matches
// nothing, or nothing that is a statement of its own, such as a part of a JSON literal. A pointer
// beyond the bounds is limit.members and a text that is none credential.schema_invalid.
func (d *Document) Group(pointers []string, missing reason.Code) ([]int, error) {
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

// newDocument is Open of a root with count values.
func newDocument(root *value, count int, p jsonld.Profile, secret []byte, label Labeler) (*Document, error) {
	d := &Document{root: root, count: count, profile: p, marker: "urn:bnid:" + token(secret) + ":"}
	quads, err := d.quads(selection{})
	if err != nil {
		return nil, err
	}
	d.labels, d.lines, err = labelled(quads, label)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// labelled returns the label of each blank node in quads, and quads as lines with them.
func labelled(quads []rdfc.Quad, label Labeler) (map[string]string, []string, error) {
	canonical, err := canonicalLabels(quads)
	if err != nil {
		return nil, nil, err
	}
	labels, err := label(canonical)
	if err != nil {
		return nil, nil, err
	}
	lines, err := relabel(quads, labels)
	return labels, lines, err
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

// find returns the indexes of quads, ascending.
func (d *Document) find(quads []rdfc.Quad, missing reason.Code) ([]int, error) {
	lines, err := relabel(quads, d.labels)
	if err != nil {
		return nil, err
	}
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

// quads returns the statements of the selected part, where blank nodes have the numbers of their
// objects as labels.
func (d *Document) quads(sel selection) ([]rdfc.Quad, error) {
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
func (d *Document) term(t *rdfc.Term) bool {
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
// labels. Lines of more than rdfc.MaxNQuads bytes are limit.canonicalization: a long name is in every
// statement about what has it.
func relabel(quads []rdfc.Quad, labels map[string]string) ([]string, error) {
	lines := make([]string, len(quads))
	buf, size := make([]byte, 0, 512), 0
	for i, q := range quads {
		for _, t := range []*rdfc.Term{&q.S, &q.O, &q.G} {
			if t.Kind == rdfc.Blank {
				t.Value = labels[t.Value]
			}
		}
		buf = rdfc.AppendQuad(buf[:0], q)
		if size += len(buf); size > rdfc.MaxNQuads {
			return nil, reason.New(reason.LimitCanonicalization, "too many bytes")
		}
		lines[i] = string(buf)
	}
	slices.Sort(lines)
	return slices.Compact(lines), nil
}

// canonicalNumber reads N of "c14nN" (RDFC-1.0 §4.5).
func canonicalNumber(label string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimPrefix(label, "c14n"))
	return n, err == nil
}
