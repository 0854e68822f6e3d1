// SPDX-License-Identifier: Apache-2.0

package disclose

import (
	"slices"

	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/reason"
)

// Part is the part of a document that pointers select. Only Document.Select makes one.
type Part struct {
	doc   *Document
	sel   selection
	quads []rdfc.Quad
	shown []int // indexes of its statements among the lines of doc, ascending
}

// Select returns the part of d that pointers select, with the context of the document and with id
// and type of every object that is shown (VC-DI-ECDSA 1.0 §3.4.13). A pointer that matches nothing,
// or nothing that is a statement of its own, is query.unsatisfied, one beyond the bounds
// limit.members and a text that is no pointer credential.schema_invalid.
func (d *Document) Select(pointers []string) (Part, error) {
	sel, err := selectAll(d.root, d.count, pointers, reason.QueryUnsatisfied)
	if err != nil {
		return Part{}, err
	}
	quads, err := d.quads(sel)
	if err != nil {
		return Part{}, err
	}
	shown, err := d.find(quads, reason.QueryUnsatisfied)
	return Part{doc: d, sel: sel, quads: quads, shown: shown}, err
}

// Split tells the mandatory statements of p from those that were chosen. mandatory has the indexes
// of the mandatory ones among all lines of the document, ascending. must has their indexes among
// the statements of p, and chosen those of the others among all lines that are not mandatory; both
// ascend. A part without all that is mandatory is query.unsatisfied.
func (p Part) Split(mandatory []int) (must, chosen []int, err error) {
	for at, n := range p.shown {
		before, found := slices.BinarySearch(mandatory, n)
		if found {
			must = append(must, at)
		} else {
			chosen = append(chosen, n-before)
		}
	}
	if len(must) != len(mandatory) {
		return nil, nil, reason.New(reason.QueryUnsatisfied, "a part without the mandatory statements")
	}
	return must, chosen, nil
}

// Labels returns the label of each blank node of p by the N of its canonical label "c14nN" in p
// alone, which is what a verifier knows of it (VC-DI-ECDSA 1.0 §3.5.4, VC-DI-BBS 1.0 §3.3.3). Too
// much work is limit.canonicalization.
func (p Part) Labels() (map[int]string, error) {
	canonical, err := canonicalLabels(p.quads)
	if err != nil {
		return nil, err
	}
	out := make(map[int]string, len(canonical))
	for label, c14n := range canonical {
		n, ok := canonicalNumber(c14n)
		if !ok {
			return nil, reason.New(reason.DIProofValue, "a label")
		}
		out[n] = p.doc.labels[label]
	}
	return out, nil
}

// Pick returns the elements of all at indexes, each of which must be one of all.
func Pick[T any](all []T, indexes []int) []T {
	out := make([]T, len(indexes))
	for i, n := range indexes {
		out[i] = all[n]
	}
	return out
}

// Others returns the numbers from 0 below n that are not in indexes, which ascend and are below n.
func Others(indexes []int, n int) []int {
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
