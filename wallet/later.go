// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// Collect asks for what is pending under the id that begins with prefix (OpenID4VCI 1.0 §9). Before
// Pending.After nobody is asked. What is not decided yet stays pending; what comes is checked and
// stored as by Receive. An application that the issuer turned down, or that has run out, is not
// pending any more, and is the issuer's reason or grant.invalid. A crash on the way loses nothing: what
// the issuer gave to nobody it is asked for again.
func (w *Wallet) Collect(ctx context.Context, prefix string) (Collected, error) {
	p, err := find[waiting](w.cfg.Vault, waitingMark, prefix, "collection that waits")
	if err != nil {
		return Collected{}, err
	}
	g, err := readItem[granted](w.cfg.Vault, grantMark+p.Grant+itemEnd)
	if err != nil {
		return Collected{}, lost(err)
	}
	if w.cfg.Now().Before(p.After) {
		return Collected{Pending: []*Pending{w.pending(p, g)}}, nil
	}
	s, err := w.back(ctx, g)
	if err != nil {
		return Collected{}, err
	}
	o, err := s.waited(p)
	if err != nil {
		return Collected{}, err
	}
	answer, err := s.authorized(ctx, func() (*vci.CredentialResponse, error) { return s.later(ctx, p.Transaction) })
	unknown := unknownTransaction(err)
	if unknown { // answered before, to a wallet that died before it stored the answer
		answer, err = s.ask(ctx, &o)
	}
	switch status, _, refused := refused(err); {
	case refused && (over(err) || unknown && status < 500):
		return Collected{}, errors.Join(refusedByIssuer(err), w.forgetWaiting(p))
	case err != nil:
		return Collected{}, refusedByIssuer(err)
	case answer.TransactionID != "":
		p.Transaction, p.After = answer.TransactionID, w.cfg.Now().Add(interval(answer))
		return Collected{Pending: []*Pending{w.pending(p, g)}}, w.cfg.Vault.wait(p)
	}
	return s.store(ctx, answer, o, p.ID)
}

func lost(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return reason.Wrap(reason.StoreTampered, "the wallet has lost what the issuer granted; ask it for a new offer", err)
	}
	return err
}

// back goes to an issuer again with what it granted before. The framework must accredit it still.
func (w *Wallet) back(ctx context.Context, g *granted) (*session, error) {
	f, err := w.framework()
	if err != nil {
		return nil, err
	}
	issuer, err := w.issuerAt(f, g.Origin)
	if err != nil {
		return nil, err
	}
	if issuer != g.Issuer {
		return nil, reason.New(reason.OfferUntrusted, "another issuer is at this address now")
	}
	s, err := w.begin(ctx, issuer, g.Origin, "")
	if err != nil {
		return nil, err
	}
	if err := w.cfg.Vault.room(1); err != nil {
		return nil, err
	}
	return s, s.resume(*g)
}

// waited returns the order that p waits for.
func (s *session) waited(p *waiting) (order, error) {
	o := order{configuration: p.Configuration, identifier: p.Identifier, replaces: p.Replaces}
	for _, j := range p.Copies {
		signer, err := s.w.cfg.Vault.signerFor(j)
		if err != nil {
			return o, err
		}
		o.proven = append(o.proven, proven{signer, &j})
	}
	if p.Holder != "" {
		signer, err := s.w.signerOf(p.Holder)
		if err != nil {
			return o, err
		}
		o.proven = append(o.proven, proven{signer: signer})
	}
	return o, nil
}

// authorized does something with a fresh access token, once more with another where the issuer does not
// take the one we have.
func (s *session) authorized(ctx context.Context, do func() (*vci.CredentialResponse, error)) (*vci.CredentialResponse, error) {
	if err := s.fresh(ctx); err != nil {
		return nil, err
	}
	answer, err := do()
	if refusal, ok := errors.AsType[*safehttp.StatusError](err); ok && refusal.Status == 401 && s.grant.Refresh != "" {
		if err := s.refresh(ctx); err != nil {
			return nil, err
		}
		return do()
	}
	return answer, err
}

// later asks for the credentials of a transaction.
func (s *session) later(ctx context.Context, transaction string) (*vci.CredentialResponse, error) {
	if s.meta.DeferredEndpoint == "" {
		return nil, reason.New(reason.IssuerMetadataInvalid, "the issuer has no place any more to ask for what it promised")
	}
	r := vci.DeferredRequest{TransactionID: transaction}
	with, err := s.secret(&r.Encryption)
	if err != nil {
		return nil, err
	}
	return s.exchange(ctx, s.meta.DeferredEndpoint, r, with)
}

// unknownTransaction reports whether an issuer does not know a transaction, or not any more.
func unknownTransaction(err error) bool {
	refusal, ok := errors.AsType[*safehttp.StatusError](err)
	return ok && refusal.Status == 400 && vci.ParseError(refusal.Body).Code == "invalid_transaction_id"
}

// over reports whether a refusal ends a collection: trying again can not help.
func over(err error) bool {
	refusal, ok := errors.AsType[*safehttp.StatusError](err)
	if !ok || refusal.Status >= 500 {
		return false
	}
	switch vci.ParseError(refusal.Body).Code {
	case "credential_request_denied", "invalid_transaction_id", "invalid_grant":
		return true
	}
	return false
}

