// SPDX-License-Identifier: Apache-2.0

package dcql

import (
	"slices"

	"github.com/behalf-id/behalf/reason"
)

// Candidate is a credential as a query sees it.
type Candidate struct {
	Format string   // format identifier of OpenID4VP, such as "dc+sd-jwt"
	Types  []string // the vct alone, or the W3C types
	Bound  bool     // whether a holder proof is, or can be, made for it
	Claims any      // JSON tree of map[string]any, []any, string, int64, float64, bool, nil

	// AuthorityKeys are the key identifiers, base64url, that the certificates on its chain name as their
	// authority's; empty for a credential that is not signed with certificates.
	AuthorityKeys []string
}

// Match tells whether c can be met by have, and which claims it asks to be shown: concrete
// paths without Every, sorted by the order of the query. Where several items of an array are
// asked for by more than one claim, only the items that meet all of those claims are taken, so
// that nothing is shown for one claim that another rules out. Claim sets are tried in order and
// the first that can be met is used (§6.4.1). Too much work is limit.query.
func (c *Credential) Match(have Candidate) (show []Path, ok bool, err error) {
	return c.match(have, c.plan(), &evaluation{left: MaxWork})
}

func (c *Credential) match(have Candidate, plan [][]group, e *evaluation) (show []Path, ok bool, err error) {
	if c.Format != have.Format || c.Bound() && !have.Bound || !c.trusts(have.AuthorityKeys) || !c.typeFits(have.Types) {
		return nil, false, nil
	}
	if len(plan) == 0 {
		return nil, true, nil
	}
	for _, set := range plan {
		if show, ok = e.all(set, have.Claims); ok || e.left < 0 {
			return show, ok, e.err()
		}
	}
	return nil, false, nil
}

// plan returns the claim sets in their order, or all claims as the one set, each in its groups. It is made once for all
// candidates: a query of many long sets costs more to put together than to evaluate.
func (c *Credential) plan() [][]group {
	if len(c.Claims) == 0 {
		return nil
	}
	if len(c.ClaimSets) == 0 {
		return [][]group{groups(c.Claims)}
	}
	byID := make(map[string]Claim, len(c.Claims))
	for _, k := range c.Claims {
		byID[k.ID] = k
	}
	out := make([][]group, 0, len(c.ClaimSets))
	for _, ids := range c.ClaimSets {
		set := make([]Claim, 0, len(ids))
		for _, id := range ids {
			set = append(set, byID[id])
		}
		out = append(out, groups(set))
	}
	return out
}

// trusts reports whether one of the authorities that c lists, if it lists any, is among keys.
func (c *Credential) trusts(keys []string) bool {
	return len(c.Authorities) == 0 || slices.ContainsFunc(c.Authorities, func(a Authority) bool {
		return a.Type == AuthorityKey && slices.ContainsFunc(a.Values, func(v string) bool { return slices.Contains(keys, v) })
	})
}

func (c *Credential) typeFits(types []string) bool {
	if c.Meta.Doctype != "" {
		return len(types) == 1 && types[0] == c.Meta.Doctype
	}
	if len(c.Meta.VCTValues) > 0 {
		return len(types) == 1 && slices.Contains(c.Meta.VCTValues, types[0])
	}
	return slices.ContainsFunc(c.Meta.TypeValues, func(want []string) bool {
		return !slices.ContainsFunc(want, func(t string) bool { return !slices.Contains(types, t) })
	})
}

// evaluation counts its steps, so that a query cannot be made to cost more than MaxWork.
type evaluation struct{ left int }

func (e *evaluation) err() error {
	if e.left < 0 {
		return reason.New(reason.LimitQuery, "dcql: the query asks for too much work")
	}
	return nil
}

// all evaluates the groups of one set together.
func (e *evaluation) all(set []group, tree any) ([]Path, bool) {
	var show []Path
	for _, g := range set {
		paths, ok := e.group(g.claims, g.head, tree)
		if !ok || e.left < 0 {
			return nil, false
		}
		show = append(show, paths...)
	}
	return show, true
}

