// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// TestBoundaries holds what stands on a boundary, or beside what a rule is about, to the permitted
// side. Each case was once a change of a condition that no test noticed.
func TestBoundaries(t *testing.T) {
	runOutcomes(t, trustBoundaries(), registryBoundaries(), authorityBoundaries())
}

func trustBoundaries() []outcomeCase {
	type rel = trustframework.Relationship
	return []outcomeCase{
		{"S4.9 a kind that is listed", one, func(f *fixture) {
			f.relationship(func(r *rel) { r.DelegateKinds = []string{"agent", "person"} })
		}, Permit, reason.OK, nil},
		{"S4.11 the grantor is another", one, func(f *fixture) {
			f.relationship(func(r *rel) { r.SeparationOfDuties = true })
		}, Permit, reason.OK, nil},
		{"S4.12 a review is named", one, func(f *fixture) {
			f.relationship(func(r *rel) { r.ReviewRequired = true })
			f.root().ReviewBy = f.w.Now.Add(time.Hour)
		}, Permit, reason.OK, nil},
		{"§4.5 a binding of this instant", selfIssuedRoot, func(f *fixture) {
			f.p.Supporting[0].Credential.ValidFrom = f.w.Now
		}, Permit, reason.OK, nil},
		{"§4.5 a membership of nobody", team, func(f *fixture) {
			f.p.Presenter, f.p.Supporting[0].Credential.Delegate.ID = "", ""
		}, Deny, reason.PresentationNotAMember, nil},
		{"S6.16 a prohibition that is repeated", two, func(f *fixture) {
			prohibit(f.root(), "record/notes", "view", "submit")
			prohibit(f.leafCredential(), "record/notes", "submit", "view")
		}, Permit, reason.OK, nil},
		{"§6.1d fewer categories are included", two, func(f *fixture) {
			f.root().Permissions[0].Constraint.Include = []string{"a", "b"}
			f.permission().Constraint.Include = []string{"a"}
			f.r.Categories = []string{"a"}
		}, Permit, reason.OK, nil},
	}
}

func registryBoundaries() []outcomeCase {
	return []outcomeCase{
		{"§8.4 issued at the first instant of the entry", one, func(f *fixture) {
			f.accreditation(1).From = f.root().ValidFrom
		}, Permit, reason.OK, nil},
		{"§8.2 the accreditor begins now", one, func(f *fixture) { f.accreditation(0).From = f.w.Now }, Permit, reason.OK, nil},
		{"§8.2 retired when it was issued", one, func(f *fixture) {
			f.accreditation(1).Status, f.accreditation(1).RetiredAt = trustframework.Retired, f.root().ValidFrom
		}, Deny, reason.TrustIssuerOutsideValidity, nil},
		{"§8.3 issued at the first instant of the entry", selfIssuedRoot, func(f *fixture) {
			f.p.Supporting[0].Credential.ValidFrom = f.accreditation(1).From
		}, Permit, reason.OK, nil},
		{"§8.3 a second entry passes", selfIssuedRoot, func(f *fixture) {
			first := *f.accreditation(1)
			first.Status = trustframework.Revoked
			f.w.Framework.Accreditations = slices.Insert(f.w.Framework.Accreditations, 0, first)
		}, Permit, reason.OK, nil},
		{"§8.1 two ways up", one, func(f *fixture) {
			f.w.Framework.Accreditations = append(f.w.Framework.Accreditations, *f.accreditation(0))
		}, Permit, reason.OK, nil},
		{"§8.4 an entry of another type says nothing after one that failed", one, func(f *fixture) {
			second := *f.accreditation(1)
			f.accreditation(1).Status, second.Types = trustframework.Revoked, []string{"Accreditation"}
			f.w.Framework.Accreditations = append(f.w.Framework.Accreditations, second)
		}, Deny, reason.TrustIssuerRevoked, nil},
		{"§4.1 no ceiling named is high", one, func(f *fixture) { f.permission().Risk = "high" }, Permit, reason.OK, nil},
		{"assurance withheld is low", one, func(f *fixture) {
			f.root().Assurance, f.accreditation(1).MinAssurance = nil, "low"
		}, Permit, reason.OK, nil},
		{"assurance withheld is no more than low", one, func(f *fixture) {
			f.root().Assurance, f.accreditation(1).MinAssurance = nil, "substantial"
		}, Deny, reason.TrustAssuranceTooLow, nil},
		{"assurance unknown is low", one, func(f *fixture) {
			f.root().Assurance.Principal, f.accreditation(1).MinAssurance = "unheard", "low"
		}, Permit, reason.OK, nil},
		{"assurance unknown is no more than low", one, func(f *fixture) {
			f.root().Assurance.Principal, f.accreditation(1).MinAssurance = "unheard", "substantial"
		}, Deny, reason.TrustAssuranceTooLow, nil},
	}
}

