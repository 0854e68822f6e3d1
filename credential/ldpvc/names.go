// SPDX-License-Identifier: Apache-2.0

package ldpvc

import (
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/wire"
)

// The beginnings of names that say in RDF something else than they spell. The label of a blank node
// can be exchanged for any other, and what begins with the one prefix that the contexts define can be
// written out: a holder could do either, and no proof would break.
const (
	blankNode = "_:"
	prefix    = "dlg:"
)

// named refuses, for the suites that sign RDF, names that stand for something else.
func (f *Format) named(c *credential.Credential) error {
	if f.canonical {
		return nil
	}
	bad := slices.ContainsFunc(c.Controllers, borrowed) || slices.ContainsFunc([]string{
		c.ID, c.OnBehalfOf.ID, c.GrantedBy, c.Policy, c.Workgroup, c.Refresh,
	}, borrowed)
	for i := range c.Permissions {
		bad = bad || borrowed(c.Permissions[i].ID)
	}
	for i := range c.Evidence {
		bad = bad || borrowed(c.Evidence[i].ID)
	}
	for i := range c.Status {
		bad = bad || borrowed(c.Status[i].List)
	}
	if bad {
		return wire.Invalid("a name that is no IRI of its own")
	}
	return nil
}

func borrowed(name string) bool {
	return strings.HasPrefix(name, blankNode) || strings.HasPrefix(name, prefix)
}
