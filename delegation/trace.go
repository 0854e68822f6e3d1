// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// trace takes down what an evaluation finds, as it finds it. Every method does nothing on a nil
// trace, which is what Decide has: there is one evaluation, explained or not.
type trace struct {
	open    []Node // the tree from its root down to where the next note goes
	pending []Node // notes that belong below the next check
	classes []Node // the controller's classes that raise the risk (M5)
	reviews []Node // reviews that are overdue (M10)
	choices []Node // which of two answers was preferred, in turn (C1)
	limits  []bound
	holds   map[string]string // what is so where a rule holds
}

// bound is a limit of how long a decision holds.
type bound struct {
	at         time.Time
	what, name string
}

func newTrace() *trace {
	t := &trace{open: []Node{{}}, holds: map[string]string{}}
	for _, r := range Rules() {
		t.holds[r.Number] = r.Holds
	}
	return t
}

// nodes closes what is open and returns the tree.
func (t *trace) nodes() []Node {
	for len(t.open) > 1 {
		t.end()
	}
	return t.open[0].Nodes
}

func (t *trace) begin(n Node) { t.open = append(t.open, n) }

func (t *trace) end() {
	last := len(t.open) - 1
	n := t.open[last]
	t.open = t.open[:last]
	t.add(n)
}

func (t *trace) add(n Node) {
	into := &t.open[len(t.open)-1]
	into.Nodes = append(into.Nodes, n)
}

// section moves to the section of a rule, unless it is open already.
func (t *trace) section(rule string) {
	name := sectionOf(rule)
	if len(t.open) > 2 || len(t.open) == 2 && t.open[1].Rule == name {
		return
	}
	if len(t.open) == 2 {
		t.end()
	}
	t.begin(Node{Rule: name, Text: title(name), Mark: Held})
}

// check notes one check: it holds unless bad. What was noted for it before stands below it.
func (t *trace) check(rule string, at *link, bad bool, code reason.Code) {
	if t != nil { // here, so that the compiler puts it into the caller
		t.checked(rule, at, bad, code)
	}
}

func (t *trace) checked(rule string, at *link, bad bool, code reason.Code) {
	n := Node{Rule: rule, Mark: Held, Text: t.holds[rule]}
	if at != nil {
		n.Link = at.Name
	}
	if bad {
		n.Mark, n.Reason, n.Text = Broken, code, "not so: "+n.Text
	}
	t.note(n)
	if bad && len(t.open) == 2 {
		t.open[1].Mark = Broken
	}
}

// note adds n where it belongs, with what is pending below it.
func (t *trace) note(n Node) {
	n.Nodes, t.pending = append(n.Nodes, t.pending...), nil
	t.section(n.Rule)
	t.add(n)
}

// say notes what a rule came to, of which no more can be said than text.
func (t *trace) say(rule, text string) {
	if t != nil {
		t.note(Node{Rule: rule, Text: text})
	}
}

// inTurn notes the checks of S3 for one link: those before broken hold, those after were not made.
func (t *trace) inTurn(at *link, broken string, code reason.Code) {
	if t == nil {
		return
	}
	for _, r := range linkRules() {
		t.check(r.Number, at, r.Number == broken, code)
		if r.Number == broken {
			return
		}
	}
}

// unreached notes that the steps after the one that ended the decision were not gone through.
func (t *trace) unreached() {
	if t == nil {
		return
	}
	at, names := t.open[len(t.open)-1].Rule, []string{}
	for _, s := range sections() {
		names = append(names, s.name)
	}
	t.end()
	t.add(Node{Text: "not reached: " + strings.Join(names[slices.Index(names, at)+1:], ", ")})
}

// pend notes n below the check that comes next.
func (t *trace) pend(n Node) { t.pending = append(t.pending, n) }

func marked(code reason.Code) Mark {
	if code != "" {
		return Broken
	}
	return Held
}

// accreditation notes that entry a was tried (§8.4).
func (t *trace) accreditation(a *trustframework.Accreditation, code reason.Code) {
	if t != nil {
		t.pend(Node{Mark: marked(code), Reason: code, Text: "accreditation " + a.ID})
	}
}

// path notes the way from the entry that was taken up to the anchor.
func (t *trace) path(c *ceiling) {
	if t == nil {
		return
	}
	names := make([]string, len(c.path))
	for i, a := range c.path {
		names[i] = a.ID
	}
	t.pend(Node{Text: "path " + strings.Join(names, " < ") + ", risk up to " + riskName(c.maxRisk)})
}

// supporting notes whether a supporting credential counts (§4.5).
func (t *trace) supporting(s *Supporting, counts bool) {
	switch {
	case t == nil:
	case counts:
		t.pend(Node{Mark: Held, Text: "supporting credential " + s.Name + " counts"})
	default:
		t.pend(Node{Text: "supporting credential " + s.Name + " is ignored"})
	}
}

// limit notes an instant after which the decision may be another.
func (t *trace) limit(at time.Time, what, name string) {
	if t != nil {
		t.limits = append(t.limits, bound{at, what, name})
	}
}

// parent notes how permission p compares with one that it could rest on (§6.1).
func (t *trace) parent(q *credential.Permission, code reason.Code) {
	if t != nil {
		t.compared(q, code)
	}
}

