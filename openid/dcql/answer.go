// SPDX-License-Identifier: Apache-2.0

package dcql

import "slices"

// Answers is what many credentials can answer to one query. Only Answer makes one.
type Answers struct {
	Choices []Choice // the credential queries that something answers, in their order
	Steps   int      // that the evaluation took, at most the greater of MaxWork and WorkEach for each credential

	query *Query
}

// Choice is what can be answered to one credential query.
type Choice struct {
	Query *Credential
	Fits  []Fit // at least one, in the order of the candidates
}

// Fit is a candidate that answers a credential query.
type Fit struct {
	Candidate int    // its place among the candidates
	Show      []Path // the claims that are asked to be shown, as Match has it
}

// Answer evaluates q on every credential of a wallet (§6.4). One that takes more than WorkEach steps for
// each, or than MaxWork where this is more, is limit.query: no query makes a wallet work without end. Then
// Steps alone is told.
// That nothing answers is no error.
func Answer(q *Query, have []Candidate) (Answers, error) {
	work := max(MaxWork, WorkEach*len(have))
	e := evaluation{left: work}
	out := Answers{query: q}
	for i := range q.Credentials {
		choice := Choice{Query: &q.Credentials[i]}
		plan := choice.Query.plan()
		for at := range have {
			show, ok, err := choice.Query.match(have[at], plan, &e)
			if err != nil {
				return Answers{Steps: work - max(e.left, 0)}, err
			}
			if ok {
				choice.Fits = append(choice.Fits, Fit{at, show})
			}
		}
		if len(choice.Fits) > 0 {
			out.Choices = append(out.Choices, choice)
		}
	}
	out.Steps = work - e.left
	return out, nil
}

// Of returns what can be answered to the credential query called id.
func (a Answers) Of(id string) []Fit {
	for _, c := range a.Choices {
		if c.Query.ID == id {
			return c.Fits
		}
	}
	return nil
}

// Satisfied reports whether the candidates are enough for an answer (§6.4.2).
func (a Answers) Satisfied() bool { return a.query != nil && a.query.Satisfied(a.answered()) }

// Options returns for each credential set of the query, in order, those of its options that can be met,
// in the order in which the verifier likes them (§6.2); a query without sets is one set whose one option is
// all of it. A set without an option that can be met has none here: where it must be met, nothing may be
// answered at all.
func (a Answers) Options() [][][]string {
	if a.query == nil {
		return nil
	}
	sets := a.query.Sets
	if len(sets) == 0 {
		every := make([]string, 0, len(a.query.Credentials))
		for i := range a.query.Credentials {
			every = append(every, a.query.Credentials[i].ID)
		}
		sets = []Set{{Options: [][]string{every}}}
	}
	answered := a.answered()
	out := make([][][]string, 0, len(sets))
	for _, s := range sets {
		out = append(out, slices.DeleteFunc(slices.Clone(s.Options), func(option []string) bool { return !allIn(option, answered) }))
	}
	return out
}

func (a Answers) answered() map[string]bool {
	out := make(map[string]bool, len(a.Choices))
	for _, c := range a.Choices {
		out[c.Query.ID] = true
	}
	return out
}
