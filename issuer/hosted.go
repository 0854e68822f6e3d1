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
)

// A person who passes a delegation on cannot run a status list. The issuer of the root hosts the
// status of the link that the person signs (delegation.md §12): it gives an index to whoever
// proves to be the delegate of a link that it knows, and takes the link back when asked by the same key.

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
}

// HostedStatus is where the status of a person-issued link will be published.
type HostedStatus struct {
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

// Host gives a status index to a link that the signer of request, the delegate of a link known
// here, is about to sign. The child's credential id becomes known here, so that it may be passed on in turn.
func (i *Issuer) Host(ctx context.Context, request []byte) (HostedStatus, error) {
	signer, c, spent, err := i.openHosted(ctx, request, TypeHostedStatus)
	if err != nil {
		return HostedStatus{}, err
	}
	parent, err := i.parentOf(ctx, c, signer)
	if err != nil {
		return HostedStatus{}, err
	}
	ref, err := i.cfg.Allocator.Allocate(ctx)
	if err != nil {
		return HostedStatus{}, err
	}
	child := link{Delegation: parent.Delegation, Grantor: signer.String(), Parent: c.Parent, Depth: parent.Depth - 1, Ref: ref}
	parent.Hosted++
	mine, err := put(prefixCredential+c.Child, 0, child, time.Time{})
	if err != nil {
		return HostedStatus{}, err
	}
	theirs, err := put(prefixCredential+c.Parent, parent.version, parent, time.Time{})
	if err != nil {
		return HostedStatus{}, err
	}
	_, err = i.cfg.Audit.Append(ctx, i.event(audit.TypeHost, parent.Delegation, string(Issued), "", c.Child, signer.String()), spent, mine, theirs)
	if _, conflict := store.IsConflict(err); conflict {
		return HostedStatus{}, reason.New(reason.ProofNonce, "the nonce or the credential id was used meanwhile; try again")
	}
	return i.hostedStatus(ref), err
}

// RevokeHosted takes back a person-issued link at the request of whoever signed it.
func (i *Issuer) RevokeHosted(ctx context.Context, request []byte) error {
	signer, c, spent, err := i.openHosted(ctx, request, TypeHostedRevoke)
	if err != nil {
		return err
	}
	for range maxAttempts {
		l, err := i.link(ctx, c.Child)
		if err != nil || l.Grantor != signer.String() {
			return reason.Wrap(reason.RevokeNotAuthorised, "only who signed a link may take it back here", err)
		}
		flips, err := i.cfg.Book.Flip(ctx, []publisher.Ref{l.Ref}, status.Revoked)
		if err != nil {
			return err
		}
		_, err = i.cfg.Audit.Append(ctx, i.event(audit.TypeRevoke, l.Delegation, string(Revoked), "", c.Child, signer.String()), append(flips, spent)...)
		key, conflict := store.IsConflict(err)
		switch {
		case err == nil:
			i.cfg.Book.Committed([]publisher.Ref{l.Ref})
			return nil
		case conflict && key == spent.Key:
			return reason.New(reason.ProofNonce, "the nonce was used before")
		case !conflict:
			return notDurable(err)
		}
	}
	return reason.New(reason.RevokeNotDurable, "the list changes too often; try again")
}

// openHosted checks a signed request: who signed it, for us, now, with a nonce of ours.
func (i *Issuer) openHosted(ctx context.Context, request []byte, kind string) (did.DID, hostedClaims, store.Change, error) {
	var c hostedClaims
	fail := func(err error) (did.DID, hostedClaims, store.Change, error) { return did.DID{}, c, store.Change{}, err }
	t, err := jose.Parse(request, jose.Policy{Type: kind})
	if err != nil {
		return fail(err)
	}
	method, err := did.ParseURL(t.Header.KeyID)
	if err != nil {
		return fail(err)
	}
	doc, err := i.cfg.Resolver.Resolve(ctx, method.DID())
	if err != nil {
		return fail(err)
	}
	k, err := doc.Key(method, did.AssertionMethod, i.cfg.Now())
	if err != nil {
		return fail(err)
	}
	payload, err := t.Verify(k)
	if err != nil {
		return fail(err)
	}
	if err := strictjson.Unmarshal(payload, &c); err != nil {
		return fail(err)
	}
	if err := c.check(i.cfg.Origin, i.cfg.Now()); err != nil {
		return fail(err)
	}
	spent, err := i.spendNonce(ctx, c.Nonce)
	return method.DID(), c, spent, err
}

func (c hostedClaims) check(audience string, now time.Time) error {
	switch {
	case c.Audience != audience:
		return reason.New(reason.ProofAud, "")
	case c.IssuedAt == nil || now.Sub(time.Unix(*c.IssuedAt, 0)) > vci.ProofMaxAge || time.Unix(*c.IssuedAt, 0).Sub(now) > vci.ProofMaxAhead:
		return reason.New(reason.ProofIat, "iat is absent or outside the window; check the clock of this device")
	case c.Child == "" || len(c.Child) > 256 || len(c.Parent) > 256 || !credential.IsURI(c.Child):
		return reason.New(reason.JSONMemberMissing, "the credential id of the link is needed")
	}
	return nil
}

// parentOf returns the link that is to be passed on, if the signer is its delegate and it may be.
func (i *Issuer) parentOf(ctx context.Context, c hostedClaims, signer did.DID) (*link, error) {
	l, err := i.link(ctx, c.Parent)
	if err != nil || l.Holder != signer.String() {
		return nil, reason.New(reason.ObjectUnknown, "no such link of yours")
	}
	state, err := i.cfg.Book.State(ctx, l.Ref)
	switch {
	case err != nil:
		return nil, err
	case state == status.Revoked:
		return nil, reason.New(reason.StatusRevoked, "the delegation was taken back")
	case state != status.Valid:
		return nil, reason.New(reason.StatusSuspended, "the delegation is suspended")
	case l.Depth < 1:
		return nil, reason.New(reason.ChainRedelegationForbidden, "this delegation may not be passed on")
	case l.Hosted >= MaxHosted:
		return nil, reason.New(reason.LimitRate, "this delegation was passed on as often as is hosted")
	}
	return l, nil
}

func (i *Issuer) link(ctx context.Context, credentialID string) (*link, error) {
	if len(credentialID) > 256 {
		return nil, reason.New(reason.ObjectUnknown, "no such credential")
	}
	l := new(link)
	version, err := i.get(ctx, prefixCredential+credentialID, l, reason.ObjectUnknown)
	l.version = version
	return l, err
}

func (i *Issuer) hostedStatus(ref publisher.Ref) HostedStatus {
	var out HostedStatus
	t := i.cfg.Publisher.TokenRef(ref)
	out.Token.Index, out.Token.List = t.Index, t.List
	for _, b := range i.cfg.Publisher.BitstringRefs(ref) {
		out.Bitstring = append(out.Bitstring, HostedBitstring{Purpose: b.Purpose, Index: strconv.FormatUint(b.Index, 10), List: b.List})
	}
	return out
}
