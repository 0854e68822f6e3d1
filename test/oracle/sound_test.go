// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"slices"
	"strings"

	"github.com/behalf-id/behalf/reason"
)

// access is one use of one item: an item has a record date and categories, perhaps none.
type access struct {
	resource, action, date string
	categories             []string
	assurance              int
	use                    int
}

// allows says whether p allows the access, all by itself.
func (p *permission) allows(a access) bool {
	excluded := slices.ContainsFunc(a.categories, func(c string) bool { return slices.Contains(p.exclude, c) })
	included := p.includesAll || len(a.categories) > 0 && all(a.categories, p.include)
	dated := (!p.hasFrom || p.dateFrom <= a.date) && (!p.hasUntil || a.date <= p.dateTo)
	return grants(p, a.resource, a.action) && dated && !excluded && included &&
		a.assurance >= rank(p.minAssurance) && a.use <= p.maxUses && !p.void
}

// sound asks of a permit what the whole design is about, without the rules that lead there: each
// access that is left after the filters is allowed by some permission of every link, and no link
// prohibits it.
func sound(q *question, a answer, read func(string) *limits) bool {
	if a.Reason != reason.OK {
		return true
	}
	o := &opinion{w: q.World, p: q.Presentation, r: q.Request, read: read}
	o.disclose()
	for _, l := range o.links {
		if slices.ContainsFunc(l.Prohibitions, o.prohibits) {
			return false
		}
		for _, one := range o.left(a.Obligations) {
			if !slices.ContainsFunc(l.permissions, func(p *permission) bool { return p.allows(one) }) {
				return false
			}
		}
	}
	return true
}

// left enumerates the accesses that the request asks for and the filters leave.
func (o *opinion) left(obligations []string) (out []access) {
	u := universeOf(slices.Concat(permissionsOf(o.links)...))
	have := o.r.Assurance
	if have == "" {
		have = "low"
	}
	for _, date := range o.datesLeft(u, obligations) {
		for _, item := range o.itemsLeft(u, obligations) {
			out = append(out, access{o.r.Resource, o.r.Action, date, item, rank(have), o.r.UsesSoFar + 1})
		}
	}
	return out
}

func permissionsOf(links []*link) (out [][]*permission) {
	for _, l := range links {
		out = append(out, l.permissions)
	}
	return out
}

func values(obligations []string, prefix string) (out []string) {
	for _, o := range obligations {
		if v, is := strings.CutPrefix(o, prefix); is {
			out = append(out, v)
		}
	}
	return out
}

// datesLeft are the record dates within the window and the filters.
func (o *opinion) datesLeft(u *universe, obligations []string) (out []string) {
	for _, d := range u.dates {
		before := func(from string) bool { return d < from }
		after := func(to string) bool { return d > to }
		outside := slices.ContainsFunc(values(obligations, "filter:dateFrom:"), before) || slices.ContainsFunc(values(obligations, "filter:dateTo:"), after)
		if w := o.r.Window; w != nil && w.From != "" {
			outside = outside || d < w.From || d > w.To
		}
		if !outside {
			out = append(out, d)
		}
	}
	return out
}

// itemsLeft are the sets of categories that an item may have: the one that the request names, or
// else none and each single one that the filters leave.
func (o *opinion) itemsLeft(u *universe, obligations []string) (out [][]string) {
	if o.r.Categories != nil {
		return [][]string{o.r.Categories}
	}
	exclude, include := values(obligations, "filter:exclude:"), values(obligations, "filter:include:")
	if len(include) == 0 {
		out = append(out, nil)
	}
	for _, c := range u.categories {
		if !slices.Contains(exclude, c) && (len(include) == 0 || slices.Contains(include, c)) {
			out = append(out, []string{c})
		}
	}
	return out
}
