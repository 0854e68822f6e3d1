// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"slices"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// copyDeleted is the outcome in the audit log of a copy that its wallet has deleted.
const copyDeleted State = "deleted"

// Notify takes a wallet's notification (OpenID4VCI 1.0 §11.1) about the credentials of one answer. It
// is kept for the operator and nothing depends on it, but that copies which the wallet deleted are
// revoked: nobody has them, so nobody is to use them. A copy that was passed on stays as it is, for
// what hangs below it. Repeating a notification changes nothing and writes nothing.
//
// An id of what was not collected under the authorization of this access token is notification.unknown:
// the ids are those of credentials, which every service learns that sees one.
func (i *Issuer) Notify(ctx context.Context, p Presented, n vci.Notification) error {
	t, err := i.authorized(ctx, p)
	if err != nil {
		return err
	}
	l, err := i.notifies(ctx, n.ID, t)
	if err != nil {
		return err
	}
	for range maxAttempts {
		err := i.notified(ctx, l, n)
		if _, conflict := store.IsConflict(err); !conflict {
			return err
		}
	}
	return contested()
}

// notifies returns the delegation of a credential that was collected under the authorization of t, and
// refuses another id.
func (i *Issuer) notifies(ctx context.Context, id string, t *accessToken) (delegation string, err error) {
	l, err := i.linkOf(ctx, id)
	if reason.Of(err) == reason.ObjectUnknown || err == nil && (l.Grant == "" || l.Grant != t.Grant) {
		return "", reason.New(reason.NotificationUnknown, "no such notification_id")
	}
	if err != nil {
		return "", err
	}
	return l.Delegation, nil
}

func (i *Issuer) notified(ctx context.Context, delegation string, n vci.Notification) error {
	d, err := i.Delegation(ctx, delegation)
	if err != nil {
		return err
	}
	told := d.answered(n.ID)
	if len(told) == 0 || n.Event == d.Copies[told[0]].Notified { // all deleted before, or told before
		return nil
	}
	for _, k := range told {
		d.Copies[k].Notified = n.Event
	}
	if n.Event == vci.Deleted && d.State != Revoked {
		return i.forget(ctx, d, told)
	}
	var steps changes
	steps.add(d.change())
	return i.commit(ctx, steps)
}

// answered returns the places of the copies that went out in the answer that notification_id names.
func (d *Delegation) answered(id string) (places []int) {
	for k, c := range d.Copies {
		if c.Answer == id || c.Credential == id {
			places = append(places, k)
		}
	}
	return places
}

// forget revokes the copies at places and drops them from d, with an audit leaf, in one commit. Those
// below which somebody stands are only marked.
func (i *Issuer) forget(ctx context.Context, d *Delegation, places []int) error {
	var gone []Copy
	var refs []publisher.Ref
	var steps changes
	for _, k := range places {
		c := d.Copies[k]
		l, err := i.linkOf(ctx, c.Credential)
		if err != nil {
			return err
		}
		if l.Hosted == 0 {
			gone, refs = append(gone, c), append(refs, c.Ref)
			steps.add(put(prefixCredential+c.Credential, l.version, l, time.Time{})) // who passes it on now is first, or finds it revoked
		}
	}
	if len(gone) == 0 {
		steps.add(d.change())
		return i.commit(ctx, steps)
	}
	flips, err := i.cfg.Book.Flip(ctx, refs, status.Revoked)
	if err != nil {
		return err
	}
	steps.list = append(steps.list, flips...)
	d.Copies = slices.DeleteFunc(d.Copies, func(c Copy) bool { return slices.Contains(gone, c) })
	steps.add(d.change())
	evidence, err := strictjson.Marshal(gone)
	if err != nil || steps.err != nil {
		return reason.Wrap(reason.InternalIndeterminate, "a record could not be written", err)
	}
	e := i.event(audit.Revoke, d.ID, copyDeleted, d.Request.Grant.OnBehalfOf.ID, gone[0].Holder)
	e.Evidence = digest(evidence)
	if _, err := i.cfg.Audit.Append(ctx, e, steps.list...); err != nil {
		return err
	}
	i.cfg.Book.Committed(refs)
	i.cfg.Logger.InfoContext(ctx, "copies deleted by their wallet", "delegation", d.ID, "copies", len(gone))
	return nil
}
