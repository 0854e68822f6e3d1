// SPDX-License-Identifier: Apache-2.0

package credential

import (
	"io"

	"github.com/behalf-id/behalf/reason"
)

// Lint returns what a reader would refuse in c, whatever the format, and refuses void
// constraints as well, so that nothing unreadable is ever signed. Every Seal calls it.
func Lint(c *Credential) error {
	return reason.New(reason.CredentialSchemaInvalid, "")
}

// NewID returns a fresh credential or permission name out of random: a urn:uuid of version 4 (RFC 9562 §5.4).
func NewID(random io.Reader) (string, error) {
	return "", reason.New(reason.CredentialSchemaInvalid, "")
}
