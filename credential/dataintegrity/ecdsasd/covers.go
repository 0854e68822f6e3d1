// SPDX-License-Identifier: Apache-2.0

package ecdsasd

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// MandatoryCovers returns nil if the issuer made every statement mandatory that pointers select in
// derived, a document whose derived proof was verified. A pointer that matches nothing is passed
// over, a statement that the holder was free to hide is credential.schema_invalid. Errors of form
// have the codes of Suite.Verify.
//
// What it shows is that the issuer follows the rule for the members that are there. What it cannot
// show is that nothing was hidden: a member that the issuer did not make mandatory and that the
// holder left out leaves no trace in a derived proof, by the design of the suite. A verifier
// therefore needs two things beside: a schema that demands the members without which a document
// means more, and an issuer that is trusted to make the optional ones mandatory wherever they are
// present. An array that is not one JSON literal is as many members as it has items.
func MandatoryCovers(derived []byte, pointers []string, p jsonld.Profile) error {
	if err := strictjson.Check(derived); err != nil {
		return err
	}
	root, count, err := parseTree(derived)
	if err != nil {
		return err
	}
	secured, err := findProof(root)
	if err != nil {
		return err
	}
	proof, err := decodeDerived(secured.text)
	if err != nil {
		return err
	}
	whole := true
	doc, err := newDocument(root.without("proof"), count, p, tokenOf(derived), func(canonical map[string]string) (out map[string]string) {
		out, whole = proof.expand(canonical)
		return out
	})
	if err != nil {
		return err
	}
	if !whole {
		return reason.New(reason.DIProofValue, "the labels of the proof are not those of the document")
	}
	present, err := doc.present(pointers)
	if err != nil {
		return err
	}
	limiting, err := doc.group(present, reason.CredentialSchemaInvalid)
	if err != nil {
		return err
	}
	for _, n := range limiting {
		if !slices.Contains(proof.mandatory, n) {
			return reason.New(reason.CredentialSchemaInvalid, "a limiting member is not mandatory")
		}
	}
	return nil
}

// tokenOf is token for one who has no key: no one can write into a document what depends on all
// of it.
func tokenOf(doc []byte) string {
	sum := sha256.Sum256(doc)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// present returns those of pointers that match something.
func (d *document) present(pointers []string) ([]string, error) {
	out := make([]string, 0, len(pointers))
	for _, p := range pointers {
		path, err := parsePointer(p)
		if err != nil {
			return nil, err
		}
		v := d.root
		for _, step := range path {
			if v = v.step(step); v == nil {
				break
			}
		}
		if v != nil {
			out = append(out, p)
		}
	}
	return out, nil
}
