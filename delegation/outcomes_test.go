// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

func TestZeroValuesDeny(t *testing.T) {
	good := one()
	for name, d := range map[string]Decision{
		"all":          Decide(World{}, Presentation{}, Request{}),
		"world":        Decide(World{}, good.p, good.r),
		"presentation": Decide(good.w, Presentation{}, good.r),
		"request":      Decide(good.w, good.p, Request{}),
		"framework":    Decide(World{Now: good.w.Now, Framework: &trustframework.Framework{}, Status: good.w.Status}, good.p, good.r),
		"link":         Decide(good.w, Presentation{Presenter: "bob", Proof: good.p.Proof, Chain: []Link{{}}}, good.r),
		"credential":   Decide(good.w, Presentation{Presenter: "bob", Proof: good.p.Proof, Chain: []Link{{Signature: Passed, Credential: &credential.Credential{Type: credential.TypeDelegation}}}}, good.r),
		"decision":     {},
	} {
		if d.Outcome != Deny || d.Reason == reason.OK {
			t.Errorf("zero %s: %v %s", name, d.Outcome, d.Reason)
		}
	}
	if Check(0) == Passed || Parentage(0) != NotNamed || Outcome(0) != Deny {
		t.Error("a zero value is not the safe one")
	}
}

// outcomeCase is a case on the permitted side of a boundary, or next to it.
type outcomeCase struct {
	name        string
	of          func() *fixture
	do          func(f *fixture)
	outcome     Outcome
	code        reason.Code
	obligations []string
}

// TestOutcomes holds the boundaries on the permitted side: each would be refused, or carry
// something else, if a comparison were off by one.
func TestOutcomes(t *testing.T) {
	runOutcomes(t, trustedOutcomes(), authorityOutcomes(), filterOutcomes(), conditionOutcomes())
}

func runOutcomes(t *testing.T, lists ...[]outcomeCase) {
	t.Helper()
	for _, list := range lists {
		for _, c := range list {
			t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
				f := c.of()
				c.do(f)
				f.want(t, c.outcome, c.code, c.obligations...)
			})
		}
	}
}

