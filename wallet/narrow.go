// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"slices"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Bounds of a Narrowing.
const (
	maxNarrowing = 64        // categories, and requirements
	maxToken     = 64        // bytes of one
	maxUsesAsked = 1_000_000 // more is no limit that anybody means
)

// Narrowing is what a holder adds to the limits of what they pass on. Whatever holds already is
// repeated beside it (delegation.md §6.1): a child that left it out would be refused.
type Narrowing struct {
	DateFrom, DateTo string   // of records, YYYY-MM-DD inclusive; "": as held
	Exclude          []string // categories of records
	Require          []string // such as confirm, human-approval, step-up:high, notify:principal
	// MaxUses is how often; 0: as held. Gateways count the uses of a permission over all who
	// hold it from the same root.
	MaxUses int
}

func (n Narrowing) isZero() bool {
	return n.DateFrom == "" && n.DateTo == "" && len(n.Exclude) == 0 && len(n.Require) == 0 && n.MaxUses == 0
}

// check refuses what no gateway would understand.
func (n Narrowing) check() error {
	switch {
	case n.DateFrom != "" && !credential.IsDate(n.DateFrom) || n.DateTo != "" && !credential.IsDate(n.DateTo):
		return wrong("dates of records are days, such as 2024-01-31")
	case n.MaxUses < 0 || n.MaxUses > maxUsesAsked:
		return wrong("a number of uses is from 1 to " + strconv.Itoa(maxUsesAsked))
	case len(n.Exclude) > maxNarrowing || len(n.Require) > maxNarrowing:
		return wrong("these are more conditions than one permission holds")
	case slices.ContainsFunc(n.Exclude, func(s string) bool { return !isToken(s) }):
		return wrong("a category is one word, such as sexual-health")
	case slices.ContainsFunc(n.Require, func(s string) bool { return !isRequirement(s) }):
		return wrong("a condition is confirm, human-approval, step-up:LEVEL, or begins with notify:, warn:, audit: or alert:")
	}
	return nil
}

