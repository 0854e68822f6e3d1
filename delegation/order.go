// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
)

// What an absent constraint is taken for in comparisons (§6).
const (
	earliest  = "0000"
	latest    = "9999"
	unlimited = 1_000_000_000 // uses
)

// NoBroader returns why child is broader than parent, "" if it is not (§6.1): the reason of the
// first condition that fails. It does not look at risk, nor at whether either permission is void.
func NoBroader(child, parent credential.Permission) reason.Code { return noBroader(&child, &parent) }

func noBroader(p, q *credential.Permission) reason.Code {
	c, d := &p.Constraint, &q.Constraint
	switch {
	case !Covers(q.Resource, p.Resource) || !subset(p.Actions, q.Actions):
		return reason.ChainScopeWidened
	case dateFrom(c) < dateFrom(d) || dateTo(c) > dateTo(d):
		return reason.ChainConstraintRelaxed
	case !subset(d.Exclude, c.Exclude):
		return reason.ChainConstraintRelaxed
	case d.Include != nil && (c.Include == nil || !subset(c.Include, d.Include)):
		return reason.ChainConstraintRelaxed
	case floorRank(c.MinAssurance) < floorRank(d.MinAssurance):
		return reason.ChainConstraintRelaxed
	case !subset(d.Requires, c.Requires):
		return reason.ChainConditionDropped
	case maxUses(c) > maxUses(d):
		return reason.ChainConstraintRelaxed
	}
	return ""
}

func dateFrom(c *credential.Constraint) string { return orElse(c.DateFrom, earliest) }

func dateTo(c *credential.Constraint) string { return orElse(c.DateTo, latest) }

func maxUses(c *credential.Constraint) int {
	if c.MaxUses == 0 {
		return unlimited
	}
	return c.MaxUses
}

func orElse(s, absent string) string {
	if s == "" {
		return absent
	}
	return s
}

// subset reports whether every entry of a is in b.
func subset(a, b []string) bool {
	for _, s := range a {
		if !slices.Contains(b, s) {
			return false
		}
	}
	return true
}