func trustedOutcomes() []outcomeCase {
	type rel = trustframework.Relationship
	return []outcomeCase{
		{"as it is", one, func(*fixture) {}, Permit, reason.OK, nil},
		{"passed on", two, func(*fixture) {}, Permit, reason.OK, nil},
		{"as long as the limit", func() *fixture { return chainOf(5) }, func(*fixture) {}, Permit, reason.OK, nil},
		{"self-issued", selfIssuedRoot, func(*fixture) {}, Permit, reason.OK, nil},
		{"self-issued beyond any accreditation", selfIssuedRoot, func(f *fixture) {
			f.permission().Risk = "high"
		}, Permit, reason.OK, nil},
		{"workgroup", team, func(*fixture) {}, Permit, reason.OK, nil},
		{"mediated", mediated, func(*fixture) {}, Permit, reason.OK, nil},
		{"mediator's limits do not bind the link above", mediated, func(f *fixture) { ownMediator(f).Resources = []string{"appointments"} }, Permit, reason.OK, nil},
		{"first instant", one, func(f *fixture) { f.w.Now = f.root().ValidFrom; f.w.Framework.AsOf = f.w.Now }, Permit, reason.OK, nil},
		{"last instant", one, func(f *fixture) { f.w.Now = f.root().ValidUntil.Add(-1); f.w.Framework.AsOf = f.w.Now }, Permit, reason.OK, nil},
		{"another offset is the same instant", one, func(f *fixture) {
			f.root().ValidFrom = at("2026-11-22T11:00:00+01:00")
		}, Permit, reason.OK, nil},
		{"registry at its age", one, func(f *fixture) { f.w.Framework.AsOf = f.w.Now.Add(-time.Hour) }, Permit, reason.OK, nil},
		{"validity of exactly the days", one, func(f *fixture) { f.relationship(func(r *rel) { r.MaxValidityDays = 365 }) }, Permit, reason.OK, nil},
		{"no limit of days", one, func(f *fixture) { f.relationship(func(r *rel) { r.MaxValidityDays = 0 }) }, Permit, reason.OK, nil},
		{"days without end", one, func(f *fixture) { f.relationship(func(r *rel) { r.MaxValidityDays = 1 << 20 }) }, Permit, reason.OK, nil},
		{"transition at the end", one, func(f *fixture) {
			f.relationship(func(r *rel) { r.TransitionRequired = true })
			f.root().TransitionAt = f.root().ValidUntil
		}, Permit, reason.OK, nil},
		{"kinds any", one, func(f *fixture) { f.relationship(func(r *rel) { r.DelegateKinds = []string{} }) }, Permit, reason.OK, nil},
		{"no jurisdiction asked", one, func(f *fixture) { f.r.Jurisdiction = "" }, Permit, reason.OK, nil},
		{"retired after issue", one, func(f *fixture) {
			a := f.accreditation(1)
			a.Status, a.RetiredAt, a.Until = trustframework.Retired, f.root().ValidFrom.Add(1), time.Time{}
		}, Permit, reason.OK, nil},
		{"accreditor retired after it accredited", one, func(f *fixture) {
			a := f.accreditation(0)
			a.Status, a.RetiredAt = trustframework.Retired, f.accreditation(1).From.Add(1)
		}, Permit, reason.OK, nil},
		{"the second entry passes", one, func(f *fixture) {
			first := *f.accreditation(1)
			first.Status = trustframework.Revoked
			f.w.Framework.Accreditations = slices.Insert(f.w.Framework.Accreditations, 0, first)
		}, Permit, reason.OK, nil},
		{"the second way up works", one, func(f *fixture) {
			first := *f.accreditation(0)
			first.Status = trustframework.Revoked
			f.w.Framework.Accreditations = slices.Insert(f.w.Framework.Accreditations, 0, first)
		}, Permit, reason.OK, nil},
		{"path of the limit", one, func(f *fixture) { f.w.Framework.Limits.MaxAccreditationPath = 2 }, Permit, reason.OK, nil},
		{"restriction of another", one, func(f *fixture) {
			f.w.Restrictions = []Restriction{{Principal: "dave"}, {Principal: "alice", Delegate: "eve"}, {Principal: "alice", Resource: "record"}, {Principal: "alice", Resource: "*"}}
		}, Permit, reason.OK, nil},
	}
}

