// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// TestIssuerCertificates: an issuer with certificates names its key by them, checks itself by what the
// framework pins, and is not ready once another key signs.
func TestIssuerCertificates(t *testing.T) {
	now := time.Now()
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority of a test"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(2, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	anchor := certificateOf(t, ca, ca, &root.PublicKey, root)
	s := newIssuerSite(t, func(f *trustframework.Framework) {
		p := f.Parties["did:web:issuer.example.com"]
		p.IssuerKeys = trustframework.IssuerKeys{Method: trustframework.ByX5C, Anchors: []string{base64.StdEncoding.EncodeToString(anchor.Raw)}}
		f.Parties["did:web:issuer.example.com"] = p
	})
	leaf := certificateOf(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Larkhill Road Surgery"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, URIs: []*url.URL{{Scheme: "did", Opaque: "web:issuer.example.com"}},
	}, ca, publicKey(t, s.signing()), root)
	s.cfg.Certificates, s.cfg.Formats = filepath.Join(s.dir, "certificates.pem"), []string{"dc+sd-jwt"}
	s.check(os.WriteFile(s.cfg.Certificates, []byte(pemOf(leaf)), 0o600))
	running := s.start()
	raw := running.issue()
	head, _, _ := strings.Cut(raw, ".")
	text, err := jose64(head)
	if err != nil || !strings.Contains(string(text), `"x5c":["`+base64.StdEncoding.EncodeToString(leaf.Raw)+`"]`) {
		t.Errorf("%s", text)
	}
	if status, signed := running.signedMetadata(); status != 200 || strings.Count(signed, ".") != 2 {
		t.Errorf("signed metadata: %d %s", status, signed)
	}
	_, at := s.rotate()
	s.clock.Advance(at.Sub(s.clock.Now()))
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 400 {
		if status, _ := running.get("/readyz"); status == 503 {
			return
		}
		<-tick.C
	}
	t.Error("ready with certificates of another key than the one that signs")
}

func (s *started) signedMetadata() (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), "GET", s.base+"/.well-known/openid-credential-issuer", nil)
	s.check(err)
	r.Header.Set("Accept", "application/jwt")
	res, err := s.client.Do(r)
	s.check(err)
	status, raw := s.read(res)
	return status, string(raw)
}

// TestCertificateRequest: the request is by the key that signs, and names the issuer as the framework
// will look for it.
func TestCertificateRequest(t *testing.T) {
	s := newIssuerSite(t)
	deps := Deps{Now: s.clock.Now, Random: rand.Reader}
	text, err := s.cfg.CertificateRequest(t.Context(), deps)
	s.check(err)
	block, _ := pem.Decode([]byte(text))
	r, err := x509.ParseCertificateRequest(block.Bytes)
	s.check(err)
	s.check(r.CheckSignature())
	if !publicKey(t, s.signing()).Equal(r.PublicKey) || len(r.URIs) != 1 || r.URIs[0].String() != "did:web:issuer.example.com" || r.DNSNames[0] != "issuer.example.com" {
		t.Errorf("%+v", r)
	}
	s.cfg.Keys.Algorithm = "EdDSA"
	if _, err := s.cfg.CertificateRequest(t.Context(), deps); reason.Of(err) != reason.CLIConfig {
		t.Error(err)
	}
}

// signing returns the public half of the key that signs.
func (s *issuerSite) signing() key.Public {
	s.t.Helper()
	keys, err := OpenKeys(s.t.Context(), s.cfg.Keys, s.clock.Now, rand.Reader)
	s.check(err)
	id, err := s.cfg.DID()
	s.check(err)
	by, err := keys.Signer(id)
	s.check(err)
	return by.Public()
}

func publicKey(t *testing.T, k key.Public) *ecdsa.PublicKey {
	t.Helper()
	j := k.JWK()
	raw := []byte{4}
	for _, part := range []string{j.X, j.Y} {
		b, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		raw = append(raw, b...)
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
	if err != nil {
		t.Fatal(err)
	}
	return pub
}

func certificateOf(t *testing.T, draft, by *x509.Certificate, pub *ecdsa.PublicKey, signer *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, draft, by, pub, signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