// group is a set of claims below one array, or one claim without an Every, whose head is nil.
type group struct {
	head   Path
	claims []Claim
}

// groups puts claims together that share the way to an Every: those are evaluated jointly.
func groups(claims []Claim) []group {
	var out []group
	for _, k := range claims {
		head := k.prefix()
		i := slices.IndexFunc(out, func(g group) bool { return head != nil && g.head != nil && slices.Equal(g.head, head) })
		if i < 0 {
			out = append(out, group{head: head})
			i = len(out) - 1
		}
		out[i].claims = append(out[i].claims, k)
	}
	return out
}

// prefix is the path up to the first Every, nil if there is none.
func (k Claim) prefix() Path {
	if i := slices.Index(k.Path, Every()); i >= 0 {
		return k.Path[:i]
	}
	return nil
}

// group evaluates claims that share head, the way to one array, item by item.
func (e *evaluation) group(claims []Claim, head Path, tree any) ([]Path, bool) {
	if head == nil {
		return e.claim(claims[0], tree)
	}
	array, ok := e.walk(head, tree)
	items, isArray := array.([]any)
	if !ok || !isArray {
		return nil, false
	}
	var show []Path
	for i := range items {
		if e.left -= len(claims); e.left < 0 {
			return nil, false
		}
		if paths, ok := e.item(claims, head, i, items[i]); ok {
			show = append(show, paths...)
		}
	}
	return show, len(show) > 0
}

// item evaluates all claims of a group on one item.
func (e *evaluation) item(claims []Claim, head Path, i int, value any) ([]Path, bool) {
	var show []Path
	for _, k := range claims {
		rest := Claim{Path: k.Path[len(head)+1:], Values: k.Values}
		if len(rest.Path) == 0 {
			if !e.accepts(rest, value) {
				return nil, false
			}
			show = append(show, below(head, i, nil))
			continue
		}
		paths, ok := e.claim(rest, value)
		if !ok {
			return nil, false
		}
		for _, p := range paths {
			show = append(show, below(head, i, p))
		}
	}
	return show, true
}

// below returns the path to item i of the array at head, and on to rest.
func below(head Path, i int, rest Path) Path {
	p := make(Path, 0, len(head)+1+len(rest))
	return append(append(append(p, head...), Item(i)), rest...)
}

// claim evaluates one claim on a tree.
func (e *evaluation) claim(k Claim, tree any) ([]Path, bool) {
	if head := k.prefix(); head != nil {
		return e.group([]Claim{k}, head, tree)
	}
	leaf, ok := e.walk(k.Path, tree)
	if !ok || !e.accepts(k, leaf) {
		return nil, false
	}
	return []Path{k.Path}, true
}

// accepts compares a leaf with the values of a claim.
func (e *evaluation) accepts(k Claim, leaf any) bool {
	if e.left -= len(k.Values); e.left < 0 {
		return false
	}
	return len(k.Values) == 0 || slices.ContainsFunc(k.Values, func(v Value) bool { return v.equal(leaf) })
}

// walk follows steps that name one place each.
func (e *evaluation) walk(p Path, tree any) (any, bool) {
	for _, s := range p {
		if e.left--; e.left < 0 {
			return nil, false
		}
		switch node := tree.(type) {
		case map[string]any:
			next, ok := node[s.name]
			if s.kind != member || !ok {
				return nil, false
			}
			tree = next
		case []any:
			if s.kind != item || s.index >= len(node) {
				return nil, false
			}
			tree = node[s.index]
		default:
			return nil, false
		}
	}
	return tree, true
}

// Satisfied reports whether answers to the credential queries named are enough: all of them
// where the query has no sets, else one option of every set that must be met (§6.4.2).
func (q *Query) Satisfied(answered map[string]bool) bool {
	if len(q.Sets) == 0 {
		return !slices.ContainsFunc(q.Credentials, func(c Credential) bool { return !answered[c.ID] })
	}
	return !slices.ContainsFunc(q.Sets, func(s Set) bool {
		return s.Must() && !slices.ContainsFunc(s.Options, func(option []string) bool { return allIn(option, answered) })
	})
}
