// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/reason"
)

// View is what a delegate may see of a decision (§15). Two decisions that a delegate must not
// tell apart have equal views.
type View struct {
	Outcome     Outcome
	Reason      reason.Code // "": no code is shown
	Text        string      // one sentence, plain English
	Obligations []string
	NarrowTo    []string
}

// DelegateView returns what the delegate may see of d. A restriction, a prohibition and a
// resource that is not proxyable have one view; so have a revoked and a suspended delegation.
// The evaluation id, which the delegate is always given, is the caller's to add.
func DelegateView(d Decision) View {
	code := d.Reason.For(reason.Delegate)
	v := View{Outcome: d.Outcome, Reason: code, Text: wording(d, code)}
	if code == d.Reason {
		v.Obligations, v.NarrowTo = d.Obligations, d.NarrowTo
	}
	return v
}

// ReasonsFor returns the reasons of d that audience a may see, in their order: each code as a is
// shown it, those that a may not see left out. A delegate is shown the primary reason alone.
func (d Decision) ReasonsFor(a reason.Audience) []reason.Code {
	all := d.Reasons
	if a == reason.Delegate && len(all) > 1 {
		all = all[:1]
	}
	var shown []reason.Code
	for _, c := range all {
		if c = c.For(a); c != "" && !slices.Contains(shown, c) {
			shown = append(shown, c)
		}
	}
	return shown
}

// wording is the table of §15. Shown is the code that the delegate sees, "" for none.
func wording(d Decision, shown reason.Code) string {
	switch shown {
	case reason.CredentialNotYetValid, reason.CredentialExpired:
		return datesWording(d)
	}
	if text := ownWording(shown); text != "" {
		return text
	}
	return classWording(d.Reason)
}

func ownWording(code reason.Code) string {
	switch code {
	case reason.OK:
		return "This is allowed."
	case reason.ControllerNotProxyable:
		return "This is not available to people acting for someone else."
	case reason.AuthorityResourceNotGranted:
		return "You have not been given access to this."
	case reason.AuthorityActionNotGranted:
		return "You have access to this, but not to do this with it."
	case reason.AuthorityControllerNotGranted:
		return "You have not been given access at this organisation."
	case reason.AuthorityPurposeNotGranted:
		return "You have not been given access for this purpose."
	case reason.AuthorityPrincipalMismatch:
		return "This delegation is for another person."
	case reason.AuthorityDateOutsideWindow:
		return "You have not been given access to records of these dates."
	case reason.AuthorityUsesExhausted:
		return "This delegation has been used as often as it allows."
	case reason.AuthorityRequestTooBroad:
		return "This asks for more than can be given at once. Ask for less."
	}
	return conditionWording(code)
}

func conditionWording(code reason.Code) string {
	switch code {
	case reason.ConditionConfirmationRequired:
		return "Please confirm that you want to do this."
	case reason.ConditionHumanApprovalRequired:
		return "A person must approve this first."
	case reason.ConditionObligationUnsupported:
		return "This service cannot meet a condition of your access."
	case reason.ConditionReviewOverdue:
		return "The review of this delegation is overdue."
	case reason.ConditionStepUpRequired:
		return "Please sign in again with a stronger method."
	}
	return ""
}

// classWording is the wording of codes that a delegate is not shown.
func classWording(code reason.Code) string {
	switch code {
	case reason.ControllerAgentRisk, reason.ControllerUnknown:
		return "This service does not offer this here."
	case reason.StatusRevoked, reason.StatusSuspended:
		return "This delegation cannot be used now."
	case reason.StatusUnavailable, reason.StatusStale,
		reason.TrustRegistryUnavailable, reason.TrustRegistryStale:
		return "This cannot be checked at the moment. Please try again later."
	}
	switch family, _, _ := strings.Cut(string(code), "."); family {
	case "presentation":
		return "Please present your delegation again."
	case "request":
		return "The service asked in a way that cannot be answered."
	}
	return "This delegation is not accepted."
}

// datesWording gives the dates and nothing else.
func datesWording(d Decision) string {
	text := "This delegation has ended"
	if d.Reason == reason.CredentialNotYetValid {
		text = "This delegation is not valid yet"
	}
	if d.NotBefore.IsZero() || d.NotAfter.IsZero() {
		return text + "."
	}
	return text + ": it is valid from " + d.NotBefore.UTC().Format(time.RFC3339) +
		" until " + d.NotAfter.UTC().Format(time.RFC3339) + "."
}
