// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"errors"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// TypePackage marks a file of a delegation passed on.
const TypePackage = "behalf-delegation/1"

// Package is a delegation passed on: the link that its holder signed and the links above it. It is
// of use to none but the one it is for, and shows them what the links above say of its own part.
type Package struct {
	Type       string `json:"type"` // TypePackage
	Credential string `json:"credential"`
	// Parents are the links above, root first, with only the disclosures that the child needs. None
	// for what rests on nothing: a membership, an identity binding, the link of a workgroup.
	Parents []string `json:"parents"`
}

// ParsePackage reads a file that Draft.Sign made. What is none is credential.unexpected. It believes
// nothing of what the file holds.
func ParsePackage(file []byte) (*Package, error) {
	if len(file) > MaxPackage {
		return nil, unexpected("the file is too large for a delegation")
	}
	p := new(Package)
	if err := strictjson.UnmarshalClosed(file, p); err != nil {
		return nil, reason.Wrap(reason.CredentialUnexpected, notPackage, err)
	}
	if p.Type != TypePackage || p.Credential == "" || len(p.Parents) > MaxParents {
		return nil, unexpected(notPackage)
	}
	return p, nil
}

const notPackage = "this is not a file that behalf-wallet delegate made"

// Accept takes a delegation that somebody passed on, out of the file that Draft.Sign made. Every link
// is opened, each is checked to be within the one above, the root to be one that the framework stands
// behind, and the last to be ours and in its time; none may be known to be revoked. Only then is it
// stored, and durable when Accept returns. A supporting credential, and the link of a workgroup whose
// member we are, come as files of one credential.
//
// A link that services would refuse has the reason that they would give: trust.*, chain.*,
// credential.expired, status.revoked.
func (w *Wallet) Accept(ctx context.Context, file []byte) (*Entry, error) {
	f, err := w.framework()
	if err != nil {
		return nil, err
	}
	p, err := ParsePackage(file)
	if err != nil {
		return nil, err
	}
	keys, signers := w.taking()
	h := &held{Raw: p.Credential, Parents: p.Parents, Received: keys.At}
	chain, err := w.chain(ctx, h, keys)
	if err != nil {
		return nil, err
	}
	if len(chain) == 1 && chain[0].Credential().Parent != nil {
		return nil, unexpected(notPackage)
	}
	if len(chain) > f.Limits.MaxChainLinks {
		return nil, reason.New(reason.ChainTooLong, "services would refuse this delegation: it was passed on too often")
	}
	if err := w.acceptable(ctx, chain); err != nil {
		return nil, err
	}
	last := chain[len(chain)-1]
	if w.holds(last.Credential().Delegate.ID) && !boundToItsDelegate(last) {
		return nil, unexpected(boundToAnother)
	}
	h.Format, h.Issuer = last.Format(), w.nameOf(chain[0].Credential().Issuer, "")
	h.Statement = statementOf(last.Credential())
	if h.Signers, err = signers.pins(); err != nil {
		return nil, err
	}
	if err := w.cfg.Vault.add(h); err != nil {
		return nil, err
	}
	return w.show(h), nil
}

// acceptable holds a chain against the framework, each link against the one above, and the last
// against who we are.
func (w *Wallet) acceptable(ctx context.Context, chain []credential.Verified) error {
	root, last := chain[0].Credential(), chain[len(chain)-1].Credential()
	if isSupporting(last.Type) && len(chain) == 1 {
		return w.acceptableSupport(ctx, last)
	}
	if ours, err := w.ours(ctx, last); err != nil || !ours {
		return errors.Join(err, unexpected("the delegation is for another holder"))
	}
	if root.Parent != nil {
		return reason.New(reason.ChainParentMissing, "the first link of this delegation is missing")
	}
	if code := w.distrust(root); code != "" {
		return reason.New(code, "services would refuse this delegation: its root is not trusted")
	}
	for i := range chain[1:] {
		if err := within(chain[i], chain[i+1]); err != nil {
			return err
		}
	}
	if err := acyclic(chain); err != nil {
		return err
	}
	for _, v := range chain {
		if err := w.current(ctx, w.homeOf(root), v.Credential()); err != nil {
			return err
		}
	}
	return nil
}

// within checks that child names parent and goes nowhere beyond it.
func within(parent, child credential.Verified) error {
	named := child.Credential().Parent
	if named == nil || named.ID != parent.Credential().ID {
		return reason.New(reason.ChainParentMissing, "the links of this delegation do not belong together")
	}
	if !named.Names(parent.Credential().ID, parent.Digest()) {
		return reason.New(reason.ChainDigestMismatch, "a link above was changed")
	}
	if codes := delegation.CheckChild(parent.Credential(), child.Credential()); len(codes) > 0 {
		return reason.New(codes[0], "services would refuse this delegation: a link goes beyond the one above it")
	}
	return nil
}

// acyclic refuses a chain in which a party holds twice.
func acyclic(chain []credential.Verified) error {
	seen := map[string]bool{}
	for _, v := range chain {
		if id := v.Credential().Delegate.ID; seen[id] {
			return reason.New(reason.ChainCycle, "services would refuse this delegation: it comes back to somebody who held it")
		} else {
			seen[id] = true
		}
	}
	return nil
}

// current refuses a link that is past its time or known to be revoked. A status that cannot be had
// now is no reason against taking it: the services ask again, each time.
func (w *Wallet) current(ctx context.Context, home string, c *credential.Credential) error {
	if !w.cfg.Now().Before(c.ValidUntil) {
		return reason.New(reason.CredentialExpired, "the delegation has expired")
	}
	if state, _, err := w.stateOf(ctx, home, c); err == nil && state == status.Revoked {
		return reason.New(reason.StatusRevoked, "the delegation was taken back")
	}
	return nil
}
