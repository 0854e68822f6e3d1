// SPDX-License-Identifier: Apache-2.0

package attest

import (
	"context"
	"crypto/x509"
	"slices"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// List is the providers that an issuer trusts, by their DIDs and by the authorities that certify
// them. Only NewList makes one. It implements Providers.
type List struct{ cfg ListConfig }

// ListConfig names the providers of a List.
type ListConfig struct {
	DIDs     []did.DID
	Resolver did.Resolver        // finds the documents of DIDs; needed if there are any
	Anchors  []*x509.Certificate // of the paths in x5c
}

// NewList returns the list of cfg, which must name somebody.
func NewList(cfg ListConfig) (*List, error) {
	if len(cfg.DIDs) == 0 && len(cfg.Anchors) == 0 || len(cfg.DIDs) > 0 && cfg.Resolver == nil {
		return nil, reason.New(reason.InternalIndeterminate, "attest: no providers, or nothing to find their keys with")
	}
	if slices.ContainsFunc(cfg.DIDs, did.DID.IsZero) || slices.Contains(cfg.Anchors, nil) {
		return nil, reason.New(reason.InternalIndeterminate, "attest: a provider that is nobody")
	}
	return &List{cfg}, nil
}

// Key implements Providers. With x5c the path must lead to an anchor, with the codes of
// x509, and the certificate must name iss, if there is one. Else kid is a DID URL of a listed
// DID, whose document lists the key under assertionMethod, and iss, if there is one, is that DID;
// anything else is key.purpose_mismatch.
func (l *List) Key(ctx context.Context, c Claim, at time.Time) (key.Public, error) {
	if c.X5C != nil {
		return l.certified(c, at)
	}
	method, err := did.ParseURL(c.KeyID)
	if err != nil || !slices.Contains(l.cfg.DIDs, method.DID()) || c.Issuer != "" && c.Issuer != method.DID().String() {
		return key.Public{}, reason.Wrap(reason.KeyPurposeMismatch, "the key is none of a provider", err)
	}
	doc, err := l.cfg.Resolver.Resolve(ctx, method.DID())
	if err != nil {
		return key.Public{}, err
	}
	return doc.Key(method, did.AssertionMethod, at)
}

func (l *List) certified(c Claim, at time.Time) (key.Public, error) {
	leaf, err := jose.OpenChain(c.X5C, l.cfg.Anchors, at)
	if err != nil {
		return key.Public{}, err
	}
	if c.Issuer != "" && !leaf.Names(c.Issuer) {
		return key.Public{}, reason.New(reason.X509ChainInvalid, "the certificate is not the provider's")
	}
	return leaf.Key, nil
}
