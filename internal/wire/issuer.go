// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/page"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/issuer"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/bolt"
	"github.com/behalf-id/behalf/trustframework/client"
)

// IssuerConfig is what an operator writes about an issuer. Relative paths are relative to the
// working directory.
type IssuerConfig struct {
	// Origin is the https address that wallets reach, without a path. It is the credential issuer
	// identifier, and its host is the issuer's did:web: credentials that were signed under one origin
	// say so for ever. It is never taken from a request, so that a forged Host header names nobody. Required.
	Origin string `yaml:"origin"`
	// Name is shown to people beside an offer. Required.
	Name string `yaml:"name"`
	// Listen is the address to answer at; left out, 127.0.0.1:8442. Port 0 takes a free one, which serve prints.
	Listen string `yaml:"listen"`
	// Metrics is an address for /metrics of its own. Left out, /metrics is served to this machine
	// alone: figures are not for the public.
	Metrics string `yaml:"metrics"`
	// TLS is the server's certificate. Without one a proxy in front must speak https: wallets do nothing else.
	TLS TLSFiles `yaml:"tls"`
	// Store is the file of delegations, single-use codes, status states and the audit log. It must be
	// on a disk that keeps what was synced: what was acknowledged is never lost. Required.
	Store string `yaml:"store"`
	// Keys is where the signing keys are. Required.
	Keys KeysConfig `yaml:"keys"`
	// KeyLead is how long a new key is published before it signs; left out, 10m: twice what
	// verifiers may keep a DID document, so that none meets a signature by a key it has not seen.
	KeyLead time.Duration `yaml:"key-lead"`
	// AdminToken is the file of the bearer token of /admin/v1, closed to group and world. Required.
	AdminToken string `yaml:"admin-token-file"`
	// Registry says whose trust framework decides what may be granted. Required.
	Registry RegistrySettings `yaml:"registry"`
	// Outbound says whom the server may reach beside public hosts.
	Outbound Outbound `yaml:"outbound"`
	// Status is how status lists are made.
	Status IssuerStatus `yaml:"status"`
	// Formats that are issued, in order of preference; left out, dc+sd-jwt and vc+jwt. Others are
	// those of Data Integrity, by the name of their cryptosuite, which must fit keys.algorithm:
	// ecdsa-rdfc-2019, ecdsa-jcs-2019, eddsa-rdfc-2022, eddsa-jcs-2022, ecdsa-sd-2023.
	Formats []string `yaml:"formats"`
	// Profiles are what may be granted, by name. Required: what no profile lets through is refused,
	// so that a stolen admin token grants no more than was foreseen.
	Profiles map[string]IssuerProfile `yaml:"profiles"`
	// Login is where people sign in to collect what was granted to their account.
	Login IssuerLogin `yaml:"login"`
	// Wallets are wallets that are known, by their client_id. They need not be: see redirects.
	Wallets map[string]IssuerWallet `yaml:"wallets"`
	// WalletProviders are those whose attestations of wallets and of keys are taken.
	WalletProviders WalletProviders `yaml:"wallet-providers"`
	// KeyAttestations demands that keys be attested by one of wallet-providers; left out, they need not
	// be. {} demands any attestation.
	KeyAttestations *RequiredKeys `yaml:"key-attestations"`
	// BatchSize is how many copies, each with a key of its own, a wallet may collect in one request:
	// from 1 to 100; left out, 20. With more copies, services that compare notes see less of a person.
	BatchSize int `yaml:"batch-size"`
	// Profile is haip for the OpenID4VC High Assurance Interoperability Profile 1.0; left out, plain
	// OpenID4VCI 1.0. It needs login, wallet-providers, certificates-file and formats [dc+sd-jwt]: wallets
	// without an attestation and a proof of possession are then refused.
	Profile string `yaml:"profile"`
	// Certificates is the PEM file of the certificates of the signing key, its own first, without the
	// trust anchor. Credentials then name their key by them; have the registry pin the issuer to the
	// anchor. Left out, the key is named by the DID. Renew it with each rotation of keys.
	Certificates string `yaml:"certificates-file"`
	// Display has words for people by language, such as cy-GB; English is there without.
	Display map[string]IssuerTexts `yaml:"display"`
}

// IssuerStatus is how an issuer makes status lists.
type IssuerStatus struct {
	// TTL is how long a list may be used after its issue; left out, 5m. It bounds how long a
	// revocation may stay unseen.
	TTL time.Duration `yaml:"ttl"`
	// Epoch is the life of the store, from 1; left out, 1. Raise it whenever the store was restored
	// from a backup: indices that were given since are then never given again.
	Epoch uint32 `yaml:"epoch"`
	// Capacity is the number of entries of a new list; left out, 131072, the fewest that hide a holder.
	Capacity uint64 `yaml:"capacity"`
}