func isToken(s string) bool {
	return s != "" && len(s) <= maxToken && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// isRequirement reports whether s is a condition that gateways enforce or hand on (delegation.md §2.4).
func isRequirement(s string) bool {
	kind, rest, ok := strings.Cut(s, ":")
	switch {
	case !ok:
		return s == "confirm" || s == "human-approval"
	case kind == "step-up":
		return slices.Contains([]string{"low", "substantial", "high"}, rest)
	}
	return slices.Contains([]string{"notify", "warn", "audit", "alert"}, kind) && isToken(rest)
}

// Beyond is the refusal of a permission that is not held.
type Beyond struct {
	Possible []Permitted // what of the wish is held; where nothing of it is, all that could be passed on
	refusal  error
}

// Error returns the text of the refusal.
func (b *Beyond) Error() string { return b.refusal.Error() }

// Unwrap returns the refusal, which is chain.scope_widened.
func (b *Beyond) Unwrap() error { return b.refusal }

// Passable returns what of e could be passed on, as it is held: the permissions that are not void,
// none where e may not be passed on.
func (e *Entry) Passable() []Permitted {
	if e.Onward < 1 {
		return nil
	}
	return passable(e.credential)
}

func passable(c *credential.Credential) []Permitted {
	var out []Permitted
	for _, p := range c.Permissions {
		if !p.Constraint.Void {
			out = append(out, Permitted{p.Resource, p.Actions})
		}
	}
	return out
}

// possible returns what of want above grants, else all that it does.
func possible(above *credential.Credential, want Permitted) []Permitted {
	var out []Permitted
	for _, held := range passable(above) {
		shared := slices.DeleteFunc(slices.Clone(want.Actions), func(a string) bool { return !slices.Contains(held.Actions, a) })
		switch {
		case len(shared) == 0:
		case delegation.Covers(held.Resource, want.Resource):
			out = append(out, Permitted{want.Resource, shared})
		case delegation.Covers(want.Resource, held.Resource):
			out = append(out, Permitted{held.Resource, shared})
		}
	}
	if len(out) == 0 {
		return passable(above)
	}
	return out
}

// permission returns the permission that passes want on, and the one held that covers it. The
// limits of the latter are repeated, and those of the proposal added. A void one grants nothing.
func (w *Wallet) permission(above *credential.Credential, want Permitted, p Proposal) (made, from credential.Permission, err error) {
	err = &Beyond{possible(above, want), reason.New(reason.ChainScopeWidened, "you may not do this yourself: "+want.String())}
	for _, held := range above.Permissions {
		lacks := slices.ContainsFunc(want.Actions, func(a string) bool { return !slices.Contains(held.Actions, a) })
		if held.Constraint.Void || lacks || !delegation.Covers(held.Resource, want.Resource) {
			continue
		}
		limits, refused := p.limits(held)
		if refused != nil {
			err = refused
			continue
		}
		id, failed := credential.NewID(w.cfg.Random)
		return credential.Permission{ID: id, Resource: want.Resource, Actions: want.Actions, Risk: held.Risk, Constraint: limits}, held, failed
	}
	return made, from, err
}

// limits returns the constraint of what is passed on of held.
func (p Proposal) limits(held credential.Permission) (credential.Constraint, error) {
	n := p.Narrow
	if p.Kind == KindAgent {
		if n.MaxUses == 0 && held.Constraint.MaxUses == 0 {
			return held.Constraint, wrong("an agent needs a number of uses: --max-uses N")
		}
		if held.Risk != "routine" { // delegation.md §13
			n.Require = append(slices.Clone(n.Require), "human-approval")
		}
	}
	return n.of(held.Constraint)
}

// of returns held with n added. What would relax held is refused, and says what is possible.
func (n Narrowing) of(held credential.Constraint) (credential.Constraint, error) {
	switch {
	case n.isZero():
		return held, nil
	case n.DateFrom != "" && n.DateFrom < held.DateFrom:
		return held, relaxed("you may see records from " + held.DateFrom + " on yourself, and pass on no earlier ones")
	case n.DateTo != "" && held.DateTo != "" && n.DateTo > held.DateTo:
		return held, relaxed("you may see records to " + held.DateTo + " yourself, and pass on no later ones")
	case held.MaxUses > 0 && n.MaxUses > held.MaxUses:
		return held, relaxed("you may use it " + howOften(held.MaxUses) + " yourself, and pass on no more")
	}
	out := constraintForm{
		DateFrom: max(n.DateFrom, held.DateFrom), DateTo: held.DateTo, Exclude: union(held.Exclude, n.Exclude), Include: held.Include,
		MinAssurance: held.MinAssurance, Requires: union(held.Requires, n.Require), MaxUses: held.MaxUses,
	}
	if n.DateTo != "" {
		out.DateTo = n.DateTo
	}
	if n.MaxUses > 0 {
		out.MaxUses = n.MaxUses
	}
	raw, err := strictjson.Marshal(out)
	if err != nil {
		return held, err
	}
	made := credential.ParseConstraint(raw)
	if made.Void {
		return held, wrong("these limits leave nothing: the first day of records is after the last")
	}
	return made, nil
}

// constraintForm is a constraint in JSON (delegation.md §2.4).
type constraintForm struct {
	DateFrom     string   `json:"dateFrom,omitempty"`
	DateTo       string   `json:"dateTo,omitempty"`
	Exclude      []string `json:"excludeCategories,omitempty"`
	Include      []string `json:"includeCategories,omitempty"`
	MinAssurance string   `json:"minAssurance,omitempty"`
	Requires     []string `json:"requires,omitempty"`
	MaxUses      int      `json:"maxUses,omitzero"`
}

// union returns a and what b adds, in this order.
func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func relaxed(detail string) error { return reason.New(reason.ChainConstraintRelaxed, detail) }

func howOften(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}
