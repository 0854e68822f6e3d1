// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"slices"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// link is what the issuer knows of one credential by its id: its delegation, and the index that
// says whether it still holds. Person-issued links that are hosted here have one too.
type link struct {
	Delegation string        `json:"delegation"`       // of the root
	Holder     string        `json:"holder"`           // the delegate's DID; "" for a hosted link
	Grantor    string        `json:"grantor"`          // who may take it back beside us
	Parent     string        `json:"parent,omitempty"` // credential id of the link above, for a hosted link
	Depth      int           `json:"depth"`            // how often it may be passed on
	Ref        publisher.Ref `json:"ref"`
	Hosted     int           `json:"hosted"` // person-issued links hosted below it
	version    uint64
}

// Issue answers a credential request (OpenID4VCI 1.0 §8.2) made with an access token: one
// credential for each key proof, each with its own key and its own status index. It is the
// only way to a signature of this issuer.
func (i *Issuer) Issue(ctx context.Context, bearer string, r *vci.CredentialRequest) (*vci.CredentialResponse, error) {
	t, err := i.bearer(ctx, bearer)
	if err != nil {
		return nil, err
	}
	d, err := i.Delegation(ctx, t.Delegation)
	if err != nil {
		return nil, err
	}
	format, err := i.wanted(d, t, r)
	if err != nil {
		return nil, err
	}
	holders, spent, err := i.holders(ctx, d, r.Proofs.JWT)
	if err != nil {
		return nil, err
	}
	batch, err := i.reserve(ctx, d, format, holders)
	if err != nil {
		return nil, err
	}
	if err := i.record(ctx, d, t, batch, spent); err != nil {
		return nil, err
	}
	return i.seal(ctx, format, batch)
}

// wanted returns the format asked for, if this token may still collect it.
func (i *Issuer) wanted(d *Delegation, t *accessToken, r *vci.CredentialRequest) (credential.Format, error) {
	name, known := formatOf(r.Configuration)
	switch {
	case !known || r.Identifier != "" || !slices.Contains(d.Request.Formats, name):
		return nil, reason.New(reason.TokenScope, "the access token does not cover this credential configuration")
	case slices.Contains(t.Collected, name):
		return nil, reason.New(reason.TokenScope, "this credential was collected with this access token before")
	}
	if state := d.At(i.cfg.Now()); state != Offered && state != Issued {
		return nil, reason.New(reason.TokenScope, "the delegation was taken back")
	}
	return i.cfg.Formats.Named(name), nil
}

// holders checks every key proof and returns who made them, with the changes that spend their
// nonces. One bad proof refuses them all (OpenID4VCI 1.0 §8.2, appendix F).
func (i *Issuer) holders(ctx context.Context, d *Delegation, proofs []string) ([]string, []store.Change, error) {
	var holders, nonces []string
	var spent []store.Change
	for _, proof := range proofs {
		h, nonce, err := vci.OpenProof(ctx, []byte(proof), i.cfg.Origin, i.cfg.Resolver, i.cfg.Now())
		if err != nil {
			return nil, nil, err
		}
		if h.DID.IsZero() {
			h.DID, _ = didkey.FromKey(h.Key)
		}
		holder := h.DID.String()
		if want := d.Request.Grant.Delegate.ID; want != "" && want != holder {
			return nil, nil, reason.New(reason.IssueKeyContinuity, "the grant is for another delegate")
		}
		if slices.Contains(holders, holder) {
			return nil, nil, reason.New(reason.ProofBatch, "two proofs of one key")
		}
		holders = append(holders, holder)
		if slices.Contains(nonces, nonce) {
			continue
		}
		c, err := i.spendNonce(ctx, nonce)
		if err != nil {
			return nil, nil, err
		}
		nonces, spent = append(nonces, nonce), append(spent, c)
	}
	return holders, spent, nil
}

// copyOf is one credential on its way: prepared, with an index of its own, not signed.
type copyOf struct {
	credential *credential.Credential
	copy       Copy
}

