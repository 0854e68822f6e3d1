// SPDX-License-Identifier: Apache-2.0

package wallet

import (
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
	Access     vp.Access `json:"access"`      // what the service is about to do, and for what purpose; without resource and action where it does not say
	Credential *Entry    `json:"credential"`
	Facts      []Fact    `json:"facts"`                // everything that would leave, read back from the very bytes that would
	Whole      bool      `json:"whole"`                // the format can hold nothing back
	Agreement  bool      `json:"agreement"`            // the proof is made over Access: whoever has it can show what was agreed to (transaction data)
	Also       []*Entry  `json:"also,omitempty"`       // other credentials that would do, of the same principal once one is chosen: see Prepared.Use
	Principals []string  `json:"principals,omitempty"` // for whom one could act, where the service does not say: see Prepared.For
	Warnings   []Warning `json:"warnings,omitempty"`
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

	w         *Wallet
	request   *request
	matched   matched
	fits      []fit
	undecided bool // for whom, the person has to say
	leaf      part
	parents   []part
	beside    []part // supporting credentials
}

// part is one presentation of an answer: to which query, and the bytes that would leave, without a
// holder proof.
type part struct {
	query  string
	format string
	shown  credential.Selection // Raw holds what would leave, the rest all that it discloses
	holder string               // DID whose proof is made for it, "" for none
	entry  *Entry               // that it is of; nil for a link above
}

// Prepare fetches the request behind link, checks who asks, and finds the credential that answers it:
// the one whose id begins with prefix, or for "" the one that is likely to do, with the least
// shown; one that Refresh was last told is revoked or suspended comes after all others. Nothing is sent to the service but the fetch of its request, which works once, and that the
// request is refused for what it asks.
//
// Refusals: verifier.not_entitled (the framework does not know the service; or, as an *OverAsked, it asks
// for more than is registered for it, or than the access needs), request.client_id, request.unsigned,
// request.invalid, request.consumed, x509.chain_invalid and x509.untrusted_root (its certificate),
// limit.query, query.unsatisfied (no credential answers), credential.expired and
// credential.not_yet_valid (one would, at another time), object.unknown (prefix), what the framework
// refuses with, and what the fetch does.
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
	if p.matched, err = match(w, r, all); err != nil {
		return nil, err
	}
	p.matched.known, _ = w.LastKnown(ctx) // only a reminder: without it nothing is refused
	if p.fits, err = p.matched.fits(); err != nil {
		return nil, err
	}
	p.undecided = len(principals(p.fits)) > 1
	if prefix == "" {
		return p, p.use(ctx, p.fits[0])
	}
	return p, p.Use(ctx, prefix)
}

// Use answers with the credential whose id begins with prefix, instead of the one in Consent; for
// "" with the first that fits. Of copies of one delegation, it is the one that is fit to be shown. It
// changes Consent, and sends nothing.
func (p *Prepared) Use(ctx context.Context, prefix string) error {
	at := slices.IndexFunc(p.fits, func(f fit) bool { return f.named(strings.ToLower(prefix)) })
	if at < 0 {
		return reason.New(reason.QueryUnsatisfied, "this credential does not answer the request; see: behalf-wallet show")
	}
	p.undecided = false
	return p.use(ctx, p.fits[at])
}

// For answers for a principal, one of Consent.Principals, with the credential that is likely to do. It
// changes Consent, and sends nothing. A principal for whom nothing answers is query.unsatisfied.
func (p *Prepared) For(ctx context.Context, principal string) error {
	at := slices.IndexFunc(p.fits, func(f fit) bool { return f.entry.OnBehalfOf == principal })
	if at < 0 {
		return reason.New(reason.QueryUnsatisfied, "no credential that answers is for this person")
	}
	p.undecided = false
	return p.use(ctx, p.fits[at])
}

// use makes all parts of an answer with chosen, and what there is to see of them.
func (p *Prepared) use(ctx context.Context, chosen fit) error {
	leaf, v, err := p.w.part(ctx, chosen.query, chosen.entry.Format, chosen.shown, p.w.pinned(chosen.entry.held))
	if err != nil {
		return err
	}
	leaf.entry = chosen.entry
	shown := listed(chosen.entry.credential, v, 0)
	parents, above, err := p.above(ctx, chosen.entry, v)
	if err != nil {
		return err
	}
	beside, facts, err := p.alongside(ctx, chosen)
	if err != nil {
		return err
	}
	if chosen.as == nil {
		leaf.holder = chosen.entry.credential.Delegate.ID
	}
	if err := p.satisfies(leaf, slices.Concat(parents, beside)); err != nil {
		return err
	}
	p.leaf, p.parents, p.beside = leaf, parents, beside
	p.consent(chosen, slices.Concat(shown, above, facts))
	return nil
}

// ours are the parts that are of entries of the wallet.
func (p *Prepared) ours() []part { return append([]part{p.leaf}, p.beside...) }

// consent says what would leave with chosen.
func (p *Prepared) consent(chosen fit, facts []Fact) {
	v := p.request.verifier
	p.Consent = Consent{
		Verifier: v.Name, VerifierID: v.ID, Access: p.request.access, Credential: chosen.entry, Facts: facts,
		Whole: !vp.Selective(chosen.entry.Format), Agreement: len(p.request.TransactionData) > 0,
	}
	for _, a := range p.ours() {
		p.Consent.Warnings = append(p.Consent.Warnings, a.entry.warnings(v.ID)...)
	}
	for _, f := range p.fits {
		another := !p.undecided && f.entry.OnBehalfOf != chosen.entry.OnBehalfOf // whom the person did not choose
		if f.entry != chosen.entry && !another && !slices.Contains(p.Consent.Also, f.entry) {
			p.Consent.Also = append(p.Consent.Also, f.entry)
		}
	}
	if p.Consent.Access.Principal == "" {
		p.Consent.Access.Principal = chosen.entry.OnBehalfOf
		p.Consent.Principals = principals(p.fits)
	}
}

// principals returns for whom fits are, each once.
func principals(fits []fit) (out []string) {
	for _, f := range fits {
		if !slices.Contains(out, f.entry.OnBehalfOf) {
			out = append(out, f.entry.OnBehalfOf)
		}
	}
	return out
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
		if err := p.request.restrained(s, c); err != nil {
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
