// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"errors"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// MaxParents is the number of links above one credential that a wallet takes.
const MaxParents = 8

// Accept takes a delegation that somebody passed on. Every link is opened, each is checked to be
// within the one above, the root to be one that the framework stands behind, and the last to be
// ours; only then is it stored.
func (w *Wallet) Accept(ctx context.Context, file []byte) (*Entry, error) {
	p, err := readPackage(file)
	if err != nil {
		return nil, err
	}
	var above credential.Verified
	for i, raw := range append(p.Parents, p.Credential) {
		v, err := w.open(ctx, []byte(raw))
		if err != nil {
			return nil, err
		}
		if i == 0 {
			if codes := delegation.CheckRoot(w.cfg.Framework(), v.Credential(), w.cfg.Now()); len(codes) > 0 {
				return nil, reason.New(codes[0], "services would refuse this delegation: its root is not trusted")
			}
		} else if err := within(above, v); err != nil {
			return nil, err
		}
		above = v
	}
	return w.keep(ctx, []byte(p.Credential), p.Parents, "")
}

func readPackage(file []byte) (*Package, error) {
	if len(file) > MaxFile {
		return nil, reason.New(reason.CredentialUnexpected, "the file is too large for a delegation")
	}
	p := new(Package)
	if err := strictjson.UnmarshalClosed(file, p); err != nil {
		return nil, reason.Wrap(reason.CredentialUnexpected, "this is not a file that behalf-wallet delegate made", err)
	}
	if p.Type != TypePackage || p.Credential == "" || len(p.Parents) == 0 || len(p.Parents) > MaxParents {
		return nil, reason.New(reason.CredentialUnexpected, "this is not a file that behalf-wallet delegate made")
	}
	return p, nil
}

// within checks that child names parent and goes nowhere beyond it.
func within(parent, child credential.Verified) error {
	named := child.Credential().Parent
	if named == nil || named.ID != parent.Credential().ID {
		return reason.New(reason.ChainParentMissing, "the links of this delegation do not belong together")
	}
	if named.Digest != parent.Digest() {
		return reason.New(reason.ChainDigestMismatch, "a link above was changed")
	}
	if codes := delegation.CheckChild(parent.Credential(), child.Credential()); len(codes) > 0 {
		return reason.New(codes[0], "services would refuse this delegation: a link goes beyond the one above it")
	}
	return nil
}

// TakeBack asks the issuer that hosts its status to revoke a link that this wallet signed.
func (w *Wallet) TakeBack(ctx context.Context, root *credential.Credential, child string) error {
	origin, err := w.statusOrigin(root)
	if err != nil {
		return err
	}
	request, err := w.signRequest(ctx, origin, "hosted-status-revoke+jwt", map[string]any{"credential": child})
	if err != nil {
		return err
	}
	_, err = w.cfg.Remote.Post(ctx, origin+"/v1/hosted-status/revoke", jwtType, request, safehttp.Want{
		MediaTypes: []string{jsonType}, MaxBytes: MaxAnswer, Statuses: []int{204},
	})
	return refusedByHost(err)
}

// refusedByHost turns an issuer's answer about a hosted status into words for the person.
func refusedByHost(err error) error {
	refusal, ok := errors.AsType[*safehttp.StatusError](err)
	if !ok {
		return unreachable("the issuer", err)
	}
	var problem struct {
		Reason reason.Code `json:"reason"`
	}
	if strictjson.Unmarshal(refusal.Body, &problem) == nil && problem.Reason != "" {
		return reason.New(problem.Reason, "the issuer refused")
	}
	return reason.Wrap(reason.RevokeNotAuthorised, "the issuer does not let you do this with this delegation", err)
}
