// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/url"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// CertificateRequest returns a request (RFC 2986, PEM) for a certificate of the key that signs now, which
// names the issuer by its DID and its host. Keys for another algorithm than ES256 are cli.config.
func (c IssuerConfig) CertificateRequest(ctx context.Context, deps Deps) (string, error) {
	id, err := c.DID()
	if err != nil {
		return "", err
	}
	if alg, err := c.Keys.Signs(); err != nil || alg != key.ES256 {
		return "", reason.Wrap(reason.CLIConfig, "certificates are for keys of ES256: see keys.algorithm", err)
	}
	keys, err := OpenKeys(ctx, c.Keys, deps.Now, deps.Random)
	if err != nil {
		return "", err
	}
	by, err := keys.Signer(id)
	if err != nil {
		return "", err
	}
	named, err := url.Parse(id.String())
	if err != nil {
		return "", reason.Wrap(reason.CLIConfig, "origin makes no name for a certificate", err)
	}
	host, err := url.Parse(c.Origin)
	if err != nil {
		return "", reason.Wrap(reason.CLIConfig, "origin makes no name for a certificate", err)
	}
	signer, err := newMessageSigner(ctx, by)
	if err != nil {
		return "", err
	}
	der, err := x509.CreateCertificateRequest(deps.Random, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: c.Name}, URIs: []*url.URL{named}, DNSNames: []string{host.Hostname()}, SignatureAlgorithm: x509.ECDSAWithSHA256,
	}, signer)
	if err != nil {
		return "", reason.Wrap(reason.CLIConfig, "name or origin cannot stand in a certificate", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), nil
}

// messageSigner signs for package x509 with a key that signs messages alone, never digests.
type messageSigner struct {
	ctx context.Context
	by  key.Signer
	pub *ecdsa.PublicKey
}

func newMessageSigner(ctx context.Context, by key.Signer) (*messageSigner, error) {
	j := by.Public().JWK()
	x, errX := base64.RawURLEncoding.DecodeString(j.X)
	y, errY := base64.RawURLEncoding.DecodeString(j.Y)
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err := errors.Join(errX, errY, err); err != nil {
		return nil, reason.Wrap(reason.CLIConfig, "the key that signs is not on P-256", err)
	}
	return &messageSigner{ctx, by, pub}, nil
}

// Public implements crypto.Signer.
func (m *messageSigner) Public() crypto.PublicKey { return m.pub }

// Sign implements crypto.Signer, and refuses: what is signed here is never a digest.
func (m *messageSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("this key signs messages alone")
}

// SignMessage implements crypto.MessageSigner.
func (m *messageSigner) SignMessage(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts == nil || opts.HashFunc() != crypto.SHA256 {
		return nil, errors.New("this key signs with SHA-256")
	}
	raw, err := m.by.Sign(m.ctx, message)
	if err != nil {
		return nil, err
	}
	half := len(raw) / 2
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:half]), new(big.Int).SetBytes(raw[half:])})
}
