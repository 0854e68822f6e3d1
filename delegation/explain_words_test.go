// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
)

// TestExplanationInWords holds what an operator reads to the word, line below line.
func TestExplanationInWords(t *testing.T) {
	sensitive := one().selfIssued()
	sensitive.support(credential.TypeIdentityBinding, "mallory", "")
	sensitive.r.Resource, sensitive.r.Action, sensitive.r.Categories = "record/tests", "view", nil

	helper := one()
	helper.root().Delegate.Kind, helper.root().ReviewBy = "agent", helper.w.Now.Add(-time.Hour)

	stale := one()
	stale.w.Framework.AsOf = stale.w.Now.Add(-2 * time.Hour)
	none := one()
	none.w.Framework.Unavailable = true
	unknown := one()
	unknown.root().Issuer = "nobody"

	for name, c := range map[string]struct {
		f    *fixture
		want []string
	}{
		"permitted": {sensitive, []string{`
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
		"nothing to do": {one(), []string{`
    · M14 obligations: none
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
	d := Decision{Reason: reason.StatusRevoked, Reasons: []reason.Code{reason.StatusRevoked, reason.StatusStale}, StatusAge: 90 * time.Second}
	if got := d.ReasonsFor(reason.Operator); len(got) != 2 || got[0] != reason.StatusRevoked {
		t.Errorf("%v", got)
	}
	raw, err := d.MarshalJSON()
	if err != nil || !strings.Contains(string(raw), `"statusAgeSeconds":90`) {
		t.Errorf("%s %v", raw, err)
	}
}
