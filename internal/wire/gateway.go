// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential/issuerkeys"
	"github.com/behalf-id/behalf/credential/status/snapshot"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/page"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/bolt"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/client"
	"github.com/behalf-id/behalf/verifier"
)

// AuditPrefix is where a server's audit log lies in its store.
const AuditPrefix = "audit/"

// GatewayConfig is the settings of behalf-gateway. Each can be set by BEHALF_GATEWAY_<KEY>, and
// a relative path is relative to the working directory.
type GatewayConfig struct {
	// Listen is the address the server answers at; 127.0.0.1:8443 if left out. Port 0 takes a free one.
	Listen string `yaml:"listen"`
	// Metrics is the address of /metrics, if it is to have one of its own.
	Metrics string `yaml:"metrics"`
	// TLS is the server's certificate.
	TLS TLSFiles `yaml:"tls"`
	// Origin is the https address by which wallets and services reach the gateway, without a path:
	// requests are made out to it, and the gateway's did:web is made of it. Required.
	Origin string `yaml:"origin"`
	// Name is shown to people, beside what the framework says. Required.
	Name string `yaml:"name"`
	// Store is the file of sessions, decisions, counted uses and the audit log. Required.
	Store string `yaml:"store"`
	// Keys sign the requests to wallets.
	Keys KeysConfig `yaml:"keys"`
	// ClientToken is the file of the bearer token of relying services. Required.
	ClientToken string `yaml:"client-token-file"`
	// Registry is where the trust framework comes from.
	Registry RegistrySettings `yaml:"registry"`
	// Outbound says whom the gateway may reach.
	Outbound Outbound `yaml:"outbound"`
	// Restrictions is a JSON file of what controllers have put in force against delegations, an array
	// of {principal, delegate, resource, kind}, or an array of such arrays where there are more than 4096,
	// read anew for each decision. A file that is absent or damaged denies everything. One of this
	// and restrictions-url is required, and where there are both, both are in force: without any
	// restrictions the file holds [].
	Restrictions string `yaml:"restrictions"`
	// RestrictionsURL is an https address of the controller's own system, which is asked anew for each
	// decision: POST {"principal": …}, answered {"restrictions": [{principal, delegate, resource, kind}, …]}
	// within 2 s. Without an answer everything is denied. A private address must stand in outbound.private-hosts.
	RestrictionsURL string `yaml:"restrictions-url"`
	// RestrictionsToken is the file of the bearer token that restrictions-url is asked with. Required with it.
	RestrictionsToken string `yaml:"restrictions-token-file"`
	// Overrides is the file of the bearer token of those who may record a staff override beside a denial,
	// which no decision ever reads. Left out, /v1/overrides does not exist. It is another token than
	// that of client-token-file.
	Overrides string `yaml:"overrides-token-file"`
	// Redirects are the https addresses of services to which a browser may be sent after a same-device answer,
	// or after a code was entered on the gateway's page. They are compared octet by octet with what a
	// service names, and have no fragment. Without any there is no same-device flow.
	Redirects []string `yaml:"redirects"`
	// Client says how wallets know the gateway; left out, by its DID.
	Client ClientSettings `yaml:"client-id"`
	// Response is direct_post, which is taken if it is left out, or direct_post.jwt: answers are then
	// encrypted to a key of their own session, and no others are taken.
	Response string `yaml:"response"`
	// Transaction is access to have holders prove over the very access that was asked for; left out, they
	// prove over the service and the occasion. Only dc+sd-jwt is then asked for: the proofs of other formats have
	// no place for it.
	Transaction string `yaml:"transaction-data"`
	// Profile is haip for the OpenID4VC High Assurance Interoperability Profile 1.0: client-id.prefix x509_hash,
	// response direct_post.jwt and formats [dc+sd-jwt] in one setting.
	Profile string `yaml:"profile"`
	// Formats are asked for in this order; left out, dc+sd-jwt and vc+jwt. Others are those of Data
	// Integrity, by the name of their cryptosuite.
	Formats []string `yaml:"formats"`
	// StatusMaxAge is the ceiling of a status list's age, up to 24h; 5m if left out. A controller's policy can only lower it.
	StatusMaxAge time.Duration `yaml:"status-max-age"`
	// StatusPoll is how often a status list in use is asked for again at the least, 1s or more, so that a
	// revocation is seen soon; left out, as often as the life of each list demands.
	StatusPoll time.Duration `yaml:"status-poll"`
	// Problems is the base of the types of refusals (RFC 9457), such as https://docs.example.org.
	Problems string `yaml:"problems"`
}

