// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
)

// Selects returns nil if c holds all that s chooses, else query.unsatisfied.
func Selects(s credential.Selection, c *credential.Credential) error {
	ok := true
	for _, id := range s.Permissions {
		ok = ok && slices.ContainsFunc(c.Permissions, func(p credential.Permission) bool { return p.ID == id })
	}
	for _, claim := range s.Claims {
		ok = ok && (claim == credential.ClaimIdentifier && c.OnBehalfOf.Identifier != nil ||
			claim == credential.ClaimAssurance && c.Assurance != nil ||
			claim == credential.ClaimEvidence && len(c.Evidence) > 0)
	}
	if !ok {
		return reason.New(reason.QueryUnsatisfied, "the credential does not hold what is to be shown")
	}
	return nil
}
