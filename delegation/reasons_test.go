// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// refusal is the least change to a permitted case that has the code as its primary reason.
type refusal struct {
	name string
	of   func() *fixture
	do   func(f *fixture)
	code reason.Code
}

// TestReasons breaks one check at a time, and counts that every code of a decision is reached.
func TestReasons(t *testing.T) {
	reached := map[reason.Code]bool{}
	for _, list := range [][]refusal{
		requestRefusals(), presentationRefusals(), linkRefusals(), permissionRefusals(), trustRefusals(),
		accreditationRefusals(), statusRefusals(), chainRefusals(), wideningRefusals(), authorityRefusals(), permissionChainRefusals(), matchRefusals(), conditionRefusals(),
	} {
		for _, c := range list {
			t.Run(string(c.code)+"/"+strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
				f := c.of()
				if d := f.decide(); d.Outcome < StepUp {
					t.Fatalf("the case is refused before the change: %s", d.Reason)
				}
				c.do(f)
				d := f.decide()
				reached[d.Reason] = true
				if d.Reason != c.code || d.Outcome > StepUp {
					t.Errorf("got %v %s, want %s", d.Outcome, d.Reason, c.code)
				}
				if len(d.Reasons) == 0 || d.Reasons[0] != d.Reason {
					t.Errorf("reasons %v do not begin with %s", d.Reasons, d.Reason)
				}
			})
		}
	}
	reached[one().decide().Reason] = true
	for _, e := range reason.All() {
		if e.Decision && !reached[e.Code] {
			t.Errorf("no case reaches %s", e.Code)
		}
	}
}

func requestRefusals() []refusal {
	return []refusal{
		{"principal", one, func(f *fixture) { f.r.Principal = "" }, reason.RequestMalformed},
		{"resource", one, func(f *fixture) { f.r.Resource = "" }, reason.RequestMalformed},
		{"action", one, func(f *fixture) { f.r.Action = "" }, reason.RequestMalformed},
		{"reader's fault", one, func(f *fixture) { f.r.Fault = reason.RequestMalformed }, reason.RequestMalformed},
		{"reader's fault called ok", one, func(f *fixture) { f.r.Fault = reason.OK }, reason.RequestMalformed},
		{"negative uses", one, func(f *fixture) { f.r.UsesSoFar = -1 }, reason.RequestMalformed},
		{"unknown assurance", one, func(f *fixture) { f.r.Assurance = "top" }, reason.RequestMalformed},
		{"window with one end", one, func(f *fixture) { f.r.Window = &Window{From: "2024-01-01"} }, reason.RequestMalformed},
		{"window that is no date", one, func(f *fixture) { f.r.Window = &Window{"2024-02-30", "2024-03-01"} }, reason.RequestMalformed},
		{"window reversed", one, func(f *fixture) { f.r.Window = &Window{"2024-02-02", "2024-02-01"} }, reason.RequestMalformed},
		{"purpose", one, func(f *fixture) { f.r.Purpose = "" }, reason.RequestPurposeMissing},
		{"controller", one, func(f *fixture) { f.r.Controller = "" }, reason.RequestControllerMissing},
		{"controller without policy", one, func(f *fixture) { f.r.Controller = "other" }, reason.ControllerUnknown},
		{"no framework", one, func(f *fixture) { f.w.Framework = nil }, reason.TrustRegistryUnavailable},
		{"no snapshot yet", one, func(f *fixture) { f.w.Framework = trustframework.Unavailable() }, reason.TrustRegistryUnavailable},
	}
}

func presentationRefusals() []refusal {
	return []refusal{
		{"nonce", one, func(f *fixture) { f.p.Proof.Nonce = Failed }, reason.PresentationNonceMismatch},
		{"audience", one, func(f *fixture) { f.p.Proof.Audience = Failed }, reason.PresentationAudienceMismatch},
		{"replay", one, func(f *fixture) { f.p.Proof.Unused = Failed }, reason.PresentationReplayed},
		{"age", one, func(f *fixture) { f.p.Proof.Fresh = Failed }, reason.PresentationStale},
		{"holder", one, func(f *fixture) { f.p.Proof.Holder = Failed }, reason.PresentationHolderBindingFailed},
		{"a result that is neither", one, func(f *fixture) { f.p.Proof.Nonce = Passed + 1 }, reason.PresentationNonceMismatch},
		{"empty chain", one, func(f *fixture) { f.p.Chain = nil }, reason.PresentationNoDelegation},
		{"too long", two, func(f *fixture) { f.w.Framework.Limits.MaxChainLinks = 1 }, reason.ChainTooLong},
		{"no limit given", one, func(f *fixture) { f.w.Framework.Limits.MaxChainLinks = 0 }, reason.ChainTooLong},
		{"incomplete", one, func(f *fixture) { f.p.Incomplete = true }, reason.ChainParentMissing},
		{"presenter is not the delegate", one, func(f *fixture) { f.p.Presenter = "mallory" }, reason.PresentationHolderBindingFailed},
		{"no presenter", one, func(f *fixture) { f.p.Presenter = "" }, reason.PresentationHolderBindingFailed},
		{"presenter of the link above", two, func(f *fixture) { f.p.Presenter = "bob" }, reason.PresentationHolderBindingFailed},
		{"not a member", team, func(f *fixture) { f.p.Supporting = nil }, reason.PresentationNotAMember},
		{"member of another group", team, func(f *fixture) { f.p.Supporting[0].Credential.Workgroup = "ward8" }, reason.PresentationNotAMember},
		{"another's membership", team, func(f *fixture) { f.p.Presenter = "eve" }, reason.PresentationNotAMember},
		{"the workgroup itself", team, func(f *fixture) { f.p.Presenter = "ward7" }, reason.PresentationNotAMember},
	}
}

func team() *fixture { return one().team() }

func selfIssuedRoot() *fixture { return one().selfIssued() }

