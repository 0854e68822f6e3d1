// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didjwk"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// pin is what a wallet keeps of who signed a link: the DID document, less all but the keys that
// were good for it when the link was taken. With it a credential is opened again without the
// network, so that its issuer does not learn when it is used (security.md §3, phone home), and
// need not be there. Whether a key is good still, services find out for themselves.
type pin struct {
	DID      string           `json:"did"`
	Document strictjson.Value `json:"document,omitzero"`
	Key      *key.JWK         `json:"key,omitempty"` // in place of Document, where the framework pins the issuer's keys to another place
}

// taking is a did.Resolver for what is being taken: it finds documents by from, and keeps those that
// have to be pinned, one for each DID. There are as many as links at most.
type taking struct {
	from did.Resolver
	at   time.Time

	issuers credential.IssuerKeys // nil: there are no issuers but those with documents

	mu    sync.Mutex
	kept  []*did.Document
	keys  []pin    // of issuers without documents
	chain []string // key identifiers of certificates that were used
}

// taking returns keys, as of now, for what is being taken, and what remembers them.
func (w *Wallet) taking() (credential.Keys, *taking) {
	t := &taking{from: w.cfg.Resolver, at: w.cfg.Now(), issuers: w.cfg.Issuers}
	keys := credential.Keys{Resolver: t, At: t.at}
	if t.issuers != nil {
		keys.Issuers = t
	}
	return keys, t
}

// IssuerKey implements credential.IssuerKeys.
func (t *taking) IssuerKey(ctx context.Context, c credential.IssuerClaim, at time.Time) (key.Public, bool, error) {
	k, elsewhere, err := t.issuers.IssuerKey(ctx, c, at)
	if err != nil || !elsewhere {
		return k, elsewhere, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	j := k.JWK()
	t.keys = append(t.keys, pin{DID: c.Issuer, Key: &j})
	if c.X5C != nil {
		t.chain, err = jose.AuthorityKeys(c.X5C)
	}
	return k, true, err
}

// authorities returns the key identifiers of what was opened last.
func (t *taking) authorities() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.chain
}

// Resolve implements did.Resolver.
func (t *taking) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	if isKey(id) {
		return t.from.Resolve(ctx, id)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.IndexFunc(t.kept, func(d *did.Document) bool { return d.ID == id }); i >= 0 {
		return t.kept[i], nil
	}
	d, err := t.from.Resolve(ctx, id)
	if err == nil {
		t.kept = append(t.kept, d)
	}
	return d, err
}

// pins returns what is to be kept, once everything has opened.
func (t *taking) pins() ([]pin, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := slices.Clone(t.keys)
	for _, d := range t.kept {
		raw, err := did.WriteDocument(d.ID, good(d, t.at))
		if err != nil {
			return nil, err
		}
		out = append(out, pin{DID: d.ID.String(), Document: raw})
	}
	return out, nil
}

// good returns the keys of d by which credentials could be signed at the time at. They are kept
// without a bound on their life: what they are asked about is that time.
func good(d *did.Document, at time.Time) []did.Publication {
	var out []did.Publication
	for _, m := range d.Methods {
		if k, err := d.Key(m.ID, did.AssertionMethod, at); err == nil {
			out = append(out, did.Publication{
				Fragment: m.ID.Fragment(), Key: k, Relationships: []did.Relationship{did.AssertionMethod},
			})
		}
	}
	return out
}

// pinned is a did.Resolver for what is held: it asks nobody.
type pinned struct {
	keys did.Resolver // for DIDs that are keys themselves
	held *held
}

// pinned returns the keys with which h was taken, as of that time.
func (w *Wallet) pinned(h *held) credential.Keys {
	p := pinned{w.cfg.Resolver, h}
	return credential.Keys{Resolver: p, At: h.Received, Issuers: p}
}

// IssuerKey implements credential.IssuerKeys: by the key that lies with the credential, if one does.
func (p pinned) IssuerKey(_ context.Context, c credential.IssuerClaim, _ time.Time) (key.Public, bool, error) {
	for _, pin := range p.held.Signers {
		if pin.DID == c.Issuer && pin.Key != nil {
			k, err := pin.Key.Public()
			return k, true, err
		}
	}
	return key.Public{}, false, nil
}

// Resolve implements did.Resolver. A DID whose document does not lie with the credential, or is
// another's, is refused.
func (p pinned) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	if isKey(id) {
		return p.keys.Resolve(ctx, id)
	}
	for _, pin := range p.held.Signers {
		if pin.DID == id.String() && pin.Key == nil {
			return did.ReadDocument(pin.Document, id, p.held.Received)
		}
	}
	return nil, reason.New(reason.StoreTampered, "the wallet does not hold the key of who signed a credential in it")
}

// isKey reports whether id is a key itself, which nobody has to be asked for.
func isKey(id did.DID) bool { return id.Method() == didkey.Method || id.Method() == didjwk.Method }
