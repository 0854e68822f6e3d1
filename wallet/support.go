// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// A link of a workgroup is used by its members: each proves to hold a WorkgroupMembershipCredential.
// A delegation that the principal issued counts with an IdentityBindingCredential about
// the principal (delegation.md §4.5). The wallet holds both, and shows them where a service asks.

// kindWorkgroup is the kind of delegate that acts through its members.
const kindWorkgroup = "workgroup"

// heldTypes are the types of credential that a wallet holds.
func heldTypes() []string {
	return []string{credential.TypeDelegation, credential.TypeWorkgroupMembership, credential.TypeIdentityBinding}
}

// isSupporting reports whether a type of credential supports delegations, and grants nothing itself.
func isSupporting(typ string) bool {
	return typ == credential.TypeWorkgroupMembership || typ == credential.TypeIdentityBinding
}

// typeOf returns the type of credential that an issuer's configuration is for, "" for one that no
// wallet holds.
func typeOf(c vci.Configuration) string {
	for _, typ := range heldTypes() {
		if c.VCT == credential.VCT(typ) || c.Definition != nil && slices.Contains(c.Definition.Type, typ) {
			return typ
		}
	}
	return ""
}

// acceptableSupport refuses a supporting credential that services would ignore: of an issuer that is not
// accredited for its type, past its time, revoked; and a membership of somebody else.
func (w *Wallet) acceptableSupport(ctx context.Context, c *credential.Credential) error {
	if c.Type == credential.TypeWorkgroupMembership && !w.holds(c.Delegate.ID) {
		return unexpected("the membership is somebody else's")
	}
	if code := w.distrust(c); code != "" {
		return reason.New(code, "services would ignore this credential: its issuer may not issue it")
	}
	return w.current(ctx, c.Issuer, c)
}

// issuable returns why the framework does not let issuer issue credentials of a type now, "" if it does.
func (w *Wallet) issuable(issuer, typ string) reason.Code {
	for _, a := range w.cfg.Framework().Accreditations {
		if a.Issuer == issuer && w.accredits(a, typ) {
			return ""
		}
	}
	return reason.TrustIssuerUnknown
}

// ours reports whether c is a delegation to us, or to a workgroup of which we hold a membership.
func (w *Wallet) ours(ctx context.Context, c *credential.Credential) (bool, error) {
	switch {
	case c.Type != credential.TypeDelegation:
		return false, nil
	case w.holds(c.Delegate.ID):
		return true, nil
	case c.Delegate.Kind != kindWorkgroup:
		return false, nil
	}
	all, _, err := w.List(ctx)
	return slices.ContainsFunc(all, func(e *Entry) bool { return w.memberOf(e, c.Delegate.ID) }), err
}

// memberOf reports whether e says that we are a member of a workgroup now.
func (w *Wallet) memberOf(e *Entry, workgroup string) bool {
	c := e.credential
	return c.Type == credential.TypeWorkgroupMembership && c.Workgroup == workgroup && w.holds(c.Delegate.ID) && w.inTime(e)
}

func (w *Wallet) inTime(e *Entry) bool {
	now := w.cfg.Now()
	return !now.Before(e.ValidFrom) && now.Before(e.ValidUntil)
}

// support is a supporting credential that goes along with a delegation.
type support struct {
	entry *Entry
	query *dcql.Credential
	shown credential.Selection
}

// membership returns the membership of a workgroup that makes, together with a link for query q, an
// answer to the request; nil if there is none.
func (m matched) membership(q *dcql.Credential, workgroup string) *support {
	for i := range m.request.Query.Credentials {
		p := &m.request.Query.Credentials[i]
		if !p.Bound() || !m.request.Query.Satisfied(map[string]bool{q.ID: true, p.ID: true}) {
			continue
		}
		if s := m.supporter(p, func(e *Entry) bool { return m.w.memberOf(e, workgroup) }); s != nil {
			return s
		}
	}
	return nil
}

// supporter returns the newest of the entries that answer q and are right: an older one may have been
// replaced. Of its copies it is the one that is fit to be shown. It is nil where there is none.
func (m matched) supporter(q *dcql.Credential, right func(*Entry) bool) *support {
	var best *support
	for _, found := range slices.Backward(m.answers.Of(q.ID)) {
		e := m.entries[found.Candidate]
		if !right(e) || best != nil && !m.request.copied(e.held, best.entry.held) {
			continue
		}
		best = &support{e, q, vp.Selection(e.credential, q.Format, []byte(e.held.Raw), found.Show)}
	}
	return best
}

// binding returns the identity binding of the principal who issued the root of e themselves, if the
// wallet holds one and the service asks for it; nil otherwise.
func (p *Prepared) binding(ctx context.Context, e *Entry) (*support, error) {
	root := e.credential
	if len(e.held.Parents) > 0 {
		v, err := p.w.open(ctx, []byte(e.held.Parents[0]), p.w.pinned(e.held))
		if err != nil {
			return nil, err
		}
		root = v.Credential()
	}
	if root.Issuer != root.OnBehalfOf.ID {
		return nil, nil
	}
	for i := range p.request.Query.Credentials {
		q := &p.request.Query.Credentials[i]
		if q.Bound() {
			continue
		}
		if s := p.matched.supporter(q, func(e *Entry) bool {
			return e.Type == credential.TypeIdentityBinding && e.credential.Delegate.ID == root.Issuer && p.w.inTime(e)
		}); s != nil {
			return s, nil
		}
	}
	return nil, nil
}

// alongside makes the parts that go along with a fit, and lists what they say.
func (p *Prepared) alongside(ctx context.Context, f fit) ([]part, []Fact, error) {
	identity, err := p.binding(ctx, f.entry)
	if err != nil {
		return nil, nil, err
	}
	var parts []part
	var said []Fact
	for _, s := range []*support{f.as, identity} {
		if s == nil {
			continue
		}
		made, shown, err := p.w.part(ctx, s.query, s.entry.Format, s.shown, p.w.pinned(s.entry.held))
		if err != nil {
			return nil, nil, err
		}
		if s == f.as {
			made.holder = s.entry.credential.Delegate.ID
		}
		made.entry = s.entry
		parts = append(parts, made)
		said = append(said, facts(shown, -len(parts))...)
	}
	return parts, said, nil
}
