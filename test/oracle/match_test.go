// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/delegation"
)

// list is a set of texts.
type list map[string]bool

func (l list) add(texts ...string) {
	for _, t := range texts {
		l[t] = true
	}
}

func (l list) sorted() []string { return slices.Sorted(maps.Keys(l)) }

// match is §9 for one effective permission; nil is no result.
func (o *opinion) match(e entry) *answer {
	p := e.leaf()
	if !grants(p, o.r.Resource, o.r.Action) {
		return nil // M1
	}
	said := func(outcome string, a answer) *answer {
		a.Outcome, a.Permission, a.RootPermission = outcome, p.ID, e[0].ID
		return &a
	}
	duties := list{}
	if !o.categories(p, duties) {
		return said("deny", answer{Reason: "authority.category_excluded"}) // M2
	}
	if !o.window(p, duties) {
		return said("deny", answer{Reason: "authority.date_outside_window"}) // M3
	}
	for _, h := range e {
		if o.r.UsesSoFar >= h.maxUses {
			return said("deny", answer{Reason: "authority.uses_exhausted"}) // M4
		}
	}
	return o.conditions(e, duties, said)
}

// conditions is M5 to M16.
func (o *opinion) conditions(e entry, duties list, said func(string, answer) *answer) *answer {
	risk := o.risk(e) // M5
	br := o.policy.ByRisk[risk]
	if o.rel.MaxRisk != "" && rank(risk) > rank(o.rel.MaxRisk) {
		return said("deny", answer{Reason: "trust.risk_exceeded"}) // M6
	}
	q := list{}
	q.add(br.Requires...)
	q.add(o.rel.MandatoryRequires...)
	for _, h := range e {
		q.add(h.requires...) // M7
	}
	agent := slices.ContainsFunc(o.links, func(l *link) bool { return l.Delegate.Kind == "agent" })
	if agent {
		q.add(o.policy.Agent.Requires...)
		ceiling := o.policy.Agent.MaxRisk
		if ceiling == "" {
			ceiling = "routine"
		}
		if rank(risk) > rank(ceiling) {
			return said("deny", answer{Reason: "controller.agent_risk"}) // M8
		}
	}
	if slices.Max(o.ages) > time.Duration(br.StatusMaxAge)*time.Second {
		return said("deny", answer{Reason: "status.stale"}) // M9
	}
	if slices.ContainsFunc(o.links, func(l *link) bool { return !l.ReviewBy.IsZero() && o.w.Now.After(l.ReviewBy) }) {
		switch {
		case risk == "routine":
			duties.add("notify:review-due")
		case agent:
			return said("deny", answer{Reason: "condition.review_overdue"})
		default:
			return said("request_permission", answer{Reason: "condition.review_overdue"}) // M10
		}
	}
	return o.requirements(e, q, br.MinAssurance, duties, said)
}

// requirements is M11 to M16.
func (o *opinion) requirements(e entry, q list, floor string, duties list, said func(string, answer) *answer) *answer {
	need := "low"
	raise := func(level string) {
		if rank(level) > rank(need) {
			need = level
		}
	}
	raise(floor)
	for _, h := range e {
		raise(h.minAssurance)
	}
	for _, l := range levels {
		if q["step-up:"+l] {
			raise(l)
		}
	}
	have := o.r.Assurance
	if have == "" {
		have = "low"
	}
	if rank(have) < rank(need) {
		return said("step_up", answer{Reason: "condition.step_up_required", Obligations: []string{"step-up:" + need}}) // M11
	}
	if q["human-approval"] && !slices.Contains(o.r.Satisfied, "human-approval") {
		return said("step_up", answer{Reason: "condition.human_approval_required", Obligations: []string{"human-approval"}}) // M12
	}
	if q["confirm"] && !slices.Contains(o.r.Satisfied, "confirm") {
		return said("step_up", answer{Reason: "condition.confirmation_required", Obligations: []string{"confirm"}}) // M13
	}
	for entry := range q {
		if !beginsBlocking(entry) {
			duties.add(entry) // M14
		}
	}
	if slices.ContainsFunc(duties.sorted(), o.unsupported) {
		return said("deny", answer{Reason: "condition.obligation_unsupported"}) // M15
	}
	if len(duties) > 0 {
		return said("permit_with_obligations", answer{Reason: "ok", Obligations: duties.sorted()}) // M16
	}
	return said("permit", answer{Reason: "ok"})
}

func (o *opinion) unsupported(duty string) bool {
	prefixes := o.r.SupportedObligations
	if prefixes == nil {
		prefixes = []string{"filter:", "notify:", "warn:", "audit:", "alert:"}
	}
	return !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(duty, p) })
}

// categories is M2; false denies.
func (o *opinion) categories(p *permission, duties list) bool {
	if o.r.Categories == nil {
		for _, c := range p.exclude {
			duties.add("filter:exclude:" + c)
		}
		for _, c := range p.include {
			duties.add("filter:include:" + c)
		}
		return true
	}
	if slices.ContainsFunc(o.r.Categories, func(c string) bool { return slices.Contains(p.exclude, c) }) {
		return false
	}
	return p.includesAll || len(o.r.Categories) > 0 && all(o.r.Categories, p.include)
}

// window is M3; false denies.
func (o *opinion) window(p *permission, duties list) bool {
	w := o.r.Window
	if w == nil || *w == (delegation.Window{}) {
		if p.hasFrom {
			duties.add("filter:dateFrom:" + p.dateFrom)
		}
		if p.hasUntil {
			duties.add("filter:dateTo:" + p.dateTo)
		}
		return true
	}
	if w.To < p.dateFrom || w.From > p.dateTo {
		return false
	}
	if p.hasFrom && w.From < p.dateFrom {
		duties.add("filter:dateFrom:" + p.dateFrom)
	}
	if p.hasUntil && w.To > p.dateTo {
		duties.add("filter:dateTo:" + p.dateTo)
	}
	return true
}

// risk is M5: the issuers' labels along the history and the controller's own classes of every
// path that covers the request or that the request covers.
func (o *opinion) risk(e entry) string {
	highest := "routine"
	raise := func(class string) {
		if rank(class) > rank(highest) {
			highest = class
		}
	}
	for _, h := range e {
		raise(h.Risk)
	}
	for path, class := range o.policy.Risk {
		if related(path, o.r.Resource) {
			raise(class)
		}
	}
	return highest
}
