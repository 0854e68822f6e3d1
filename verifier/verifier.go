// SPDX-License-Identifier: Apache-2.0

// Package verifier is the credential gateway: a presentation in, a decision out.
//
// A service asks for one access; the gateway makes an OpenID4VP request for exactly what that
// access needs, checks what the wallet answers, gathers the world, lets delegation.Decide
// decide and has the decision in the audit log before anybody learns it.
//
// Where the service asks for a Flow, what is decided is told only with a code that the device that began has:
// from the redirect of its own browser, or copied by a person from the wallet.
package verifier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/page"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/trustframework"
)

// Bounds of a gateway.
const (
	SessionLife     = 300 * time.Second // from the request of a service to the answer of a wallet
	DecisionKept    = 600 * time.Second // how long a decision can be read after its session's end
	HandleLife      = 60 * time.Second  // how long a verified presentation can be asked about again, at most
	MaxHandles      = 4096              // verified presentations held at once
	DecideTimeout   = 8 * time.Second   // for all of one decision, what is fetched for it included (security.md §5.3)
	RecordTimeout   = 5 * time.Second   // for its record
	MaxRestrictions = 4096              // restrictions on one principal at one time
)

// Restrictions tells what a controller has put in force against delegations. It is asked after
// verification and immediately before release; what cannot be read is a denial.
type Restrictions interface {
	// InForce returns every restriction on principal at this moment.
	InForce(ctx context.Context, principal string) ([]delegation.Restriction, error)
}

// AuditLog is where decisions are recorded before they are released; *audit.Log is the one there is.
type AuditLog interface {
	Append(ctx context.Context, e audit.Event, with ...store.Change) (audit.Receipt, error)
}

// Config is what a Gateway is made of. Every member is required but Name, Protocol and Redirects: nothing here turns a
// check off.
type Config struct {
	ID           did.DID                          // the gateway's own DID; its client identifier is made of it
	Name         string                           // shown to people beside what the framework says
	Origin       string                           // https origin that wallets reach, without a path; never taken from a request
	Signer       func() (did.Signer, error)       // signs request objects; asked at each use, so that keys can rotate
	Document     func() ([]byte, error)           // the gateway's DID document, with the keys that verify
	Store        store.Store                      // sessions, decisions, use counters
	Audit        AuditLog                         // made durable before release
	Tags         *audit.Tagger                    // pseudonyms for the audit log
	Framework    func() *trustframework.Framework // the verified snapshot in use
	Status       status.Source                    // verified status lists
	Restrictions Restrictions                     // of the controllers this gateway speaks for
	Formats      credential.Formats               // in order of preference
	Resolver     did.Resolver                     // DIDs of issuers and holders
	Issuers      credential.IssuerKeys            // keys of issuers that the framework pins to another method than their DID
	Now          func() time.Time                 // the clock
	Random       io.Reader                        // nonces, codes and identifiers
	Pages        *page.Pages                      // what people see in a browser
	Attestation  func() string                    // what the registry attests of this gateway, to go with its requests; "" while there is none
	Protocol     Protocol                         // how wallets are asked
	Redirects    []string                         // where browsers may be sent afterwards, octet by octet; none: no same-device flow
	Logger       *slog.Logger                     // ids and codes, never a claim
}

// Gateway answers who may act for whom. It is safe for concurrent use. Only New makes one.
type Gateway struct {
	cfg      Config
	clientID string
	handles  *handles
	lexicon  atomic.Pointer[lexicon]
}

// New checks cfg and returns its gateway. A part that is missing is an error.
func New(cfg Config) (*Gateway, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("verifier: %w", err)
	}
	clientID, err := cfg.Protocol.check(cfg)
	if err != nil {
		return nil, fmt.Errorf("verifier: %w", err)
	}
	cfg.Resolver = answering{cfg.Resolver}
	return &Gateway{cfg: cfg, clientID: clientID, handles: newHandles(MaxHandles)}, nil
}

// answering takes no answer at all for a failure.
type answering struct{ did.Resolver }

// Resolve implements did.Resolver.
func (a answering) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	doc, err := a.Resolver.Resolve(ctx, id)
	if doc == nil && err == nil {
		return nil, reason.New(reason.InternalIndeterminate, "a resolver found nothing and did not say why")
	}
	return doc, err
}

// framework returns the snapshot in use, never nil.
func (g *Gateway) framework() *trustframework.Framework {
	if f := g.cfg.Framework(); f != nil {
		return f
	}
	return trustframework.Unavailable()
}

// ClientID returns the client identifier that wallets bind their proofs to, "" for a gateway that goes by the
// address of each answer.
func (g *Gateway) ClientID() string { return g.clientID }

func (c Config) check() error {
	u, err := url.Parse(c.Origin)
	switch {
	case c.ID.IsZero():
		return errors.New("config: ID is missing")
	case err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || strings.ContainsAny(c.Origin, "?#@"):
		return errors.New("config: Origin is not an https origin without a path")
	case c.Signer == nil || c.Document == nil:
		return errors.New("config: Signer or Document is missing")
	case c.Store == nil || c.Audit == nil || c.Tags == nil:
		return errors.New("config: Store, Audit or Tags is missing")
	case c.Framework == nil || c.Status == nil || c.Restrictions == nil:
		return errors.New("config: Framework, Status or Restrictions is missing")
	case len(c.Formats) == 0 || c.Resolver == nil || c.Issuers == nil:
		return errors.New("config: Formats, Resolver or Issuers is missing")
	case c.Now == nil || c.Random == nil || c.Logger == nil || c.Pages == nil || c.Attestation == nil:
		return errors.New("config: Now, Random, Logger, Pages or Attestation is missing")
	case !checkRedirects(c.Redirects):
		return errors.New("config: Redirects are not https addresses without a fragment")
	}
	for _, f := range c.Formats {
		if _, ok := f.(credential.Presenter); !ok || vp.FormatID(f.Name()) == "" {
			return fmt.Errorf("format %s cannot be presented", f.Name())
		}
	}
	return nil
}