func linkRefusals() []refusal {
	const invalid = reason.CredentialSchemaInvalid
	list := []refusal{
		{"signature", one, func(f *fixture) { f.p.Chain[0].Signature = Failed }, reason.CredentialSignatureInvalid},
		{"signature before form", one, func(f *fixture) { f.p.Chain[0].Signature, f.p.Chain[0].Fault = Failed, invalid }, reason.CredentialSignatureInvalid},
		{"signature of the child", two, func(f *fixture) { f.p.Chain[1].Signature = Failed }, reason.CredentialSignatureInvalid},
		{"finer reason of a signature", one, func(f *fixture) {
			f.p.Chain[0].Signature, f.p.Chain[0].Fault = Failed, reason.KeyControllerMismatch
		}, reason.KeyControllerMismatch},
		{"all of one link before the next", two, func(f *fixture) {
			f.p.Chain[0].Credential.ValidUntil = f.w.Now
			f.p.Chain[1].Signature = Failed
		}, reason.CredentialExpired},
		{"type", one, func(f *fixture) { f.root().Type = credential.TypeIdentityBinding }, reason.CredentialTypeUnknown},
		{"type before form", one, func(f *fixture) { f.root().Type, f.p.Chain[0].Fault = "", invalid }, reason.CredentialTypeUnknown},
		{"mapping", one, func(f *fixture) { f.p.Chain[0].Fault = invalid }, invalid},
		{"mapping called ok", one, func(f *fixture) { f.p.Chain[0].Fault = reason.OK }, invalid},
		{"mapping by an unknown name", one, func(f *fixture) { f.p.Chain[0].Fault = "no.such_code" }, invalid},
		{"finer reason of the form", one, func(f *fixture) { f.p.Chain[0].Fault = reason.SDJWTClaimNotSD }, reason.SDJWTClaimNotSD},
		{"no credential", one, func(f *fixture) { f.p.Chain[0].Credential = nil }, invalid},
		{"reversed interval", one, func(f *fixture) { f.root().ValidUntil = f.root().ValidFrom }, invalid},
		{"not yet", one, func(f *fixture) { f.w.Now = f.root().ValidFrom.Add(-time.Second) }, reason.CredentialNotYetValid},
		{"ended", one, func(f *fixture) { f.w.Now = f.root().ValidUntil }, reason.CredentialExpired},
		{"zero now", one, func(f *fixture) { f.w.Now = time.Time{} }, reason.CredentialNotYetValid},
		{"root has a parent", one, func(f *fixture) { f.root().Parent = &credential.Parent{} }, reason.ChainParentMissing},
		{"child names none", two, func(f *fixture) { f.leafCredential().Parent = nil }, reason.ChainParentMissing},
		{"child names another", two, func(f *fixture) { f.p.Chain[1].Parent = NotNamed }, reason.ChainParentMissing},
		{"digest", two, func(f *fixture) { f.p.Chain[1].Parent = NamedByID }, reason.ChainDigestMismatch},
		{"assembly before trust", two, func(f *fixture) { f.p.Chain[1].Parent, f.w.Framework.Unavailable = NamedByID, true }, reason.ChainDigestMismatch},
	}
	for name, drop := range map[string]func(c *credential.Credential){
		"issuer":                 func(c *credential.Credential) { c.Issuer = "" },
		"grantedBy":              func(c *credential.Credential) { c.GrantedBy = "" },
		"onBehalfOf":             func(c *credential.Credential) { c.OnBehalfOf.ID = "" },
		"relationship":           func(c *credential.Credential) { c.Relationship = "" },
		"legalBasis":             func(c *credential.Credential) { c.LegalBasis = "" },
		"validFrom":              func(c *credential.Credential) { c.ValidFrom = time.Time{} },
		"validUntil":             func(c *credential.Credential) { c.ValidUntil = time.Time{} },
		"jurisdiction":           func(c *credential.Credential) { c.Jurisdiction = nil },
		"purposes":               func(c *credential.Credential) { c.Purposes = nil },
		"controllers":            func(c *credential.Credential) { c.Controllers = nil },
		"prohibitions":           func(c *credential.Credential) { c.Prohibitions = nil },
		"permissions":            func(c *credential.Credential) { c.Permissions = nil },
		"delegate":               func(c *credential.Credential) { c.Delegate.ID = "" },
		"kind":                   func(c *credential.Credential) { c.Delegate.Kind = "" },
		"kind unknown":           func(c *credential.Credential) { c.Delegate.Kind = "robot" },
		"negative depth":         func(c *credential.Credential) { c.Redelegation.MaxDepth = -1 },
		"prohibition everywhere": func(c *credential.Credential) { prohibit(c, "*", "book") },
		"prohibition of root":    func(c *credential.Credential) { prohibit(c, "/", "book") },
		"prohibition of nothing": func(c *credential.Credential) { prohibit(c, "", "book") },
		"prohibition of a star":  func(c *credential.Credential) { prohibit(c, "appointments/*", "book") },
		"prohibition no actions": func(c *credential.Credential) {
			c.Prohibitions = []credential.Prohibition{{Resource: "record"}}
		},
	} {
		list = append(list, refusal{name, one, func(f *fixture) { drop(f.root()) }, invalid},
			refusal{name + " of the child", two, func(f *fixture) { drop(f.leafCredential()) }, invalid})
	}
	return list
}

func prohibit(c *credential.Credential, resource string, actions ...string) {
	c.Prohibitions = append(c.Prohibitions, credential.Prohibition{Resource: resource, Actions: actions})
}

