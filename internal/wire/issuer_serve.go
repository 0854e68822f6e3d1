// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didjwk"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/issuer"
	"github.com/behalf-id/behalf/store"
)

// server puts the web server around the issuer.
func (p *issuerParts) server(role *issuer.Issuer) (*Server, error) {
	token, err := web.ReadSecretFile(p.cfg.AdminToken)
	if err != nil {
		return nil, err
	}
	certificate, err := p.cfg.TLS.load()
	if err != nil {
		return nil, err
	}
	listener := p.deps.Listener
	if listener == nil {
		if listener, err = web.Listen(p.cfg.Listen); err != nil {
			return nil, err
		}
	}
	cfg := web.Config{
		Name: "issuer", Handler: role.Handler(token), Listener: listener, TLS: certificate,
		Logger: p.deps.Logger, Now: p.deps.Now, Ready: p.ready, OpenAPI: issuer.OpenAPI(), Metrics: p.deps.Metrics,
	}
	if cfg.MetricsListen, err = p.metricsListener(); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	server, err := web.New(cfg)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return &Server{web: server, listener: listener, work: p.work(), closers: p.closers}, nil
}

func (p *issuerParts) metricsListener() (net.Listener, error) {
	if p.cfg.Metrics == "" || p.deps.Metrics == nil {
		return nil, nil
	}
	return web.Listen(p.cfg.Metrics)
}

// work is what runs beside the server.
func (p *issuerParts) work() []func(context.Context) {
	return []func(context.Context){
		func(ctx context.Context) { _ = p.trust.Run(ctx) },
		p.keys.Run,
		p.watchKeys,
	}
}

// ready asks for everything without which nothing could be issued.
func (p *issuerParts) ready(ctx context.Context) error {
	if _, err := p.store.Get(ctx, "issuer/ready"); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	for _, err := range p.log.Leaves(ctx, 1, 1) {
		if err != nil {
			return err
		}
	}
	if err := p.keys.Ready(ctx); err != nil {
		return err
	}
	if err := p.certified(); err != nil {
		return err
	}
	return p.trust.Ready(ctx)
}

// watchEvery is how often it is looked whether the ring has a key that the audit log does not tell of.
const watchEvery = 10 * time.Second

// watchKeys records every key of the ring in the audit log, once: those that are there at the start
// and those that a rotation adds.
func (p *issuerParts) watchKeys(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		if err := p.recordKeys(ctx); err != nil && ctx.Err() == nil {
			p.deps.Logger.ErrorContext(ctx, "a key could not be recorded", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (p *issuerParts) recordKeys(ctx context.Context) error {
	ring, err := p.keys.Ring()
	if err != nil {
		return err
	}
	for _, k := range ring.Keys() {
		if err := p.recordKey(ctx, k.ID); err != nil {
			return err
		}
	}
	return nil
}

func (p *issuerParts) recordKey(ctx context.Context, id string) error {
	known := "issuer/key/" + id
	if _, err := p.store.Get(ctx, known); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	_, err := p.log.Append(ctx, audit.Event{Type: audit.Rotate, ID: id, Outcome: "published"},
		store.Change{Entry: store.Entry{Key: known, Value: []byte("{}")}})
	if _, conflict := store.IsConflict(err); conflict {
		return nil
	}
	return err
}

// own resolves one DID by the document that its owner serves.
type own struct {
	id       did.DID
	document func() ([]byte, error)
	now      func() time.Time
	others   did.Resolver
}

// issuerResolver resolves the issuer itself, from what it serves, and holders, whose DIDs are their
// keys. It fetches nothing. A holder's key is computed once for its proof and for its credential.
func issuerResolver(id did.DID, document func() ([]byte, error), now func() time.Time) (did.Resolver, error) {
	computed, err := did.NewMux(map[string]did.Resolver{didkey.Method: didkey.New(), didjwk.Method: didjwk.New()})
	if err != nil {
		return nil, err
	}
	others, err := did.NewCache(did.CacheConfig{Resolver: computed, Now: now})
	return own{id, document, now, others}, err
}

// Resolve implements did.Resolver.
func (o own) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	if id != o.id {
		return o.others.Resolve(ctx, id)
	}
	raw, err := o.document()
	if err != nil {
		return nil, err
	}
	return did.ReadDocument(raw, id, o.now())
}