func authorityBoundaries() []outcomeCase {
	void := func(p *credential.Permission) { p.Constraint.Void = true }
	return []outcomeCase{
		{"S8.5 below what is not proxyable", one, func(f *fixture) {
			f.r.Resource = "record/safeguarding/x"
			grant(f, "a", func(p *credential.Permission) { p.Resource = "record" })
		}, Deny, reason.ControllerNotProxyable, nil},
		{"C3 a void permission for less than is asked says nothing", one, func(f *fixture) {
			f.policy(func(p *trustframework.ControllerPolicy) { p.NotProxyable, p.Requestable = nil, nil })
			f.r.Resource, f.r.Action = "record", "book"
			grant(f, "a", func(p *credential.Permission) { p.Resource = "record/tests"; void(p) })
		}, Deny, reason.AuthorityResourceNotGranted, nil},
		{"C6 another action on less than is asked", one, func(f *fixture) {
			f.policy(func(p *trustframework.ControllerPolicy) { p.NotProxyable, p.Requestable = nil, nil })
			f.r.Resource, f.r.Action = "record", "book"
		}, Deny, reason.AuthorityResourceNotGranted, nil},
		{"M4 no limit of uses", one, func(f *fixture) { f.r.UsesSoFar = 999_999_999 }, Permit, reason.OK, nil},
		{"M4 what stands for no limit is one", one, func(f *fixture) { f.r.UsesSoFar = 1_000_000_000 }, Deny, reason.AuthorityUsesExhausted, nil},
		{"M10 an agent's routine goes on while a review is due", one, func(f *fixture) {
			f.root().Delegate.Kind, f.root().ReviewBy = "agent", f.w.Now.Add(-1)
		}, PermitWithObligations, reason.OK, []string{"audit:enhanced", "notify:review-due"}},
		{"M11 no assurance is low", one, func(f *fixture) {
			f.r.Assurance, f.permission().Constraint.MinAssurance = "", "low"
		}, Permit, reason.OK, nil},
		{"M11 a level is no step-up", one, func(f *fixture) {
			f.r.Assurance, f.permission().Constraint.Requires = "low", []string{"high"}
		}, Deny, reason.ConditionObligationUnsupported, nil},
	}
}

// TestFirstOfTwo breaks two rules at once: the one that stands first names the reason.
func TestFirstOfTwo(t *testing.T) {
	for _, c := range []refusal{
		{"S3.1 before S3.2", one, func(f *fixture) {
			f.p.Chain[0].Signature, f.root().Type = Failed, ""
		}, reason.CredentialSignatureInvalid},
		{"the reader's word before S3.3", one, func(f *fixture) {
			f.p.Chain[0].Fault, f.root().Purposes = reason.SDJWTClaimNotSD, nil
		}, reason.SDJWTClaimNotSD},
		{"S3.5 before S3.6", one, func(f *fixture) {
			f.root().ValidFrom = f.w.Now.Add(time.Hour)
			f.root().ValidUntil = f.root().ValidFrom
		}, reason.CredentialSchemaInvalid},
		{"S3.3 an end before all time", one, func(f *fixture) {
			f.root().ValidFrom, f.root().ValidUntil = time.Time{}.Add(-1), time.Time{}
		}, reason.CredentialSchemaInvalid},
		{"S3b no parent before the digest", two, func(f *fixture) {
			f.p.Chain[1].Parent, f.leafCredential().Parent = NamedByID, nil
		}, reason.ChainParentMissing},
		{"S3b the digest before the name", two, func(f *fixture) {
			f.p.Chain[1].Parent, f.p.Chain[1].Name = NamedByID, f.p.Chain[0].Name
		}, reason.ChainDigestMismatch},
		{"§6.1e before f", two, func(f *fixture) {
			k := &f.root().Permissions[0].Constraint
			k.MinAssurance, k.Requires = "high", []string{"audit:x"}
		}, reason.ChainConstraintRelaxed},
		{"§6.1f before g", two, func(f *fixture) {
			k := &f.root().Permissions[0].Constraint
			k.MaxUses, k.Requires = 1, []string{"audit:x"}
		}, reason.ChainConditionDropped},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			f := c.of()
			c.do(f)
			f.want(t, Deny, c.code)
		})
	}
}

