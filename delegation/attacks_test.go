// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// attack is one construction of a row of data/attacks.json, as far as the pure function sees it.
type attack struct {
	variant string // "" is the row's own case
	of      func() *fixture
	do      func(f *fixture)
	outcome Outcome
	code    reason.Code
}

func TestAttacks(t *testing.T) {
	for id, list := range attacks() {
		t.Run(id, func(t *testing.T) {
			for _, a := range list {
				f := a.of()
				a.do(f)
				if d := f.decide(); d.Outcome != a.outcome || d.Reason != a.code {
					t.Errorf("(%s): %v %s, want %v %s", a.variant, d.Outcome, d.Reason, a.outcome, a.code)
				}
			}
		})
	}
	t.Run("DEL-24", silentStop)
	t.Run("DEL-29", monotonicity)
}

// TestAttackRows holds the codes above to the published rows.
func TestAttackRows(t *testing.T) {
	type row struct {
		ID       string `json:"id"`
		Expected struct {
			Reason   any `json:"reason_code"`
			Variants []struct {
				Case   string      `json:"case"`
				Reason reason.Code `json:"reason_code"`
			} `json:"variants"`
		} `json:"expected"`
	}
	var file struct {
		Attacks []row `json:"attacks"`
	}
	if err := strictjson.Unmarshal(shared.Open(t, "data/attacks.json"), &file); err != nil {
		t.Fatal(err)
	}
	want := map[string]reason.Code{}
	for _, r := range file.Attacks {
		if code, ok := r.Expected.Reason.(string); ok {
			want[r.ID] = reason.Code(code)
		}
		for _, v := range r.Expected.Variants {
			want[r.ID+v.Case] = v.Reason
		}
	}
	for id, list := range attacks() {
		for _, a := range list {
			if want[id+a.variant] != a.code {
				t.Errorf("%s(%s): the row says %q, the test %q", id, a.variant, want[id+a.variant], a.code)
			}
		}
	}
}

func attacks() map[string][]attack {
	all := wideningAttacks()
	maps.Copy(all, assemblyAttacks())
	maps.Copy(all, authorityAttacks())
	for links := 2; links <= 4; links++ {
		for i := range links {
			all["DEL-06"] = append(all["DEL-06"], attack{"", func() *fixture { return chainOf(links) }, func(f *fixture) {
				f.w.Status[f.p.Chain[i].Name] = Status{State: "revoked"}
			}, Deny, reason.StatusRevoked})
		}
	}
	return all
}

// child changes the leaf.
func child(do func(c *credential.Credential)) func(f *fixture) {
	return func(f *fixture) { do(f.leafCredential()) }
}

// onlyView is two with the one permission to view appointments.
func onlyView() *fixture {
	f := two()
	f.root().Permissions = f.root().Permissions[:1]
	f.root().Permissions[0].Actions = []string{"view"}
	f.leafCredential().Permissions = f.leafCredential().Permissions[:1]
	f.permission().Actions = []string{"view"}
	return f
}

// onlyTests is two with the one permission to view test results, which is asked for.
func onlyTests() *fixture {
	f := two()
	f.r.Resource, f.r.Action = "record/tests", "view"
	f.policy(func(p *trustframework.ControllerPolicy) { p.Requestable = nil })
	for i := range f.p.Chain {
		f.p.Chain[i].Credential.Permissions = f.p.Chain[i].Credential.Permissions[1:]
	}
	return f
}

