// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Approve lets a delegation that waits for review be issued: who asked for it gets it when their
// wallet asks again. When it returns nil that is durable; approving again changes nothing.
//
// Errors: those of a Change; object.unknown for a delegation that is not there or is not reviewed;
// revoke.irreversible for one that was declined, revoked or has ended.
func (i *Issuer) Approve(ctx context.Context, id string, c Change) (*Delegation, error) {
	return i.judge(ctx, id, c, Approved)
}

// Decline ends a delegation that waits for review: it is never issued, and its offer ends. It is for
// good, and has otherwise the rules of Approve.
func (i *Issuer) Decline(ctx context.Context, id string, c Change) (*Delegation, error) {
	return i.judge(ctx, id, c, Declined)
}

func (i *Issuer) judge(ctx context.Context, id string, c Change, to Review) (*Delegation, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	for range maxAttempts {
		d, err := i.Delegation(ctx, id)
		if err != nil {
			return nil, err
		}
		if done, err := d.mayBeJudged(to, i.stands(d)); done || err != nil {
			return d, err
		}
		err = i.judged(ctx, d, c, to)
		if _, conflict := store.IsConflict(err); !conflict {
			return d, err
		}
	}
	return nil, contested()
}

// mayBeJudged says whether the outcome is to already, and refuses what cannot follow.
func (d *Delegation) mayBeJudged(to Review, stands bool) (done bool, err error) {
	switch {
	case d.Review == "":
		return false, reason.New(reason.ObjectUnknown, "this delegation was not granted under review")
	case d.Review == to:
		return true, nil
	case d.Review != Pending:
		return false, reason.New(reason.RevokeIrreversible, "the review is over; grant anew")
	case !stands:
		return false, reason.New(reason.RevokeIrreversible, "the delegation was revoked or has ended")
	}
	return false, nil
}

// judged commits the outcome with its audit leaf.
func (i *Issuer) judged(ctx context.Context, d *Delegation, c Change, to Review) error {
	var steps changes
	if to == Declined {
		if err := i.dropOffer(ctx, d.ID, &steps); err != nil {
			return err
		}
	}
	d.Review, d.Reason, d.Note = to, c.Reason, c.Note
	steps.add(d.change())
	if steps.err != nil {
		return steps.err
	}
	if _, err := i.cfg.Audit.Append(ctx, i.event(audit.Review, d.ID, State(to), d.Request.Grant.OnBehalfOf.ID, ""), steps.list...); err != nil {
		return err
	}
	d.version++
	i.cfg.Logger.InfoContext(ctx, "reviewed", "delegation", d.ID, "review", string(to))
	return nil
}