func (t *trace) compared(q *credential.Permission, code reason.Code) {
	text := "no broader than permission "
	if code != "" {
		text = "broader than permission "
	}
	t.pend(Node{Mark: marked(code), Reason: code, Text: text + q.ID + " of the link above"})
}

// effective notes what S8.7 made of a permission.
func (t *trace) effective(l *link, p *credential.Permission, code reason.Code) {
	if t == nil {
		return
	}
	n := Node{Rule: "S8.7", Link: l.Name, Permission: p.ID, Mark: marked(code), Reason: code, Text: "kept"}
	if code != "" {
		n.Text = "dropped"
	}
	t.note(n)
}

// irrelevant notes a permission that S8.7 need not look at.
func (t *trace) irrelevant(l *link, p *credential.Permission) {
	if t != nil {
		t.about("S8.7", l, p, "has nothing to do with the request")
	}
}

func (t *trace) about(rule string, l *link, p *credential.Permission, text string) {
	t.note(Node{Rule: rule, Link: l.Name, Permission: p.ID, Text: text})
}

// class notes that the controller classed a path that bears on the request. Maps have no order, so
// the notes get one.
func (t *trace) class(path, class string) {
	if t == nil {
		return
	}
	t.classes = append(t.classes, Node{Text: class + " by the controller's class of " + path})
	slices.SortFunc(t.classes, func(a, b Node) int { return strings.Compare(a.Text, b.Text) })
}

// review notes a link whose review is overdue.
func (t *trace) review(l *link) {
	if t != nil {
		t.reviews = append(t.reviews, Node{Link: l.Name, Text: "review was due by " + instantText(l.Credential.ReviewBy)})
	}
}

// entry begins the notes of one effective permission.
func (t *trace) entry(leaf *link, en *entry) {
	if t == nil {
		return
	}
	t.section("M1")
	t.begin(Node{Permission: en.permission.ID, Link: leaf.Name, Text: history(en)})
}

// history says which permissions an entry rests on, up to that of the root.
func history(en *entry) string {
	text := "granted by the root"
	if en.up != nil {
		text = "rests on " + en.up.permission.ID
		for up := en.up.up; up != nil; up = up.up {
			text += " < " + up.permission.ID
		}
	}
	return text
}

// answered ends the notes of one effective permission with what it said.
func (t *trace) answered(a *answer) {
	if t == nil {
		return
	}
	n := &t.open[len(t.open)-1]
	n.Text += "; answers " + a.outcome.String() + listed(a.obligations)
	n.Reason, n.Mark = a.code, Held
	if a.outcome == Deny {
		n.Mark = Broken
	}
	t.end()
}

// mismatched ends the notes of one that does not match the request.
func (t *trace) mismatched() {
	if t == nil {
		return
	}
	t.note(Node{Rule: "M1", Text: "does not cover the resource, or lacks the action: no answer"})
	t.end()
}

// risk notes where the risk of an entry comes from (M5).
func (t *trace) risk(en *entry, risk int) {
	if t == nil {
		return
	}
	t.pend(Node{Text: "it is " + riskName(risk)})
	for up := en; up != nil; up = up.up {
		t.pend(Node{Permission: up.permission.ID, Text: up.permission.Risk + " by its issuer"})
	}
	t.pending = append(t.pending, t.classes...)
}

// demand notes requirements and where they come from (M7, M8).
func (t *trace) demand(list []string, by string, p *credential.Permission) {
	if t == nil || len(list) == 0 {
		return
	}
	n := Node{Text: by + listed(list)}
	if p != nil {
		n.Permission = p.ID
	}
	t.pend(n)
}

// overdue puts the overdue reviews below M10.
func (t *trace) overdue() {
	if t != nil {
		t.pending = append(t.pending, t.reviews...)
	}
}

// need notes the assurance that is needed (M11).
func (t *trace) need(need int) {
	if t != nil {
		t.pend(Node{Text: assuranceName(need) + " is needed"})
	}
}

// best notes which of two answers C1 prefers, and by which rule.
func (t *trace) best(won, lost *answer, by string) {
	if t != nil {
		t.choices = append(t.choices, Node{Permission: won.permission.ID, Text: "preferred to " + lost.permission.ID + ": " + by})
	}
}

// listed writes a list behind something.
func listed(list []string) string {
	if len(list) == 0 {
		return ""
	}
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = strconv.Quote(s)
	}
	return ": " + strings.Join(quoted, ", ")
}

// duties notes the obligations that a permit would carry (M14).
func (t *trace) duties(list []string) {
	if t != nil {
		t.say("M14", "obligations"+orNone(list))
	}
}

func orNone(list []string) string {
	if len(list) == 0 {
		return ": none"
	}
	return listed(list)
}

// conclude notes the answer that C1 or C4 comes to.
func (t *trace) conclude(rule string, a *answer) {
	if t == nil {
		return
	}
	t.pending, t.choices = append(t.pending, t.choices...), nil
	t.note(Node{
		Rule: rule, Permission: a.permission.ID, Reason: a.code,
		Text: "the best answer is " + a.outcome.String(),
	})
}

// voided notes the permission that C3 gives the reason of.
func (t *trace) voided(d *dropped) {
	if t == nil {
		return
	}
	t.note(Node{
		Rule: "C3", Link: d.link.Name, Permission: d.permission.ID, Mark: Broken, Reason: d.code,
		Text: "would have matched, and was dropped",
	})
}
