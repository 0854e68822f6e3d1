// SPDX-License-Identifier: Apache-2.0

package disclose

import (
	"slices"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Secured is a document with a proof of one suite, which was not verified. Only Read makes one.
type Secured struct {
	root  *value
	count int
	proof *value // the proof, an object
	text  string // its proofValue
}

// Read reads doc, a document with one proof of the suite called suite; other proofs are passed
// over. No proof at all is di.proof_missing, none of the suite, more than one or more than
// dataintegrity.MaxProofs in all di.proof_set, and one of another type or without its value
// di.proof_value. What is not strict JSON has a code json.*, json.type if it is no object.
func Read(doc []byte, suite string) (*Secured, error) {
	if err := strictjson.Check(doc); err != nil {
		return nil, err
	}
	root, count, err := parseTree(doc)
	if err != nil {
		return nil, err
	}
	proof, err := findProof(root, suite)
	if err != nil {
		return nil, err
	}
	s := &Secured{root: root, count: count, proof: proof, text: proof.text("proofValue")}
	if s.text == "" || proof.text("type") != dataintegrity.Type {
		return nil, reason.New(reason.DIProofValue, "no value")
	}
	return s, nil
}

// findProof returns the one proof of suite that root has.
func findProof(root *value, suite string) (*value, error) {
	all := root.member("proof")
	if all == nil {
		return nil, reason.New(reason.DIProofMissing, "")
	}
	candidates := []member{{of: all}}
	if all.array {
		candidates = all.members
	}
	if len(candidates) > dataintegrity.MaxProofs {
		return nil, reason.New(reason.DIProofSet, "too many proofs")
	}
	found := slices.DeleteFunc(slices.Clone(candidates), func(m member) bool { return m.of.text("cryptosuite") != suite })
	if len(found) != 1 {
		return nil, reason.New(reason.DIProofSet, "not exactly one proof of the suite")
	}
	return found[0].of, nil
}

// Value returns the proofValue.
func (s *Secured) Value() string { return s.text }

// Open is the function Open of s without its proofs.
func (s *Secured) Open(p jsonld.Profile, secret []byte, label Labeler) (*Document, error) {
	return newDocument(s.root.without("proof"), s.count, p, secret, label)
}

// Attach returns p, a part of what s.Open returned, as JSON, with the proof of s alone, whose
// proofValue is text. text must be one that EncodeValue wrote.
func (s *Secured) Attach(p Part, text string) []byte {
	w := writer{sel: p.sel}
	w.write(p.doc.root, false)
	w.out = w.out[:len(w.out)-1]
	if len(w.out) > 1 {
		w.out = append(w.out, ',')
	}
	w.out = append(w.out, `"proof":`...)
	proof := writer{out: w.out}
	proof.write(s.proof.without("proofValue"), true)
	out := append(proof.out[:len(proof.out)-1], `,"proofValue":"`...)
	return append(append(out, text...), `"}}`...)
}
