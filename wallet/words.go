// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/vocabulary"
)

// Languages in which a wallet speaks of what it holds.
const (
	English = vocabulary.English
	Welsh   = vocabulary.Welsh
)

// Language returns the language for a tag such as "cy-GB" or "cy_GB.UTF-8": Welsh, or English for
// every other.
func Language(tag string) string { return vocabulary.Language(tag) }

// Says tells what the credential allows in plain sentences of a language, English where it is not
// one of Languages' constants: what may be done, where it is held back, for what, until when, whether
// it may be passed on, and on whose word. It leaves out what only machines need, which Facts has. A
// name that is not of the vocabulary stands as it is, in quotes; its text comes from outside.
func (e *Entry) Says(language string) []string {
	t := tongueOf(language)
	c := e.credential
	switch c.Type {
	case credential.TypeWorkgroupMembership:
		return []string{fmt.Sprintf(t.member, c.Workgroup), t.until(c), fmt.Sprintf(t.by, e.Issuer)}
	case credential.TypeIdentityBinding:
		return []string{fmt.Sprintf(t.identity, c.Delegate.ID), t.until(c), fmt.Sprintf(t.by, e.Issuer)}
	}
	var out []string
	for _, p := range c.Permissions {
		out = append(out, t.permission(p, e.Person()))
	}
	for _, p := range c.Prohibitions {
		out = append(out, fmt.Sprintf(t.mayNot, t.List(t.Actions, p.Actions), t.Name(t.Resources, p.Resource), e.Person()))
	}
	if len(c.Permissions) == 0 {
		out = append(out, t.nothing)
	}
	out = append(out, fmt.Sprintf(t.only, t.List(t.Purposes, c.Purposes)), t.until(c))
	out = append(out, t.dates(c)...)
	return append(out, t.onward(c.Redelegation), t.word(e))
}

// Person returns how the wallet names the person who is acted for: by their number in some system where
// it knows one, else by the id that the credential has, after what the holder calls them.
func (e *Entry) Person() string {
	id := e.OnBehalfOf
	if e.Identifier != nil {
		id = e.Identifier.Value
	}
	if e.Called != "" {
		return e.Called + " (" + id + ")"
	}
	return id
}

// Day writes the day of t, in UTC, as people of a language do.
func Day(t time.Time, language string) string { return vocabulary.In(language, nil).Day(t) }

func tongueOf(language string) *tongue {
	if language == Welsh {
		return welsh()
	}
	return english()
}

// tongue is one language: sentences with places to fill, and the vocabulary.
type tongue struct {
	*vocabulary.Words

	may, mayNot, nothing                       string // actions, resource, person
	only, valid                                string // purposes; begin and end
	review, changes                            string // day
	notOnward, onwardOnce, onwardTimes         string // how often, kinds
	basis, by, passed                          string // legal basis, issuer; issuer; who
	member, identity                           string
	since, before, between, without, justThese string // of records
	signedIn, uses, void                       string
	clock                                      string // after a day that does not begin at midnight

	// At a glance.
	head, limited                                      string // person
	holds, brief, through                              string // end, purposes, who stands behind it; end, who; who
	revoked, suspended, ended, notYet                  string // day
	endsSoon, reviewSoon, changeSoon                   string // day
	dueExpiry, dueReview, dueTransition, dueCollection string // person, day, issuer; the last one: issuer

}

// permission says what p allows for a person, and every limit that it has.
func (t *tongue) permission(p credential.Permission, person string) string {
	text := fmt.Sprintf(t.may, t.List(t.Actions, p.Actions), t.Name(t.Resources, p.Resource), person)
	if p.Constraint.Void {
		return text + ": " + t.void + "."
	}
	if limits := t.limits(p.Constraint); len(limits) > 0 {
		text += ": " + strings.Join(limits, "; ")
	}
	return text + "."
}

func (t *tongue) limits(c credential.Constraint) []string {
	var out []string
	switch {
	case c.DateFrom != "" && c.DateTo != "":
		out = append(out, fmt.Sprintf(t.between, t.date(c.DateFrom), t.date(c.DateTo)))
	case c.DateFrom != "":
		out = append(out, fmt.Sprintf(t.since, t.date(c.DateFrom)))
	case c.DateTo != "":
		out = append(out, fmt.Sprintf(t.before, t.date(c.DateTo)))
	}
	if len(c.Include) > 0 {
		out = append(out, fmt.Sprintf(t.justThese, t.List(t.Categories, c.Include)))
	}
	if len(c.Exclude) > 0 {
		out = append(out, fmt.Sprintf(t.without, t.List(t.Categories, c.Exclude)))
	}
	if c.MinAssurance != "" {
		out = append(out, fmt.Sprintf(t.signedIn, t.Name(t.Levels, c.MinAssurance)))
	}
	for _, r := range c.Requires[:min(len(c.Requires), vocabulary.MaxListed)] {
		if level, ok := strings.CutPrefix(r, "step-up:"); ok {
			out = append(out, fmt.Sprintf(t.signedIn, t.Name(t.Levels, level)))
			continue
		}
		out = append(out, t.Name(t.Requirements, r))
	}
	if c.MaxUses > 0 {
		out = append(out, fmt.Sprintf(t.uses, c.MaxUses))
	}
	return out
}

func (t *tongue) until(c *credential.Credential) string {
	return fmt.Sprintf(t.valid, t.instant(c.ValidFrom), t.instant(c.ValidUntil))
}

func (t *tongue) dates(c *credential.Credential) (out []string) {
	if !c.ReviewBy.IsZero() {
		out = append(out, fmt.Sprintf(t.review, t.Day(c.ReviewBy)))
	}
	if !c.TransitionAt.IsZero() {
		out = append(out, fmt.Sprintf(t.changes, t.Day(c.TransitionAt)))
	}
	return out
}

func (t *tongue) onward(r credential.Redelegation) string {
	kinds := r.Kinds
	if kinds == nil {
		kinds = []string{KindPerson}
	}
	switch {
	case r.MaxDepth < 1 || len(kinds) == 0:
		return t.notOnward
	case r.MaxDepth == 1:
		return fmt.Sprintf(t.onwardOnce, t.List(t.Kinds, kinds))
	}
	return fmt.Sprintf(t.onwardTimes, r.MaxDepth, t.List(t.Kinds, kinds))
}

// word says on whose word the credential stands.
func (t *tongue) word(e *Entry) string {
	text := fmt.Sprintf(t.basis, t.Name(t.Bases, e.credential.LegalBasis), e.Issuer)
	if e.From != "" {
		text += " " + fmt.Sprintf(t.passed, e.From)
	}
	return text
}

// date writes a day of a record as people do.
func (t *tongue) date(text string) string {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return strconv.Quote(text)
	}
	return t.Day(d)
}

// instant is Day, with the time of day where it is not midnight.
func (t *tongue) instant(at time.Time) string {
	if clock := at.UTC().Format("15:04"); clock != "00:00" {
		return t.Day(at) + fmt.Sprintf(t.clock, clock)
	}
	return t.Day(at)
}
