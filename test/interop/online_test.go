// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/test/interop/page"
	"github.com/behalf-id/behalf/trustframework"
)

// online is a world of ours, and a counterpart that reaches it and is reached by it: as a wallet, and as an
// issuer and a verifier that the world's framework lists.
type online struct {
	*counterpart
	*world.World
	tally *page.Tally

	origin, did string    // theirs
	key         key.JWK   // of theirs, private
	other       key.JWK   // of nobody, private
	leaf        authority // that certifies theirs
	provider    party     // of wallets, whom our issuer trusts
}

// kind is how the servers of a world are set.
type kind uint8

const (
	plain  kind = iota // as the sandbox has them
	strict             // the gateway asks by HAIP 1.0 §5; the issuer trusts a provider of wallets
)

// TestOpenID meets others in both roles of OpenID4VCI and OpenID4VP, over HTTPS, and holds
// docs/interop.md to what it tried.
func TestOpenID(t *testing.T) {
	var tally page.Tally
	o, h := newOnline(t, &tally, plain), newOnline(t, &tally, strict)
	tests := map[string]func(t *testing.T){
		"their wallet collects": o.collects, "their wallet signs in": o.signsIn, "our wallet collects": o.collected, "our wallet signs in": o.signedIn,
		"their wallet shows": o.shows(vpPlain), "our wallet shows": o.shown,
		"their wallet shows encrypted": h.shows(vpHash), "their wallet is attested": h.attested, "their wallet shows jwt_vc_json": o.showsJWT,
	}
	ran := 0
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t); ran++ })
	}
	text := tally.Table()
	fmt.Println(text)
	if ran == len(tests) {
		page.Hold(t, "OpenID4VC", text)
	}
}

// newOnline starts both, which end with the test.
func newOnline(t *testing.T, tally *page.Tally, as kind) *online {
	t.Helper()
	if os.Getenv(EnvRun) != "1" {
		t.Skip(EnvRun + " is not 1")
	}
	dir := filepath.Join(t.TempDir(), "world")
	check(t, os.Mkdir(dir, 0o700))
	ca := newAuthority(t)
	ca.write(t, world.CA(dir), filepath.Join(dir, "ca.key"))
	o := &online{counterpart: startScript(t, "online.mjs", "NODE_EXTRA_CA_CERTS="+world.CA(dir)), tally: tally, provider: newParty(t, key.ES256)}
	o.key, o.other, o.leaf = newParty(t, key.ES256).private, newParty(t, key.ES256).private, ca.leaf(t)
	var at struct{ Origin, DID string }
	o.must(t, "theirs.serve", request{"certificate": o.leaf.text("CERTIFICATE", o.leaf.cert.Raw), "privateKey": o.leaf.private(t), "key": o.key}, &at)
	o.origin, o.did = at.Origin, at.DID
	cfg := world.Config{Dir: dir, Now: time.Now, Logger: slog.New(slog.DiscardHandler), SignIn: true}
	cfg.Change = func(f *trustframework.Framework) { o.list(f, ca) }
	if as == strict {
		o.strict(t, &cfg, ca)
	}
	var err error
	o.World, err = world.Open(t.Context(), cfg)
	check(t, err)
	served := make(chan error, 1)
	go func() { served <- o.Serve(t.Context()) }()
	t.Cleanup(func() { check(t, <-served) })
	check(t, o.Ready(t.Context()))
	return o
}

// strict has the gateway ask with a certificate of its own, which the framework knows by its hash, and for
// encrypted answers; and the issuer take the attestations of a provider.
func (o *online) strict(t *testing.T, cfg *world.Config, ca authority) {
	t.Helper()
	leaf := ca.leaf(t)
	cert, private := filepath.Join(t.TempDir(), "gateway.pem"), filepath.Join(t.TempDir(), "gateway.key")
	leaf.write(t, cert, private)
	list := cfg.Change
	cfg.Change = func(f *trustframework.Framework) {
		f.Verifiers[0].Clients = []string{"x509_hash:" + hashOf(leaf.cert.Raw)}
		list(f)
	}
	cfg.Gateway = func(c *wire.GatewayConfig) {
		c.Profile, c.Formats = wire.ProfileHAIP, nil
		c.Client = wire.ClientSettings{Certificate: cert, Key: private}
	}
	cfg.Issuer = func(c *wire.IssuerConfig) { c.WalletProviders.DIDs = []string{o.provider.id()} }
}

