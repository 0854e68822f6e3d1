// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/issuerkeys"
	"github.com/behalf-id/behalf/credential/ldpvc"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/delegation/scenario"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/did/didweb"
	"github.com/behalf-id/behalf/internal/page"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/store/storetest"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/client"
	"github.com/behalf-id/behalf/trustframework/registry"
	"github.com/behalf-id/behalf/verifier"
)

const (
	serviceToken = "token-of-the-relying-service"
	registryHost = "registry." + domain
	adminToken   = "token-of-the-registry-operator"
)

// play is one scenario in one format: its registry, status lists and gateway, all with the
// scenario's clock and names for identifiers.
type play struct {
	testing.TB
	*town
	parties
	scenario.Case
	format string
	number string // tells the hosts and paths of this play from those of others

	clock     *storetest.Clock
	framework func() *trustframework.Framework // in use at the gateway
	resolver  did.Resolver
	status    map[string]entries
	gateway   did.Signer
	log       *audit.Log
	refused   error // why the registry does not publish the framework
	forbidden error // why the file of restrictions cannot be read
}

// stage builds all that the scenario's world has.
func stage(t testing.TB, w *town, c *cast, one scenario.Case, format, number string) *play {
	t.Helper()
	p := &play{TB: t, town: w, parties: c.of(one.World.Framework), Case: one, format: format, number: number}
	p.clock = storetest.NewClock(one.World.Now)
	for name := range p.organisations {
		p.put(p.host(name), "/.well-known/did.json", did.MediaType, p.document(name))
	}
	p.publish()
	p.resolve()
	p.lists()
	p.serve()
	return p
}

func (p *play) memory() *memory.Store {
	p.Helper()
	s, err := memory.New(memory.Config{Now: p.clock.Now})
	must(p, err)
	return s
}

// publish has a registry sign the framework when the scenario says, and the gateway's client
// fetch it then: later it is as old as the scenario says. A registry that is unavailable is not
// there. A snapshot that is older than the client keeps any, or of the future, is held all the same: with
// that client there would be none, which is another scenario.
func (p *play) publish() {
	p.Helper()
	f, asOf := p.World.Framework, p.World.Now.AddDate(-1, 0, 0)
	if f != nil && !f.AsOf.IsZero() {
		asOf = f.AsOf
	}
	p.clock.Advance(asOf.Sub(p.clock.Now()))
	by, err := didkey.Signer(p.key("(registry)"))
	must(p, err)
	r, err := registry.New(registry.Config{Store: p.memory(), Signer: by, Now: p.clock.Now})
	must(p, err)
	if f != nil && !f.Unavailable {
		if _, p.refused = r.Apply(p.Context(), p.withGateway(p.published(f))); p.refused == nil {
			secret, err := web.NewSecret(adminToken)
			must(p, err)
			h, err := registry.Handler(r, registry.HTTPConfig{AdminToken: secret})
			must(p, err)
			p.open(p, p.registry(), h)
		}
	}
	world, err := client.New(p.Context(), client.Config{
		URL: "https://" + p.registry(), Trusted: r.Keys(), Fetcher: p.fetch, Store: p.memory(),
		Now: p.clock.Now, Logger: slog.New(slog.DiscardHandler),
	})
	must(p, err)
	if err := world.Refresh(p.Context()); (err == nil) != (f != nil && !f.Unavailable && p.refused == nil) {
		p.Fatalf("the registry: %v", err)
	}
	p.framework = world.Current
	if age := p.World.Now.Sub(asOf); f != nil && (age >= trustframework.Life(f) || age < -trustframework.MaxClockError) {
		held := world.Current()
		p.framework = func() *trustframework.Framework { return held }
	}
	p.clock.Advance(p.World.Now.Sub(asOf))
}

// withGateway lists the gateway of this play as a verifier for what the scenario asks: scenarios say nothing of
// verifiers.
func (p *play) withGateway(f *trustframework.Framework) *trustframework.Framework {
	v := trustframework.Verifier{ID: "did:web:" + p.gatewayHost(), Name: "Gateway", Purposes: []string{"none"}, Resources: []string{"*"}}
	v.Controllers = slices.Sorted(maps.Keys(f.Controllers))
	if purpose, ok := text(json.RawMessage(p.Source.Request["purpose"])); ok && purpose != "" {
		v.Purposes = []string{purpose}
	}
	if len(v.Controllers) > 0 {
		f.Verifiers = []trustframework.Verifier{v}
	}
	return f
}

