// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// How long what is passed on holds, where its holder does not say.
const (
	DefaultLife = 30 * 24 * time.Hour
	AgentLife   = 24 * time.Hour // and for an agent the most there is (delegation.md §13)
)

// KindPerson and KindAgent are who a person may pass something on to.
const (
	KindPerson = "person"
	KindAgent  = "agent"
)

// Proposal is what a holder wants to pass on to somebody else: part of what they hold.
type Proposal struct {
	To          did.DID     // who may act from then on
	Kind        string      // "": KindPerson
	OperatedBy  did.DID     // who answers for an agent, and is needed for one; zero otherwise
	Permissions []Permitted // each within one permission held; at least one
	Narrow      Narrowing   // of every one of them
	// Until is the end, not after that of what is held. Zero: after DefaultLife, AgentLife for an
	// agent, or with what is held, whichever comes first.
	Until    time.Time
	MaxDepth int // how often it may be passed on in turn, to whom what is held may be; 0 for an agent
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

// Draft is a link that is ready to be signed once its holder has seen what it says. Only Propose
// makes one.
type Draft struct {
	Terms Terms

	w     *Wallet
	entry *Entry
	chain []credential.Verified
	child *credential.Credential
}

// Propose works out the link below the credential e that p asks for, and what it leaves out. Nothing is signed,
// and nobody is asked. What goes beyond what is held is refused with the reason that a gateway would
// give, chain.*, and in words that say what would be possible; for permissions the error is a
// *Beyond. It is never narrowed to fit unasked. What p cannot mean is cli.args.
func (w *Wallet) Propose(ctx context.Context, e *Entry, p Proposal) (*Draft, error) {
	if _, err := w.framework(); err != nil {
		return nil, err
	}
	chain, err := w.chain(ctx, e.held, w.pinned(e.held))
	if err != nil {
		return nil, err
	}
	child, from, err := w.child(chain, p)
	if err != nil {
		return nil, err
	}
	return &Draft{Terms: w.terms(e, chain, child, from), w: w, entry: e, chain: chain, child: child}, nil
}

// Sign signs the link and returns the file to hand over. The link's status lives with the issuer of
// the root, which is asked for an entry first: a link without one is refused by every gateway
// (status.required_missing), so that where the issuer cannot be reached nothing is signed. What was
// passed on is recorded, durably, before the link leaves this call, so that it can be taken back: TakeBack.
func (d *Draft) Sign(ctx context.Context) ([]byte, *PassedOn, error) {
	w, child, parent := d.w, d.child, d.chain[len(d.chain)-1]
	root := d.chain[0].Credential().Issuer
	var err error
	by := w.signerAmong(parent.Credential().Delegate.ID)
	format := formatBelow(parent.Format(), by.Signer.Public().Algorithm())
	if child.Status, err = w.hostedStatus(ctx, root, child, format, by); err != nil {
		return nil, nil, err
	}
	raw, err := w.seal(ctx, format, child, by)
	if err != nil {
		return nil, nil, err
	}
	file, err := w.pack(d.entry, d.chain, child, raw)
	if err != nil {
		return nil, nil, err
	}
	record := w.recordOf(child, root)
	record.Of, record.By = d.entry.ID, child.Issuer
	if err := w.cfg.Vault.record(record); err != nil {
		return nil, nil, err
	}
	return file, record, nil
}

// Delegate is Propose and Sign, for one whose holder has agreed to p as it is.
func (w *Wallet) Delegate(ctx context.Context, e *Entry, p Proposal) ([]byte, *PassedOn, error) {
	d, err := w.Propose(ctx, e, p)
	if err != nil {
		return nil, nil, err
	}
	return d.Sign(ctx)
}

// child returns the link to be signed, checked against the one above it, and for each of its
// permissions the one held that it is within.
func (w *Wallet) child(chain []credential.Verified, p Proposal) (*credential.Credential, []credential.Permission, error) {
	parent := chain[len(chain)-1]
	above := parent.Credential()
	if err := p.check(w.cfg.Now()); err != nil {
		return nil, nil, err
	}
	if code := reason.ChainRedelegationForbidden; above.Redelegation.MaxDepth < 1 {
		return nil, nil, reason.New(code, beyond(code, above))
	}
	if formatBelow(parent.Format(), "") == "" {
		return nil, nil, reason.New(reason.ChainRedelegationForbidden, "a credential secured with "+parent.Format()+" cannot be passed on; ask the issuer for one in another format")
	}
	c, from, err := w.within(above, p)
	if err != nil {
		return nil, nil, err
	}
	c.Parent = &credential.Parent{ID: above.ID, Digest: parent.Digest()}
	if codes := delegation.CheckChild(above, c); len(codes) > 0 {
		return nil, nil, reason.New(codes[0], beyond(codes[0], above))
	}
	for _, v := range chain {
		if v.Credential().Delegate.ID == c.Delegate.ID {
			return nil, nil, reason.New(reason.ChainCycle, "whoever this is for held it before; it cannot be passed back")
		}
	}
	if !w.cfg.Now().Before(c.ValidUntil) {
		return nil, nil, reason.New(reason.CredentialExpired, "the time of this delegation is over")
	}
	return c, from, nil
}

// check refuses what no credential could be asked for.
func (p Proposal) check(now time.Time) error {
	agent := p.Kind == KindAgent
	switch {
	case len(p.Permissions) == 0:
		return wrong("name at least one permission to pass on")
	case len(p.Permissions) > credential.MaxPermissions:
		return wrong("these are more permissions than one credential holds")
	case agent && p.OperatedBy.IsZero():
		return wrong("an agent needs somebody who answers for it: --operated-by DID")
	case !agent && !p.OperatedBy.IsZero():
		return wrong("only an agent is operated by somebody")
	case agent && p.MaxDepth > 0:
		return wrong("an agent may not pass anything on")
	case agent && p.Until.After(now.Add(AgentLife)):
		return wrong("an agent acts for a day at most; pass it on again tomorrow")
	case p.MaxDepth < 0:
		return wrong("how often it may be passed on is a number from 0")
	}
	return p.Narrow.check()
}

func wrong(detail string) error { return reason.New(reason.CLIArgs, detail) }

// beyond says what would be possible where a link goes beyond the one above it.
func beyond(code reason.Code, above *credential.Credential) string {
	switch code {
	case reason.ChainRedelegationForbidden:
		return "what you hold may not be passed on"
	case reason.ChainDepthWidened:
		if above.Redelegation.MaxDepth == 1 {
			return "who has it from you may not pass it on again"
		}
		return "from you on it may be passed on again " + howOften(above.Redelegation.MaxDepth-1) + " at most"
	case reason.ChainDelegateKind:
		return "what you hold may be passed on to: " + strings.Join(delegateKinds(above), ", ")
	case reason.ChainValidityWidened:
		return "it can last until " + instant(above.ValidUntil) + " at most, as what you hold"
	}
	return "this would go beyond what you hold; see: behalf-wallet show"
}

// delegateKinds returns to whom c may be passed on (delegation.md §2.1, S6.10).
func delegateKinds(c *credential.Credential) []string {
	switch {
	case c.Redelegation.Kinds == nil:
		return []string{KindPerson}
	case len(c.Redelegation.Kinds) == 0:
		return []string{"nobody"}
	}
	return c.Redelegation.Kinds
}

// within returns the link that p asks for: everything as above, or less.
func (w *Wallet) within(above *credential.Credential, p Proposal) (*credential.Credential, []credential.Permission, error) {
	id, err := credential.NewID(w.cfg.Random)
	if err != nil {
		return nil, nil, err
	}
	me := w.signerAmong(above.Delegate.ID).Method.DID().String()
	c := &credential.Credential{
		ID: id, Type: credential.TypeDelegation, Issuer: me,
		Delegate:   credential.Delegate{ID: p.To.String(), Kind: cmp.Or(p.Kind, KindPerson), OperatedBy: p.OperatedBy.String()},
		OnBehalfOf: credential.Principal{ID: above.OnBehalfOf.ID}, Relationship: above.Relationship, LegalBasis: above.LegalBasis,
		GrantedBy: me, Jurisdiction: above.Jurisdiction, Purposes: above.Purposes, Controllers: above.Controllers,
		ReviewBy: above.ReviewBy, TransitionAt: above.TransitionAt, Redelegation: credential.Redelegation{Kinds: []string{}},
		Prohibitions: above.Prohibitions, Framework: above.Framework,
	}
	if p.MaxDepth > 0 {
		c.Redelegation = credential.Redelegation{MaxDepth: p.MaxDepth, Kinds: above.Redelegation.Kinds}
	}
	c.ValidFrom, c.ValidUntil = p.validity(above, w.cfg.Now().Truncate(time.Second))
	var from []credential.Permission
	for _, want := range p.Permissions {
		perm, held, err := w.permission(above, want, p)
		if err != nil {
			return nil, nil, err
		}
		c.Permissions, from = append(c.Permissions, perm), append(from, held)
	}
	return c, from, nil
}

// validity returns from when and until when the link that p asks for holds.
func (p Proposal) validity(above *credential.Credential, now time.Time) (from, until time.Time) {
	from, until = now, p.Until
	if from.Before(above.ValidFrom) {
		from = above.ValidFrom
	}
	if !until.IsZero() {
		return from, until
	}
	life := DefaultLife
	if p.Kind == KindAgent {
		life = AgentLife
	}
	if until = now.Add(life); until.After(above.ValidUntil) {
		until = above.ValidUntil
	}
	return from, until
}

// formatBelow returns the format of a link below one in format, signed with a key for alg: the same,
// or the suite of Data Integrity that the key fits. It is "" where no link can stand below, as each
// presentation of the one above has another digest (delegation.md §3.4).
func formatBelow(format string, alg key.Algorithm) string {
	if format == ecdsasd.Name {
		return ""
	}
	return cmp.Or(dataintegrity.Alike(format, alg), format)
}

// seal signs the link, and opens it again: what does not verify does not leave.
func (w *Wallet) seal(ctx context.Context, format string, child *credential.Credential, by did.Signer) ([]byte, error) {
	raw, err := w.cfg.Formats.Named(format).Seal(ctx, child, by)
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
