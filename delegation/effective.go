// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
)

// entry is an effective permission of one link with the permission of the link above that it is
// no broader than, and so on up to the root: its history (S8.7).
type entry struct {
	permission *credential.Permission
	up         *entry
	risk       int // highest of the history
}

// origin returns the permission of the root at the end of the history.
func (en *entry) origin() *credential.Permission {
	for en.up != nil {
		en = en.up
	}
	return en.permission
}

// dropped is a permission that S8.7 voided.
type dropped struct {
	permission *credential.Permission
	link       *link
	code       reason.Code
}

// effective is S8.7, for the permissions that bear on the request: those whose resource covers
// the request's, or the reverse. No other can match, be offered or name a reason, and what such a
// permission descends from is such a permission too.
func (e *evaluation) effective() (eff []entry, drop []dropped) {
	for i := range e.chain {
		l := &e.chain[i]
		var next []entry
		for j := range l.permissions {
			p := &l.permissions[j]
			if !related(p.Resource, e.asked.Resource) {
				e.trace.irrelevant(l, p)
				continue
			}
			code := e.personallyVoid(i, p)
			if code == "" && i == 0 {
				next = append(next, entry{permission: p, risk: riskRank(p.Risk)})
			} else if code == "" {
				next, code = descend(next, p, eff, e.trace)
			}
			e.trace.effective(l, p, code)
			if code != "" {
				drop = append(drop, dropped{p, l, code})
			}
		}
		eff = next
	}
	return eff, drop
}

// personallyVoid returns what voids permission p of link i whatever stands above it. The
// accreditation of the root's issuer limits the root alone, a mediator's the link that it signed.
func (e *evaluation) personallyVoid(i int, p *credential.Permission) reason.Code {
	limit := e.chain[i].mediator
	if i == 0 {
		limit = e.rootCeiling
	}
	if void(&p.Constraint) {
		return reason.CredentialUnknownConstraint
	}
	if limit == nil {
		return ""
	}
	return limit.exceeded(p)
}

// descend adds to next one entry per effective parent that p is no broader than, or says why
// there is none: the last parent that fails beyond scope names the reason. Parents that are the
// same permission with the same risk stay one, so that the entries of a link are at most three
// per permission however many a chain was given: what follows could not tell them apart.
// T takes down how they compare.
func descend(next []entry, p *credential.Permission, eff []entry, t *trace) ([]entry, reason.Code) {
	why, first := reason.ChainScopeWidened, len(next)
	for i := range eff {
		code := noBroader(p, eff[i].permission)
		t.parent(eff[i].permission, code)
		switch {
		case code == "":
			next = addOnce(next, first, entry{p, &eff[i], max(eff[i].risk, riskRank(p.Risk))})
		case code != reason.ChainScopeWidened:
			why = code
		}
	}
	if len(next) > first {
		why = ""
	}
	return next, why
}

func addOnce(entries []entry, first int, n entry) []entry {
	for _, old := range entries[first:] {
		if old.risk == n.risk {
			return entries
		}
	}
	return append(entries, n)
}