// forgetWaiting drops a collection, and what was granted for it alone.
func (w *Wallet) forgetWaiting(p *waiting) error {
	if err := ignoreMissing(w.cfg.Vault.remove(waitingMark + p.ID + itemEnd)); err != nil {
		return err
	}
	return w.sweep(p.Grant)
}

// sweep removes a grant to which nothing belongs any more.
func (w *Wallet) sweep(id string) error {
	v := w.cfg.Vault
	if id == "" {
		return nil
	}
	all, bad, err := v.all()
	if err != nil || len(bad) > 0 || slices.ContainsFunc(all, func(h *held) bool { return h.Grant == id }) {
		return err
	}
	waits, bad, err := readAll[waiting](v, waitingMark)
	if err != nil || len(bad) > 0 || slices.ContainsFunc(waits, func(p *waiting) bool { return p.Grant == id }) {
		return err
	}
	return ignoreMissing(v.remove(grantMark + id + itemEnd))
}

// sweepAll removes every grant to which nothing belongs: a crash can leave one behind.
func (w *Wallet) sweepAll() error {
	names, err := w.cfg.Vault.names(grantMark)
	if err != nil {
		return err
	}
	for _, name := range names {
		id, _ := itemID(name)
		if err := w.sweep(id); err != nil {
			return err
		}
	}
	return nil
}

// Renew has the credential whose id begins with prefix, and all copies of it, issued anew to the key in
// use (OpenID4VCI 1.0 §13.5): as many copies as there are, or by.Copies. Nobody is asked, and
// by.Accept may be nil. The new ones are durable before the old ones are forgotten and their issuer
// is told that they are gone. An old one stays where links that were passed on rest on it. A credential
// that came without the means is grant.invalid; the rest is as by Receive.
func (w *Wallet) Renew(ctx context.Context, prefix string, by Collector) (Collected, error) {
	e, err := w.Find(ctx, prefix)
	if err != nil {
		return Collected{}, err
	}
	if !e.Renewable {
		return Collected{}, reason.New(reason.GrantInvalid, "the issuer gave nothing by which it could be renewed; ask it for a new offer")
	}
	g, err := readItem[granted](w.cfg.Vault, grantMark+e.held.Grant+itemEnd)
	if err != nil {
		return Collected{}, lost(err)
	}
	old, err := w.group(e.held)
	if err != nil {
		return Collected{}, err
	}
	s, err := w.back(ctx, g)
	if err != nil {
		return Collected{}, err
	}
	if _, ok := s.meta.Configurations[e.held.Configuration]; !ok {
		return Collected{}, unexpected("the issuer does not issue this any more")
	}
	o := order{configuration: e.held.Configuration, identifier: e.held.Identifier}
	n := by.Copies
	for _, h := range old {
		o.replaces = append(o.replaces, h.ID)
		if n == 0 && h.Key != nil {
			n = len(old)
		}
	}
	if o.proven, err = s.keysFor(n); err != nil {
		return Collected{}, err
	}
	if err := s.refresh(ctx); err != nil {
		return Collected{}, refusedByIssuer(err)
	}
	return s.fill(ctx, o, w.keysOf(old)...)
}

// group returns all copies of the delegation that h is one of.
func (w *Wallet) group(h *held) ([]*held, error) {
	if h.Group == "" {
		return []*held{h}, nil
	}
	all, _, err := w.cfg.Vault.all()
	return slices.DeleteFunc(all, func(o *held) bool { return o.Group != h.Group }), err
}

// keysOf returns the holder keys to which credentials are bound.
func (w *Wallet) keysOf(some []*held) []did.Signer {
	var out []did.Signer
	for _, h := range some {
		if s, ok := w.keyring.all[h.Statement.Delegate[0]]; ok {
			out = append(out, s)
		}
	}
	return out
}

// olderKeys returns the holder keys that are not in use, the newest first: an offer may be for one of them.
func (w *Wallet) olderKeys() []did.Signer {
	var out []did.Signer
	for _, j := range w.cfg.Vault.home.Keys[1:] {
		if s, err := w.cfg.Vault.signerFor(j); err == nil {
			out = append(out, s)
		}
	}
	return out
}

// retire forgets credentials in whose place others were stored, and tells their issuer of those that came
// in one answer once none of them is left.
func (s *session) retire(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	v := s.w.cfg.Vault
	needed, err := s.w.restedOn()
	if err != nil {
		return err
	}
	var gone, left []string // notification ids
	for _, id := range ids {
		h, err := readItem[held](v, heldMark+id+itemEnd)
		switch {
		case err != nil: // gone already, after a crash
		case needed[id]:
			left = append(left, h.Notification)
		default:
			if err := v.remove(heldMark + id + itemEnd); err != nil {
				return err
			}
			gone = append(gone, h.Notification)
		}
	}
	slices.Sort(gone)
	for _, n := range slices.Compact(gone) {
		if !slices.Contains(left, n) {
			s.notify(ctx, n, vci.Deleted)
		}
	}
	return nil
}

// restedOn returns the credentials on which links rest that were passed on and stand, by id. A record that
// cannot be read might be of any.
func (w *Wallet) restedOn() (map[string]bool, error) {
	passed, bad, err := readAll[PassedOn](w.cfg.Vault, passedMark)
	if err != nil {
		return nil, err
	}
	if len(bad) > 0 {
		return nil, bad[0].Err
	}
	out := map[string]bool{}
	for _, p := range passed {
		if p.TakenBack.IsZero() && w.cfg.Now().Before(p.Until) {
			out[p.Of] = true
		}
	}
	return out, nil
}
