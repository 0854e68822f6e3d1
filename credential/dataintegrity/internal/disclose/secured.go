// SPDX-License-Identifier: Apache-2.0

package ecdsasd

import (
	"slices"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// proofMember is the one proof of this suite that a document has.
type proofMember struct {
	of   *value // the proof, an object
	text string // its proofValue
}

// findProof returns the proof of this suite that root has. No proof at all is di.proof_missing,
// none of this suite or more than one di.proof_set, and one without its value di.proof_value.
func findProof(root *value) (proofMember, error) {
	all := root.member("proof")
	if all == nil {
		return proofMember{}, reason.New(reason.DIProofMissing, "")
	}
	candidates := []member{{of: all}}
	if all.array {
		candidates = all.members
	}
	if len(candidates) > dataintegrity.MaxProofs {
		return proofMember{}, reason.New(reason.DIProofSet, "too many proofs")
	}
	found := slices.DeleteFunc(slices.Clone(candidates), func(m member) bool { return m.of.text("cryptosuite") != Name })
	if len(found) != 1 {
		return proofMember{}, reason.New(reason.DIProofSet, "not exactly one proof of the suite")
	}
	proof := proofMember{of: found[0].of, text: found[0].of.text("proofValue")}
	if proof.text == "" || proof.of.text("type") != dataintegrity.Type {
		return proofMember{}, reason.New(reason.DIProofValue, "no value")
	}
	return proof, nil
}

// text returns the string that the member called name is, or "".
func (v *value) text(name string) string {
	m := v.member(name)
	if m == nil {
		return ""
	}
	s, err := strictjson.String(m.raw)
	if err != nil {
		return ""
	}
	return s
}

// attach returns doc, an object, with the proof, whose value is text.
func (p proofMember) attach(doc []byte, text string) []byte {
	out := doc[:len(doc)-1]
	if len(out) > 1 {
		out = append(out, ',')
	}
	out = append(out, `"proof":`...)
	w := writer{out: out}
	w.write(p.of.without("proofValue"), true)
	out = append(w.out[:len(w.out)-1], `,"proofValue":"`...)
	return append(append(out, text...), `"}}`...)
}