func wideningAttacks() map[string][]attack {
	resource := func(r string) func(f *fixture) {
		return func(f *fixture) { f.r.Action, f.permission().Resource = "view", r }
	}
	unreadable := func(f *fixture) { f.p.Chain[1].Fault = reason.CredentialSchemaInvalid }
	return map[string][]attack{
		"DEL-01": {{"", onlyView, child(func(c *credential.Credential) { c.Permissions[0].Actions = []string{"view", "book"} }), Deny, reason.ChainScopeWidened}},
		"DEL-02": {
			{"", onlyView, resource("*"), Deny, reason.CredentialSchemaInvalid},
			{"", onlyView, resource("appointments/*"), Deny, reason.CredentialSchemaInvalid},
			{"c", onlyView, resource("Appointments"), Deny, reason.AuthorityResourceNotGranted},
			{"", onlyView, resource(""), Deny, reason.CredentialSchemaInvalid},
			{"", onlyView, resource("/"), Deny, reason.CredentialSchemaInvalid},
			{"g", onlyView, func(f *fixture) { f.r.Action, f.permission().Actions = "view", []string{"*"} }, Deny, reason.AuthorityResourceNotGranted},
			{"h", onlyView, func(f *fixture) { f.r.Action, f.permission().Actions = "view", []string{"View"} }, Deny, reason.AuthorityResourceNotGranted},
		},
		"DEL-03": {
			{"", onlyTests, func(f *fixture) { f.permission().Resource = "record" }, Deny, reason.ChainScopeWidened},
			{"", onlyTests, func(f *fixture) { f.r.Resource, f.permission().Resource = "record/tests-all", "record/tests-all" }, Deny, reason.ChainScopeWidened},
			{"c", onlyTests, unreadable, Deny, reason.CredentialSchemaInvalid}, // the reader knows the grammar
		},
		"DEL-04": {
			{"", two, child(func(c *credential.Credential) { c.ValidUntil = c.ValidUntil.Add(time.Second) }), Deny, reason.ChainValidityWidened},
			{"", two, child(func(c *credential.Credential) { c.ValidFrom = c.ValidFrom.Add(-time.Second) }), Deny, reason.ChainValidityWidened},
		},
		"DEL-05": {
			{"", func() *fixture { return chainOf(4) }, func(f *fixture) { f.w.Framework.Limits.MaxChainLinks = 3 }, Deny, reason.ChainTooLong},
			{"b", two, func(f *fixture) { f.root().Redelegation.MaxDepth = 0 }, Deny, reason.ChainRedelegationForbidden},
			{"c", two, child(func(c *credential.Credential) { c.Redelegation.MaxDepth = 1 }), Deny, reason.ChainDepthWidened},
			{"d", func() *fixture { return chainOf(3) }, func(*fixture) {}, Permit, reason.OK},
		},
	}
}

func assemblyAttacks() map[string][]attack {
	return map[string][]attack{
		"DEL-08": {
			{"", two, child(func(c *credential.Credential) { c.GrantedBy, c.Issuer = "mallory", "mallory" }), Deny, reason.ChainGrantorNotDelegate},
			{"b", two, child(func(c *credential.Credential) { c.Issuer = "mallory" }), Deny, reason.ChainIssuerNotDelegate},
			{"c", two, func(f *fixture) {
				f.p.Chain[1].Signature, f.p.Chain[1].Fault = Failed, reason.KeyControllerMismatch
			}, Deny, reason.KeyControllerMismatch},
			{"d", two, func(f *fixture) { f.p.Chain[1].Parent = NamedByID }, Deny, reason.ChainDigestMismatch},
		},
		"DEL-09": {{"", two, child(func(c *credential.Credential) { c.OnBehalfOf.ID = "dave" }), Deny, reason.ChainPrincipalChanged}},
		"DEL-10": {
			{"", one, func(f *fixture) { f.root().Issuer = "nobody" }, Deny, reason.TrustIssuerUnknown},
			{"b", selfIssuedRoot, func(f *fixture) {
				f.relationship(func(r *trustframework.Relationship) { r.SelfIssue = false })
			}, Deny, reason.TrustSelfIssuedForbidden},
			{"c", selfIssuedRoot, func(f *fixture) { f.p.Supporting = nil }, Deny, reason.TrustPrincipalUnbound},
			{"d", one, func(f *fixture) { f.accreditation(1).LegalBases = []string{"other"} }, Deny, reason.TrustLegalBasisNotAccredited},
			{"e", one, func(f *fixture) { f.root().LegalBasis = "other" }, Deny, reason.TrustLegalBasisMismatch},
		},
		"DEL-11": {
			{"", two, child(func(c *credential.Credential) { c.Delegate.ID = "alice" }), Deny, reason.ChainCycle},
			{"", one, func(f *fixture) { f.root().Delegate.ID = "alice" }, Deny, reason.ChainCycle},
			{"", func() *fixture { return chainOf(3) }, child(func(c *credential.Credential) { c.Delegate.ID = "bob" }), Deny, reason.ChainCycle},
		},
		"DEL-12": {
			{"", func() *fixture { return chainOf(3) }, func(f *fixture) {
				f.p.Chain[1], f.p.Chain = f.p.Chain[2], f.p.Chain[:2]
				f.p.Chain[1].Parent = NotNamed
			}, Deny, reason.ChainParentMissing},
			{"", two, func(f *fixture) { f.p.Chain = f.p.Chain[1:] }, Deny, reason.ChainParentMissing},
			{"", two, func(f *fixture) { f.p.Chain, f.p.Incomplete = f.p.Chain[1:], true }, Deny, reason.ChainParentMissing},
		},
	}
}

