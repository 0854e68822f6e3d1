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

// TestExplanationInWords holds what an operator reads to the word, line below line.
func TestExplanationInWords(t *testing.T) {
	helper := one()
	helper.root().Delegate.Kind, helper.root().ReviewBy = "agent", helper.w.Now.Add(-time.Hour)

	stale := one()
	stale.w.Framework.AsOf = stale.w.Now.Add(-2 * time.Hour)
	none := one()
	none.w.Framework.Unavailable = true
	unknown := one()
	unknown.root().Issuer = "nobody"

	broad := one()
	broad.r.Resource, broad.r.Action = "record", "view"
	foreign := two()
	foreign.leafCredential().Issuer = "mallory"
	misshapen := one()
	misshapen.root().GrantedBy, misshapen.permission().Risk = "", "x"

	duty := one()
	duty.permission().Constraint.Requires = []string{"notify:principal"}
	reversed := one()
	reversed.permission().Risk, reversed.root().ValidUntil = "x", reversed.root().ValidFrom

	for name, c := range map[string]struct {
		f    *fixture
		want []string
	}{
		"permitted": {issuedBySelf(), []string{`
  ✓ S4.6 link link0: an identity binding of the principal counts
    ✓ supporting credential support0 counts
    · supporting credential support1 is ignored
`, `
  · S8.7 link link0 permission p1: has nothing to do with the request
  ✓ S8.7 link link0 permission p2: kept
`, `
    ✓ M5 the risk is worked out
      · it is sensitive
      · permission p2: sensitive by its issuer
      · sensitive by the controller's class of record/tests
    ✓ M6 the relationship allows this risk
    ✓ M7 the requirements are collected
      · by the controller at this risk: "audit:enhanced"
      · permission p2: by the permission: "notify:principal"
    ✓ M8 no agent takes part, or the controller lets agents take this risk
    ✓ M9 the oldest status is young enough for this risk
    ✓ M10 no review is overdue, or the risk is routine
    ✓ M11 the delegate is authenticated well enough
      · low is needed
    ✓ M12 a person has approved, where that is required
    ✓ M13 the delegate has confirmed, where that is required
    · M14 obligations: "audit:enhanced", "filter:dateFrom:2024-01-01", "filter:exclude:private", "notify:principal"
`, `
  · C1 permission p2: the best answer is permit_with_obligations (ok)
  ✓ C2 the best answer is no denial, so it is the answer
✓ link link0 permission p2: the answer is permit_with_obligations (ok)
  · The request is permitted, with obligations if any are listed.
  · uses are counted by permission p2 of the root
  · obligations: "audit:enhanced", "filter:dateFrom:2024-01-01", "filter:exclude:private", "notify:principal"
  · rests on framework tf:example, 5m0s old
  · rests on the status of supporting credential support0, 1m0s old
  · rests on the status of link link0, 1m0s old
  · holds until 2026-11-22T10:55:00Z
    · 2026-11-22T10:55:00Z last use of the snapshot of framework tf:example
    · 2026-11-22T10:59:00Z last use of the status that was noted
    · 2027-01-01T00:00:00Z end of supporting credential support0
    · 2027-06-01T00:00:00Z end of link link0
`}},
		"an agent and a review": {helper, []string{`
    ✓ accreditation proxy
    · path proxy < national, risk up to high
`, `
    ✓ M7 the requirements are collected
    ✓ M8 no agent takes part, or the controller lets agents take this risk
      · by the controller of agents: "audit:enhanced"
`, `
    ✓ M10 no review is overdue, or the risk is routine
      · link link0: review was due by 2026-11-22T09:00:00Z
`}},
		"denied by two": {twoDenials(), []string{`
    ✗ accreditation papers (trust.type_not_accredited)
    ✓ accreditation proxy
`, `
✓ §9 what each effective permission answers
  ✗ link link0 permission p2: granted by the root; answers deny (authority.category_excluded)
    ✓ M1 the permission covers the resource and has the action
    ✗ M2 not so: no category that is asked about is excluded (authority.category_excluded)
  ✗ link link0 permission p3: granted by the root; answers deny (authority.uses_exhausted)
    ✓ M1 the permission covers the resource and has the action
    ✓ M2 no category that is asked about is excluded
    ✓ M3 the record dates that are asked about overlap those granted
    ✗ M4 not so: uses are left (authority.uses_exhausted)
  ✗ link link0 permission p0: granted by the root; answers deny (authority.uses_exhausted)
    ✓ M1 the permission covers the resource and has the action
    ✓ M2 no category that is asked about is excluded
    ✓ M3 the record dates that are asked about overlap those granted
    ✗ M4 not so: uses are left (authority.uses_exhausted)
  · link link0 permission p4: granted by the root
    · M1 does not cover the resource, or lacks the action: no answer
✓ §10 choosing the answer
  · C1 permission p3: the best answer is deny (authority.uses_exhausted)
    · permission p3: preferred to p2: the greater permission id
    · permission p3: preferred to p0: the greater permission id
  · C4 permission p3: the best answer is deny (authority.uses_exhausted)
✗ link link0 permission p3: the answer is deny (authority.uses_exhausted)
  · The permission's maxUses is reached.
  · found as well (authority.category_excluded)
  · uses are counted by permission p3 of the root
`}},
		"too broad": {broad, []string{`
  ✗ S8.8 not so: the request does not sweep in what no delegate may reach (authority.request_too_broad)
· not reached: §9, §10
`, `
  · to be asked for instead: "record/tests"
  · rests on framework`}},
		"a chain of three": {chainOf(3), []string{`
  ✓ S8.7 link link2 permission p1: kept
    ✓ no broader than permission p1 of the link above
`, `
  ✓ link link2 permission p1: rests on p1 < p1; answers permit (ok)
    ✓ M1 `}},
		"signed by another": {foreign, []string{`
  ✗ S6.6 link link1: not so: the grantor signs it, or a mediator (chain.issuer_not_delegate)
  ✓ S6.8 link link1: `}},
		"misshapen twice": {misshapen, []string{`
  ✗ S3.3 link link0: not so: every limiting member is there and well formed (credential.schema_invalid)
· not reached: S3b, S4, S5, S6, S7, S8, §9, §10
`}},
		"misshapen and reversed": {reversed, []string{`
  ✗ S3.4 link link0: not so: every disclosed permission is whole, and no two have one id (credential.schema_invalid)
· not reached`}},
		"nothing to do": {one(), []string{`
    · M14 obligations: none
`}},
		"one duty": {duty, []string{`
  · obligations: "notify:principal"
`}},
		"stale": {stale, []string{`
  ✓ S4.1 there is a verified snapshot of the framework
  ✗ S4.2 not so: the snapshot is not too old (trust.registry_stale)
· not reached: S5, S6, S7, S8, §9, §10
✗ the answer is deny (trust.registry_stale)
`}},
		"none": {none, []string{`
✗ S4 trust in the root
  ✗ S4.1 not so: there is a verified snapshot of the framework (trust.registry_unavailable)
· not reached: S5, S6, S7, S8, §9, §10
`}},
		"unknown": {unknown, []string{`
  ✗ S4.7 link link0: not so: an accreditation of the issuer holds for this link, up to an anchor (trust.issuer_unknown)
  ✓ S4.8 `}},
	} {
		_, x := Explain(c.f.w, c.f.p, c.f.r)
		for _, part := range c.want {
			if text := "\n" + x.String(); !strings.Contains(text, part) {
				t.Errorf("%s: the tree lacks%s\n%s", name, part, text)
			}
		}
	}
}

