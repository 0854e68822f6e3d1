// SPDX-License-Identifier: Apache-2.0

package wire

import "github.com/behalf-id/behalf/credential"

// Members is the set of the greater members that a credential has, whatever the format.
type Members uint32

// The members.
const (
	HasID Members = 1 << iota
	HasType
	HasIssuer
	HasFrom
	HasUntil
	HasDelegate
	HasStatus
	HasKind
	HasOperator
	HasPrincipal
	HasDelegation
	HasWorkgroup
	HasSchema
	HasEvidence
	HasContext
	HasSubject

	common = HasID | HasType | HasIssuer | HasFrom | HasUntil | HasDelegate | HasStatus
)

// Fit notes what is missing from, or does not belong to, a credential of c's type that has the
// members have. Beyond those of every format, more are mandatory in this one.
func (r *Reader) Fit(c *credential.Credential, have, more Members) {
	need, may := common|more, Members(0)
	switch c.Type {
	case credential.TypeDelegation:
		need |= HasKind | HasPrincipal | HasDelegation
		may = HasOperator | HasEvidence | HasSchema
	case credential.TypeWorkgroupMembership:
		need |= HasWorkgroup
	}
	if have&need != need || have&^(need|may) != 0 {
		r.Invalid("a member is missing or belongs to another type")
	}
}
