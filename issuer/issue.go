// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"slices"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Issue answers a credential request (OpenID4VCI 1.0 §8.2) made with an access token: one
// credential for each key proof, each with its own key and its own status index. It is the
// only way to a signature of this issuer.
//
// What will be signed is durable before it is signed. Who loses the answer, or meets a crash in
// between, has an access token that has collected and an index that is burnt: the operator
// revokes the delegation and grants it again.
func (i *Issuer) Issue(ctx context.Context, bearer string, r *vci.CredentialRequest) (*vci.CredentialResponse, error) {
	for range maxAttempts {
		format, batch, err := i.book(ctx, bearer, r)
		if _, conflict := store.IsConflict(err); conflict {
			continue // what another request took away is found in the next round
		}
		if err != nil {
			return nil, err
		}
		return i.seal(ctx, format, batch)
	}
	return nil, contested()
}

// book prepares, reserves and records what the request may have. When it returns nil that is durable.
func (i *Issuer) book(ctx context.Context, bearer string, r *vci.CredentialRequest) (credential.Format, []copyOf, error) {
	t, err := i.authorized(ctx, Presented{Scheme: "Bearer", Token: bearer})
	if err != nil {
		return nil, nil, err
	}
	d, err := i.Delegation(ctx, t.Delegations[0])
	if err != nil {
		return nil, nil, err
	}
	format, err := i.wanted(d, t, r)
	if err != nil {
		return nil, nil, err
	}
	holders, steps, err := i.holders(ctx, d, r.Proofs)
	if err != nil {
		return nil, nil, err
	}
	batch, err := i.reserve(ctx, d, format, holders)
	if err != nil {
		return nil, nil, err
	}
	return format, batch, i.record(ctx, d, t, batch, steps)
}

// wanted returns the format asked for, if this token may still collect it.
func (i *Issuer) wanted(d *Delegation, t *accessToken, r *vci.CredentialRequest) (credential.Format, error) {
	name, known := formatOf(r.Configuration)
	switch {
	case r.Identifier != "":
		return nil, spoken{reason.New(reason.TokenScope, "the access token names no credential identifiers"), "unknown_credential_identifier"}
	case !known || i.cfg.Formats.Named(name) == nil:
		return nil, spoken{reason.New(reason.TokenScope, "there is no such credential configuration"), "unknown_credential_configuration"}
	case !slices.Contains(d.Request.Formats, name):
		return nil, reason.New(reason.TokenScope, "the access token does not cover this credential configuration")
	case slices.Contains(t.Collected, name):
		return nil, reason.New(reason.TokenScope, "this credential was collected with this access token before")
	}
	if state := d.At(i.cfg.Now()); state != Offered && state != Issued {
		return nil, spoken{reason.New(reason.TokenScope, "the delegation was taken back or has ended"), "credential_request_denied"}
	}
	return i.cfg.Formats.Named(name), nil
}

// holders checks every key proof and returns who made them, with the changes that spend their
// nonces. One bad proof refuses them all (OpenID4VCI 1.0 §8.2, appendix F).
func (i *Issuer) holders(ctx context.Context, d *Delegation, proofs *vci.Proofs) (holders []string, steps changes, err error) {
	if proofs == nil || len(proofs.JWT) == 0 || len(proofs.JWT) > vci.MaxProofs {
		return nil, steps, reason.New(reason.ProofBatch, "no key proof, or too many")
	}
	var nonces []string
	for _, proof := range proofs.JWT {
		holder, nonce, err := i.holder(ctx, d, proof)
		switch {
		case err != nil && len(proofs.JWT) > 1:
			return nil, steps, reason.Wrap(reason.ProofBatch, "one of the key proofs is bad", err)
		case err != nil:
			return nil, steps, err
		case slices.Contains(holders, holder):
			return nil, steps, reason.New(reason.ProofBatch, "two proofs of one key")
		}
		holders = append(holders, holder)
		if slices.Contains(nonces, nonce) {
			continue
		}
		spent, err := i.spendNonce(ctx, nonce)
		if err != nil {
			return nil, steps, err
		}
		nonces = append(nonces, nonce)
		steps.add(spent, nil)
	}
	return holders, steps, nil
}

// holder returns the DID of who made a key proof: the one that was named by the key's own DID, never
// by a claim.
func (i *Issuer) holder(ctx context.Context, d *Delegation, proof string) (holder, nonce string, err error) {
	h, nonce, err := vci.OpenProof(ctx, []byte(proof), i.cfg.Origin, i.cfg.Resolver, i.cfg.Now())
	if reason.Of(err) == reason.JOSEHeaderKeyForbidden {
		return "", "", reason.Wrap(reason.ProofKeyAmbiguous, "the proof names a key in another way than jwk or kid", err)
	}
	if err != nil {
		return "", "", err
	}
	if h.DID.IsZero() {
		h.DID, _ = didkey.FromKey(h.Key)
	}
	if want := d.Request.Grant.Delegate.ID; want != "" && want != h.DID.String() {
		return "", "", reason.New(reason.IssueKeyContinuity, "the grant is for another delegate")
	}
	return h.DID.String(), nonce, nil
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
		c, err := i.prepare(d.Request, holder, d.ID)
		if err != nil {
			return nil, denied(err)
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
	if format == sdjwt.Name {
		return []credential.StatusRef{i.cfg.Publisher.TokenRef(ref)}
	}
	return i.cfg.Publisher.BitstringRefs(ref)
}

// record makes what will be signed durable, with the end of the nonces, the use of the token and
// the audit leaf, in one commit. Nothing is signed before.
func (i *Issuer) record(ctx context.Context, d *Delegation, t *accessToken, batch []copyOf, steps changes) error {
	var copies []Copy
	for _, b := range batch {
		copies = append(copies, b.copy)
		l := link{Delegation: d.ID, Holder: b.copy.Holder, Grantor: b.credential.GrantedBy, Depth: b.credential.Redelegation.MaxDepth, Ref: b.copy.Ref}
		steps.add(put(prefixCredential+b.copy.Credential, 0, l, time.Time{}))
	}
	d.State, d.Copies = Issued, append(d.Copies, copies...)
	t.Collected = append(t.Collected, batch[0].copy.Format)
	steps.add(d.change())
	steps.add(put(t.key, t.version, t, t.Expires))
	evidence, err := strictjson.Marshal(copies)
	if err != nil || steps.err != nil {
		return reason.Wrap(reason.InternalIndeterminate, "a record could not be written", err)
	}
	e := i.event(audit.Issue, d.ID, Issued, d.Request.Grant.OnBehalfOf.ID, batch[0].copy.Holder)
	e.Evidence = digest(evidence)
	if _, err := i.cfg.Audit.Append(ctx, e, steps.list...); err != nil {
		return err
	}
	i.cfg.Logger.InfoContext(ctx, "recorded for signing", "delegation", d.ID, "format", batch[0].copy.Format, "copies", len(batch))
	return nil
}

// event is an audit leaf: codes and pseudonyms.
func (i *Issuer) event(kind audit.Type, id string, outcome State, subject, actor string) audit.Event {
	now := i.cfg.Now()
	e := audit.Event{Type: kind, ID: id, Outcome: string(outcome), Subject: i.cfg.Tags.Subject(now, subject), Framework: i.cfg.Framework().Version}
	if actor != "" {
		e.Actor = i.cfg.Tags.Actor(now, actor)
	}
	return e
}
