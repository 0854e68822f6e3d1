// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Proposal is what a holder wants to pass on to somebody else: part of what they hold.
type Proposal struct {
	To          did.DID     // who may act from then on
	Kind        string      // "": person
	Permissions []Permitted // each within one permission held; at least one
	Until       time.Time   // zero: as long as the holder's own
}

// Permitted is a resource and what may be done with it, as RESOURCE:ACTION[,ACTION].
type Permitted struct {
	Resource string
	Actions  []string
}

// ParsePermitted reads RESOURCE:ACTION[,ACTION]; anything else is cli.args.
func ParsePermitted(s string) (Permitted, error) {
	resource, list, ok := strings.Cut(s, ":")
	if !ok || strings.Count(list, ",") >= credential.MaxList || !credential.IsResource(resource) {
		return Permitted{}, notPermitted()
	}
	actions := strings.Split(list, ",")
	for i, a := range actions {
		if a == "" || strings.Trim(a, "abcdefghijklmnopqrstuvwxyz-") != "" || slices.Contains(actions[:i], a) {
			return Permitted{}, notPermitted()
		}
	}
	return Permitted{resource, actions}, nil
}

func notPermitted() error {
	return reason.New(reason.CLIArgs, "a permission is RESOURCE:ACTION[,ACTION], such as appointments:view,book")
}

// String writes p as ParsePermitted reads it.
func (p Permitted) String() string { return p.Resource + ":" + strings.Join(p.Actions, ",") }

// Delegate signs a link below the credential e, within it, and returns the file to hand over. The
// link's status lives with the issuer of the root, which is asked for an entry first. What was passed
// on is recorded, durably, before the link leaves this call, so that it can be taken back: TakeBack.
//
// What would widen anything is refused with the reason that a gateway would give: chain.*.
func (w *Wallet) Delegate(ctx context.Context, e *Entry, p Proposal) ([]byte, *PassedOn, error) {
	if _, err := w.framework(); err != nil {
		return nil, nil, err
	}
	chain, err := w.chain(ctx, e.held, w.pinned(e.held))
	if err != nil {
		return nil, nil, err
	}
	parent := chain[len(chain)-1]
	child, err := w.child(chain, p)
	if err != nil {
		return nil, nil, err
	}
	root := chain[0].Credential().Issuer
	if child.Status, err = w.hostedStatus(ctx, root, parent.Credential().ID, child.ID, parent.Format()); err != nil {
		return nil, nil, err
	}
	raw, err := w.seal(ctx, parent.Format(), child)
	if err != nil {
		return nil, nil, err
	}
	file, err := w.pack(e, chain, child, raw)
	if err != nil {
		return nil, nil, err
	}
	record := &PassedOn{
		Credential: child.ID, To: child.Delegate.ID, Of: e.ID, Root: root,
		Until: child.ValidUntil, At: w.cfg.Now(),
	}
	for _, perm := range child.Permissions {
		record.Allows = append(record.Allows, Allowed{perm.Resource, perm.Actions, perm.Risk})
	}
	return file, record, w.cfg.Vault.record(record)
}

// child returns the link to be signed, checked against the one above it.
func (w *Wallet) child(chain []credential.Verified, p Proposal) (*credential.Credential, error) {
	parent := chain[len(chain)-1]
	above := parent.Credential()
	c, err := w.within(above, p)
	if err != nil {
		return nil, err
	}
	c.Parent = &credential.Parent{ID: above.ID, Digest: parent.Digest()}
	if codes := delegation.CheckChild(above, c); len(codes) > 0 {
		return nil, reason.New(codes[0], "this would go beyond what you hold; see: behalf-wallet show")
	}
	for _, v := range chain {
		if v.Credential().Delegate.ID == c.Delegate.ID {
			return nil, reason.New(reason.ChainCycle, "whoever this is for held it before; it cannot be passed back")
		}
	}
	if !w.cfg.Now().Before(c.ValidUntil) {
		return nil, reason.New(reason.CredentialExpired, "the time of this delegation is over")
	}
	return c, nil
}

