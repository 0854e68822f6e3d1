// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Change of state that an operator asks for.
type Change struct {
	Reason string `json:"reason"` // lower-case words joined by dashes, such as "withdrawn-by-principal"
	Note   string `json:"note"`   // kept here, never published
}

// Suspend stops a delegation until Resume. When it returns nil the suspension is durable and the
// lists that are published next show it.
func (i *Issuer) Suspend(ctx context.Context, id string, c Change) (*Delegation, error) {
	return i.move(ctx, id, c, Suspended, status.Suspended, audit.TypeSuspend)
}

// Resume lifts a suspension.
func (i *Issuer) Resume(ctx context.Context, id string, c Change) (*Delegation, error) {
	return i.move(ctx, id, c, Issued, status.Valid, audit.TypeResume)
}

// Revoke ends a delegation for good, whether it was collected or not. Revoking again changes nothing
// and is no error.
func (i *Issuer) Revoke(ctx context.Context, id string, c Change) (*Delegation, error) {
	return i.move(ctx, id, c, Revoked, status.Revoked, audit.TypeRevoke)
}

func (i *Issuer) move(ctx context.Context, id string, c Change, to State, list status.State, event string) (*Delegation, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	for range maxAttempts {
		d, err := i.Delegation(ctx, id)
		if err != nil {
			return nil, err
		}
		if done, err := d.mayBecome(to); done || err != nil {
			return d, err
		}
		err = i.flip(ctx, d, c, to, list, event)
		if _, conflict := store.IsConflict(err); !conflict {
			return d, notDurable(err)
		}
	}
	return nil, reason.New(reason.RevokeNotDurable, "the delegation changes too often; try again")
}

// mayBecome says whether d has the state already, and refuses what cannot follow.
func (d *Delegation) mayBecome(to State) (done bool, err error) {
	switch {
	case d.State == to:
		return true, nil
	case d.State == Revoked:
		return false, reason.New(reason.RevokeIrreversible, "a revoked delegation stays revoked")
	case d.State == Offered && to != Revoked:
		return false, reason.New(reason.RevokeNotAuthorised, "the delegation was not collected yet; revoke it instead")
	}
	return false, nil
}

// flip commits the new state, every list that shows it and the audit leaf together.
func (i *Issuer) flip(ctx context.Context, d *Delegation, c Change, to State, list status.State, event string) error {
	var refs []publisher.Ref
	for _, copy := range d.Copies {
		refs = append(refs, copy.Ref)
	}
	changes, err := i.cfg.Book.Flip(ctx, refs, list)
	if err != nil {
		return err
	}
	d.State, d.Reason, d.Note = to, c.Reason, c.Note
	if to == Revoked {
		d.Offer = nil
	}
	own, err := d.change()
	if err != nil {
		return err
	}
	_, err = i.cfg.Audit.Append(ctx, i.event(event, d.ID, string(to), "", d.Request.Grant.OnBehalfOf.ID, ""), append(changes, own)...)
	if err == nil {
		d.version++
		i.cfg.Book.Committed(refs)
		i.cfg.Logger.InfoContext(ctx, "state changed", "delegation", d.ID, "state", string(to))
	}
	return err
}

func notDurable(err error) error {
	switch code := reason.Of(err); code {
	case "", reason.RevokeIrreversible, reason.StorageFull:
		return err
	}
	return reason.Wrap(reason.RevokeNotDurable, "the change could not be made durable; nothing was acknowledged", err)
}

func (c Change) check() error {
	if c.Reason == "" || len(c.Reason) > 64 || len(c.Note) > MaxNote {
		return reason.New(reason.JSONMemberMissing, "reason is needed, at most 64 bytes; a note has at most 500")
	}
	for k := range len(c.Reason) {
		if b := c.Reason[k]; (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '-' {
			return reason.New(reason.JSONType, "reason is lower-case words joined by dashes")
		}
	}
	return nil
}
