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
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Issue answers a credential request (OpenID4VCI 1.0 §8.2): one credential for each key that was
// proved, each with its own status index, or a transaction where the delegation waits for review.
// Issue and Deferred are the only ways to a signature of this issuer.
//
// What will be signed is durable before it is signed. Who loses the answer, or meets a crash in
// between, has an access token that has collected and an index that is burnt: a refreshed token
// collects again, and else the operator revokes the delegation and grants it again.
func (i *Issuer) Issue(ctx context.Context, p Presented, r *vci.CredentialRequest) (*vci.CredentialResponse, error) {
	t, err := i.authorized(ctx, p)
	for range maxAttempts {
		if err != nil {
			return nil, err
		}
		out, err := i.issue(ctx, t, r)
		if _, conflict := store.IsConflict(err); !conflict {
			return out, err
		}
		// What another request took away is found in the next round. The proof of the first is spent.
		t, err = i.tokenOf(ctx, p.Token)
		if err != nil {
			return nil, err
		}
	}
	return nil, contested()
}

func (i *Issuer) issue(ctx context.Context, t *accessToken, r *vci.CredentialRequest) (*vci.CredentialResponse, error) {
	o, err := i.wanted(ctx, t, r)
	if err != nil {
		return nil, err
	}
	holders, steps, err := i.holders(ctx, o.delegation, t.Client, r.Proofs)
	if err != nil {
		return nil, err
	}
	o.grant = t.Grant
	t.Collected = append(slices.Clone(t.Collected), o.identifier)
	steps.add(put(t.key, t.version, t, t.Expires))
	if o.delegation.Review == Pending {
		return i.postpone(ctx, t, o, holders, steps)
	}
	return i.deliver(ctx, o, holders, steps)
}

// deliver reserves, records and seals. What it records is one commit together with steps.
func (i *Issuer) deliver(ctx context.Context, o order, holders []string, steps changes) (*vci.CredentialResponse, error) {
	batch, err := i.reserve(ctx, o, holders)
	if err != nil {
		return nil, err
	}
	if err := i.record(ctx, o, batch, steps); err != nil {
		return nil, err
	}
	return i.seal(ctx, o.format, batch)
}

// order is what a request asks for: one credential of one delegation, in one format.
type order struct {
	delegation *Delegation
	identifier string
	format     credential.Format
	grant      string // key of the authorization under which it is asked for
}

// wanted returns what is asked for, if this token may still collect it.
func (i *Issuer) wanted(ctx context.Context, t *accessToken, r *vci.CredentialRequest) (order, error) {
	id, err := i.identified(t, r)
	if err != nil {
		return order{}, err
	}
	if slices.Contains(t.Collected, id) {
		return order{}, reason.New(reason.TokenScope, "this credential was collected with this access token before")
	}
	return i.ordered(ctx, id)
}

// identified returns the credential identifier that a request means (OpenID4VCI 1.0 §8.2). A wallet
// that was told identifiers names one; another names the configuration, of which a pre-authorized
// token has one.
func (i *Issuer) identified(t *accessToken, r *vci.CredentialRequest) (string, error) {
	if r.Identifier != "" {
		if !t.Details || !t.mayCollect(r.Identifier) {
			return "", spoken{reason.New(reason.TokenScope, "the access token names no such credential identifier"), "unknown_credential_identifier"}
		}
		return r.Identifier, nil
	}
	if name, known := formatOf(r.Configuration); !known || i.cfg.Formats.Named(name) == nil {
		return "", spoken{reason.New(reason.TokenScope, "there is no such credential configuration"), "unknown_credential_configuration"}
	}
	if t.Details {
		return "", reason.New(reason.TokenScope, "the token answer named credential identifiers, one of which is needed")
	}
	for _, id := range t.Identifiers {
		if _, configuration, _ := splitIdentifier(id); configuration == r.Configuration {
			return id, nil
		}
	}
	return "", reason.New(reason.TokenScope, "the access token does not cover this credential configuration")
}

// copyOf is one credential on its way: prepared, with an index of its own, not signed.
type copyOf struct {
	credential *credential.Credential
	copy       Copy
}

// reserve prepares a credential for each holder and gives each a status index. An index that is
// not used in the end is burnt.
func (i *Issuer) reserve(ctx context.Context, o order, holders []string) ([]copyOf, error) {
	d := o.delegation
	if len(d.Copies)+len(holders) > MaxCopies || d.Given+len(holders) > MaxGiven {
		return nil, denied(reason.New(reason.LimitRate, "so many credentials were issued for this delegation already"))
	}
	batch := make([]copyOf, 0, len(holders))
	for _, holder := range holders {
		c, err := i.prepare(d.Request, holder, d.ID)
		if err != nil {
			return nil, denied(err)
		}
		ref, err := i.cfg.Allocator.Allocate(ctx)
		if err != nil {
			return nil, err
		}
		c.Status = i.statusRefs(o.format.Name(), ref)
		made := Copy{Credential: c.ID, Format: o.format.Name(), Holder: holder, Ref: ref, Issued: i.cfg.Now()}
		batch = append(batch, copyOf{c, made})
		batch[len(batch)-1].copy.Answer = batch[0].copy.Credential
	}
	return batch, nil
}

func (i *Issuer) statusRefs(format string, ref publisher.Ref) []credential.StatusRef {
	if format == sdjwt.Name {
		return []credential.StatusRef{i.cfg.Publisher.TokenRef(ref)}
	}
	return i.cfg.Publisher.BitstringRefs(ref)
}

// record makes what will be signed durable, with the end of the offer, the audit leaf and steps, in
// one commit. Nothing is signed before.
func (i *Issuer) record(ctx context.Context, o order, batch []copyOf, steps changes) error {
	d := o.delegation
	var copies []Copy
	for _, b := range batch {
		copies = append(copies, b.copy)
		l := link{Delegation: d.ID, Holder: b.copy.Holder, Grantor: b.credential.GrantedBy, Depth: b.credential.Redelegation.MaxDepth, Ref: b.copy.Ref, Grant: o.grant}
		steps.add(put(prefixCredential+b.copy.Credential, 0, l, time.Time{}))
	}
	d.State, d.Given, d.Copies = Issued, d.Given+len(copies), append(d.Copies, copies...)
	if err := i.dropOffer(ctx, d.ID, &steps); err != nil {
		return err
	}
	steps.add(d.change())
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
