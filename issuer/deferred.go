// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"errors"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Bounds of deferred issuance.
const (
	ReviewLife    = 90 * 24 * time.Hour // of an application that waits for an operator
	DeferInterval = 5 * time.Second     // that a wallet waits before it asks again
	MaxWaiting    = 16                  // requests that wait for the review of one delegation
)

// transaction is a credential request that waits for a review. Whose keys were proved, and who may
// come for the credentials, was settled when it began and does not change (OpenID4VCI issue 740).
type transaction struct {
	Grant      string    `json:"grant"`      // key of the authorization that began it
	Identifier string    `json:"identifier"` // credential identifier
	Holders    []string  `json:"holders"`    // DIDs whose keys were proved
	Expires    time.Time `json:"expires"`
	version    uint64
	key        string
}

// postpone records the request durably and answers with a transaction (OpenID4VCI 1.0 §8.3).
func (i *Issuer) postpone(ctx context.Context, t *accessToken, o order, holders []string, steps changes) (*vci.CredentialResponse, error) {
	d := o.delegation
	if d.Waiting >= MaxWaiting {
		return nil, denied(reason.New(reason.LimitRate, "so many requests wait for this review already"))
	}
	if _, err := i.prepare(d.Request, holders[0], d.ID); err != nil {
		return nil, denied(err)
	}
	id, err := i.secret()
	if err != nil {
		return nil, err
	}
	until := earlier(i.cfg.Now().Add(ReviewLife), d.Request.Grant.ValidUntil)
	waits := transaction{Grant: t.Grant, Identifier: o.identifier, Holders: holders, Expires: until}
	d.Waiting++
	d.Collectable = until
	steps.add(put(digestKey(prefixTransaction, id), 0, waits, until))
	steps.add(d.change())
	evidence, err := strictjson.Marshal(holders)
	if err = errors.Join(err, steps.err); err != nil {
		return nil, reason.Wrap(reason.InternalIndeterminate, "a record could not be written", err)
	}
	e := i.event(audit.Defer, d.ID, State(Pending), d.Request.Grant.OnBehalfOf.ID, holders[0])
	e.Evidence = digest(evidence)
	if _, err := i.cfg.Audit.Append(ctx, e, steps.list...); err != nil {
		return nil, err
	}
	i.cfg.Logger.InfoContext(ctx, "waits for review", "delegation", d.ID, "copies", len(holders))
	return later(id), nil
}

func later(id string) *vci.CredentialResponse {
	return &vci.CredentialResponse{TransactionID: id, Interval: int64(DeferInterval / time.Second)}
}

// Deferred answers a deferred credential request (OpenID4VCI 1.0 §9): with the credentials, to the
// keys that were proved in the beginning, once an operator approved; with the same transaction as
// long as none did. A transaction that is not known, was answered, or was begun under another
// authorization than that of the access token is deferred.binding.
func (i *Issuer) Deferred(ctx context.Context, p Presented, transactionID string) (*vci.CredentialResponse, error) {
	t, err := i.authorized(ctx, p)
	if err != nil {
		return nil, err
	}
	for range maxAttempts {
		out, err := i.comeFor(ctx, t, transactionID)
		if _, conflict := store.IsConflict(err); !conflict {
			return out, err
		}
	}
	return nil, contested()
}

func (i *Issuer) comeFor(ctx context.Context, t *accessToken, id string) (*vci.CredentialResponse, error) {
	waits, err := i.waiting(ctx, t, id)
	if err != nil {
		return nil, err
	}
	o, err := i.ordered(ctx, waits.Identifier)
	if err != nil {
		return nil, err
	}
	if o.delegation.Review == Pending {
		return later(id), nil
	}
	var steps changes
	steps.drop(waits.key, waits.version)
	o.grant = waits.Grant
	o.delegation.Waiting--
	return i.deliver(ctx, o, waits.Holders, steps)
}

// waiting returns the transaction id, if it was begun under the authorization of t.
func (i *Issuer) waiting(ctx context.Context, t *accessToken, id string) (transaction, error) {
	unknown := reason.New(reason.DeferredBinding, "no such transaction of yours")
	if id == "" || len(id) > maxSecret {
		return transaction{}, unknown
	}
	var w transaction
	e, err := i.get(ctx, digestKey(prefixTransaction, id), &w, reason.DeferredBinding)
	if err != nil {
		return transaction{}, err
	}
	if w.Grant != t.Grant || !i.cfg.Now().Before(w.Expires) {
		return transaction{}, unknown
	}
	w.key, w.version = e.Key, e.Version
	return w, nil
}

// ordered returns what a credential identifier names, if it may still be issued.
func (i *Issuer) ordered(ctx context.Context, identifier string) (order, error) {
	delegation, configuration, _ := splitIdentifier(identifier)
	d, err := i.Delegation(ctx, delegation)
	if err != nil {
		return order{}, err
	}
	name, _ := formatOf(configuration)
	format := i.cfg.Formats.Named(name)
	if !i.stands(d) || format == nil {
		return order{}, spoken{reason.New(reason.TokenScope, "the delegation was taken back, declined or has ended"), "credential_request_denied"}
	}
	return order{delegation: d, identifier: identifier, format: format}, nil
}
