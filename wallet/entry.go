// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"fmt"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/reason"
)

// Entry is a credential as its holder sees it.
type Entry struct {
	ID         string    `json:"id"`
	Format     string    `json:"format"`
	Issuer     string    `json:"issuer"` // name in the framework, else the DID
	OnBehalfOf string    `json:"on_behalf_of"`
	ValidFrom  time.Time `json:"valid_from"`
	ValidUntil time.Time `json:"valid_until"`
	Allows     []Allowed `json:"allows"`
	Purposes   []string  `json:"purposes"`
	Onward     int       `json:"may_be_passed_on"` // how often
	Links      int       `json:"links"`            // in its chain, itself included

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

// List returns every credential, oldest first. What the wallet once opened and stored sealed is
// read without checking signatures again; status and time are not looked at.
func (w *Wallet) List(ctx context.Context) ([]*Entry, error) {
	all, err := w.cfg.Vault.all()
	if err != nil {
		return nil, err
	}
	out := make([]*Entry, 0, len(all))
	for _, h := range all {
		out = append(out, w.show(h))
	}
	return out, ctx.Err()
}

// Find returns the one credential whose id begins with prefix, else object.unknown.
func (w *Wallet) Find(_ context.Context, prefix string) (*Entry, error) {
	h, err := w.cfg.Vault.find(prefix)
	if err != nil {
		return nil, err
	}
	return w.show(h), nil
}

// Remove forgets the credential whose id begins with prefix. When it returns nil the removal is durable.
func (w *Wallet) Remove(ctx context.Context, prefix string) (*Entry, error) {
	e, err := w.Find(ctx, prefix)
	if err != nil {
		return nil, err
	}
	return e, w.cfg.Vault.remove(e.held)
}

// show returns h as its holder sees it.
func (w *Wallet) show(h *held) *Entry {
	c := &h.Statement
	e := &Entry{
		ID: h.ID, Format: h.Format, Issuer: c.Issuer, OnBehalfOf: c.OnBehalfOf.ID, ValidFrom: c.ValidFrom, ValidUntil: c.ValidUntil,
		Purposes: c.Purposes, Onward: c.Redelegation.MaxDepth, Links: 1 + len(h.Parents), credential: c, held: h,
	}
	if p, ok := w.cfg.Framework().Party(c.Issuer); ok {
		e.Issuer = p.Name
	}
	for _, p := range c.Permissions {
		e.Allows = append(e.Allows, Allowed{p.Resource, p.Actions, p.Risk})
	}
	return e
}

// Standing is what the status lists say of a credential now.
type Standing struct {
	ID    string      `json:"id"`
	State string      `json:"state"` // valid, suspended, revoked, unavailable, expired
	AsOf  time.Time   `json:"as_of,omitzero"`
	Why   reason.Code `json:"reason,omitempty"` // where it is unavailable
}

// Status tells the standing of e: the worst along its chain. Lists are fetched whole, so that the
// issuer does not learn which credential was asked about.
func (w *Wallet) Status(ctx context.Context, e *Entry) Standing {
	s := Standing{ID: e.ID, State: status.Valid.String()}
	if !w.cfg.Now().Before(e.ValidUntil) {
		s.State = "expired"
		return s
	}
	worst := status.Unknown
	chain, err := w.chain(ctx, e)
	if err != nil {
		return Standing{ID: e.ID, State: status.Unknown.String(), Why: reason.Of(err)}
	}
	for _, c := range chain {
		state, asOf, err := w.stateOf(ctx, c)
		if err != nil {
			return Standing{ID: e.ID, State: status.Unknown.String(), Why: reason.Of(err)}
		}
		if worst = max(worst, state); s.AsOf.IsZero() || asOf.Before(s.AsOf) {
			s.AsOf = asOf
		}
	}
	s.State = worst.String()
	return s
}

// chain returns the credentials from the root to e, each opened anew.
func (w *Wallet) chain(ctx context.Context, e *Entry) ([]*credential.Credential, error) {
	var out []*credential.Credential
	for _, raw := range append(append([]string{}, e.held.Parents...), e.held.Raw) {
		v, err := w.open(ctx, []byte(raw))
		if err != nil {
			return nil, err
		}
		out = append(out, v.Credential())
	}
	return out, nil
}

func (w *Wallet) stateOf(ctx context.Context, c *credential.Credential) (status.State, time.Time, error) {
	if len(c.Status) == 0 {
		return status.Unknown, time.Time{}, reason.New(reason.StatusRequiredMissing, "the credential has no status")
	}
	speaker, ok := w.cfg.Framework().StatusSpeaker(c.Issuer, c.Status[0].List)
	if !ok {
		return status.Unknown, time.Time{}, reason.New(reason.StatusUnavailable, "nobody known speaks for the status of this credential")
	}
	return status.Of(ctx, w.cfg.Status, speaker, c.Status)
}

// open checks form and signature of one credential, whatever its format.
func (w *Wallet) open(ctx context.Context, raw []byte) (credential.Verified, error) {
	if len(raw) > MaxFile {
		return credential.Verified{}, reason.New(reason.CredentialUnexpected, "the credential is too large")
	}
	f := w.cfg.Formats.Recognise(raw)
	if f == nil {
		return credential.Verified{}, reason.New(reason.CredentialUnexpected, "the credential is of no format that this wallet knows")
	}
	v, err := credential.Open(ctx, f, raw, w.keys())
	if err != nil {
		return v, fmt.Errorf("the credential does not verify: %w", err)
	}
	return v, nil
}
