// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"slices"
	"strconv"

	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// document is a file as it is written.
type document struct {
	Format      string           `json:"format"`
	About       strictjson.Value `json:"about"`
	Fields      strictjson.Value `json:"fields"`
	Defaults    defaults         `json:"defaults"`
	Credentials strictjson.Value `json:"credentials"`
	Scenarios   []entry          `json:"scenarios"`
	ReasonCodes []reason.Code    `json:"reasonCodes"`
}

type defaults struct {
	Now              strictjson.Value `json:"now"`
	TrustFramework   strictjson.Value `json:"trustFramework"`
	ControllerPolicy strictjson.Value `json:"controllerPolicy"`
	Status           strictjson.Value `json:"status"`
	Restrictions     strictjson.Value `json:"restrictions"`
	Present          strictjson.Value `json:"present"`
	Request          strictjson.Value `json:"request"`
}

type entry struct {
	ID          string           `json:"id"`
	Area        string           `json:"area"`
	Title       string           `json:"title"`
	Given       given            `json:"given"`
	Present     strictjson.Value `json:"present"`
	Request     strictjson.Value `json:"request"`
	RequestOmit []string         `json:"requestOmit"`
	Expect      expectation      `json:"expect"`
}

type given struct {
	World       strictjson.Value `json:"world"`
	Credentials strictjson.Value `json:"credentials"`
}

type expectation struct {
	Outcome     string      `json:"outcome"`
	Reason      reason.Code `json:"reason"`
	Obligations []string    `json:"obligations"`
	NarrowTo    []string    `json:"narrowTo"`
}

// Load reads a file of scenarios. It is strict about the file's own form: an unknown member, area,
// fault, outcome or reason, a $base, supporting credential or fault that names no credential, and
// a scenario id given twice are errors that name them, and nothing is read then. What a scenario
// says of credentials and request may be malformed: that is what some scenarios are about.
// The code of an error is that of package strictjson or json.type.
func Load(raw []byte) (*File, error) {
	if len(raw) > MaxFile {
		return nil, reason.New(reason.LimitBody, "the scenario file is too large")
	}
	var d document
	if err := strictjson.UnmarshalClosed(raw, &d); err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	f := &File{codes: d.ReasonCodes, cases: make([]Case, 0, len(d.Scenarios))}
	for i := range d.Scenarios {
		c, err := d.build(&d.Scenarios[i])
		if err != nil {
			return nil, reason.Wrap(reason.Of(err), "scenario "+d.Scenarios[i].ID, err)
		}
		f.cases = append(f.cases, c)
	}
	return f, nil
}

// malformed is a refusal of the file's own form.
func malformed(what, name string) error {
	return reason.New(reason.JSONType, what+" "+strconv.Quote(name))
}

func (d *document) check() error {
	if d.Format != Format {
		return malformed("unknown format", d.Format)
	}
	if len(d.Scenarios) > MaxScenarios {
		return reason.New(reason.LimitMembers, "too many scenarios")
	}
	for _, code := range d.ReasonCodes {
		if !decides(code) {
			return malformed("unknown reason", string(code))
		}
	}
	seen := make(map[string]bool, len(d.Scenarios))
	for i := range d.Scenarios {
		s := &d.Scenarios[i]
		if s.ID == "" || seen[s.ID] {
			return malformed("scenario id missing or given twice:", s.ID)
		}
		seen[s.ID] = true
		if err := d.checkEntry(s); err != nil {
			return err
		}
	}
	return nil
}

func (d *document) checkEntry(s *entry) error {
	where := "scenario " + s.ID + ": "
	switch {
	case !slices.Contains(areas(), s.Area):
		return malformed(where+"unknown area", s.Area)
	case outcome(s.Expect.Outcome) == noOutcome:
		return malformed(where+"unknown outcome", s.Expect.Outcome)
	case !decides(s.Expect.Reason):
		return malformed(where+"unknown reason", string(s.Expect.Reason))
	case d.ReasonCodes != nil && !slices.Contains(d.ReasonCodes, s.Expect.Reason):
		return malformed(where+"reason not listed in reasonCodes:", string(s.Expect.Reason))
	}
	return nil
}

func decides(code reason.Code) bool {
	e, ok := reason.Lookup(code)
	return ok && e.Decision
}

// noOutcome is no outcome of a decision.
const noOutcome = delegation.Permit + 1

func outcome(name string) delegation.Outcome {
	for o := delegation.Deny; o < noOutcome; o++ {
		if o.String() == name {
			return o
		}
	}
	return noOutcome
}

// build makes one case in the steps of §17.
func (d *document) build(s *entry) (Case, error) {
	c := Case{ID: s.ID, Area: s.Area, Title: s.Title, Expect: s.Expect.sorted()}
	library, err := d.library(s.Given.Credentials)
	if err != nil {
		return Case{}, err
	}
	shown, err := d.shown(s, library)
	if err != nil {
		return Case{}, err
	}
	if c.Presentation, err = shown.presentation(library); err != nil {
		return Case{}, err
	}
	if c.World, err = d.world(s, library); err != nil {
		return Case{}, err
	}
	raw, err := d.rawRequest(s)
	if err != nil {
		return Case{}, err
	}
	if c.Request, err = raw.request(); err != nil {
		return Case{}, err
	}
	c.Source, err = source(library, shown, raw)
	return c, err
}

// source keeps what a case was made of.
func source(lib library, p *shown, request object) (Source, error) {
	s := Source{
		Credentials: make(map[string]strictjson.Value, len(lib)), Request: request,
		Presenter: p.Presenter, Chain: p.Chain, Supporting: p.Supporting, Disclosed: p.Disclosed, Faults: p.Faults,
	}
	for name, o := range lib {
		raw, err := strictjson.Marshal(o)
		if err != nil {
			return Source{}, err
		}
		s.Credentials[name] = raw
	}
	return s, nil
}

func (e expectation) sorted() Expectation {
	x := Expectation{Outcome: outcome(e.Outcome), Reason: e.Reason, Obligations: e.Obligations, NarrowTo: e.NarrowTo}
	slices.Sort(x.Obligations)
	slices.Sort(x.NarrowTo)
	x.Obligations = slices.Compact(x.Obligations)
	return x
}