func authorityOutcomes() []outcomeCase {
	type rel = trustframework.Relationship
	type policy = trustframework.ControllerPolicy
	return []outcomeCase{
		{"prohibition of another", one, func(f *fixture) {
			prohibit(f.root(), "record", "book")
			prohibit(f.root(), "appointments", "view")
		}, Permit, reason.OK, nil},
		{"what is not proxyable lies elsewhere", one, func(f *fixture) {
			f.policy(func(p *policy) { p.NotProxyable = []string{"appointments-archive"} })
		}, Permit, reason.OK, nil},
		{"unrelated controller's class", one, func(f *fixture) {
			f.policy(func(p *policy) { p.Risk["*"], p.Risk["appointments-archive"] = "high", "high" })
		}, Permit, reason.OK, nil},
		{"hidden is as if it were not there", one, func(f *fixture) {
			f.root().Permissions[1].ID = "p1"
			f.root().Permissions = append(f.root().Permissions, credential.Permission{ID: "p1"})
			f.root().Permissions[0].ID = "shown"
			f.p.Disclosed = map[string][]string{"link0": {"shown", "unheard-of"}}
		}, Permit, reason.OK, nil},
		{"void elsewhere", one, func(f *fixture) { f.root().Permissions[1].Constraint.Void = true }, Permit, reason.OK, nil},
		{"a bad permission beside the good one", two, func(f *fixture) {
			f.leafCredential().Permissions[1].Resource = "record"
		}, Permit, reason.OK, nil},
		{"last use but one", one, func(f *fixture) { f.permission().Constraint.MaxUses, f.r.UsesSoFar = 2, 1 }, Permit, reason.OK, nil},
		{"age at the bound", one, func(f *fixture) { f.w.Status["link0"] = Status{"valid", 24 * time.Hour} }, Permit, reason.OK, nil},
		{"freshest of two memberships", team, func(f *fixture) {
			f.support(credential.TypeWorkgroupMembership, "bob", "ward7")
			f.w.Status["support0"] = Status{"valid", 48 * time.Hour}
		}, Permit, reason.OK, nil},
		{"level reached", one, func(f *fixture) { f.permission().Constraint.MinAssurance, f.r.Assurance = "substantial", "substantial" }, Permit, reason.OK, nil},
		{"satisfied", one, func(f *fixture) {
			f.permission().Constraint.Requires = []string{"confirm", "human-approval", "step-up:high"}
			f.r.Satisfied = []string{"human-approval", "confirm"}
		}, Permit, reason.OK, nil},
		{"obligations cannot be satisfied away", one, func(f *fixture) {
			f.permission().Constraint.Requires = []string{"audit:b", "audit:a", "audit:b"}
			f.r.Satisfied = []string{"audit:a", "audit:b"}
		}, PermitWithObligations, reason.OK, []string{"audit:a", "audit:b"}},
		{"malformed requirements of a policy do nothing (E2)", one, func(f *fixture) {
			f.class("routine", func(c *trustframework.RiskPolicy) { c.Requires = []string{"confirmed", "step-up:top"} })
		}, Permit, reason.OK, nil},
		{"all who require", two, func(f *fixture) {
			f.leafCredential().Delegate.Kind = "agent"
			f.relationship(func(r *rel) { r.MandatoryRequires = []string{"alert:privacy-officer"} })
			f.class("routine", func(c *trustframework.RiskPolicy) { c.Requires = []string{"notify:controller"} })
			f.root().Permissions[0].Constraint.Requires = []string{"warn:x"}
			f.permission().Constraint.Requires = []string{"warn:x", "warn:y"}
		}, PermitWithObligations, reason.OK, []string{"alert:privacy-officer", "audit:enhanced", "notify:controller", "warn:x", "warn:y"}},
	}
}

