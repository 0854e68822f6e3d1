// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"time"

	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// State is how far a delegation has come.
type State string

// The states. Expired is computed from the times of a delegation and never stored.
const (
	Offered   State = "offered"
	Issued    State = "issued"
	Suspended State = "suspended"
	Revoked   State = "revoked"
	Expired   State = "expired"
)

// Review is what became of the review of an application: "" where none was asked for.
type Review string

// The outcomes of a review. Only what is approved is issued.
const (
	Pending  Review = "pending"
	Approved Review = "approved"
	Declined Review = "declined"
)

// Delegation is what the issuer knows of one grant. It holds personal data, which never leaves the
// issuer but through the admin API, and no secret: what collects it lies in records of its own.
type Delegation struct {
	ID          string       `json:"id"`
	State       State        `json:"state"`
	Created     time.Time    `json:"created"`
	Collectable time.Time    `json:"collectable"` // until when a wallet can collect it, if none has yet
	Request     GrantRequest `json:"request"`
	Copies      []Copy       `json:"copies,omitempty"` // that wallets may hold; those that they deleted are left out
	Given       int          `json:"given,omitzero"`   // copies that were ever recorded
	Waiting     int          `json:"waiting,omitzero"` // requests that wait for the review
	Reason      string       `json:"reason,omitempty"` // of the last change of state
	Note        string       `json:"note,omitempty"`
	Review      Review       `json:"review,omitempty"`
	version     uint64
}

// Copy is one credential that was recorded to be signed for a delegation, with the index that is
// its own. After a crash there may be copies that never were signed: their indices are burnt.
type Copy struct {
	Credential string        `json:"credential"` // id of the credential
	Format     string        `json:"format"`
	Holder     string        `json:"holder"` // DID
	Ref        publisher.Ref `json:"ref"`
	Issued     time.Time     `json:"issued"`
	Answer     string        `json:"answer,omitempty"`   // notification_id of the answer that it went out in
	Notified   vci.Event     `json:"notified,omitempty"` // last event that the wallet told of it
}

// Delegation returns the delegation called id; one that is not there is object.unknown.
func (i *Issuer) Delegation(ctx context.Context, id string) (*Delegation, error) {
	if len(id) > maxID {
		return nil, reason.New(reason.ObjectUnknown, "no such delegation")
	}
	d := new(Delegation)
	e, err := i.get(ctx, prefixDelegation+id, d, reason.ObjectUnknown)
	if err != nil {
		return nil, err
	}
	d.version = e.Version
	return d, nil
}

// At returns the state at an instant. A delegation expires when what was granted ends, and when an
// offer lapses that nobody has collected.
func (d *Delegation) At(now time.Time) State {
	switch {
	case d.State == Revoked:
		return Revoked
	case !now.Before(d.Request.Grant.ValidUntil), d.State == Offered && !now.Before(d.Collectable):
		return Expired
	}
	return d.State
}

func (d *Delegation) change() (store.Change, error) {
	return put(prefixDelegation+d.ID, d.version, d, time.Time{})
}

// List yields the delegations after the one called after ("" begins), oldest first: at most limit
// of them, which is from 1 to MaxPage.
func (i *Issuer) List(ctx context.Context, after string, limit int) ([]*Delegation, error) {
	if limit < 1 || limit > MaxPage {
		return nil, reason.New(reason.HTTPInvalid, "a page has from 1 to 200 delegations")
	}
	var out []*Delegation
	for e, err := range i.cfg.Store.Scan(ctx, prefixDelegation) {
		if err != nil {
			return nil, unavailable(err)
		}
		if e.Key[len(prefixDelegation):] <= after {
			continue
		}
		d := &Delegation{version: e.Version}
		if err := strictjson.Unmarshal(e.Value, d); err != nil {
			return nil, reason.Wrap(reason.StorageCorrupt, "", err)
		}
		if out = append(out, d); len(out) == limit {
			break
		}
	}
	return out, nil
}
