// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/key"
)

// MaxGrants is the number of grants that a wallet keeps, and of collections that wait.
const MaxGrants = 1_000

// granted is what an issuer granted in one collection: the tokens with which more can be had of it.
type granted struct {
	ID      string    `json:"id"`
	Origin  string    `json:"origin"` // the credential issuer identifier
	Issuer  string    `json:"issuer"` // its DID
	Name    string    `json:"name"`   // in the framework, when it was granted
	Since   time.Time `json:"since"`
	Client  string    `json:"client,omitempty"`  // client identifier that the tokens are bound to
	Bound   *key.JWK  `json:"bound,omitempty"`   // key that the tokens are bound to (RFC 9449); nil: bearer tokens
	Access  string    `json:"access,omitempty"`  // access token
	Expires time.Time `json:"expires,omitzero"`  // of Access
	Refresh string    `json:"refresh,omitempty"` // refresh token
}

func (g *granted) id() string { return g.ID }

// size is how large g is in a part of a backup, about.
func (g *granted) size() int { return len(g.Access) + len(g.Refresh) + 1024 }

// waiting is a collection that the issuer decides about.
type waiting struct {
	ID            string    `json:"id"`
	Grant         string    `json:"grant"` // granted.ID
	Configuration string    `json:"configuration"`
	Identifier    string    `json:"identifier,omitempty"` // of the credential, where the issuer named one
	Transaction   string    `json:"transaction"`
	Since         time.Time `json:"since"`
	After         time.Time `json:"after"`
	Holder        string    `json:"holder,omitempty"` // the holder key that was proved, "" for copies
	Copies        []key.JWK `json:"copies,omitempty"` // their keys
	Type          string    `json:"type"`
	Replaces      []string  `json:"replaces,omitempty"` // credentials that are forgotten once it is here
}

func (p *waiting) id() string { return p.ID }

// size is how large p is in a part of a backup, about.
func (p *waiting) size() int { return len(p.Transaction) + 256*len(p.Copies) + 1024 }

// Pending returns what issuers have still to decide about, oldest first.
func (w *Wallet) Pending(ctx context.Context) ([]*Pending, error) {
	v := w.cfg.Vault
	all, _, err := readAll[waiting](v, waitingMark)
	if err != nil {
		return nil, err
	}
	var out []*Pending
	for _, p := range all {
		g, err := readItem[granted](v, grantMark+p.Grant+itemEnd)
		if err != nil {
			g = &granted{} // without its tokens it can not be collected, and Collect says so
		}
		out = append(out, w.pending(p, g))
	}
	slices.SortFunc(out, func(a, b *Pending) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	return out, ctx.Err()
}

func (w *Wallet) pending(p *waiting, g *granted) *Pending {
	return &Pending{
		ID: p.ID, Type: p.Type, Issuer: w.nameOf(g.Issuer, g.Name), Origin: g.Origin, Since: p.Since, After: p.After, Copies: max(1, len(p.Copies)),
	}
}

// grant stores g under its id, or a new one. When it returns nil it is durable.
func (v *Vault) grant(g *granted) (err error) {
	if g.ID == "" {
		if g.ID, err = v.newID(grantMark, MaxGrants); err != nil {
			return err
		}
	}
	return v.write(grantMark+g.ID+itemEnd, g)
}

// wait stores p under its id, or a new one. When it returns nil it is durable.
func (v *Vault) wait(p *waiting) (err error) {
	if p.ID == "" {
		if p.ID, err = v.newID(waitingMark, MaxGrants); err != nil {
			return err
		}
	}
	return v.write(waitingMark+p.ID+itemEnd, p)
}

// grantOf returns the grant that an item belongs to, "" for one that belongs to none or cannot be read.
func (v *Vault) grantOf(name string) string {
	switch {
	case strings.HasPrefix(name, heldMark):
		if h, err := readItem[held](v, name); err == nil {
			return h.Grant
		}
	case strings.HasPrefix(name, waitingMark):
		if p, err := readItem[waiting](v, name); err == nil {
			return p.Grant
		}
	}
	return ""
}
