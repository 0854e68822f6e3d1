// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// notification is what a wallet says became of a credential (OpenID4VCI 1.0 §11.1).
type notification struct {
	ID    string `json:"notification_id"`
	Event string `json:"event"`
}

// Notify takes a wallet's notification. It is recorded and nothing depends on it; repeating it
// changes nothing.
func (i *Issuer) Notify(ctx context.Context, bearer string, raw []byte) error {
	t, err := i.bearer(ctx, bearer)
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
		return reason.New(reason.NotificationUnknown, "no such event")
	}
	l, err := i.link(ctx, n.ID)
	if err != nil || l.Delegation != t.Delegation {
		return reason.New(reason.NotificationUnknown, "no such notification_id")
	}
	d, err := i.Delegation(ctx, t.Delegation)
	if err != nil || d.Notified == n.Event {
		return err
	}
	d.Notified = n.Event
	c, err := d.change()
	if err != nil {
		return err
	}
	return i.commit(ctx, c)
}