func permissionRefusals() []refusal {
	var list []refusal
	for name, do := range map[string]func(p *credential.Permission){
		"id":                func(p *credential.Permission) { p.ID = "" },
		"resource":          func(p *credential.Permission) { p.Resource = "" },
		"root resource":     func(p *credential.Permission) { p.Resource = "/" },
		"wildcard":          func(p *credential.Permission) { p.Resource = "*" },
		"wildcard below":    func(p *credential.Permission) { p.Resource = "appointments/*" },
		"actions":           func(p *credential.Permission) { p.Actions = nil },
		"risk":              func(p *credential.Permission) { p.Risk = "" },
		"unknown risk":      func(p *credential.Permission) { p.Risk = "severe" },
		"id twice in a row": func(p *credential.Permission) { p.ID = "p2" },
	} {
		list = append(list, refusal{name, one, func(f *fixture) { do(f.permission()) }, reason.CredentialSchemaInvalid})
	}
	for name, do := range map[string]func(c *credential.Constraint){
		"reader's":           func(c *credential.Constraint) { c.Void = true },
		"include empty":      func(c *credential.Constraint) { c.Include = []string{} },
		"dateFrom":           func(c *credential.Constraint) { c.DateFrom = "2024-1-1" },
		"dateTo":             func(c *credential.Constraint) { c.DateTo = "2023-02-29" },
		"dates reversed":     func(c *credential.Constraint) { c.DateFrom, c.DateTo = "2024-01-02", "2024-01-01" },
		"level":              func(c *credential.Constraint) { c.MinAssurance = "very-high" },
		"uses":               func(c *credential.Constraint) { c.MaxUses = -1 },
		"confirm-x":          func(c *credential.Constraint) { c.Requires = []string{"confirm-x"} },
		"human-approval:2":   func(c *credential.Constraint) { c.Requires = []string{"human-approval:2"} },
		"step-up bare":       func(c *credential.Constraint) { c.Requires = []string{"step-up"} },
		"step-up unknown":    func(c *credential.Constraint) { c.Requires = []string{"step-up:very-high"} },
		"step-up and more":   func(c *credential.Constraint) { c.Requires = []string{"audit:x", "step-up:high:x"} },
		"step-up:high, worn": func(c *credential.Constraint) { c.Requires = []string{"step-uphigh"} },
	} {
		list = append(list, refusal{name, one, func(f *fixture) { do(&f.permission().Constraint) }, reason.CredentialUnknownConstraint},
			refusal{name + " in the child", two, func(f *fixture) { do(&f.permission().Constraint) }, reason.CredentialUnknownConstraint})
	}
	return list
}

func trustRefusals() []refusal {
	type rel = trustframework.Relationship
	return []refusal{
		{"flag", one, func(f *fixture) { f.w.Framework.Unavailable = true }, reason.TrustRegistryUnavailable},
		{"age", one, func(f *fixture) { f.w.Framework.AsOf = f.w.Now.Add(-time.Hour - 1) }, reason.TrustRegistryStale},
		{"no such", one, func(f *fixture) { f.root().Relationship = "friend" }, reason.TrustRelationshipUnknown},
		{"basis", one, func(f *fixture) { f.root().LegalBasis = "best-interest" }, reason.TrustLegalBasisMismatch},
		{"self issue", selfIssuedRoot, func(f *fixture) { f.relationship(func(r *rel) { r.SelfIssue = false }) }, reason.TrustSelfIssuedForbidden},
		{"no binding", selfIssuedRoot, func(f *fixture) { f.p.Supporting = nil }, reason.TrustPrincipalUnbound},
		{"another's binding", selfIssuedRoot, func(f *fixture) { f.p.Supporting[0].Credential.Delegate.ID = "bob" }, reason.TrustPrincipalUnbound},
		{"binding of another type", selfIssuedRoot, func(f *fixture) {
			f.p.Supporting[0].Credential.Type = credential.TypeWorkgroupMembership
		}, reason.TrustPrincipalUnbound},
		{"binding for a group", selfIssuedRoot, func(f *fixture) { f.p.Supporting[0].Credential.Workgroup = "x" }, reason.TrustPrincipalUnbound},
		{"binding unsigned", selfIssuedRoot, func(f *fixture) { f.p.Supporting[0].Signature = Failed }, reason.TrustPrincipalUnbound},
		{"binding unread", selfIssuedRoot, func(f *fixture) { f.p.Supporting[0].Credential = nil }, reason.TrustPrincipalUnbound},
		{"binding without start", selfIssuedRoot, func(f *fixture) {
			f.accreditation(1).From = time.Time{}
			f.p.Supporting[0].Credential.ValidFrom = time.Time{}
		}, reason.TrustPrincipalUnbound},
		{"binding to come", selfIssuedRoot, func(f *fixture) {
			f.p.Supporting[0].Credential.ValidFrom = f.w.Now.Add(1)
		}, reason.TrustPrincipalUnbound},
		{"binding ended", selfIssuedRoot, func(f *fixture) { f.p.Supporting[0].Credential.ValidUntil = f.w.Now }, reason.TrustPrincipalUnbound},
		{"binding revoked", selfIssuedRoot, func(f *fixture) { f.w.Status["support0"] = Status{State: "revoked"} }, reason.TrustPrincipalUnbound},
		{"binding of unknown status", selfIssuedRoot, func(f *fixture) { delete(f.w.Status, "support0") }, reason.TrustPrincipalUnbound},
		{"binding by nobody", selfIssuedRoot, func(f *fixture) { f.p.Supporting[0].Credential.Issuer = "bob" }, reason.TrustPrincipalUnbound},
		{"binding by one not accredited for it", selfIssuedRoot, func(f *fixture) {
			f.accreditation(1).Types = []string{"DelegationCredential"}
		}, reason.TrustPrincipalUnbound},
		{"binding issued before accreditation", selfIssuedRoot, func(f *fixture) {
			f.accreditation(1).From = at("2026-01-02T00:00:00Z")
		}, reason.TrustPrincipalUnbound},
		{"binding on a broken path", selfIssuedRoot, func(f *fixture) { f.accreditation(0).Status = trustframework.Revoked }, reason.TrustPrincipalUnbound},
		{"validity", one, func(f *fixture) { f.relationship(func(r *rel) { r.MaxValidityDays = 364 }) }, reason.TrustValidityTooLong},
		{"kind", one, func(f *fixture) { f.relationship(func(r *rel) { r.DelegateKinds = []string{"agent"} }) }, reason.TrustDelegateKind},
		{"no transition", one, func(f *fixture) { f.relationship(func(r *rel) { r.TransitionRequired = true }) }, reason.TrustRelationshipRule},
		{"past transition", one, func(f *fixture) {
			f.relationship(func(r *rel) { r.TransitionRequired = true })
			f.root().TransitionAt = f.root().ValidUntil.Add(-time.Second)
		}, reason.TrustRelationshipRule},
		{"own grant", one, func(f *fixture) {
			f.relationship(func(r *rel) { r.SeparationOfDuties = true })
			f.root().GrantedBy = "bob"
		}, reason.TrustSeparationOfDuties},
		{"no review", one, func(f *fixture) { f.relationship(func(r *rel) { r.ReviewRequired = true }) }, reason.TrustRelationshipRule},
		{"place of the root", one, func(f *fixture) { f.r.Jurisdiction = "GB-WLS" }, reason.TrustJurisdiction},
		{"place of the leaf", two, func(f *fixture) { f.leafCredential().Jurisdiction = []string{} }, reason.TrustJurisdiction},
		{"depth of the root", one, func(f *fixture) { f.root().Redelegation.MaxDepth = 2 }, reason.TrustRedelegationForbidden},
	}
}