func filterOutcomes() []outcomeCase {
	type policy = trustframework.ControllerPolicy
	return []outcomeCase{
		{"filters of an unknown collection", one, func(f *fixture) {
			f.r.Categories = nil
			k := &f.permission().Constraint
			k.DateFrom, k.DateTo, k.Exclude, k.Include = "2024-01-01", "2025-01-01", []string{"x"}, []string{"a", "b"}
		}, PermitWithObligations, reason.OK, []string{
			"filter:dateFrom:2024-01-01", "filter:dateTo:2025-01-01", "filter:exclude:x", "filter:include:a", "filter:include:b",
		}},
		{"filters of a window that sticks out", one, func(f *fixture) {
			k := &f.permission().Constraint
			k.DateFrom, k.DateTo = "2024-01-01", "2025-01-01"
			f.r.Window = &Window{"2023-01-01", "2025-01-02"}
		}, PermitWithObligations, reason.OK, []string{"filter:dateFrom:2024-01-01", "filter:dateTo:2025-01-01"}},
		{"no filter for a window that fits", one, func(f *fixture) {
			k := &f.permission().Constraint
			k.DateFrom, k.DateTo = "2024-01-01", "2025-01-01"
			f.r.Window = &Window{"2024-01-01", "2025-01-01"}
		}, Permit, reason.OK, nil},
		{"window that touches", one, func(f *fixture) {
			k := &f.permission().Constraint
			k.DateFrom, k.DateTo = "2024-01-01", "2025-01-01"
			f.r.Window = &Window{"2023-01-01", "2024-01-01"}
		}, PermitWithObligations, reason.OK, []string{"filter:dateFrom:2024-01-01"}},
		{"window of one day", one, func(f *fixture) { f.r.Window = &Window{"2024-01-01", "2024-01-01"} }, Permit, reason.OK, nil},
		{"dates of one day", one, func(f *fixture) {
			f.permission().Constraint.DateFrom, f.permission().Constraint.DateTo = "2024-01-01", "2024-01-01"
			f.r.Window = &Window{"2024-01-01", "2024-01-01"}
		}, Permit, reason.OK, nil},
		{"of several parents the one of least risk", two, func(f *fixture) {
			second := f.root().Permissions[0]
			second.ID, second.Risk = "p3", "high"
			f.root().Permissions = append([]credential.Permission{second}, f.root().Permissions...)
		}, Permit, reason.OK, nil},
		{"empty window is none", one, func(f *fixture) { f.r.Window = &Window{} }, Permit, reason.OK, nil},
		{"given categories need no filter", one, func(f *fixture) {
			f.permission().Constraint.Exclude, f.permission().Constraint.Include = []string{"x"}, []string{"a", "b"}
			f.r.Categories = []string{"a"}
		}, Permit, reason.OK, nil},
		{"review due", one, func(f *fixture) { f.root().ReviewBy = f.w.Now.Add(-1) }, PermitWithObligations, reason.OK, []string{"notify:review-due"}},
		{"review due of a link above", two, func(f *fixture) { f.root().ReviewBy = f.w.Now.Add(-1) }, PermitWithObligations, reason.OK, []string{"notify:review-due"}},
		{"review due now", one, func(f *fixture) { f.root().ReviewBy = f.w.Now }, Permit, reason.OK, nil},
		{"review due above routine", one, func(f *fixture) { f.permission().Risk, f.root().ReviewBy = "sensitive", f.w.Now.Add(-1) }, RequestPermission, reason.ConditionReviewOverdue, nil},
		{"review due with an agent", one, func(f *fixture) {
			f.permission().Risk, f.root().ReviewBy, f.root().Delegate.Kind = "sensitive", f.w.Now.Add(-1), "agent"
			f.policy(func(p *policy) { p.Agent.MaxRisk = "high" })
		}, Deny, reason.ConditionReviewOverdue, nil},
		{"journey", one, func(f *fixture) { f.r.Resource = "record/notes" }, RequestPermission, reason.AuthorityResourceNotGranted, nil},
		{"journey for an action", one, func(f *fixture) { f.r.Resource = "record/tests" }, RequestPermission, reason.AuthorityActionNotGranted, nil},
		{"no journey", one, func(f *fixture) { f.r.Action = "cancel" }, Deny, reason.AuthorityActionNotGranted, nil},
		{"no journey for an agent", one, func(f *fixture) { f.r.Resource, f.root().Delegate.Kind = "record/notes", "agent" }, Deny, reason.AuthorityResourceNotGranted, nil},
		{"journey below an agent", two, func(f *fixture) { f.r.Resource, f.root().Delegate.Kind = "record/notes", "agent" }, RequestPermission, reason.AuthorityResourceNotGranted, nil},
	}
}

