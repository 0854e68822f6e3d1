// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
)

// relaxation widens one dimension of a child, and that alone (§16, generator lesson).
type relaxation struct {
	name string
	code reason.Code // what it is refused with, if nothing stands before it

	// limit gives the root what there is to relax; nil where every root has it.
	limit func(c *credential.Credential, p *credential.Permission)
	// relax widens child c of parent a; p is the permission of c that is asked about.
	relax func(c, a *credential.Credential, p *credential.Permission)
	// exploit asks for what only the relaxation would grant; nil where no request can.
	exploit func(r *Request)
}

// relaxations has every dimension that §16 names, and further ones that S6 lists. The entries are
// made anew because tests keep no state; their functions capture nothing.
func relaxations() []relaxation {
	return slices.Concat(constraintRelaxations(), scopeRelaxations(), listRelaxations(), linkRelaxations())
}

func constraintRelaxations() []relaxation {
	type (
		link = credential.Credential
		perm = credential.Permission
	)
	return []relaxation{
		{
			"dateFrom", reason.ChainConstraintRelaxed,
			func(_ *link, p *perm) { p.Constraint.DateFrom = "2024-01-01" },
			func(_, _ *link, p *perm) { p.Constraint.DateFrom = "" },
			func(r *Request) { r.Window = &Window{"2023-01-01", "2023-01-01"} },
		}, {
			"dateTo", reason.ChainConstraintRelaxed,
			func(_ *link, p *perm) { p.Constraint.DateTo = "2025-01-01" },
			func(_, _ *link, p *perm) { p.Constraint.DateTo = "2026-01-01" },
			func(r *Request) { r.Window = &Window{"2026-01-01", "2026-01-01"} },
		}, {
			"exclude", reason.ChainConstraintRelaxed,
			func(_ *link, p *perm) { p.Constraint.Exclude = []string{"c1"} },
			func(_, _ *link, p *perm) { p.Constraint.Exclude = nil },
			func(r *Request) { r.Categories = []string{"c1"} },
		}, {
			"include", reason.ChainConstraintRelaxed,
			func(_ *link, p *perm) { p.Constraint.Include, p.Constraint.Exclude = []string{"c1"}, nil },
			func(_, _ *link, p *perm) { p.Constraint.Include = nil },
			func(r *Request) { r.Categories = []string{"c2"} },
		}, {
			"minAssurance", reason.ChainConstraintRelaxed,
			func(_ *link, p *perm) { p.Constraint.MinAssurance = "high" },
			func(_, _ *link, p *perm) { p.Constraint.MinAssurance = "low" },
			func(r *Request) { r.Assurance = "substantial" },
		}, {
			"requires", reason.ChainConditionDropped,
			func(_ *link, p *perm) { p.Constraint.Requires = []string{"confirm", "notify:principal"} },
			func(_, _ *link, p *perm) { p.Constraint.Requires = nil },
			func(r *Request) { r.Satisfied = nil },
		}, {
			"maxUses", reason.ChainConstraintRelaxed,
			func(_ *link, p *perm) { p.Constraint.MaxUses = 1 },
			func(_, _ *link, p *perm) { p.Constraint.MaxUses = 3 },
			func(r *Request) { r.UsesSoFar = 2 },
		},
	}
}

func scopeRelaxations() []relaxation {
	type (
		link = credential.Credential
		perm = credential.Permission
	)
	return []relaxation{
		{
			"actions", reason.ChainScopeWidened,
			func(_ *link, p *perm) { p.Actions = []string{"view"} },
			func(_, _ *link, p *perm) { p.Actions = []string{"view", "book"} },
			func(r *Request) { r.Action = "book" },
		}, {
			"resource", reason.ChainScopeWidened,
			func(_ *link, p *perm) { p.Resource = "a/b" },
			func(_, _ *link, p *perm) { p.Resource = "a" },
			func(r *Request) { r.Resource = "a/f" },
		}, {
			"prohibitions", reason.ChainProhibitionDropped,
			func(c *link, p *perm) { prohibit(c, "a/b/c", "book") },
			func(c, _ *link, _ *perm) { c.Prohibitions = []credential.Prohibition{} },
			func(r *Request) { r.Resource, r.Action = "a/b/c", "book" },
		},
	}
}

func listRelaxations() []relaxation {
	type (
		link = credential.Credential
		perm = credential.Permission
	)
	return []relaxation{
		{
			"purposes", reason.ChainPurposeWidened, nil,
			func(c, _ *link, _ *perm) { c.Purposes = append(c.Purposes, "research") },
			func(r *Request) { r.Purpose = "research" },
		}, {
			"controllers", reason.ChainControllerWidened, nil,
			func(c, _ *link, _ *perm) { c.Controllers = append(c.Controllers, "other") },
			func(r *Request) { r.Controller = "other" },
		}, {
			"jurisdiction", reason.ChainJurisdictionWidened, nil,
			func(c, _ *link, _ *perm) { c.Jurisdiction = append(c.Jurisdiction, "GB-WLS") },
			func(r *Request) { r.Jurisdiction = "" },
		}, {
			"kinds", reason.ChainDelegateKind, nil,
			func(c, _ *link, _ *perm) { c.Redelegation.Kinds = append(c.Redelegation.Kinds, "organisation") },
			nil,
		}, {
			"kind", reason.ChainDelegateKind, nil,
			func(c, _ *link, _ *perm) { c.Delegate.Kind = "organisation" },
			nil,
		}, {
			"depth", reason.ChainDepthWidened, nil,
			func(c, a *link, _ *perm) { c.Redelegation.MaxDepth = a.Redelegation.MaxDepth },
			nil,
		},
	}
}

func linkRelaxations() []relaxation {
	type (
		link = credential.Credential
		perm = credential.Permission
	)
	return []relaxation{
		{
			"validFrom", reason.ChainValidityWidened, nil,
			func(c, a *link, _ *perm) { c.ValidFrom = a.ValidFrom.Add(-time.Hour) },
			nil,
		}, {
			"validUntil", reason.ChainValidityWidened, nil,
			func(c, a *link, _ *perm) { c.ValidUntil = a.ValidUntil.Add(time.Hour) },
			nil,
		}, {
			"principal", reason.ChainPrincipalChanged, nil,
			func(c, _ *link, _ *perm) { c.OnBehalfOf.ID = "dave" },
			nil,
		}, {
			"basis", reason.ChainBasisChanged, nil,
			func(c, _ *link, _ *perm) { c.LegalBasis = "other" },
			nil,
		}, {
			"grantor", reason.ChainGrantorNotDelegate, nil,
			func(c, _ *link, _ *perm) { c.Issuer, c.GrantedBy = "mallory", "mallory" },
			nil,
		}, {
			"signer", reason.ChainIssuerNotDelegate, nil,
			func(c, _ *link, _ *perm) { c.Issuer = "mallory" },
			nil,
		}, {
			"cycle", reason.ChainCycle, nil,
			func(c, a *link, _ *perm) { c.Delegate.ID = a.OnBehalfOf.ID },
			nil,
		},
	}
}
