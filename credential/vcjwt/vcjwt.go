// SPDX-License-Identifier: Apache-2.0

// Package vcjwt secures delegation credentials as JWT, vc+jwt (VC-JOSE-COSE 1.0 §3.1.1).
package vcjwt

import (
	"context"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/reason"
)

// Name is the format identifier and the typ of the credential.
const Name = "vc+jwt"

// Config is what a Format needs.
type Config struct {
	CacheBytes int // remembered issuer signatures; 0: 64 MiB
}

// Format is the securing mechanism vc+jwt. It implements credential.Format and
// credential.Presenter. Only New makes one.
type Format struct {
	cfg Config
}

// New returns the format under cfg.
func New(cfg Config) (*Format, error) {
	if cfg.CacheBytes < 0 {
		return nil, reason.New(reason.InternalIndeterminate, "vcjwt: the cache size is negative")
	}
	return &Format{cfg}, nil
}

// Name implements credential.Format.
func (f *Format) Name() string { return Name }

// Seal implements credential.Format.
func (f *Format) Seal(ctx context.Context, c *credential.Credential, by did.Signer) ([]byte, error) {
	return nil, credential.Lint(c)
}

// Recognises implements credential.Format: a JWT has two dots and no tilde.
func (f *Format) Recognises(raw []byte) bool { return false }

// Open implements credential.Format.
func (f *Format) Open(ctx context.Context, raw []byte, keys credential.Keys) (credential.Opened, error) {
	return credential.Opened{}, reason.New(reason.CredentialSignatureInvalid, "")
}

// Disclose implements credential.Presenter. The format hides nothing.
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