func authorityAttacks() map[string][]attack {
	return map[string][]attack{
		"DEL-14": {{"", one, func(f *fixture) { f.p.Presenter = "mallory" }, Deny, reason.PresentationHolderBindingFailed}},
		"DEL-15": {
			{"", one, func(f *fixture) { f.permission().Constraint.Void = true }, Deny, reason.CredentialUnknownConstraint},
			{"", two, func(f *fixture) { f.permission().Constraint.Void = true }, Deny, reason.CredentialUnknownConstraint},
		},
		"DEL-17": {
			{"", one, func(f *fixture) { f.r.Purpose = "research" }, Deny, reason.AuthorityPurposeNotGranted},
			{"b", one, func(f *fixture) {
				f.r.Controller, f.w.Framework.Controllers["other"] = "other", examplePolicy()
			}, Deny, reason.AuthorityControllerNotGranted},
			{"c", one, func(f *fixture) { f.r.Purpose = "" }, Deny, reason.RequestPurposeMissing},
			{"d", one, func(f *fixture) { f.r.Controller = "" }, Deny, reason.RequestControllerMissing},
		},
		"DEL-18": {{"", one, func(f *fixture) { f.r.Principal = "dave" }, Deny, reason.AuthorityPrincipalMismatch}},
		"DEL-19": {
			{"", one, func(f *fixture) {
				f.r.Resource, f.r.Action = "record", "view"
			}, Deny, reason.AuthorityRequestTooBroad},
			{"b", one, func(f *fixture) { f.r.Action = "request" }, Deny, reason.AuthorityActionNotGranted},
		},
		"DEL-21": {{"", two, func(f *fixture) { f.w.Status["link0"] = Status{State: "revoked"} }, Deny, reason.StatusRevoked}},
		"DEL-22": transitions(),
		"DEL-23": {
			{"", one, func(f *fixture) { f.w.Restrictions = []Restriction{{Principal: "alice", Kind: "deceased"}} }, Deny, reason.ControllerRestriction},
			{"", two, func(f *fixture) {
				f.w.Restrictions = []Restriction{{Principal: "alice", Delegate: "*", Kind: "withdrawn"}}
			}, Deny, reason.ControllerRestriction},
		},
		"DEL-27": {{"", two, func(f *fixture) {
			f.root().Redelegation = credential.Redelegation{Kinds: []string{}}
			f.leafCredential().Redelegation = credential.Redelegation{Kinds: []string{}}
		}, Deny, reason.ChainRedelegationForbidden}},
	}
}

