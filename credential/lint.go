// SPDX-License-Identifier: Apache-2.0

package credential

import (
	"encoding/hex"
	"io"

	"github.com/behalf-id/behalf/reason"
)

// Lint is what an issuer asks before it signs: Check, no constraint that is void
// (credential.unknown_constraint), and no action outside the vocabulary of delegation.md §2.3,
// which readers leave to issuers. Seal itself refuses only what Check refuses.
func Lint(c *Credential) error {
	if err := Check(c); err != nil {
		return err
	}
	for i := range c.Permissions {
		p := &c.Permissions[i]
		if p.Constraint.Void || p.Constraint.voids() {
			return reason.New(reason.CredentialUnknownConstraint, "a constraint is void")
		}
		if !areActions(p.Actions) {
			return invalid("an action is not in the vocabulary")
		}
	}
	for _, p := range c.Prohibitions {
		if !areActions(p.Actions) {
			return invalid("an action is not in the vocabulary")
		}
	}
	return nil
}

func areActions(list []string) bool {
	for _, a := range list {
		switch a {
		case "view", "book", "cancel", "request", "submit", "update", "message", "decide":
		default:
			return false
		}
	}
	return true
}

// NewID returns a fresh name for a credential or permission out of random: a urn:uuid of
// version 4 (RFC 9562 §5.4).
func NewID(random io.Reader) (string, error) {
	var u [16]byte
	if _, err := io.ReadFull(random, u[:]); err != nil {
		return "", reason.Wrap(reason.InternalIndeterminate, "no randomness for an id", err)
	}
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	h := hex.EncodeToString(u[:])
	return "urn:uuid:" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], nil
}
