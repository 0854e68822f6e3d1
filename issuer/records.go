// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Where the issuer's records live in its store. A record that is found by a secret is filed under
// the secret's digest, so that who reads the store's keys learns none.
const (
	prefixDelegation  = "issuer/delegation/"  // Delegation, by id
	prefixIdempotency = "issuer/idempotency/" // idempotency, by digest of the key
	prefixOffer       = "issuer/offer/"       // offer, by id of the delegation; ends with the offer
	prefixCode        = "issuer/code/"        // code, by digest; outlives the offer
	prefixToken       = "issuer/token/"       // accessToken, by digest; ends with the token
	prefixGrant       = "issuer/grant/"       // authorization, by digest of a secret that refresh tokens hold; ends with what it allows
	prefixAuthCode    = "issuer/authcode/"    // authCode, by digest; outlives the code
	prefixConsent     = "issuer/consent/"     // consent, by digest of its cookie; ends when the person answers
	prefixSpent       = "issuer/spent/"       // what is good for one request and was used, by digest; outlives what it was
	prefixCredential  = "issuer/credential/"  // link, by credential id
	prefixHosted      = "issuer/hosted/"      // Hosted, by its id, which begins with that of the delegation
	prefixRef         = "issuer/reference/"   // pointer, by digest of what names an offer; ends with the offer
	prefixState       = "issuer/state/"       // pointer, by digest of issuer_state; ends with the offer
	prefixTransaction = "issuer/transaction/" // transaction, by digest; ends with its review
	prefixCollector   = "issuer/collector/"   // pointer, by digest of the account and id of the delegation
)

// Bounds of names that come from outside.
const (
	maxID           = 64  // bytes of a delegation's id
	maxCredentialID = 256 // bytes of a credential's id
	maxSecret       = 256 // bytes of a token, code or idempotency key
)

// newID returns an id that sorts by time: 48 bits of milliseconds and 80 random bits.
func (i *Issuer) newID(prefix string) (string, error) {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(i.cfg.Now().UnixMilli())<<16)
	if err := i.random(raw[6:]); err != nil {
		return "", err
	}
	return prefix + strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:])), nil
}

// secret returns 128 random bits as text.
func (i *Issuer) secret() (string, error) {
	var raw [16]byte
	if err := i.random(raw[:]); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw[:]), nil
}

func (i *Issuer) random(into []byte) error {
	if _, err := io.ReadFull(i.cfg.Random, into); err != nil {
		return reason.Wrap(reason.InternalIndeterminate, "no randomness", err)
	}
	return nil
}

// digestKey returns the key of a record that is found by a secret.
func digestKey(prefix, secret string) string { return prefix + digest([]byte(secret)) }

// digest returns the SHA-256 of raw as text.
func digest(raw []byte) string {
	d := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(d[:])
}

// sameText compares secrets without telling by its duration how much of them is equal.
func sameText(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return a != "" && subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// put returns v as a step of a Commit.
func put(key string, version uint64, v any, expires time.Time) (store.Change, error) {
	raw, err := strictjson.Marshal(v)
	return store.Change{Entry: store.Entry{Key: key, Value: raw, Version: version, Expires: expires}}, err
}

// changes collects the steps of a Commit and the first error of making one.
type changes struct {
	list []store.Change
	err  error
}

func (c *changes) add(step store.Change, err error) {
	c.list = append(c.list, step)
	if c.err == nil {
		c.err = err
	}
}

func (c *changes) drop(key string, version uint64) {
	c.list = append(c.list, store.Change{Entry: store.Entry{Key: key, Version: version}, Delete: true})
}

// get reads the record at key into v and returns its entry; an absent one is missing.
func (i *Issuer) get(ctx context.Context, key string, v any, missing reason.Code) (store.Entry, error) {
	e, err := i.cfg.Store.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return store.Entry{}, reason.New(missing, "")
	}
	if err != nil {
		return store.Entry{}, unavailable(err)
	}
	if err := strictjson.Unmarshal(e.Value, v); err != nil {
		return store.Entry{}, reason.Wrap(reason.StorageCorrupt, "", err)
	}
	return e, nil
}

// commit is Store.Commit, where only a conflict comes without a reason.
func (i *Issuer) commit(ctx context.Context, c changes) error {
	if c.err != nil {
		return c.err
	}
	err := i.cfg.Store.Commit(ctx, c.list...)
	if _, conflict := store.IsConflict(err); err == nil || conflict {
		return err
	}
	return unavailable(err)
}

// unavailable gives an error of the store a reason, if it has none.
func unavailable(err error) error {
	if reason.Of(err) != "" {
		return err
	}
	return reason.Wrap(reason.StorageUnavailable, "", err)
}

// contested is the end of maxAttempts.
func contested() error {
	return reason.New(reason.StorageUnavailable, "too many requests for one object at once; try again")
}
