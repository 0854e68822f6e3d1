// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"bytes"
	"context"
	"errors"
	"reflect"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// seal signs what was recorded, and lets nothing out that an independent reader refuses, or reads as
// anything else than what was prepared: that is issue.self_check.
func (i *Issuer) seal(ctx context.Context, format credential.Format, batch []copyOf) (*vci.CredentialResponse, error) {
	by, err := i.cfg.Signer()
	if err != nil {
		return nil, err
	}
	keys := credential.Keys{Resolver: once{i.cfg.Resolver, map[did.DID]*did.Document{}}, At: i.cfg.Now(), Issuers: i.cfg.Issuers}
	out := &vci.CredentialResponse{NotificationID: batch[0].copy.Credential}
	for _, b := range batch {
		raw, err := sealOne(ctx, format, b.credential, by, keys)
		if err != nil {
			return nil, err
		}
		out.Credentials = append(out.Credentials, vci.Issued{Credential: string(raw)})
	}
	return out, nil
}

func sealOne(ctx context.Context, format credential.Format, c *credential.Credential, by did.Signer, keys credential.Keys) ([]byte, error) {
	raw, err := format.Seal(ctx, c, by)
	if err != nil {
		return nil, reason.Wrap(reason.IssueSelfCheck, "it cannot be sealed", err)
	}
	v, err := credential.OpenIssued(ctx, format, raw, keys)
	if err != nil {
		return nil, reason.Wrap(reason.IssueSelfCheck, "what was sealed does not open", err)
	}
	if same, err := saysTheSame(c, v.Credential()); err != nil || !same {
		return nil, reason.Wrap(reason.IssueSelfCheck, "what was sealed says something else", err)
	}
	return raw, nil
}

// saysTheSame compares the whole of two credentials. What is not equal as it stands is compared as
// it is written: there no list and an empty one are the same.
func saysTheSame(a, b *credential.Credential) (bool, error) {
	x, y := plain(a), plain(b)
	if reflect.DeepEqual(x, y) {
		return true, nil
	}
	written, errX := strictjson.Marshal(x)
	other, errY := strictjson.Marshal(y)
	return bytes.Equal(written, other), errors.Join(errX, errY)
}

// once resolves each DID once, for the self-checks of one batch, which are all made as of one instant.
// It is used by one goroutine.
type once struct {
	did.Resolver
	known map[did.DID]*did.Document
}

// Resolve implements did.Resolver.
func (o once) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	if d := o.known[id]; d != nil {
		return d, nil
	}
	d, err := o.Resolver.Resolve(ctx, id)
	if err == nil {
		o.known[id] = d
	}
	return d, err
}

// plain returns c to compare. Constraints are compared as they are read.
func plain(c *credential.Credential) credential.Credential {
	same := *c
	same.ValidFrom, same.ValidUntil, same.ReviewBy, same.TransitionAt = c.ValidFrom.UTC(), c.ValidUntil.UTC(), c.ReviewBy.UTC(), c.TransitionAt.UTC()
	same.Permissions = append([]credential.Permission(nil), c.Permissions...)
	for k := range same.Permissions {
		same.Permissions[k].Constraint.Raw = nil
	}
	return same
}
