// SPDX-License-Identifier: Apache-2.0

// Package scenario reads files of decision scenarios, the format of delegation.md §17, and turns
// each into the arguments of delegation.Decide with the answer that is expected. Nothing in it
// is signed: names stand for parties, and what would be proved is taken for proved unless the
// file says that it fails.
package scenario

import (
	"slices"
	"strconv"
	"time"

	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Format is the format that Load reads, as its member "format" names it.
const Format = "delegation-scenarios/1"

// Bounds on one file.
const (
	MaxFile      = 8 << 20 // bytes
	MaxScenarios = 4096
)

// File is a file of scenarios, read and checked as a whole. The zero File holds none.
type File struct {
	cases []Case
	codes []reason.Code
}

// Cases returns the scenarios in file order.
func (f *File) Cases() []Case { return slices.Clone(f.cases) }

// ReasonCodes returns the codes that the file says it reaches, in file order.
func (f *File) ReasonCodes() []reason.Code { return slices.Clone(f.codes) }

// Case is one scenario.
type Case struct {
	ID, Area, Title string
	World           delegation.World
	Presentation    delegation.Presentation
	Request         delegation.Request
	Expect          Expectation
	Source          Source
}

// Source is what the file says of one scenario, merged and otherwise as it is written: for a
// harness that makes real credentials and requests of it. It is shared and must not be changed.
type Source struct {
	Credentials map[string]strictjson.Value // the whole library by name, each an object
	Request     map[string]strictjson.Value // by member name; requestOmit has been carried out
	Presenter   string                      // "" where there is none
	Chain       []string                    // names, root first; some may not be in Credentials
	Supporting  []string                    // names of Credentials
	Disclosed   map[string][]string         // permission ids by credential; a name that is absent discloses all
	Faults      []string                    // each known, as delegation.md §17 lists them
}

// Expectation is the answer that a scenario asks for. Obligations and NarrowTo are sorted;
// NarrowTo is nil where the answer must have none.
type Expectation struct {
	Outcome     delegation.Outcome
	Reason      reason.Code
	Obligations []string
	NarrowTo    []string
}

// Decide answers the scenario's request.
func (c Case) Decide() delegation.Decision {
	return delegation.Decide(c.World, c.Presentation, c.Request)
}

// Check returns nil if d is the answer that c expects in outcome, reason, obligations and
// narrowTo; otherwise an error that says both.
func (c Case) Check(d delegation.Decision) error {
	want := Result{c.ID, c.Expect.Outcome.String(), c.Expect.Reason, c.Expect.Obligations, c.Expect.NarrowTo}
	got := c.Result(d)
	if got.equal(want) {
		return nil
	}
	return reason.New(reason.InternalIndeterminate, "scenario "+c.ID+": want "+want.String()+", got "+got.String())
}

// Result is what is reported of one scenario.
type Result struct {
	ID          string      `json:"id"`
	Outcome     string      `json:"outcome"`
	Reason      reason.Code `json:"reason"`
	Obligations []string    `json:"obligations"`
	NarrowTo    []string    `json:"narrowTo,omitempty"`
}

// Result returns the report of d as the answer to c.
func (c Case) Result(d delegation.Decision) Result {
	obligations := d.Obligations
	if obligations == nil {
		obligations = []string{}
	}
	return Result{c.ID, d.Outcome.String(), d.Reason, obligations, d.NarrowTo}
}

// String returns r as one line of JSON.
func (r Result) String() string {
	line, err := strictjson.Marshal(r)
	if err != nil {
		return strconv.Quote(err.Error())
	}
	return string(line)
}

func (r Result) equal(o Result) bool {
	return r.Outcome == o.Outcome && r.Reason == o.Reason &&
		slices.Equal(r.Obligations, o.Obligations) && slices.Equal(r.NarrowTo, o.NarrowTo)
}

// areas are the parts of the model that scenarios are sorted by.
func areas() []string {
	return []string{
		"single", "time", "present", "disclose", "status", "trust", "chain",
		"minimise", "control", "step", "staff", "agent", "gaps",
	}
}

// instant is the zero time unless v is an RFC 3339 date-time with offset.
func instant(v strictjson.Value) time.Time {
	var t time.Time
	if t.UnmarshalText([]byte(text(v))) != nil {
		return time.Time{}
	}
	return t
}
