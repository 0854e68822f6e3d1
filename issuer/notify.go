// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"slices"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// notification is what a wallet says became of a credential (OpenID4VCI 1.0 §11.1).
type notification struct {
	ID    string `json:"notification_id"`
	Event string `json:"event"`
}

// Notify takes a wallet's notification. It is recorded and nothing depends on it; repeating it
// changes nothing. An event that is not known and an id that is not of this access token are
// notification.unknown.
func (i *Issuer) Notify(ctx context.Context, bearer string, raw []byte) error {
	t, err := i.authorized(ctx, Presented{Scheme: "Bearer", Token: bearer})
	if err != nil {
		return err
	}
	var n notification
	if err := strictjson.Unmarshal(raw, &n); err != nil {
		return err
	}
	switch n.Event {
	case "credential_accepted", "credential_failure", "credential_deleted":
	default:
		return spoken{reason.New(reason.NotificationUnknown, "no such event"), "invalid_notification_request"}
	}
	l, err := i.notifies(ctx, n.ID, t)
	if err != nil {
		return err
	}
	for range maxAttempts {
		err := i.notified(ctx, l, n.Event)
		if _, conflict := store.IsConflict(err); !conflict {
			return err
		}
	}
	return contested()
}

// notifies returns the delegation of a credential which this token collected, and refuses another id.
func (i *Issuer) notifies(ctx context.Context, id string, t *accessToken) (delegation string, err error) {
	l, err := i.linkOf(ctx, id)
	if reason.Of(err) == reason.ObjectUnknown || err == nil && (!slices.Contains(t.Delegations, l.Delegation) || l.Parent != "") {
		return "", reason.New(reason.NotificationUnknown, "no such notification_id")
	}
	if err != nil {
		return "", err
	}
	return l.Delegation, nil
}

func (i *Issuer) notified(ctx context.Context, id, event string) error {
	d, err := i.Delegation(ctx, id)
	if err != nil || d.Notified == event {
		return err
	}
	d.Notified = event
	var steps changes
	steps.add(d.change())
	return i.commit(ctx, steps)
}
