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
	e.trace.entry(e.leaf(), en)
	if !Covers(p.Resource, r.Resource) || !slices.Contains(p.Actions, r.Action) {
		e.trace.mismatched()
		return answer{}, false
	}
	e.trace.check("M1", nil, false, "")
	m := matching{e: e, entry: en}
	a := m.answer()
	a.permission, a.root = p, en.origin()
	a.maxAge = e.statusMaxAge(m.risk)
	e.trace.answered(&a)
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
	end         answer
}

// answer goes through M2 to M16. Obligations gathered on the way go with a permit only.
func (m *matching) answer() answer {
	switch {
	case m.ends("M2", m.categories()),
		m.ends("M3", m.window()),
		m.ends("M4", m.uses()),
		m.ends("M5", m.assess()),
		m.ends("M6", m.ceiling()),
		m.ends("M7", m.requirements()),
		m.ends("M8", m.agents()),
		m.ends("M9", m.freshness()),
		m.ends("M10", m.review()),
		m.ends("M11", m.assurance()),
		m.ends("M12", m.approval()),
		m.ends("M13", m.confirmation()),
		m.ends("M15", m.duties()): // with M14
		return m.end
	}
	return m.permit()
}

// ends reports whether a rule has an answer, which is m.end then; it has none where it has nothing
// against a permit.
func (m *matching) ends(rule string, answers bool) bool {
	m.e.trace.check(rule, nil, answers, m.end.code)
	return answers
}

// refuse makes a denial the answer.
func (m *matching) refuse(code reason.Code) bool { return m.say(Deny, code, "") }

// say makes this the answer, with the obligation if there is one.
func (m *matching) say(outcome Outcome, code reason.Code, obligation string) bool {
	m.end = answer{outcome: outcome, code: code}
	if obligation != "" {
		m.end.obligations = []string{obligation}
	}
	return true
}

func (m *matching) oblige(prefix string, values []string) {
	for _, v := range values {
		m.obligations = append(m.obligations, prefix+v)
	}
}

// categories is M2.
func (m *matching) categories() bool {
	c, asked := &m.entry.permission.Constraint, m.e.asked.Categories
	if asked == nil {
		m.oblige(filterExclude, c.Exclude)
		m.oblige(filterInclude, c.Include)
		return false
	}
	excluded := func(s string) bool { return slices.Contains(c.Exclude, s) }
	if slices.ContainsFunc(asked, excluded) {
		return m.refuse(reason.AuthorityCategoryExcluded)
	}
	if c.Include != nil && (len(asked) == 0 || !subset(asked, c.Include)) {
		return m.refuse(reason.AuthorityCategoryExcluded)
	}
	return false
}

// window is M3.
func (m *matching) window() bool {
	c, w := &m.entry.permission.Constraint, m.e.asked.window()
	if w != nil && (w.To < dateFrom(c) || w.From > dateTo(c)) {
		return m.refuse(reason.AuthorityDateOutsideWindow)
	}
	if c.DateFrom != "" && (w == nil || w.From < c.DateFrom) {
		m.obligations = append(m.obligations, filterDateFrom+c.DateFrom)
	}
	if c.DateTo != "" && (w == nil || w.To > c.DateTo) {
		m.obligations = append(m.obligations, filterDateTo+c.DateTo)
	}
	return false
}

// uses is M4.
func (m *matching) uses() bool {
	for en := m.entry; en != nil; en = en.up {
		if m.e.asked.UsesSoFar >= maxUses(&en.permission.Constraint) {
			return m.refuse(reason.AuthorityUsesExhausted)
		}
	}
	return false
}

// assess is M5: the highest risk that an issuer or the controller sees here.
func (m *matching) assess() bool {
	m.risk = max(m.entry.risk, m.e.controllerRisk)
	m.class = m.e.policy.ByRisk[riskName(m.risk)]
	m.e.trace.risk(m.entry, m.risk)
	return false
}

