// SPDX-License-Identifier: Apache-2.0

package credential

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/behalf-id/behalf/credential/internal/view"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// maxConstraintList bounds the lists in a constraint; a longer one voids it.
const maxConstraintList = 256

// ParseConstraint reads raw, a JSON object that passed strictjson.Check, as a constraint. What
// cannot be honoured exactly makes it Void (delegation.md §2.4), and so does anything but an
// object: there is no error.
func ParseConstraint(raw []byte) Constraint {
	text := view.Of(raw)
	return ReadConstraint(&text, raw)
}

// ReadConstraint is ParseConstraint for the formats: of raw, a part of text. Raw has no room to
// grow into the text behind it, which others may see.
func ReadConstraint(text *view.Text, raw strictjson.Value) Constraint {
	c := Constraint{Raw: slices.Clip(raw)}
	for m, err := range strictjson.Members(raw) {
		if err == nil {
			err = c.member(text, m)
		}
		if err != nil {
			c.Void = true
		}
	}
	c.Void = c.Void || c.voids()
	return c
}

// member reads one member; null counts as absent, but its key must be known.
func (c *Constraint) member(text *view.Text, m strictjson.Member) (err error) {
	into, list := (*string)(nil), (*[]string)(nil)
	switch string(m.Name) {
	case "dateFrom":
		into = &c.DateFrom
	case "dateTo":
		into = &c.DateTo
	case "minAssurance":
		into = &c.MinAssurance
	case "excludeCategories":
		list = &c.Exclude
	case "includeCategories":
		list = &c.Include
	case "requires":
		list = &c.Requires
	case "maxUses":
	default:
		return invalid("a constraint is not known")
	}
	switch {
	case string(m.Value) == "null":
	case into != nil:
		if *into, err = text.String(m.Value); err == nil && *into == "" {
			return invalid("a constraint is empty")
		}
	case list != nil:
		*list, err = text.Strings(m.Value, maxConstraintList)
	default:
		c.MaxUses, err = uses(m.Value)
	}
	return err
}

// uses reads maxUses. What is not a whole number from 1 on is an error.
func uses(value []byte) (int, error) {
	n, err := strictjson.Int(value)
	if err == nil && n < 1 {
		err = invalid("maxUses is below 1")
	}
	return int(n), err
}

// voids reports whether the values of c cannot be honoured exactly.
func (c *Constraint) voids() bool {
	switch {
	case c.DateFrom != "" && !IsDate(c.DateFrom),
		c.DateTo != "" && !IsDate(c.DateTo),
		c.DateFrom != "" && c.DateTo != "" && c.DateFrom > c.DateTo,
		c.Include != nil && len(c.Include) == 0,
		c.MinAssurance != "" && !isLevel(c.MinAssurance),
		c.MaxUses < 0:
		return true
	}
	for _, r := range c.Requires {
		if malformedRequirement(r) {
			return true
		}
	}
	return false
}

// writable reports whether c can be written as JSON. What was read always can.
func (c *Constraint) writable() bool {
	for _, list := range [...][]string{c.Exclude, c.Include, c.Requires} {
		for _, s := range list {
			if !utf8.ValidString(s) {
				return false
			}
		}
	}
	if c.Void && len(c.Raw) > 0 {
		return c.Raw[0] == '{' && strictjson.Check(c.Raw) == nil
	}
	return isShort(c.DateFrom) && isShort(c.DateTo) && isShort(c.MinAssurance)
}

// malformedRequirement reports whether r begins with a blocking word and is none of the exact forms.
func malformedRequirement(r string) bool {
	level, isStep := strings.CutPrefix(r, "step-up:")
	switch {
	case r == "confirm" || r == "human-approval" || isStep && isLevel(level):
		return false
	}
	return strings.HasPrefix(r, "confirm") || strings.HasPrefix(r, "human-approval") || strings.HasPrefix(r, "step-up")
}

func isLevel(s string) bool { return s == "low" || s == "substantial" || s == "high" }
