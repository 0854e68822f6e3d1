// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

func TestCheckRoot(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(f *fixture)
		want []reason.Code
	}{
		"good":         {func(*fixture) {}, nil},
		"valid later":  {func(f *fixture) { f.root().ValidFrom = f.w.Now.Add(time.Hour) }, nil},
		"self-issued":  {func(f *fixture) { f.root().Issuer = "alice" }, nil},
		"type":         {func(f *fixture) { f.root().Type = "" }, []reason.Code{reason.CredentialTypeUnknown}},
		"form":         {func(f *fixture) { f.root().Purposes = nil }, []reason.Code{reason.CredentialSchemaInvalid}},
		"permission":   {func(f *fixture) { f.permission().Resource = "*" }, []reason.Code{reason.CredentialSchemaInvalid}},
		"interval":     {func(f *fixture) { f.root().ValidUntil = f.root().ValidFrom }, []reason.Code{reason.CredentialSchemaInvalid}},
		"ended":        {func(f *fixture) { f.root().ValidUntil = f.w.Now }, []reason.Code{reason.CredentialExpired}},
		"parent":       {func(f *fixture) { f.root().Parent = &credential.Parent{} }, []reason.Code{reason.ChainParentMissing}},
		"no framework": {func(f *fixture) { f.w.Framework = nil }, []reason.Code{reason.TrustRegistryUnavailable}},
		"relationship": {func(f *fixture) { f.root().Relationship = "friend" }, []reason.Code{reason.TrustRelationshipUnknown}},
		"unknown":      {func(f *fixture) { f.root().Issuer = "nobody" }, []reason.Code{reason.TrustIssuerUnknown}},
		"self issue": {func(f *fixture) {
			f.root().Issuer = "alice"
			f.relationship(func(r *trustframework.Relationship) { r.SelfIssue = false })
		}, []reason.Code{reason.TrustSelfIssuedForbidden}},
		"several": {func(f *fixture) {
			f.root().LegalBasis = "other"
			f.root().ValidUntil = f.root().ValidFrom.AddDate(3, 0, 0)
			f.root().Delegate.ID = "alice"
			f.root().Redelegation.MaxDepth = 5
			f.permission().Resource = "messages"
			f.root().Permissions[1].Constraint.Void = true
		}, []reason.Code{
			reason.TrustLegalBasisMismatch, reason.TrustValidityTooLong, reason.ChainCycle,
			reason.TrustRedelegationForbidden, reason.TrustScopeNotAccredited, reason.CredentialUnknownConstraint,
		}},
	} {
		f := one()
		c.do(f)
		if got := CheckRoot(f.w.Framework, f.root(), f.w.Now); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := CheckRoot(one().w.Framework, nil, one().w.Now); !slices.Equal(got, []reason.Code{reason.CredentialSchemaInvalid}) {
		t.Errorf("nil: %v", got)
	}
}

// TestCheckChild holds CheckChild to Decide: of a child that Decide refuses for what it is, the
// reason is among those that CheckChild gives, and a good child has none.
func TestCheckChild(t *testing.T) {
	for _, c := range slices.Concat(chainRefusals(), wideningRefusals(), permissionChainRefusals()) {
		f := c.of()
		n := len(f.p.Chain)
		if n < 2 || f.root() == nil {
			continue
		}
		check := func() []reason.Code {
			parent, child := f.p.Chain[n-2].Credential, f.p.Chain[n-1].Credential
			if child.Issuer == child.GrantedBy {
				return CheckChild(parent, child)
			}
			return CheckMediated(f.w.Framework, parent, child, f.w.Now)
		}
		if got := check(); len(got) > 0 {
			t.Errorf("%s: the good child has %v", c.name, got)
		}
		c.do(f)
		if f.p.Disclosed != nil || strings.HasPrefix(c.name, "back to") && n > 2 || c.name == "parent void" {
			continue // what the links above are, and what was shown, the gateway alone knows
		}
		if got := check(); !slices.Contains(got, c.code) {
			t.Errorf("%s: %v lacks %s", c.name, got, c.code)
		}
	}
}

func TestCheckChildRefusesWhatCannotBeCompared(t *testing.T) {
	f, void := two(), two()
	void.permission().Constraint.Void = true
	noPurposes, everywhere := two().leafCredential(), two().leafCredential()
	noPurposes.Purposes, everywhere.Permissions[0].Resource = nil, "*"
	for name, c := range map[string]struct {
		got  []reason.Code
		want reason.Code
	}{
		"no parent":   {CheckChild(nil, f.leafCredential()), reason.ChainParentMissing},
		"no child":    {CheckChild(f.root(), nil), reason.CredentialSchemaInvalid},
		"empty child": {CheckChild(f.root(), &credential.Credential{}), reason.CredentialSchemaInvalid},
		"no purposes": {CheckChild(f.root(), noPurposes), reason.CredentialSchemaInvalid},
		"everywhere":  {CheckChild(f.root(), everywhere), reason.CredentialSchemaInvalid},
		"void":        {CheckChild(void.root(), void.leafCredential()), reason.CredentialUnknownConstraint},
		"mediated":    {CheckChild(f.root(), mediated().leafCredential()), reason.ChainIssuerNotDelegate},
		"registry":    {CheckMediated(nil, f.root(), f.leafCredential(), f.w.Now), reason.TrustRegistryUnavailable},
		"no mediator": {CheckMediated(f.w.Framework, f.root(), f.leafCredential(), f.w.Now), reason.ChainIssuerNotDelegate},
	} {
		if !slices.Equal(c.got, []reason.Code{c.want}) {
			t.Errorf("%s: %v, want %s", name, c.got, c.want)
		}
	}
}

func TestNoBroader(t *testing.T) {
	p := one().root().Permissions[1]
	if code := NoBroader(p, p); code != "" {
		t.Errorf("a permission is broader than itself: %s", code)
	}
	q := p
	q.Constraint.Requires = nil
	if code := NoBroader(q, p); code != reason.ChainConditionDropped {
		t.Errorf("got %q", code)
	}
	if code := NoBroader(p, q); code != "" {
		t.Errorf("the narrower one is broader: %s", code)
	}
}