// within returns the link that p asks for: everything as above, or less.
func (w *Wallet) within(above *credential.Credential, p Proposal) (*credential.Credential, error) {
	id, err := credential.NewID(w.cfg.Random)
	if err != nil {
		return nil, err
	}
	from, until, kind := w.cfg.Now().Truncate(time.Second), p.Until, p.Kind
	if from.Before(above.ValidFrom) {
		from = above.ValidFrom
	}
	if until.IsZero() {
		until = above.ValidUntil
	}
	if kind == "" {
		kind = "person"
	}
	me := w.DID().String()
	c := &credential.Credential{
		ID: id, Type: credential.TypeDelegation, Issuer: me, ValidFrom: from, ValidUntil: until,
		Delegate:   credential.Delegate{ID: p.To.String(), Kind: kind},
		OnBehalfOf: credential.Principal{ID: above.OnBehalfOf.ID}, Relationship: above.Relationship, LegalBasis: above.LegalBasis,
		GrantedBy: me, Jurisdiction: above.Jurisdiction, Purposes: above.Purposes, Controllers: above.Controllers,
		ReviewBy: above.ReviewBy, TransitionAt: above.TransitionAt, Redelegation: credential.Redelegation{Kinds: []string{}},
		Prohibitions: above.Prohibitions, Framework: above.Framework,
	}
	for _, want := range p.Permissions {
		perm, err := w.permission(above, want)
		if err != nil {
			return nil, err
		}
		c.Permissions = append(c.Permissions, perm)
	}
	if len(c.Permissions) == 0 {
		return nil, reason.New(reason.CLIArgs, "name at least one permission to pass on")
	}
	return c, nil
}

// permission returns the permission that passes want on, out of the one held that covers it: its
// constraint is repeated, so that nothing is relaxed. A void one grants nothing.
func (w *Wallet) permission(above *credential.Credential, want Permitted) (credential.Permission, error) {
	for _, p := range above.Permissions {
		lacks := slices.ContainsFunc(want.Actions, func(a string) bool { return !slices.Contains(p.Actions, a) })
		if p.Constraint.Void || lacks || !delegation.Covers(p.Resource, want.Resource) {
			continue
		}
		id, err := credential.NewID(w.cfg.Random)
		return credential.Permission{ID: id, Resource: want.Resource, Actions: want.Actions, Risk: p.Risk, Constraint: p.Constraint}, err
	}
	return credential.Permission{}, reason.New(reason.ChainScopeWidened, "you may not do this yourself: "+want.String())
}

// seal signs the link, and opens it again: what does not verify does not leave.
func (w *Wallet) seal(ctx context.Context, format string, child *credential.Credential) ([]byte, error) {
	raw, err := w.cfg.Formats.Named(format).Seal(ctx, child, w.signer)
	if err != nil {
		return nil, err
	}
	if _, err := w.open(ctx, raw, w.keys()); err != nil {
		return nil, reason.Wrap(reason.IssueSelfCheck, "what was signed does not open", err)
	}
	return raw, nil
}

// pack puts the child and the links above it together, each with only the disclosures that the
// child's permissions need.
func (w *Wallet) pack(e *Entry, chain []credential.Verified, child *credential.Credential, raw []byte) ([]byte, error) {
	out := Package{Type: TypePackage, Credential: string(raw)}
	for i, text := range append(slices.Clone(e.held.Parents), e.held.Raw) {
		presenter, err := w.presenter(chain[i].Format())
		if err != nil {
			return nil, err
		}
		shown, err := presenter.Disclose(needed(chain[i].Credential(), child, []byte(text)))
		if err != nil {
			return nil, err
		}
		out.Parents = append(out.Parents, string(shown))
	}
	return strictjson.Marshal(out)
}

// needed selects the permissions of above that cover some permission of child, and the assurance that
// the issuer's accreditation may ask for.
func needed(above, child *credential.Credential, raw []byte) credential.Selection {
	s := credential.Selection{Raw: raw}
	for _, p := range above.Permissions {
		if supports(above, p.ID, child) {
			s.Permissions = append(s.Permissions, p.ID)
		}
	}
	if above.Assurance != nil {
		s.Claims = append(s.Claims, credential.ClaimAssurance)
	}
	return s
}
