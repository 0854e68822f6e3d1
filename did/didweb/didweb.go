// SPDX-License-Identifier: Apache-2.0

// Package didweb resolves did:web, whose document lies on a web server.
package didweb

import (
	"context"
	"errors"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/reason"
)

// Method is the name of the DID method.
const Method = "web"

// Allowed reports whether the trust framework lists host, in lower case and with its port if the
// DID has one ("h.example", "h.example:8443"), as one from which documents may be fetched.
type Allowed func(host string) bool

// Fetcher gets what lies at an https URL. *safehttp.Client is one.
type Fetcher interface {
	Get(ctx context.Context, url string, want safehttp.Want) (safehttp.Response, error)
}

// Config says how documents are fetched. No field may be nil.
type Config struct {
	Fetch   Fetcher          // refuses redirects, other schemes and addresses that are not public
	Allowed Allowed          // asked before anything is fetched
	Now     func() time.Time // tells when a document was fetched
}

type resolver struct{ cfg Config }

// New returns a resolver of did:web for cfg, or says which part is missing.
func New(cfg Config) (did.Resolver, error) {
	if cfg.Fetch == nil || cfg.Allowed == nil || cfg.Now == nil {
		return nil, errors.New("didweb: a resolver needs something to fetch with, a list of hosts and a clock")
	}
	return &resolver{cfg}, nil
}

// Resolve implements did.Resolver. A host that is not allowed is fetch.not_allowed before any
// connection; what URL and did.ReadDocument refuse has their codes and what the Fetcher refuses
// its own. A document that could not be had for a reason without a code (no such server, 404) is
// internal.indeterminate. Fetched is the time at which the fetch began.
func (r *resolver) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	_, d, err := r.fetch(ctx, id)
	return d, err
}

// Describe implements did.Describer: the document as it was received, once Resolve would accept it.
// There are no versions and no other forms.
func (r *resolver) Describe(ctx context.Context, id did.DID, o did.Options) (did.Description, error) {
	if o.Versioned() || o.Type != "" || o.EncryptionKey {
		return did.Description{}, did.Unsupported("did:web has no versions and no other forms")
	}
	raw, _, err := r.fetch(ctx, id)
	if err != nil {
		return did.Description{}, err
	}
	return did.Description{Document: raw}, nil
}

func (r *resolver) fetch(ctx context.Context, id did.DID) ([]byte, *did.Document, error) {
	at, err := locate(id)
	if err != nil {
		return nil, nil, err
	}
	if !r.cfg.Allowed(at.host) {
		return nil, nil, reason.New(reason.FetchNotAllowed, "the trust framework does not list this host")
	}
	began := r.cfg.Now()
	got, err := r.cfg.Fetch.Get(ctx, at.URL("did.json"), want())
	if err != nil {
		return nil, nil, fetchError(err)
	}
	d, err := did.ReadDocument(got.Body, id, began)
	if err != nil {
		return nil, nil, err
	}
	return got.Body, d, nil
}

func want() safehttp.Want {
	return safehttp.Want{
		MediaTypes: []string{did.MediaType, "application/did+ld+json", "application/did+json", "application/json"},
		MaxBytes:   did.MaxDocument,
	}
}

func fetchError(err error) error {
	if _, coded := errors.AsType[*reason.Error](err); coded {
		return err
	}
	return reason.Wrap(reason.InternalIndeterminate, "the DID document could not be had", errors.Join(did.ErrUnreachable, err))
}
