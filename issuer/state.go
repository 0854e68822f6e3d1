// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"errors"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Change of state that an operator asks for.
type Change struct {
	Reason string `json:"reason"`         // lower-case words joined by dashes, such as "withdrawn-by-principal"
	Note   string `json:"note,omitempty"` // kept here, never published
}

// Suspend stops a delegation until Resume. When it returns nil the suspension is durable and the
// lists that are published next show it. A delegation that nobody has collected can only be revoked:
// revoke.not_authorised. Suspending again changes nothing and is no error.
func (i *Issuer) Suspend(ctx context.Context, id string, c Change) (*Delegation, error) {
	return i.move(ctx, id, c, step{Suspended, status.Suspended, audit.Suspend})
}

// Resume lifts a suspension, with the rules of Suspend.
func (i *Issuer) Resume(ctx context.Context, id string, c Change) (*Delegation, error) {
	return i.move(ctx, id, c, step{Issued, status.Valid, audit.Resume})
}

// Revoke ends a delegation for good, whether it was collected or not, with the rules of Suspend.
// Whatever follows on a revoked delegation but Revoke is revoke.irreversible.
func (i *Issuer) Revoke(ctx context.Context, id string, c Change) (*Delegation, error) {
	return i.move(ctx, id, c, step{Revoked, status.Revoked, audit.Revoke})
}

// step is a change of state: of the delegation, in the status lists, and in the audit log.
type step struct {
	to    State
	list  status.State
	event audit.Type
}

func (i *Issuer) move(ctx context.Context, id string, c Change, s step) (*Delegation, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	for range maxAttempts {
		d, err := i.Delegation(ctx, id)
		if err != nil {
			return nil, err
		}
		if done, err := d.mayBecome(s.to); done || err != nil {
			return d, err
		}
		err = i.flip(ctx, d, c, s, "")
		if _, conflict := store.IsConflict(err); conflict {
			continue
		}
		if err != nil {
			return nil, notDurable(err)
		}
		return d, nil
	}
	return nil, notDurable(errors.New("the delegation or its list changes too often"))
}

// mayBecome says whether d has the state already, and refuses what cannot follow.
func (d *Delegation) mayBecome(to State) (done bool, err error) {
	switch {
	case d.State == to:
		return true, nil
	case d.State == Revoked:
		return false, reason.New(reason.RevokeIrreversible, "a revoked delegation stays revoked")
	case d.State == Offered && to != Revoked:
		return false, reason.New(reason.RevokeNotAuthorised, "the delegation was not collected; it can only be revoked")
	}
	return false, nil
}

// flip commits the new state, every list that shows it, the audit leaf and what comes with them
// together. actor is who asked, "" for the operator.
func (i *Issuer) flip(ctx context.Context, d *Delegation, c Change, s step, actor string, with ...store.Change) error {
	steps := changes{list: with}
	refs := d.refs()
	if len(refs) > 0 {
		flips, err := i.cfg.Book.Flip(ctx, refs, s.list)
		if err != nil {
			return err
		}
		steps.list = append(steps.list, flips...)
	}
	d.State, d.Reason, d.Note = s.to, c.Reason, c.Note
	if s.to == Revoked {
		if err := i.dropOffer(ctx, d.ID, &steps); err != nil {
			return err
		}
	}
	steps.add(d.change())
	if steps.err != nil {
		return steps.err
	}
	_, err := i.cfg.Audit.Append(ctx, i.event(s.event, d.ID, s.to, d.Request.Grant.OnBehalfOf.ID, actor), steps.list...)
	if err != nil {
		return err
	}
	d.version++
	i.cfg.Book.Committed(refs)
	i.cfg.Logger.InfoContext(ctx, "state changed", "delegation", d.ID, "state", string(s.to))
	return nil
}

// refs returns the indices of all copies, of which there are at most MaxCopies: what a Flip takes.
func (d *Delegation) refs() []publisher.Ref {
	var refs []publisher.Ref
	for _, c := range d.Copies {
		refs = append(refs, c.Ref)
	}
	return refs
}

// notDurable is every failure to change a state but those that say what else is wrong.
func notDurable(err error) error {
	switch reason.Of(err) {
	case reason.RevokeIrreversible, reason.StorageFull:
		return err
	}
	return reason.Wrap(reason.RevokeNotDurable, "the change could not be made durable; nothing was acknowledged", err)
}

func (c Change) check() error {
	if c.Reason == "" || len(c.Reason) > MaxReason || len(c.Note) > MaxNote {
		return reason.New(reason.JSONMemberMissing, "reason is needed, at most 64 bytes; a note has at most 500")
	}
	for k := range len(c.Reason) {
		if b := c.Reason[k]; (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '-' {
			return reason.New(reason.JSONType, "reason is lower-case words joined by dashes")
		}
	}
	return nil
}
