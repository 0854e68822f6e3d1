// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// Consent is what a person sees before anything leaves the wallet.
type Consent struct {
	Verifier   string    `json:"verifier"`    // name in the trust framework, never what the service calls itself
	VerifierID string    `json:"verifier_id"` // its DID
	Access     vp.Access `json:"access"`      // what the service is about to do, and for what purpose
	Credential *Entry    `json:"credential"`
	Facts      []Fact    `json:"facts"`          // everything that would leave, read back from the very bytes that would
	Whole      bool      `json:"whole"`          // the format can hold nothing back
	Also       []*Entry  `json:"also,omitempty"` // other credentials that would do, see Prepared.Use
}

// Choice is a person's answer to a Consent.
type Choice uint8

// The answers. The zero Choice declines.
const (
	Decline Choice = iota
	Agree
)

// Prepared is an answer to a request that a person has not agreed to yet.
type Prepared struct {
	Consent Consent

	w       *Wallet
	request *request
	all     []*Entry
	fits    []fit
	leaf    part
	parents []part
	beside  []part // supporting credentials
}

// part is one presentation of an answer: to which query, and the bytes that would leave, without a
// holder proof.
type part struct {
	query  string
	format string
	shown  credential.Selection // Raw holds what would leave, the rest all that it discloses
	proved bool                 // a holder proof is made for it
}

// fit is a credential that answers a query.
type fit struct {
	entry *Entry
	query *dcql.Credential
	shown credential.Selection
	as    *support // the membership as whose holder a link of a workgroup is shown; nil for a link of our own
}

// Prepare fetches the request behind link, checks who asks, and finds the credential that answers it:
// the one whose id begins with prefix, or for "" the one that is likely to do, with the least
// shown. Nothing is sent to the service but the fetch of its request, which works once.
//
// Refusals: verifier.not_entitled (the framework does not know the service, or it asks for more than
// is registered for it, or than the access needs), request.client_id, request.unsigned,
// request.invalid, request.consumed, limit.query, query.unsatisfied (no credential answers),
// credential.expired and credential.not_yet_valid (one would, at another time), object.unknown
// (prefix), what the framework refuses with, and what the fetch does.
func (w *Wallet) Prepare(ctx context.Context, link, prefix string) (*Prepared, error) {
	if prefix != "" {
		if _, err := w.Find(ctx, prefix); err != nil {
			return nil, err
		}
	}
	r, err := w.fetch(ctx, link)
	if err != nil {
		return nil, err
	}
	all, _, err := w.List(ctx)
	if err != nil {
		return nil, err
	}
	p := &Prepared{w: w, request: r}
	p.all = all
	if p.fits, err = w.fits(r, all); err != nil {
		return nil, err
	}
	return p, p.Use(ctx, prefix)
}

// Use answers with the credential whose id begins with prefix, instead of the one in Consent; for
// "" with the first that fits. It changes Consent, and sends nothing.
func (p *Prepared) Use(ctx context.Context, prefix string) error {
	at := slices.IndexFunc(p.fits, func(f fit) bool { return strings.HasPrefix(f.entry.ID, strings.ToLower(prefix)) })
	if at < 0 {
		return reason.New(reason.QueryUnsatisfied, "this credential does not answer the request; see: behalf-wallet show")
	}
	chosen := p.fits[at]
	leaf, v, err := p.w.part(ctx, chosen.query, chosen.entry.Format, chosen.shown, p.w.pinned(chosen.entry.held))
	if err != nil {
		return err
	}
	shown := listed(chosen.entry.credential, v, 0)
	parents, above, err := p.above(ctx, chosen.entry, v)
	if err != nil {
		return err
	}
	beside, facts, err := p.alongside(ctx, chosen)
	if err != nil {
		return err
	}
	leaf.proved = chosen.as == nil
	if err := p.satisfies(leaf, slices.Concat(parents, beside)); err != nil {
		return err
	}
	p.leaf, p.parents, p.beside = leaf, parents, beside
	p.Consent = Consent{
		Verifier: p.request.verifier.Name, VerifierID: p.request.verifier.ID, Access: *p.request.Access,
		Credential: chosen.entry, Facts: slices.Concat(shown, above, facts), Whole: !vp.Selective(chosen.entry.Format),
	}
	for i, f := range p.fits {
		if i != at && f.entry != chosen.entry && !slices.Contains(p.Consent.Also, f.entry) {
			p.Consent.Also = append(p.Consent.Also, f.entry)
		}
	}
	return nil
}

