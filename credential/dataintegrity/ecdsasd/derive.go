// SPDX-License-Identifier: Apache-2.0

package ecdsasd

import (
	"context"

	"github.com/behalf-id/behalf/credential/dataintegrity/internal/disclose"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/reason"
)

// Derive returns the part of base, a document with a base proof, that the mandatory pointers of
// its issuer and selective select, with a derived proof (VC-DI-ECDSA 1.0 §3.5.4, §3.6.6). Other
// proofs of base are left out, as they were made over all of it. What is not selected is in no
// form in the result. A pointer of selective that selects nothing, and no pointers at all, are
// query.unsatisfied; a proof that is no base proof of this suite di.proof_value; and a document
// without exactly one proof of this suite di.proof_missing or di.proof_set.
//
// Derive needs no key: whether the base proof was made by the issuer shows when what it returns is
// verified.
func Derive(ctx context.Context, base []byte, selective []string, p jsonld.Profile) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	secured, err := disclose.Read(base, Name)
	if err != nil {
		return nil, err
	}
	proof, err := decodeBase(secured.Value())
	if err != nil {
		return nil, err
	}
	if len(proof.mandatory)+len(selective) == 0 {
		return nil, reason.New(reason.QueryUnsatisfied, "nothing is to be disclosed")
	}
	doc, err := secured.Open(p, proof.hmacKey, disclose.HMACLabels(proof.hmacKey))
	if err != nil {
		return nil, err
	}
	mandatory, err := doc.Group(proof.mandatory, reason.DIProofValue)
	if err != nil {
		return nil, err
	}
	if len(proof.signatures) != len(doc.Lines())-len(mandatory) {
		return nil, reason.New(reason.DIProofValue, "the base proof is not one of this document")
	}
	part, err := doc.Select(append(proof.mandatory, selective...))
	if err != nil {
		return nil, err
	}
	derived, err := proof.derive(part, mandatory)
	if err != nil {
		return nil, err
	}
	text, err := derived.encode()
	if err != nil {
		return nil, err
	}
	return secured.Attach(part, text), nil
}

// derive returns the proof for part of a document whose mandatory statements are at the indexes
// given.
func (b baseProof) derive(part disclose.Part, mandatory []int) (derivedProof, error) {
	must, chosen, err := part.Split(mandatory)
	if err != nil {
		return derivedProof{}, err
	}
	texts, err := part.Labels()
	if err != nil {
		return derivedProof{}, err
	}
	labels := make(map[int][]byte, len(texts))
	for n, text := range texts {
		if labels[n], err = multiformat.Decode(multiformat.Base64URL, text); err != nil {
			return derivedProof{}, reason.Wrap(reason.DIProofValue, "a label", err)
		}
	}
	return derivedProof{b.signature, b.public, disclose.Pick(b.signatures, chosen), labels, must}, nil
}