func accreditationRefusals() []refusal {
	const wrong = "other"
	list := []refusal{
		{"nobody", one, func(f *fixture) { f.root().Issuer = "nobody" }, reason.TrustIssuerUnknown},
		{"type", one, func(f *fixture) { f.accreditation(1).Types = []string{"IdentityBindingCredential"} }, reason.TrustTypeNotAccredited},
		{"no anchor", one, func(f *fixture) { f.w.Framework.Anchors = nil }, reason.TrustPathBroken},
		{"accreditor of nothing", one, func(f *fixture) { f.accreditation(0).Types = []string{"DelegationCredential"} }, reason.TrustPathBroken},
		{"limit", one, func(f *fixture) { f.w.Framework.Limits.MaxAccreditationPath = 1 }, reason.TrustPathTooLong},
		{"no limit given", one, func(f *fixture) { f.w.Framework.Limits.MaxAccreditationPath = 0 }, reason.TrustPathTooLong},
		{"loop", one, func(f *fixture) {
			f.accreditation(0).AccreditedBy = "proxy"
			f.accreditation(1).Types = append(f.accreditation(1).Types, "Accreditation")
		}, reason.TrustPathTooLong},
		{"issued before", one, func(f *fixture) { f.accreditation(1).From = f.root().ValidFrom.Add(1) }, reason.TrustIssuerOutsideValidity},
		{"relationship above", one, func(f *fixture) { f.accreditation(0).Relationships = []string{} }, reason.TrustRelationshipNotAccredited},
		{"assurance withheld", one, func(f *fixture) { f.root().Assurance = nil }, reason.TrustAssuranceTooLow},
		{"assurance of the delegate", one, func(f *fixture) { f.root().Assurance.Delegate = "substantial" }, reason.TrustAssuranceTooLow},
		{"assurance of the principal", one, func(f *fixture) { f.root().Assurance.Principal = "unheard" }, reason.TrustAssuranceTooLow},
		{"floor unknown", one, func(f *fixture) { f.accreditation(0).MinAssurance = "top" }, reason.TrustAssuranceTooLow},
		{"resource", one, func(f *fixture) { f.accreditation(1).Resources = []string{"record"} }, reason.TrustScopeNotAccredited},
		{"resource above", one, func(f *fixture) { f.accreditation(0).Resources = []string{"appointments/gp"} }, reason.TrustScopeNotAccredited},
		{"no resource", one, func(f *fixture) { f.accreditation(0).Resources = []string{} }, reason.TrustScopeNotAccredited},
		{"action", one, func(f *fixture) { f.accreditation(1).Actions = []string{"book"} }, reason.TrustScopeNotAccredited},
		{"action above", one, func(f *fixture) { f.accreditation(0).Actions = []string{"view"} }, reason.TrustScopeNotAccredited},
		{"risk", one, func(f *fixture) { f.accreditation(0).MaxRisk = "routine"; f.permission().Risk = "sensitive" }, reason.TrustRiskExceeded},
		{"risk ceiling unknown", one, func(f *fixture) { f.accreditation(0).MaxRisk = "some" }, reason.TrustRiskExceeded},
		{"risk of a self-issued root", selfIssuedRoot, func(f *fixture) {
			f.relationship(func(r *trustframework.Relationship) { r.MaxRisk = "routine" })
			f.permission().Risk = "high"
		}, reason.TrustRiskExceeded},
	}
	for i := range 2 {
		for name, c := range map[string]struct {
			do   func(a *trustframework.Accreditation)
			code reason.Code
		}{
			"revoked":      {func(a *trustframework.Accreditation) { a.Status = trustframework.Revoked }, reason.TrustIssuerRevoked},
			"suspended":    {func(a *trustframework.Accreditation) { a.Status = trustframework.Suspended }, reason.TrustIssuerSuspended},
			"odd status":   {func(a *trustframework.Accreditation) { a.Status = "" }, reason.TrustIssuerSuspended},
			"to come":      {func(a *trustframework.Accreditation) { a.From = at("2026-11-22T10:00:01Z") }, reason.TrustIssuerOutsideValidity},
			"ended":        {func(a *trustframework.Accreditation) { a.Until = at("2026-11-22T10:00:00Z") }, reason.TrustIssuerOutsideValidity},
			"retired":      {func(a *trustframework.Accreditation) { a.Status, a.RetiredAt = trustframework.Retired, a.From }, reason.TrustIssuerOutsideValidity},
			"relationship": {func(a *trustframework.Accreditation) { a.Relationships = []string{wrong} }, reason.TrustRelationshipNotAccredited},
			"basis":        {func(a *trustframework.Accreditation) { a.LegalBases = []string{wrong} }, reason.TrustLegalBasisNotAccredited},
			"place":        {func(a *trustframework.Accreditation) { a.Jurisdictions = []string{wrong} }, reason.TrustJurisdiction},
			"controller":   {func(a *trustframework.Accreditation) { a.Controllers = []string{wrong} }, reason.TrustControllerNotAccredited},
			"purpose":      {func(a *trustframework.Accreditation) { a.Purposes = []string{wrong} }, reason.TrustPurposeNotAccredited},
		} {
			name := []string{"accreditor ", "issuer "}[i] + name
			list = append(list, refusal{name, one, func(f *fixture) { c.do(f.accreditation(i)) }, c.code})
		}
	}
	return list
}

