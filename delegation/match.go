// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// The obligations that the decision itself makes (§9).
const (
	filterExclude   = "filter:exclude:"
	filterInclude   = "filter:include:"
	filterDateFrom  = "filter:dateFrom:"
	filterDateTo    = "filter:dateTo:"
	notifyReviewDue = "notify:review-due"
)

// answer is what one effective permission says to the request. The zero answer denies.
type answer struct {
	outcome     Outcome
	code        reason.Code
	obligations []string
	permission  *credential.Permission
	root        *credential.Permission // the permission of the root that it rests on
	maxAge      time.Duration          // how old a status may be at the risk of this answer
}

// match is §9 for one entry; false is M1, no result.
func (e *evaluation) match(en *entry) (answer, bool) {
	p, r := en.permission, e.asked
	if !Covers(p.Resource, r.Resource) || !slices.Contains(p.Actions, r.Action) {
		return answer{}, false
	}
	m := matching{e: e, entry: en, risk: max(en.risk, e.controllerRisk)}
	m.class = e.policy.ByRisk[riskName(m.risk)]
	m.requirements()
	a := m.answer()
	a.permission, a.root = p, en.origin()
	a.maxAge = e.statusMaxAge(m.risk)
	return a, true
}

// matching is one entry while it is matched.
type matching struct {
	e           *evaluation
	entry       *entry
	risk        int
	class       trustframework.RiskPolicy
	required    [][]string // Q of M7 and M8, as the lists it is the union of
	obligations []string
}

// answer goes through M2 to M16. Obligations gathered on the way go with a permit only.
func (m *matching) answer() answer {
	for _, step := range [...]func(*matching) answer{
		(*matching).categories, (*matching).window, (*matching).uses, (*matching).ceilings,
		(*matching).freshness, (*matching).review, (*matching).conditions,
	} {
		if a := step(m); a.code != "" {
			return a
		}
	}
	return m.permit()
}

func refuse(code reason.Code) answer { return answer{code: code} }

func (m *matching) oblige(prefix string, values []string) {
	for _, v := range values {
		m.obligations = append(m.obligations, prefix+v)
	}
}

// categories is M2.
func (m *matching) categories() answer {
	c, asked := &m.entry.permission.Constraint, m.e.asked.Categories
	if asked == nil {
		m.oblige(filterExclude, c.Exclude)
		m.oblige(filterInclude, c.Include)
		return answer{}
	}
	excluded := func(s string) bool { return slices.Contains(c.Exclude, s) }
	if slices.ContainsFunc(asked, excluded) {
		return refuse(reason.AuthorityCategoryExcluded)
	}
	if c.Include != nil && (len(asked) == 0 || !subset(asked, c.Include)) {
		return refuse(reason.AuthorityCategoryExcluded)
	}
	return answer{}
}

// window is M3.
func (m *matching) window() answer {
	c, w := &m.entry.permission.Constraint, m.e.asked.window()
	if w != nil && (w.To < dateFrom(c) || w.From > dateTo(c)) {
		return refuse(reason.AuthorityDateOutsideWindow)
	}
	if c.DateFrom != "" && (w == nil || w.From < c.DateFrom) {
		m.obligations = append(m.obligations, filterDateFrom+c.DateFrom)
	}
	if c.DateTo != "" && (w == nil || w.To > c.DateTo) {
		m.obligations = append(m.obligations, filterDateTo+c.DateTo)
	}
	return answer{}
}

// uses is M4.
func (m *matching) uses() answer {
	for en := m.entry; en != nil; en = en.up {
		if m.e.asked.UsesSoFar >= maxUses(&en.permission.Constraint) {
			return refuse(reason.AuthorityUsesExhausted)
		}
	}
	return answer{}
}

// ceilings is M6 and the ceiling of M8.
func (m *matching) ceilings() answer {
	if m.risk > ceilingRank(m.e.relationship.MaxRisk, high) {
		return refuse(reason.TrustRiskExceeded)
	}
	if m.e.agent && m.risk > ceilingRank(m.e.policy.Agent.MaxRisk, routine) {
		return refuse(reason.ControllerAgentRisk)
	}
	return answer{}
}

