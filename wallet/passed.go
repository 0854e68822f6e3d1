// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
)

// PassedOn is the record of a link that this wallet signed for somebody else.
type PassedOn struct {
	ID         string    `json:"id"`
	Credential string    `json:"credential"`  // id of the link
	To         string    `json:"to"`          // DID of who may act
	Of         string    `json:"of"`          // id of the credential that it is a part of
	Root       string    `json:"root"`        // DID of the issuer that hosts its status
	By         string    `json:"by,omitzero"` // DID of ours that signed it; release 0, with one key, did not say
	Allows     []Allowed `json:"allows"`
	Until      time.Time `json:"until"`
	At         time.Time `json:"at"`
	TakenBack  time.Time `json:"taken_back,omitzero"` // zero: not
}

// PassedOn returns what this wallet passed on, oldest first, and the files that cannot be read.
func (w *Wallet) PassedOn(ctx context.Context) ([]*PassedOn, []Damaged, error) {
	all, damaged, err := readAll[PassedOn](w.cfg.Vault, passedMark)
	slices.SortFunc(all, func(a, b *PassedOn) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
	})
	return all, damaged, cmp.Or(err, ctx.Err())
}

// TakeBack revokes the link whose record's id begins with prefix: the issuer that hosts its status
// is asked to, and services deny it, and all below it, within the bounds of the status lists. When
// it returns nil the revocation is durable. Taking back again changes nothing and is no error.
// A record that is not there is object.unknown; what the issuer refuses has its reason, or
// revoke.not_authorised.
func (w *Wallet) TakeBack(ctx context.Context, prefix string) (*PassedOn, error) {
	p, err := find[PassedOn](w.cfg.Vault, passedMark, prefix, "delegation passed on")
	if err != nil || !p.TakenBack.IsZero() {
		return p, err
	}
	if _, err := w.framework(); err != nil {
		return nil, err
	}
	return p, w.takeBack(ctx, p, w.signerAmong(w.signedBy(p)))
}

// TakeBackFile revokes the last link of a file that Draft.Sign made, in this wallet or another: for
// who stands above it, and for the person it is about where the link names this wallet's key. The
// issuer decides whether we may (delegation.md §12): if not, it is revoke.not_authorised, and what is no such file is
// credential.unexpected. The record returned has no id, and is not kept, where the link is not ours.
func (w *Wallet) TakeBackFile(ctx context.Context, file []byte) (*PassedOn, error) {
	if _, err := w.framework(); err != nil {
		return nil, err
	}
	f, err := ParsePackage(file)
	if err != nil {
		return nil, err
	}
	chain, err := w.chain(ctx, &held{Raw: f.Credential, Parents: f.Parents}, w.keys())
	if err != nil {
		return nil, err
	}
	for i := range chain[1:] {
		if err := within(chain[i], chain[i+1]); err != nil {
			return nil, err
		}
	}
	above := []string{chain[0].Credential().OnBehalfOf.ID} // who may revoke it, the nearest last
	for _, v := range chain {
		above = append(above, v.Credential().Issuer)
	}
	p := w.recordOf(chain[len(chain)-1].Credential(), chain[0].Credential().Issuer)
	own, _, err := w.PassedOn(ctx)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(own, func(o *PassedOn) bool { return o.Credential == p.Credential }); i >= 0 {
		p = own[i]
	}
	return p, w.takeBack(ctx, p, w.signerAmong(above...))
}

// takeBack asks the issuer to revoke p, and keeps that it did where p is a record.
func (w *Wallet) takeBack(ctx context.Context, p *PassedOn, by did.Signer) error {
	if _, err := w.ask(ctx, p.Root, revokeType, revokePath, 204, map[string]any{"credential": p.Credential}, by); err != nil {
		return err
	}
	p.TakenBack = w.cfg.Now()
	if p.ID == "" {
		return nil
	}
	return w.cfg.Vault.write(passedMark+p.ID+itemEnd, p)
}

// recordOf returns the record of link c of a chain whose root is of issuer root, not stored yet.
func (w *Wallet) recordOf(c *credential.Credential, root string) *PassedOn {
	p := &PassedOn{Credential: c.ID, To: c.Delegate.ID, Root: root, Until: c.ValidUntil, At: w.cfg.Now()}
	for _, perm := range c.Permissions {
		p.Allows = append(p.Allows, Allowed{perm.Resource, perm.Actions, perm.Risk})
	}
	return p
}

// record stores p under a new id. When it returns nil the record is durable.
func (v *Vault) record(p *PassedOn) (err error) {
	if p.ID, err = v.newID(passedMark, MaxPassedOn); err != nil {
		return err
	}
	return v.write(passedMark+p.ID+itemEnd, p)
}
