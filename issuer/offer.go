// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Offering is a grant that was recorded. Offer is nil once it can no longer be collected.
type Offering struct {
	ID    string     `json:"id"`
	Offer *OfferLink `json:"offer,omitempty"`
}

// OfferLink is how a wallet collects. TxCode travels by another channel than the rest; there is none
// where the collector signs in.
type OfferLink struct {
	URI         string    `json:"uri"`          // holds the offer
	ByReference string    `json:"by_reference"` // the same offer in few letters: the wallet fetches it
	Page        string    `json:"page"`         // for a person: QR code and link
	TxCode      string    `json:"tx_code"`
	Expires     time.Time `json:"expires_at"`
}

// idempotency maps a key to the one request and the one delegation that it stands for.
type idempotency struct {
	Body       string `json:"body"` // digest of the request
	Delegation string `json:"delegation"`
}

// offer is what has to be told to the person who collects. Its record ends with the offer and is
// dropped at its collection: what points at it then points at nothing.
type offer struct {
	Code    string    `json:"code,omitempty"`
	TxCode  string    `json:"tx_code,omitempty"`
	State   string    `json:"state,omitempty"` // issuer_state, in place of a code where a collector signs in
	Ref     string    `json:"ref"`             // names the offer in the address that it is fetched at
	Expires time.Time `json:"expires"`
}

// pointer is a record that leads from something unguessable to a delegation.
type pointer struct {
	Delegation string `json:"delegation"`
}

// placeholderHolder stands in for the delegate's DID when a grant is checked before anybody has
// proved a key. It is no one's, and nothing is ever signed for it.
const placeholderHolder = "did:key:unknown"

