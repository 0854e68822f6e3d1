// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/reason"
)

// States of a Standing beside those of package status.
const (
	Expired     = "expired"
	NotYetValid = "not-yet-valid"
)

// Standing is what the status lists say of a credential now.
type Standing struct {
	ID    string      `json:"id"`
	State string      `json:"state"` // valid, suspended, revoked, unavailable, Expired or NotYetValid
	AsOf  time.Time   `json:"as_of,omitzero"`
	Why   reason.Code `json:"reason,omitempty"` // where it is unavailable
}

// Good reports whether the credential may be used now.
func (s Standing) Good() bool { return s.State == status.Valid.String() }

// Status tells the standing of e: the worst along its chain, as of the oldest list. Lists are fetched
// whole, so that the issuer does not learn which credential was asked about. What cannot be found
// out is "unavailable", never valid.
func (w *Wallet) Status(ctx context.Context, e *Entry) Standing {
	now := w.cfg.Now()
	s := Standing{ID: e.ID}
	switch {
	case !now.Before(e.ValidUntil):
		s.State = Expired
		return s
	case now.Before(e.ValidFrom):
		s.State = NotYetValid
		return s
	}
	worst, asOf, err := w.standing(ctx, e)
	if err != nil {
		s.State, s.Why = status.Unknown.String(), reason.Of(err)
		return s
	}
	s.State, s.AsOf = worst.String(), asOf
	return s
}

// standing asks for every link of e, each opened anew.
func (w *Wallet) standing(ctx context.Context, e *Entry) (worst status.State, oldest time.Time, err error) {
	chain, err := w.chain(ctx, e.held, w.pinned(e.held))
	if err != nil {
		return status.Unknown, time.Time{}, err
	}
	for _, v := range chain {
		state, asOf, err := w.stateOf(ctx, w.homeOf(chain[0].Credential()), v.Credential())
		if err != nil {
			return status.Unknown, time.Time{}, err
		}
		if worst = max(worst, state); oldest.IsZero() || asOf.Before(oldest) {
			oldest = asOf
		}
	}
	return worst, oldest, nil
}

// chain opens every link of h with keys, root first.
func (w *Wallet) chain(ctx context.Context, h *held, keys credential.Keys) ([]credential.Verified, error) {
	var out []credential.Verified
	for _, raw := range append(slices.Clone(h.Parents), h.Raw) {
		v, err := w.open(ctx, []byte(raw), keys)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// homeOf returns the party that speaks for the status of a chain with this root: the root's issuer, or, for a
// root that the principal issued, the one that hosts its list. "" is nobody.
func (w *Wallet) homeOf(root *credential.Credential) string {
	if len(root.Status) == 0 {
		return ""
	}
	speaker, _ := w.cfg.Framework().StatusSpeaker(root.Issuer, root.Status[0].List)
	return speaker
}

// stateOf asks for the status of one link of a chain with this home: a link that a person signed has
// its status there and nowhere else, as gateways see it.
func (w *Wallet) stateOf(ctx context.Context, home string, c *credential.Credential) (status.State, time.Time, error) {
	if len(c.Status) == 0 {
		return status.Unknown, time.Time{}, reason.New(reason.StatusRequiredMissing, "the credential has no status")
	}
	speaker, ok := w.cfg.Framework().StatusSpeaker(c.Issuer, c.Status[0].List)
	if !ok || speaker != c.Issuer && speaker != home {
		return status.Unknown, time.Time{}, reason.New(reason.StatusUnavailable, "nobody known speaks for the status of this credential")
	}
	return status.Of(ctx, w.cfg.Status, speaker, c.Status)
}
