// SPDX-License-Identifier: Apache-2.0

// Package jsonld reads JSON-LD 1.1 into RDF with the contexts that are embedded in it.
package jsonld

import (
	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/reason"
)

// Profile says which contexts a document may name.
type Profile uint8

// The profiles. Closed takes the URLs of the embedded contexts alone; Open takes inline contexts
// too. Neither fetches anything.
const (
	Closed Profile = iota
	Open
)

// ToRDF returns the dataset of doc, in safe mode with no base.
func ToRDF(doc []byte, p Profile) ([]rdfc.Quad, error) {
	return nil, reason.New(reason.JSONLDContextUnknown, "")
}

// Canonicalize returns the canonical form of the dataset of doc.
func Canonicalize(doc []byte, p Profile, h rdfc.Hash) (rdfc.Canonical, error) {
	quads, err := ToRDF(doc, p)
	if err != nil {
		return rdfc.Canonical{}, err
	}
	return rdfc.Canonicalize(quads, h)
}

// Context returns a copy of the embedded context document of url, nil if there is none.
func Context(url string) []byte { return nil }

// TermSet is what contexts define.
type TermSet struct{}

// Terms returns what contexts, the value of an @context, define.
func Terms(contexts []byte, p Profile) (TermSet, error) { return TermSet{}, nil }

// Type reports whether s is a term that maps to an IRI, or an absolute IRI.
func (TermSet) Type(s string) bool { return false }
