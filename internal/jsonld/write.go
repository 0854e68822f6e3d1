// SPDX-License-Identifier: Apache-2.0

package jsonld

import (
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/internal/rdfc"
)

// The IRIs that JSON-LD itself writes.
const (
	rdfNS      = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	xsdNS      = "http://www.w3.org/2001/XMLSchema#"
	rdfType    = rdfNS + "type"
	rdfFirst   = rdfNS + "first"
	rdfRest    = rdfNS + "rest"
	rdfNil     = rdfNS + "nil"
	rdfJSON    = rdfNS + "JSON"
	xsdBoolean = xsdNS + "boolean"
	xsdInteger = xsdNS + "integer"
	xsdDouble  = xsdNS + "double"
	i18nNS     = "https://www.w3.org/ns/i18n#"
)

func iri(s string) rdfc.Term { return rdfc.Term{Kind: rdfc.IRI, Value: s} }

// writer gathers statements.
type writer struct {
	quads  []rdfc.Quad
	labels map[string]string // blank node identifiers of the document
	next   int

	// relative is set when an identifier is not absolute. It is refused at the end, so that a member
	// that is not defined, which explains it more often than not, is named before it.
	relative bool

	size int  // bytes of what is in quads, about
	full bool // a statement beyond rdfc.MaxQuads or rdfc.MaxNQuads was left out
}

// blank returns a blank node that is no other.
func (w *writer) blank() rdfc.Term {
	w.next++
	return rdfc.Term{Kind: rdfc.Blank, Value: "b" + strconv.Itoa(w.next-1)}
}

// resource is the term of an identifier, which must be absolute.
func (w *writer) resource(id string) rdfc.Term {
	if label, ok := strings.CutPrefix(id, "_:"); ok {
		known, found := w.labels[label]
		if !found {
			known = w.blank().Value
			w.labels[label] = known
		}
		return rdfc.Term{Kind: rdfc.Blank, Value: known}
	}
	if !isAbsolute(id) {
		w.relative = true
	}
	return iri(id)
}

// finish returns the statements.
func (w *writer) finish() ([]rdfc.Quad, error) {
	switch {
	case w.full:
		return nil, tooMuch("too many statements")
	case w.relative:
		return nil, notAbsolute("")
	}
	return w.quads, nil
}

func (w *writer) add(s rdfc.Term, p string, o, g rdfc.Term) {
	w.size += len(s.Value) + len(p) + len(o.Value) + len(o.Datatype) + len(g.Value)
	if len(w.quads) == rdfc.MaxQuads || w.size > rdfc.MaxNQuads {
		w.full = true
		return
	}
	w.quads = append(w.quads, rdfc.Quad{S: s, P: iri(p), O: o, G: g})
}
