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

// Token redeems a pre-authorized code (OpenID4VCI 1.0 §6.1). A code that is not known, past its time
// or comes with a wrong transaction code is grant.invalid, one that was redeemed grant.consumed; a
// transaction code that is absent or no number of TxCodeSize digits is grant.tx_code, and after
// MaxTxTries wrong ones the offer is dead, grant.tx_code_locked.
func (i *Issuer) Token(ctx context.Context, r vci.TokenRequest) (vci.TokenResponse, error) {
	for range maxAttempts {
		out, err := i.redeem(ctx, r)
		if _, conflict := store.IsConflict(err); !conflict {
			return out, err
		}
	}
	return vci.TokenResponse{}, contested()
}

func (i *Issuer) redeem(ctx context.Context, r vci.TokenRequest) (vci.TokenResponse, error) {
	var c code
	e, err := i.get(ctx, digestKey(prefixCode, r.Code), &c, reason.GrantInvalid)
	if err != nil {
		return vci.TokenResponse{}, err
	}
	if err := c.open(r.TxCode, i.cfg.Now()); err != nil {
		return vci.TokenResponse{}, err
	}
	if !sameText(r.TxCode, c.TxCode) {
		return vci.TokenResponse{}, i.wrongTry(ctx, e, c)
	}
	d, err := i.Delegation(ctx, c.Delegation)
	if err != nil {
		return vci.TokenResponse{}, err
	}
	if d.At(i.cfg.Now()) != Offered {
		return vci.TokenResponse{}, reason.New(reason.GrantInvalid, "the offer was withdrawn; ask for a new one")
	}
	return i.grantToken(ctx, e, c, d)
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
func (i *Issuer) wrongTry(ctx context.Context, e store.Entry, c code) error {
	var steps changes
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

// grantToken makes an access token durable together with the end of the code and of the offer.
func (i *Issuer) grantToken(ctx context.Context, e store.Entry, c code, d *Delegation) (vci.TokenResponse, error) {
	secret, err := i.secret()
	if err != nil {
		return vci.TokenResponse{}, err
	}
	until := i.cfg.Now().Add(TokenLife)
	c.Consumed, c.TxCode, d.Collectable = true, "", until
	var steps changes
	steps.add(put(e.Key, e.Version, c, e.Expires))
	family, err := i.secret()
	if err != nil {
		return vci.TokenResponse{}, err
	}
	grant := digestKey(prefixGrant, family)
	steps.add(put(grant, 0, authorization{Delegations: []string{d.ID}, Identifiers: identifiersOf(d), Expires: until}, until))
	steps.add(put(digestKey(prefixToken, secret), 0, accessToken{Grant: grant, Expires: until}, until))
	steps.add(d.change())
	if err := i.dropOffer(ctx, d.ID, &steps); err != nil {
		return vci.TokenResponse{}, err
	}
	if err := i.commit(ctx, steps); err != nil {
		return vci.TokenResponse{}, err
	}
	i.cfg.Logger.InfoContext(ctx, "code redeemed", "delegation", d.ID)
	return vci.TokenResponse{AccessToken: secret, TokenType: "Bearer", ExpiresIn: int64(TokenLife / time.Second)}, nil
}