// TestLimitsOfAnEntryInTheirOrder breaks each limit of §8.4 together with the next one.
func TestLimitsOfAnEntryInTheirOrder(t *testing.T) {
	list := []struct {
		do   func(a *trustframework.Accreditation)
		code reason.Code
	}{
		{func(a *trustframework.Accreditation) { a.Relationships = []string{} }, reason.TrustRelationshipNotAccredited},
		{func(a *trustframework.Accreditation) { a.LegalBases = []string{} }, reason.TrustLegalBasisNotAccredited},
		{func(a *trustframework.Accreditation) { a.Jurisdictions = []string{} }, reason.TrustJurisdiction},
		{func(a *trustframework.Accreditation) { a.Controllers = []string{} }, reason.TrustControllerNotAccredited},
		{func(a *trustframework.Accreditation) { a.Purposes = []string{} }, reason.TrustPurposeNotAccredited},
		{func(a *trustframework.Accreditation) { a.MinAssurance = "top" }, reason.TrustAssuranceTooLow},
	}
	for i := range len(list) - 1 {
		f := one()
		list[i].do(f.accreditation(1))
		list[i+1].do(f.accreditation(1))
		f.want(t, Deny, list[i].code)
	}
}

// TestEffortIsBounded counts the entries that are looked at on the way to an anchor: one too many
// dead ends before the good entry, and the path is too long.
func TestEffortIsBounded(t *testing.T) {
	for _, c := range []struct {
		deadEnds int
		outcome  Outcome
		code     reason.Code
	}{
		{maxPathSteps - 2, Permit, reason.OK}, // the issuer's own entry and the good one count too
		{maxPathSteps - 1, Deny, reason.TrustPathTooLong},
	} {
		f := one()
		dead := *f.accreditation(0)
		dead.Status = trustframework.Revoked
		f.w.Framework.Accreditations = append(slices.Repeat([]trustframework.Accreditation{dead}, c.deadEnds), f.w.Framework.Accreditations...)
		f.want(t, c.outcome, c.code)
	}
	if seconds(maxSeconds) != time.Duration(maxSeconds)*time.Second || seconds(math.MaxInt64) != seconds(maxSeconds) {
		t.Errorf("the longest time is %v", seconds(math.MaxInt64))
	}
}

// TestReasonsOfOneMember holds what is said beside the primary reason.
func TestReasonsOfOneMember(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(f *fixture)
		want []reason.Code
	}{
		"S1.3 no controller is not an unknown one": {func(f *fixture) { f.r.Controller = "" }, []reason.Code{reason.RequestControllerMissing}},
		"S1.4 a registry without controllers is there": {func(f *fixture) {
			f.w.Framework.Controllers = nil
		}, []reason.Code{reason.ControllerUnknown}},
		"S1.1 a window that ends on no date": {func(f *fixture) {
			f.r.Window = &Window{"2024-02-01", "2024-02-30"}
		}, []reason.Code{reason.RequestMalformed}},
		"a permit stands alone": {func(f *fixture) {
			grant(f, "a", func(p *credential.Permission) { p.Constraint.Void = true })
			grant(f, "b", func(p *credential.Permission) { p.Constraint.Include = []string{"x"} })
		}, []reason.Code{reason.OK}},
		"C3 all that were dropped, then all that refuse": {func(f *fixture) {
			f.r.UsesSoFar, f.permission().Constraint.MaxUses = 1, 1
			grant(f, "a", func(p *credential.Permission) { p.Constraint.Void = true })
			grant(f, "b", func(p *credential.Permission) { p.Actions = append(p.Actions, "cancel") })
		}, []reason.Code{reason.CredentialUnknownConstraint, reason.TrustScopeNotAccredited, reason.AuthorityUsesExhausted}},
	} {
		f := one()
		c.do(f)
		if d := f.decide(); !slices.Equal(d.Reasons, c.want) {
			t.Errorf("%s: %v, want %v", name, d.Reasons, c.want)
		}
	}
}

