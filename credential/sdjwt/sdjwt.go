// SPDX-License-Identifier: Apache-2.0

// Package sdjwt secures delegation credentials as SD-JWT VC, dc+sd-jwt (RFC 9901, SD-JWT VC).
package sdjwt

import (
	"context"
	"io"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/reason"
)

// Name is the format identifier and the typ of the issuer-signed JWT.
const Name = "dc+sd-jwt"

// Config is what a Format needs. Every field but CacheBytes is mandatory.
type Config struct {
	Random     io.Reader        // salts and decoys; crypto/rand.Reader
	Now        func() time.Time // for iat of what is sealed
	Holders    did.Resolver     // finds the key of a delegate when a credential is sealed for it
	CacheBytes int              // remembered issuer signatures; 0: 64 MiB
}

// Format is the securing mechanism dc+sd-jwt. It implements credential.Format and
// credential.Presenter. Only New makes one.
type Format struct {
	cfg Config
}

// New returns the format under cfg.
func New(cfg Config) (*Format, error) {
	if cfg.Random == nil || cfg.Now == nil || cfg.Holders == nil || cfg.CacheBytes < 0 {
		return nil, reason.New(reason.InternalIndeterminate, "sdjwt: a part of the configuration is missing")
	}
	return &Format{cfg}, nil
}

// Name implements credential.Format.
func (f *Format) Name() string { return Name }

// Seal implements credential.Format.
func (f *Format) Seal(ctx context.Context, c *credential.Credential, by did.Signer) ([]byte, error) {
	return nil, credential.Lint(c)
}

// Recognises implements credential.Format: an SD-JWT holds a tilde.
func (f *Format) Recognises(raw []byte) bool { return false }

// Open implements credential.Format.
func (f *Format) Open(ctx context.Context, raw []byte, keys credential.Keys) (credential.Opened, error) {
	return credential.Opened{}, reason.New(reason.CredentialSignatureInvalid, "")
}

// Disclose implements credential.Presenter.
func (f *Format) Disclose(s credential.Selection) ([]byte, error) {
	return nil, reason.New(reason.CredentialSignatureInvalid, "")
}

// Present implements credential.Presenter.
func (f *Format) Present(ctx context.Context, s credential.Selection, b credential.Binding, by did.Signer) ([]byte, error) {
	return nil, reason.New(reason.CredentialSignatureInvalid, "")
}

// OpenPresentation implements credential.Presenter.
func (f *Format) OpenPresentation(ctx context.Context, raw []byte, want credential.Binding, keys credential.Keys) (credential.Opened, did.DID, error) {
	return credential.Opened{}, did.DID{}, reason.New(reason.CredentialSignatureInvalid, "")
}

// Claims returns the claims of raw as JSON after its disclosures are applied, without "_sd",
// "_sd_alg" and "...". It checks the form and the disclosures and no signature: it is for
// matching a query against what a wallet holds, never for a decision.
func Claims(raw []byte) ([]byte, error) {
	return nil, reason.New(reason.CredentialSignatureInvalid, "")
}
