// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/wallet"
)

// maker is the provider of a wallet, certified by an authority, and the key that it vouches for. It is a
// wallet.Attester, as a program that embeds the wallet has one.
type maker struct {
	provider attest.Provider
	key      *key.Private
	asked    int
}

// makerName is what the certificate of the provider names.
const makerName = "https://provider.example.org"

// newMaker returns a provider and the PEM file of its authority.
func newMaker(t *testing.T) (*maker, string) {
	t.Helper()
	authority, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	leaf, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	name, err := url.Parse(makerName)
	check(t, err)
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, authority.Public(), authority)
	check(t, err)
	parsed, err := x509.ParseCertificate(rootDER)
	check(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "provider"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, URIs: []*url.URL{name},
	}, parsed, leaf.Public(), authority)
	check(t, err)
	public, err := key.New(leaf.Public())
	check(t, err)
	scalar, err := leaf.Bytes()
	check(t, err)
	j := public.JWK()
	j.D = base64.RawURLEncoding.EncodeToString(scalar)
	signer, err := j.Private(rand.Reader)
	check(t, err)
	instance, err := key.Generate(key.ES256, rand.Reader)
	check(t, err)
	path := filepath.Join(t.TempDir(), "providers.pem")
	check(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}), 0o600))
	return &maker{provider: attest.Provider{By: did.Signer{Signer: signer}, Certificates: [][]byte{der}, Issuer: makerName}, key: instance}, path
}

// ClientID implements wallet.Attester.
func (m *maker) ClientID() string { return "https://wallet.example.org" }

// Attest implements wallet.Attester.
func (m *maker) Attest(ctx context.Context, server, challenge string) (attestation, proof string, err error) {
	m.asked++
	attestation, err = m.provider.SignClient(ctx, m.ClientID(), m.key.Public(), time.Now(), time.Now().Add(time.Hour))
	if err != nil {
		return "", "", err
	}
	proof, err = attest.PoP{ClientID: m.ClientID(), Audience: server, Challenge: challenge, At: time.Now()}.Sign(ctx, m.key, rand.Reader)
	return attestation, proof, err
}

// TestAttestedWallet has the real issuer take a wallet for which its provider vouches, and renew for it.
func TestAttestedWallet(t *testing.T) {
	m, anchors := newMaker(t)
	g := gatherWith(t, func(c *world.Config) {
		c.Issuer = func(i *wire.IssuerConfig) { i.WalletProviders.Anchors = anchors }
	}, m)
	_, got := g.receive(0, "")
	if m.asked == 0 {
		t.Fatal("nobody asked for the attestation")
	}
	before := m.asked
	fresh, err := g.tom.Renew(t.Context(), got.Entries[0].ID, wallet.Collector{})
	check(t, err)
	if m.asked == before || len(fresh.Entries) != 1 {
		t.Errorf("attested %d times, %+v", m.asked, fresh)
	}
	g.good(fresh.Entries)
}
