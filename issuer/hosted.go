// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"strconv"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/trustframework"
)

// A person who passes a delegation on cannot run a status list. The issuer of the root hosts the
// status of the link that the person signs (delegation.md §12): it gives an index to whoever
// proves to be the delegate of a link that it knows, and takes the link back when asked by whoever
// is entitled to: the same key, one above it, the principal, the framework (see revoke.go).

// Types of the signed requests.
const (
	TypeHostedStatus = "hosted-status+jwt"
	TypeHostedRevoke = "hosted-status-revoke+jwt"
)

// hostedClaims is what a delegate signs.
type hostedClaims struct {
	Audience string `json:"aud"`
	IssuedAt *int64 `json:"iat"` // seconds since 1970
	Nonce    string `json:"nonce"`
	Parent   string `json:"parent,omitempty"`     // credential id of the link that is passed on
	Child    string `json:"credential,omitempty"` // credential id of the link that will be, or was, signed
	// Delegate is the DID of the child's delegate. Only who may pass the child on in turn need be named.
	Delegate string `json:"delegate,omitempty"`
}

// link is what the issuer knows of one credential by its id: its delegation, and the index that
// says whether it still holds. Person-issued links that are hosted here have one too.
type link struct {
	Delegation string        `json:"delegation"`       // of the root
	Holder     string        `json:"holder"`           // the delegate's DID; "" for a hosted link whose delegate was not named
	Grantor    string        `json:"grantor"`          // who signed a hosted link
	Parent     string        `json:"parent,omitempty"` // credential id of the link above, for a hosted link
	Depth      int           `json:"depth"`            // how often it may be passed on
	Ref        publisher.Ref `json:"ref"`
	Grant      string        `json:"grant,omitempty"` // key of the authorization that it was collected under; "" for a hosted link
	Hosted     int           `json:"hosted"`          // person-issued links hosted below it
	Name       string        `json:"name,omitempty"`  // of a hosted link: of its record for the operator
	version    uint64
}

// HostedStatus is where the status of a person-issued link will be published.
type HostedStatus struct {
	ID    string `json:"id"` // by which the issuer's operator knows the link
	Token struct {
		Index uint64 `json:"idx"`
		List  string `json:"uri"`
	} `json:"token"`
	Bitstring []HostedBitstring `json:"bitstring"`
}

// HostedBitstring is one entry of a Bitstring Status List.
type HostedBitstring struct {
	Purpose string `json:"statusPurpose"`
	Index   string `json:"statusListIndex"`
	List    string `json:"statusListCredential"`
}

// hosting is a signed request that was checked.
type hosting struct {
	hostedClaims
	signer string // DID
	spent  store.Change
}

// Host gives a status index to a link that the signer of request, the delegate of a link known
// here, is about to sign. Asking again for the same link, with a new nonce, gives the same index.
//
// Refusals: those of a key proof; object.unknown if the parent is not the signer's; status.revoked,
// status.suspended or credential.expired if it or a link above does not hold;
// chain.redelegation_forbidden if it may not be passed on; limit.rate after MaxHosted links;
// idempotency.mismatch if the credential id is taken by another.
func (i *Issuer) Host(ctx context.Context, request []byte) (HostedStatus, error) {
	for range maxAttempts {
		h, err := i.openHosted(ctx, request, TypeHostedStatus)
		if err != nil {
			return HostedStatus{}, err
		}
		l, err := i.host(ctx, h)
		if _, conflict := store.IsConflict(err); conflict {
			continue
		}
		if err != nil {
			return HostedStatus{}, err
		}
		return i.hostedStatus(l), nil
	}
	return HostedStatus{}, contested()
}

func (i *Issuer) host(ctx context.Context, h hosting) (*link, error) {
	parent, err := i.parentOf(ctx, h)
	if err != nil {
		return nil, err
	}
	known, err := i.linkOf(ctx, h.Child)
	switch {
	case err == nil && known.Grantor == h.signer && known.Parent == h.Parent:
		return known, i.commit(ctx, changes{list: []store.Change{h.spent}})
	case err == nil:
		return nil, reason.New(reason.IdempotencyMismatch, "the credential id is taken")
	case reason.Of(err) != reason.ObjectUnknown:
		return nil, err
	case parent.Hosted >= MaxHosted:
		return nil, reason.New(reason.LimitRate, "this delegation was passed on as often as is hosted")
	}
	child := &link{Delegation: parent.Delegation, Holder: h.Delegate, Grantor: h.signer, Parent: h.Parent, Depth: parent.Depth - 1}
	if child.Ref, err = i.cfg.Allocator.Allocate(ctx); err != nil {
		return nil, err
	}
	if child.Name, err = i.hostedName(parent.Delegation); err != nil {
		return nil, err
	}
	var steps changes
	steps.add(h.spent, nil)
	steps.add(put(prefixCredential+h.Child, 0, child, time.Time{}))
	steps.add(put(prefixHosted+child.Name, 0, Hosted{ID: child.Name, Credential: h.Child, Parent: h.Parent, Created: i.cfg.Now()}, time.Time{}))
	parent.Hosted++
	steps.add(put(prefixCredential+h.Parent, parent.version, parent, time.Time{}))
	if steps.err != nil {
		return nil, steps.err
	}
	_, err = i.cfg.Audit.Append(ctx, i.event(audit.Host, parent.Delegation, Issued, h.Child, h.signer), steps.list...)
	return child, err
}

