// SPDX-License-Identifier: Apache-2.0

// Package rdfc is RDF Dataset Canonicalization 1.0 (RDFC-1.0).
package rdfc

import (
	"crypto/sha256"
	"crypto/sha512"
	"errors"

	"github.com/behalf-id/behalf/reason"
)

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
// string stands for xsd:string; Language is its language tag, beside which Datatype is not looked at.
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

// Bounds on what is canonicalized.
const (
	MaxQuads  = 1 << 16 // statements of one dataset, duplicates included
	MaxNQuads = 1 << 24 // bytes that Parse reads, and that the statements of a dataset take

	// MaxWork bounds what a canonicalization does for blank nodes that look alike, in steps: one for
	// each node that an order is tried of, and one for each 64 bytes that are hashed, copied or
	// searched. The costliest of the published test vectors takes a ninth of it, a credential none or
	// some dozens; a poison graph is given up after some ten milliseconds.
	MaxWork = 1 << 17
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

// Canonicalize returns the canonical form of quads, RDFC-1.0 §4.4, with h as its hash function.
// Order and repetition of quads, and the labels of their blank nodes, make no difference to Lines.
// A dataset that would cost more than MaxWork, or has more than MaxQuads statements, is
// limit.canonicalization (§7.1, poison graphs). A term that cannot stand where it stands, or that
// N-Quads cannot write, is an error without a code, as the maker of the quads is at fault.
func Canonicalize(quads []Quad, h Hash) (Canonical, error) {
	c, err := newCanonicalizer(quads, h)
	if err != nil {
		return Canonical{}, err
	}
	if err := c.label(); err != nil {
		return Canonical{}, err
	}
	return c.result(), nil
}

// digest is a hash value, at its front as long as the hash function makes it.
type digest [sha512.Size384]byte

// sum hashes data into d and returns how many bytes of it count.
func (h Hash) sum(d *digest, data []byte) {
	switch h {
	case SHA256:
		s := sha256.Sum256(data)
		copy(d[:], s[:])
	case SHA384:
		*d = sha512.Sum384(data)
	}
}

// size is the length of a hash value in bytes, 0 for no hash function.
func (h Hash) size() int {
	switch h {
	case SHA256:
		return sha256.Size
	case SHA384:
		return sha512.Size384
	default:
		return 0
	}
}

func tooMuch(detail string) error { return reason.New(reason.LimitCanonicalization, detail) }

func errTerm(what string) error { return errors.New("rdfc: " + what) }