// requirements is M7 and the requirements of M8.
func (m *matching) requirements() {
	m.required = append(make([][]string, 0, 8), m.class.Requires, m.e.relationship.MandatoryRequires)
	if m.e.agent {
		m.required = append(m.required, m.e.policy.Agent.Requires)
	}
	for en := m.entry; en != nil; en = en.up {
		m.required = append(m.required, en.permission.Constraint.Requires)
	}
}

func (m *matching) requires(q string) bool {
	return slices.ContainsFunc(m.required, func(list []string) bool { return slices.Contains(list, q) })
}

// freshness is M9.
func (m *matching) freshness() answer {
	if m.e.oldest > m.e.statusMaxAge(m.risk) {
		return refuse(reason.StatusStale)
	}
	return answer{}
}

// review is M10.
func (m *matching) review() answer {
	switch {
	case !m.e.overdue:
		return answer{}
	case m.risk == riskRank(routine):
		m.obligations = append(m.obligations, notifyReviewDue)
		return answer{}
	case m.e.agent:
		return refuse(reason.ConditionReviewOverdue)
	}
	return answer{outcome: RequestPermission, code: reason.ConditionReviewOverdue}
}

// conditions is M11 to M13.
func (m *matching) conditions() answer {
	asked := m.e.asked
	need := m.needed()
	if floorRank(asked.Assurance) < need {
		return holdUp(reason.ConditionStepUpRequired, stepUp+":"+assuranceName(need))
	}
	if m.requires(humanApproval) && !slices.Contains(asked.Satisfied, humanApproval) {
		return holdUp(reason.ConditionHumanApprovalRequired, humanApproval)
	}
	if m.requires(confirm) && !slices.Contains(asked.Satisfied, confirm) {
		return holdUp(reason.ConditionConfirmationRequired, confirm)
	}
	return answer{}
}

func holdUp(code reason.Code, obligation string) answer {
	return answer{outcome: StepUp, code: code, obligations: []string{obligation}}
}

// needed is the assurance of M11.
func (m *matching) needed() int {
	need := floorRank(m.class.MinAssurance)
	for en := m.entry; en != nil; en = en.up {
		need = max(need, floorRank(en.permission.Constraint.MinAssurance))
	}
	for _, list := range m.required {
		for _, q := range list {
			need = max(need, stepUpRank(q))
		}
	}
	return need
}

// permit is M14 to M16. It alone makes a permit.
func (m *matching) permit() answer {
	for _, list := range m.required {
		for _, q := range list {
			if !blocking(q) {
				m.obligations = append(m.obligations, q)
			}
		}
	}
	slices.Sort(m.obligations)
	obligations := slices.Compact(m.obligations)
	if slices.ContainsFunc(obligations, m.e.unsupported) {
		return refuse(reason.ConditionObligationUnsupported)
	}
	if len(obligations) > 0 {
		return answer{outcome: PermitWithObligations, code: reason.OK, obligations: obligations}
	}
	return answer{outcome: Permit, code: reason.OK}
}

// unsupported is M15 for one obligation.
func (e *evaluation) unsupported(obligation string) bool {
	prefixes := e.asked.SupportedObligations
	if prefixes == nil {
		prefixes = DefaultObligations()
	}
	return !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(obligation, p) })
}

// gather works out what is the same for every entry: the controller's own classes (M5) and
// whether a review is overdue (M10).
func (e *evaluation) gather() {
	for path, class := range e.policy.Risk {
		if related(path, e.asked.Resource) {
			e.controllerRisk = max(e.controllerRisk, classRank(class))
		}
	}
	for i := range e.chain {
		due := e.chain[i].Credential.ReviewBy
		if due.IsZero() {
			continue
		}
		if e.now.After(due) {
			e.overdue = true
		} else {
			e.until(due)
		}
	}
}

// statusMaxAge is the oldest that a status may be at a risk. A class that the controller left out
// accepts none, not even one of this instant.
func (e *evaluation) statusMaxAge(risk int) time.Duration {
	class, ok := e.policy.ByRisk[riskName(risk)]
	if !ok {
		return -1
	}
	return seconds(class.StatusMaxAge)
}