func conditionOutcomes() []outcomeCase {
	type policy = trustframework.ControllerPolicy
	return []outcomeCase{
		{"agent's own ceiling", one, func(f *fixture) {
			f.root().Delegate.Kind, f.permission().Risk = "agent", "sensitive"
			f.policy(func(p *policy) { p.Agent.MaxRisk = "sensitive" })
		}, PermitWithObligations, reason.OK, []string{"audit:enhanced"}},
		{"step-up stands alone", one, func(f *fixture) {
			f.permission().Constraint.Requires = []string{"audit:x", "step-up:substantial"}
			f.root().ReviewBy, f.r.Assurance = f.w.Now.Add(-1), "low"
		}, StepUp, reason.ConditionStepUpRequired, []string{"step-up:substantial"}},
		{"highest level is asked", one, func(f *fixture) {
			f.permission().Constraint.Requires = []string{"step-up:substantial"}
			f.class("routine", func(c *trustframework.RiskPolicy) { c.MinAssurance = "high" })
			f.r.Assurance = "low"
		}, StepUp, reason.ConditionStepUpRequired, []string{"step-up:high"}},
		{"approval stands alone", one, func(f *fixture) { f.permission().Constraint.Requires = []string{"human-approval", "audit:x"} }, StepUp, reason.ConditionHumanApprovalRequired, []string{"human-approval"}},
		{"confirmation stands alone", one, func(f *fixture) { f.permission().Constraint.Requires = []string{"confirm", "audit:x"} }, StepUp, reason.ConditionConfirmationRequired, []string{"confirm"}},
		{"controller raises the risk", one, func(f *fixture) {
			f.policy(func(p *policy) { p.Risk = map[string]string{"appointments": "sensitive", "record": "high"} })
		}, PermitWithObligations, reason.OK, []string{"audit:enhanced"}},
		{"controller's class below the request", one, func(f *fixture) {
			f.policy(func(p *policy) { p.Risk = map[string]string{"appointments/mental-health": "sensitive"} })
		}, PermitWithObligations, reason.OK, []string{"audit:enhanced"}},
		{"controller cannot lower the risk", one, func(f *fixture) {
			f.permission().Risk = "sensitive"
			f.policy(func(p *policy) { p.Risk = map[string]string{"appointments": "routine"} })
		}, PermitWithObligations, reason.OK, []string{"audit:enhanced"}},
	}
}

// grant adds to f's root a copy of its first permission.
func grant(f *fixture, id string, change func(p *credential.Permission)) {
	p := clone(f.root()).Permissions[0]
	p.ID = id
	change(&p)
	f.root().Permissions = append(f.root().Permissions, p)
}

func require(q ...string) func(p *credential.Permission) {
	return func(p *credential.Permission) { p.Constraint.Requires = q }
}

func TestChoice(t *testing.T) {
	t.Run("highest outcome", func(t *testing.T) {
		f := one()
		f.permission().Constraint.Requires = []string{"confirm"}
		grant(f, "a", require("audit:x", "audit:y"))
		grant(f, "b", func(p *credential.Permission) { p.Constraint.Void = true })
		if d := f.want(t, PermitWithObligations, reason.OK, "audit:x", "audit:y"); d.Permission != "a" {
			t.Errorf("permission %q", d.Permission)
		}
	})
	t.Run("a dropped one never surfaces beside a permit", func(t *testing.T) {
		f := one()
		grant(f, "b", func(p *credential.Permission) { p.Constraint.Void = true })
		f.want(t, Permit, reason.OK)
	})
	t.Run("fewest obligations", func(t *testing.T) {
		f := one()
		f.permission().Constraint.Requires = []string{"audit:a", "audit:b"}
		grant(f, "a", require("notify:z"))
		f.want(t, PermitWithObligations, reason.OK, "notify:z")
	})
	t.Run("smallest list", func(t *testing.T) {
		f := one()
		f.permission().Constraint.Requires = []string{"audit:b", "warn:a"}
		grant(f, "a", require("audit:a", "warn:z"))
		grant(f, "z", require("audit:a", "warn:zz"))
		f.want(t, PermitWithObligations, reason.OK, "audit:a", "warn:z")
	})
}

