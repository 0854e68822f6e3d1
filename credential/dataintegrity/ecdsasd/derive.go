// SPDX-License-Identifier: Apache-2.0

package ecdsasd

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/internal/strictjson"
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
	if err := strictjson.Check(base); err != nil {
		return nil, err
	}
	root, count, err := parseTree(base)
	if err != nil {
		return nil, err
	}
	secured, err := findProof(root)
	if err != nil {
		return nil, err
	}
	proof, err := decodeBase(secured.text)
	if err != nil {
		return nil, err
	}
	if len(proof.mandatory)+len(selective) == 0 {
		return nil, reason.New(reason.QueryUnsatisfied, "nothing is to be disclosed")
	}
	doc, err := newDocument(root.without("proof"), count, p, token(proof.hmacKey), hmacLabels(proof.hmacKey))
	if err != nil {
		return nil, err
	}
	return disclose(doc, proof, selective, secured)
}

func disclose(doc *document, proof baseProof, selective []string, secured proofMember) ([]byte, error) {
	mandatory, err := doc.group(proof.mandatory, reason.DIProofValue)
	if err != nil {
		return nil, err
	}
	if len(proof.signatures) != len(doc.lines)-len(mandatory) {
		return nil, reason.New(reason.DIProofValue, "the base proof is not one of this document")
	}
	sel, err := selectAll(doc.root, doc.count, append(proof.mandatory, selective...), reason.QueryUnsatisfied)
	if err != nil {
		return nil, err
	}
	quads, err := doc.quads(sel)
	if err != nil {
		return nil, err
	}
	shown, err := doc.find(quads, reason.QueryUnsatisfied)
	if err != nil {
		return nil, err
	}
	derived := derivedProof{signature: proof.signature, public: proof.public}
	var ok bool
	if derived.signatures, derived.mandatory, ok = keep(proof.signatures, mandatory, shown); !ok {
		return nil, reason.New(reason.QueryUnsatisfied, "a part without the mandatory statements")
	}
	if derived.labels, err = shownLabels(quads, doc.labels); err != nil {
		return nil, err
	}
	text, err := derived.encode()
	if err != nil {
		return nil, err
	}
	w := writer{sel: sel}
	w.write(doc.root, false)
	return secured.attach(w.out, text), nil
}

// keep returns the signatures of the statements shown, and which of these are mandatory. signatures
// are those of the statements that are not mandatory; all indexes ascend. It reports false unless
// every mandatory statement is shown.
func keep(signatures [][]byte, mandatory, shown []int) (kept [][]byte, indexes []int, ok bool) {
	for at, n := range shown {
		before, must := slices.BinarySearch(mandatory, n)
		if must {
			indexes = append(indexes, at)
		} else {
			kept = append(kept, signatures[n-before])
		}
	}
	return kept, indexes, len(indexes) == len(mandatory)
}

// shownLabels returns the label map for a verifier, who knows the canonical labels of what is
// shown alone (VC-DI-ECDSA 1.0 §3.5.4).
func shownLabels(quads []rdfc.Quad, labels map[string]string) (map[int][]byte, error) {
	canonical, err := canonicalLabels(quads)
	if err != nil {
		return nil, err
	}
	out := make(map[int][]byte, len(canonical))
	for label, c14n := range canonical {
		n, ok := canonicalNumber(c14n)
		mac, err := labelMAC(labels[label])
		if err != nil || !ok {
			return nil, reason.Wrap(reason.DIProofValue, "a label", err)
		}
		out[n] = mac
	}
	return out, nil
}

// labelMAC is the inverse of hmacLabel, for labels that hmacLabel made.
func labelMAC(label string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimPrefix(label, "u"))
}
