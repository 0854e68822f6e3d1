// SPDX-License-Identifier: Apache-2.0

// Package oracle gives a second opinion on delegation.Decide. It is written from delegation.md
// alone and for obviousness: what a permission allows is a set that is written out in full, and
// each rule of the check order is one sentence with its number. Nothing here is shared with the
// package that it checks but the types of the question and of the answer.
package oracle

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
)

// set is a subset of one dimension of a universe, one bit for each of at most 64 elements.
type set uint64

func (s set) within(t set) bool { return s&^t == 0 }

// universe lists, for each dimension of an access, every element that the permissions of a case
// can tell apart, and one more that none of them names.
type universe struct {
	resources    []string
	actions      []string
	dates        []string // of a record; "0000" is before every date and "9999" stands for the open end
	categories   []string
	requirements []string
	uses         []int // the how-manieth use it is
}

const unseen = "~unseen"

var levels = [...]string{"low", "substantial", "high"}

func add[E comparable](list []E, more ...E) []E {
	for _, m := range more {
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list
}

// include makes the universe tell p apart from every other permission in it.
func (u *universe) include(p *permission) {
	u.resources = add(u.resources, p.Resource, p.Resource+"/"+unseen)
	u.actions = add(u.actions, p.Actions...)
	u.dates = add(u.dates, p.dateFrom, p.dateTo)
	u.categories = add(add(u.categories, p.exclude...), p.include...)
	u.requirements = add(u.requirements, p.requires...)
	u.uses = add(u.uses, p.maxUses, p.maxUses+1)
}

func universeOf(permissions []*permission) *universe {
	u := &universe{actions: []string{unseen}, dates: []string{"0000", "9999"}, categories: []string{unseen}, requirements: []string{unseen}}
	for _, p := range permissions {
		u.include(p)
	}
	if max(len(u.resources), len(u.actions), len(u.dates), len(u.categories), len(u.requirements), len(u.uses)) > 64 {
		panic("a universe has more than 64 elements")
	}
	return u
}

// subset writes out the elements that are allowed.
func subset[E any](elements []E, allowed func(E) bool) (s set) {
	for i, e := range elements {
		if allowed(e) {
			s |= 1 << i
		}
	}
	return s
}

// accesses is what a permission allows, dimension by dimension. Exclusion and inclusion of
// categories are two dimensions, because delegation.md §6.1 compares them one by one: a child
// that includes only {a} must still exclude b if its parent does.
type accesses struct {
	resources, actions, dates, notExcluded, included, levels, undone, uses set
}

// allowed enumerates p over u. undone holds each requirement that may be left undone: a
// permission that requires more allows fewer of them.
func (u *universe) allowed(p *permission) accesses {
	return accesses{
		resources:   subset(u.resources, func(r string) bool { return covers(p.Resource, r) }),
		actions:     subset(u.actions, func(a string) bool { return slices.Contains(p.Actions, a) }),
		dates:       subset(u.dates, func(d string) bool { return p.dateFrom <= d && d <= p.dateTo }),
		notExcluded: subset(u.categories, func(c string) bool { return !slices.Contains(p.exclude, c) }),
		included:    subset(u.categories, func(c string) bool { return p.includesAll || slices.Contains(p.include, c) }),
		levels:      subset(levels[:], func(l string) bool { return rank(l) >= rank(p.minAssurance) }),
		undone:      subset(u.requirements, func(r string) bool { return !slices.Contains(p.requires, r) }),
		uses:        subset(u.uses, func(n int) bool { return n <= p.maxUses }),
	}
}

func covers(p, r string) bool { return p == r || strings.HasPrefix(r, p+"/") }

func anyCovers(s []string, r string) bool {
	return slices.Contains(s, "*") || slices.ContainsFunc(s, func(p string) bool { return covers(p, r) })
}

// rank orders assurance and risk; 0 is a name that is neither.
func rank(name string) int {
	switch name {
	case "low", "routine":
		return 1
	case "substantial", "sensitive":
		return 2
	case "high":
		return 3
	}
	return 0
}

// permission is a permission with its constraint read from the JSON, absent values filled in as
// §6 treats them, and the set of what it allows.
type permission struct {
	*credential.Permission
	*limits
	allowed accesses
}

// limits is a constraint (§2.4).
type limits struct {
	void              bool
	dateFrom, dateTo  string
	exclude, include  []string
	includesAll       bool // no includeCategories
	minAssurance      string
	requires          []string
	maxUses           int
	hasFrom, hasUntil bool // dateFrom, dateTo given
}

const unlimited = 1_000_000_000

// read reads a constraint from its JSON. It is void if it cannot be honoured exactly (§2.4).
func read(raw string) *limits {
	l := &limits{dateFrom: "0000", dateTo: "9999", includesAll: true, minAssurance: "low", maxUses: unlimited}
	var members map[string]any
	if err := json.Unmarshal([]byte(raw), &members); err != nil {
		l.void = true
		return l
	}
	for name, value := range members {
		if !l.member(name, value) {
			l.void = true
		}
	}
	if l.hasFrom && l.hasUntil && l.dateFrom > l.dateTo {
		l.void = true
	}
	if slices.ContainsFunc(l.requires, malformedRequirement) {
		l.void = true
	}
	return l
}

// member takes over one member; false voids the constraint.
func (l *limits) member(name string, value any) (ok bool) {
	if !slices.Contains([]string{"dateFrom", "dateTo", "excludeCategories", "includeCategories", "minAssurance", "requires", "maxUses"}, name) {
		return false
	}
	if value == nil {
		return true // JSON null counts as absent
	}
	switch name {
	case "dateFrom":
		l.dateFrom, ok = value.(string)
		l.hasFrom = true
		return ok && isDate(l.dateFrom)
	case "dateTo":
		l.dateTo, ok = value.(string)
		l.hasUntil = true
		return ok && isDate(l.dateTo)
	case "excludeCategories":
		l.exclude, ok = texts(value)
	case "includeCategories":
		l.includesAll = false
		l.include, ok = texts(value)
		return ok && len(l.include) > 0
	case "requires":
		l.requires, ok = texts(value)
	case "minAssurance":
		l.minAssurance, ok = value.(string)
		return ok && slices.Contains(levels[:], l.minAssurance)
	case "maxUses":
		n, number := value.(float64)
		l.maxUses = int(n)
		return number && n >= 1 && n == float64(int(n))
	}
	return ok
}

func texts(value any) (list []string, ok bool) {
	array, ok := value.([]any)
	for _, v := range array {
		text, isText := v.(string)
		list, ok = append(list, text), ok && isText
	}
	return list, ok
}

func isDate(s string) bool {
	_, err := time.Parse("2006-01-02", s)
	return err == nil && len(s) == len("2006-01-02")
}

func beginsBlocking(entry string) bool {
	return strings.HasPrefix(entry, "confirm") || strings.HasPrefix(entry, "human-approval") || strings.HasPrefix(entry, "step-up")
}

func malformedRequirement(entry string) bool {
	return beginsBlocking(entry) && !slices.Contains([]string{"confirm", "human-approval", "step-up:low", "step-up:substantial", "step-up:high"}, entry)
}