// transitions is DEL-22: authority over a child ends with the age transition.
func transitions() []attack {
	until := func(s string) func() *fixture {
		return func() *fixture {
			f := one()
			f.relationship(func(r *trustframework.Relationship) { r.TransitionRequired, r.MaxValidityDays = true, 4018 })
			f.root().ValidFrom = at("2025-09-01T00:00:00Z")
			f.root().ValidUntil, f.root().TransitionAt = at(s), at(s)
			f.w.Now = at(s)
			f.w.Framework.AsOf = at(s)
			f.accreditation(1).Until = at("2030-01-01T00:00:00Z")
			return f
		}
	}
	const midnight = "2026-07-14T23:00:00Z"
	before := func(f *fixture) { f.w.Now = f.w.Now.Add(-time.Second); f.w.Framework.AsOf = f.w.Now }
	return []attack{
		{"", until(midnight), func(*fixture) {}, Deny, reason.CredentialExpired},
		{"b", until(midnight), before, Permit, reason.OK},
		{"c", until(midnight), func(f *fixture) { before(f); f.root().ValidUntil = f.root().ValidUntil.Add(time.Second) }, Deny, reason.TrustRelationshipRule},
		{"d", until(midnight), func(f *fixture) { before(f); f.root().TransitionAt = time.Time{} }, Deny, reason.TrustRelationshipRule},
		{"", until("2028-02-29T00:00:00Z"), func(*fixture) {}, Deny, reason.CredentialExpired},
	}
}

// silentStop is DEL-24 as far as the decision goes: what was granted before and what nobody may
// have read the same to the delegate, while the decision knows better.
func silentStop(t *testing.T) {
	stopped, closed := one(), one()
	stopped.w.Restrictions = []Restriction{{Principal: "alice", Delegate: "bob"}}
	closed.r.Resource = "messages"
	a, b := stopped.decide(), closed.decide()
	if a.Reason != reason.ControllerRestriction || b.Reason != reason.ControllerNotProxyable {
		t.Fatalf("%s and %s", a.Reason, b.Reason)
	}
	if diff := cmp.Diff(DelegateView(b), DelegateView(a)); diff != "" {
		t.Error(diff)
	}
}

// monotonicity is DEL-29: 10,000 seeded cases that are denied, and of each one thing less.
func monotonicity(t *testing.T) {
	const enough = 10_000
	cases := rapid.Custom(func(t *rapid.T) [2]*fixture {
		f := drawChain(t, 0)
		less := f.clone()
		takeAway(t, less)
		return [2]*fixture{f, less}
	})
	denied := 0
	for seed := 0; denied < enough; seed++ {
		pair := cases.Example(seed)
		before := pair[0].decide()
		if rank(before) > 0 {
			continue
		}
		denied++
		if after := pair[1].decide(); rank(after) > 0 {
			t.Fatalf("seed %d: %v %s became %v", seed, before.Outcome, before.Reason, after.Outcome)
		}
	}
}

func takeAway(t *rapid.T, f *fixture) {
	i := uniform(t, len(f.p.Chain))
	c := f.p.Chain[i].Credential
	j := uniform(t, len(c.Permissions))
	oneOf(t, []func(){
		func() { c.Assurance = nil },
		func() { hide(t, f, &f.p.Chain[i]) },
		func() { f.p.Chain = append(f.p.Chain[:i:i], f.p.Chain[i+1:]...) },
		func() { c.ValidUntil = f.w.Now.Add(time.Minute) },
		func() { c.ValidUntil = f.w.Now },
		func() { f.accreditation(1).Resources = []string{} },
		func() { c.Purposes = c.Purposes[:1] },
		func() { c.Permissions = append(c.Permissions[:j:j], c.Permissions[j+1:]...) },
		func() { f.p.Supporting = nil },
		func() { delete(f.w.Status, f.p.Chain[i].Name) },
	})()
}
