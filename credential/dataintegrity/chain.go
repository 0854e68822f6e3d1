// SPDX-License-Identifier: Apache-2.0

package dataintegrity

import (
	"slices"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// chained refuses proofs whose previousProof names none of them, and proofs that stand before
// themselves; also two proofs of one id (VC Data Integrity 1.0 §2.1.2).
func chained(proofs []*proof) error {
	for i, p := range proofs {
		if p.ID != "" && slices.ContainsFunc(proofs[:i], func(q *proof) bool { return q.ID == p.ID }) {
			return reason.New(reason.DIChain, "two proofs have one id")
		}
		if len(previous(proofs, p.Previous)) != len(p.Previous) {
			return reason.New(reason.DIChain, "a previous proof is absent")
		}
	}
	// In a chain without a cycle, the proofs behind one are each nearer to a beginning: after as
	// many rounds as there are proofs, none is left.
	left := proofs
	for range proofs {
		left = behind(left)
	}
	if len(left) > 0 {
		return reason.New(reason.DIChain, "a proof stands before itself")
	}
	return nil
}

// behind returns those of proofs that are made over another of them.
func behind(proofs []*proof) (out []*proof) {
	for _, p := range proofs {
		if len(previous(proofs, p.Previous)) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// previous returns the proofs that have the ids, in the order of the ids.
func previous(proofs []*proof, ids []string) (found []strictjson.Value) {
	for _, id := range ids {
		for _, p := range proofs {
			if p.ID == id {
				found = append(found, p.raw)
			}
		}
	}
	return found
}