// openHosted checks a signed request: who signed it, for us, now, with a nonce of ours.
func (i *Issuer) openHosted(ctx context.Context, request []byte, kind string) (hosting, error) {
	var h hosting
	t, err := jose.Parse(request, jose.Policy{Type: kind})
	if err != nil {
		return h, err
	}
	method, err := did.ParseURL(t.Header.KeyID)
	if err != nil {
		return h, err
	}
	if m := method.DID().Method(); m != "key" && m != "jwk" {
		return h, reason.New(reason.DIDMethodUnsupported, "a delegate is a did:key or did:jwk")
	}
	doc, err := i.cfg.Resolver.Resolve(ctx, method.DID())
	if err != nil {
		return h, err
	}
	k, err := doc.Key(method, did.AssertionMethod, i.cfg.Now())
	if err != nil {
		return h, err
	}
	payload, err := t.Verify(k)
	if err != nil {
		return h, err
	}
	if err := strictjson.Unmarshal(payload, &h.hostedClaims); err != nil {
		return h, err
	}
	if err := h.check(i.cfg.Origin, i.cfg.Now()); err != nil {
		return h, err
	}
	h.signer = method.DID().String()
	h.spent, err = i.spendNonce(ctx, h.Nonce)
	return h, err
}

func (c hostedClaims) check(audience string, now time.Time) error {
	switch {
	case c.Audience != audience:
		return reason.New(reason.ProofAud, "")
	case c.IssuedAt == nil || now.Sub(time.Unix(*c.IssuedAt, 0)) > vci.ProofMaxAge || time.Unix(*c.IssuedAt, 0).Sub(now) > vci.ProofMaxAhead:
		return reason.New(reason.ProofIat, "iat is absent or outside the window; check the clock of this device")
	case !credential.IsURI(c.Child) || len(c.Child) > maxCredentialID || len(c.Parent) > maxCredentialID || c.Child == c.Parent:
		return reason.New(reason.JSONMemberMissing, "the credential id of the link is needed")
	case c.Delegate == "":
		return nil
	}
	_, err := did.Parse(c.Delegate)
	return err
}

// parentOf returns the link that is to be passed on, if the signer is its delegate and it may be.
func (i *Issuer) parentOf(ctx context.Context, h hosting) (*link, error) {
	l, err := i.linkOf(ctx, h.Parent)
	if err != nil {
		return nil, err
	}
	if l.Holder != h.signer {
		return nil, reason.New(reason.ObjectUnknown, "no such link of yours")
	}
	if l.Depth < 1 {
		return nil, reason.New(reason.ChainRedelegationForbidden, "this delegation may not be passed on")
	}
	d, err := i.Delegation(ctx, l.Delegation)
	if err != nil {
		return nil, err
	}
	if d.At(i.cfg.Now()) == Expired {
		return nil, reason.New(reason.CredentialExpired, "the delegation has ended")
	}
	return l, i.holds(ctx, *l)
}

// holds returns nil if l and every link above it are neither revoked nor suspended.
func (i *Issuer) holds(ctx context.Context, l link) error {
	for range trustframework.MaxChainLinks {
		state, err := i.cfg.Book.State(ctx, l.Ref)
		switch {
		case err != nil:
			return err
		case state == status.Revoked:
			return reason.New(reason.StatusRevoked, "the delegation was taken back")
		case state != status.Valid:
			return reason.New(reason.StatusSuspended, "the delegation is suspended")
		case l.Parent == "":
			return nil
		}
		above, err := i.linkOf(ctx, l.Parent)
		if err != nil {
			return err
		}
		l = *above
	}
	return reason.New(reason.ChainTooLong, "the delegation was passed on too often")
}

func (i *Issuer) linkOf(ctx context.Context, credentialID string) (*link, error) {
	if len(credentialID) > maxCredentialID {
		return nil, reason.New(reason.ObjectUnknown, "no such credential")
	}
	l := new(link)
	e, err := i.get(ctx, prefixCredential+credentialID, l, reason.ObjectUnknown)
	l.version = e.Version
	return l, err
}

func (i *Issuer) hostedStatus(l *link) HostedStatus {
	out := HostedStatus{ID: l.Name}
	t := i.cfg.Publisher.TokenRef(l.Ref)
	out.Token.Index, out.Token.List = t.Index, t.List
	for _, b := range i.cfg.Publisher.BitstringRefs(l.Ref) {
		out.Bitstring = append(out.Bitstring, HostedBitstring{Purpose: b.Purpose, Index: strconv.FormatUint(b.Index, 10), List: b.List})
	}
	return out
}
