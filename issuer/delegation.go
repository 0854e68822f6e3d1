// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Where the issuer's records live in its store.
const (
	prefixDelegation  = "issuer/delegation/"  // Delegation, by id
	prefixIdempotency = "issuer/idempotency/" // idempotency, by digest of the key
	prefixCode        = "issuer/code/"        // code, by digest
	prefixToken       = "issuer/token/"       // accessToken, by digest
	prefixNonce       = "issuer/nonce/"       // empty, by digest
	prefixCredential  = "issuer/credential/"  // link, by credential id
)

// State is how far a delegation has come.
type State string

// The states. Expired is computed from the validity and never stored.
const (
	Offered   State = "offered"
	Issued    State = "issued"
	Suspended State = "suspended"
	Revoked   State = "revoked"
	Expired   State = "expired"
)

// Delegation is what the issuer knows of one grant. It holds personal data and never leaves
// the issuer but through the admin API.
type Delegation struct {
	ID       string       `json:"id"`
	State    State        `json:"state"`
	Created  time.Time    `json:"created"`
	Request  GrantRequest `json:"request"`
	Offer    *offer       `json:"offer,omitempty"` // until collected
	Copies   []Copy       `json:"copies,omitempty"`
	Reason   string       `json:"reason,omitempty"` // of the last change of state
	Note     string       `json:"note,omitempty"`
	Notified string       `json:"notified,omitempty"` // last event that the wallet notified
	version  uint64
}

// Copy is one credential that was signed for a delegation, with the index that is its own.
type Copy struct {
	Credential string        `json:"credential"` // id of the credential
	Format     string        `json:"format"`
	Holder     string        `json:"holder"` // DID
	Ref        publisher.Ref `json:"ref"`
	Issued     time.Time     `json:"issued"`
}

// offer is what has to be told to the person who collects. It is erased at collection.
type offer struct {
	Code    string    `json:"code"`
	TxCode  string    `json:"tx_code"`
	Tries   int       `json:"tries"` // wrong transaction codes
	Expires time.Time `json:"expires"`
}

// newID returns an id that sorts by time: 48 bits of milliseconds and 80 random bits.
func (i *Issuer) newID(prefix string) (string, error) {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(i.cfg.Now().UnixMilli())<<16)
	if _, err := io.ReadFull(i.cfg.Random, raw[6:]); err != nil {
		return "", reason.Wrap(reason.InternalIndeterminate, "no randomness", err)
	}
	return prefix + strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:])), nil
}

// secret returns 128 random bits as text.
func (i *Issuer) secret() (string, error) {
	var raw [16]byte
	if _, err := io.ReadFull(i.cfg.Random, raw[:]); err != nil {
		return "", reason.Wrap(reason.InternalIndeterminate, "no randomness", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw[:]), nil
}

// digestKey returns the key of a record that is found by a secret: the secret itself is not stored.
func digestKey(prefix, secret string) string {
	d := sha256.Sum256([]byte(secret))
	return prefix + base64.RawURLEncoding.EncodeToString(d[:])
}

// put returns v as a step of a Commit.
func put(key string, version uint64, v any, expires time.Time) (store.Change, error) {
	raw, err := strictjson.Marshal(v)
	return store.Change{Entry: store.Entry{Key: key, Value: raw, Version: version, Expires: expires}}, err
}

// get reads the record at key into v and returns its version; an absent one is missing.
func (i *Issuer) get(ctx context.Context, key string, v any, missing reason.Code) (uint64, error) {
	e, err := i.cfg.Store.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return 0, reason.New(missing, "")
	}
	if err != nil {
		return 0, reason.Wrap(reason.StorageUnavailable, "", err)
	}
	if err := strictjson.Unmarshal(e.Value, v); err != nil {
		return 0, reason.Wrap(reason.StorageCorrupt, "", err)
	}
	return e.Version, nil
}

// Delegation returns the delegation called id; one that is not there is object.unknown.
func (i *Issuer) Delegation(ctx context.Context, id string) (*Delegation, error) {
	if len(id) > 64 {
		return nil, reason.New(reason.ObjectUnknown, "no such delegation")
	}
	d := new(Delegation)
	version, err := i.get(ctx, prefixDelegation+id, d, reason.ObjectUnknown)
	if err != nil {
		return nil, err
	}
	d.version = version
	return d, nil
}

// At returns the state at an instant.
func (d *Delegation) At(now time.Time) State {
	if d.State != Revoked && !now.Before(d.Request.Grant.ValidUntil) {
		return Expired
	}
	return d.State
}

func (d *Delegation) change() (store.Change, error) {
	return put(prefixDelegation+d.ID, d.version, d, time.Time{})
}

// List yields up to limit delegations after the one called after ("" begins), oldest first.
func (i *Issuer) List(ctx context.Context, after string, limit int) ([]*Delegation, error) {
	var out []*Delegation
	for e, err := range i.cfg.Store.Scan(ctx, prefixDelegation) {
		if err != nil {
			return nil, reason.Wrap(reason.StorageUnavailable, "", err)
		}
		if strings.TrimPrefix(e.Key, prefixDelegation) <= after {
			continue
		}
		d := &Delegation{version: e.Version}
		if err := strictjson.Unmarshal(e.Value, d); err != nil {
			return nil, reason.Wrap(reason.StorageCorrupt, "", err)
		}
		if out = append(out, d); len(out) == min(limit, MaxPage) {
			break
		}
	}
	return out, nil
}
