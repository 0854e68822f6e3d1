// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Offering is a grant that waits to be collected. TxCode travels by another channel than URI.
type Offering struct {
	ID    string `json:"id"`
	Offer struct {
		URI     string    `json:"uri"`
		TxCode  string    `json:"tx_code"`
		Expires time.Time `json:"expires_at"`
	} `json:"offer"`
}

// idempotency maps a key to the one request and the one delegation that it stands for.
type idempotency struct {
	Body       string `json:"body"` // digest of the request
	Delegation string `json:"delegation"`
}

// code maps a pre-authorized code to its delegation.
type code struct {
	Delegation string `json:"delegation"`
	Consumed   bool   `json:"consumed"`
}

// placeholderHolder stands in for the delegate's DID when a grant is checked before anybody has
// proved a key. It is no one's, and nothing is ever signed for it.
const placeholderHolder = "did:key:unknown"

// Offer checks a grant and makes an offer of it. body is the request as it came: the same
// idempotency key with another body is idempotency.mismatch, with the same body it returns the
// offer made before. When Offer returns nil the offer is durable.
func (i *Issuer) Offer(ctx context.Context, r GrantRequest, body []byte, key string) (Offering, error) {
	digest := sha256.Sum256(body)
	mine := idempotency{Body: base64.RawURLEncoding.EncodeToString(digest[:])}
	if key == "" || len(key) > 256 {
		return Offering{}, reason.New(reason.HTTPInvalid, "Idempotency-Key is needed, at most 256 bytes")
	}
	for range maxAttempts {
		known, err := i.offeredBefore(ctx, key, mine.Body)
		if known != nil || err != nil {
			return i.offering(known, err)
		}
		d, changes, err := i.draft(r, key, mine)
		if err != nil {
			return Offering{}, err
		}
		_, err = i.cfg.Audit.Append(ctx, i.event(audit.TypeOffer, d.ID, string(Offered), "", r.Grant.OnBehalfOf.ID, ""), changes...)
		if _, conflict := store.IsConflict(err); conflict {
			continue // another request with this key was first
		}
		return i.offering(d, err)
	}
	return Offering{}, reason.New(reason.StorageUnavailable, "too many requests with this idempotency key at once")
}

// offeredBefore returns the delegation that was made under an idempotency key, nil if none was.
func (i *Issuer) offeredBefore(ctx context.Context, key, body string) (*Delegation, error) {
	var known idempotency
	_, err := i.get(ctx, digestKey(prefixIdempotency, key), &known, reason.ObjectUnknown)
	switch {
	case reason.Of(err) == reason.ObjectUnknown:
		return nil, nil
	case err != nil:
		return nil, err
	case known.Body != body:
		return nil, reason.New(reason.IdempotencyMismatch, "the key was used with another body")
	}
	return i.Delegation(ctx, known.Delegation)
}

// draft checks the grant and returns its delegation and what has to be committed.
func (i *Issuer) draft(r GrantRequest, key string, mine idempotency) (*Delegation, []store.Change, error) {
	holder := r.Grant.Delegate.ID
	if holder == "" {
		holder = placeholderHolder
	}
	if _, err := i.prepare(r, holder); err != nil {
		return nil, nil, err
	}
	id, err := i.newID("dg_")
	if err != nil {
		return nil, nil, err
	}
	preauthorized, err := i.secret()
	if err != nil {
		return nil, nil, err
	}
	tx, err := txCode(i.cfg.Random)
	if err != nil {
		return nil, nil, err
	}
	now := i.cfg.Now()
	d := &Delegation{
		ID: id, State: Offered, Created: now, Request: r,
		Offer: &offer{Code: preauthorized, TxCode: tx, Expires: now.Add(OfferLife)},
	}
	mine.Delegation = id
	changes := make([]store.Change, 3)
	if changes[0], err = d.change(); err != nil {
		return nil, nil, err
	}
	if changes[1], err = put(digestKey(prefixIdempotency, key), 0, mine, time.Time{}); err != nil {
		return nil, nil, err
	}
	// The code outlives the offer, so that a second redemption is told apart from a wrong code.
	changes[2], err = put(digestKey(prefixCode, preauthorized), 0, code{Delegation: id}, now.Add(2*OfferLife))
	d.version++
	return d, changes, err
}

func txCode(random io.Reader) (string, error) {
	var raw [16]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", reason.Wrap(reason.InternalIndeterminate, "no randomness", err)
	}
	n := new(big.Int).Mod(new(big.Int).SetBytes(raw[:]), big.NewInt(1_000_000))
	return fmt.Sprintf("%0*d", TxCodeSize, n), nil
}

// offering returns how d is collected.
func (i *Issuer) offering(d *Delegation, err error) (Offering, error) {
	if err != nil {
		return Offering{}, err
	}
	out := Offering{ID: d.ID}
	if d.Offer == nil {
		return out, reason.New(reason.GrantConsumed, "the offer made with this idempotency key was collected or withdrawn")
	}
	o := &vci.Offer{
		Issuer: i.cfg.Origin, Configurations: i.configurationIDs(d.Request.Formats),
		Grants: vci.Grants{PreAuthorized: &vci.PreAuthorized{
			Code:   d.Offer.Code,
			TxCode: &vci.TxCode{InputMode: "numeric", Length: TxCodeSize, Description: "The code that " + i.cfg.Name + " gave you."},
		}},
	}
	out.Offer.URI = vci.OfferLink{Offer: o}.String()
	out.Offer.TxCode, out.Offer.Expires = d.Offer.TxCode, d.Offer.Expires
	return out, nil
}