// IssuerProfile is what may be granted under one name. What a list leaves out is not granted.
type IssuerProfile struct {
	// Formats that may be asked for; left out, all that the issuer has.
	Formats []string `yaml:"formats"`
	// Relationships that may be granted. Required.
	Relationships []string `yaml:"relationships"`
	// MaxDays is the longest validity in days of 24 hours, beside the framework's own limit. Required.
	MaxDays int `yaml:"max-days"`
}

// Defaults of an issuer.
const (
	issuerListen  = "127.0.0.1:8442"
	issuerKeyLead = 2 * did.MaxAge
	maxDays       = 40 * 366 // a bound that only a misprint passes
)

// DefaultIssuer returns the settings that an operator need not write.
func DefaultIssuer() IssuerConfig {
	return IssuerConfig{Listen: issuerListen, KeyLead: issuerKeyLead, Status: IssuerStatus{Epoch: 1}}
}

// DID returns the issuer's DID: the did:web of its origin.
func (c IssuerConfig) DID() (did.DID, error) { return WebDID(c.Origin) }

// LongestValidity returns the longest validity that any profile lets be granted: so long must a key
// be published after it has signed.
func (c IssuerConfig) LongestValidity() time.Duration {
	var longest time.Duration
	for _, p := range c.Profiles {
		longest = max(longest, p.validity())
	}
	return longest
}

func (p IssuerProfile) validity() time.Duration { return time.Duration(p.MaxDays) * 24 * time.Hour }

func (c IssuerConfig) profiles(formats []string) (map[string]issuer.Profile, error) {
	out := make(map[string]issuer.Profile, len(c.Profiles))
	for name, p := range c.Profiles {
		if p.MaxDays < 1 || p.MaxDays > maxDays {
			return nil, reason.New(reason.CLIConfig, "profiles."+name+".max-days is needed: the longest validity in days")
		}
		one := issuer.Profile{Formats: p.Formats, Relationships: p.Relationships, MaxValidity: p.validity()}
		if len(one.Formats) == 0 {
			one.Formats = formats
		}
		out[name] = one
	}
	return out, nil
}

func (c IssuerConfig) check() error {
	switch {
	case c.Name == "":
		return reason.New(reason.CLIConfig, "name is not set: how people know this issuer")
	case c.Store == "":
		return reason.New(reason.CLIConfig, "store is not set: the file of what was granted")
	case c.Registry.URL == "" || len(c.Registry.Keys) == 0:
		return reason.New(reason.CLIConfig, "registry.url or registry.keys is not set: whose trust framework is in force")
	case len(c.Profiles) == 0:
		return reason.New(reason.CLIConfig, "profiles is empty: nothing could be granted")
	case c.KeyLead < did.MaxAge:
		return reason.New(reason.CLIConfig, "key-lead is shorter than verifiers keep a DID document")
	}
	alg, err := c.Keys.Signs()
	if err != nil {
		return err
	}
	return signable(orUsual(c.Formats), alg)
}

// issuerParts is an issuer on its way.
type issuerParts struct {
	cfg     IssuerConfig
	deps    Deps
	id      did.DID
	keys    *Keys
	store   *bolt.Store
	log     *audit.Log
	fetch   *safehttp.Client
	trust   *client.Client
	leaf    *x509.Certificate // of the signing key; nil without certificates
	closers []func() error
}

// Issuer puts an issuer together: store, audit log, keys, framework, status lists and server. It
// touches no network before Serve. What is wrong with cfg is cli.config.
func Issuer(ctx context.Context, cfg IssuerConfig, deps Deps) (*Server, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	p := &issuerParts{cfg: cfg, deps: deps}
	s, err := p.build(ctx)
	if err != nil {
		for _, c := range p.closers {
			_ = c()
		}
		return nil, err
	}
	return s, nil
}

func (p *issuerParts) build(ctx context.Context) (*Server, error) {
	var err error
	if p.id, err = p.cfg.DID(); err != nil {
		return nil, err
	}
	if p.keys, err = OpenKeys(context.WithoutCancel(ctx), p.cfg.Keys, p.deps.Now, p.deps.Random); err != nil {
		return nil, err
	}
	p.closers = append(p.closers, p.keys.Close)
	if err := p.open(ctx); err != nil {
		return nil, err
	}
	role, err := p.role(ctx)
	if err != nil {
		return nil, err
	}
	return p.server(role)
}