// ceiling is M6.
func (m *matching) ceiling() bool {
	if m.risk > ceilingRank(m.e.relationship.MaxRisk, high) {
		return m.refuse(reason.TrustRiskExceeded)
	}
	return false
}

// requirements is M7.
func (m *matching) requirements() bool {
	m.required = make([][]string, 0, 8)
	m.demand(m.class.Requires, "by the controller at this risk", nil)
	m.demand(m.e.relationship.MandatoryRequires, "by the relationship", nil)
	for en := m.entry; en != nil; en = en.up {
		m.demand(en.permission.Constraint.Requires, "by the permission", en.permission)
	}
	return false
}

// demand adds a list to Q: what somebody, or permission p, requires.
func (m *matching) demand(list []string, by string, p *credential.Permission) {
	m.required = append(m.required, list)
	m.e.trace.demand(list, by, p)
}

// agents is M8.
func (m *matching) agents() bool {
	if !m.e.agent {
		return false
	}
	m.demand(m.e.policy.Agent.Requires, "by the controller of agents", nil)
	if m.risk > ceilingRank(m.e.policy.Agent.MaxRisk, routine) {
		return m.refuse(reason.ControllerAgentRisk)
	}
	return false
}

func (m *matching) requires(q string) bool {
	return slices.ContainsFunc(m.required, func(list []string) bool { return slices.Contains(list, q) })
}

// freshness is M9.
func (m *matching) freshness() bool {
	if m.e.oldest > m.e.statusMaxAge(m.risk) {
		return m.refuse(reason.StatusStale)
	}
	return false
}

// review is M10.
func (m *matching) review() bool {
	m.e.trace.overdue()
	switch {
	case !m.e.overdue:
		return false
	case m.risk == riskRank(routine):
		m.obligations = append(m.obligations, notifyReviewDue)
		return false
	case m.e.agent:
		return m.refuse(reason.ConditionReviewOverdue)
	}
	return m.say(RequestPermission, reason.ConditionReviewOverdue, "")
}

// assurance is M11.
func (m *matching) assurance() bool {
	need := m.needed()
	m.e.trace.need(need)
	if floorRank(m.e.asked.Assurance) < need {
		return m.say(StepUp, reason.ConditionStepUpRequired, stepUp+":"+assuranceName(need))
	}
	return false
}

// approval is M12.
func (m *matching) approval() bool {
	if m.requires(humanApproval) && !slices.Contains(m.e.asked.Satisfied, humanApproval) {
		return m.say(StepUp, reason.ConditionHumanApprovalRequired, humanApproval)
	}
	return false
}

// confirmation is M13.
func (m *matching) confirmation() bool {
	if m.requires(confirm) && !slices.Contains(m.e.asked.Satisfied, confirm) {
		return m.say(StepUp, reason.ConditionConfirmationRequired, confirm)
	}
	return false
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

// duties is M14 and M15.
func (m *matching) duties() bool {
	for _, list := range m.required {
		for _, q := range list {
			if !blocking(q) {
				m.obligations = append(m.obligations, q)
			}
		}
	}
	slices.Sort(m.obligations)
	m.obligations = slices.Compact(m.obligations)
	m.e.trace.duties(m.obligations)
	if slices.ContainsFunc(m.obligations, m.e.unsupported) {
		return m.refuse(reason.ConditionObligationUnsupported)
	}
	return false
}

// permit is M16. It alone makes a permit.
func (m *matching) permit() answer {
	m.e.trace.check("M16", nil, false, "")
	if len(m.obligations) > 0 {
		return answer{outcome: PermitWithObligations, code: reason.OK, obligations: m.obligations}
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
			e.trace.class(path, class)
		}
	}
	for i := range e.chain {
		l := &e.chain[i]
		due := l.Credential.ReviewBy
		switch {
		case due.IsZero():
		case e.now.After(due):
			e.overdue = true
			e.trace.review(l)
		default:
			e.until(due, reviewOfLink, l.Name)
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
