// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// DeferredRequest asks again for credentials that were not ready (§9.1).
type DeferredRequest struct {
	TransactionID string              `json:"transaction_id"`
	Encryption    *ResponseEncryption `json:"credential_response_encryption,omitempty"`
}

// ParseDeferredRequest reads a request; one without a transaction is deferred.binding, more than
// MaxRequest bytes limit.body.
func ParseDeferredRequest(raw []byte) (DeferredRequest, error) {
	if len(raw) > MaxRequest {
		return DeferredRequest{}, reason.New(reason.LimitBody, "the request is too long")
	}
	var d DeferredRequest
	if err := strictjson.Unmarshal(raw, &d); err != nil {
		return DeferredRequest{}, err
	}
	if d.TransactionID == "" || len(d.TransactionID) > MaxName {
		return DeferredRequest{}, reason.New(reason.DeferredBinding, "transaction_id is missing or too long")
	}
	return d, nil
}

// Event is what became of credentials that were issued (§11.1).
type Event string

// The events.
const (
	Accepted Event = "credential_accepted" // they were stored
	Failed   Event = "credential_failure"  // they could not be stored, or not be believed
	Deleted  Event = "credential_deleted"  // the person removed them
)

// MaxEventDescription is the number of bytes of event_description.
const MaxEventDescription = 1024

// Notification tells an issuer what became of the credentials of one answer (§11.1).
type Notification struct {
	ID          string `json:"notification_id"`
	Event       Event  `json:"event"`
	Description string `json:"event_description,omitempty"` // ASCII
}

// ParseNotification reads a notification. An event that is not one of the three is
// notification.unknown with ErrUnknownEvent in the chain, an id that is missing or too long
// notification.unknown.
func ParseNotification(raw []byte) (Notification, error) {
	var n Notification
	if err := strictjson.Unmarshal(raw, &n); err != nil {
		return Notification{}, err
	}
	switch n.Event {
	case Accepted, Failed, Deleted:
	default:
		return Notification{}, reason.Wrap(reason.NotificationUnknown, "an unknown event", ErrUnknownEvent)
	}
	if n.ID == "" || len(n.ID) > MaxName || len(n.Description) > MaxEventDescription {
		return Notification{}, reason.New(reason.NotificationUnknown, "notification_id is missing, or something is too long")
	}
	return n, nil
}