// issuedBySelf asks for something sensitive under a root that the principal issued, with two bindings of
// which one counts.
func issuedBySelf() *fixture {
	f := one().selfIssued()
	f.support(credential.TypeIdentityBinding, "mallory", "")
	f.r.Resource, f.r.Action, f.r.Categories = "record/tests", "view", nil
	return f
}

// twoDenials asks for what two permissions deny, for different reasons, and a third does not reach.
func twoDenials() *fixture {
	f := one()
	f.r.Resource, f.r.Action, f.r.Categories, f.r.UsesSoFar = "record/tests", "view", []string{"private"}, 1
	f.root().Permissions = append(f.root().Permissions,
		credential.Permission{ID: "p3", Resource: "record/tests", Actions: []string{"view"}, Risk: "sensitive", Constraint: credential.Constraint{MaxUses: 1}},
		credential.Permission{ID: "p0", Resource: "record", Actions: []string{"view"}, Risk: "sensitive", Constraint: credential.Constraint{MaxUses: 1}},
		credential.Permission{ID: "p4", Resource: "record/tests/blood", Actions: []string{"view"}, Risk: "routine"})
	papers := *f.accreditation(1)
	papers.ID, papers.Types = "papers", []string{credential.TypeIdentityBinding}
	f.w.Framework.Accreditations = append([]trustframework.Accreditation{papers}, f.w.Framework.Accreditations...)
	return f
}

// TestSections has each rule stand in its section, as the tree is made of them.
func TestSections(t *testing.T) {
	for _, s := range sections() {
		for _, r := range s.rules {
			if got := sectionOf(r.Number); got != s.name || title(got) != s.title {
				t.Errorf("%s stands in %s, not in %s", r.Number, got, s.name)
			}
		}
	}
}

// TestViewsOfLittle asks for the view of decisions that have nothing to show.
func TestViewsOfLittle(t *testing.T) {
	if got := (Decision{}).ReasonsFor(reason.Delegate); got != nil {
		t.Errorf("%v", got)
	}
	d := Decision{Reason: reason.StatusRevoked, Reasons: []reason.Code{reason.StatusRevoked, reason.StatusStale}, StatusAge: 90*time.Second - 1}
	if got := d.ReasonsFor(reason.Operator); len(got) != 2 || got[0] != reason.StatusRevoked {
		t.Errorf("%v", got)
	}
	raw, err := d.MarshalJSON()
	if err != nil || !strings.Contains(string(raw), `"statusAgeSeconds":89`) {
		t.Errorf("%s %v", raw, err)
	}
}