// fits returns every credential that answers a query for a leaf, the likeliest to do with the least
// shown first.
func (w *Wallet) fits(r *request, all []*Entry) ([]fit, error) {
	var out []fit
	var wrongTime reason.Code
	now := w.cfg.Now()
	for i := range r.Query.Credentials {
		q := &r.Query.Credentials[i]
		for _, e := range all {
			f, ok, err := w.fitting(r, q, e, all)
			switch {
			case err != nil:
				return nil, err
			case !ok:
			case !now.Before(e.ValidUntil):
				wrongTime = reason.CredentialExpired
			case now.Before(e.ValidFrom):
				wrongTime = reason.CredentialNotYetValid
			default:
				out = append(out, f)
			}
		}
	}
	switch {
	case len(out) > 0:
		slices.SortStableFunc(out, func(a, b fit) int { return cmp.Compare(a.burden(r.Access), b.burden(r.Access)) })
		return out, nil
	case wrongTime != "":
		return nil, reason.New(wrongTime, "the credential that answers the request is past its time, or not yet in it; see: behalf-wallet list")
	}
	return nil, reason.New(reason.QueryUnsatisfied, "no credential in this wallet answers the request; see: behalf-wallet list")
}

// fitting tells whether e answers q, by itself or with a membership out of all, and what of it q
// asks to see.
func (w *Wallet) fitting(r *request, q *dcql.Credential, e *Entry, all []*Entry) (fit, bool, error) {
	c := e.credential
	own := c.Delegate.ID == w.DID().String()
	if c.Type != credential.TypeDelegation || c.OnBehalfOf.ID != r.Access.Principal || q.Bound() != own {
		return fit{}, false, nil
	}
	show, ok, err := q.Match(vp.Candidate(c, vp.FormatID(e.Format), own))
	if err != nil || !ok {
		return fit{}, false, err
	}
	f := fit{entry: e, query: q, shown: vp.Selection(c, q.Format, []byte(e.held.Raw), show)}
	if !own {
		if f.as, err = w.membership(r, q, c.Delegate.ID, all); f.as == nil {
			return fit{}, false, err
		}
	}
	return f, true, restrained(f.shown, c, r.Access)
}

// burden orders fits: those that can be refused by what the wallet knows come last, and then the
// number of permissions and links that would be shown counts.
func (f fit) burden(a *vp.Access) int {
	c := f.entry.credential
	n := len(f.shown.Permissions)
	if !vp.Selective(f.entry.Format) {
		n = len(c.Permissions)
	}
	n += f.entry.Links * credential.MaxPermissions
	covers := slices.ContainsFunc(c.Permissions, func(p credential.Permission) bool {
		return slices.Contains(f.shown.Permissions, p.ID) && delegation.Covers(p.Resource, a.Resource)
	})
	inSet := slices.Contains(c.Purposes, a.Purpose) && slices.Contains(c.Controllers, a.Controller) &&
		(a.Jurisdiction == "" || slices.Contains(c.Jurisdiction, a.Jurisdiction))
	if !covers || !inSet {
		n += 1 << 20
	}
	return n
}

