// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// support is the supporting credentials of an answer (delegation.md §4.5). One that does not
// verify is as good as absent: whether it counts is for the decision to say, which never sees it.
type support struct {
	credentials []credential.Verified
	member      string // who proved to hold a membership; "" for nobody
	refusal     error  // why nobody did
}

// supporting opens identity bindings and memberships. The error is for an answer whose form is not that
// of its query, and for too many that are refused.
func (o *opening) supporting(ctx context.Context) (*support, error) {
	out := new(support)
	for _, id := range o.answered(queryMember, queryIdentity) {
		q := o.query.Find(id)
		for _, raw := range o.token[id] {
			f, err := o.format(q, raw)
			if err != nil {
				return nil, err
			}
			if err = o.support(ctx, out, f, q, raw); err == nil {
				continue
			}
			if err := o.pass(ctx, err); err != nil {
				return nil, err
			}
		}
	}
	switch {
	case out.member != "":
		out.refusal = nil
	case out.refusal == nil:
		out.refusal = notAMember(nil)
	}
	return out, nil
}

// support opens one supporting credential and adds it to out.
func (o *opening) support(ctx context.Context, out *support, f credential.Format, q *dcql.Credential, raw string) error {
	if baseOf(q.ID) == queryMember {
		p, err := o.member(ctx, f, q.ID, raw)
		out.addMember(p, err)
		return err
	}
	v, err := o.identity(ctx, f, q, raw)
	if err == nil && v.Credential().Type == credential.TypeIdentityBinding {
		out.credentials = append(out.credentials, v)
	}
	return err
}

// identity opens an identity binding, with a holder proof where the query asks for one.
func (o *opening) identity(ctx context.Context, f credential.Format, q *dcql.Credential, raw string) (credential.Verified, error) {
	if !q.Bound() {
		return credential.Open(ctx, f, []byte(raw), o.keys)
	}
	p, err := credential.OpenPresentation(ctx, f, []byte(raw), o.want, o.keys)
	o.proved(q.ID, p, err)
	return p.Verified(), err
}

// member opens a membership with the proof of its holder. Nonce, audience, age and holder are refused as
// for a leaf. A proof over a membership that is itself refused, or whose issuer nobody knows, proves
// a presenter who is no member.
func (o *opening) member(ctx context.Context, f credential.Format, id, raw string) (credential.Presented, error) {
	p, err := credential.OpenPresentation(ctx, f, []byte(raw), o.want, o.keys)
	o.proved(id, p, err)
	if err == nil && p.Verified().Credential().Type == credential.TypeWorkgroupMembership {
		return p, nil
	}
	code := reason.Of(err)
	if err == nil || code == reason.FetchNotAllowed || strings.HasPrefix(string(code), "credential.") {
		err = notAMember(err)
	}
	return p, err
}

// addMember notes one membership. The first that was proved says who presents; those of other holders
// cannot count for that presenter.
func (s *support) addMember(p credential.Presented, err error) {
	if err != nil {
		s.refusal = cmp.Or(s.refusal, err)
		return
	}
	s.member = cmp.Or(s.member, p.Holder().String())
	s.credentials = append(s.credentials, p.Verified())
}

func notAMember(err error) error {
	return reason.Wrap(reason.PresentationNotAMember, "no membership of the presenter was shown", err)
}

// supports reports whether a decision about p can come to rest on c: S4.6 on the identity of the
// principal who issued the root, S7 on the presenter's membership of the leaf's workgroup.
func supports(c *credential.Credential, p *delegation.Presentation) bool {
	root, leaf := p.Chain[0].Credential, p.Chain[len(p.Chain)-1].Credential
	if c.Type == credential.TypeIdentityBinding {
		return root.Issuer == root.OnBehalfOf.ID && c.Delegate.ID == root.Issuer
	}
	return leaf.Delegate.Kind == kindWorkgroup && c.Delegate.ID == p.Presenter && c.Workgroup == leaf.Delegate.ID
}

// supportName is the name that the decision knows v by. A link is known by its id, which is a URI and
// its issuer's to choose: no id has a blank, so none can take over the status of v, nor the reverse.
func supportName(v credential.Verified) string { return "supporting " + v.Digest() }

// vouches reports whether f knows the issuer of c as a party that is accredited for such
// credentials at all. Whether it is so now and was so then is for the decision to say.
func vouches(f *trustframework.Framework, c *credential.Credential) bool {
	_, known := f.Party(c.Issuer)
	return known && slices.ContainsFunc(f.Accreditations, func(a trustframework.Accreditation) bool {
		return a.Issuer == c.Issuer && slices.Contains(a.Types, c.Type)
	})
}

// support adds to w the status of what supports p, as far as somebody accredited vouches for it: nothing is
// fetched for anything else. What it has already it does not ask for again.
func (g *Gateway) support(ctx context.Context, w *delegation.World, p delegation.Presentation) {
	for _, s := range p.Supporting {
		if _, known := w.Status[s.Name]; !known && vouches(w.Framework, s.Credential) {
			w.Status[s.Name] = g.state(ctx, w.Framework, s.Credential.Issuer, s.Credential, w.Now)
		}
	}
}
