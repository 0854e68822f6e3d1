// SPDX-License-Identifier: Apache-2.0

// Package issuer grants, signs, publishes and takes back delegation credentials.
//
// Issue, and Deferred for what waits for an operator, are the only ways to a signature, in four
// steps: prepare (pure), reserve (a status index), record (what will be signed is durable) and seal.
package issuer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/internal/page"
	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/trustframework"
)

// Bounds of an issuer.
const (
	OfferLife   = 10 * time.Minute    // of a pre-authorized code
	SignInLife  = 30 * 24 * time.Hour // of an offer to who signs in; good for nobody else
	TokenLife   = 300 * time.Second   // of an access token
	NonceLife   = 300 * time.Second   // of a c_nonce
	MaxTxTries  = 5                   // wrong transaction codes before an offer is dead
	TxCodeSize  = 6                   // digits of a transaction code
	MaxCopies   = publisher.MaxFlips  // credentials of one delegation that hold at once: what one change of state flips
	MaxGiven    = 4096                // credentials that are issued for one delegation in its life
	MaxPage     = 200                 // delegations in one page of a list
	MaxNote     = 500                 // bytes of a note on a change of state
	MaxReason   = 64                  // bytes of its reason
	MaxHosted   = 64                  // person-issued links hosted for one credential
	MaxOnward   = 4096                // of them, at all depths, that are read for one delegation
	MaxName     = 128                 // bytes of Config.Name
	maxAttempts = 16                  // commits tried while others win; more than MaxTxTries, so that a code is never starved
)

// AuditLog is where issuances and revocations are recorded; *audit.Log is the one there is.
type AuditLog interface {
	Append(ctx context.Context, e audit.Event, with ...store.Change) (audit.Receipt, error)
}

// Config is what an Issuer is made of. Every member is required but those that say otherwise.
type Config struct {
	ID        did.DID                          // the issuer's DID
	Name      string                           // for people
	Origin    string                           // credential issuer identifier: https origin without a path; never taken from a request
	Signer    func() (did.Signer, error)       // the key that signs now; asked at each use, so that keys can rotate
	Document  func() ([]byte, error)           // the issuer's DID document, with the keys that verify
	Store     store.Store                      // delegations, codes, tokens, indices; durable
	Audit     AuditLog                         // durable before a signature exists
	Tags      *audit.Tagger                    // pseudonyms for the audit log
	Allocator *publisher.Allocator             // status indices
	Book      *publisher.Book                  // status states
	Publisher *publisher.Publisher             // signed lists
	Framework func() *trustframework.Framework // the verified snapshot in use
	Formats   credential.Formats               // that may be issued, in order of preference
	Resolver  did.Resolver                     // DIDs of holders, and of this issuer for the self-check
	Profiles  map[string]Profile               // by name
	Now       func() time.Time                 // the clock
	Random    io.Reader                        // codes, tokens, nonces, identifiers
	Logger    *slog.Logger                     // ids and codes, never a claim

	Profile   Conformance       // zero: plain OpenID4VCI 1.0
	SignIn    SignIn            // nil: nobody signs in, and there is no authorization code flow
	Pages     *page.Pages       // what people see in a browser
	Providers attest.Providers  // whose wallet attestations count; nil: they are not taken. Needed with HAIP
	Wallets   map[string]Wallet // wallets that are known by their client_id; nil: none
	BatchSize int               // key proofs that one credential request may hold, at most vci.MaxProofs; 0: DefaultBatch
	Display   map[string]Texts  // words for people by locale, such as "cy-GB"; English is there without

	// KeyAttestations demands that the keys of credentials be attested; nil: they need not be.
	KeyAttestations *vci.RequiredAttestations
	// Certificates are those of the signing key, its own first, in DER and without the trust anchor: they
	// sign metadata, and Formats were made with them. None: the key is named by the DID.
	Certificates [][]byte
	// Issuers finds the key of this issuer for the self-check, where the framework pins it to another
	// place than the DID document; nil: it does not.
	Issuers credential.IssuerKeys
}

// Issuer grants and signs for one organisation. It is safe for concurrent use. Only New makes one.
type Issuer struct {
	cfg        Config
	nonceKey   [nonceKeySize]byte // under which nonces are made; not kept over a restart
	requestKey *jwe.Private       // that requests are encrypted to; not kept over a restart
}

// New checks cfg and returns its issuer. A part that is missing is an error.
func New(cfg Config) (*Issuer, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	if cfg.BatchSize == 0 {
		cfg.BatchSize = DefaultBatch
	}
	i := &Issuer{cfg: cfg}
	if err := i.random(i.nonceKey[:]); err != nil {
		return nil, err
	}
	return i, i.newRequestKey()
}

func (c Config) check() error {
	switch {
	case c.ID.IsZero():
		return errors.New("config: ID is missing")
	case c.Name == "" || len(c.Name) > MaxName:
		return errors.New("config: Name is missing or too long")
	case vci.CheckIssuer(c.Origin) != nil:
		return errors.New("config: Origin is not an https address")
	case c.Signer == nil || c.Document == nil:
		return errors.New("config: Signer or Document is missing")
	case c.Store == nil || c.Audit == nil || c.Tags == nil:
		return errors.New("config: Store, Audit or Tags is missing")
	case c.Allocator == nil || c.Book == nil || c.Publisher == nil:
		return errors.New("config: Allocator, Book or Publisher is missing")
	case c.Framework == nil || c.Resolver == nil || len(c.Formats) == 0:
		return errors.New("config: Framework, Resolver or Formats is missing")
	case c.Now == nil || c.Random == nil || c.Logger == nil:
		return errors.New("config: Now, Random or Logger is missing")
	case c.Pages == nil:
		return errors.New("config: Pages is missing")
	case c.BatchSize < 0 || c.BatchSize > vci.MaxProofs:
		return errors.New("config: BatchSize is negative or too large")
	case len(c.Profiles) == 0:
		return errors.New("config: Profiles is empty: nothing could be granted")
	}
	for name, p := range c.Profiles {
		if err := p.check(c.Formats); err != nil {
			return fmt.Errorf("profile %s: %w", name, err)
		}
	}
	return errors.Join(c.checkDisplay(), c.checkAssurance(), c.checkOAuth())
}

// Profile is what an operator lets be granted under one name. What a list leaves out is not granted.
type Profile struct {
	Formats       []string      // securing formats that may be asked for
	Relationships []string      // relationships that may be granted
	MaxValidity   time.Duration // longest validity, beside the framework's own limit; required
}

func (p Profile) check(formats credential.Formats) error {
	if len(p.Formats) == 0 || len(p.Relationships) == 0 || p.MaxValidity <= 0 {
		return errors.New("formats, relationships and a longest validity are needed")
	}
	for _, name := range p.Formats {
		if formats.Named(name) == nil {
			return fmt.Errorf("format %s is not known", name)
		}
	}
	return nil
}
