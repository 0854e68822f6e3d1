// SPDX-License-Identifier: Apache-2.0

package ecdsasd

import (
	"crypto/sha256"
	"slices"

	"github.com/behalf-id/behalf/credential/dataintegrity/internal/disclose"
	"github.com/behalf-id/behalf/internal/jsonld"
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
	secured, err := disclose.Read(derived, Name)
	if err != nil {
		return err
	}
	proof, err := decodeDerived(secured.Value())
	if err != nil {
		return err
	}
	label, err := proof.labeler()
	if err != nil {
		return err
	}
	hash := sha256.Sum256(derived)
	doc, err := secured.Open(p, hash[:], label)
	if err != nil {
		return err
	}
	present, err := doc.Present(pointers)
	if err != nil {
		return err
	}
	limiting, err := doc.Group(present, reason.CredentialSchemaInvalid)
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