// part makes the bytes that would leave of one credential, and reads them back with keys.
func (w *Wallet) part(ctx context.Context, q *dcql.Credential, format string, s credential.Selection, keys credential.Keys) (part, *credential.Credential, error) {
	presenter, err := w.presenter(format)
	if err != nil {
		return part{}, nil, err
	}
	shown, err := presenter.Disclose(s)
	if err != nil {
		return part{}, nil, err
	}
	v, err := w.open(ctx, shown, keys)
	if err != nil {
		return part{}, nil, err
	}
	return part{query: q.ID, format: format, shown: credential.Selection{Raw: shown, Permissions: s.Permissions, Claims: s.Claims}}, v.Credential(), nil
}

// listed is what shown says, and how many permissions of the whole it keeps back: their number
// can be seen.
func listed(whole, shown *credential.Credential, above int) []Fact {
	out := facts(shown, above)
	if n := len(whole.Permissions) - len(shown.Permissions); n > 0 {
		out = append(out, Fact{"permissions kept back", strconv.Itoa(n) + "; that there are others can be seen", above})
	}
	return out
}

// above makes the parts for the links above e, nearest first in the facts. They travel without a
// holder proof, each with the permissions alone on which the link below rests.
func (p *Prepared) above(ctx context.Context, e *Entry, below *credential.Credential) ([]part, []Fact, error) {
	var parts []part
	var out []Fact
	keys := p.w.pinned(e.held)
	for i, raw := range slices.Backward(e.held.Parents) {
		v, err := p.w.open(ctx, []byte(raw), keys)
		if err != nil {
			return nil, nil, err
		}
		made, shown, err := p.parent(ctx, v, []byte(raw), below, keys)
		if err != nil {
			return nil, nil, err
		}
		parts = append(parts, made)
		out = append(out, listed(v.Credential(), shown, len(e.held.Parents)-i)...)
		below = shown
	}
	slices.Reverse(parts)
	return parts, out, nil
}

// parent makes the part of one link above, whose child shows below.
func (p *Prepared) parent(ctx context.Context, v credential.Verified, raw []byte, below *credential.Credential, keys credential.Keys) (part, *credential.Credential, error) {
	c := v.Credential()
	for i := range p.request.Query.Credentials {
		q := &p.request.Query.Credentials[i]
		if q.Bound() {
			continue
		}
		show, ok, err := q.Match(vp.Candidate(c, vp.FormatID(v.Format()), false))
		if err != nil {
			return part{}, nil, err
		}
		if !ok {
			continue
		}
		s := vp.Selection(c, q.Format, raw, show)
		if err := restrained(s, c, p.request.Access); err != nil {
			return part{}, nil, err
		}
		s.Permissions = slices.DeleteFunc(s.Permissions, func(id string) bool { return !supports(c, id, below) })
		return p.w.part(ctx, q, v.Format(), s, keys)
	}
	return part{}, nil, reason.New(reason.QueryUnsatisfied, "the service does not take the links above this credential")
}

// supports reports whether a permission of below rests on the one of c called id.
func supports(c *credential.Credential, id string, below *credential.Credential) bool {
	return slices.ContainsFunc(c.Permissions, func(p credential.Permission) bool {
		return p.ID == id && slices.ContainsFunc(below.Permissions, func(b credential.Permission) bool { return delegation.NoBroader(b, p) == "" })
	})
}

// satisfies holds the whole answer against the query: one that is partial is never sent
// (OpenID4VP 1.0 §6.4.2).
func (p *Prepared) satisfies(leaf part, further []part) error {
	answered := map[string]bool{leaf.query: true}
	for _, a := range further {
		if q := p.request.Query.Find(a.query); answered[a.query] && !q.Multiple {
			return reason.New(reason.QueryUnsatisfied, "the service takes fewer links than this credential rests on")
		}
		answered[a.query] = true
	}
	if len(further)+1 > vp.MaxPresentations || !p.request.Query.Satisfied(answered) {
		return reason.New(reason.QueryUnsatisfied, "the service asks for more credentials than this wallet can answer with")
	}
	return nil
}