func statusRefusals() []refusal {
	var list []refusal
	for name, c := range map[string]struct {
		state string
		code  reason.Code
	}{
		"revoked": {"revoked", reason.StatusRevoked}, "suspended": {"suspended", reason.StatusSuspended},
		"unavailable": {"unavailable", reason.StatusUnavailable}, "none": {"", reason.StatusUnavailable},
		"unknown": {"Valid", reason.StatusUnavailable},
	} {
		for _, link := range []string{"link0", "link1"} {
			list = append(list, refusal{name + " " + link, two, func(f *fixture) {
				f.w.Status[link] = Status{State: c.state}
			}, c.code})
		}
	}
	return append(list,
		refusal{"no entry", one, func(f *fixture) { f.w.Status = nil }, reason.StatusUnavailable},
		refusal{"first bad link decides", two, func(f *fixture) {
			f.w.Status["link0"], f.w.Status["link1"] = Status{State: "suspended"}, Status{State: "revoked"}
		}, reason.StatusSuspended},
		refusal{"old", one, func(f *fixture) { f.w.Status["link0"] = Status{"valid", 24*time.Hour + 1} }, reason.StatusStale},
		refusal{"old link below", two, func(f *fixture) { f.w.Status["link1"] = Status{"valid", 24*time.Hour + 1} }, reason.StatusStale},
		refusal{"old membership", team, func(f *fixture) { f.w.Status["support0"] = Status{"valid", 24*time.Hour + 1} }, reason.StatusStale},
		refusal{"old binding", selfIssuedRoot, func(f *fixture) { f.w.Status["support0"] = Status{"valid", 24*time.Hour + 1} }, reason.StatusStale},
		refusal{"class without a bound", one, func(f *fixture) {
			f.w.Status["link0"] = Status{State: "valid"}
			f.policy(func(p *trustframework.ControllerPolicy) { delete(p.ByRisk, "routine") })
		}, reason.StatusStale},
	)
}

func chainRefusals() []refusal {
	return []refusal{
		{"to oneself", one, func(f *fixture) { f.root().Delegate.ID, f.p.Presenter = "alice", "alice" }, reason.ChainCycle},
		{"back to the principal", two, child(func(c *credential.Credential) { c.Delegate.ID = "alice" }), reason.ChainCycle},
		{"back to the delegate", two, child(func(c *credential.Credential) { c.Delegate.ID = "bob" }), reason.ChainCycle},
		{"back to an earlier delegate", func() *fixture { return chainOf(3) }, child(func(c *credential.Credential) { c.Delegate.ID = "bob" }), reason.ChainCycle},
		{"back to a child", func() *fixture { return chainOf(4) }, child(func(c *credential.Credential) { c.Delegate.ID = "delegate1" }), reason.ChainCycle},
		{"principal", two, child(func(c *credential.Credential) { c.OnBehalfOf.ID = "dave" }), reason.ChainPrincipalChanged},
		{"relationship", two, child(func(c *credential.Credential) { c.Relationship = "friend" }), reason.ChainBasisChanged},
		{"basis", two, child(func(c *credential.Credential) { c.LegalBasis = "other" }), reason.ChainBasisChanged},
		{"grantor", two, child(func(c *credential.Credential) { c.GrantedBy, c.Issuer = "mallory", "mallory" }), reason.ChainGrantorNotDelegate},
		{"grantor is the issuer of the root", two, child(func(c *credential.Credential) { c.GrantedBy, c.Issuer = "proxy", "proxy" }), reason.ChainGrantorNotDelegate},
		{"issuer", two, child(func(c *credential.Credential) { c.Issuer = "mallory" }), reason.ChainIssuerNotDelegate},
		{"issuer that may not mediate", mediated, func(f *fixture) { f.accreditation(1).Mediates = false }, reason.ChainIssuerNotDelegate},
		{"mediator's purposes", mediated, func(f *fixture) {
			second := *f.accreditation(1)
			f.accreditation(1).Mediates = false
			second.Purposes = []string{"other"}
			f.w.Framework.Accreditations = append(f.w.Framework.Accreditations, second)
		}, reason.TrustPurposeNotAccredited},
		{"mediator's type", mediated, func(f *fixture) { ownMediator(f).Types = []string{"IdentityBindingCredential"} }, reason.TrustTypeNotAccredited},
		{"mediator's start", mediated, func(f *fixture) { ownMediator(f).From = f.leafCredential().ValidFrom.Add(1) }, reason.TrustIssuerOutsideValidity},
		{"mediator's resources", mediated, func(f *fixture) { ownMediator(f).Resources = []string{"record"} }, reason.TrustScopeNotAccredited},
		{"mediator's actions", mediated, func(f *fixture) { ownMediator(f).Actions = []string{"view"} }, reason.TrustScopeNotAccredited},
		{"mediator's risk", mediated, func(f *fixture) {
			ownMediator(f).MaxRisk = "routine"
			f.permission().Risk = "sensitive"
		}, reason.TrustRiskExceeded},
	}
}

