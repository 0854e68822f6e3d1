// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// clientFiles writes a certificate for the gateway over k, vouched for by an authority, and k itself.
func clientFiles(t testing.TB, k crypto.Signer) (s ClientSettings, anchor *x509.Certificate, leaf []byte) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	authority, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, SubjectKeyId: []byte{1},
	}
	raw, err := x509.CreateCertificate(rand.Reader, root, root, authority.Public(), authority)
	must(err)
	anchor, err = x509.ParseCertificate(raw)
	must(err)
	leaf, err = x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Gateway"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		DNSNames: []string{"gateway.example.org"}, KeyUsage: x509.KeyUsageDigitalSignature,
	}, anchor, k.Public(), authority)
	must(err)
	private, err := x509.MarshalPKCS8PrivateKey(k)
	must(err)
	dir := t.TempDir()
	s.Certificate, s.Key = filepath.Join(dir, "client.pem"), filepath.Join(dir, "client.key")
	must(os.WriteFile(s.Certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}), 0o600))
	must(os.WriteFile(s.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	return s, anchor, leaf
}

func newClientKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestGatewayProtocol has what may be set of the protocol, and what not.
func TestGatewayProtocol(t *testing.T) {
	p256, _, _ := clientFiles(t, newClientKey(t, elliptic.P256()))
	p384, _, _ := clientFiles(t, newClientKey(t, elliptic.P384()))
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ed, _, _ := clientFiles(t, edwards)
	p224, _, _ := clientFiles(t, newClientKey(t, elliptic.P224()))
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsaFiles, _, _ := clientFiles(t, weak)
	open := p256
	open.Key = filepath.Join(t.TempDir(), "open.key")
	raw, err := os.ReadFile(p256.Key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(open.Key, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	other := p256
	other.Key = p384.Key
	as := func(prefix string, s ClientSettings) ClientSettings { s.Prefix = prefix; return s }
	for name, c := range map[string]struct {
		cfg  GatewayConfig
		want string // the prefix of the client; "" is a refusal
		enc  int
	}{
		"nothing":         {GatewayConfig{}, vp.PrefixDID, 0},
		"by DID":          {GatewayConfig{Client: ClientSettings{Prefix: "decentralized_identifier"}, Response: "direct_post"}, vp.PrefixDID, 0},
		"by name":         {GatewayConfig{Client: as("x509_san_dns", p256), Response: "direct_post.jwt"}, vp.PrefixX509DNS, 1},
		"ES384":           {GatewayConfig{Client: as("x509_hash", p384)}, vp.PrefixX509Hash, 0},
		"EdDSA":           {GatewayConfig{Client: as("x509_hash", ed)}, vp.PrefixX509Hash, 0},
		"unsigned":        {GatewayConfig{Client: ClientSettings{Prefix: "redirect_uri"}, Transaction: "access"}, vp.PrefixRedirectURI, 0},
		"haip":            {GatewayConfig{Profile: "haip", Client: p256}, vp.PrefixX509Hash, 2},
		"haip, said too":  {GatewayConfig{Profile: "haip", Client: as("x509_hash", p256), Response: "direct_post.jwt", Formats: []string{"dc+sd-jwt"}}, vp.PrefixX509Hash, 2},
		"haip by name":    {GatewayConfig{Profile: "haip", Client: as("x509_san_dns", p256)}, "", 0},
		"haip in clear":   {GatewayConfig{Profile: "haip", Client: p256, Response: "direct_post"}, "", 0},
		"haip and more":   {GatewayConfig{Profile: "haip", Client: p256, Formats: []string{"dc+sd-jwt", "vc+jwt"}}, "", 0},
		"haip with ES384": {GatewayConfig{Profile: "haip", Client: p384}, "", 0},
		"haip, no files":  {GatewayConfig{Profile: "haip"}, "", 0},
		"other profile":   {GatewayConfig{Profile: "HAIP"}, "", 0},
		"other prefix":    {GatewayConfig{Client: ClientSettings{Prefix: "openid_federation"}}, "", 0},
		"no prefix":       {GatewayConfig{Client: p256}, "", 0},
		"no key":          {GatewayConfig{Client: ClientSettings{Prefix: "x509_hash", Certificate: p256.Certificate}}, "", 0},
		"no certificate":  {GatewayConfig{Client: ClientSettings{Prefix: "x509_hash", Key: p256.Key}}, "", 0},
		"another's key":   {GatewayConfig{Client: as("x509_hash", other)}, "", 0},
		"an open key":     {GatewayConfig{Client: as("x509_hash", open)}, "", 0},
		"P-224":           {GatewayConfig{Client: as("x509_hash", p224)}, "", 0},
		"RSA":             {GatewayConfig{Client: as("x509_hash", rsaFiles)}, "", 0},
		"response":        {GatewayConfig{Response: "dc_api"}, "", 0},
		"transaction":     {GatewayConfig{Transaction: "payment"}, "", 0},
	} {
		cfg, err := c.cfg.profiled()
		if err == nil {
			p, failed := cfg.protocol(rand.Reader)
			if err = failed; err == nil && (p.Client.Prefix != c.want || len(p.Encryptions) != c.enc || (c.cfg.Transaction == "access") != (p.Transaction == vp.TransactionAccess)) {
				t.Errorf("%s: %+v", name, p)
			}
		}
		if (err == nil) != (c.want != "") || err != nil && reason.Of(err) != reason.CLIConfig {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestGatewayHAIP runs a gateway under the profile as an operator sets it: a wallet that knows nothing but the
// certificate's hash can open what it asks, and has a key to encrypt to.
func TestGatewayHAIP(t *testing.T) {
	files, _, leaf := clientFiles(t, newClientKey(t, elliptic.P256()))
	s := newGatewaySiteIn(t, func(f *trustframework.Framework) { f.Verifiers[0].Clients = []string{vp.ClientX509Hash(leaf)} })
	s.cfg.Profile, s.cfg.Client, s.cfg.Redirects = "haip", files, []string{"https://records.example.org/back"}
	base, stop := s.serve()
	defer stop()
	s.untilReady(base)
	asked, r := s.asks(base, leaf)
	for until := time.Now().Add(5 * time.Second); len(r.VerifierInfo) == 0 && time.Now().Before(until); {
		_, r = s.asks(base, leaf) // the registry attests a moment after its framework is there
	}
	if !r.Encrypted() || len(r.Metadata.Keys.Keys) != 1 || len(r.Metadata.Encryptions) != 2 || r.Metadata.Formats[vp.FormatVCJWT].Algorithms != nil {
		t.Errorf("%+v", r.Metadata)
	}
	if _, err := jwe.ReadRecipient(r.Metadata.Keys.Keys[0]); err != nil {
		t.Error(err)
	}
	if status, _ := s.call("GET", base+strings.TrimPrefix(asked, "https://gateway.example.org"), ""); status != http.StatusOK {
		t.Errorf("the page: %d", status)
	}
	if len(r.VerifierInfo) != 1 {
		t.Errorf("the registry's attestation is not there: %+v", r.VerifierInfo)
	}
}

// asks makes a same-device request of a gateway that wallets know by the hash of leaf, and reads it as they do.
func (s *gatewaySite) asks(base string, leaf []byte) (page string, r *vp.Request) {
	s.Helper()
	body := strings.TrimSuffix(gatewayAccess, "}") + `,"flow":"same_device","redirect_uri":"https://records.example.org/back"}`
	status, answer := s.call("POST", base+"/v1/requests", body)
	var asked struct {
		Link string `json:"deeplink"`
		Page string `json:"page"`
	}
	s.must(json.Unmarshal([]byte(answer), &asked))
	link, err := vp.ParseLink(asked.Link)
	if status != http.StatusCreated || err != nil || link.ClientID != vp.ClientX509Hash(leaf) || !strings.HasPrefix(asked.Page, "https://gateway.example.org/r/") {
		s.Fatalf("%d %s %v", status, answer, err)
	}
	_, object := s.call("GET", base+strings.TrimPrefix(link.RequestURI, "https://gateway.example.org"), "")
	r, err = vp.Trust{Keys: credential.Keys{Resolver: didkey.New(), At: time.Now()}}.Open(context.Background(), []byte(object), link.ClientID)
	if err != nil {
		s.Fatal(err)
	}
	return asked.Page, r
}
