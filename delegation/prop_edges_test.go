// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// The tests below are the smallest cases in which a property of §16 does not hold to the letter,
// because other clauses of the same specification say so. Each is left out of the property by name;
// here it is shown to be what the specification asks for, so that none becomes a way out for more.

// TestP2StepUpStandsBeforeUnsupported: M11 to M13 stand before M15. A link that adds a condition
// turns the refusal of an obligation into a step-up, and the refusal comes back once it is met.
func TestP2StepUpStandsBeforeUnsupported(t *testing.T) {
	f := two()
	f.r.SupportedObligations = []string{"filter:"}
	f.root().Permissions[0].Constraint.Requires = []string{"notify:principal"}
	f.permission().Constraint.Requires = []string{"notify:principal", confirm}
	f.prefix(1).want(t, Deny, reason.ConditionObligationUnsupported)
	f.want(t, StepUp, reason.ConditionConfirmationRequired, confirm)
	f.r.Satisfied = []string{confirm}
	f.want(t, Deny, reason.ConditionObligationUnsupported)
}

// TestP3RepairingAChild: a child that dropped an exclusion of its parent is refused (§6.1), and what
// it lacked is an exclusion.
func TestP3RepairingAChild(t *testing.T) {
	f := two()
	f.root().Permissions[0].Constraint.Exclude = []string{"private"}
	f.want(t, Deny, reason.ChainConstraintRelaxed)
	f.permission().Constraint.Exclude = []string{"private"}
	f.want(t, Permit, reason.OK)
}

// TestP6SecondEntry is E3: the first entry that passes is taken. One that passes no longer makes way
// for the next, which may be broader; registries are to hold one entry per issuer and type.
func TestP6SecondEntry(t *testing.T) {
	f := one()
	broad := *f.accreditation(1)
	f.accreditation(1).Resources = []string{"record"}
	f.w.Framework.Accreditations = append(f.w.Framework.Accreditations, broad)
	f.want(t, Deny, reason.TrustScopeNotAccredited)
	f.accreditation(1).Relationships = []string{}
	f.want(t, Permit, reason.OK)
}

// TestP1RiskThatAsksForLess: a delegate may write a higher risk into a child. Where the controller asks
// for less at the higher class, that helps; policies are to ask for more at a higher risk.
func TestP1RiskThatAsksForLess(t *testing.T) {
	f := two()
	f.class(routine, func(c *trustframework.RiskPolicy) { c.Requires = []string{confirm} })
	f.class(sensitive, func(c *trustframework.RiskPolicy) { c.Requires = nil })
	f.permission().Risk = sensitive
	f.prefix(1).want(t, StepUp, reason.ConditionConfirmationRequired, confirm)
	f.want(t, Permit, reason.OK)
}

// TestP7MalformedPermission is the clause in P7 itself: a malformed permission that is shown rejects
// its credential, and one that is hidden does not.
func TestP7MalformedPermission(t *testing.T) {
	f := one()
	f.root().Permissions = append(f.root().Permissions, credential.Permission{ID: "bad"})
	f.want(t, Deny, reason.CredentialSchemaInvalid)
	f.p.Disclosed = map[string][]string{"link0": {"p1"}}
	f.want(t, Permit, reason.OK)
}