func TestChoiceAmongEquals(t *testing.T) {
	t.Run("greatest id", func(t *testing.T) {
		f := one()
		grant(f, "z", func(*credential.Permission) {})
		grant(f, "q", func(*credential.Permission) {})
		if d := f.want(t, Permit, reason.OK); d.Permission != "z" || d.Link != "link0" {
			t.Errorf("permission %q of %q", d.Permission, d.Link)
		}
	})
	t.Run("greatest id names the denial (E6)", func(t *testing.T) {
		f := one()
		f.r.UsesSoFar = 9
		f.permission().Constraint.MaxUses = 1
		grant(f, "a", func(p *credential.Permission) { p.Constraint.Include = []string{"x"} })
		d := f.want(t, Deny, reason.AuthorityUsesExhausted)
		want := []reason.Code{reason.AuthorityUsesExhausted, reason.AuthorityCategoryExcluded}
		if !slices.Equal(d.Reasons, want) || d.Permission != "p1" {
			t.Errorf("reasons %v of %q", d.Reasons, d.Permission)
		}
	})
	t.Run("dropped before denied", func(t *testing.T) {
		f := one()
		f.r.UsesSoFar = 9
		f.permission().Constraint.MaxUses = 1
		grant(f, "a", func(p *credential.Permission) { p.Constraint.Void = true })
		d := f.want(t, Deny, reason.CredentialUnknownConstraint)
		if d.Permission != "a" || d.Link != "link0" {
			t.Errorf("permission %q of %q", d.Permission, d.Link)
		}
	})
	t.Run("dropped for another action says nothing", func(t *testing.T) {
		f := one()
		f.r.Action = "cancel"
		f.permission().Constraint.Void = true
		f.want(t, Deny, reason.AuthorityResourceNotGranted)
	})
	t.Run("dropped in the link above", func(t *testing.T) {
		f := two()
		f.root().Permissions[0].Constraint.Void = true
		if d := f.want(t, Deny, reason.CredentialUnknownConstraint); d.Link != "link0" {
			t.Errorf("link %q", d.Link)
		}
	})
}

func TestNarrowTo(t *testing.T) {
	broad := func() *fixture {
		f := one()
		f.r.Resource, f.r.Action = "record", "view"
		for _, r := range []string{"record/letters", "record/tests", "record/safeguarding/x", "appointments"} {
			p := f.root().Permissions[1]
			p.ID, p.Resource = r, r
			f.root().Permissions = append(f.root().Permissions, p)
		}
		return f
	}
	for name, c := range map[string]struct {
		do   func(f *fixture)
		code reason.Code
		want []string
	}{
		"clear of what is not proxyable": {func(*fixture) {}, reason.AuthorityRequestTooBroad, []string{"record/letters", "record/tests"}},
		"all": {func(f *fixture) {
			f.policy(func(p *trustframework.ControllerPolicy) { p.NotProxyable = nil })
		}, reason.AuthorityRequestTooBroad, []string{"record/letters", "record/safeguarding/x", "record/tests"}},
		"even with a permission for the whole": {func(f *fixture) {
			f.root().Permissions[1].Resource = "record"
		}, reason.AuthorityRequestTooBroad, []string{"record/letters", "record/tests"}},
		"nothing with the action": {func(f *fixture) { f.r.Action = "book" }, reason.ControllerNotProxyable, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := broad()
			c.do(f)
			if d := f.want(t, Deny, c.code); !slices.Equal(d.NarrowTo, c.want) {
				t.Errorf("narrowTo %q, want %q", d.NarrowTo, c.want)
			}
		})
	}
}

