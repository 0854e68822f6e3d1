// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// TestSilentStop shows that a delegate cannot tell a restriction from what nobody may have.
func TestSilentStop(t *testing.T) {
	stopped, closed, prohibited := one(), one(), one()
	stopped.w.Restrictions = []Restriction{{Principal: "alice", Delegate: "bob", Kind: "safeguarding"}}
	closed.policy(func(p *trustframework.ControllerPolicy) { p.Proxyable = nil })
	prohibit(prohibited.root(), "appointments", "book")
	want := DelegateView(closed.want(t, Deny, reason.ControllerNotProxyable))
	for _, d := range []Decision{
		stopped.want(t, Deny, reason.ControllerRestriction),
		prohibited.want(t, Deny, reason.AuthorityProhibited),
	} {
		if diff := cmp.Diff(want, DelegateView(d)); diff != "" {
			t.Errorf("%s shows: %s", d.Reason, diff)
		}
		if got := d.ReasonsFor(reason.Delegate); !slices.Equal(got, []reason.Code{reason.ControllerNotProxyable}) {
			t.Errorf("%s is shown as %v", d.Reason, got)
		}
	}
}

func TestDelegateView(t *testing.T) {
	view := func(code reason.Code) View { return DelegateView(Decision{Reason: code, Obligations: []string{"x"}}) }
	if view(reason.StatusRevoked).Text != view(reason.StatusSuspended).Text {
		t.Error("revoked and suspended read differently")
	}
	hidden := view(reason.AuthorityCategoryExcluded)
	if hidden.Text != view(reason.AuthorityResourceNotGranted).Text || hidden.Obligations != nil {
		t.Errorf("an excluded category shows: %+v", hidden)
	}
	for _, c := range []struct {
		code reason.Code
		text string
	}{
		{reason.StatusStale, "try again later"}, {reason.StatusUnavailable, "try again later"},
		{reason.TrustRegistryStale, "try again later"}, {reason.TrustRegistryUnavailable, "try again later"},
		{reason.ControllerAgentRisk, "does not offer this here"}, {reason.ControllerUnknown, "does not offer this here"},
		{reason.ChainCycle, "is not accepted"}, {reason.TrustPathBroken, "is not accepted"}, {reason.CredentialTypeUnknown, "is not accepted"},
		{reason.InternalIndeterminate, "is not accepted"}, {"", "is not accepted"},
		{reason.PresentationStale, "present your delegation again"}, {reason.RequestMalformed, "cannot be answered"},
		{reason.ControllerNotProxyable, "not available to people acting for someone else"},
	} {
		if v := view(c.code); !strings.Contains(v.Text, c.text) {
			t.Errorf("%s reads %q", c.code, v.Text)
		}
	}
	for _, e := range reason.All() {
		v := view(e.Code)
		if e.Decision && (v.Text == "" || v.Reason != "" && v.Reason != e.Code && v.Reason != e.ShownAs) {
			t.Errorf("%s shows %+v", e.Code, v)
		}
		own := ownWording(e.Code) != "" || strings.HasPrefix(string(e.Code), "credential.") || strings.HasPrefix(string(e.Code), "presentation.")
		if e.Decision && e.Visible&reason.Delegate != 0 && !own {
			t.Errorf("%s may be seen and has no wording of its own", e.Code)
		}
	}
}

func TestDelegateSeesTheDates(t *testing.T) {
	f := one()
	f.w.Now = f.root().ValidUntil
	v := DelegateView(f.decide())
	if !strings.Contains(v.Text, "from 2026-06-01T00:00:00Z until 2027-06-01T00:00:00Z") || !strings.Contains(v.Text, "ended") {
		t.Errorf("%q", v.Text)
	}
	f.w.Now = f.root().ValidFrom.Add(-1)
	if v := DelegateView(f.decide()); !strings.Contains(v.Text, "not valid yet") || v.Reason != reason.CredentialNotYetValid {
		t.Errorf("%+v", v)
	}
	for _, d := range []Decision{{}, {NotBefore: f.w.Now}, {NotAfter: f.w.Now}} { // a date that is not known is not made up
		for code, want := range map[reason.Code]string{
			reason.CredentialExpired: "This delegation has ended.", reason.CredentialNotYetValid: "This delegation is not valid yet.",
		} {
			d.Reason = code
			if v := DelegateView(d); v.Text != want {
				t.Errorf("%s: %q", code, v.Text)
			}
		}
	}
}

func TestViewKeepsWhatHelps(t *testing.T) {
	f := one()
	f.r.Resource, f.r.Action = "record", "view"
	if v := DelegateView(f.decide()); !slices.Equal(v.NarrowTo, []string{"record/tests"}) || v.Reason != reason.AuthorityRequestTooBroad {
		t.Errorf("%+v", v)
	}
	f = one()
	f.permission().Constraint.Requires = []string{"confirm"}
	if v := DelegateView(f.decide()); !slices.Equal(v.Obligations, []string{"confirm"}) || v.Outcome != StepUp {
		t.Errorf("%+v", v)
	}
}

func TestReasonsFor(t *testing.T) {
	d := Decision{Reasons: []reason.Code{reason.ControllerRestriction, reason.ControllerNotProxyable, reason.ChainCycle, reason.ControllerUnknown}}
	for _, c := range []struct {
		a    reason.Audience
		want []reason.Code
	}{
		{reason.Operator, d.Reasons},
		{reason.Service, []reason.Code{reason.ControllerNotProxyable, reason.ChainCycle, reason.ControllerUnknown}},
		{reason.Delegate, []reason.Code{reason.ControllerNotProxyable}},
	} {
		if diff := cmp.Diff(c.want, d.ReasonsFor(c.a)); diff != "" {
			t.Errorf("%d: %s", c.a, diff)
		}
	}
}
