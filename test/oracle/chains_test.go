// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
)

func cutLast(path string) (above, last string, some bool) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return path, "", false
	}
	return path[:i], path[i+1:], true
}

// draft is a permission in the making.
type draft struct {
	resource string
	actions  []string
	risk     string
	terms    terms
}

// terms is a constraint in the making, as JSON writes it.
type terms struct {
	DateFrom string   `json:"dateFrom,omitempty"`
	DateTo   string   `json:"dateTo,omitempty"`
	Exclude  []string `json:"excludeCategories,omitempty"`
	Include  []string `json:"includeCategories,omitempty"`
	Min      string   `json:"minAssurance,omitempty"`
	Requires []string `json:"requires,omitempty"`
	Uses     int      `json:"maxUses,omitempty"`
	odd      string   // in place of all that: a constraint that is void or nearly so
}

// oddities are constraints of an unusual form, most of them void.
var oddities = []string{
	`{"region":"x"}`, `{"region":null}`, `{"includeCategories":[]}`, `{"includeCategories":null}`, `{"excludeCategories":null,"requires":null}`,
	`{"excludeCategories":"c1"}`, `{"excludeCategories":[null]}`, `{"includeCategories":[1]}`, `{"includeCategories":"c1"}`, `{"requires":[1]}`, `{"requires":["confirm-x"]}`, `{"requires":["step-up"]}`, `{"requires":["step-up:very-high"]}`,
	`{"requires":["human-approval:2"]}`, `{"dateFrom":"2024-1-1"}`, `{"dateTo":"2023-02-29"}`, `{"dateFrom":"2024-01-02","dateTo":"2024-01-01"}`,
	`{"dateFrom":"2024-01-01","dateTo":"2024-01-01"}`, `{"dateFrom":20240101}`, `{"minAssurance":"very-high"}`, `{"minAssurance":null}`,
	`{"maxUses":0}`, `{"maxUses":"3"}`, `{"maxUses":1.5}`, `{"maxUses":-1}`, `{"maxUses":null,"dateTo":null}`, `{"maxUses":999999999}`,
	`{"excludeCategories":[],"requires":[]}`, `{"requires":["confirm","confirm"]}`, `{"Requires":["confirm"]}`, `{"requires":["warn:confirm"]}`,
}

// constraint parses the terms, once for each text.
func (g *gen) constraint(t terms) credential.Constraint {
	text := t.odd
	if text == "" {
		raw, err := json.Marshal(t)
		if err != nil {
			panic(err)
		}
		text = string(raw)
	}
	c, known := g.constraints[text]
	if !known {
		c = credential.ParseConstraint([]byte(text))
		g.constraints[text] = c
	}
	return c
}

func (g *gen) free() draft {
	d := draft{resource: pick(g, paths[:7]), actions: some(g, actions, 60), risk: pick(g, []string{"routine", "routine", "routine", "sensitive", "high"})}
	if len(d.actions) == 0 && g.chance(95) {
		d.actions = []string{"view"}
	}
	for g.chance(30) {
		g.narrowOne(&d)
	}
	return d
}

// narrow makes d no broader than it is, mostly in few dimensions.
func (g *gen) narrow(d draft) draft {
	for g.chance(45) {
		g.narrowOne(&d)
	}
	if g.chance(15) {
		d.risk = pick(g, risks)
	}
	return d
}

func without(from []string, i int) []string {
	return slices.Delete(slices.Clone(from), i, i+1)
}

func (g *gen) narrowOne(d *draft) {
	t := &d.terms
	switch g.IntN(9) {
	case 0:
		d.resource = pick(g, slices.DeleteFunc(add([]string{d.resource}, paths...), func(p string) bool { return !covers(d.resource, p) }))
	case 1:
		if len(d.actions) > 1 {
			d.actions = without(d.actions, g.IntN(len(d.actions)))
		}
	case 2:
		if f := pick(g, dates[:2]); f > t.DateFrom {
			t.DateFrom = f
		}
	case 3:
		if f := pick(g, dates[2:]); t.DateTo == "" || f < t.DateTo {
			t.DateTo = f
		}
	case 4:
		t.Exclude = add(slices.Clone(t.Exclude), pick(g, categories))
	case 5:
		if t.Include == nil {
			t.Include = add([]string{pick(g, categories)}, some(g, categories, 50)...)
		} else if len(t.Include) > 1 {
			t.Include = without(t.Include, g.IntN(len(t.Include)))
		}
	case 6:
		if l := pick(g, levels[:]); rank(l) > rank(t.Min) {
			t.Min = l
		}
	case 7:
		t.Requires = add(slices.Clone(t.Requires), pick(g, requirements))
	case 8:
		if n := 1 + g.IntN(5); t.Uses == 0 || n < t.Uses {
			t.Uses = n
		}
	}
}