// Offer checks a grant and makes an offer of it. body is the request as it came: the same
// idempotency key with another body is idempotency.mismatch, with the same body it returns what was
// offered before, as long as that can be collected. When Offer returns nil the offer is durable.
func (i *Issuer) Offer(ctx context.Context, r GrantRequest, body []byte, key string) (Offering, error) {
	if key == "" || len(key) > maxSecret {
		return Offering{}, reason.New(reason.HTTPInvalid, "Idempotency-Key is needed, at most 256 bytes")
	}
	for range maxAttempts {
		known, err := i.offeredBefore(ctx, key, digest(body))
		if known != nil || err != nil {
			return i.offering(ctx, known, err)
		}
		d, o, steps, err := i.draft(r, key, digest(body))
		if err != nil {
			return Offering{}, err
		}
		_, err = i.cfg.Audit.Append(ctx, i.event(audit.Offer, d.ID, Offered, r.Grant.OnBehalfOf.ID, ""), steps.list...)
		if _, conflict := store.IsConflict(err); conflict {
			continue // another request with this key was first
		}
		if err != nil {
			return Offering{}, err
		}
		i.cfg.Logger.InfoContext(ctx, "offered", "delegation", d.ID)
		return Offering{ID: d.ID, Offer: i.link(d, o)}, nil
	}
	return Offering{}, contested()
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

// draft checks the grant and returns its delegation, its offer, and what has to be committed.
func (i *Issuer) draft(r GrantRequest, key, body string) (*Delegation, offer, changes, error) {
	fail := func(err error) (*Delegation, offer, changes, error) { return nil, offer{}, changes{}, err }
	holder := r.Grant.Delegate.ID
	if holder == "" {
		holder = placeholderHolder
	}
	if err := r.Collector.check(i.cfg.SignIn); err != nil {
		return fail(err)
	}
	if _, err := i.prepare(r, holder, ""); err != nil {
		return fail(err)
	}
	id, err := i.newID("dg-")
	if err != nil {
		return fail(err)
	}
	o, err := i.newOffer(r)
	if err != nil {
		return fail(err)
	}
	d := &Delegation{ID: id, State: Offered, Created: i.cfg.Now(), Collectable: o.Expires, Request: r}
	if r.Review {
		d.Review = Pending
	}
	var steps changes
	steps.add(d.change())
	steps.add(put(digestKey(prefixIdempotency, key), 0, idempotency{body, id}, time.Time{}))
	i.addOffer(d, o, &steps)
	return d, o, steps, steps.err
}

// addOffer adds to steps the offer of d and all that leads to it.
func (i *Issuer) addOffer(d *Delegation, o offer, steps *changes) {
	steps.add(put(prefixOffer+d.ID, 0, o, o.Expires))
	steps.add(put(digestKey(prefixRef, o.Ref), 0, pointer{d.ID}, o.Expires))
	if c := d.Request.Collector; c != nil {
		steps.add(put(digestKey(prefixState, o.State), 0, pointer{d.ID}, o.Expires))
		steps.add(put(c.key()+d.ID, 0, pointer{d.ID}, d.Request.Grant.ValidUntil))
		return
	}
	// The code outlives the offer, so that a second redemption is told apart from a wrong code.
	steps.add(put(digestKey(prefixCode, o.Code), 0, code{Delegation: d.ID, TxCode: o.TxCode, Expires: o.Expires}, o.Expires.Add(OfferLife)))
}

// newOffer draws what an offer consists of: a code and its transaction code or, where a collector
// signs in, a state that is good for nothing without them.
func (i *Issuer) newOffer(r GrantRequest) (o offer, err error) {
	if o.Ref, err = i.secret(); err != nil {
		return o, err
	}
	if r.Collector != nil {
		o.Expires = earlier(i.cfg.Now().Add(SignInLife), r.Grant.ValidUntil)
		o.State, err = i.secret()
		return o, err
	}
	if o.Code, err = i.secret(); err != nil {
		return o, err
	}
	o.Expires = i.cfg.Now().Add(OfferLife)
	o.TxCode, err = i.txCode()
	return o, err
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// txCode returns TxCodeSize digits. 128 bits modulo a million are even enough.
func (i *Issuer) txCode() (string, error) {
	var raw [16]byte
	if err := i.random(raw[:]); err != nil {
		return "", err
	}
	n := new(big.Int).Mod(new(big.Int).SetBytes(raw[:]), big.NewInt(1_000_000))
	return fmt.Sprintf("%0*d", TxCodeSize, n), nil
}

// offering returns how d, which was offered before, is collected, if it still can be.
func (i *Issuer) offering(ctx context.Context, d *Delegation, err error) (Offering, error) {
	if err != nil {
		return Offering{}, err
	}
	out := Offering{ID: d.ID}
	var o offer
	switch _, err := i.get(ctx, prefixOffer+d.ID, &o, reason.ObjectUnknown); {
	case err == nil:
		out.Offer = i.link(d, o)
	case reason.Of(err) != reason.ObjectUnknown:
		return Offering{}, err
	}
	return out, nil
}

func (i *Issuer) link(d *Delegation, o offer) *OfferLink {
	at := i.cfg.Origin + "/offers/" + o.Ref
	return &OfferLink{
		URI: vci.OfferLink{Offer: i.invitation(d, o)}.String(), ByReference: vci.OfferLink{URI: at}.String(), Page: at + "/page",
		TxCode: o.TxCode, Expires: o.Expires,
	}
}

// invitation is the offer as a wallet reads it (OpenID4VCI 1.0 §4.1.1).
func (i *Issuer) invitation(d *Delegation, o offer) *vci.Offer {
	out := &vci.Offer{Issuer: i.cfg.Origin, Configurations: configurationIDs(d.Request.Formats)}
	if o.State != "" {
		out.Grants.AuthorizationCode = &vci.AuthorizationCode{IssuerState: o.State}
		return out
	}
	out.Grants.PreAuthorized = &vci.PreAuthorized{
		Code:   o.Code,
		TxCode: &vci.TxCode{InputMode: "numeric", Length: TxCodeSize, Description: "The code that " + i.cfg.Name + " gave you."},
	}
	return out
}

// offerAt returns the offer that ref names, with its delegation. One that is not known, was
// collected or has ended is object.unknown.
func (i *Issuer) offerAt(ctx context.Context, ref string) (*Delegation, offer, error) {
	d, err := i.pointed(ctx, prefixRef, ref)
	if err != nil {
		return nil, offer{}, err
	}
	var o offer
	_, err = i.get(ctx, prefixOffer+d.ID, &o, reason.ObjectUnknown)
	return d, o, err
}

// pointed follows a pointer that is filed under a secret.
func (i *Issuer) pointed(ctx context.Context, prefix, secret string) (*Delegation, error) {
	if secret == "" || len(secret) > maxSecret {
		return nil, reason.New(reason.ObjectUnknown, "no such offer")
	}
	var p pointer
	if _, err := i.get(ctx, digestKey(prefix, secret), &p, reason.ObjectUnknown); err != nil {
		return nil, err
	}
	return i.Delegation(ctx, p.Delegation)
}

// dropOffer adds to steps the end of the offer of d, if it has not ended.
func (i *Issuer) dropOffer(ctx context.Context, d string, steps *changes) error {
	e, err := i.get(ctx, prefixOffer+d, new(offer), reason.ObjectUnknown)
	if reason.Of(err) == reason.ObjectUnknown {
		return nil
	}
	if err == nil {
		steps.drop(e.Key, e.Version)
	}
	return err
}