func (p *play) gatewayHost() string { return "gateway-" + p.number + "." + domain }

func (p *play) registry() string { return registryHost + "/" + p.number }

// resolve makes the gateway's resolver, as behalf-gateway has it.
func (p *play) resolve() {
	p.Helper()
	byWeb, err := didweb.New(didweb.Config{
		Fetch: p.fetch, Now: p.clock.Now,
		Allowed: func(host string) bool { return p.framework().DIDHostAllowed(host) },
	})
	must(p, err)
	mux, err := did.NewMux(map[string]did.Resolver{didkey.Method: didkey.New(), didweb.Method: byWeb})
	must(p, err)
	p.resolver, err = did.NewCache(did.CacheConfig{Resolver: mux, Now: p.clock.Now})
	must(p, err)
}

// serve opens the gateway.
func (p *play) serve() {
	p.Helper()
	ctx, host, records := p.Context(), p.gatewayHost(), p.memory()
	id, err := did.Parse("did:web:" + host)
	must(p, err)
	p.gateway.Signer = p.key("(gateway)")
	p.gateway.Method, err = id.WithFragment("k1")
	must(p, err)
	logs := audit.Config{Store: records, Now: p.clock.Now, Rand: rand.Reader, Prefix: "audit/", Timeout: audit.MaxTimeout}
	p.log, err = audit.Open(ctx, logs)
	must(p, err)
	p.Cleanup(func() { _ = p.log.Close() })
	tags, err := audit.OpenTagger(ctx, logs)
	must(p, err)
	sd, err := sdjwt.New(sdjwt.Config{Random: rand.Reader, Now: p.clock.Now, Holders: p.resolver})
	must(p, err)
	vc, err := vcjwt.New(vcjwt.Config{})
	must(p, err)
	ldp, err := ldpvc.New(ldpvc.Config{Suite: embedded, Now: p.clock.Now})
	must(p, err)
	issuers, err := issuerkeys.New(p.framework, p.fetch)
	must(p, err)
	pages, err := page.New(page.Config{Name: "Larkhill Road Surgery", Origin: "https://" + host})
	must(p, err)
	g, err := verifier.New(verifier.Config{
		ID: id, Name: "Larkhill Road Surgery", Origin: "https://" + host, Store: records, Audit: p.log, Tags: tags,
		Signer:    func() (did.Signer, error) { return p.gateway, nil },
		Document:  func() ([]byte, error) { return document(p, p.gateway), nil },
		Framework: p.framework, Status: p.statusSource(), Restrictions: p.restrictions(),
		Formats: credential.Formats{sd, vc, ldp}, Resolver: p.resolver, Issuers: issuers, Now: p.clock.Now, Random: rand.Reader,
		Logger: slog.New(slog.DiscardHandler), Pages: pages, Attestation: func() string { return "" },
	})
	must(p, err)
	secret, err := web.NewSecret(serviceToken)
	must(p, err)
	server, err := web.New(web.Config{
		Name: "gateway", Handler: g.Handler(verifier.HTTPConfig{ClientToken: secret}), Logger: slog.New(slog.DiscardHandler),
		Now: p.clock.Now, Ready: func(context.Context) error { return nil }, OpenAPI: verifier.OpenAPI(), Metrics: noMetrics{},
	})
	must(p, err)
	p.open(p, host, server.Handler())
}

type noMetrics struct{}

func (noMetrics) ServeHTTP(http.ResponseWriter, *http.Request) {}
func (noMetrics) Begin()                                       {}
func (noMetrics) Observe(web.Observation)                      {}

// restrictions writes the file of restrictions.
func (p *play) restrictions() verifier.FileRestrictions {
	p.Helper()
	all := []object{}
	for _, r := range p.World.Restrictions {
		one := object{"principal": p.name(r.Principal), "kind": r.Kind}
		if r.Delegate != "" {
			one["delegate"] = p.name(r.Delegate)
		}
		if r.Resource != "" {
			one["resource"] = r.Resource
		}
		all = append(all, one)
	}
	raw, err := json.Marshal(all)
	must(p, err)
	path := filepath.Join(p.TempDir(), "restrictions.json")
	must(p, os.WriteFile(path, raw, 0o600))
	file := verifier.FileRestrictions(path)
	_, p.forbidden = file.InForce(p.Context(), p.name(p.Request.Principal))
	return file
}

// name returns the DID for a name; "*" and "" are none.
func (p *play) name(s string) string {
	if s == "" || s == "*" {
		return s
	}
	return p.did(s)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