// list adds theirs to the framework: an issuer accredited as ours is, and a verifier for one purpose.
func (o *online) list(f *trustframework.Framework, ca authority) {
	a := f.Accreditations[0]
	a.ID, a.Issuer = "acc-theirs", o.did
	f.Accreditations = append(f.Accreditations, a)
	f.Parties[o.did] = trustframework.Party{Name: "Their surgery", DIDHosts: []string{o.origin[len("https://"):]}, StatusHosts: []string{o.origin}}
	v := f.Verifiers[0]
	v.Clients = nil
	v.ID, v.Name = o.did, "Their service"
	v.Clients = []string{"x509_san_dns:localhost", "x509_hash:" + hashOf(o.leaf.cert.Raw)}
	v.Anchors = []string{base64.StdEncoding.EncodeToString(ca.cert.Raw)}
	f.Verifiers = append(f.Verifiers, v)
}

// authority is a certificate with its key.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	return certify(t, authority{}, &x509.Certificate{Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
}

// leaf is a certificate for localhost.
func (a authority) leaf(t *testing.T) authority {
	t.Helper()
	return certify(t, a, &x509.Certificate{
		Subject: pkix.Name{CommonName: "theirs"}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	})
}

// certify makes a key and its certificate by the authority, or by itself.
func certify(t *testing.T, by authority, draft *x509.Certificate) authority {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	if by.key == nil {
		by = authority{draft, k}
	}
	draft.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<60))
	check(t, err)
	draft.NotBefore, draft.NotAfter = now().Add(-time.Hour), now().Add(24*time.Hour)
	raw, err := x509.CreateCertificate(rand.Reader, draft, by.cert, k.Public(), by.key)
	check(t, err)
	cert, err := x509.ParseCertificate(raw)
	check(t, err)
	return authority{cert, k}
}

func (authority) text(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func (a authority) base64() string { return base64.StdEncoding.EncodeToString(a.cert.Raw) }

// jwk is the private key as the other side is told it.
func (a authority) jwk(t *testing.T) map[string]string {
	t.Helper()
	point, err := a.key.PublicKey.Bytes()
	check(t, err)
	d, err := a.key.Bytes()
	check(t, err)
	text := base64.RawURLEncoding.EncodeToString
	return map[string]string{"kty": "EC", "crv": "P-256", "x": text(point[1:33]), "y": text(point[33:]), "d": text(d)}
}

func (a authority) private(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(a.key)
	check(t, err)
	return a.text("EC PRIVATE KEY", der)
}

func (a authority) write(t *testing.T, cert, private string) {
	t.Helper()
	check(t, os.WriteFile(cert, []byte(a.text("CERTIFICATE", a.cert.Raw)), 0o600))
	check(t, os.WriteFile(private, []byte(a.private(t)), 0o600))
}

func hashOf(der []byte) string {
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// decide approves or declines what waits at our issuer for an operator.
func (o *online) decide(t *testing.T, id, how string) error {
	t.Helper()
	client, err := o.Client()
	check(t, err)
	defer client.Close()
	_, err = client.Post(t.Context(), o.Issuer+"/admin/v1/delegations/"+id+"/"+how, "application/json", []byte(`{"reason":"checked"}`), safehttp.Want{
		MediaTypes: []string{"application/json"}, MaxBytes: 1 << 20, Statuses: []int{200},
		Header: map[string][]string{"Authorization": {"Bearer " + o.IssuerToken}, "Idempotency-Key": {rand.Text()}},
	})
	return err
}
