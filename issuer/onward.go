// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"encoding/base32"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// nameBytes of randomness end the id of a hosted link.
const nameBytes = 10

// Hosted is a link that a person signed below a delegation, as an operator reads it. Who signed it and who
// it is for stays with them.
type Hosted struct {
	ID         string    `json:"id"`         // begins with the id of the delegation
	Credential string    `json:"credential"` // id of the link
	Parent     string    `json:"parent"`     // credential id of the link above
	Created    time.Time `json:"created"`
	State      State     `json:"state,omitempty"` // Issued, Revoked or Suspended by its own status; not stored
	Reason     string    `json:"reason,omitempty"`
	Note       string    `json:"note,omitempty"`
	version    uint64
}

// hostedName returns a fresh id for a link below a delegation.
func (i *Issuer) hostedName(delegation string) (string, error) {
	var raw [nameBytes]byte
	err := i.random(raw[:])
	return delegation + "-" + strings.ToLower(base32.HexEncoding.EncodeToString(raw[:])), err
}

// Onward returns the links that were passed on below the delegation called id, with the state of
// each, in no order that means anything. There are at most MaxOnward: where more were
// passed on, revoking the delegation ends those that are left out too. A delegation that is not there has none. Errors:
// storage.unavailable, storage.corrupt.
func (i *Issuer) Onward(ctx context.Context, id string) ([]Hosted, error) {
	var out []Hosted
	for e, err := range i.cfg.Store.Scan(ctx, prefixHosted+id+"-") {
		if err != nil {
			return nil, unavailable(err)
		}
		var h Hosted
		if err := strictjson.Unmarshal(e.Value, &h); err != nil {
			return nil, reason.Wrap(reason.StorageCorrupt, "", err)
		}
		if h.State, err = i.hostedState(ctx, h.Credential); err != nil {
			return nil, err
		}
		if out = append(out, h); len(out) == MaxOnward {
			break
		}
	}
	return out, nil
}

func (i *Issuer) hostedState(ctx context.Context, credential string) (State, error) {
	l, err := i.linkOf(ctx, credential)
	if err != nil {
		return "", err
	}
	switch s, err := i.cfg.Book.State(ctx, l.Ref); {
	case err != nil:
		return "", err
	case s == status.Valid:
		return Issued, nil
	case s == status.Suspended:
		return Suspended, nil
	}
	return Revoked, nil
}

// RevokeOnward takes the one link called id back, which a person signed, and with it all below it,
// for the issuer's operator. When it returns nil that is durable; doing it again changes nothing.
//
// Errors: json.* for a Change that is not well formed, object.unknown for an id that is no such
// link's, revoke.not_durable where nothing was changed.
func (i *Issuer) RevokeOnward(ctx context.Context, id string, c Change) (Hosted, error) {
	if err := c.check(); err != nil {
		return Hosted{}, err
	}
	for range maxAttempts {
		h, err := i.onward(ctx, id)
		if err != nil {
			return Hosted{}, err
		}
		l, err := i.linkOf(ctx, h.Credential)
		if err != nil {
			return Hosted{}, err
		}
		if h.Reason == "" {
			h.Reason, h.Note = c.Reason, c.Note
		}
		step, err := put(prefixHosted+id, h.version, h, time.Time{})
		if err == nil {
			err = i.revokeLink(ctx, l, h.Credential, "", step)
		}
		if _, conflict := store.IsConflict(err); conflict {
			continue
		}
		h.State = Revoked
		return h, err
	}
	return Hosted{}, notDurable(contested())
}

func (i *Issuer) onward(ctx context.Context, id string) (Hosted, error) {
	var h Hosted
	if len(id) > maxID {
		return h, reason.New(reason.ObjectUnknown, "no such link")
	}
	e, err := i.get(ctx, prefixHosted+id, &h, reason.ObjectUnknown)
	h.version = e.Version
	return h, err
}