// TestBestStaysBest puts the better answer first, where a wrong order would let the later one win.
func TestBestStaysBest(t *testing.T) {
	for name, c := range map[string]struct{ first, second []string }{
		"a lower outcome with a smaller list": {[]string{"warn:x"}, []string{"confirm"}},
		"more obligations":                    {[]string{"warn:x"}, []string{"audit:a", "audit:b"}},
		"a greater list":                      {[]string{"audit:a"}, []string{"audit:b"}},
	} {
		f := one()
		f.permission().Constraint.Requires = c.first
		grant(f, "z", require(c.second...))
		if d := f.want(t, PermitWithObligations, reason.OK, c.first...); d.Permission != "p1" {
			t.Errorf("%s: %q decides", name, d.Permission)
		}
	}
}

// TestRootOfEquals: one permission may rest on two of the root. The first names what uses are
// counted by, every time.
func TestRootOfEquals(t *testing.T) {
	f := two()
	grant(f, "a", func(p *credential.Permission) { p.Risk = "sensitive" })
	f.class("sensitive", func(c *trustframework.RiskPolicy) { c.Requires = nil })
	if d := f.want(t, Permit, reason.OK); d.Permission != "p1" || d.RootPermission != "p1" {
		t.Errorf("%q rests on %q", d.Permission, d.RootPermission)
	}
}

// TestWhatHasAnEnd: only what may be kept has an end, and only what it rests on sets it.
func TestWhatHasAnEnd(t *testing.T) {
	f := one()
	f.r.UsesSoFar, f.permission().Constraint.MaxUses = 1, 1
	if d := f.want(t, Deny, reason.AuthorityUsesExhausted); !d.Expires.IsZero() {
		t.Errorf("a denial expires at %v", d.Expires)
	}
	f = one()
	f.permission().Risk, f.root().ReviewBy = "sensitive", f.w.Now.Add(-1)
	if d := f.want(t, RequestPermission, reason.ConditionReviewOverdue); d.Expires.IsZero() {
		t.Error("an offer to ask has no end")
	}
	f = one()
	before := f.decide().Expires
	f.accreditation(0).Status, f.accreditation(0).RetiredAt = trustframework.Retired, f.w.Now
	f.accreditation(0).Until = f.w.Now.Add(-time.Hour)
	if d := f.want(t, Permit, reason.OK); !d.Expires.Equal(before) {
		t.Errorf("the end of a retired entry counts: %v, want %v", d.Expires, before)
	}
}

// TestFreshestMembership: of two that count the fresher is relied on, of equals the first.
func TestFreshestMembership(t *testing.T) {
	f := team()
	soon := f.w.Now.Add(time.Minute)
	f.support(credential.TypeWorkgroupMembership, "bob", "ward7").ValidUntil = soon
	if d := f.want(t, Permit, reason.OK); !d.Expires.After(soon) {
		t.Errorf("of equals the second counts: %v", d.Expires)
	}
	f.w.Status["support1"] = Status{"valid", time.Hour}
	if d := f.want(t, Permit, reason.OK); d.StatusAge != time.Minute {
		t.Errorf("the older counts: %v", d.StatusAge)
	}
}

// TestAgeOfWhatIsValid: the age of a status that refuses is not one that was relied on.
func TestAgeOfWhatIsValid(t *testing.T) {
	f := two()
	f.w.Status["link0"] = Status{State: "revoked", Age: time.Hour}
	if d := f.want(t, Deny, reason.StatusRevoked); d.StatusAge != time.Minute {
		t.Errorf("relied on %v", d.StatusAge)
	}
}

// TestPreflightEndsBeforeStatus: S1 to S4 and nothing more.
func TestPreflightEndsBeforeStatus(t *testing.T) {
	f := one()
	f.w.Status = nil
	if d, ok := Preflight(f.w, f.p, f.r); !ok {
		t.Errorf("without any status: %s", d.Reason)
	}
	f.root().LegalBasis = "other"
	if d, ok := Preflight(f.w, f.p, f.r); ok || d.Reason != reason.TrustLegalBasisMismatch {
		t.Errorf("a basis that does not fit: %v %s", ok, d.Reason)
	}
}

