// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/credential/issuerkeys"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// authority is who signs certificates in these tests.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// certificate makes one of pub under by, or a self-signed one where by is nil.
func certificate(t testing.TB, pub any, by *authority, self *ecdsa.PrivateKey, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	draft := &x509.Certificate{
		SerialNumber: big.NewInt(mustSerial(t)), Subject: pkix.Name{CommonName: "Proxy Service"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if change != nil {
		change(draft)
	}
	parent, signer := draft, self
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, draft, parent, pub, signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mustSerial(t testing.TB) int64 {
	t.Helper()
	n, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	if err != nil {
		t.Fatal(err)
	}
	return n.Int64() + 1
}

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// newAuthority makes one under by, or a root.
func newAuthority(t testing.TB, by *authority, change func(*x509.Certificate)) *authority {
	t.Helper()
	k := ecKey(t)
	c := certificate(t, &k.PublicKey, by, k, func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage, c.Subject.CommonName = true, x509.KeyUsageCertSign, fmt.Sprint("Authority ", c.SerialNumber)
		if change != nil {
			change(c)
		}
	})
	return &authority{k, c}
}

func x5c(chain ...*x509.Certificate) []string {
	var out []string
	for _, c := range chain {
		out = append(out, base64.StdEncoding.EncodeToString(c.Raw))
	}
	return out
}

// leafFor names issuer in a URI.
func leafFor(issuer string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		u, err := url.Parse(issuer)
		if err != nil {
			panic(err) // a name in this file
		}
		c.URIs = []*url.URL{u}
	}
}

// signerOf signs as k under some method of id.
func signerOf(t testing.TB, k *ecdsa.PrivateKey, id did.URL) did.Signer {
	t.Helper()
	d, err := k.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	pub, err := key.New(&k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	j := pub.JWK()
	j.D = base64.RawURLEncoding.EncodeToString(d)
	p, err := j.Private(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return did.Signer{Signer: p, Method: id}
}

// pin makes a framework that pins issuer as keys says, and reads metadata with get.
func pin(t testing.TB, issuer string, keys trustframework.IssuerKeys, get issuerkeys.Getter) *issuerkeys.Pinned {
	t.Helper()
	f := &trustframework.Framework{Parties: map[string]trustframework.Party{issuer: {Name: "Proxy", IssuerKeys: keys}}}
	i, err := issuerkeys.New(func() *trustframework.Framework { return f }, get)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// pages answers from memory and counts.
type pages struct {
	text  map[string]string
	err   map[string]error
	count int
}

func (p *pages) Get(_ context.Context, url string, want safehttp.Want) (safehttp.Response, error) {
	p.count++
	if want.MaxBytes != issuerkeys.MaxMetadata || len(want.MediaTypes) == 0 {
		return safehttp.Response{}, errors.New("a fetch without bounds")
	}
	if err := p.err[url]; err != nil {
		return safehttp.Response{}, err
	}
	text, ok := p.text[url]
	if !ok {
		return safehttp.Response{}, &safehttp.StatusError{Status: 404}
	}
	return safehttp.Response{Status: 200, Body: []byte(text)}, nil
}

// certified is the base case with an issuer that is pinned to certificates: leaf under one
// intermediate authority under the anchor, all of them good.
type certified struct {
	*forge
	anchor, middle *authority
	leaf           *ecdsa.PrivateKey
	issuer         string
}

func newCertified(t testing.TB) *certified {
	g := newForge(t)
	c := &certified{forge: g, anchor: newAuthority(t, nil, nil), leaf: ecKey(t), issuer: g.claims["iss"].(string)}
	c.middle = newAuthority(t, c.anchor, nil)
	c.shows(certificate(t, &c.leaf.PublicKey, c.middle, nil, leafFor(c.issuer)), c.middle.cert)
	g.w.Issuer = signerOf(t, c.leaf, g.w.Issuer.Method)
	g.w.Keys.Issuers = pin(t, c.issuer, trustframework.IssuerKeys{Method: trustframework.ByX5C, Anchors: x5c(c.anchor.cert)}, &pages{})
	delete(g.header, "kid")
	return c
}

func (c *certified) shows(chain ...*x509.Certificate) { c.header["x5c"] = x5c(chain...) }

// TestX5C has JOS-09 and every rule of a path.
func TestX5C(t *testing.T) {
	base := newCertified(t)
	base.mustPass()
	base.header["kid"] = "any-name" // informative beside x5c
	base.mustPass()
	base.mustPass() // remembered, and checked all the same
	leaf := func(c *certified, by *authority, change func(*x509.Certificate)) *x509.Certificate {
		return certificate(c.t, &c.leaf.PublicKey, by, c.leaf, func(d *x509.Certificate) { leafFor(c.issuer)(d); change(d) })
	}
	same := func(*x509.Certificate) {}
	past := func(d *x509.Certificate) { d.NotAfter = d.NotBefore.Add(time.Minute) }
	for name, row := range map[string]struct {
		want   reason.Code
		change func(c *certified)
	}{
		"JOS-09 self-signed look-alike": {reason.X509UntrustedRoot, func(c *certified) { c.shows(leaf(c, nil, same)) }},
		"authority nobody lists":        {reason.X509UntrustedRoot, func(c *certified) { c.shows(leaf(c, newAuthority(c.t, nil, nil), same)) }},
		"middle left out":               {reason.X509UntrustedRoot, func(c *certified) { c.shows(leaf(c, c.middle, same)) }},
		"anchor in x5c": {reason.X509ChainInvalid, func(c *certified) {
			c.shows(leaf(c, c.middle, same), c.middle.cert, c.anchor.cert)
		}},
		"order":          {reason.X509ChainInvalid, func(c *certified) { c.shows(c.middle.cert, leaf(c, c.middle, same)) }},
		"one too many":   {reason.X509ChainInvalid, func(c *certified) { c.shows(leaf(c, c.middle, same), c.middle.cert, newAuthority(c.t, nil, nil).cert) }},
		"expired":        {reason.X509ChainInvalid, func(c *certified) { c.shows(leaf(c, c.middle, past), c.middle.cert) }},
		"expired middle": {reason.X509ChainInvalid, func(c *certified) { m := newAuthority(c.t, c.anchor, past); c.shows(leaf(c, m, same), m.cert) }},
		"middle is no authority": {reason.X509ChainInvalid, func(c *certified) {
			m := newAuthority(c.t, c.anchor, func(d *x509.Certificate) { d.IsCA = false })
			c.shows(leaf(c, m, same), m.cert)
		}},
		"path too long": {reason.X509ChainInvalid, func(c *certified) {
			first := newAuthority(c.t, c.anchor, func(d *x509.Certificate) { d.MaxPathLenZero = true })
			second := newAuthority(c.t, first, nil)
			c.shows(leaf(c, second, same), second.cert, first.cert)
		}},
		"leaf is an authority": {reason.X509ChainInvalid, func(c *certified) {
			c.shows(leaf(c, c.middle, func(d *x509.Certificate) { d.IsCA = true }), c.middle.cert)
		}},
		"leaf signs nothing": {reason.X509ChainInvalid, func(c *certified) {
			c.shows(leaf(c, c.middle, func(d *x509.Certificate) { d.KeyUsage = x509.KeyUsageKeyEncipherment }), c.middle.cert)
		}},
		"name of another": {reason.X509ChainInvalid, func(c *certified) {
			c.shows(leaf(c, c.middle, leafFor("did:web:attacker.example.org")), c.middle.cert)
		}},
		"name in the subject alone": {reason.X509ChainInvalid, func(c *certified) {
			c.shows(leaf(c, c.middle, func(d *x509.Certificate) { d.URIs, d.Subject.CommonName = nil, c.issuer }), c.middle.cert)
		}},
		"RSA": {reason.X509ChainInvalid, func(c *certified) {
			k, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				c.t.Fatal(err)
			}
			c.shows(certificate(c.t, &k.PublicKey, c.middle, nil, leafFor(c.issuer)), c.middle.cert)
		}},
		"seven":             {reason.X509ChainInvalid, func(c *certified) { c.header["x5c"] = []string{"AA==", "AA==", "AA==", "AA==", "AA==", "AA==", "AA=="} }},
		"none":              {reason.X509ChainInvalid, func(c *certified) { c.header["x5c"] = []string{} }},
		"a text":            {reason.X509ChainInvalid, func(c *certified) { c.header["x5c"] = "MIIB" }},
		"base64url":         {reason.X509ChainInvalid, func(c *certified) { c.header["x5c"] = []string{strings.TrimRight(x5c(c.middle.cert)[0], "=") + "_-"} }},
		"kid and no x5c":    {reason.X509ChainInvalid, func(c *certified) { delete(c.header, "x5c"); c.header["kid"] = c.w.Issuer.Method.String() }},
		"jwk beside":        {reason.JOSEHeaderKeyForbidden, func(c *certified) { c.header["jwk"] = c.w.Issuer.Public().JWK() }},
		"x5u beside":        {reason.JOSEHeaderKeyForbidden, func(c *certified) { c.header["x5u"] = "https://proxy.example.org/c" }},
		"signed by another": {reason.CredentialSignatureInvalid, func(c *certified) { c.w.Issuer = signerOf(c.t, ecKey(c.t), c.w.Issuer.Method) }},
		"not pinned":        {reason.JOSEHeaderKeyForbidden, func(c *certified) { c.w.Keys.Issuers = nil }},
		"pinned to its DID": {reason.JOSEHeaderKeyForbidden, func(c *certified) {
			c.w.Keys.Issuers = pin(c.t, c.issuer, trustframework.IssuerKeys{}, &pages{})
		}},
		"pinned to another anchor": {reason.X509UntrustedRoot, func(c *certified) {
			c.w.Keys.Issuers = pin(c.t, c.issuer, trustframework.IssuerKeys{Method: trustframework.ByX5C, Anchors: x5c(newAuthority(c.t, nil, nil).cert)}, &pages{})
		}},
		"anchor gone after it was remembered": {reason.X509UntrustedRoot, func(c *certified) {
			c.mustPass()
			c.w.Keys.Issuers = pin(c.t, c.issuer, trustframework.IssuerKeys{Method: trustframework.ByX5C, Anchors: x5c(newAuthority(c.t, nil, nil).cert)}, &pages{})
		}},
		"method unknown": {reason.InternalIndeterminate, func(c *certified) {
			c.w.Keys.Issuers = pin(c.t, c.issuer, trustframework.IssuerKeys{Method: "guess"}, &pages{})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCertified(t)
			row.change(c)
			refused(t, c.open(), row.want)
		})
	}
}

const (
	httpsIssuer = "https://issuer.test/tenant"
	metadataAt  = "https://issuer.test/.well-known/jwt-vc-issuer/tenant"
)

// published is an SD-JWT VC of an https issuer whose keys are in its metadata.
func published(t testing.TB, kid string, by key.Signer) []byte {
	t.Helper()
	header := `{"alg":"` + string(by.Public().Algorithm()) + `","typ":"dc+sd-jwt"`
	if kid != "" {
		header += `,"kid":"` + kid + `"`
	}
	return []byte(fixture.JWS(t, header+"}", `{"iss":"`+httpsIssuer+`","vct":"https://example.org/any"}`, by) + "~")
}

func keySet(t testing.TB, g *forge, list ...key.Signer) string {
	t.Helper()
	var keys []object
	for i, k := range list {
		j := k.Public().JWK()
		keys = append(keys, object{"kty": j.Kty, "crv": j.Crv, "x": j.X, "y": j.Y, "kid": fmt.Sprint("k", i+1)})
	}
	return g.marshal(object{"keys": keys})
}

// TestIssuerMetadata has SDJ-22, and what a document of metadata may say.
func TestIssuerMetadata(t *testing.T) {
	g := newForge(t)
	by, other := fixture.NewKey(t, key.ES256), fixture.NewKey(t, key.ES256)
	set := keySet(t, g, by, other)
	good := `{"issuer":"` + httpsIssuer + `","jwks":` + set + `}`
	remote := `{"issuer":"` + httpsIssuer + `","jwks_uri":"https://issuer.test/keys"}`
	redirected := map[string]error{metadataAt: reason.New(reason.FetchRedirect, "")}
	for name, row := range map[string]struct {
		doc   string
		err   map[string]error
		kid   string
		by    key.Signer
		want  reason.Code
		fetch int
	}{
		"base":                      {doc: good, kid: "k1", by: by, fetch: 1},
		"second key":                {doc: good, kid: "k2", by: other, fetch: 1},
		"jwks_uri":                  {doc: remote, kid: "k1", by: by, fetch: 2},
		"SDJ-22 issuer is another":  {doc: strings.Replace(good, "/tenant", "/other", 1), kid: "k1", by: by, want: reason.IssuerMetadataInvalid, fetch: 1},
		"SDJ-22 issuer is absent":   {doc: `{"jwks":` + set + `}`, kid: "k1", by: by, want: reason.IssuerMetadataInvalid, fetch: 1},
		"SDJ-22 jwks and jwks_uri":  {doc: strings.TrimSuffix(good, "}") + `,"jwks_uri":"https://issuer.test/keys"}`, kid: "k1", by: by, want: reason.IssuerMetadataInvalid, fetch: 1},
		"SDJ-22 neither":            {doc: `{"issuer":"` + httpsIssuer + `"}`, kid: "k1", by: by, want: reason.IssuerMetadataInvalid, fetch: 1},
		"SDJ-22 jwks_uri elsewhere": {doc: strings.Replace(remote, "issuer.test/keys", "attacker.test/keys", 1), kid: "k1", by: by, want: reason.IssuerMetadataInvalid, fetch: 1},
		"SDJ-22 host begins alike":  {doc: strings.Replace(remote, "issuer.test/keys", "issuer.test.attacker.test/keys", 1), kid: "k1", by: by, want: reason.IssuerMetadataInvalid, fetch: 1},
		"SDJ-22 user before a host": {doc: strings.Replace(remote, "issuer.test/keys", "issuer.test@attacker.test/keys", 1), kid: "k1", by: by, want: reason.IssuerMetadataInvalid, fetch: 1},
		"SDJ-22 redirect":           {doc: good, err: redirected, kid: "k1", by: by, want: reason.IssuerMetadataInvalid, fetch: 1},
		"SDJ-22 redirect of keys":   {doc: remote, err: map[string]error{"https://issuer.test/keys": reason.New(reason.FetchRedirect, "")}, kid: "k1", by: by, want: reason.IssuerMetadataInvalid, fetch: 2},
		"not there":                 {doc: "", kid: "k1", by: by, err: map[string]error{metadataAt: &safehttp.StatusError{Status: 404}}, want: reason.IssuerMetadataInvalid, fetch: 1},
		"a private address":         {doc: good, err: map[string]error{metadataAt: reason.New(reason.FetchBlocked, "")}, kid: "k1", by: by, want: reason.FetchBlocked, fetch: 1},
		"twice jwks":                {doc: strings.Replace(good, `"jwks":`, `"jwks":{},"jwks":`, 1), kid: "k1", by: by, want: reason.IssuerMetadataInvalid, fetch: 1},
		"a private key":             {doc: strings.Replace(good, `"kty":`, `"d":"AAAA","kty":`, 1), kid: "k1", by: by, want: reason.IssuerMetadataInvalid, fetch: 1},
		"kid unknown":               {doc: good, kid: "k3", by: by, want: reason.JOSEKidInvalid, fetch: 1},
		"kid of another key":        {doc: good, kid: "k2", by: by, want: reason.CredentialSignatureInvalid, fetch: 1},
		"signed by a stranger":      {doc: good, kid: "k1", by: fixture.NewKey(t, key.ES256), want: reason.CredentialSignatureInvalid, fetch: 1},
		"no kid, several keys":      {doc: good, by: by, want: reason.JOSEKidInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			p := &pages{text: map[string]string{metadataAt: row.doc, "https://issuer.test/keys": set}, err: row.err}
			keys := g.w.Keys
			keys.Issuers = pin(t, httpsIssuer, trustframework.IssuerKeys{Method: trustframework.ByMetadata}, p)
			for range 2 { // the second time from what is kept, bad or good
				_, err := Process(t.Context(), published(t, row.kid, row.by), Expect{Type: Name, Keys: keys})
				refused(t, err, row.want)
			}
			if p.count != row.fetch {
				t.Errorf("%d fetches", p.count)
			}
		})
	}
}

// TestMetadataAge fetches again when what is kept is old, and forgets a key that went.
func TestMetadataAge(t *testing.T) {
	g := newForge(t)
	old, fresh := fixture.NewKey(t, key.ES256), fixture.NewKey(t, key.ES256)
	p := &pages{text: map[string]string{metadataAt: `{"issuer":"` + httpsIssuer + `","jwks":` + keySet(t, g, old) + `}`}}
	keys := g.w.Keys
	keys.Issuers = pin(t, httpsIssuer, trustframework.IssuerKeys{Method: trustframework.ByMetadata}, p)
	at := func(after time.Duration, by key.Signer, want reason.Code, fetched int) {
		t.Helper()
		keys := keys
		keys.At = keys.At.Add(after)
		_, err := Process(t.Context(), published(t, "k1", by), Expect{Type: Name, Keys: keys})
		refused(t, err, want)
		if p.count != fetched {
			t.Errorf("%d fetches after %s", p.count, after)
		}
	}
	at(0, old, "", 1)
	p.text[metadataAt] = `{"issuer":"` + httpsIssuer + `","jwks":` + keySet(t, g, fresh) + `}`
	at(issuerkeys.MetadataMaxAge-time.Second, old, "", 1)
	at(issuerkeys.MetadataMaxAge, old, reason.CredentialSignatureInvalid, 2)
	at(issuerkeys.MetadataMaxAge, fresh, "", 2)
	p.err = map[string]error{metadataAt: safehttp.ErrUnreachable}
	at(2*issuerkeys.MetadataMaxAge, fresh, reason.IssuerMetadataInvalid, 3)
	p.err = nil
	at(2*issuerkeys.MetadataMaxAge+issuerkeys.MetadataRetry-time.Second, fresh, reason.IssuerMetadataInvalid, 3)
	at(2*issuerkeys.MetadataMaxAge+issuerkeys.MetadataRetry, fresh, "", 4)
	at(0, fresh, "", 5) // a clock that was set back trusts nothing from the future
}

// TestDelegationOfAnHTTPSIssuer ends in the closed schema: the issuer of a delegation is a DID
// (delegation.md §2.1).
func TestDelegationOfAnHTTPSIssuer(t *testing.T) {
	g := newForge(t)
	g.claims["iss"], g.header["kid"] = httpsIssuer, "k1"
	p := &pages{text: map[string]string{metadataAt: `{"issuer":"` + httpsIssuer + `","jwks":` + keySet(t, g, g.w.Issuer) + `}`}}
	g.w.Keys.Issuers = pin(t, httpsIssuer, trustframework.IssuerKeys{Method: trustframework.ByMetadata}, p)
	refused(t, g.open(), reason.CredentialSchemaInvalid)
	g.w.Issuer = g.w.Attacker
	refused(t, g.open(), reason.CredentialSignatureInvalid)
	p.text[metadataAt] = `{}`
	g.w.Keys.Issuers = pin(t, httpsIssuer, trustframework.IssuerKeys{Method: trustframework.ByMetadata}, p)
	refused(t, g.open(), reason.IssuerMetadataInvalid) // SDJ-22 before anything else of the link
}