func wideningRefusals() []refusal {
	return []refusal{
		{"depth used up", two, func(f *fixture) { f.root().Redelegation.MaxDepth = 0 }, reason.ChainRedelegationForbidden},
		{"depth", two, child(func(c *credential.Credential) { c.Redelegation.MaxDepth = 1 }), reason.ChainDepthWidened},
		{"kind", two, child(func(c *credential.Credential) { c.Delegate.Kind = "organisation" }), reason.ChainDelegateKind},
		{"kind by default", two, func(f *fixture) {
			f.root().Redelegation.Kinds, f.leafCredential().Redelegation.Kinds = nil, nil
			f.leafCredential().Delegate.Kind = "agent"
		}, reason.ChainDelegateKind},
		{"kind of none", two, func(f *fixture) {
			f.root().Redelegation.Kinds, f.leafCredential().Redelegation.Kinds = []string{}, []string{}
		}, reason.ChainDelegateKind},
		{"kinds passed on", two, child(func(c *credential.Credential) { c.Redelegation.Kinds = []string{"organisation"} }), reason.ChainDelegateKind},
		{"kinds passed on by default", two, func(f *fixture) {
			f.root().Redelegation.Kinds = []string{"agent"}
			f.leafCredential().Delegate.Kind, f.leafCredential().Redelegation.Kinds = "agent", nil
		}, reason.ChainDelegateKind},
		{"start", two, child(func(c *credential.Credential) { c.ValidFrom = c.ValidFrom.Add(-time.Second) }), reason.ChainValidityWidened},
		{"end", two, child(func(c *credential.Credential) { c.ValidUntil = c.ValidUntil.Add(time.Second) }), reason.ChainValidityWidened},
		{"purpose", two, child(func(c *credential.Credential) { c.Purposes = append(c.Purposes, "research") }), reason.ChainPurposeWidened},
		{"controller", two, child(func(c *credential.Credential) { c.Controllers = append(c.Controllers, "other") }), reason.ChainControllerWidened},
		{"jurisdiction", two, child(func(c *credential.Credential) { c.Jurisdiction = append(c.Jurisdiction, "GB-WLS") }), reason.ChainJurisdictionWidened},
		{"prohibition", two, func(f *fixture) { prohibit(f.root(), "record/notes", "view") }, reason.ChainProhibitionDropped},
		{"prohibited action", two, func(f *fixture) {
			prohibit(f.root(), "record/notes", "view", "submit")
			prohibit(f.leafCredential(), "record/notes", "view")
		}, reason.ChainProhibitionDropped},
		{"prohibited above", two, func(f *fixture) {
			prohibit(f.root(), "record/notes", "view")
			prohibit(f.leafCredential(), "record", "view")
		}, reason.ChainProhibitionDropped},
	}
}

// mediated is two, with the child signed by the issuer of the root for bob.
func mediated() *fixture {
	f := two()
	f.leafCredential().Issuer = "proxy"
	return f
}

// ownMediator gives the child a mediator of its own and returns its accreditation.
func ownMediator(f *fixture) *trustframework.Accreditation {
	m := *f.accreditation(1)
	m.Issuer = "mediator"
	f.leafCredential().Issuer = "mediator"
	f.w.Framework.Accreditations = append(f.w.Framework.Accreditations, m)
	return f.accreditation(len(f.w.Framework.Accreditations) - 1)
}

func authorityRefusals() []refusal {
	type policy = trustframework.ControllerPolicy
	restrict := func(r Restriction) func(f *fixture) {
		return func(f *fixture) { f.w.Restrictions = append(f.w.Restrictions, r) }
	}
	return []refusal{
		{"principal", one, func(f *fixture) { f.r.Principal = "dave" }, reason.AuthorityPrincipalMismatch},
		{"controller", two, func(f *fixture) { f.leafCredential().Controllers = []string{} }, reason.AuthorityControllerNotGranted},
		{"purpose", two, func(f *fixture) { f.leafCredential().Purposes = []string{} }, reason.AuthorityPurposeNotGranted},
		{"everybody", one, restrict(Restriction{Principal: "alice"}), reason.ControllerRestriction},
		{"everybody by star", one, restrict(Restriction{Principal: "alice", Delegate: "*"}), reason.ControllerRestriction},
		{"a link's delegate", two, restrict(Restriction{Principal: "alice", Delegate: "bob"}), reason.ControllerRestriction},
		{"the presenter", team, restrict(Restriction{Principal: "alice", Delegate: "bob"}), reason.ControllerRestriction},
		{"above", one, restrict(Restriction{Principal: "alice", Resource: "appointments"}), reason.ControllerRestriction},
		{"below", one, restrict(Restriction{Principal: "alice", Resource: "appointments/mental-health"}), reason.ControllerRestriction},
		{"before any offer", one, func(f *fixture) {
			f.w.Restrictions = []Restriction{{Principal: "alice"}}
			f.permission().Constraint.Requires = []string{"confirm"}
		}, reason.ControllerRestriction},
		{"not listed", one, func(f *fixture) { f.policy(func(p *policy) { p.Proxyable = []string{"record"} }) }, reason.ControllerNotProxyable},
		{"exception", one, func(f *fixture) { f.policy(func(p *policy) { p.NotProxyable = []string{"appointments"} }) }, reason.ControllerNotProxyable},
		{"exception below", one, func(f *fixture) {
			f.policy(func(p *policy) { p.NotProxyable = []string{"appointments/mental-health"} })
		}, reason.ControllerNotProxyable},
		{"exception below, with another way on", one, func(f *fixture) {
			f.policy(func(p *policy) { p.NotProxyable = []string{"appointments/mental-health"} })
			extra := *f.permission()
			extra.ID, extra.Resource = "p3", "appointments/gp"
			f.root().Permissions = append(f.root().Permissions, extra)
		}, reason.AuthorityRequestTooBroad},
		{"in the leaf", one, func(f *fixture) { prohibit(f.root(), "appointments", "book") }, reason.AuthorityProhibited},
		{"below the request", one, func(f *fixture) { prohibit(f.root(), "appointments/gp", "book") }, reason.AuthorityProhibited},
		{"in the leaf alone", two, func(f *fixture) { prohibit(f.leafCredential(), "appointments", "book") }, reason.AuthorityProhibited},
		{"resource", one, func(f *fixture) {
			f.r.Resource = "appointments-archive"
			f.policy(func(p *policy) { p.Proxyable = []string{"*"} })
		}, reason.AuthorityResourceNotGranted},
		{"action", one, func(f *fixture) { f.r.Action = "cancel" }, reason.AuthorityActionNotGranted},
		{"too broad", one, func(f *fixture) {
			f.r.Resource, f.r.Action = "record", "view"
			f.policy(func(p *policy) { p.NotProxyable = nil })
		}, reason.AuthorityRequestTooBroad},
	}
}