// DefaultGateway returns the settings that an operator need not write.
func DefaultGateway() GatewayConfig { return GatewayConfig{Listen: "127.0.0.1:8443"} }

func (c GatewayConfig) check() error {
	for _, required := range []struct{ name, value string }{
		{"origin", c.Origin}, {"name", c.Name}, {"store", c.Store}, {"client-token-file", c.ClientToken},
		{"registry.url", c.Registry.URL}, {"restrictions or restrictions-url", c.Restrictions + c.RestrictionsURL},
	} {
		if required.value == "" {
			return reason.New(reason.CLIConfig, required.name+" is not set")
		}
	}
	if (c.RestrictionsURL == "") != (c.RestrictionsToken == "") {
		return reason.New(reason.CLIConfig, "restrictions-url and restrictions-token-file are set together or not at all")
	}
	return nil
}

// Gateway opens a gateway of cfg, which listens from now on and answers once it is served. Keys
// open and the framework loads meanwhile; Server's readiness waits for both.
func Gateway(ctx context.Context, cfg GatewayConfig, d Deps) (*Server, error) {
	if err := errors.Join(d.check(), cfg.check()); err != nil {
		return nil, err
	}
	cfg, err := cfg.profiled()
	if err != nil {
		return nil, err
	}
	id, err := WebDID(cfg.Origin)
	if err != nil {
		return nil, err
	}
	g := &gateway{cfg: cfg, deps: d, id: id, server: &Server{}}
	if err := g.open(ctx); err != nil {
		return nil, errors.Join(err, g.server.close())
	}
	return g.server, nil
}

// gateway is a gateway that is being put together.
type gateway struct {
	cfg    GatewayConfig
	deps   Deps
	id     did.DID
	server *Server

	keys      *Keys
	store     *bolt.Store
	log       *audit.Log
	tags      *audit.Tagger
	fetch     *safehttp.Client
	framework *client.Client
	methods   *did.Mux
	resolver  did.Resolver
	status    *subscribed
}

