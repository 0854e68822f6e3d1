// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"net/url"
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// Consent is what a person sees before anything leaves the wallet.
type Consent struct {
	Verifier   string     `json:"verifier"` // name in the trust framework
	Access     *vp.Access `json:"access"`   // what the service is about to do
	Credential *Entry     `json:"credential"`
	Facts      []Fact     `json:"facts"` // everything that would leave, each one
	Also       []*Entry   `json:"also"`  // other credentials that would do
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
	request *vp.Request
	leafID  string
	leaf    credential.Selection
	parents []parentAnswer
}

// parentAnswer is one link above the leaf and what of it is shown.
type parentAnswer struct {
	query  string
	format credential.Format
	sel    credential.Selection
}

// Prepare fetches the request behind link, checks who asks, and finds the credential that answers
// it with the least. prefix picks a credential by its id; "" takes the first that fits. Nothing is
// sent to the service but the fetch of its request. A service that the framework does not know, or that
// asks beyond what is registered for it, is verifier.not_entitled; a request that no credential
// answers query.unsatisfied.
func (w *Wallet) Prepare(ctx context.Context, link, prefix string) (*Prepared, error) {
	l, err := vp.ParseLink(link)
	if err != nil {
		return nil, err
	}
	name, err := w.verifierAt(l)
	if err != nil {
		return nil, err
	}
	answer, err := w.cfg.Remote.Get(ctx, l.RequestURI, safehttp.Want{MediaTypes: []string{vp.MediaTypeRequest}, MaxBytes: MaxAnswer})
	if err != nil {
		return nil, refusedByVerifier(err)
	}
	request, err := vp.OpenRequest(ctx, answer.Body, l.ClientID, w.keys())
	if err != nil {
		return nil, err
	}
	if err := w.entitled(request); err != nil {
		return nil, err
	}
	return w.answer(ctx, name, request, prefix)
}

// verifierAt checks that the framework knows the verifier, and that the request lies at its own origin.
func (w *Wallet) verifierAt(l vp.Link) (name string, err error) {
	id, err := vp.VerifierDID(l.ClientID)
	if err != nil {
		return "", err
	}
	f := w.cfg.Framework()
	v, known := f.Verifier(id.String())
	if f.Unavailable {
		return "", reason.New(reason.TrustRegistryUnavailable, "the trust registry cannot be reached; try again later")
	}
	if !known {
		return "", reason.New(reason.VerifierNotEntitled, "the trust framework does not know the service that asks")
	}
	if !sameOrigin(id.String(), l.RequestURI) {
		return "", reason.New(reason.RequestClientID, "the request lies at another host than the service's own")
	}
	return v.Name, nil
}

func sameOrigin(id, address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.User == nil && originOf(id) != "" && originOf(id) == u.Scheme+"://"+u.Host
}

// entitled checks that the service asks for what is registered for it, and wants the answer at its
// own origin.
func (w *Wallet) entitled(r *vp.Request) error {
	id, err := vp.VerifierDID(r.ClientID)
	if err != nil {
		return err
	}
	if !sameOrigin(id.String(), r.ResponseURI) {
		return reason.New(reason.RequestClientID, "the answer would go to another host than the service's own")
	}
	v, _ := w.cfg.Framework().Verifier(id.String())
	if a := r.Access; a == nil || !v.Entitled(a.Controller, a.Purpose, a.Resource) {
		return reason.New(reason.VerifierNotEntitled, "the service asks for more than it is registered for")
	}
	return nil
}

// fit is a credential that answers a query.
type fit struct {
	entry *Entry
	query *dcql.Credential
	show  []dcql.Path
}

func (w *Wallet) answer(ctx context.Context, verifier string, r *vp.Request, prefix string) (*Prepared, error) {
	all, err := w.List(ctx)
	if err != nil {
		return nil, err
	}
	fits, err := w.fits(r, all)
	if err != nil {
		return nil, err
	}
	chosen, also, err := choose(fits, prefix)
	if err != nil {
		return nil, err
	}
	c := chosen.entry.credential
	p := &Prepared{w: w, request: r, leafID: chosen.query.ID}
	p.leaf = vp.Selection(c, chosen.query.Format, []byte(chosen.entry.held.Raw), chosen.show)
	if err := w.parents(ctx, p, chosen.entry); err != nil {
		return nil, err
	}
	p.Consent = Consent{Verifier: verifier, Access: r.Access, Credential: chosen.entry, Also: also, Facts: p.facts(c)}
	return p, nil
}

// fits returns every credential that answers a query for a leaf, the better claim sets first.
func (w *Wallet) fits(r *vp.Request, all []*Entry) ([]fit, error) {
	var out []fit
	now := w.cfg.Now()
	for i := range r.Query.Credentials {
		q := &r.Query.Credentials[i]
		if !q.Bound() {
			continue
		}
		for _, e := range all {
			c := e.credential
			if c.OnBehalfOf.ID != r.Access.Principal || now.Before(c.ValidFrom) || !now.Before(c.ValidUntil) {
				continue
			}
			show, ok, err := q.Match(vp.Candidate(c, vp.FormatID(e.Format), true))
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, fit{e, q, show})
			}
		}
	}
	return out, nil
}

func choose(fits []fit, prefix string) (fit, []*Entry, error) {
	at := slices.IndexFunc(fits, func(f fit) bool { return prefix == "" || len(prefix) > 0 && hasPrefix(f.entry.ID, prefix) })
	if at < 0 {
		return fit{}, nil, reason.New(reason.QueryUnsatisfied, "no credential in this wallet answers the request; see: behalf-wallet list")
	}
	var also []*Entry
	for i, f := range fits {
		if i != at && !slices.Contains(also, f.entry) && f.entry != fits[at].entry {
			also = append(also, f.entry)
		}
	}
	return fits[at], also, nil
}

func hasPrefix(s, prefix string) bool { return len(s) >= len(prefix) && s[:len(prefix)] == prefix }

// parents finds what of each link above the leaf is shown. They travel without a holder proof.
func (w *Wallet) parents(ctx context.Context, p *Prepared, e *Entry) error {
	for _, raw := range e.held.Parents {
		v, err := w.open(ctx, []byte(raw))
		if err != nil {
			return err
		}
		format := w.cfg.Formats.Named(v.Format())
		a := parentAnswer{format: format, sel: credential.Selection{Raw: []byte(raw)}}
		for i := range p.request.Query.Credentials {
			q := &p.request.Query.Credentials[i]
			if q.Bound() || q.Format != vp.FormatID(v.Format()) {
				continue
			}
			show, ok, err := q.Match(vp.Candidate(v.Credential(), q.Format, false))
			if err != nil {
				return err
			}
			if a.query = q.ID; ok {
				a.sel = vp.Selection(v.Credential(), q.Format, []byte(raw), show)
			}
		}
		if a.query == "" {
			return reason.New(reason.QueryUnsatisfied, "the service does not take the links above this credential")
		}
		p.parents = append(p.parents, a)
	}
	return nil
}
