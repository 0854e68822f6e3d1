// SPDX-License-Identifier: Apache-2.0

// Package jsonld reads JSON-LD 1.1 into RDF with the contexts that are embedded in it.
//
// It is an engine of its own, in safe mode alone: what it takes is in the statements, and what
// would not be is refused. Contexts are compiled once and remembered. No code that fetches is
// linked in.
package jsonld

import (
	"github.com/behalf-id/behalf/internal/rdfc"
)

// Profile says which contexts a document may name.
type Profile uint8

// The profiles. Closed takes the URLs of the embedded contexts alone; Open takes inline contexts
// too. Neither fetches anything.
const (
	Closed Profile = iota
	Open
)

// bytesPerQuad is about how much of a document makes one statement. It is a guess that saves copies.
const bytesPerQuad = 40

// ToRDF returns the dataset of doc by JSON-LD 1.1 API §8.1, with no base IRI. Text with a base
// direction becomes a literal of an i18n datatype (§8.1, rdfDirection). Nothing of doc gets lost on
// the way: what the contexts do not define, and any value that would leave no statement (null, an
// empty array, @index, a reference that nothing refers to), is jsonld.undefined_term; an identifier
// or type that is no absolute IRI is jsonld.relative_iri; a context URL that is not embedded is
// jsonld.context_unknown; a context that is not a URL is jsonld.context_inline_forbidden in the
// Closed profile; a context that breaks JSON-LD's rules, such as one that redefines a protected
// term, is vc.context_invalid, and so are @base and @import; contexts that cost more than
// MaxContextWork, more values than MaxValues and more statements than rdfc.MaxQuads or
// rdfc.MaxNQuads are limit.canonicalization. Maps by index, id or type are refused as their keys
// would get lost. doc must pass strictjson.Check, whose refusals come through.
func ToRDF(doc []byte, p Profile) ([]rdfc.Quad, error) {
	v, err := parse(doc)
	if err != nil {
		return nil, err
	}
	r := reader{session: newSession(), profile: p}
	r.quads = make([]rdfc.Quad, 0, min(len(doc)/bytesPerQuad+1, rdfc.MaxQuads/16))
	r.labels = map[string]string{}
	if err := r.document(v); err != nil {
		return nil, err
	}
	return r.finish()
}

// Canonicalize returns the canonical form of the dataset of doc, with the refusals of ToRDF and of
// rdfc.Canonicalize.
func Canonicalize(doc []byte, p Profile, h rdfc.Hash) (rdfc.Canonical, error) {
	quads, err := ToRDF(doc, p)
	if err != nil {
		return rdfc.Canonical{}, err
	}
	return rdfc.Canonicalize(quads, h)
}