// TestExpires moves one limit at a time before all others.
func TestExpires(t *testing.T) {
	now := one().w.Now
	soon := now.Add(time.Minute)
	for name, c := range map[string]struct {
		of func() *fixture
		do func(f *fixture)
	}{
		"root":          {two, func(f *fixture) { f.root().ValidUntil, f.leafCredential().ValidUntil = soon.Add(1), soon }},
		"framework":     {one, func(f *fixture) { f.w.Framework.AsOf = soon.Add(-time.Hour) }},
		"accreditation": {one, func(f *fixture) { f.accreditation(1).Until = soon }},
		"accreditor":    {one, func(f *fixture) { f.accreditation(0).Until = soon }},
		"mediator":      {mediated, func(f *fixture) { ownMediator(f).Until = soon }},
		"review":        {one, func(f *fixture) { f.root().ReviewBy = soon }},
		"status":        {one, func(f *fixture) { f.w.Status["link0"] = Status{"valid", 24*time.Hour - time.Minute} }},
		"status below":  {two, func(f *fixture) { f.w.Status["link1"] = Status{"valid", 24*time.Hour - time.Minute} }},
		"membership":    {team, func(f *fixture) { f.p.Supporting[0].Credential.ValidUntil = soon }},
		"its status":    {team, func(f *fixture) { f.w.Status["support0"] = Status{"valid", 24*time.Hour - time.Minute} }},
		"binding":       {selfIssuedRoot, func(f *fixture) { f.p.Supporting[0].Credential.ValidUntil = soon }},
		"its accreditor": {selfIssuedRoot, func(f *fixture) {
			f.accreditation(1).Until = soon
		}},
	} {
		f := c.of()
		if d := f.decide(); !d.Expires.After(soon) {
			t.Errorf("%s: expires %v before the change", name, d.Expires)
		}
		c.do(f)
		if d := f.decide(); d.Outcome != Permit || !d.Expires.Equal(soon) {
			t.Errorf("%s: %v %s, expires %v, want %v", name, d.Outcome, d.Reason, d.Expires, soon)
		}
		f.r.Principal = "dave"
		if d := f.decide(); !d.Expires.IsZero() {
			t.Errorf("%s: a denial expires at %v", name, d.Expires)
		}
	}
	f := one()
	f.w.Status["link0"] = Status{"valid", 7 * time.Minute}
	if d := f.decide(); d.StatusAge != 7*time.Minute {
		t.Errorf("status age %v", d.StatusAge)
	}
}

func TestReasonsOfOneStep(t *testing.T) {
	f := one()
	f.p.Proof, f.p.Chain = Proof{Audience: Passed}, nil
	want := []reason.Code{
		reason.PresentationNonceMismatch, reason.PresentationReplayed, reason.PresentationStale,
		reason.PresentationHolderBindingFailed, reason.PresentationNoDelegation,
	}
	if diff := cmp.Diff(want, f.decide().Reasons); diff != "" {
		t.Error(diff)
	}
	f = two()
	f.p.Chain[0].Signature = Failed
	f.leafCredential().ValidUntil = f.w.Now
	d := f.decide()
	if diff := cmp.Diff([]reason.Code{reason.CredentialSignatureInvalid, reason.CredentialExpired}, d.Reasons); diff != "" {
		t.Error(diff)
	}
	if d.Link != "link0" || !d.NotAfter.IsZero() {
		t.Errorf("link %q, dates of another link %v", d.Link, d.NotAfter)
	}
	if got := one().decide().Reasons; len(got) != 1 || got[0] != reason.OK {
		t.Errorf("reasons of a permit: %v", got)
	}
	if full := addReason(make([]reason.Code, MaxReasons), "x"); len(full) != MaxReasons {
		t.Errorf("%d reasons", len(full))
	}
}

// TestOnePlaceMakesAPermit reads the source: the two permits are named where outcomes are
// declared, written and ordered, and in one function that returns them.
func TestOnePlaceMakesAPermit(t *testing.T) {
	makers := map[string]int{}
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) == 0 {
		t.Fatalf("no source: %v", err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok && (id.Name == "Permit" || id.Name == "PermitWithObligations") {
					makers[fn.Name.Name]++
				}
				return true
			})
		}
	}
	delete(makers, "String")
	if diff := cmp.Diff(map[string]int{"permit": 2}, makers); diff != "" {
		t.Error(diff)
	}
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		p, r string
		want bool
	}{
		{"a", "a", true}, {"a", "a/b", true}, {"a", "a/b/c", true}, {"a/b", "a/b/c", true},
		{"a", "ab", false}, {"a", "a-archive", false}, {"a/b", "a", false}, {"a", "A", false}, {"a", "a ", false},
		{"a", "a//", true}, {"*", "a", false}, {"", "a", false}, {"a/", "a", false}, {"a/", "a/b", false}, {"a", "", false},
	} {
		if Covers(c.p, c.r) != c.want {
			t.Errorf("Covers(%q, %q) is not %v", c.p, c.r, c.want)
		}
	}
}

