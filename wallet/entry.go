// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"time"

	"github.com/behalf-id/behalf/credential"
)

// Entry is a credential as its holder sees it.
type Entry struct {
	ID         string                 `json:"id"`
	Type       string                 `json:"type"` // as credential.Credential has it: a delegation, or what supports one
	Format     string                 `json:"format"`
	Issuer     string                 `json:"issuer"`         // who stands behind it: the root's issuer by its name in the framework, else its DID
	From       string                 `json:"from,omitempty"` // the person who passed it on, by DID; "" where the issuer gave it
	OnBehalfOf string                 `json:"on_behalf_of"`
	Identifier *credential.Identifier `json:"identifier,omitempty"` // number of that person in some system
	Called     string                 `json:"called,omitempty"`     // what the holder calls them: Wallet.Call
	ValidFrom  time.Time              `json:"valid_from"`
	ValidUntil time.Time              `json:"valid_until"`
	Allows     []Allowed              `json:"allows"`
	Purposes   []string               `json:"purposes"`
	Onward     int                    `json:"may_be_passed_on"` // how often
	Links      int                    `json:"links"`            // in its chain, itself included
	Received   time.Time              `json:"received"`
	Group      string                 `json:"group,omitempty"` // the same for all one-time copies of a delegation
	Renewable  bool                   `json:"renewable"`       // Wallet.Renew can have it issued anew

	credential *credential.Credential
	held       *held
}

// Allowed is one permission in plain members.
type Allowed struct {
	Resource string   `json:"resource"`
	Actions  []string `json:"actions"`
	Risk     string   `json:"risk"`
}

// Credential returns the statement, which must not be changed.
func (e *Entry) Credential() *credential.Credential { return e.credential }

// Facts returns everything that the credential says, in plain words; nothing is checked anew.
func (e *Entry) Facts() []Fact { return facts(e.credential, 0) }

// List returns every credential, oldest first, and beside them the files that cannot be read: one
// that is damaged hides no other. What the wallet once opened and stored sealed is read without
// checking signatures again; status and time are not looked at, and no network is needed.
func (w *Wallet) List(ctx context.Context) ([]*Entry, []Damaged, error) {
	all, damaged, err := w.cfg.Vault.all()
	if err != nil {
		return nil, nil, err
	}
	out := make([]*Entry, 0, len(all))
	for _, h := range all {
		out = append(out, w.show(h))
	}
	return out, damaged, ctx.Err()
}

// Find returns the one credential whose id begins with prefix, else object.unknown. A file that
// cannot be read is store.tampered.
func (w *Wallet) Find(ctx context.Context, prefix string) (*Entry, error) {
	h, err := find[held](w.cfg.Vault, heldMark, prefix, "credential")
	if err != nil {
		return nil, err
	}
	return w.show(h), ctx.Err()
}

// Remove forgets the one credential, delegation or other, or collection that waits, whose id begins
// with prefix, damaged or not, and with it what only it was good for. When it returns nil the removal
// is durable. Nobody is told.
func (w *Wallet) Remove(_ context.Context, prefix string) error {
	v := w.cfg.Vault
	name, err := v.only(prefix, "credential", heldMark, foreignMark, waitingMark)
	if err != nil {
		return err
	}
	grant := v.grantOf(name)
	if err := v.remove(name); err != nil {
		return err
	}
	return w.sweep(grant)
}

// show returns h as its holder sees it.
func (w *Wallet) show(h *held) *Entry {
	c := h.Statement.credential()
	if h.Key != nil {
		w.keyring.copies[c.Delegate.ID] = *h.Key
	}
	e := &Entry{
		ID: h.ID, Type: c.Type, Format: h.Format, Issuer: h.Issuer, OnBehalfOf: c.OnBehalfOf.ID, Identifier: c.OnBehalfOf.Identifier,
		ValidFrom: c.ValidFrom, ValidUntil: c.ValidUntil, Purposes: c.Purposes, Onward: c.Redelegation.MaxDepth,
		Links: 1 + len(h.Parents), Received: h.Received, Group: h.Group, Renewable: h.Grant != "",
		Called: w.cfg.Vault.home.Names[c.OnBehalfOf.ID], credential: c, held: h,
	}
	switch {
	case c.Parent != nil:
		e.From = c.Issuer
	default:
		e.Issuer = w.nameOf(c.Issuer, h.Issuer)
	}
	for _, p := range c.Permissions {
		e.Allows = append(e.Allows, Allowed{p.Resource, p.Actions, p.Risk})
	}
	return e
}

// nameOf returns the name of a party in the framework in use, else the one it had before, else its DID.
func (w *Wallet) nameOf(id, before string) string {
	if p, ok := w.cfg.Framework().Party(id); ok {
		return p.Name
	}
	if before != "" {
		return before
	}
	return id
}
