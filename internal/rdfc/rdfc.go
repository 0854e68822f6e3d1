// SPDX-License-Identifier: Apache-2.0

// Package rdfc is RDF Dataset Canonicalization 1.0 (RDFC-1.0).
package rdfc

// Kind says what a term is.
type Kind uint8

// The kinds of terms. The zero Kind is the absent term: as the graph of a quad, the default graph.
const (
	Default Kind = iota
	IRI
	Blank
	Literal
)

// Term is an IRI, a blank node, a literal or absent. Value is the IRI, the label of the blank node
// without "_:", or the lexical form. Datatype is the IRI of a literal's datatype, where the empty
// string stands for xsd:string; Language is its language tag, with which Datatype is not looked at.
type Term struct {
	Kind                      Kind
	Value, Datatype, Language string
}

// Quad is a statement, in the graph G. S is an IRI or a blank node, P an IRI, O any of the
// three, and G an IRI, a blank node or absent.
type Quad struct{ S, P, O, G Term }

// Hash is the hash function of a canonicalization. The zero Hash is refused.
type Hash uint8

// The hash functions. SHA256 is the default of RDFC-1.0; SHA384 goes with P-384.
const (
	SHA256 Hash = 1 + iota
	SHA384
)

// Canonical is the canonical form of a dataset.
type Canonical struct {
	Lines  []string          // canonical N-Quads, sorted by code point, each ending in "\n", no duplicates
	Labels map[string]string // label of each blank node of the input -> "c14nN", both without "_:"
}

// Bytes returns the serialized canonical form: the lines one after the other.
func (c Canonical) Bytes() []byte {
	n := 0
	for _, l := range c.Lines {
		n += len(l)
	}
	out := make([]byte, 0, n)
	for _, l := range c.Lines {
		out = append(out, l...)
	}
	return out
}
