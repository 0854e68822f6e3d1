// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"slices"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// MaxKeys is the number of holder keys that a wallet keeps, beside those of one-time copies.
const MaxKeys = 16

// HolderKey is a key of the wallet, by the identifier to which credentials are bound.
type HolderKey struct {
	DID         did.DID `json:"did"`
	InUse       bool    `json:"in_use"`      // new credentials are bound to it
	Credentials int     `json:"credentials"` // held or passed on, that work under it alone
	Pending     int     `json:"pending"`     // collections that wait for their issuer
}

// keyring is what a wallet signs with.
type keyring struct {
	inUse  did.Signer
	all    map[string]did.Signer // the holder keys, by DID
	copies map[string]key.JWK    // of the one-time copies that were looked at, by DID
}

// keyring reads the holder keys of the vault.
func (v *Vault) keyring() (keyring, error) {
	k := keyring{all: map[string]did.Signer{}, copies: map[string]key.JWK{}}
	for i, j := range v.home.Keys {
		s, err := v.signerFor(j)
		if err != nil {
			return keyring{}, err
		}
		if i == 0 {
			k.inUse = s
		}
		k.all[s.Method.DID().String()] = s
	}
	return k, nil
}

// signerFor returns a key as a signer for its did:key.
func (v *Vault) signerFor(j key.JWK) (did.Signer, error) {
	private, err := j.Private(v.random)
	if err != nil {
		return did.Signer{}, err
	}
	return didkey.Signer(private)
}

// signerOf returns the key to which a credential is bound, by the DID of its delegate. A holder
// whose key the wallet has not got is object.unknown. The key of a one-time copy is known once its
// entry was looked at.
func (w *Wallet) signerOf(holder string) (did.Signer, error) {
	if s, ok := w.keyring.all[holder]; ok {
		return s, nil
	}
	if j, ok := w.keyring.copies[holder]; ok {
		return w.cfg.Vault.signerFor(j)
	}
	return did.Signer{}, reason.New(reason.ObjectUnknown, "the wallet has no key for this holder")
}

// holds reports whether holder is a key of ours.
func (w *Wallet) holds(holder string) bool {
	_, own := w.keyring.all[holder]
	_, once := w.keyring.copies[holder]
	return own || once
}

// signerAmong returns the key of the last of holders that is ours, and the key in use if none is.
func (w *Wallet) signerAmong(holders ...string) did.Signer {
	for _, holder := range slices.Backward(holders) {
		if s, err := w.signerOf(holder); err == nil {
			return s
		}
	}
	return w.keyring.inUse
}

// Keys returns the holder keys, the one in use first, and how much depends on each. Those of one-time
// copies lie with their credentials and are not among them.
func (w *Wallet) Keys() []HolderKey {
	used, waits, _ := w.dependants()
	out := make([]HolderKey, 0, len(w.cfg.Vault.home.Keys))
	for i, j := range w.cfg.Vault.home.Keys {
		s, err := w.cfg.Vault.signerFor(j)
		if err != nil {
			continue // New has read them all, so that none is left out
		}
		id := s.Method.DID()
		out = append(out, HolderKey{DID: id, InUse: i == 0, Credentials: used[id.String()], Pending: waits[id.String()]})
	}
	return out
}

// dependants counts what works under each key alone, and what waits for a credential under it. whole
// is whether every file could be read.
func (w *Wallet) dependants() (used, waits map[string]int, whole bool) {
	used, waits = map[string]int{}, map[string]int{}
	v := w.cfg.Vault
	all, bad, err := v.all()
	whole = err == nil && len(bad) == 0
	for _, h := range all {
		used[h.Statement.Delegate[0]]++
	}
	passed, bad, err := readAll[PassedOn](v, passedMark)
	whole = whole && err == nil && len(bad) == 0
	for _, p := range passed {
		used[w.signedBy(p)]++
	}
	waiting, bad, err := readAll[waiting](v, waitingMark)
	whole = whole && err == nil && len(bad) == 0
	for _, p := range waiting {
		waits[p.Holder]++
	}
	return used, waits, whole
}

// signedBy returns the key that signed a link. Records of wallets with one key do not name it: it is
// the oldest.
func (w *Wallet) signedBy(p *PassedOn) string {
	if p.By != "" {
		return p.By
	}
	keys := w.cfg.Vault.home.Keys
	s, err := w.cfg.Vault.signerFor(keys[len(keys)-1])
	if err != nil {
		return ""
	}
	return s.Method.DID().String()
}

// RotateKey makes a new holder key, to which credentials are bound from then on, and returns its
// identifier. It is durable before it is used for anything. What is held goes on working under the
// key it was issued to; Renew moves it to the new one. A wallet with MaxKeys keys is storage.full.
func (w *Wallet) RotateKey(ctx context.Context) (did.DID, error) {
	v := w.cfg.Vault
	if len(v.home.Keys) >= MaxKeys {
		return did.DID{}, reason.New(reason.StorageFull, "the wallet has as many keys as it keeps; renew what is bound to an old one, and drop that")
	}
	fresh, err := key.Generate(key.ES256, v.random)
	if err != nil {
		return did.DID{}, err
	}
	if err := w.rekey(ctx, slices.Concat([]key.JWK{fresh.JWK()}, v.home.Keys)); err != nil {
		return did.DID{}, err
	}
	return w.DID(), nil
}

// DropKey forgets the holder key id. One that is in use, or on which something depends, or might
// because a file cannot be read, is cli.args; one that is none of ours is object.unknown. When it
// returns nil the key is gone for good.
func (w *Wallet) DropKey(ctx context.Context, id did.DID) error {
	v, holder := w.cfg.Vault, id.String()
	at := slices.IndexFunc(v.home.Keys, func(j key.JWK) bool {
		s, err := v.signerFor(j)
		return err == nil && s.Method.DID() == id
	})
	used, waits, whole := w.dependants()
	switch {
	case at < 0:
		return reason.New(reason.ObjectUnknown, "the wallet has no such key")
	case at == 0:
		return wrong("the key is in use; rotate first")
	case used[holder] > 0 || waits[holder] > 0:
		return wrong("credentials depend on the key; renew or remove them first")
	case !whole:
		return wrong("a file of the wallet is damaged, and may depend on the key; restore or remove it first")
	}
	return w.rekey(ctx, slices.Delete(slices.Clone(v.home.Keys), at, at+1))
}

// rekey replaces the holder keys: durably, and only then in what the wallet works with.
func (w *Wallet) rekey(ctx context.Context, keys []key.JWK) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := w.cfg.Vault.setKeys(keys); err != nil {
		return err
	}
	ring, err := w.cfg.Vault.keyring()
	if err != nil {
		return err
	}
	ring.copies = w.keyring.copies
	w.keyring = ring
	return nil
}