// reserve prepares a credential for each holder and gives each a status index. An index that is
// not used in the end is burnt.
func (i *Issuer) reserve(ctx context.Context, d *Delegation, format credential.Format, holders []string) ([]copyOf, error) {
	var batch []copyOf
	for _, holder := range holders {
		c, err := i.prepare(d.Request, holder)
		if err != nil {
			return nil, err
		}
		ref, err := i.cfg.Allocator.Allocate(ctx)
		if err != nil {
			return nil, err
		}
		c.Status = i.statusRefs(format.Name(), ref)
		batch = append(batch, copyOf{c, Copy{Credential: c.ID, Format: format.Name(), Holder: holder, Ref: ref, Issued: i.cfg.Now()}})
	}
	return batch, nil
}

func (i *Issuer) statusRefs(format string, ref publisher.Ref) []credential.StatusRef {
	if format == "dc+sd-jwt" {
		return []credential.StatusRef{i.cfg.Publisher.TokenRef(ref)}
	}
	return i.cfg.Publisher.BitstringRefs(ref)
}

// record makes what will be signed durable, with the end of the nonces, the use of the token and
// the audit leaf, in one commit. Nothing is signed before.
func (i *Issuer) record(ctx context.Context, d *Delegation, t *accessToken, batch []copyOf, spent []store.Change) error {
	changes := spent
	add := func(c store.Change, err error) error {
		changes = append(changes, c)
		return err
	}
	for _, b := range batch {
		d.Copies = append(d.Copies, b.copy)
		l := link{Delegation: d.ID, Holder: b.copy.Holder, Grantor: b.credential.GrantedBy, Depth: b.credential.Redelegation.MaxDepth, Ref: b.copy.Ref}
		if err := add(put(prefixCredential+b.copy.Credential, 0, l, time.Time{})); err != nil {
			return err
		}
	}
	t.Collected = append(t.Collected, batch[0].copy.Format)
	d.State = Issued
	if len(t.Collected) == len(d.Request.Formats) {
		d.Offer = nil
	}
	if err := add(d.change()); err != nil {
		return err
	}
	if err := add(put(t.key, t.version, t, i.cfg.Now().Add(TokenLife))); err != nil {
		return err
	}
	e := i.event(audit.TypeIssue, d.ID, string(Issued), "", d.Request.Grant.OnBehalfOf.ID, batch[0].copy.Holder)
	_, err := i.cfg.Audit.Append(ctx, e, changes...)
	if key, conflict := store.IsConflict(err); conflict {
		return lostRace(key)
	}
	return err
}

// lostRace says what a concurrent request took away.
func lostRace(key string) error {
	if len(key) > len(prefixNonce) && key[:len(prefixNonce)] == prefixNonce {
		return reason.New(reason.ProofNonce, "the nonce was used meanwhile")
	}
	return reason.New(reason.TokenScope, "another request with this access token was first")
}

// seal signs what was recorded, and lets nothing out that an independent reader refuses.
func (i *Issuer) seal(ctx context.Context, format credential.Format, batch []copyOf) (*vci.CredentialResponse, error) {
	by, err := i.cfg.Signer()
	if err != nil {
		return nil, err
	}
	out := new(vci.CredentialResponse)
	for _, b := range batch {
		raw, err := format.Seal(ctx, b.credential, by)
		if err != nil {
			return nil, reason.Wrap(reason.IssueSelfCheck, "sealing", err)
		}
		v, err := credential.Open(ctx, format, raw, credential.Keys{Resolver: i.cfg.Resolver, At: i.cfg.Now()})
		if err != nil || v.Credential().ID != b.credential.ID {
			return nil, reason.Wrap(reason.IssueSelfCheck, "what was sealed does not open", err)
		}
		out.Credentials = append(out.Credentials, vci.Issued{Credential: string(raw)})
	}
	out.NotificationID = batch[0].copy.Credential
	i.cfg.Logger.InfoContext(ctx, "issued", "format", format.Name(), "copies", len(batch))
	return out, nil
}

// event is an audit leaf: codes and pseudonyms.
func (i *Issuer) event(kind, id, outcome string, code reason.Code, subject, actor string) audit.Event {
	now := i.cfg.Now()
	e := audit.Event{Type: kind, ID: id, Outcome: outcome, Subject: i.cfg.Tags.Tag(now, subject), Framework: i.cfg.Framework().Version}
	if code != "" {
		e.Reasons = []reason.Code{code}
	}
	if actor != "" {
		e.Actor = i.cfg.Tags.Tag(now, actor)
	}
	return e
}
