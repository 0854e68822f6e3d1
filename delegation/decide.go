// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"
	"time"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// MaxReasons bounds Decision.Reasons.
const MaxReasons = 16

// mostReasons is how many reasons S8.1 to S8.6 can find together. There is room for them at once,
// so that a restriction beside another reason takes no more work than the other alone (§15).
const mostReasons = 6

// decide goes through the steps of §7. Each step notes all that it finds, in the order of its
// checks; the first step that finds anything ends the decision, because the later ones rest on it.
func decide(w World, p Presentation, r Request, t *trace) Decision {
	e := evaluation{
		registry: registry{framework: w.Framework, now: w.Now},
		world:    &w, shown: &p, asked: &r, trace: t,
	}
	for _, step := range steps() {
		step(&e)
		if len(e.found.codes) > 0 {
			t.unreached()
			return e.denial()
		}
	}
	return e.authority()
}

// Preflight runs the steps that need neither status nor restrictions, S1 to S4. It is false with the
// denial that Decide would give whatever the status is, so that nothing is fetched for a chain
// that nobody stands behind; true says nothing about the rest. The status of supporting
// credentials is read by S4.6 already, so it has to be in w.
func Preflight(w World, p Presentation, r Request) (Decision, bool) {
	e := evaluation{
		registry: registry{framework: w.Framework, now: w.Now},
		world:    &w, shown: &p, asked: &r,
	}
	all := steps()
	for _, step := range all[:beforeStatus] {
		step(&e)
		if len(e.found.codes) > 0 {
			return e.denial(), false
		}
	}
	return Decision{}, true
}

// beforeStatus is the number of steps that stand before S5.
const beforeStatus = 5

// steps are those of §7 that end in a plain denial, in their order.
func steps() [9]func(*evaluation) {
	return [...]func(*evaluation){
		(*evaluation).request,      // S1
		(*evaluation).presentation, // S2
		(*evaluation).links,        // S3
		(*evaluation).assembly,     // S3b
		(*evaluation).trust,        // S4
		(*evaluation).status,       // S5
		(*evaluation).redelegation, // S6
		(*evaluation).presenter,    // S7
		(*evaluation).limits,       // S8.1 to S8.6
	}
}

// evaluation is one decision in the making.
type evaluation struct {
	registry
	world *World
	shown *Presentation
	asked *Request
	trace *trace // nil where nobody wants an explanation

	found               findings
	decider             *link     // where the first finding stands, nil for none
	notBefore, notAfter time.Time // of the link whose dates decided

	policy         trustframework.ControllerPolicy
	relationship   trustframework.Relationship
	chain          []link
	rootCeiling    *ceiling // acc of S8.7
	agent          bool     // some link's delegate is an agent
	controllerRisk int      // M5
	overdue        bool     // M10
	oldest         time.Duration
	basis          []Basis
	expires        time.Time
}

// findings are reasons, each once, in the order in which they were found; at is what they are
// about.
type findings struct {
	codes []reason.Code
	at    *link
	trace *trace
}

// when makes the check of a rule: code is found if bad.
func (f *findings) when(rule string, bad bool, code reason.Code) {
	if bad || f.trace != nil { // small enough to be put into the callers
		f.note(rule, bad, code)
	}
}

func (f *findings) note(rule string, bad bool, code reason.Code) {
	f.trace.check(rule, f.at, bad, code)
	if bad {
		f.codes = addReason(f.codes, code)
	}
}

func addReason(codes []reason.Code, code reason.Code) []reason.Code {
	if len(codes) == MaxReasons || slices.Contains(codes, code) {
		return codes
	}
	return append(codes, code)
}

// when makes the check of a rule: code is found if bad. At is the link that it is about, nil for
// none.
func (e *evaluation) when(rule string, bad bool, code reason.Code, at *link) {
	if bad || e.trace != nil {
		e.note(rule, bad, code, at)
	}
}

func (e *evaluation) note(rule string, bad bool, code reason.Code, at *link) {
	e.trace.check(rule, at, bad, code)
	if bad {
		e.fail(code, at)
	}
}

func (e *evaluation) fail(code reason.Code, at *link) {
	if len(e.found.codes) == 0 {
		e.decider = at
		e.found.codes = make([]reason.Code, 0, mostReasons)
	}
	e.found.codes = addReason(e.found.codes, code)
}

// about returns findings for the link, which join adds to those of the evaluation.
func (e *evaluation) about(at *link) findings { return findings{at: at, trace: e.trace} }

func (e *evaluation) join(f *findings) {
	for _, code := range f.codes {
		e.fail(code, f.at)
	}
}

// until notes an instant after which the decision may be another: a limit of what, by name.
func (e *evaluation) until(t time.Time, what, name string) {
	e.trace.limit(t, what, name)
	if e.expires.IsZero() || t.Before(e.expires) {
		e.expires = t
	}
}

func (e *evaluation) leaf() *link { return &e.chain[len(e.chain)-1] }

// denial is the answer where a step found something.
func (e *evaluation) denial() Decision {
	d := e.deny(e.found.codes[0])
	d.Reasons = e.found.codes
	d.NotBefore, d.NotAfter = e.notBefore, e.notAfter
	if e.decider != nil {
		d.Link = e.decider.Name
	}
	return d
}

func (e *evaluation) deny(code reason.Code) Decision {
	return Decision{Reason: code, Reasons: []reason.Code{code}, StatusAge: e.oldest, Basis: e.basis}
}

// authority is S8.7 to S8.9.
func (e *evaluation) authority() Decision {
	e.gather()
	eff, drop := e.effective()
	if d, hit := e.sweeps(eff); hit {
		return d
	}
	return e.choose(eff, drop)
}