// relax widens one dimension of d, if it has anything to widen there.
func (g *gen) relax(d *draft) {
	t := &d.terms
	for range 8 { // until a dimension is found that can be relaxed
		before := *d
		switch g.IntN(9) {
		case 0:
			d.actions = add(slices.Clone(d.actions), pick(g, actions))
		case 1:
			t.DateFrom = pick(g, []string{"", "2019-12-31"})
		case 2:
			t.DateTo = pick(g, []string{"", "2030-01-01", "9999-12-31"})
		case 3:
			if len(t.Exclude) > 0 {
				t.Exclude = without(t.Exclude, g.IntN(len(t.Exclude)))
			}
		case 4:
			if t.Include != nil {
				t.Include = pick(g, [][]string{nil, add(slices.Clone(t.Include), pick(g, append(slices.Clone(categories), "c9")))})
			}
		case 5:
			t.Min = pick(g, []string{"", "low", "substantial"})
		case 6:
			if len(t.Requires) > 0 {
				t.Requires = without(t.Requires, g.IntN(len(t.Requires)))
			}
		case 7:
			if t.Uses > 0 {
				t.Uses = pick(g, []int{0, t.Uses + 1})
			}
		case 8:
			d.resource, _, _ = cutLast(d.resource)
			if g.chance(30) {
				d.resource = strings.Replace(d.resource, "a", "a-b", 1)
			}
		}
		if !sameDraft(before, *d) {
			return
		}
	}
}

func sameDraft(a, b draft) bool {
	return a.resource == b.resource && slices.Equal(a.actions, b.actions) && a.terms.DateFrom == b.terms.DateFrom && a.terms.DateTo == b.terms.DateTo &&
		slices.Equal(a.terms.Exclude, b.terms.Exclude) && slices.Equal(a.terms.Include, b.terms.Include) && a.terms.Min == b.terms.Min &&
		slices.Equal(a.terms.Requires, b.terms.Requires) && a.terms.Uses == b.terms.Uses
}

// drafts makes the permissions of one link: narrowings of the parent's, some of them relaxed in
// one dimension, and a few that are free.
func (g *gen) drafts(parent []draft) (out []draft) {
	for range 1 + g.IntN(4) {
		d := g.free()
		if len(parent) > 0 && g.chance(93) {
			d = g.narrow(pick(g, parent))
			if g.chance(20) {
				g.relax(&d)
			}
		}
		if g.chance(3) {
			d.terms = terms{odd: pick(g, oddities)}
		}
		out = append(out, d)
	}
	return out
}

func (g *gen) permissions(drafts []draft) []credential.Permission {
	out := make([]credential.Permission, 0, len(drafts))
	first := g.IntN(10)
	for i, d := range drafts {
		id := "p" + strconv.Itoa((first+7*i)%10) // ids do not follow the order
		out = append(out, credential.Permission{ID: id, Resource: d.resource, Actions: d.actions, Risk: d.risk, Constraint: g.constraint(d.terms)})
	}
	return out
}

// chain makes a chain that fits the relationship: one to four links, each within the one above.
func (g *gen) chain(q *question, rel string) {
	r := q.World.Framework.Relationships[rel]
	n := 1 + g.IntN(min(r.MaxRedelegation+1, 4))
	var drafts []draft
	for i := range n {
		drafts = g.drafts(drafts)
		var c *credential.Credential
		if i == 0 {
			c = g.root(q, rel, n)
		} else {
			c = g.child(q.Presentation.Chain[i-1].Credential, i, n)
		}
		c.Permissions = g.permissions(drafts)
		if g.chance(8) {
			c.ReviewBy = now.Add(pick(g, []time.Duration{-day, -time.Second, 0, time.Second, day}))
		}
		l := delegation.Link{Name: c.ID, Credential: c, Signature: delegation.Passed}
		if i > 0 {
			l.Parent = delegation.NamedByDigest
		}
		q.Presentation.Chain = append(q.Presentation.Chain, l)
	}
	q.Presentation.Proof = delegation.Proof{Nonce: delegation.Passed, Audience: delegation.Passed, Unused: delegation.Passed, Fresh: delegation.Passed, Holder: delegation.Passed}
	q.Presentation.Presenter = q.Presentation.Chain[n-1].Credential.Delegate.ID
	if g.chance(20) {
		q.Presentation.Disclosed = map[string][]string{}
		for _, l := range some(g, q.Presentation.Chain, 50) {
			q.Presentation.Disclosed[l.Name] = some(g, []string{"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"}, 80)
		}
	}
}