func permissionChainRefusals() []refusal {
	change := func(do func(parent, child *credential.Permission)) func(f *fixture) {
		return func(f *fixture) { do(&f.root().Permissions[0], f.permission()) }
	}
	type p = credential.Permission
	return []refusal{
		{"resource", two, change(func(a, c *p) { a.Resource = "appointments/gp" }), reason.ChainScopeWidened},
		{"action", two, change(func(a, c *p) { a.Actions = []string{"book"} }), reason.ChainScopeWidened},
		{"parent hidden", two, func(f *fixture) { f.p.Disclosed = map[string][]string{"link0": {"p2"}} }, reason.ChainScopeWidened},
		{"parent void", two, func(f *fixture) {
			f.root().Permissions[0].Constraint.Void = true
			f.root().Permissions[0].Actions = []string{"book", "view"}
			f.root().Permissions[0].Resource = "appointments"
			f.r.Action = "book"
		}, reason.CredentialUnknownConstraint},
		{"dateFrom dropped", two, change(func(a, c *p) { a.Constraint.DateFrom = "2024-01-01" }), reason.ChainConstraintRelaxed},
		{"dateFrom earlier", two, change(func(a, c *p) { a.Constraint.DateFrom, c.Constraint.DateFrom = "2024-01-02", "2024-01-01" }), reason.ChainConstraintRelaxed},
		{"dateTo dropped", two, change(func(a, c *p) { a.Constraint.DateTo = "2024-01-01" }), reason.ChainConstraintRelaxed},
		{"dateTo later", two, change(func(a, c *p) { a.Constraint.DateTo, c.Constraint.DateTo = "2024-01-01", "2024-01-02" }), reason.ChainConstraintRelaxed},
		{"exclusion dropped", two, change(func(a, c *p) { a.Constraint.Exclude = []string{"x", "y"}; c.Constraint.Exclude = []string{"x"} }), reason.ChainConstraintRelaxed},
		{"inclusion dropped", two, change(func(a, c *p) { a.Constraint.Include = []string{"x"} }), reason.ChainConstraintRelaxed},
		{"inclusion widened", two, change(func(a, c *p) { a.Constraint.Include = []string{"x"}; c.Constraint.Include = []string{"x", "y"} }), reason.ChainConstraintRelaxed},
		{"floor", two, change(func(a, c *p) { a.Constraint.MinAssurance, c.Constraint.MinAssurance = "high", "substantial" }), reason.ChainConstraintRelaxed},
		{"uses dropped", two, change(func(a, c *p) { a.Constraint.MaxUses = 3 }), reason.ChainConstraintRelaxed},
		{"uses raised", two, change(func(a, c *p) { a.Constraint.MaxUses, c.Constraint.MaxUses = 3, 4 }), reason.ChainConstraintRelaxed},
		{"requirement", two, change(func(a, c *p) { a.Constraint.Requires = []string{"audit:x"} }), reason.ChainConditionDropped},
		{"step-up by another level", two, change(func(a, c *p) {
			a.Constraint.Requires, c.Constraint.Requires = []string{"step-up:substantial"}, []string{"step-up:high"}
		}), reason.ChainConditionDropped},
		{"the last parent beyond scope names it", two, func(f *fixture) {
			second := f.root().Permissions[0]
			second.ID, second.Constraint.DateFrom = "p3", "2024-01-01"
			f.root().Permissions[0].Constraint.Requires = []string{"audit:x"}
			f.root().Permissions = append(f.root().Permissions, second)
		}, reason.ChainConstraintRelaxed},
		{"first relaxed wins the reason", two, func(f *fixture) {
			second := *f.permission()
			second.ID, second.Constraint.Void = "p3", true
			f.root().Permissions[0].Constraint.Requires = []string{"audit:x"}
			f.leafCredential().Permissions = append(f.leafCredential().Permissions, second)
		}, reason.ChainConditionDropped},
	}
}

