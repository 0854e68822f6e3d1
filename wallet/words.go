// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
)

// Languages in which a wallet speaks of what it holds.
const (
	English = "en"
	Welsh   = "cy"
)

// Language returns the language for a tag such as "cy-GB" or "cy_GB.UTF-8": Welsh, or English for
// every other.
func Language(tag string) string {
	if tag = strings.ToLower(tag); tag == Welsh || strings.HasPrefix(tag, Welsh+"-") || strings.HasPrefix(tag, Welsh+"_") || strings.HasPrefix(tag, Welsh+".") {
		return Welsh
	}
	return English
}

// maxSaid is the number of entries of one list that a sentence names.
const maxSaid = 64

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
		out = append(out, fmt.Sprintf(t.mayNot, t.list(t.actions, p.Actions), t.name(t.resources, p.Resource), e.Person()))
	}
	if len(c.Permissions) == 0 {
		out = append(out, t.nothing)
	}
	out = append(out, fmt.Sprintf(t.only, t.list(t.purposes, c.Purposes)), t.until(c))
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
func Day(t time.Time, language string) string { return tongueOf(language).day(t) }

func tongueOf(language string) *tongue {
	if language == Welsh {
		return welsh()
	}
	return english()
}

// tongue is one language: sentences with places to fill, and the vocabulary.
type tongue struct {
	and                                        string // before the last entry of a list
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
	head, do, limited                                  string // person; actions and resource
	holds, brief, through                              string // end, purposes, who stands behind it; end, who; who
	revoked, suspended, ended, notYet                  string // day
	endsSoon, reviewSoon, changeSoon                   string // day
	dueExpiry, dueReview, dueTransition, dueCollection string // person, day, issuer; the last one: issuer

	months                                                                   []string
	actions, resources, purposes, bases, requires, levels, kinds, categories map[string]string
}

// permission says what p allows for a person, and every limit that it has.
func (t *tongue) permission(p credential.Permission, person string) string {
	text := fmt.Sprintf(t.may, t.list(t.actions, p.Actions), t.name(t.resources, p.Resource), person)
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
		out = append(out, fmt.Sprintf(t.justThese, t.list(t.categories, c.Include)))
	}
	if len(c.Exclude) > 0 {
		out = append(out, fmt.Sprintf(t.without, t.list(t.categories, c.Exclude)))
	}
	if c.MinAssurance != "" {
		out = append(out, fmt.Sprintf(t.signedIn, t.name(t.levels, c.MinAssurance)))
	}
	for _, r := range c.Requires[:min(len(c.Requires), maxSaid)] {
		if level, ok := strings.CutPrefix(r, "step-up:"); ok {
			out = append(out, fmt.Sprintf(t.signedIn, t.name(t.levels, level)))
			continue
		}
		out = append(out, t.name(t.requires, r))
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
		out = append(out, fmt.Sprintf(t.review, t.day(c.ReviewBy)))
	}
	if !c.TransitionAt.IsZero() {
		out = append(out, fmt.Sprintf(t.changes, t.day(c.TransitionAt)))
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
		return fmt.Sprintf(t.onwardOnce, t.list(t.kinds, kinds))
	}
	return fmt.Sprintf(t.onwardTimes, r.MaxDepth, t.list(t.kinds, kinds))
}

// word says on whose word the credential stands.
func (t *tongue) word(e *Entry) string {
	text := fmt.Sprintf(t.basis, t.name(t.bases, e.credential.LegalBasis), e.Issuer)
	if e.From != "" {
		text += " " + fmt.Sprintf(t.passed, e.From)
	}
	return text
}

// name returns the words for a name of the vocabulary; another stands as it is, in quotes.
func (t *tongue) name(of map[string]string, name string) string {
	if text, ok := of[name]; ok {
		return text
	}
	return strconv.Quote(name)
}

func (t *tongue) list(of map[string]string, names []string) string {
	said := make([]string, 0, len(names))
	for _, n := range names[:min(len(names), maxSaid)] {
		said = append(said, t.name(of, n))
	}
	if t.and == "" || len(said) < 2 {
		return strings.Join(said, ", ")
	}
	last := len(said) - 1
	return strings.Join(said[:last], ", ") + t.and + said[last]
}

// date writes a day of a record as people do.
func (t *tongue) date(text string) string {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return strconv.Quote(text)
	}
	return t.day(d)
}

func (t *tongue) day(at time.Time) string {
	at = at.UTC()
	return fmt.Sprintf("%d %s %d", at.Day(), t.months[at.Month()-1], at.Year())
}

// instant is day, with the time of day where it is not midnight.
func (t *tongue) instant(at time.Time) string {
	if clock := at.UTC().Format("15:04"); clock != "00:00" {
		return t.day(at) + fmt.Sprintf(t.clock, clock)
	}
	return t.day(at)
}
