// SPDX-License-Identifier: Apache-2.0

// Package ldpvc secures delegation credentials with embedded proofs, ldp_vc (VC Data Integrity 1.0).
// A presentation is a VerifiablePresentation around one of them with a proof of the delegate.
package ldpvc

import (
	"context"
	"io"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/credential/internal/proof"
	"github.com/behalf-id/behalf/credential/internal/warm"
	"github.com/behalf-id/behalf/credential/internal/wire"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Config is what a Format needs.
type Config struct {
	Suite      string           // name of the cryptosuite of credentials, which is that of the format; due
	Now        func() time.Time // when a credential is sealed; due
	CacheBytes int              // remembered issuer signatures; 0: 64 MiB
	Random     io.Reader        // the secrets of base proofs of ecdsa-sd-2023; nil: that suite seals nothing
}

// Format is the securing mechanism ldp_vc with one cryptosuite. It implements credential.Format
// and credential.Presenter. Only New makes one.
type Format struct {
	suite   dataintegrity.Cryptosuite
	holders dataintegrity.Suites // of presentations
	now     func() time.Time
	cache   *warm.Cache[*issued]

	canonical bool           // the suites take JSON, which is made canonical before it is read
	selective *ecdsasd.Suite // nil but for ecdsa-sd-2023
}

// New returns the format under cfg. A suite that there is not is di.suite.
func New(cfg Config) (*Format, error) {
	if cfg.CacheBytes < 0 || cfg.Now == nil {
		return nil, reason.New(reason.InternalIndeterminate, "ldpvc: no clock, or the cache size is negative")
	}
	f := &Format{now: cfg.Now, cache: warm.New[*issued](cfg.CacheBytes)}
	eddsa, ecdsa := dataintegrity.EdDSARDFC, dataintegrity.ECDSARDFC
	if cfg.Suite == dataintegrity.EdDSAJCS || cfg.Suite == dataintegrity.ECDSAJCS {
		f.canonical, eddsa, ecdsa = true, dataintegrity.EdDSAJCS, dataintegrity.ECDSAJCS
	}
	for _, name := range []string{eddsa, ecdsa} {
		s, err := dataintegrity.Suite(name, jsonld.Closed)
		if err != nil {
			return nil, err
		}
		f.holders = append(f.holders, s)
	}
	if cfg.Suite == ecdsasd.Name {
		f.selective = ecdsasd.New(jsonld.Closed, cfg.Random)
		f.suite = f.selective
		return f, nil
	}
	var err error
	f.suite, err = dataintegrity.Suite(cfg.Suite, jsonld.Closed)
	return f, err
}

// Name implements credential.Format: it is the name of the cryptosuite.
func (f *Format) Name() string { return f.suite.Name() }

// Seal implements credential.Format. It refuses what every reader would (credential.Check), a
// status that is not the Bitstring pair for revocation and suspension, with RDF a name that is the label
// of a blank node or begins with a prefix of the contexts, and a key that is not one of the suite
// (di.suite). With ecdsa-sd-2023 what it returns has a base proof, which is for the holder
// alone: Open refuses it, and takes what Disclose and Whole make of it.
func (f *Format) Seal(ctx context.Context, c *credential.Credential, by did.Signer) ([]byte, error) {
	document, err := wire.WriteVC(c)
	if err == nil {
		err = f.named(c)
	}
	if err != nil {
		return nil, err
	}
	if err := proof.Signs(by, c.Issuer); err != nil {
		return nil, err
	}
	suite := f.suite
	if f.selective != nil {
		suite = f.selective.WithMandatory(limiting(c))
	}
	o := dataintegrity.Options{Created: f.now().Truncate(time.Second), Purpose: did.AssertionMethod}
	return f.sign(ctx, document, suite, o, by)
}

// sign returns document with a proof, and with JCS in canonical form, which those who check it then
// need not sort.
func (f *Format) sign(ctx context.Context, document []byte, s dataintegrity.Cryptosuite, o dataintegrity.Options, by did.Signer) ([]byte, error) {
	signed, err := dataintegrity.Sign(ctx, document, s, o, by)
	if err != nil || !f.canonical {
		return signed, err
	}
	return strictjson.AppendCanonical(make([]byte, 0, len(signed)), signed)
}

// Open implements credential.Format. What is read is what the proofs are made over; every proof
// must be by a key of the issuer under assertionMethod. Refusals of form and proof are those of
// dataintegrity.Suites.Verify; a credential that is wrapped is vc.structure.
func (f *Format) Open(ctx context.Context, raw []byte, keys credential.Keys) (credential.Opened, error) {
	if err := proof.Usable(keys); err != nil {
		return credential.Opened{}, err
	}
	m, err := f.message(raw)
	if err != nil {
		return credential.Opened{}, err
	}
	if err := m.verify(ctx, keys); err != nil {
		return credential.Opened{}, err
	}
	return m.opened()
}
