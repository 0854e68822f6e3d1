// SPDX-License-Identifier: Apache-2.0

package trustframework

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/reason"
)

// MaxProblems is how many problems Problems reports; it stops looking beyond.
const MaxProblems = 100

// Problem is one thing in a framework that a registry does not publish.
type Problem struct {
	Path string      // such as accreditations[3].status; parties[n] counts the DIDs in sorted order
	Code reason.Code // see Problems
	Text string      // what is wrong, without the value
}

// String returns the problem as one line.
func (p Problem) String() string { return p.Path + ": " + p.Text }

// Validate refuses a framework that a registry must not publish and a reader must not use: the
// loader's duties of delegation.md §2.2, §2.5, §4 and §18 (E2), and of security.md §14. The
// code is that of the worst problem, in the order registry.identifier_ambiguous,
// registry.personal_data, registry.wildcard, json.member_missing, json.type, limit.members; the
// detail lists all of them by path.
//
// A framework that is only decided on, as in a simulation with names in place of DIDs, need not
// be valid in this sense.
func Validate(f *Framework) error {
	problems := Problems(f)
	if len(problems) == 0 {
		return nil
	}
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = p.String()
	}
	return reason.New(worst(problems), strings.Join(lines, "; "))
}

// Problems returns all that Validate refuses f for, in the order of the framework's members and
// at most MaxProblems of it. A value outside a closed list is json.type, an absent one
// json.member_missing, one that is too long or too many limit.members.
func Problems(f *Framework) []Problem {
	c := &checker{spaces: map[string]map[string]string{}}
	if f == nil {
		c.missing("framework")
		return c.problems
	}
	c.anchors, c.known = f.Anchors, f.Parties
	c.head(f)
	c.each("relationships", slices.Sorted(maps.Keys(f.Relationships)), func(path, name string) {
		c.relationship(path, name, f.Relationships[name])
	})
	c.count("accreditations", len(f.Accreditations))
	for i := range f.Accreditations[:min(len(f.Accreditations), MaxEntries)] {
		c.accreditation(fmt.Sprintf("accreditations[%d]", i), &f.Accreditations[i])
	}
	c.each("controllers", slices.Sorted(maps.Keys(f.Controllers)), func(path, id string) {
		c.controller(path, id, f.Controllers[id])
	})
	c.parties(f.Parties)
	c.count("verifiers", len(f.Verifiers))
	for i, v := range f.Verifiers[:min(len(f.Verifiers), MaxEntries)] {
		c.verifier(fmt.Sprintf("verifiers[%d]", i), v)
	}
	return c.problems
}

// checker collects problems. Spaces holds, for each kind of identifier, what was seen by what
// it looks like.
type checker struct {
	problems []Problem
	spaces   map[string]map[string]string
	anchors  []string
	known    map[string]Party
}

func (c *checker) add(path string, code reason.Code, text string) {
	if len(c.problems) < MaxProblems {
		c.problems = append(c.problems, Problem{path, code, text})
	}
}

func (c *checker) missing(path string)       { c.add(path, reason.JSONMemberMissing, "is missing") }
func (c *checker) bad(path, text string)     { c.add(path, reason.JSONType, text) }
func (c *checker) wildcard(path, tx string)  { c.add(path, reason.RegistryWildcard, tx) }
func (c *checker) personal(path, tx string)  { c.add(path, reason.RegistryPersonalData, tx) }
func (c *checker) ambiguous(path, tx string) { c.add(path, reason.RegistryIdentifierAmbiguous, tx) }

func (c *checker) count(path string, n int) {
	if n > MaxEntries {
		c.add(path, reason.LimitMembers, fmt.Sprintf("has more than %d entries", MaxEntries))
	}
}

// each runs check over the entries of a map under their names.
func (c *checker) each(member string, names []string, check func(path, name string)) {
	c.count(member, len(names))
	for _, name := range names[:min(len(names), MaxEntries)] {
		check(fmt.Sprintf("%s[%q]", member, clip(name)), name)
	}
}

// clip keeps a name that is shown short; %q escapes the rest.
func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}

// head checks what is no entry of anything.
func (c *checker) head(f *Framework) {
	c.text("id", f.ID)
	if f.Version < 0 {
		c.bad("version", "is negative")
	}
	if f.Unavailable {
		c.bad("unavailable", "is for simulations; a registry publishes what is in force")
	}
	c.within("maxAgeSeconds", f.MaxAgeSeconds, 1, int64(MaxSnapshotAge.Seconds()))
	c.within("limits.maxChainLinks", int64(f.Limits.MaxChainLinks), 1, MaxChainLinks)
	c.within("limits.maxAccreditationPath", int64(f.Limits.MaxAccreditationPath), 1, MaxAccreditedPath)
	if len(f.Anchors) == 0 {
		c.missing("anchors")
	}
	if len(f.Anchors) > MaxList {
		c.add("anchors", reason.LimitMembers, fmt.Sprintf("has more than %d entries", MaxList))
	}
	for i, a := range f.Anchors[:min(len(f.Anchors), MaxList)] {
		path := fmt.Sprintf("anchors[%d]", i)
		c.organisation(path, a)
		c.once("anchor", path, a)
	}
}

func (c *checker) within(path string, n, low, high int64) {
	if n < low || n > high {
		c.bad(path, fmt.Sprintf("is not between %d and %d", low, high))
	}
}

// worst returns the code of the first problem in the order that Validate states.
func worst(problems []Problem) reason.Code {
	for _, code := range []reason.Code{
		reason.RegistryIdentifierAmbiguous, reason.RegistryPersonalData, reason.RegistryWildcard,
		reason.JSONMemberMissing, reason.JSONType,
	} {
		if slices.ContainsFunc(problems, func(p Problem) bool { return p.Code == code }) {
			return code
		}
	}
	return reason.LimitMembers
}
