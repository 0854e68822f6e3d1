// SPDX-License-Identifier: Apache-2.0

// Package vcapi is a test server in the style of the W3C VC-API, for interoperability testing only:
// anybody who reaches it may have anything signed, and what it says of a credential binds nobody.
//
// It keeps the rules of the product all the same: a document is held to the data model before it is
// signed and when it is verified, nothing is fetched, and a failure is never an answer 200.
package vcapi

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didjwk"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/did/resolution"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/sealed"
)

// profile lets inline contexts pass: the documents of test suites define their terms so.
const profile = jsonld.Open

// Config is what an API is made of. All of it is required.
type Config struct {
	// Dir is the folder for keys, certificate and status lists, as sealed.MakeDir makes it.
	Dir string
	// Origin is the https address by which clients reach the server, without a final slash. Status
	// lists are named by it.
	Origin string
	// Resolver finds the documents of issuers and holders, and what is answered about DIDs. It must
	// know did:key.
	Resolver Resolver
	// Now tells the time.
	Now func() time.Time
	// Random feeds keys, salts and status indexes.
	Random io.Reader
}

// Resolver is both ways to find a DID document. A did.Mux is one.
type Resolver interface {
	did.Resolver
	did.Describer
}

func (c Config) check() error {
	u, err := url.Parse(c.Origin)
	switch {
	case c.Dir == "":
		return errors.New("vcapi: Dir must be given")
	case err != nil || u.Scheme != "https" || u.Host == "" || strings.TrimSuffix(c.Origin, "/") != c.Origin:
		return errors.New("vcapi: Origin must be an https address without a final slash")
	case c.Resolver == nil:
		return errors.New("vcapi: Resolver must be given")
	case c.Now == nil:
		return errors.New("vcapi: Now must be given")
	case c.Random == nil:
		return errors.New("vcapi: Random must be given")
	}
	return nil
}

// API issues, derives and verifies. It is safe for concurrent use.
type API struct {
	cfg     Config
	issuers map[string]issuer
	suites  dataintegrity.Suites
	unlock  func() error
	about   *resolution.Handler

	mu   sync.Mutex // guards book
	book book
}

// Open makes the API of cfg, whose folder it locks until Close. Keys and status lists are read from
// the folder, or made and kept there.
func Open(ctx context.Context, cfg Config) (*API, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	unlock, err := sealed.Lock(ctx, cfg.Dir)
	if err != nil {
		return nil, err
	}
	a := &API{cfg: cfg, unlock: unlock}
	if err := a.open(); err != nil {
		return nil, errors.Join(err, unlock())
	}
	return a, nil
}

func (a *API) open() (err error) {
	ring, err := keys(a.cfg.Dir, a.cfg.Random)
	if err != nil {
		return err
	}
	if a.issuers, err = issuers(ring, a.cfg.Random); err != nil {
		return err
	}
	if a.suites, err = suites(); err != nil {
		return err
	}
	a.about, err = resolution.New(resolution.Config{
		Resolver: a.cfg.Resolver, Now: a.cfg.Now, Computed: []string{didkey.Method, didjwk.Method},
	})
	if err != nil {
		return err
	}
	a.book, err = readBook(a.cfg.Dir)
	return err
}

// Close gives the folder free.
func (a *API) Close() error { return a.unlock() }

// DIDs returns the did:key of each issuer by its name.
func (a *API) DIDs() map[string]string {
	out := make(map[string]string, len(a.issuers))
	for name, i := range a.issuers {
		out[name] = i.id()
	}
	return out
}

// keys finds keys as they are now.
func (a *API) keys() credential.Keys {
	return credential.Keys{Resolver: a.cfg.Resolver, At: a.cfg.Now()}
}

// rules are those of the surface: both versions, the schema of the product beside the contexts, and a
// schema or resource that is not embedded cannot be had here, which is reported and no failure.
func rules() vcdm.Rules {
	return vcdm.Rules{
		Profile: profile, Oldest: vcdm.V1, Absent: vcdm.Report,
		Resources: map[string][]byte{credential.SchemaID: credential.Schema()},
	}
}