func matchRefusals() []refusal {
	type policy = trustframework.ControllerPolicy
	with := func(do func(c *credential.Constraint)) func(f *fixture) {
		return func(f *fixture) { do(&f.permission().Constraint) }
	}
	return []refusal{
		{"excluded", one, func(f *fixture) {
			f.permission().Constraint.Exclude = []string{"private"}
			f.r.Categories = []string{"other", "private"}
		}, reason.AuthorityCategoryExcluded},
		{"not included", one, func(f *fixture) {
			f.permission().Constraint.Include = []string{"a"}
			f.r.Categories = []string{"a", "b"}
		}, reason.AuthorityCategoryExcluded},
		{"none is not included", one, with(func(c *credential.Constraint) { c.Include = []string{"a"} }), reason.AuthorityCategoryExcluded},
		{"ends before", one, func(f *fixture) {
			f.permission().Constraint.DateFrom = "2024-01-02"
			f.r.Window = &Window{"2023-01-01", "2024-01-01"}
		}, reason.AuthorityDateOutsideWindow},
		{"begins after", one, func(f *fixture) {
			f.permission().Constraint.DateTo = "2024-01-01"
			f.r.Window = &Window{"2024-01-02", "2024-01-03"}
		}, reason.AuthorityDateOutsideWindow},
		{"last use", one, func(f *fixture) { f.permission().Constraint.MaxUses, f.r.UsesSoFar = 2, 2 }, reason.AuthorityUsesExhausted},
		{"relationship's ceiling", one, func(f *fixture) {
			f.relationship(func(r *trustframework.Relationship) { r.MaxRisk = "routine" })
			f.policy(func(p *policy) { p.Risk = map[string]string{"appointments": "sensitive"} })
		}, reason.TrustRiskExceeded},
		{"agent", one, func(f *fixture) { f.root().Delegate.Kind = "agent"; f.permission().Risk = "sensitive" }, reason.ControllerAgentRisk},
		{"agent above a person", two, func(f *fixture) { f.root().Delegate.Kind = "agent"; f.permission().Risk = "sensitive" }, reason.ControllerAgentRisk},
		{"agent by the controller's class below", one, func(f *fixture) {
			f.root().Delegate.Kind = "agent"
			f.policy(func(p *policy) { p.Risk = map[string]string{"appointments/mental-health": "sensitive"} })
		}, reason.ControllerAgentRisk},
		{"class unknown is high", one, func(f *fixture) {
			f.root().Delegate.Kind = "agent"
			f.policy(func(p *policy) {
				p.Risk = map[string]string{"appointments": "grave"}
				p.Agent.MaxRisk = "sensitive"
			})
		}, reason.ControllerAgentRisk},
		{"risk of a parent", two, func(f *fixture) {
			f.root().Permissions[0].Risk = "sensitive"
			f.leafCredential().Delegate.Kind = "agent"
		}, reason.ControllerAgentRisk},
	}
}

func conditionRefusals() []refusal {
	type policy = trustframework.ControllerPolicy
	with := func(do func(c *credential.Constraint)) func(f *fixture) {
		return func(f *fixture) { do(&f.permission().Constraint) }
	}
	return []refusal{
		{"overdue above routine", one, func(f *fixture) { f.permission().Risk = "sensitive"; f.root().ReviewBy = f.w.Now.Add(-1) }, reason.ConditionReviewOverdue},
		{"overdue with an agent", one, func(f *fixture) {
			f.permission().Risk, f.root().Delegate.Kind = "sensitive", "agent"
			f.policy(func(p *policy) { p.Agent.MaxRisk = "high" })
			f.root().ReviewBy = f.w.Now.Add(-1)
		}, reason.ConditionReviewOverdue},
		{"permission's level", one, func(f *fixture) { f.permission().Constraint.MinAssurance, f.r.Assurance = "high", "" }, reason.ConditionStepUpRequired},
		{"parent's level", two, func(f *fixture) {
			for i := range f.p.Chain {
				f.p.Chain[i].Credential.Permissions[0].Constraint.MinAssurance = "high"
			}
			f.r.Assurance = "substantial"
		}, reason.ConditionStepUpRequired},
		{"class's level", one, func(f *fixture) {
			f.class("routine", func(c *trustframework.RiskPolicy) { c.MinAssurance = "substantial" })
			f.r.Assurance = "low"
		}, reason.ConditionStepUpRequired},
		{"class's level unknown", one, func(f *fixture) { f.class("routine", func(c *trustframework.RiskPolicy) { c.MinAssurance = "top" }) }, reason.ConditionStepUpRequired},
		{"requirement", one, func(f *fixture) {
			f.permission().Constraint.Requires, f.r.Assurance = []string{"step-up:high"}, "substantial"
		}, reason.ConditionStepUpRequired},
		{"requirement cannot be satisfied by saying so", one, func(f *fixture) {
			f.permission().Constraint.Requires, f.r.Assurance = []string{"step-up:high"}, "substantial"
			f.r.Satisfied = []string{"step-up:high"}
		}, reason.ConditionStepUpRequired},
		{"relationship's requirement", one, func(f *fixture) {
			f.relationship(func(r *trustframework.Relationship) { r.MandatoryRequires = []string{"step-up:high"} })
			f.r.Assurance = "low"
		}, reason.ConditionStepUpRequired},
		{"approval", one, with(func(c *credential.Constraint) { c.Requires = []string{"human-approval"} }), reason.ConditionHumanApprovalRequired},
		{"approval for agents", one, func(f *fixture) {
			f.root().Delegate.Kind = "agent"
			f.policy(func(p *policy) { p.Agent.Requires = []string{"human-approval"} })
		}, reason.ConditionHumanApprovalRequired},
		{"confirmation", one, with(func(c *credential.Constraint) { c.Requires = []string{"confirm"} }), reason.ConditionConfirmationRequired},
		{"approval before confirmation", one, with(func(c *credential.Constraint) { c.Requires = []string{"confirm", "human-approval"} }), reason.ConditionHumanApprovalRequired},
		{"unknown obligation", one, with(func(c *credential.Constraint) { c.Requires = []string{"dance"} }), reason.ConditionObligationUnsupported},
		{"obligation not declared", one, func(f *fixture) {
			f.permission().Constraint.Requires = []string{"audit:x", "notify:principal"}
			f.r.SupportedObligations = []string{"notify:"}
		}, reason.ConditionObligationUnsupported},
		{"nothing declared", one, func(f *fixture) {
			f.permission().Constraint.Requires = []string{"audit:x"}
			f.r.SupportedObligations = []string{}
		}, reason.ConditionObligationUnsupported},
	}
}