func TestScales(t *testing.T) {
	for _, level := range []string{low, substantial, high} {
		if got := assuranceName(assuranceRank(level)); got != level {
			t.Errorf("%s is called %s", level, got)
		}
	}
	for _, risk := range []string{routine, sensitive, high} {
		if got := riskName(riskRank(risk)); got != risk {
			t.Errorf("%s is called %s", risk, got)
		}
	}
	if assuranceName(noRank) != low || assuranceName(outRank) != high || riskName(noRank) != high {
		t.Error("what lies beside a scale has the wrong name")
	}
	for o, want := range []string{"deny", "request_permission", "step_up", "permit_with_obligations", "permit", "deny"} {
		if got := fmt.Sprint(Outcome(o)); got != want {
			t.Errorf("outcome %d is %q, want %q", o, got, want)
		}
	}
}

// TestChecksBeforeSigning holds CheckRoot, CheckChild and CheckMediated to one fault at a time.
func TestChecksBeforeSigning(t *testing.T) {
	root := func(do func(f *fixture)) []reason.Code {
		f := selfIssuedRoot()
		do(f)
		return CheckRoot(f.w.Framework, f.root(), f.w.Now)
	}
	child := func(of func() *fixture, do func(parent, child *credential.Credential)) []reason.Code {
		f := of()
		do(f.root(), f.leafCredential())
		if f.leafCredential().Issuer == f.leafCredential().GrantedBy {
			return CheckChild(f.root(), f.leafCredential())
		}
		return CheckMediated(f.w.Framework, f.root(), f.leafCredential(), f.w.Now)
	}
	f := two()
	for name, c := range map[string]struct {
		got  []reason.Code
		want []reason.Code
	}{
		"risk of a self-issued root": {root(func(f *fixture) {
			f.relationship(func(r *trustframework.Relationship) { r.MaxRisk = "routine" })
			f.permission().Risk = "high"
		}), []reason.Code{reason.TrustRiskExceeded}},
		"a type alone": {root(func(f *fixture) { f.root().Type, f.root().LegalBasis = "", "other" }), []reason.Code{reason.CredentialTypeUnknown}},
		"an interval of nothing": {child(two, func(_, c *credential.Credential) {
			c.ValidFrom = c.ValidUntil
		}), []reason.Code{reason.CredentialSchemaInvalid}},
		"two without ids": {child(two, func(p, c *credential.Credential) { p.ID, c.ID = "", "" }), nil},
		"a void parent grants nothing": {child(two, func(p, _ *credential.Credential) {
			p.Permissions[0].Constraint.Void = true
		}), []reason.Code{reason.ChainScopeWidened}},
		"a mediator does not widen": {child(mediated, func(_, c *credential.Credential) {
			c.Permissions[0].Resource = "record"
		}), []reason.Code{reason.ChainScopeWidened}},
		"nothing to mediate": {CheckMediated(f.w.Framework, f.root(), nil, f.w.Now), []reason.Code{reason.CredentialSchemaInvalid}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}

// TestViewEdges holds the words for what a delegate sees least of.
func TestViewEdges(t *testing.T) {
	f := one()
	f.w.Now = f.root().ValidFrom.Add(-1)
	if v := DelegateView(f.decide()); !strings.Contains(v.Text, "from 2026-06-01T00:00:00Z until 2027-06-01T00:00:00Z") {
		t.Errorf("%q", v.Text)
	}
	for _, d := range []Decision{
		{Reason: reason.CredentialExpired, NotBefore: f.w.Now},
		{Reason: reason.CredentialExpired, NotAfter: f.w.Now},
	} {
		if v := DelegateView(d); v.Text != "This delegation has ended." {
			t.Errorf("half an interval reads %q", v.Text)
		}
	}
	if v := DelegateView(Decision{Reason: reason.StatusRevoked}); v.Text != "This delegation cannot be used now." {
		t.Errorf("revoked reads %q", v.Text)
	}
	hidden := Decision{Reasons: []reason.Code{reason.ChainCycle, reason.ControllerNotProxyable}}
	if got := hidden.ReasonsFor(reason.Delegate); got != nil {
		t.Errorf("the delegate sees %v: the primary reason alone is theirs", got)
	}
	shown := Decision{Reasons: []reason.Code{reason.AuthorityUsesExhausted, reason.ControllerNotProxyable}}
	if got := shown.ReasonsFor(reason.Delegate); !slices.Equal(got, shown.Reasons[:1]) {
		t.Errorf("the delegate sees %v", got)
	}
	if got := (Decision{}).ReasonsFor(reason.Delegate); got != nil {
		t.Errorf("no reason shows as %v", got)
	}
}
