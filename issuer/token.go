// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"time"

	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// code maps a pre-authorized code to its delegation. Every try at it, right or wrong, is a change of
// this one record: so however many tries come at once, no more than MaxTxTries are answered.
type code struct {
	Delegation string    `json:"delegation"`
	TxCode     string    `json:"tx_code,omitempty"` // until the code is consumed or dead
	Expires    time.Time `json:"expires"`
	Tries      int       `json:"tries,omitempty"` // wrong transaction codes
	Consumed   bool      `json:"consumed,omitempty"`
}

// Token answers a token request (OpenID4VCI 1.0 §6.1, RFC 6749 §4.1.3 and §6). p is the HTTP request:
// a token is bound to the key that it proves, and only such a one can be refreshed.
//
// A code, or refresh token, that is not known, has ended or is another client's is grant.invalid. A
// pre-authorized code comes with its transaction code: a wrong one is grant.invalid, one that is
// absent or no number of TxCodeSize digits grant.tx_code, and after MaxTxTries wrong ones the offer
// is dead, grant.tx_code_locked; a code that was redeemed is grant.consumed. An authorization code or
// a refresh token that comes a second time ends every token of its authorization. A proof or
// attestation that is absent where it is demanded, or not good, is dpop.invalid, dpop.key_mismatch,
// client.attestation or client.aud.
func (i *Issuer) Token(ctx context.Context, r vci.TokenRequest, p Presented) (vci.TokenResponse, error) {
	c, err := i.caller(ctx, p, r.ClientID)
	if err != nil {
		return vci.TokenResponse{}, err
	}
	for range maxAttempts {
		out, err := i.redeem(ctx, r, c)
		if _, conflict := store.IsConflict(err); !conflict {
			return out, err
		}
	}
	return vci.TokenResponse{}, contested()
}

// redeem is one try at Token: what it changes is one commit, in which what proves the caller is spent.
func (i *Issuer) redeem(ctx context.Context, r vci.TokenRequest, c caller) (vci.TokenResponse, error) {
	var steps changes
	if err := i.spendAll(ctx, c.single, &steps); err != nil {
		return vci.TokenResponse{}, err
	}
	switch r.Grant {
	case vci.GrantAuthorizationCode:
		return i.redeemCode(ctx, r, c, steps)
	case vci.GrantRefreshToken:
		return i.refresh(ctx, r, c, steps)
	case vci.GrantPreAuthorized, "":
		return i.redeemPreAuthorized(ctx, r, c, steps)
	}
	return vci.TokenResponse{}, spoken{reason.New(reason.GrantInvalid, "another grant type"), "unsupported_grant_type"}
}

func (i *Issuer) redeemPreAuthorized(ctx context.Context, r vci.TokenRequest, by caller, steps changes) (vci.TokenResponse, error) {
	var c code
	e, err := i.get(ctx, digestKey(prefixCode, r.Code), &c, reason.GrantInvalid)
	if err != nil {
		return vci.TokenResponse{}, err
	}
	if err := c.open(r.TxCode, i.cfg.Now()); err != nil {
		return vci.TokenResponse{}, err
	}
	if !sameText(r.TxCode, c.TxCode) {
		return vci.TokenResponse{}, i.wrongTry(ctx, e, c, steps)
	}
	d, err := i.Delegation(ctx, c.Delegation)
	if err != nil {
		return vci.TokenResponse{}, err
	}
	if d.At(i.cfg.Now()) != Offered || !i.stands(d) {
		return vci.TokenResponse{}, reason.New(reason.GrantInvalid, "the offer was withdrawn; ask for a new one")
	}
	c.Consumed, c.TxCode = true, ""
	steps.add(put(e.Key, e.Version, c, e.Expires))
	if err := i.dropOffer(ctx, d.ID, &steps); err != nil {
		return vci.TokenResponse{}, err
	}
	a := authorization{Delegations: []string{d.ID}, Identifiers: identifiersOf(d)}
	if err := i.narrow(&a, r.Details); err != nil {
		return vci.TokenResponse{}, err
	}
	return i.give(ctx, a, by, []*Delegation{d}, steps, nil)
}

// open refuses a code that can no longer be redeemed, and a transaction code that can be no one's.
func (c code) open(txCode string, now time.Time) error {
	switch {
	case c.Consumed:
		return reason.New(reason.GrantConsumed, "this offer was collected before")
	case c.Tries >= MaxTxTries:
		return reason.New(reason.GrantTxCodeLocked, "too many wrong codes; ask for a new offer")
	case !now.Before(c.Expires):
		return reason.New(reason.GrantInvalid, "this offer has expired; ask for a new one")
	case txCode == "":
		return spoken{reason.New(reason.GrantTxCode, "the transaction code is needed"), "invalid_request"}
	case !isTxCode(txCode):
		return reason.New(reason.GrantTxCode, "a transaction code has six digits")
	}
	return nil
}

func isTxCode(s string) bool {
	for k := range len(s) {
		if s[k] < '0' || s[k] > '9' {
			return false
		}
	}
	return len(s) == TxCodeSize
}

// wrongTry counts a wrong transaction code before it says so. The last one ends the offer.
func (i *Issuer) wrongTry(ctx context.Context, e store.Entry, c code, steps changes) error {
	refusal := reason.New(reason.GrantInvalid, "the transaction code is wrong")
	if c.Tries++; c.Tries >= MaxTxTries {
		c.TxCode = ""
		refusal = reason.New(reason.GrantTxCodeLocked, "too many wrong codes; ask for a new offer")
		if err := i.dropOffer(ctx, c.Delegation, &steps); err != nil {
			return err
		}
	}
	steps.add(put(e.Key, e.Version, c, e.Expires))
	if err := i.commit(ctx, steps); err != nil {
		return err
	}
	return refusal
}