func TestCut(t *testing.T) {
	path := func(lists ...[]string) *ceiling {
		c := &ceiling{maxRisk: topRank}
		for _, l := range lists {
			c.path = append(c.path, &trustframework.Accreditation{Resources: l, Actions: l})
		}
		return c
	}
	for _, c := range []struct {
		name     string
		limit    *ceiling
		resource string
		want     bool
	}{
		{"absent", path(nil, nil), "x", true},
		{"star", path([]string{"y", "*"}), "x", true},
		{"longer path survives below", path([]string{"a/b"}, []string{"a"}), "a/b", true},
		{"longer path survives above", path([]string{"a"}, []string{"a/b"}), "a/b/c", true},
		{"shorter does not", path([]string{"a"}, []string{"a/b"}), "a", false},
		{"beside", path([]string{"a"}, []string{"a/b"}), "a/c", false},
		{"disjoint", path([]string{"a"}, []string{"b"}), "a", false},
		{"empty", path([]string{}), "a", false},
		{"three", path([]string{"a", "z"}, nil, []string{"a/b", "z"}), "z", true},
	} {
		p := &credential.Permission{Resource: c.resource, Risk: "high"}
		if got := c.limit.exceeded(p) == ""; got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	for _, c := range []struct {
		limit   *ceiling
		actions []string
		want    bool
	}{
		{path([]string{"*"}), []string{"view"}, true},
		{path([]string{"*"}, []string{"view"}), []string{"view", "book"}, false},
		{path([]string{"view", "*"}), []string{"book"}, true},
	} {
		c.limit.path[0].Resources = nil
		for _, x := range c.limit.path {
			x.Resources = nil
		}
		p := &credential.Permission{Resource: "a", Actions: c.actions, Risk: "high"}
		if got := c.limit.exceeded(p) == ""; got != c.want {
			t.Errorf("%v: %v", c.actions, got)
		}
	}
}

func TestSeconds(t *testing.T) {
	if seconds(60) != time.Minute || seconds(math.MaxInt64) < 290*365*24*time.Hour {
		t.Errorf("%v %v", seconds(60), seconds(math.MaxInt64))
	}
}

// TestManyParents shows that a chain in which every permission fits every other stays small.
func TestManyParents(t *testing.T) {
	f := chainOf(3)
	for i := range 30 {
		p := *f.permission()
		p.ID, p.Risk = fmt.Sprintf("q%d", i), riskName(i%3)
		for j := range f.p.Chain {
			f.p.Chain[j].Credential.Permissions = append(f.p.Chain[j].Credential.Permissions, p)
		}
	}
	f.want(t, Permit, reason.OK)
	e := evaluation{registry: registry{f.w.Framework, f.w.Now}, world: &f.w, shown: &f.p, asked: &f.r}
	for _, step := range steps() {
		step(&e)
	}
	if eff, drop := e.effective(); len(eff) > 3*31 || len(eff) < 2*31 || len(drop) != 0 {
		t.Errorf("%d effective permissions, %d dropped", len(eff), len(drop))
	}
}

// TestRegistryFullOfLoops shows that a registry cannot stop a decision.
func TestRegistryFullOfLoops(t *testing.T) {
	f := one()
	f.w.Framework.Limits.MaxAccreditationPath = trustframework.MaxAccreditedPath
	loop := *f.accreditation(0)
	loop.Issuer, loop.AccreditedBy = "national", "national"
	f.w.Framework.Accreditations[0] = loop
	for range 20 {
		f.w.Framework.Accreditations = append(f.w.Framework.Accreditations, loop)
	}
	f.want(t, Deny, reason.TrustPathTooLong)
}
