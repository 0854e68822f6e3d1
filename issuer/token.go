// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"time"

	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// accessToken is what a bearer token stands for: one delegation, each of its formats once.
type accessToken struct {
	Delegation string   `json:"delegation"`
	Collected  []string `json:"collected,omitempty"` // formats
	version    uint64
	key        string
}

// Token redeems a pre-authorized code (OpenID4VCI 1.0 §6.1). A code that is not known or past
// its time is grant.invalid, one that was redeemed grant.consumed; a transaction code that is
// absent or wrong is grant.tx_code, and after MaxTxTries wrong ones grant.tx_code_locked for good.
func (i *Issuer) Token(ctx context.Context, r vci.TokenRequest) (vci.TokenResponse, error) {
	for range maxAttempts {
		out, err := i.redeem(ctx, r)
		if _, conflict := store.IsConflict(err); !conflict {
			return out, err
		}
	}
	return vci.TokenResponse{}, reason.New(reason.StorageUnavailable, "too many tries at once")
}

func (i *Issuer) redeem(ctx context.Context, r vci.TokenRequest) (vci.TokenResponse, error) {
	var c code
	key := digestKey(prefixCode, r.Code)
	version, err := i.get(ctx, key, &c, reason.GrantInvalid)
	if err != nil {
		return vci.TokenResponse{}, err
	}
	d, err := i.Delegation(ctx, c.Delegation)
	if err != nil {
		return vci.TokenResponse{}, err
	}
	now := i.cfg.Now()
	switch {
	case c.Consumed:
		return vci.TokenResponse{}, reason.New(reason.GrantConsumed, "this offer was collected before")
	case d.Offer == nil || d.At(now) != Offered || !now.Before(d.Offer.Expires):
		return vci.TokenResponse{}, reason.New(reason.GrantInvalid, "this offer has expired or was withdrawn; ask for a new one")
	case d.Offer.Tries >= MaxTxTries:
		return vci.TokenResponse{}, reason.New(reason.GrantTxCodeLocked, "too many wrong codes; ask for a new offer")
	case r.TxCode == "":
		return vci.TokenResponse{}, reason.New(reason.GrantTxCode, "the transaction code is needed")
	case !sameText(r.TxCode, d.Offer.TxCode):
		return vci.TokenResponse{}, i.wrongTry(ctx, d)
	}
	c.Consumed = true
	spent, err := put(key, version, c, now.Add(2*OfferLife))
	if err != nil {
		return vci.TokenResponse{}, err
	}
	return i.grantToken(ctx, d, spent)
}

// wrongTry counts a wrong transaction code before it says so.
func (i *Issuer) wrongTry(ctx context.Context, d *Delegation) error {
	d.Offer.Tries++
	c, err := d.change()
	if err != nil {
		return err
	}
	if err := i.commit(ctx, c); err != nil {
		return err
	}
	if d.Offer.Tries >= MaxTxTries {
		return reason.New(reason.GrantTxCodeLocked, "too many wrong codes; ask for a new offer")
	}
	return reason.New(reason.GrantInvalid, "the transaction code is wrong")
}

// grantToken makes an access token durable together with the end of the code.
func (i *Issuer) grantToken(ctx context.Context, d *Delegation, spent store.Change) (vci.TokenResponse, error) {
	secret, err := i.secret()
	if err != nil {
		return vci.TokenResponse{}, err
	}
	t, err := put(digestKey(prefixToken, secret), 0, accessToken{Delegation: d.ID}, i.cfg.Now().Add(TokenLife))
	if err != nil {
		return vci.TokenResponse{}, err
	}
	if err := i.commit(ctx, spent, t); err != nil {
		return vci.TokenResponse{}, err
	}
	return vci.TokenResponse{AccessToken: secret, TokenType: "Bearer", ExpiresIn: int64(TokenLife / time.Second)}, nil
}

// commit is Store.Commit, where only a conflict is not storage.unavailable.
func (i *Issuer) commit(ctx context.Context, changes ...store.Change) error {
	err := i.cfg.Store.Commit(ctx, changes...)
	if _, conflict := store.IsConflict(err); err == nil || conflict {
		return err
	}
	if reason.Of(err) == reason.StorageFull {
		return err
	}
	return reason.Wrap(reason.StorageUnavailable, "", err)
}

// bearer returns what an access token stands for; one that was not issued is token.invalid.
func (i *Issuer) bearer(ctx context.Context, secret string) (*accessToken, error) {
	if secret == "" || len(secret) > 256 {
		return nil, reason.New(reason.TokenInvalid, "no access token")
	}
	t := &accessToken{key: digestKey(prefixToken, secret)}
	version, err := i.get(ctx, t.key, t, reason.TokenInvalid)
	t.version = version
	return t, err
}

// Nonce returns a c_nonce, good for NonceLife and one use (OpenID4VCI 1.0 §7).
func (i *Issuer) Nonce(ctx context.Context) (string, error) {
	nonce, err := i.secret()
	if err != nil {
		return "", err
	}
	c, err := put(digestKey(prefixNonce, nonce), 0, struct{}{}, i.cfg.Now().Add(NonceLife))
	if err != nil {
		return "", err
	}
	return nonce, i.commit(ctx, c)
}

// spendNonce returns the change that spends nonce; one that is not known is proof.nonce.
func (i *Issuer) spendNonce(ctx context.Context, nonce string) (store.Change, error) {
	key := digestKey(prefixNonce, nonce)
	version, err := i.get(ctx, key, &struct{}{}, reason.ProofNonce)
	return store.Change{Entry: store.Entry{Key: key, Version: version}, Delete: true}, err
}

// sameText compares secrets without telling by its duration how much of them is equal.
func sameText(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return a != "" && subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