func (g *gen) root(q *question, rel string, n int) *credential.Credential {
	r := q.World.Framework.Relationships[rel]
	c := &credential.Credential{
		ID: "l0", Type: credential.TypeDelegation, Issuer: "issuer", GrantedBy: "alice", OnBehalfOf: credential.Principal{ID: "alice"},
		Relationship: rel, LegalBasis: pick(g, r.LegalBases), ValidFrom: now.Add(-90 * day), ValidUntil: now.Add(270 * day),
		Jurisdiction: with(g, jurisdictions, "GB-ENG"), Purposes: with(g, purposes, "care"), Controllers: with(g, controllers, "ctrl-1"),
		Assurance:    &credential.Assurance{Principal: "high", Delegate: "high"},
		Redelegation: credential.Redelegation{MaxDepth: n - 1 + g.IntN(r.MaxRedelegation-n+2)},
	}
	if r.SelfIssue && g.chance(50) {
		c.Issuer = c.OnBehalfOf.ID
	}
	if r.ReviewRequired {
		c.ReviewBy = now.Add(30 * day)
	}
	if r.TransitionRequired {
		c.TransitionAt = c.ValidUntil.Add(pick(g, []time.Duration{0, day}))
	}
	if r.MaxValidityDays == 1 {
		c.ValidFrom, c.ValidUntil = now.Add(-12*time.Hour), now.Add(12*time.Hour)
	}
	g.delegate(c, 0, n)
	if len(r.DelegateKinds) > 0 && !slices.Contains(r.DelegateKinds, c.Delegate.Kind) {
		c.Delegate.Kind = r.DelegateKinds[0]
	}
	g.prohibit(c)
	return c
}

// delegate chooses who link i of n is for.
func (g *gen) delegate(c *credential.Credential, i, n int) {
	c.Delegate = credential.Delegate{ID: parties[i], Kind: pick(g, []string{"person", "person", "person", "organisation", "agent"})}
	if i == n-1 && g.chance(15) {
		c.Delegate.Kind = "workgroup"
	}
	if n > 1 || g.chance(50) {
		c.Redelegation.Kinds = []string{"person", "organisation", "workgroup", "agent"}
	}
}

func (g *gen) prohibit(c *credential.Credential) {
	c.Prohibitions = slices.Grow(slices.Clone(c.Prohibitions), 1)
	if g.chance(8) {
		c.Prohibitions = append(c.Prohibitions, credential.Prohibition{Resource: pick(g, paths), Actions: some(g, actions, 50)})
	}
}

// child makes a link within a.
func (g *gen) child(a *credential.Credential, i, n int) *credential.Credential {
	c := *a
	c.ID, c.GrantedBy, c.Issuer = "l"+strconv.Itoa(i), a.Delegate.ID, a.Delegate.ID
	if g.chance(12) {
		c.Issuer = "mediator"
	}
	c.Parent = &credential.Parent{ID: a.ID, Digest: "sha-256:x"}
	c.ReviewBy, c.TransitionAt = time.Time{}, time.Time{}
	if g.chance(30) {
		c.ValidFrom, c.ValidUntil = a.ValidFrom.Add(time.Hour), a.ValidUntil.Add(-time.Hour)
	}
	if g.chance(15) {
		c.Jurisdiction, c.Purposes, c.Controllers = []string{"GB-ENG"}, []string{"care"}, []string{"ctrl-1"}
	}
	c.Redelegation.MaxDepth = n - 1 - i + g.IntN(a.Redelegation.MaxDepth-(n-1-i))
	g.delegate(&c, i, n)
	g.prohibit(&c)
	return &c
}