func (g *gateway) open(ctx context.Context) error {
	for _, step := range []func(context.Context) error{g.openKeys, g.openStore, g.openWorld, g.openStatus, g.openServer} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// openKeys reads what is needed for the ring; stretching the passphrase begins when the server answers.
func (g *gateway) openKeys(ctx context.Context) (err error) {
	if g.keys, err = PrepareKeys(context.WithoutCancel(ctx), g.cfg.Keys, g.deps.Now, g.deps.Random); err != nil {
		return err
	}
	g.server.closers = append(g.server.closers, g.keys.Close)
	return nil
}

func (g *gateway) openStore(ctx context.Context) (err error) {
	if g.store, err = bolt.Open(bolt.Config{Path: g.cfg.Store, Now: g.deps.Now}); err != nil {
		return reason.Wrap(reason.Of(err), "the store "+g.cfg.Store+" cannot be opened; is another gateway running on it?", err)
	}
	g.server.closers = append(g.server.closers, g.store.Close)
	cfg := audit.Config{Store: g.store, Now: g.deps.Now, Rand: g.deps.Random, Prefix: AuditPrefix}
	if g.log, err = audit.Open(ctx, cfg); err != nil {
		return err
	}
	g.server.closers = append([]func() error{g.log.Close}, g.server.closers...)
	g.tags, err = audit.OpenTagger(ctx, cfg)
	return err
}

// openWorld makes what reaches registry and parties.
func (g *gateway) openWorld(ctx context.Context) (err error) {
	if g.fetch, err = g.cfg.Outbound.Client(g.deps); err != nil {
		return err
	}
	if g.framework, err = g.cfg.Registry.clientOf(ctx, g.id.String(), g.fetch, g.store, g.deps); err != nil {
		return err
	}
	if g.methods, err = methods(g.fetch, g.framework.Current, g.store, g.deps); err != nil {
		return err
	}
	g.resolver, err = remembered(g.methods, g.deps)
	return err
}

func (g *gateway) openStatus(context.Context) error {
	proofs, err := listProofs()
	if err != nil {
		return err
	}
	source, err := snapshot.New(snapshot.Config{
		Proofs: proofs, Poll: g.cfg.StatusPoll, Fetcher: g.fetch, Resolver: g.resolver, Marks: g.store, Now: g.deps.Now, MaxAge: g.cfg.StatusMaxAge,
		Signer: func(issuer, url string) (did.DID, bool) { return statusSigner(g.framework.Current(), issuer, url) },
	})
	g.status = newSubscribed(source, g.store)
	return err
}

// statusSigner returns the party whose signature counts on a list: the issuer itself, at a host that
// the framework lists for it.
func statusSigner(f *trustframework.Framework, issuer, url string) (did.DID, bool) {
	if !f.StatusHostAllowed(issuer, url) {
		return did.DID{}, false
	}
	id, err := did.Parse(issuer)
	return id, err == nil
}

// openServer makes the role and what answers for it.
func (g *gateway) openServer(context.Context) error {
	formats, err := formatsOf(orUsual(g.cfg.Formats), g.resolver, g.deps)
	if err != nil {
		return err
	}
	restrictions, err := g.restrictions()
	if err != nil {
		return err
	}
	issuers, err := issuerkeys.New(g.framework.Current, g.fetch)
	if err != nil {
		return err
	}
	protocol, err := g.cfg.protocol(g.deps.Random)
	if err != nil {
		return err
	}
	pages, err := page.New(page.Config{Name: g.cfg.Name, Origin: g.cfg.Origin})
	if err != nil {
		return reason.Wrap(reason.CLIConfig, "pages cannot be shown at origin under name", err)
	}
	role, err := verifier.New(verifier.Config{
		ID: g.id, Name: g.cfg.Name, Origin: g.cfg.Origin, Store: g.store, Audit: g.log, Tags: g.tags,
		Signer:    func() (did.Signer, error) { return g.keys.Signer(g.id) },
		Document:  func() ([]byte, error) { return g.keys.Document(g.id, did.Authentication) },
		Framework: g.framework.Current, Status: g.status, Restrictions: restrictions,
		Formats: formats, Resolver: g.resolver, Issuers: issuers, Now: g.deps.Now, Random: g.deps.Random, Logger: g.deps.Logger,
		Pages: pages, Redirects: g.cfg.Redirects, Attestation: g.framework.Attestation, Protocol: protocol,
	})
	if err != nil {
		return err
	}
	g.server.work = []func(context.Context){
		g.keys.Run,
		func(ctx context.Context) { _ = g.framework.Run(ctx) }, // ends with ctx, and says so
		g.follow,
	}
	return g.listen(role)
}

// follow keeps the status lists in use fresh, those of the last run included.
func (g *gateway) follow(ctx context.Context) {
	g.status.restore(ctx, func() bool { return g.framework.Ready(ctx) == nil })
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	g.status.run(ctx, tick.C)
}

func (g *gateway) listen(role *verifier.Gateway) error {
	token, overrides, err := g.tokens()
	if err != nil {
		return err
	}
	problems, err := web.NewProblems(g.cfg.Problems)
	if err != nil {
		return err
	}
	resolved, err := identifiers(g.methods, g.deps)
	if err != nil {
		return err
	}
	return g.server.listen(g.cfg.Listen, g.cfg.Metrics, g.cfg.TLS, g.deps, web.Config{
		Name: "gateway", Handler: role.Handler(verifier.HTTPConfig{
			ClientToken: token, OverridesToken: overrides, Problems: problems, Identifiers: resolved,
		}),
		Ready: g.ready, OpenAPI: verifier.OpenAPI(), Problems: problems,
	})
}

// ready reports whether the gateway can ask and decide: it has a key and a framework in force.
func (g *gateway) ready(ctx context.Context) error {
	if err := g.keys.Ready(ctx); err != nil {
		return err
	}
	return g.framework.Ready(ctx)
}
