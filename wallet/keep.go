// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"slices"
	"time"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// store checks all that an issuer gave for an order, and stores it if all is good. It is durable
// before the issuer is told, and what an order replaces is forgotten after that. waited is the
// collection that it was waited for in, "" for none.
func (s *session) store(ctx context.Context, answer *vci.CredentialResponse, o order, waited string) (Collected, error) {
	all, err := s.check(ctx, answer, o)
	if err != nil {
		s.notify(ctx, answer.NotificationID, vci.Failed)
		return Collected{}, err
	}
	if err := s.keepGrant(); err != nil {
		return Collected{}, err
	}
	v := s.w.cfg.Vault
	group, err := v.newID(heldMark, MaxCredentials)
	if err != nil {
		return Collected{}, err
	}
	var out Collected
	for _, h := range all {
		h.Configuration, h.Identifier, h.Notification = o.configuration, o.identifier, answer.NotificationID
		if s.grant.Refresh != "" {
			h.Grant = s.grant.ID
		}
		if len(all) > 1 {
			h.Group = group
		}
		if err := v.add(h); err != nil {
			return out, err
		}
		out.Entries = append(out.Entries, s.w.show(h))
	}
	s.notify(ctx, answer.NotificationID, vci.Accepted)
	if waited != "" {
		if err := ignoreMissing(v.remove(waitingMark + waited + itemEnd)); err != nil {
			return out, err
		}
		if err := s.w.sweep(s.grant.ID); err != nil {
			return out, err
		}
	}
	return out, s.retire(ctx, o.replaces)
}

// check opens everything that came for an order: a credential for each key that was proved, and for no
// other.
func (s *session) check(ctx context.Context, answer *vci.CredentialResponse, o order) ([]*held, error) {
	if len(answer.Credentials) > len(o.proven) {
		return nil, unexpected("the issuer gave several credentials for one key")
	}
	var out []*held
	left := slices.Clone(o.proven)
	for _, c := range answer.Credentials {
		h, err := s.one(ctx, []byte(c.Credential), s.meta.Configurations[o.configuration])
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(left, func(p proven) bool { return p.holder() == h.Statement.Delegate[0] })
		switch {
		case at < 0:
			return nil, unexpected("the credential is for another holder")
		case len(out) > 0 && !out[0].Statement.sameGrant(&h.Statement):
			return nil, unexpected("the issuer gave copies that are not of one delegation")
		}
		h.Key = left[at].once
		left = slices.Delete(left, at, at+1)
		out = append(out, h)
	}
	return out, s.standsFor(out, o.replaces)
}

// standsFor refuses what is about another person than the credentials that would be forgotten for it.
func (s *session) standsFor(fresh []*held, replaces []string) error {
	for _, id := range replaces {
		old, err := readItem[held](s.w.cfg.Vault, heldMark+id+itemEnd)
		if err != nil {
			continue // gone meanwhile: nothing is forgotten for it
		}
		if slices.ContainsFunc(fresh, func(h *held) bool { return h.Statement.Principal != old.Statement.Principal }) {
			return unexpected("the credential is about another person than the one that it should renew; the old one was kept")
		}
	}
	return nil
}

// keepGrant stores what was granted, if more can be had of it.
func (s *session) keepGrant() error {
	if s.grant.Refresh == "" || s.grant.ID != "" {
		return nil
	}
	return s.storeGrant()
}

// storeGrant stores what was granted under a new id, in the place of what crashes have left where there
// is none.
func (s *session) storeGrant() error {
	err := s.w.cfg.Vault.grant(&s.grant)
	if reason.Of(err) != reason.StorageFull {
		return err
	}
	if err := s.w.sweepAll(); err != nil {
		return err
	}
	return s.w.cfg.Vault.grant(&s.grant)
}

// postpone stores that the issuer answers later, with all that is needed to ask it then.
func (s *session) postpone(answer *vci.CredentialResponse, o order) (Collected, error) {
	if s.meta.DeferredEndpoint == "" {
		return Collected{}, reason.New(reason.IssuerMetadataInvalid, "the issuer answers later, and has no place to ask it")
	}
	v, now := s.w.cfg.Vault, s.w.cfg.Now()
	if s.grant.ID == "" {
		if err := s.storeGrant(); err != nil {
			return Collected{}, err
		}
	}
	p := &waiting{
		Grant: s.grant.ID, Configuration: o.configuration, Identifier: o.identifier, Transaction: answer.TransactionID,
		Since: now, After: now.Add(interval(answer)), Type: typeOf(s.meta.Configurations[o.configuration]), Replaces: o.replaces,
	}
	for _, one := range o.proven {
		if one.once == nil {
			p.Holder = one.holder()
			continue
		}
		p.Copies = append(p.Copies, *one.once)
	}
	if err := v.wait(p); err != nil {
		return Collected{}, err
	}
	return Collected{Pending: []*Pending{s.w.pending(p, &s.grant)}}, nil
}

// interval is how long the issuer wants to be left alone.
func interval(answer *vci.CredentialResponse) time.Duration {
	return min(time.Duration(min(answer.Interval, int64(MaxInterval/time.Second)))*time.Second, MaxInterval)
}

// notify tells the issuer what became of what it gave. Nothing depends on it.
func (s *session) notify(ctx context.Context, id string, event vci.Event) {
	if s.meta.NotificationEndpoint == "" || id == "" {
		return
	}
	body, err := strictjson.Marshal(vci.Notification{ID: id, Event: event})
	if err == nil {
		_, _ = s.protected(ctx, s.meta.NotificationEndpoint, jsonType, body, 204)
	}
}
