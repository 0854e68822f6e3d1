// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// matched is what the credentials of a wallet can answer to a request.
type matched struct {
	w       *Wallet
	request *request
	entries []*Entry // that have to do with the request, oldest first
	answers dcql.Answers
	known   map[string]Standing // what was last heard of entries, by id
}

// fit is a credential that answers a query.
type fit struct {
	entry  *Entry
	query  *dcql.Credential
	shown  credential.Selection
	as     *support // the membership as whose holder a link of a workgroup is shown; nil for a link of our own
	copies []*Entry // all copies of entry that answer, entry among them
}

// match evaluates the query on every credential that has to do with it, within one bound of work: the
// delegations of the principal, and what supports delegations.
func match(w *Wallet, r *request, all []*Entry) (matched, error) {
	m := matched{w: w, request: r}
	have := make([]dcql.Candidate, 0, len(all))
	for _, e := range all {
		c := e.credential
		if c.Type == credential.TypeDelegation && r.access.Principal != "" && c.OnBehalfOf.ID != r.access.Principal {
			continue
		}
		candidate := vp.Candidate(c, vp.FormatID(e.Format), w.holds(c.Delegate.ID))
		candidate.AuthorityKeys = e.held.Authorities
		m.entries, have = append(m.entries, e), append(have, candidate)
	}
	var err error
	m.answers, err = dcql.Answer(&r.Query, have)
	return m, err
}

// fits returns every credential that answers a query for a leaf, the likeliest to do with the least
// shown first, and those that are known to be revoked or suspended last. Of copies of one delegation it is the one to be shown.
func (m matched) fits() ([]fit, error) {
	var out []fit
	var wrongTime reason.Code
	now := m.w.cfg.Now()
	for _, choice := range m.answers.Choices {
		for _, found := range choice.Fits {
			f, ok, err := m.fitting(choice.Query, found)
			switch {
			case err != nil:
				return nil, err
			case !ok:
			case f.entry.timely(now) != "":
				wrongTime = f.entry.timely(now)
			default:
				out = append(out, f)
			}
		}
	}
	switch {
	case len(out) > 0:
		out = m.request.uncopied(out)
		slices.SortStableFunc(out, func(a, b fit) int {
			return cmp.Or(cmp.Compare(m.stopped(a), m.stopped(b)), cmp.Compare(a.burden(m.request.access), b.burden(m.request.access)))
		})
		return out, nil
	case wrongTime != "":
		return nil, reason.New(wrongTime, "the credential that answers the request is past its time, or not yet in it; see: behalf-wallet list")
	}
	return nil, reason.New(reason.QueryUnsatisfied, "no credential in this wallet answers the request; see: behalf-wallet list")
}

// stopped is 1 for a credential that was revoked or suspended when its status was last asked, and 0 for others. It
// is no refusal: a suspension may have been lifted since, and services ask anew.
func (m matched) stopped(f fit) int {
	switch m.known[f.entry.ID].State {
	case status.Revoked.String(), status.Suspended.String():
		return 1
	}
	return 0
}

// timely returns why e is not valid at an instant, "" if it is.
func (e *Entry) timely(now time.Time) reason.Code {
	switch {
	case !now.Before(e.ValidUntil):
		return reason.CredentialExpired
	case now.Before(e.ValidFrom):
		return reason.CredentialNotYetValid
	}
	return ""
}

// fitting tells whether what answers q is a leaf, by itself or with a membership, and what of it q asks to see.
func (m matched) fitting(q *dcql.Credential, found dcql.Fit) (fit, bool, error) {
	e := m.entries[found.Candidate]
	c := e.credential
	own := m.w.holds(c.Delegate.ID)
	if c.Type != credential.TypeDelegation || q.Bound() != own {
		return fit{}, false, nil
	}
	f := fit{entry: e, query: q, shown: vp.Selection(c, q.Format, []byte(e.held.Raw), found.Show)}
	proved := q
	if !own {
		if f.as = m.membership(q, c.Delegate.ID); f.as == nil {
			return fit{}, false, nil
		}
		proved = f.as.query
	}
	if agreed, err := m.request.agreed(proved); !agreed || err != nil {
		return fit{}, false, err
	}
	return f, true, m.request.restrained(f.shown, c)
}

// agreed reports whether a holder proof for q can be made over all that is to be agreed to: each
// transaction has to name q, in whose format there has to be a place for it (OpenID4VP 1.0 §8.4).
func (r *request) agreed(q *dcql.Credential) (bool, error) {
	if len(r.TransactionData) == 0 {
		return true, nil
	}
	texts, err := r.TransactionFor(q.ID)
	return q.Format == vp.FormatSDJWT && len(texts) == len(r.TransactionData), err
}

// burden orders fits: those that can be refused by what the wallet knows come last, and then the
// number of permissions and links that would be shown counts. A format that holds nothing back shows the person's
// number and what is behind the delegation as well, which counts as a link more.
func (f fit) burden(a vp.Access) int {
	c := f.entry.credential
	n := len(f.shown.Permissions)
	if !vp.Selective(f.entry.Format) {
		n = len(c.Permissions) + credential.MaxPermissions
	}
	n += f.entry.Links * credential.MaxPermissions
	covers := unsaid(a) || slices.ContainsFunc(c.Permissions, func(p credential.Permission) bool {
		return slices.Contains(f.shown.Permissions, p.ID) && delegation.Covers(p.Resource, a.Resource)
	})
	inSet := slices.Contains(c.Purposes, a.Purpose) && slices.Contains(c.Controllers, a.Controller) &&
		(a.Jurisdiction == "" || slices.Contains(c.Jurisdiction, a.Jurisdiction))
	if !covers || !inSet {
		n += 1 << 20
	}
	return n
}

// named reports whether the id of f, or of one of its copies, begins with prefix.
func (f fit) named(prefix string) bool {
	return slices.ContainsFunc(f.copies, func(e *Entry) bool { return strings.HasPrefix(e.ID, prefix) })
}