// open opens the store and what lives in it.
func (p *issuerParts) open(ctx context.Context) (err error) {
	if p.store, err = bolt.Open(bolt.Config{Path: p.cfg.Store, Now: p.deps.Now}); err != nil {
		return reason.Wrap(reason.Of(err), "the store "+p.cfg.Store+" cannot be opened; is another issuer running on it?", err)
	}
	p.closers = append(p.closers, p.store.Close)
	if p.log, err = audit.Open(ctx, p.auditConfig()); err != nil {
		return err
	}
	p.closers = append([]func() error{p.log.Close}, p.closers...)
	if p.fetch, err = p.cfg.Outbound.Client(p.deps); err != nil {
		return err
	}
	p.closers = append(p.closers, func() error { p.fetch.Close(); return nil })
	p.trust, err = p.cfg.Registry.client(ctx, p.fetch, p.store, p.deps)
	return err
}

func (p *issuerParts) auditConfig() audit.Config {
	return audit.Config{Store: p.store, Now: p.deps.Now, Rand: p.deps.Random, Prefix: AuditPrefix}
}

// role returns the issuer itself.
func (p *issuerParts) role(ctx context.Context) (*issuer.Issuer, error) {
	tags, err := audit.OpenTagger(ctx, p.auditConfig())
	if err != nil {
		return nil, err
	}
	resolve, err := issuerResolver(p.id, p.document, p.deps.Now)
	if err != nil {
		return nil, err
	}
	assured, err := p.assurance()
	if err != nil {
		return nil, err
	}
	names := orUsual(p.cfg.Formats)
	formats, err := p.formats(names, resolve, assured)
	if err != nil {
		return nil, err
	}
	profiles, err := p.cfg.profiles(names)
	if err != nil {
		return nil, err
	}
	lists, err := p.lists()
	if err != nil {
		return nil, err
	}
	pages, err := page.New(page.Config{Name: p.cfg.Name, Origin: p.cfg.Origin})
	if err != nil {
		return nil, reason.Wrap(reason.CLIConfig, "name or origin: "+err.Error(), err)
	}
	people, err := p.signIn()
	if err != nil {
		return nil, err
	}
	providers, err := p.providers()
	if err != nil {
		return nil, err
	}
	made, err := issuer.New(issuer.Config{
		ID: p.id, Name: p.cfg.Name, Origin: p.cfg.Origin, Signer: p.signer, Document: p.document,
		Store: p.store, Audit: p.log, Tags: tags, Allocator: lists.allocator, Book: lists.book, Publisher: lists.publisher,
		Framework: p.trust.Current, Formats: formats, Resolver: resolve, Profiles: profiles,
		Now: p.deps.Now, Random: p.deps.Random, Logger: p.deps.Logger, Pages: pages,
		SignIn: people, Wallets: p.cfg.knownWallets(), Providers: providers, Profile: issuer.Conformance(p.cfg.Profile),
		KeyAttestations: p.cfg.attestations(), BatchSize: p.cfg.BatchSize, Display: p.cfg.texts(),
		Certificates: assured.certificates, Issuers: assured.pinned,
	})
	if err != nil {
		return nil, reason.Wrap(reason.CLIConfig, err.Error(), err)
	}
	return made, nil
}

func (p *issuerParts) signer() (did.Signer, error) { return p.keys.Signer(p.id) }

func (p *issuerParts) document() ([]byte, error) { return p.keys.Document(p.id, did.AssertionMethod) }

// issuerLists are the three parts of status.
type issuerLists struct {
	allocator *publisher.Allocator
	book      *publisher.Book
	publisher *publisher.Publisher
}

func (p *issuerParts) lists() (out issuerLists, err error) {
	s := p.cfg.Status
	if out.book, err = publisher.NewBook(p.store); err != nil {
		return out, err
	}
	if out.allocator, err = publisher.NewAllocator(publisher.AllocatorConfig{Store: p.store, Rand: p.deps.Random, Epoch: s.Epoch, Capacity: s.Capacity}); err != nil {
		return out, reason.Wrap(reason.CLIConfig, "status.epoch or status.capacity: "+err.Error(), err)
	}
	suite, err := listSuite(p.cfg.Keys)
	if err != nil {
		return out, err
	}
	out.publisher, err = publisher.New(publisher.Config{
		Book: out.book, Store: p.store, Signer: p.signer, Base: p.cfg.Origin + "/status", TTL: s.TTL, Now: p.deps.Now, Suite: suite,
	})
	if err != nil {
		return out, reason.Wrap(reason.CLIConfig, "status.ttl or origin: "+err.Error(), err)
	}
	return out, nil
}
