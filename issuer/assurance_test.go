// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/issuerkeys"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// authority certifies keys for one day around the world's clock.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t testing.TB, at time.Time) *authority {
	t.Helper()
	k := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	draft := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority of a test"}, NotBefore: at.Add(-time.Hour), NotAfter: at.AddDate(0, 0, 1),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, draft, draft, &k.PublicKey, k))
	return &authority{k, must[*x509.Certificate](t)(x509.ParseCertificate(der))}
}

// certifies returns a certificate of pub that names the issuer of these tests.
func (a *authority) certifies(t testing.TB, pub any) []byte {
	t.Helper()
	return must[[]byte](t)(x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Larkhill Road Surgery"}, NotBefore: a.cert.NotBefore, NotAfter: a.cert.NotAfter,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, URIs: []*url.URL{must[*url.URL](t)(url.Parse(testID))},
	}, a.cert, pub, a.key))
}

// ecdsaOf returns k for package x509.
func ecdsaOf(t testing.TB, k key.Public) *ecdsa.PublicKey {
	t.Helper()
	raw := slices.Concat([]byte{4}, decoded(t, k.JWK().X), decoded(t, k.JWK().Y))
	return must[*ecdsa.PublicKey](t)(ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw))
}

// nothing fetches nothing.
type nothing struct{}

func (nothing) Get(context.Context, string, safehttp.Want) (safehttp.Response, error) {
	return safehttp.Response{}, reason.New(reason.StorageUnavailable, "nothing is fetched here")
}

// newHAIPWorld is an issuer under HAIP, whose framework pins its key to an authority.
func newHAIPWorld(t testing.TB) *world {
	t.Helper()
	a := newAttesting(t, nil)
	w := a.world
	root := newAuthority(t, w.clock.Now())
	w.cfg.Profile, w.cfg.SignIn = HAIP, provider{}
	w.cfg.Certificates = [][]byte{root.certifies(t, ecdsaOf(t, w.signer.Public()))}
	f := must[*sdjwt.Format](t)(sdjwt.New(sdjwt.Config{Random: rand.Reader, Now: w.clock.Now, Holders: w.resolver, Certificates: w.cfg.Certificates}))
	w.cfg.Formats = credential.Formats{f}
	w.cfg.Profiles = map[string]Profile{"default": {Formats: []string{sdjwt.Name}, Relationships: []string{"adult-to-adult"}, MaxValidity: 400 * 24 * time.Hour}}
	p := w.framework.Parties[testID]
	p.IssuerKeys = trustframework.IssuerKeys{Method: trustframework.ByX5C, Anchors: []string{base64.StdEncoding.EncodeToString(root.cert.Raw)}}
	w.framework.Parties[testID] = p
	w.cfg.Issuers = must[*issuerkeys.Pinned](t)(issuerkeys.New(w.cfg.Framework, nothing{}))
	w.Issuer = must[*Issuer](t)(New(w.cfg))
	return w
}

// TestHAIPCredential: what is issued is ES256 by the leaf of x5c, bound to the holder's JWK, with its
// times in the clear (HAIP 1.0 §6.1), and the self-check takes nothing else.
func TestHAIPCredential(t *testing.T) {
	w := newHAIPWorld(t)
	o := w.grant(edit())
	d := must[*Delegation](t)(w.Delegation(t.Context(), o.ID))
	tom := newHolder(t)
	issue := func() (*vci.CredentialResponse, error) {
		return w.deliver(t.Context(), order{delegation: d, identifier: credentialIdentifier(d.ID, ConfigurationSDJWT), format: w.cfg.Formats[0]}, []string{tom.Method.DID().String()}, changes{})
	}
	raw := must[*vci.CredentialResponse](t)(issue()).Credentials[0].Credential
	keys := credential.Keys{Resolver: w.resolver, At: w.clock.Now(), Issuers: w.cfg.Issuers}
	must[credential.Verified](t)(credential.Open(t.Context(), w.cfg.Formats[0], []byte(raw), keys))
	claims := payloadOf(t, raw)
	cnf, _ := claims["cnf"].(map[string]any)
	if jwk, _ := cnf["jwk"].(map[string]any); jwk["x"] != tom.Public().JWK().X || claims["iat"] == nil || claims["exp"] == nil || claims["iss"] != testID {
		t.Errorf("%v", claims)
	}
	m := w.Metadata()
	if c := m.Configurations[ConfigurationSDJWT]; len(m.Configurations) != 1 || c.Scope == "" || !slices.Equal(c.SigningAlgorithms, []string{"ES256"}) || m.NonceEndpoint == "" {
		t.Errorf("%+v", m)
	}
	w.signer.Signer = newHolder(t) // a key that the certificates are not for
	d = must[*Delegation](t)(w.Delegation(t.Context(), o.ID))
	_, err := issue()
	wants(t, err, reason.IssueSelfCheck)
}

func TestAssuranceRefusals(t *testing.T) {
	w := newHAIPWorld(t)
	root := newAuthority(t, w.clock.Now())
	p384 := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	other := newWorld(t)
	for name, change := range map[string]func(c *Config){
		"profile": func(c *Config) { c.Profile = "other" }, "no sign-in": func(c *Config) { c.SignIn = nil }, "no providers": func(c *Config) { c.Providers = nil },
		"no certificates": func(c *Config) { c.Certificates = nil }, "no certificate": func(c *Config) { c.Certificates = [][]byte{{1}} },
		"anchor":        func(c *Config) { c.Certificates = append(slices.Clone(c.Certificates), root.cert.Raw) },
		"another curve": func(c *Config) { c.Certificates = [][]byte{root.certifies(t, &p384.PublicKey)} },
		"formats":       func(c *Config) { c.Formats, c.Profiles = other.cfg.Formats, other.cfg.Profiles },
		"keys":          func(c *Config) { c.Profile, c.Providers, c.KeyAttestations = "", nil, &vci.RequiredAttestations{} },
	} {
		cfg := w.cfg
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
